// SPDX-License-Identifier: Apache-2.0

import CNIOBenchmark
import NIOCore
import NIOEmbedded
import NIOTLS

/// CPU time by side, in nanoseconds.
struct Cost {
    var server: UInt64 = 0
    var client: UInt64 = 0
}

/// Bytes that went one way at once.
struct Flight {
    var isFromClient: Bool
    var count: Int
}

/// What stands behind TLS in a program's pipeline.
private final class Application: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var isConnected = false
    private(set) var failure: (any Error)?

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { isConnected = true }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) { failure = error }
}

/// A client's and a server's event loop without threads: one for all connections, as programs have it.
final class EmbeddedLoops {
    let client = EmbeddedEventLoop()
    let server = EmbeddedEventLoop()
}

/// A client's and a server's channel without sockets, connected by hand.
final class EmbeddedPair {
    private var client: EmbeddedChannel?
    private let server: EmbeddedChannel
    private let clientEnd = Application()
    private let serverEnd = Application()
    /// What was moved.
    private(set) var moved: [Flight] = []

    init(_ stack: Stack, _ contexts: inout Contexts, _ loops: EmbeddedLoops, _ cost: inout Cost) throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 443)
        let name = contexts.nextName()
        let start = bench_thread_nanoseconds()
        let client = EmbeddedChannel(loop: loops.client)
        try contexts.addClient(stack, name, to: client.pipeline.syncOperations)
        try client.pipeline.syncOperations.addHandler(clientEnd)
        client.connect(to: address, promise: nil)
        let middle = bench_thread_nanoseconds()
        server = EmbeddedChannel(loop: loops.server)
        try contexts.addServer(stack, to: server.pipeline.syncOperations)
        try server.pipeline.syncOperations.addHandler(serverEnd)
        server.connect(to: address, promise: nil)
        cost.client += middle - start
        cost.server += bench_thread_nanoseconds() - middle
        self.client = client
    }

    /// Moves bytes until neither side has any.
    func handshake(_ cost: inout Cost) throws {
        guard let client else { return }
        var moves = true
        while moves {
            moves = try move(from: client, to: server, &cost.client, &cost.server, isFromClient: true)
            moves = try move(from: server, to: client, &cost.server, &cost.client, isFromClient: false) || moves
        }
        guard clientEnd.isConnected, serverEnd.isConnected else {
            throw Failure("no handshake: \(String(describing: clientEnd.failure ?? serverEnd.failure))")
        }
    }

    private func move(
        from sender: EmbeddedChannel,
        to receiver: EmbeddedChannel,
        _ sending: inout UInt64,
        _ receiving: inout UInt64,
        isFromClient: Bool
    ) throws -> Bool {
        var hasMoved = false
        var start = bench_thread_nanoseconds()
        while let bytes = try sender.readOutbound(as: ByteBuffer.self) {
            var now = bench_thread_nanoseconds()
            sending += now - start
            moved.append(Flight(isFromClient: isFromClient, count: bytes.readableBytes))
            start = bench_thread_nanoseconds()
            try receiver.writeInbound(bytes)
            now = bench_thread_nanoseconds()
            receiving += now - start
            start = now
            hasMoved = true
        }
        return hasMoved
    }

    /// Moves flights without TLS.
    func pass(_ flights: [Flight], _ cost: inout Cost) throws {
        guard let client else { return }
        for flight in flights { try pass(flight, client, &cost) }
    }

    private func pass(_ flight: Flight, _ client: EmbeddedChannel, _ cost: inout Cost) throws {
        let (sender, receiver) = flight.isFromClient ? (client, server) : (server, client)
        let start = bench_thread_nanoseconds()
        var bytes = sender.allocator.buffer(capacity: flight.count)
        bytes.writeRepeatingByte(0, count: flight.count)
        try sender.writeOutbound(bytes)
        let sent = try sender.readOutbound(as: ByteBuffer.self)
        let middle = bench_thread_nanoseconds()
        if let sent { try receiver.writeInbound(sent) }
        let end = bench_thread_nanoseconds()
        if flight.isFromClient {
            cost.client += middle - start
            cost.server += end - middle
        } else {
            cost.server += middle - start
            cost.client += end - middle
        }
    }

    /// Lets the client go, and the server not know.
    func dropClient() {
        guard let client else { return }
        shut(client)
        self.client = nil
        moved = []
    }

    /// Ends both, outside of what is measured: a channel has to be closed, and then says so to its peer.
    func close() {
        dropClient()
        shut(server)
    }

    /// The time that a handler waits for the peer's close_notify goes by at once.
    private func shut(_ channel: EmbeddedChannel) {
        channel.close(promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        // This would end whatever other connections of the loop wait for.
        if channel.isActive { _ = try? channel.finish(acceptAlreadyClosed: true) }
    }
}
