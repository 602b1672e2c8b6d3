// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Stands before a TLS handler, where the network is: ends the connection after so many bytes, or damages it there.
final class Meddler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Deed {
        case close
        case flip
        /// Leaves the transport alone, and has something else happen.
        case tell(EventLoopPromise<Void>)
    }

    private let deed: Deed
    private var rest: Int
    private var isDone = false
    private var patience: Scheduled<Void>?

    /// A length that is damaged may have its reader wait for bytes that nobody sends. TLS waits for ever, whoever uses it does not.
    private static let longestWait = TimeAmount.seconds(5)

    init(_ deed: Deed, after count: Int) {
        self.deed = deed
        rest = count
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        if case .flip = deed, !isDone, rest < data.readableBytes {
            isDone = true
            let index = data.readerIndex + rest
            if let byte: UInt8 = data.getInteger(at: index) { data.setInteger(byte ^ 1 << UInt8(rest % 8), at: index) }
            patience = context.eventLoop.assumeIsolated().scheduleTask(in: Self.longestWait) {
                context.close(promise: nil)
            }
        }
        count(data.readableBytes)
        context.fireChannelRead(NIOAny(data))
        closeIfDue(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        count(unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
        closeIfDue(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // It has ended before it was due.
        if case .tell(let promise) = deed { promise.succeed(()) }
        patience?.cancel()
        context.fireChannelInactive()
    }

    private func count(_ bytes: Int) { rest -= min(bytes, rest) }

    private func closeIfDue(_ context: ChannelHandlerContext) {
        guard rest == 0, !isDone else { return }
        switch deed {
        case .close:
            isDone = true
            // Not within the write, whose caller would be met by an inactive channel: that is tried elsewhere.
            context.eventLoop.assumeIsolated().execute { context.close(promise: nil) }
        case .tell(let promise):
            isDone = true
            promise.succeed(())
        case .flip: break
        }
    }
}
