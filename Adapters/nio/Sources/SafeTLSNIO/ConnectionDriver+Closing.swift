// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOTLS
import SafeTLS

extension ConnectionDriver where Session: ~Copyable {
    // MARK: The pipeline closes

    func close(_ context: ChannelHandlerContext, _ mode: CloseMode, _ promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all: closeAll(context, promise)
        case .output: closeOutput(context, promise)
        // TLS cannot tell a peer to stop.
        case .input: promise?.fail(ChannelError.operationUnsupported)
        }
    }

    private func closeAll(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch stage {
        case .idle, .closed: context.close(mode: .all, promise: promise)
        case .closing: joinClose(promise)
        case .handshaking where !maySeal:
            joinClose(promise)
            session.close()
            giveUp(context, ChannelError.ioOnClosedChannel)
        case .handshaking, .open:
            joinClose(promise)
            // Before any promise is failed: whoever writes then would be sent without what failed.
            closesAll = true
            writes.takeUnflushed().fail(ChannelError.ioOnClosedChannel)
            // Within a write's promise, the rest of what was flushed goes first all the same.
            sealWrites(context)
            // Who got an answer to 0-RTT data has to finish first: a transport that is closed before resets the connection then, and
            // what the client has not read is lost.
            if stage == .handshaking { startTimer(context, options.closeTimeout) }
        }
    }

    /// Sends close_notify behind everything else, and waits for the peer's.
    func sayGoodbye(_ context: ChannelHandlerContext) {
        guard stage == .open else { return }
        stage = .closing
        session.close()
        writeOutput(context)
        flushIfNeeded(context)
        guard stage == .closing else { return }
        if session.isPeerClosed { return finishClose(context) }
        startTimer(context, options.closeTimeout)
        // The peer's close_notify has to be read, whoever reads; behind the answer that is awaited.
        if !isAsking { context.read() }
    }

    private func joinClose(_ promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        if let closePromise { closePromise.futureResult.cascade(to: promise) } else { closePromise = promise }
    }

    private func closeOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard stage == .idle || stage == .handshaking || stage == .open, !closesOutput, !session.isClosed else {
            promise?.fail(stage == .closed ? ChannelError.ioOnClosedChannel : ChannelError.outputClosed)
            return
        }
        closesOutput = true
        closeOutputPromise = promise
        writes.takeUnflushed().fail(ChannelError.outputClosed)
        guard stage == .open else { return }
        sealWrites(context, regardless: true)
        if !writes.isFlushed { closeOutput(context) }
    }

    /// Sends close_notify, and ends the transport's direction.
    func closeOutput(_ context: ChannelHandlerContext) {
        guard stage == .open, !session.isClosed else { return }
        session.close()
        writeOutput(context)
        flushIfNeeded(context)
        let promise = closeOutputPromise
        closeOutputPromise = nil
        if hasHandledPeerClose {
            joinClose(promise)
            finishClose(context)
        } else {
            context.close(mode: .output, promise: promise)
        }
    }

    // MARK: The peer closes

    /// Deals with a close_notify, once.
    func handlePeerClose(_ context: ChannelHandlerContext) {
        guard session.isPeerClosed, !hasHandledPeerClose else { return }
        hasHandledPeerClose = true
        switch stage {
        case .closing: finishClose(context)
        case .open:
            if allowsHalfClosure(context) && !session.isClosed {
                context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            } else {
                sealWrites(context, regardless: true)
                guard stage == .open else { return }
                stage = .closing
                session.close()
                finishClose(context)
            }
        case .idle, .handshaking, .closed: break
        }
    }

    private func allowsHalfClosure(_ context: ChannelHandlerContext) -> Bool {
        (try? context.channel.syncOptions?.getOption(ChannelOptions.allowRemoteHalfClosure)) ?? false
    }

    /// The transport has no more input, though the channel is open.
    ///
    /// - Returns: Whether the pipeline is to hear of it.
    func inputClosed(_ context: ChannelHandlerContext) -> Bool {
        switch stage {
        case .idle, .closed: return true
        case .closing:
            // The peer, which says no more, may still read what is on its way to it.
            closeTransport(context, after: writeLast(context))
            return false
        case .handshaking where isAsking, .open where isAsking:
            // Channels tell of it whoever reads, and what came before has not been looked at.
            hasInputEnded = true
            return false
        case .handshaking, .open:
            do throws(TLSError) {
                // The pipeline heard of it with the close_notify.
                try session.endOfInput()
            } catch {
                // It hears of the error, and perhaps of the channel's end already.
                fail(context, error)
            }
            return false
        }
    }

    // MARK: The end

    /// Both directions are closed: says so, and closes the transport when everything is written.
    private func finishClose(_ context: ChannelHandlerContext) {
        stage = .closing
        context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted)
        // Who heard it may have taken the handler away.
        guard stage == .closing else { return }
        giveUp(context, ChannelError.ioOnClosedChannel)
    }

    /// Ends the connection with an error: its alert goes out before the transport is closed.
    func fail(_ context: ChannelHandlerContext, _ error: any Error) {
        guard stage != .closed, failure == nil else { return }
        failure = error
        // Keys that are used up end what is sent, not the session: the peer is told that this is the end.
        if stage == .open, session.failure == nil { session.close() }
        stage = .closing
        stopTimer()
        let written = writeLast(context)
        failHandshake(error)
        writes.takeAll().fail(error)
        context.fireErrorCaught(error)
        closeTransport(context, after: written)
    }

    /// Ends the connection without an error of its own.
    private func giveUp(_ context: ChannelHandlerContext, _ reason: any Error) {
        stage = .closing
        stopTimer()
        let written = writeLast(context)
        failHandshake(reason)
        writes.takeAll().fail(reason)
        closeTransport(context, after: written)
    }

    /// Writes what the session has left to say.
    ///
    /// - Returns: When it is written; nil when there is nothing.
    private func writeLast(_ context: ChannelHandlerContext) -> EventLoopFuture<Void>? {
        guard session.pendingOutputCount > 0 || unwrittenBytes(context) > 0 else { return nil }
        var output = context.channel.allocator.buffer(capacity: session.pendingOutputCount)
        session.moveOutput(into: &output)
        let promise = context.eventLoop.makePromise(of: Void.self)
        needsFlush = false
        heldOutput = 0
        context.writeAndFlush(NIOAny(output), promise: promise)
        return promise.futureResult
    }

    private func closeTransport(_ context: ChannelHandlerContext, after written: EventLoopFuture<Void>?) {
        guard stage == .closing else { return }
        guard let written else { return closeTransport(context) }
        startTimer(context, options.closeTimeout)
        written.assumeIsolated().whenComplete { [weak self] _ in
            guard let self, let context = self.context else { return }
            self.closeTransport(context)
        }
    }

    func closeTransport(_ context: ChannelHandlerContext) {
        guard stage != .closed else { return }
        stage = .closed
        stopTimer()
        let promise = closePromise
        closePromise = nil
        context.close(mode: .all, promise: promise)
    }

    /// Completes the promises of closes that nothing else completes.
    ///
    /// - Parameter error: Why the channel was not closed; nil when it was.
    func fulfilClose(_ error: (any Error)?) {
        let (whole, half) = (closePromise, closeOutputPromise)
        closePromise = nil
        closeOutputPromise = nil
        if let error { whole?.fail(error) } else { whole?.succeed(()) }
        half?.fail(error ?? ChannelError.ioOnClosedChannel)
    }

    /// The handler is to leave the pipeline. What is written behind it would go out in the clear, so the connection ends.
    ///
    /// - Parameter goOn: Leaves the pipeline.
    func leave(_ context: ChannelHandlerContext, _ goOn: @escaping () -> Void) {
        end(context)
        // Others have not heard yet that the channel is inactive, and would not without this handler.
        if isBecomingInactive { context.eventLoop.assumeIsolated().execute(goOn) } else { goOn() }
    }

    private func end(_ context: ChannelHandlerContext) {
        // A channel that is not active yet has no connection.
        guard stage != .closed, stage != .idle || context.channel.isActive else { return }
        session.close()
        writeOutput(context)
        flushIfNeeded(context)
        let error = SafeTLSHandlerError.handlerRemoved
        failure = failure ?? error
        failHandshake(error)
        writes.takeAll().fail(error)
        closeTransport(context)
    }
}

