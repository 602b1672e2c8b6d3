// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOTLS
import SafeTLS
import SafeTLSNIO

/// What a handler told its pipeline, in order.
enum Happening: Equatable {
    case active
    case inactive
    case handshake(String?)
    case shutdown
    case inputClosed
    case early
    case data(Int)
    case readComplete
    case error(String)
}

/// Stands behind a TLS handler: notes what comes.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var happenings: [Happening] = []
    var errors: [any Error] = []
    var received = ByteBuffer()
    /// What is done when data come.
    var answer: ((ChannelHandlerContext, ByteBuffer) -> Void)?
    var onHandshake: ((ChannelHandlerContext) -> Void)?
    var onActive: ((ChannelHandlerContext) -> Void)?
    var onError: (() -> Void)?
    /// What is done within everything that comes.
    var onHappening: ((Happening) -> Void)?
    /// Buffers as they came, if they are kept.
    var kept: [ByteBuffer] = []
    var keeps = false

    /// Without the sizes of what came, which depend on how it was cut.
    var outline: [Happening] {
        happenings.filter {
            if case .data = $0 { return false }
            return $0 != .readComplete
        }
    }

    private func note(_ happening: Happening) {
        happenings.append(happening)
        onHappening?(happening)
    }

    func channelActive(context: ChannelHandlerContext) {
        note(.active)
        onActive?(context)
    }

    func channelInactive(context: ChannelHandlerContext) { note(.inactive) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        received.writeImmutableBuffer(buffer)
        note(.data(buffer.readableBytes))
        if keeps { kept.append(buffer) }
        answer?(context, buffer)
    }

    func channelReadComplete(context: ChannelHandlerContext) { note(.readComplete) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name):
            note(.handshake(name))
            onHandshake?(context)
        case TLSUserEvent.shutdownCompleted: note(.shutdown)
        case ChannelEvent.inputClosed: note(.inputClosed)
        case is SafeTLSEvent: note(.early)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        errors.append(error)
        note(.error("\(type(of: error))"))
        onError?()
    }
}

/// Stands before a TLS handler, in the transport's place: notes what it asks for.
final class Transport: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var reads = 0
    var writes = 0
    var flushes = 0
    var closes: [CloseMode] = []
    /// Whether writes and flushes end here: a peer that does not read.
    var isStuck = false
    /// Whether flushes end here: what was written waits in the channel.
    var holdsFlushes = false
    var stuck: [EventLoopPromise<Void>] = []

    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writes += 1
        if isStuck {
            if let promise { stuck.append(promise) }
        } else {
            context.write(data, promise: promise)
        }
    }

    func flush(context: ChannelHandlerContext) {
        flushes += 1
        if !isStuck && !holdsFlushes { context.flush() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        closes.append(mode)
        for write in stuck { write.fail(ChannelError.ioOnClosedChannel) }
        stuck = []
        // An embedded channel knows no halves.
        if mode == .all { context.close(mode: mode, promise: promise) } else { promise?.succeed(()) }
    }
}

/// One end of a connection without sockets.
final class Side {
    let channel: EmbeddedChannel
    let transport = Transport()
    let recorder = Recorder()

    init(_ handler: any ChannelHandler, _ loop: EmbeddedEventLoop) {
        channel = EmbeddedChannel(handlers: [transport, handler, recorder], loop: loop)
    }

    deinit {
        // A close through the pipeline would wait for the other side.
        dropTransport()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    func connect() throws { try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 443)).wait() }

    /// Takes what was flushed to the transport.
    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
        return bytes
    }

    /// Brings bytes from the transport, in one read each, and then the end of the read cycle.
    func receive(_ pieces: [[UInt8]]) {
        guard channel.isActive else { return }
        for piece in pieces where channel.isActive {
            channel.pipeline.syncOperations.fireChannelRead(NIOAny(ByteBuffer(bytes: piece)))
        }
        channel.pipeline.syncOperations.fireChannelReadComplete()
    }

    /// The transport ends.
    func dropTransport() {
        if channel.isActive { channel._channelCore.close0(error: ChannelError.eof, mode: .all, promise: nil) }
        channel.embeddedEventLoop.run()
    }

    func write(_ text: String) -> EventLoopFuture<Void> { channel.writeAndFlush(ByteBuffer(string: text)) }

    var text: String { String(buffer: recorder.received) }
}

/// Two ends, and what carries bytes between them.
final class Pair {
    let loop: EmbeddedEventLoop
    let clientHandler: SafeTLSClientHandler
    let serverHandler: SafeTLSServerHandler
    let client: Side
    let server: Side

    init(
        client clientConfiguration: ClientConfiguration? = nil,
        server serverConfiguration: ServerConfiguration? = nil,
        name: String = "server.example",
        clientOptions: ClientHandlerOptions = ClientHandlerOptions(),
        serverOptions: ServerHandlerOptions = ServerHandlerOptions(),
        loop: EmbeddedEventLoop = EmbeddedEventLoop()
    ) throws {
        self.loop = loop
        clientHandler = try SafeTLSClientHandler(
            configuration: clientConfiguration ?? TestCredentials.client(),
            serverName: name,
            options: clientOptions
        )
        serverHandler = try SafeTLSServerHandler(
            configuration: serverConfiguration ?? TestCredentials.server(),
            options: serverOptions
        )
        client = Side(clientHandler, loop)
        server = Side(serverHandler, loop)
    }

    /// Makes both active.
    func start() throws {
        try server.connect()
        try client.connect()
    }

    /// Carries bytes until none are left.
    ///
    /// - Parameter cut: How what one side sent arrives at the other.
    func carry(_ cut: ([UInt8]) -> [[UInt8]] = { [$0] }) throws {
        while try step(cut) {}
    }

    /// Carries what both have sent once; false when that is nothing.
    func step(_ cut: ([UInt8]) -> [[UInt8]] = { [$0] }) throws -> Bool {
        let fromClient = try client.sent()
        if !fromClient.isEmpty { server.receive(cut(fromClient)) }
        let fromServer = try server.sent()
        if !fromServer.isEmpty { client.receive(cut(fromServer)) }
        loop.run()
        return !fromClient.isEmpty || !fromServer.isEmpty
    }

    /// Connects and completes the handshake.
    func handshake() throws {
        try start()
        try carry()
    }
}
