// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// Carries bytes between sessions in memory, as a driver would between sockets.
enum Loopback {
    /// Takes everything a session wants to send.
    static func output<Session: TLSSession & ~Copyable>(_ session: inout Session) -> [UInt8] {
        let bytes = copy(session.pendingOutput)
        session.discardOutput(bytes.count)
        return bytes
    }

    private static func copy(_ span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for index in span.indices { bytes.append(span[index]) }
        return bytes
    }

    /// Gives `input` to a session, `chunk` bytes at a time, and collects the application data.
    @discardableResult
    static func feed<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ input: [UInt8],
        chunk: Int = .max
    ) throws(TLSError) -> [UInt8] {
        var waiting: [UInt8] = []
        return try feed(&session, input, keeping: &waiting, chunk: chunk)
    }

    /// The same for input that may end within a record: `waiting` keeps what the session has not consumed.
    @discardableResult
    static func feed<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ input: [UInt8],
        keeping waiting: inout [UInt8],
        chunk: Int = .max
    ) throws(TLSError) -> [UInt8] {
        var plaintext: [UInt8] = []
        var next = 0
        while next < input.count || input.isEmpty {
            let end = chunk >= input.count - next ? input.count : next + chunk
            waiting.append(contentsOf: input[next..<end])
            next = end
            while true {
                var span = waiting.mutableSpan
                let received = try session.receive(&span)
                plaintext.append(contentsOf: waiting[received.plaintext])
                waiting.removeFirst(received.consumed)
                if received.consumed == 0 || waiting.isEmpty { break }
            }
            if input.isEmpty { break }
        }
        return plaintext
    }

    /// Carries bytes until neither side has more to say.
    static func run(
        _ client: inout ClientSession,
        _ server: inout ServerSession,
        chunk: Int = .max
    ) throws(TLSError) {
        var toServer: [UInt8] = []
        var toClient: [UInt8] = []
        for _ in 0..<16 {
            let fromClient = output(&client)
            let fromServer = output(&server)
            if fromClient.isEmpty && fromServer.isEmpty { return }
            if !fromClient.isEmpty { try feed(&server, fromClient, keeping: &toServer, chunk: chunk) }
            if !fromServer.isEmpty { try feed(&client, fromServer, keeping: &toClient, chunk: chunk) }
        }
    }

    /// Seals all of `plaintext`.
    static func seal<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ plaintext: [UInt8]
    ) throws(TLSError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: session.sealedByteCount(for: plaintext.count))
        var span = output.mutableSpan
        let sealed = try session.seal(plaintext.span, into: &span)
        output.removeLast(output.count - sealed.written)
        return output
    }
}

/// Options for a pair of sessions, reproducible from a seed.
struct Pair {
    var server = ServerOptions()
    var client = ClientOptions()
    var credentials = ["p256"]
    var serverName = "server.example"

    /// Without resumption, so that every connection is a full handshake and no record but the test's own is sent.
    init(seed: UInt64 = 1) {
        server.ticketCount = 0
        client.sessionCacheCapacity = 0
        server.random = SeededRandom(seed: seed)
        server.clock = { TestCredentials.now }
        client.random = SeededRandom(seed: seed &+ 1_000_000)
        client.clock = { TestCredentials.now }
    }

    /// Both sides offer this version only.
    mutating func restrict(to version: ProtocolVersion) {
        server.versions = version...version
        client.versions = version...version
    }

    func serverConfiguration() throws -> ServerConfiguration {
        try ServerConfiguration(credentials: credentials.map(TestCredentials.named), options: server)
    }

    func clientConfiguration() throws -> ClientConfiguration {
        try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: client)
    }

    func makeServer(deferring: DeferredRequests = []) throws -> ServerSession {
        ServerSession(configuration: try serverConfiguration(), deferring: deferring)
    }

    func makeClient(deferring: DeferredRequests = []) throws -> ClientSession {
        let configuration = try clientConfiguration()
        guard let name = ServerName(serverName) else { throw ConfigurationError(reason: "invalid name") }
        return try ClientSession(configuration: configuration, serverName: name, deferring: deferring)
    }
}