// MARK: Time

extension ConnectionDriver where Session: ~Copyable {
    /// How much a peer has to take in a close timeout to get another one, in bytes: about a record.
    private var leastProgress: Int { 16_384 }

    func startTimer(_ context: ChannelHandlerContext, _ time: TimeAmount) {
        // Of interest only while what was sent is awaited.
        if stage == .closing || closesAll { bufferedBytes = unwrittenBytes(context) }
        let eventLoop = context.eventLoop
        Deadlines.set(eventLoop.now + time, for: self, on: eventLoop)
    }

    func stopTimer() { Deadlines.callOff(self) }

    func timeIsUp() {
        guard let context else { return }
        switch stage {
        case .handshaking where !closesAll:
            session.close()
            fail(context, SafeTLSHandlerError.handshakeTimedOut(after: options.handshakeTimeout ?? .zero))
        case .handshaking, .closing:
            // A slow peer that still reads gets what was sent to it, but one that only drips keeps nobody waiting.
            guard bufferedBytes - unwrittenBytes(context) < leastProgress else {
                return startTimer(context, options.closeTimeout)
            }
            closeTransport(context)
        case .idle, .open, .closed: break
        }
    }

    /// What waits for the transport, in bytes; 0 where the channel does not tell.
    func unwrittenBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }
}
