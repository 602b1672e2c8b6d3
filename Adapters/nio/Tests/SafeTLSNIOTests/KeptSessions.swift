// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS

// Sessions where programs on swift-nio that have handlers of their own keep them. Half of what this tests is that it compiles: in
// every mode of the compiler, see modes.sh.

/// A session as a property of a channel handler; a `NIOAsyncChannel` stands behind it.
final class SessionInHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var session: ServerSession
    private var input: [UInt8] = []

    init(_ configuration: ServerConfiguration) { session = ServerSession(configuration: configuration) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        input += unwrapInboundIn(data).readableBytesView
        do throws(TLSError) {
            while true {
                let received = try session.receive(&input)
                let plaintext = ByteBuffer(bytes: input[received.plaintext])
                input.removeFirst(received.consumed)
                flushSession(context)
                if plaintext.readableBytes > 0 { context.fireChannelRead(NIOAny(plaintext)) }
                if received.consumed == 0 { break }
            }
            if session.isPeerClosed { context.close(promise: nil) }
        } catch {
            flushSession(context)
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }

    private func flushSession(_ context: ChannelHandlerContext) {
        guard session.pendingOutputCount > 0 else { return }
        var records = context.channel.allocator.buffer(capacity: session.pendingOutputCount)
        session.takeOutput { bytes in
            for index in bytes.indices { records.writeInteger(bytes[index]) }
        }
        context.writeAndFlush(NIOAny(records), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        do throws(TLSError) {
            var records: [UInt8] = []
            try session.seal(Array(unwrapOutboundIn(data).readableBytesView), appendingTo: &records)
            context.write(NIOAny(ByteBuffer(bytes: records)), promise: promise)
        } catch {
            promise?.fail(error)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        session.close()
        flushSession(context)
        context.close(mode: mode, promise: promise)
    }
}

/// A session as a property of an actor, over a `NIOAsyncChannel` of what is on the wire.
actor SessionOverChannel {
    private var session: ClientSession
    private var input: [UInt8] = []
    private var plaintext: [UInt8] = []

    init(_ session: consuming ClientSession) { self.session = session }

    /// Asks once, and gives an answer of so many bytes.
    func ask(
        _ question: String,
        count: Int,
        over channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    ) async throws -> String {
        try await channel.executeThenClose { parts, output in
            try await send(over: output)
            var hasAsked = false
            for try await part in parts {
                try receive(part)
                if !session.isHandshaking && !hasAsked {
                    hasAsked = true
                    try await send(Array(question.utf8), over: output)
                } else {
                    try await send(over: output)
                }
                if plaintext.count >= count { break }
            }
            session.close()
            try await send(over: output)
            return String(decoding: plaintext, as: UTF8.self)
        }
    }

    private func receive(_ part: ByteBuffer) throws {
        input += part.readableBytesView
        while true {
            let received = try session.receive(&input)
            plaintext += input[received.plaintext]
            input.removeFirst(received.consumed)
            if received.consumed == 0 { return }
        }
    }

    private func send(_ data: [UInt8] = [], over output: NIOAsyncChannelOutboundWriter<ByteBuffer>) async throws {
        var records: [UInt8] = []
        session.moveOutput(appendingTo: &records)
        if !data.isEmpty { try session.seal(data, appendingTo: &records) }
        if !records.isEmpty { try await output.write(ByteBuffer(bytes: records)) }
    }
}
