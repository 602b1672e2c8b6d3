// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOTLS
import SafeTLS
import SafeTLSNIO

/// One end's part of an exchange: sends a payload while the channel takes it, and compares what comes with another.
final class PayloadMover {
    private var outgoing: Payload?
    private var incoming: Payload?
    private var chunk: Int
    /// When keys are changed, in bytes sent.
    var updatesKeysAt: Int?
    private var isSending = false

    init(chunk: Int) { self.chunk = chunk }

    func begin(outgoing: Payload, incoming: Payload) {
        self.outgoing = outgoing
        self.incoming = incoming
    }

    var hasBegun: Bool { outgoing != nil }
    var hasSent: Bool { outgoing?.isComplete ?? false }
    var hasReceived: Bool { incoming?.isComplete ?? false }

    /// Whether what has come is what had to come.
    func receive(_ data: ByteBuffer) -> Bool { incoming?.isNext(data.readableBytesView) ?? (data.readableBytes == 0) }

    /// Sends as much as the channel takes.
    func send(_ context: ChannelHandlerContext, updateKeys: () -> Void) {
        // Writes call back when the channel's writability changes.
        guard !isSending else { return }
        isSending = true
        defer { isSending = false }
        while context.channel.isWritable, var payload = outgoing, !payload.isComplete {
            let data = payload.next(chunk, context.channel.allocator)
            outgoing = payload
            context.writeAndFlush(NIOAny(data), promise: nil)
            if let at = updatesKeysAt, payload.position >= at {
                updatesKeysAt = nil
                updateKeys()
            }
        }
    }
}

/// The server's end: does what the client asks for.
final class ServerEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let ledger: Ledger
    private let tls: SafeTLSServerHandler
    private let mover = PayloadMover(chunk: 16_000)
    private var head = ByteBuffer()
    private var request: Request?
    private var isInputClosed = false

    init(_ ledger: Ledger, _ tls: SafeTLSServerHandler) {
        self.ledger = ledger
        self.tls = tls
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        if request == nil {
            head.writeBuffer(&data)
            guard let request = head.readRequest() else { return }
            self.request = request
            mover.begin(outgoing: request.downloaded, incoming: request.uploaded)
            if request.updatesKeys { mover.updatesKeysAt = request.download / 2 }
            data = head
            head = ByteBuffer()
        }
        guard mover.receive(data) else {
            ledger.note(.mismatch)
            return context.close(promise: nil)
        }
        proceed(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        proceed(context)
        context.fireChannelWritabilityChanged()
    }

    private func proceed(_ context: ChannelHandlerContext) {
        guard let request else { return }
        mover.send(context) {
            // TLS 1.2 has none.
            if (try? tls.updateKeys(requestingPeer: true)) != nil { ledger.note(.keyUpdate) }
        }
        guard mover.hasSent, mover.hasReceived else { return }
        if request.serverCloses || isInputClosed { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            ledger.note(.handshake)
            if tls.negotiated?.isResumed == true { ledger.note(.resumption) }
            if tls.earlyData == .accepted { ledger.note(.earlyDataAccepted) }
        case ChannelEvent.inputClosed:
            isInputClosed = true
            // A client that has not said everything never will.
            if mover.hasReceived { proceed(context) } else { context.close(promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let request, request.isGentle { ledger.fail("a server's end whose client ends well: \(error)") }
        context.close(promise: nil)
    }
}

/// The client's end of a connection that is made of handlers.
final class ClientEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let plan: Plan
    private let ledger: Ledger
    private let tls: SafeTLSClientHandler
    private let outcome: EventLoopPromise<Outcome>
    private let mover: PayloadMover
    private var isClosing = false
    private var failure: (any Error)?

    init(_ plan: Plan, _ ledger: Ledger, _ tls: SafeTLSClientHandler, _ outcome: EventLoopPromise<Outcome>) {
        self.plan = plan
        self.ledger = ledger
        self.tls = tls
        self.outcome = outcome
        mover = PayloadMover(chunk: 1 + Int(plan.request.seed % 20_000))
        if plan.kind == .keyUpdates { mover.updatesKeysAt = plan.request.upload / 2 }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if plan.kind == .slowReader { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            if tls.negotiated?.isResumed == false, let certificate = tls.peerCertificates.first {
                ledger.note(certificate)
            }
            begin(context)
        // Where the client is told of it, it is for the client to close.
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func begin(_ context: ChannelHandlerContext) {
        mover.begin(outgoing: plan.request.uploaded, incoming: plan.request.downloaded)
        if plan.kind != .earlyData {
            var head = context.channel.allocator.buffer(capacity: Request.size)
            head.write(plan.request)
            context.writeAndFlush(NIOAny(head), promise: nil)
        }
        proceed(context)
    }

    private func proceed(_ context: ChannelHandlerContext) {
        guard mover.hasBegun, !isClosing else { return }
        mover.send(context) {
            if (try? tls.updateKeys(requestingPeer: true)) != nil { ledger.note(.keyUpdate) }
        }
        switch plan.kind {
        case .serverCloses: break
        case .halfClose where mover.hasSent:
            isClosing = true
            context.close(mode: .output, promise: nil)
        case _ where mover.hasSent && mover.hasReceived:
            isClosing = true
            context.close(promise: nil)
        default: break
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        proceed(context)
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard mover.receive(unwrapInboundIn(data)) else {
            ledger.note(.mismatch)
            return context.close(promise: nil)
        }
        proceed(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        guard plan.kind == .slowReader else { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1 + plan.milliseconds / 4)) {
            context.read()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        failure = failure ?? error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        outcome.succeed(Outcome(isComplete: mover.hasSent && mover.hasReceived, failure: failure.map { "\($0)" }))
        context.fireChannelInactive()
    }
}
