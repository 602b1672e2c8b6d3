// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP2

/// Stands at the end of an HTTP/2 connection's pipeline: closes one that has failed, and has one watched that was told GOAWAY.
///
/// `NIOHTTP2Handler` closes nothing, and goes on gathering what a peer sends. It reports the errors of streams as it does those of
/// connections, but only behind the latter has it written a GOAWAY with an error code (RFC 9113 §5.4.1): a stream's error is no
/// other stream's business (§5.4.2).
final class HTTP2Ending: ChannelInboundHandler, NIOHTTP2FrameDelegate {
    typealias InboundIn = HTTP2Frame

    private let watcher: ConnectionWatcher
    private var hasFailed = false

    init(_ watcher: ConnectionWatcher) { self.watcher = watcher }

    func wroteFrame(_ frame: HTTP2Frame) {
        guard case .goAway(_, let code, _) = frame.payload else { return }
        hasFailed = hasFailed || code != .noError
        // Whether it is idle, old, or to shut down: a client that does not even answer is bounded from here on.
        watcher.expectEnd()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if hasFailed || !Self.isOfOneStream(error) { context.close(promise: nil) }
        context.fireErrorCaught(error)
    }

    /// Whether an error may be one stream's, by its type alone.
    private static func isOfOneStream(_ error: any Error) -> Bool {
        switch error {
        // Nothing more can be written, not even the GOAWAY.
        case is NIOHTTP2Errors.IOOnClosedConnection, is NIOHTTP2Errors.RaisedGoawayLastStreamID,
            is NIOHTTP2Errors.UnableToSerializeFrame, is NIOHTTP2Errors.ActivationError:
            false
        case is any NIOHTTP2Error, is NIOHTTP2Errors.StreamError: true
        default: false
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that says nothing more opens no stream; those that are open end with it.
        if event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}
