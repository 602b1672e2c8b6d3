// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOTLS
import SafeTLS

/// Moves bytes between a pipeline and a session: what both handlers do.
///
/// Whatever calls out – events, writes, promises – may call back in. So no access to the session is open while anything is
/// called, and each function looks again at ``stage`` after it has called.
final class ConnectionDriver<Session: DrivenSession & ~Copyable>: TimedConnection {
    /// Where the connection stands.
    enum Stage {
        /// The channel is not active yet.
        case idle
        case handshaking
        case open
        /// Nothing is handed on any more: the peer's close_notify is awaited, or that what is left to send is written.
        case closing
        /// The transport was told to close, or has.
        case closed
    }

    var session: Session
    let options: Session.Options
    /// Nil outside of a pipeline.
    var context: ChannelHandlerContext?
    var stage = Stage.idle

    // Input.

    /// Ciphertext that is no whole record yet.
    var input = ByteBuffer()
    /// How many bytes the session needs behind those.
    var needed = 0
    /// Where plaintext lies in the buffer at hand; empty between calls.
    var pieces: [Piece] = []
    /// 0-RTT data that are kept until the handshake is complete.
    var earlyInput: [ByteBuffer] = []
    var isDecrypting = false
    /// Whether something came while the session was busy.
    var hasMore = false
    /// Whether the program was asked for an answer.
    var isAsking = false
    /// Whether a read cycle of the channel is under way.
    var isReading = false
    /// Whether the pipeline asked for data and has got none.
    var wantsRead = false
    /// Whether a read was held back while the program was asked.
    var heldRead = false
    /// Whether the transport's input ended while the program was asked.
    var hasInputEnded = false
    /// Whether data were handed on in this read cycle.
    var hasDelivered = false
    /// Whether something was written that is flushed when the read cycle ends.
    var needsFlush = false
    /// How many bytes of the session's output wait for what is sent next, whoever's that is.
    var heldOutput = 0

    // What was said to the pipeline.

    var hasAnnouncedHandshake = false
    var hasAnnouncedEarlyData = false
    var hasHandledPeerClose = false

    // Output.

    var writes = WriteQueue()
    var isSealing = false
    /// Whether ``DriverOptions/firstData`` went out as 0-RTT data.
    var sentEarlyData = false

    // Closing.

    /// Completed with the channel's close.
    var closePromise: EventLoopPromise<Void>?
    /// Whether a close was asked for while writes were sealed.
    var closesAll = false
    /// Whether a half-closure was asked for, which may have to wait.
    var closesOutput = false
    var closeOutputPromise: EventLoopPromise<Void>?
    /// Whether the channel is inactive and the pipeline has not heard of it yet.
    var isBecomingInactive = false
    /// How much waited for the transport when the timer was set.
    var bufferedBytes = 0
    /// Made when somebody wants to know how the handshake ends.
    var handshakePromise: EventLoopPromise<NegotiatedParameters>?
    /// Why the connection has failed.
    var failure: (any Error)?

    init(_ session: consuming Session, _ options: Session.Options) {
        self.session = session
        self.options = options
    }

    override func deadlinePassed(on eventLoop: any EventLoop) { timeIsUp() }

    // MARK: Life

    func handlerAdded(_ context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { start(context) }
    }

    func handlerRemoved() {
        stopTimer()
        let error = failure ?? ChannelError.ioOnClosedChannel
        stage = .closed
        writes.takeAll().fail(error)
        earlyInput = []
        input = ByteBuffer()
        fulfilClose(error)
        failHandshake(error)
        context = nil
    }

    func channelActive(_ context: ChannelHandlerContext) {
        context.fireChannelActive()
        start(context)
    }

    /// Begins the handshake: a client speaks, a server listens.
    private func start(_ context: ChannelHandlerContext) {
        guard stage == .idle else { return }
        stage = .handshaking
        if let timeout = options.handshakeTimeout { startTimer(context, timeout) }
        writeFirstFlight(context)
        context.read()
    }

    private func writeFirstFlight(_ context: ChannelHandlerContext) {
        if let data = options.firstData, data.readableBytes > 0 {
            do throws(TLSError) {
                var output = context.channel.allocator.buffer(capacity: 0)
                sentEarlyData = try session.sealEarly(data, into: &output)
                if sentEarlyData {
                    context.write(NIOAny(output), promise: nil)
                    needsFlush = true
                } else {
                    writes.insertFirst(data)
                }
            } catch {
                return fail(context, error)
            }
        }
        writeOutput(context)
        flushIfNeeded(context)
    }

