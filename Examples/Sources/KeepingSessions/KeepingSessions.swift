// SPDX-License-Identifier: Apache-2.0
//
// KeepingSessions CERTIFICATE KEY AUTHORITIES: sessions as properties of a class, of an actor, behind a Mutex and in a generic
// class, each with a client in the same process. The other file shows how.

import SafeTLS

@main @MainActor
struct KeepingSessions {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 4, let name = ServerName("localhost") else {
            print("usage: KeepingSessions CERTIFICATE KEY AUTHORITIES")
            return
        }
        let credential = try Credential(certificateFile: arguments[1], keyFile: arguments[2])
        let server = try ServerConfiguration(credentials: [credential])
        let configuration = try ClientConfiguration(trustAnchors: TrustAnchors(pemFile: arguments[3]))
        func client() throws -> SessionInGenericClass<ClientSession> {
            SessionInGenericClass(try ClientSession(configuration: configuration, serverName: name))
        }

        let inClass = SessionInClass(server)
        try await say("class", to: client()) { bytes in
            let data = try inClass.receive(bytes)
            if !data.isEmpty { try inClass.send(data) }
            return inClass.takeOutput()
        }
        let inActor = SessionInActor(server)
        try await say("actor", to: client()) { bytes in
            let data = try await inActor.receive(bytes)
            if !data.isEmpty { try await inActor.send(data) }
            return await inActor.takeOutput()
        }
        let inMutex = SessionInMutex(server)
        try await say("Mutex", to: client()) { bytes in
            let data = try inMutex.receive(bytes)
            if !data.isEmpty { try inMutex.send(data) }
            return inMutex.takeOutput()
        }
        let inGenericClass = SessionInGenericClass(ServerSession(configuration: server))
        try await say("generic class", to: client()) { bytes in
            let data = try inGenericClass.receive(bytes)
            if !data.isEmpty { try inGenericClass.send(data) }
            return inGenericClass.takeOutput()
        }
    }

    /// Has an echo server, which is kept somewhere, return a word.
    static func say(
        _ word: String,
        to client: SessionInGenericClass<ClientSession>,
        _ echo: ([UInt8]) async throws -> [UInt8]
    ) async throws {
        while client.isHandshaking { _ = try client.receive(try await echo(client.takeOutput())) }
        try client.send(Array(word.utf8))
        let answer = try client.receive(try await echo(client.takeOutput()))
        print(String(decoding: answer, as: UTF8.self))
    }
}
