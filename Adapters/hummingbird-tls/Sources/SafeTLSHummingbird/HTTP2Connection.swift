// SPDX-License-Identifier: Apache-2.0

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2

/// Speaks HTTP/2 on a connection that agreed on it. Hummingbird's own is in a product that links swift-nio-ssl.
struct HTTP2Connection: Sendable {
    struct Value: Sendable {
        let streams: NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value>
        let channel: any Channel
    }

    private let configuration: HTTP2ChannelConfiguration
    /// Answers what comes on a stream, which is like a connection of HTTP/1.1 with one request.
    private let responding: HTTP1Channel

    init(responder: @escaping HTTPChannelHandler.Responder, configuration: HTTP2ChannelConfiguration) {
        self.configuration = configuration
        responding = HTTP1Channel(responder: responder, configuration: configuration.streamConfiguration)
    }

    func setUp(_ channel: any Channel, _ watcher: ConnectionWatcher, _ logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let manager = NIOHTTP2ServerConnectionManagementHandler(
                eventLoop: channel.eventLoop,
                configuration: .init(
                    maxIdleTime: configuration.idleTimeout.map { TimeAmount($0) },
                    maxAge: configuration.maxAgeTimeout.map { TimeAmount($0) },
                    // It would begin when the client has answered: HTTP2Ending does not wait for that.
                    maxGraceTime: nil,
                    keepalive: nil
                )
            )
            let ending = HTTP2Ending(watcher)
            let pipeline = channel.pipeline.syncOperations
            let streams = try pipeline.configureAsyncHTTP2Pipeline(
                mode: .server,
                streamDelegate: manager.http2StreamDelegate,
                frameDelegate: ending
            ) { stream in
                setUp(stream, logger)
            }
            try pipeline.addHandler(manager)
            try pipeline.addHandler(ending)
            // The channel became active before its handshake: without this no timer runs before the first request has ended.
            if channel.isActive { manager.channelActive(context: try pipeline.context(handler: manager)) }
            return Value(streams: streams, channel: channel)
        }
    }

    private func setUp(_ stream: any Channel, _ logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        stream.eventLoop.makeCompletedFuture {
            let pipeline = stream.pipeline.syncOperations
            let configuration = configuration.streamConfiguration
            try pipeline.addHandler(HTTP2FramePayloadToHTTPServerCodec())
            try pipeline.addHandlers(configuration.additionalChannelHandlers())
            try pipeline.addHandler(
                HTTPConnectionStateHandler(idleTimeout: configuration.idleTimeout.map { Duration($0) }, logger: logger)
            )
            return try HTTP1Channel.Value(wrappingChannelSynchronously: stream)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in value.streams.inbound {
                    group.addTask { await responding.handle(value: stream, logger: logger) }
                }
            }
        } catch {
            logger.debug("A connection of HTTP/2 has failed: \(error)")
        }
    }
}
