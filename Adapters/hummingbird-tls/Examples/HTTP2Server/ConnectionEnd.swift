// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Closes a connection on which nothing has gone either way for a while, whatever version of HTTP it speaks: a client that says nothing
/// more would keep its descriptor and its memory for ever. Stands behind an `IdleStateHandler`.
///
/// That one knows of writes that are complete, and what is written here at once is at most what was read at once, 64 KiB. So a client that
/// reads slowly is served as long as its system takes a write in that time: some 64 KiB, and what it receives ahead of the client. Who
/// writes more at once divides it, or slow readers look idle.
///
/// Until the handshake is complete, the timeout of that counts.
final class IdleConnectionCloser: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    static func add(to pipeline: ChannelPipeline.SynchronousOperations, after timeout: TimeAmount) throws {
        try pipeline.addHandler(IdleStateHandler(allTimeout: timeout))
        try pipeline.addHandler(IdleConnectionCloser())
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

/// Closes an HTTP/2 connection that has failed: `NIOHTTP2Handler` only says so, and goes on gathering what comes.
///
/// It reports the errors of single streams as well, which are no other stream's business; but only a connection's is preceded by a
/// GOAWAY with an error code.
final class HTTP2ErrorCloser: ChannelInboundHandler, NIOHTTP2FrameDelegate {
    typealias InboundIn = HTTP2Frame

    private var hasFailed = false

    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let code, _) = frame.payload, code != .noError { hasFailed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if hasFailed || !(error is any NIOHTTP2Error) { context.close(promise: nil) }
        context.fireErrorCaught(error)
    }
}

/// Ends an HTTP/1 connection behind the answer when the client wants that, and speaks HTTP/1.0 with who speaks it.
final class HTTP1ConnectionCloser: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var version = HTTPVersion.http1_1
    private var keepsAlive = true

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data) {
            version = request.version
            // An answer of HTTP/1.0 has no chunks: it ends where the connection does.
            keepsAlive = request.isKeepAlive && version == .http1_1
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var response):
            if version != .http1_1 { response.version = .http1_0 }
            if !keepsAlive { response.headers.replaceOrAdd(name: "Connection", value: "close") }
            context.write(NIOAny(HTTPServerResponsePart.head(response)), promise: promise)
        case .end where !keepsAlive:
            context.writeAndFlush(data, promise: promise)
            // It says goodbye behind what was written.
            context.close(promise: nil)
        default: context.write(data, promise: promise)
        }
    }
}