    func channelInactive(_ context: ChannelHandlerContext) {
        stopTimer()
        let before = stage
        stage = .closed
        isBecomingInactive = true
        var error: any Error = failure ?? ChannelError.ioOnClosedChannel
        if before == .handshaking || before == .open {
            do throws(TLSError) {
                try session.endOfInput()
            } catch let truncation {
                failure = truncation
                error = truncation
                context.fireErrorCaught(truncation)
            }
        }
        writes.takeAll().fail(error)
        failHandshake(error)
        fulfilClose(nil)
        isBecomingInactive = false
        context.fireChannelInactive()
    }

    // MARK: Handshake

    /// Says that the handshake is complete, and sends what waited for that.
    func announceHandshake(_ context: ChannelHandlerContext) {
        guard !hasAnnouncedHandshake, let negotiated = session.negotiated else { return }
        hasAnnouncedHandshake = true
        guard stage == .handshaking else { return }
        stopTimer()
        stage = .open
        if sentEarlyData, case .rejected = session.earlyData, let data = options.firstData {
            writes.insertFirst(data)
        }
        let promise = handshakePromise
        handshakePromise = nil
        // The pipeline first: whoever hears of it by the promise may close the channel.
        context.fireUserInboundEventTriggered(
            TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiated.applicationProtocol)
        )
        promise?.succeed(negotiated)
        sealWrites(context)
        for data in earlyInput where stage == .open { deliver(context, data) }
        earlyInput = []
    }

    /// How the handshake ends. The event loop's thread calls this.
    func handshakeResult(on eventLoop: any EventLoop) -> EventLoopFuture<NegotiatedParameters> {
        if let failure { return eventLoop.makeFailedFuture(failure) }
        if hasAnnouncedHandshake, let negotiated = session.negotiated {
            return eventLoop.makeSucceededFuture(negotiated)
        }
        guard stage != .closed else { return eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
        if let handshakePromise { return handshakePromise.futureResult }
        let promise = eventLoop.makePromise(of: NegotiatedParameters.self)
        handshakePromise = promise
        return promise.futureResult
    }

    func failHandshake(_ error: any Error) {
        handshakePromise?.fail(error)
        handshakePromise = nil
    }

    /// Asks the program for what the session waits for.
    func ask(_ context: ChannelHandlerContext) {
        guard !isAsking, let question = session.ask(options, on: context.eventLoop) else { return }
        isAsking = true
        // Asked here, where nobody reads the session: the program may close the channel before it answers.
        question().assumeIsolated().whenComplete { [weak self] result in self?.takeAnswer(result) }
    }

    private func takeAnswer(_ result: Result<HandshakeAnswer, any Error>) {
        isAsking = false
        guard let context else { return }
        // Who says goodbye on an open connection awaits the peer's, which may stand behind this.
        let isOpen = stage == .open || stage == .closing && hasAnnouncedHandshake && failure == nil
        guard stage == .handshaking || isOpen else { return resumeReading(context) }
        do throws(TLSError) {
            switch result {
            case .success(let answer): try session.take(answer)
            case .failure(let error):
                let refusal = error as? HandshakeRefusal
                session.reject(refusal?.alert ?? .internalError, reason: refusal?.reason ?? "\(error)")
                throw session.failure ?? .internalFailure("\(error)")
            }
        } catch {
            // A wrong answer does not end the session, but nobody will give another.
            if session.failure == nil { session.reject(.internalError, reason: "\(error)") }
            return fail(context, session.failure ?? error)
        }
        decrypt(context)
        if hasInputEnded && !isAsking && !isDecrypting {
            hasInputEnded = false
            _ = inputClosed(context)
        }
        if !isReading { flushIfNeeded(context) }
        resumeReading(context)
    }

    /// Reads on behind an answer: nobody else does where the channel does not read by itself.
    private func resumeReading(_ context: ChannelHandlerContext) {
        guard !isReading, !isAsking, stage != .closed else { return }
        guard heldRead || wantsRead || stage == .handshaking || stage == .closing else { return }
        heldRead = false
        context.read()
    }
}

/// Where plaintext lies in a buffer.
struct Piece {
    /// The index in the buffer.
    var start: Int
    var count: Int
    let isEarly: Bool
}
