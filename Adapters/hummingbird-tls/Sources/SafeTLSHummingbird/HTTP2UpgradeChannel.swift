// SPDX-License-Identifier: Apache-2.0

public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP2
import NIOTLS
public import SafeTLSNIO

/// How a server speaks HTTP/2, and HTTP/1.1 where the client does not.
public struct HTTP2ChannelConfiguration: Sendable {
    /// How long a connection may have no request before it is asked to end; nil for as long as the client likes. Default: nil.
    ///
    /// A connection of HTTP/1.1 has nothing to be asked by, and is closed. It takes the `idleTimeout` of ``streamConfiguration``
    /// instead, where there is one.
    public var idleTimeout: Duration?
    /// How long a connection that was asked to end, be it idle, old, or for a graceful shutdown, goes on before it is closed; nil
    /// for as long as the client likes. Default: 30 seconds.
    ///
    /// Closing takes up to the `closeTimeout` of the handler's options on top of it, and no longer.
    public var gracefulCloseTimeout: Duration?
    /// How long a connection may be open before it is asked to end, with HTTP/1.1 behind the request that is being answered; nil
    /// for as long as the client likes. Default: nil.
    public var maxAgeTimeout: Duration?
    /// How requests are read and answered, both those of HTTP/2 streams and those of HTTP/1.1.
    public var streamConfiguration: HTTP1Channel.Configuration

    /// Creates a configuration, see the properties.
    public init(
        idleTimeout: Duration? = nil,
        gracefulCloseTimeout: Duration? = .seconds(30),
        maxAgeTimeout: Duration? = nil,
        streamConfiguration: HTTP1Channel.Configuration = HTTP1Channel.Configuration()
    ) {
        self.idleTimeout = idleTimeout
        self.gracefulCloseTimeout = gracefulCloseTimeout
        self.maxAgeTimeout = maxAgeTimeout
        self.streamConfiguration = streamConfiguration
    }
}

/// Speaks HTTP/2 or HTTP/1.1 over TLS, as the client asks by ALPN. A client that asks for nothing gets HTTP/1.1.
public struct HTTP2UpgradeChannel: HTTPChannelHandler {
    /// A connection, of which it becomes known what it speaks.
    public struct Value: ServerChildChannelValue {
        let version: EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Connection.Value>>
        /// The connection's channel.
        public let channel: any Channel
    }

    private typealias Negotiation = NIOTypedApplicationProtocolNegotiationHandler<
        NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Connection.Value>
    >

    private let source: HTTPProtocolSource
    private let configuration: HTTP2ChannelConfiguration
    private var options: ServerHandlerOptions
    private let http1: HTTP1Channel
    private let http2: HTTP2Connection

    /// Creates the child channel of a server.
    ///
    /// - Parameters:
    ///   - tlsConfiguration: A `ServerConfiguration`, or where to have it from for each connection. One without application
    ///     protocols gets `h2` and `http/1.1`.
    ///   - configuration: How HTTP is spoken.
    ///   - options: How TLS treats each connection. 0-RTT data are read when the handshake is complete in any case.
    ///   - responder: Answers requests.
    public init(
        tlsConfiguration: some ServerConfigurationSource,
        configuration: HTTP2ChannelConfiguration = HTTP2ChannelConfiguration(),
        options: ServerHandlerOptions = ServerHandlerOptions(),
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        source = HTTPProtocolSource(tlsConfiguration, for: .http2OrHTTP1)
        self.configuration = configuration
        self.options = options
        // What would read them is there only when it is known what is spoken.
        self.options.earlyData = .afterHandshake
        var lone = configuration.streamConfiguration
        lone.idleTimeout = lone.idleTimeout ?? configuration.idleTimeout.map { TimeAmount($0) }
        http1 = HTTP1Channel(responder: responder, configuration: lone)
        http2 = HTTP2Connection(responder: responder, configuration: configuration)
    }

    /// What answers requests.
    public var responder: HTTPChannelHandler.Responder { http1.responder }

    /// Adds TLS to the connection; the rest follows when it is negotiated.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addTLS(server: source, options: options)
            let watcher = ConnectionWatcher(
                shutdownTimeout: configuration.gracefulCloseTimeout,
                closeTimeout: options.closeTimeout,
                awaitsHandshake: true,
                logger: logger
            )
            try pipeline.addHandler(watcher)
            let negotiation = Negotiation { result, channel in setUp(result, channel, watcher, logger) }
            try pipeline.addHandler(negotiation)
            return Value(version: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    private func setUp(
        _ result: ALPNResult,
        _ channel: any Channel,
        _ watcher: ConnectionWatcher,
        _ logger: Logger
    ) -> EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, HTTP2Connection.Value>> {
        switch result {
        case .negotiated("h2"): return http2.setUp(channel, watcher, logger).map { .http2($0) }
        case .negotiated("http/1.1"), .fallback:
            if let age = configuration.maxAgeTimeout { watcher.limitAge(age) }
            return http1.setup(channel: channel, logger: logger).map { .http1_1($0) }
        case .negotiated(let name):
            return channel.close().flatMap {
                channel.eventLoop.makeFailedFuture(UnknownProtocol(name: name))
            }
        }
    }

    /// Serves the connection.
    public func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.version.get() {
            case .http1_1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        } catch {
            logger.debug("A connection has ended before it said what it speaks: \(error)")
        }
    }
}

/// A server's configuration agreed on a protocol that is not HTTP.
struct UnknownProtocol: Error, CustomStringConvertible {
    let name: String

    var description: String { "The application protocol '\(name)', which was negotiated, is not served here." }
}
