// SPDX-License-Identifier: Apache-2.0

import Foundation
import Hummingbird
import HummingbirdCore
import InMemoryLogging
import Logging
import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO
import ServiceLifecycle

/// The certificates of `Vectors/certificates`, and configurations with them.
enum TestConfiguration {
    /// Within the validity of all test certificates.
    static let now: Int64 = 1_800_000_000

    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors/certificates").path

    static func server(
        _ name: String = "p256",
        _ change: (inout ServerOptions) -> Void = { _ in }
    ) throws -> SafeTLS.ServerConfiguration {
        var options = ServerOptions()
        options.clock = { now }
        change(&options)
        let credential = try Credential(
            certificateFile: "\(directory)/\(name).pem",
            keyFile: "\(directory)/\(name).key"
        )
        return try SafeTLS.ServerConfiguration(credentials: [credential], options: options)
    }

    static func client(
        _ protocols: [String],
        _ change: (inout ClientOptions) -> Void = { _ in }
    ) throws -> ClientConfiguration {
        var options = ClientOptions()
        change(&options)
        options.clock = { now }
        options.applicationProtocols = protocols
        return try ClientConfiguration(trustAnchors: TrustAnchors(pemFile: "\(directory)/ca.pem"), options: options)
    }
}

/// A Hummingbird application that runs while a test's body does.
struct TestServer {
    /// The bytes of what `/huge` answers: more than sockets hold.
    static let huge = 32 << 20

    let port: Int
    let logs: InMemoryLogHandler
    let services: ServiceGroup

    /// Runs a server and `body`, and then waits for the server's end, which the body may have brought about.
    static func run(
        _ server: HTTPServerBuilder,
        _ body: @escaping @Sendable (TestServer) async throws -> Void
    ) async throws {
        let logs = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in logs }
        logger.logLevel = .debug
        let router = Router()
        router.get("/") { _, _ in "Hello!" }
        router.post("/echo") { request, _ in Response(status: .ok, body: ResponseBody(asyncSequence: request.body)) }
        router.get("/huge") { _, _ in
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0, count: huge)))
        }
        let (ports, listening) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            server: server,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { listening.yield($0.localAddress?.port ?? 0) },
            logger: logger
        )
        let services = ServiceGroup(services: [application], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { listening.finish() }
                try await services.run()
            }
            for await port in ports {
                try await body(TestServer(port: port, logs: logs, services: services))
                break
            }
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Connects as a client that offers these protocols, and whose socket holds no more than so many bytes if that is said.
    func connect(_ protocols: [String], receiving limit: Int? = nil) async throws -> TLSConnection {
        var bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        if let limit { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: limit) }
        return try await bootstrap.connectTLS(
            host: "127.0.0.1",
            port: port,
            TestConfiguration.client(protocols),
            serverName: ServerName("server.example")
        )
    }

    /// Waits until the server has said something.
    func waitForLog(_ text: String) async throws {
        while !hasLogged(text) { try await Task.sleep(for: .milliseconds(1)) }
    }

    func hasLogged(_ text: String) -> Bool { logs.entries.contains { "\($0.message)".contains(text) } }
}

extension TLSConnection {
    /// Sends a text, and gives what comes until the server closes.
    ///
    /// - Parameter mayBeClosed: Whether a server that does not wait for the text is none of its errors.
    func exchange(_ text: String, mayBeClosed: Bool = false) async throws -> String {
        try await executeThenClose { input, output in
            do {
                try await output.write(ByteBuffer(string: text))
            } catch  where mayBeClosed {}
            var answer = ByteBuffer()
            for try await part in input { answer.writeImmutableBuffer(part) }
            return String(buffer: answer)
        }
    }
}
