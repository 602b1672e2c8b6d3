// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import NIOTLS
import SafeTLS
import Synchronization
import TLSCertificates
import Testing

@testable import SafeTLSNIO

/// Connections over real sockets and event loops.
@Suite("Loopback")
struct LoopbackTests {
    let group = MultiThreadedEventLoopGroup.singleton

    /// Runs a server that sends back what it gets, and `body` with its port.
    func echoing(
        _ source: some ServerConfigurationSource,
        _ body: (Int) async throws -> Void
    ) async throws {
        let listener = try await ServerBootstrap(group: group)
            .bindTLS(host: "127.0.0.1", port: 0, source, options: .patient)
        let port = try #require(listener.channel.localAddress?.port)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                try await listener.executeThenClose { connections in
                    await withTaskGroup(of: Void.self) { handlers in
                        do {
                            for try await connection in connections {
                                handlers.addTask {
                                    try? await connection.executeThenClose { input, output in
                                        for try await data in input { try await output.write(data) }
                                    }
                                }
                            }
                        } catch {
                            // The listener was closed.
                        }
                    }
                }
            }
            try await body(port)
            try await listener.channel.close()
            tasks.cancelAll()
        }
    }

    @Test("A server and a client in a few lines", arguments: HandshakeTests.versions)
    func asyncChannels(version: ProtocolVersion) async throws {
        let configuration = try TestCredentials.client { $0.versions = version...version }
        try await echoing(try TestCredentials.server()) { port in
            let connection = try await ClientBootstrap(group: group).connectTLS(
                host: "127.0.0.1",
                port: port,
                configuration,
                options: .patient
            )
            let data = ByteBuffer(bytes: (0..<2_000_000).map { UInt8(truncatingIfNeeded: $0) })
            let echo = try await connection.executeThenClose { input, output in
                let info = try await connection.channel.tlsConnectionInfo().get()
                #expect(info.negotiated.version == version)
                async let sent: Void = {
                    try await output.write(data)
                    output.finish()
                }()
                var echo = ByteBuffer()
                for try await part in input { echo.writeImmutableBuffer(part) }
                try await sent
                return echo
            }
            let same = echo == data
            #expect(same)
        }
    }

    @Test("A server that is not trusted is an error where the connection is read")
    func untrusted() async throws {
        let options = try TestCredentials.client().options
        let stranger = try TestCredentials.credential("other").certificateChain
        let configuration = try ClientConfiguration(trustAnchors: TrustAnchors(stranger), options: options)
        try await echoing(try TestCredentials.server()) { port in
            let connection = try await ClientBootstrap(group: group).connectTLS(
                host: "127.0.0.1",
                port: port,
                configuration,
                options: .patient
            )
            await #expect(throws: TLSError.self) {
                try await connection.executeThenClose { input, _ in
                    for try await _ in input {}
                }
            }
        }
    }

    @Test("A bootstrap that takes any TLS takes this one")
    func provider() async throws {
        try await echoing(try TestCredentials.server()) { port in
            let name = try #require(ServerName("server.example"))
            let tls = SafeTLSClientProvider<ClientBootstrap>(
                configuration: try TestCredentials.client(),
                serverName: name,
                options: .patient
            )
            let echo = group.any().makePromise(of: String.self)
            let channel = try await NIOClientTCPBootstrap(ClientBootstrap(group: group), tls: tls)
                .enableTLS()
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(EchoReader(echo, count: 5))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            try await channel.writeAndFlush(ByteBuffer(string: "hello"))
            #expect(try await echo.futureResult.get() == "hello")
            try await channel.close()
        }
    }

    @Test("A thousand connections, or as many as CONNECTIONS says, none of which leaves anything behind")
    func manyConnections() async throws {
        let count = Int(ProcessInfo.processInfo.environment["CONNECTIONS"] ?? "") ?? 1_000
        let server = try TestCredentials.server()
        let client = try TestCredentials.client { $0.groups = [.x25519, .secp256r1] }
        let live = Ledger()
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let tls = SafeTLSServerHandler(configuration: server, options: .patient)
                    live.add(tls, channel)
                    try channel.pipeline.syncOperations.addHandlers([tls, Echo()])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        // A hundred at a time, so that no more sockets are open than a process may have.
        for start in stride(from: 0, to: count, by: 100) {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in start..<min(start + 100, count) {
                    tasks.addTask { [group] in
                        let echo = group.any().makePromise(of: String.self)
                        let channel = try await ClientBootstrap(group: group).connectTLS(
                            host: "127.0.0.1",
                            port: port,
                            client,
                            options: .patient
                        ) { channel in
                            try channel.pipeline.syncOperations.addHandler(EchoReader(echo, count: 4))
                            live.add(nil, channel)
                            return channel
                        }
                        let text = "\(1_000 + number % 9_000)"
                        try await channel.writeAndFlush(ByteBuffer(string: text))
                        #expect(try await echo.futureResult.get() == text)
                        // Some say goodbye, some are gone.
                        if number % 3 == 0 { channel.close(promise: nil) } else { try await channel.close() }
                        try await channel.closeFuture.get()
                    }
                }
                try await tasks.waitForAll()
            }
        }
        try await listener.close()
        // The last handlers go with the loops' next turns.
        var turns = 0
        while live.leftCount > 0, turns < 100_000 {
            turns += 1
            for loop in group.makeIterator() { try await loop.submit {}.get() }
        }
        #expect(live.leftCount == 0)
        #expect(live.count == 2 * count)
    }

    @Test("What was written before close() arrives, however much it is")
    func closeBehindData() async throws {
        let server = try TestCredentials.server()
        let size = 20_000_000
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        SafeTLSServerHandler(configuration: server, options: .patient), SendAndClose(size),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let connection = try await ClientBootstrap(group: group).connectTLS(
            host: "127.0.0.1",
            port: port,
            try TestCredentials.client(),
            options: .patient
        )
        let received = try await connection.executeThenClose { input, _ in
            var count = 0
            for try await part in input { count += part.readableBytes }
            return count
        }
        #expect(received == size)
        try await listener.close()
    }

    @Test("A configuration is read anew, and the next connection gets it")
    func reload() async throws {
        let which = Mutex("p256")
        let source = try ReloadingServerConfiguration {
            try TestCredentials.server(which.withLock { $0 })
        }
        let client = try TestCredentials.client()
        let first = try TestCredentials.credential("p256").certificateChain[0]
        let second = try TestCredentials.credential("p384").certificateChain[0]
        func certificate(_ port: Int) async throws -> Certificate? {
            let connection = try await ClientBootstrap(group: group)
                .connectTLS(host: "127.0.0.1", port: port, client, options: .patient)
            return try await connection.executeThenClose { _, _ in
                try await connection.channel.tlsConnectionInfo().get().peerCertificates.first
            }
        }
        try await echoing(source) { port in
            let now = try await certificate(port)
            #expect(now == first)
            which.withLock { $0 = "no such file" }
            #expect(throws: ConfigurationError.self) { try source.reload() }
            #expect(source.lastError != nil)
            let still = try await certificate(port)
            #expect(still == first)
            which.withLock { $0 = "p384" }
            let watch = Task { await source.run(every: .milliseconds(1)) }
            while source.lastError != nil { await Task.yield() }
            watch.cancel()
            await watch.value
            let last = try await certificate(port)
            #expect(last == second)
        }
    }

    @Test("Files are reloaded under the same ticket keys")
    func reloadFiles() throws {
        let source = try ReloadingServerConfiguration(
            certificateFile: "\(TestCredentials.directory)/p256.pem",
            keyFile: "\(TestCredentials.directory)/p256.key"
        )
        let first = source.current
        try source.reload()
        #expect(first !== source.current)
        #expect(first.options.ticketKeys === source.current.options.ticketKeys)
        #expect(first.options.ticketKeys != nil)
    }
}

/// What has to be gone in the end.
final class Ledger: Sendable {
    private struct Entry: @unchecked Sendable {
        weak var handler: SafeTLSServerHandler?
        weak var channel: (any Channel)?
    }

    private let entries = Mutex<[Entry]>([])

    func add(_ handler: SafeTLSServerHandler?, _ channel: any Channel) {
        let entry = Entry(handler: handler, channel: channel)
        entries.withLock { $0.append(entry) }
    }

    var count: Int { entries.withLock { $0.count } }

    var leftCount: Int { entries.withLock { $0.count { $0.handler != nil || $0.channel != nil } } }
}

final class Echo: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.writeAndFlush(data, promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Waits for so many bytes.
final class EchoReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>
    private let count: Int
    private var text = ""

    init(_ promise: EventLoopPromise<String>, count: Int) {
        self.promise = promise
        self.count = count
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        if text.utf8.count >= count { promise.succeed(text) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}

/// Sends data when the handshake is complete, and closes at once.
final class SendAndClose: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let size: Int

    init(_ size: Int) { self.size = size }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted = event as? TLSUserEvent else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 5, count: size)), promise: nil)
        context.close(promise: nil)
    }
}
