// SPDX-License-Identifier: Apache-2.0

import Logging
import NIOCore
import NIOTLS
import SafeTLSNIO

/// Stands directly behind TLS: logs what goes wrong there, and sees to it that what is to end does end.
///
/// What is behind it ends the connection when its work is done; but it may not be there yet when a shutdown begins, or may
/// wait for a client that says nothing more.
final class ConnectionWatcher: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a connection may go on when it was asked to end; nil for as long as the client likes.
    private let shutdownTimeout: Duration?
    /// How long it may go on then in all, when it was closed.
    private let closeTimeout: TimeAmount
    /// Whether what is behind this handler is added only when the handshake is complete.
    private let awaitsHandshake: Bool
    /// The application protocols that are spoken behind this handler; nil for any.
    private let served: [String]?
    private let logger: Logger
    private var context: ChannelHandlerContext?
    private var isHandshaking = true
    private var age: Scheduled<Void>?
    private var shutdown: Scheduled<Void>?
    private var end: Scheduled<Void>?

    init(
        shutdownTimeout: Duration?,
        closeTimeout: TimeAmount,
        awaitsHandshake: Bool = false,
        serving served: [String]? = nil,
        logger: Logger
    ) {
        self.shutdownTimeout = shutdownTimeout
        self.closeTimeout = closeTimeout
        self.awaitsHandshake = awaitsHandshake
        self.served = served
        self.logger = logger
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        for timer in [age, shutdown, end] { timer?.cancel() }
        self.context = nil
    }

    // MARK: What happens

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name):
            isHandshaking = false
            if let name, let served, !served.contains(name) {
                logger.debug("\(UnknownProtocol(name: name))")
                return context.close(promise: nil)
            }
        case is ChannelShouldQuiesceEvent:
            // What is added later does not know that it is not to begin.
            if awaitsHandshake && isHandshaking { context.close(promise: nil) } else { expectEnd() }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What waits for the handshake is told only that the connection has ended.
        if isHandshaking { logger.debug("A handshake has failed: \(error)") }
        context.fireErrorCaught(error)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        // When everything is sent, the client may end its side, but not keep the connection.
        let promise = promise ?? context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess { [weak self] in self?.endSoon() }
        context.close(mode: .output, promise: promise)
    }

    // MARK: The end

    /// Asks what is behind this handler to end, when the connection is that old.
    func limitAge(_ age: Duration) {
        self.age = schedule(TimeAmount(age)) { watcher, context in
            context.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            watcher.expectEnd()
        }
    }

    /// The connection was asked to end: it is closed if it does not.
    func expectEnd() {
        guard let shutdownTimeout, shutdown == nil else { return }
        shutdown = schedule(TimeAmount(shutdownTimeout)) { [logger] watcher, context in
            logger.debug("A connection was not done in time when it was to end, and is closed.")
            watcher.endSoon()
            context.close(promise: nil)
        }
    }

    /// Closes below TLS, which would wait on for a client that reads a little at a time, or that answers to nothing.
    private func endSoon() {
        guard end == nil else { return }
        end = schedule(closeTimeout) { _, context in
            context.close(promise: nil)
            let tls = try? context.pipeline.syncOperations.context(handlerType: SafeTLSServerHandler.self)
            tls?.close(promise: nil)
        }
    }

    private func schedule(
        _ time: TimeAmount,
        _ body: @escaping (ConnectionWatcher, ChannelHandlerContext) -> Void
    ) -> Scheduled<Void>? {
        context?.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
            guard let self, let context = self.context else { return }
            body(self, context)
        }
    }
}
