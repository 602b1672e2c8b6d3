// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO
import TLSCertificates

// What the documents show. They are compared with this file, so that what they show compiles.

protocol Hosts: Sendable {
    func configuration(for name: String) async -> ServerConfiguration?
}

enum Snippets {
    static func server() async throws {
        let credential = try Credential(certificateFile: "server.pem", keyFile: "server.key")
        let configuration = try ServerConfiguration(credentials: [credential])
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bindTLS(host: "0.0.0.0", port: 8443, configuration)
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { tasks in
                for try await connection in connections {
                    tasks.addTask {
                        try? await connection.executeThenClose { input, output in
                            for try await data in input { try await output.write(data) }  // echo
                        }
                    }
                }
            }
        }
    }

    static func client() async throws {
        let configuration = try ClientConfiguration(trustAnchors: .system())
        let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTLS(host: "example.org", port: 443, configuration)
        try await connection.executeThenClose { input, output in
            try await output.write(ByteBuffer(string: "GET / HTTP/1.0\r\nHost: example.org\r\n\r\n"))
            for try await data in input { print(String(buffer: data), terminator: "") }
        }
    }

    static func handlers(_ channel: any Channel) throws {
        // SafeTLSNIO
        let credential = try Credential(certificateFile: "server.pem", keyFile: "server.key")
        let configuration = try ServerConfiguration(credentials: [credential])
        try channel.pipeline.syncOperations.addHandler(SafeTLSServerHandler(configuration: configuration))
    }

    static func choice(_ hosts: some Hosts) -> ServerHandlerOptions {
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .async { hello in
            guard let name = hello.serverName, let configuration = await hosts.configuration(for: name) else {
                throw HandshakeRefusal(.unrecognizedName, reason: "no such host")
            }
            return ServerChoice(configuration)
        }
        return options
    }

    static func reload() async throws -> SafeTLSServerHandler {
        let source = try ReloadingServerConfiguration(certificateFile: "server.pem", keyFile: "server.key")
        let handler = SafeTLSServerHandler(source: source)  // one for each connection, with what counts then
        await source.run(every: .hours(1)) { error in print("the certificate was not reloaded: \(error)") }
        return handler
    }
}
