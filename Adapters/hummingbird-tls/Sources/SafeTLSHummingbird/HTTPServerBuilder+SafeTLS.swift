// SPDX-License-Identifier: Apache-2.0

public import HummingbirdCore
public import SafeTLSNIO

extension HTTPServerBuilder {
    /// Builds a server of HTTP/1.1 over TLS.
    ///
    /// ```swift
    /// let application = try Application(router: router, server: .tls(tlsConfiguration: configuration))
    /// ```
    ///
    /// - Parameters:
    ///   - http1: How HTTP/1.1 is spoken.
    ///   - tlsConfiguration: A `ServerConfiguration`, or where to have it from for each connection.
    ///   - options: How TLS treats each connection.
    ///   - shutdownTimeout: How long a graceful shutdown waits for a connection, see ``TLSChannel``.
    /// - Throws: `ConfigurationError`, if the configuration cannot be made with the protocols of HTTP/1.1 alone.
    public static func tls(
        http1: HTTP1Channel.Configuration = HTTP1Channel.Configuration(),
        tlsConfiguration: some ServerConfigurationSource,
        options: ServerHandlerOptions = ServerHandlerOptions(),
        shutdownTimeout: Duration? = .seconds(30)
    ) throws -> HTTPServerBuilder {
        let source = HTTPProtocolSource(tlsConfiguration, for: .http1)
        _ = try source.make()
        return HTTPServerBuilder { responder in
            TLSChannel(
                HTTP1Channel(responder: responder, configuration: http1),
                tlsConfiguration: source,
                options: options,
                shutdownTimeout: shutdownTimeout
            )
        }
    }

    /// Builds a server over TLS of HTTP/2, and of HTTP/1.1 for clients that do not ask for HTTP/2 by ALPN.
    ///
    /// ```swift
    /// let application = try Application(router: router, server: .http2Upgrade(tlsConfiguration: configuration))
    /// ```
    ///
    /// - Parameters:
    ///   - tlsConfiguration: A `ServerConfiguration`, or where to have it from for each connection. One without application
    ///     protocols gets `h2` and `http/1.1`.
    ///   - configuration: How HTTP is spoken.
    ///   - options: How TLS treats each connection. Configurations that `chooseConfiguration` chooses need their application
    ///     protocols themselves: clients of one without get HTTP/1.1. 0-RTT data are read when the handshake is complete in any
    ///     case.
    /// - Throws: `ConfigurationError`, if the configuration cannot be made with these protocols.
    public static func http2Upgrade(
        tlsConfiguration: some ServerConfigurationSource,
        configuration: HTTP2ChannelConfiguration = HTTP2ChannelConfiguration(),
        options: ServerHandlerOptions = ServerHandlerOptions()
    ) throws -> HTTPServerBuilder {
        let source = HTTPProtocolSource(tlsConfiguration, for: .http2OrHTTP1)
        _ = try source.make()
        return HTTPServerBuilder { responder in
            HTTP2UpgradeChannel(
                tlsConfiguration: source,
                configuration: configuration,
                options: options,
                responder: responder
            )
        }
    }
}
