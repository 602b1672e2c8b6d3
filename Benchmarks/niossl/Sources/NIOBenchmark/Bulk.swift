// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SafeTLS

/// Chunks of one size over sockets in one direction: microseconds of CPU for each MiB.
struct Bulk: Subject {
    let name: String
    let stacks: [Stack] = [.nio, .safetls, .boringssl]
    private let loops: Loops
    private let total: Int
    private let isUpload: Bool
    private var lines: [Stack: Line] = [:]

    /// One connection, and what sends and receives on it.
    private struct Line {
        let sender: NIOLoopBound<Sender>
        let receiver: NIOLoopBound<Receiver>
    }

    /// How a program writes.
    struct Shape: Sendable {
        var name: String
        var chunk: Int
        /// Bytes between two flushes.
        var flush: Int

        static let all = [
            Shape(name: "1k", chunk: 1_024, flush: 65_536),
            Shape(name: "1k-flushed", chunk: 1_024, flush: 1_024),
            Shape(name: "64k", chunk: 65_536, flush: 65_536),
        ]
    }

    init(_ name: String, _ setting: Setting, _ shape: Shape, isUpload: Bool, _ identity: Identity, _ loops: Loops)
        throws
    {
        self.name = name
        self.loops = loops
        self.isUpload = isUpload
        total = shape.flush == shape.chunk && shape.chunk < 65_536 ? 2 << 20 : 8 << 20
        var contexts = try Contexts(setting, identity)
        for stack in stacks { lines[stack] = try Self.line(stack, shape, isUpload: isUpload, &contexts, loops) }
    }

    private static func line(
        _ stack: Stack,
        _ shape: Shape,
        isUpload: Bool,
        _ contexts: inout Contexts,
        _ loops: Loops
    ) throws -> Line {
        let listener = try loops.listen(stack, contexts) { channel in
            try channel.pipeline.syncOperations.addHandler(isUpload ? Receiver() : Sender(shape))
        }
        let ready = listener.channel.eventLoop.makePromise(of: Void.self)
        let client = try loops.connect(stack, &contexts, to: listener) { channel in
            let operations = channel.pipeline.syncOperations
            try operations.addHandler(Readiness(ready, stack))
            try operations.addHandler(isUpload ? Sender(shape) : Receiver())
        }
        try ready.futureResult.wait()
        // The server accepts before the client is ready, or soon.
        var server: (any Channel)?
        while server == nil { server = listener.children.take().first }
        guard let server else { throw Failure("no connection was accepted") }
        let (sending, receiving) = isUpload ? (client, server) : (server, client)
        return Line(sender: try handler(Sender.self, of: sending), receiver: try handler(Receiver.self, of: receiving))
    }

    private static func handler<Handler: ChannelHandler & SendableMetatype>(
        _ type: Handler.Type,
        of channel: any Channel
    ) throws -> NIOLoopBound<Handler> {
        try channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Handler.self), eventLoop: channel.eventLoop)
        }.wait()
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        guard let line = lines[stack] else { return [:] }
        let total = total
        let before = try loops.cost()
        let receiver = line.receiver
        let done = try receiver.eventLoop.submit { receiver.value.expect(total) }.wait()
        let sender = line.sender
        sender.eventLoop.execute { sender.value.send(total) }
        try done.wait()
        let after = try loops.cost()
        let scale = 1_000 * Double(total) / 1_048_576
        let server = Double(after.server - before.server) / scale
        let client = Double(after.client - before.client) / scale
        return ["send": [isUpload ? client : server], "receive": [isUpload ? server : client]]
    }
}

/// Writes as long as the channel is writable.
final class Sender: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let chunk: ByteBuffer
    private let flush: Int
    private var left = 0
    private var context: ChannelHandlerContext?

    init(_ shape: Bulk.Shape) {
        chunk = ByteBuffer(repeating: 0x42, count: shape.chunk)
        flush = shape.flush
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump(context)
        context.fireChannelWritabilityChanged()
    }

    func send(_ count: Int) {
        left = count
        if let context { pump(context) }
    }

    private func pump(_ context: ChannelHandlerContext) {
        while left > 0, context.channel.isWritable {
            var written = 0
            while written < flush, left > 0 {
                context.write(wrapOutboundOut(chunk), promise: nil)
                written += chunk.readableBytes
                left -= chunk.readableBytes
            }
            context.flush()
        }
    }
}

/// Counts what comes.
final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var left = 0
    private var promise: EventLoopPromise<Void>?
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        promise?.fail(ChannelError.eof)
    }

    /// Completed when so many bytes have come.
    func expect(_ count: Int) -> EventLoopFuture<Void> {
        guard let context else { preconditionFailure("the connection has ended") }
        left = count
        let promise = context.eventLoop.makePromise(of: Void.self)
        self.promise = promise
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        left -= unwrapInboundIn(data).readableBytes
        if left == 0 { promise?.succeed(()) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise?.fail(error)
        context.close(promise: nil)
    }
}
