// SPDX-License-Identifier: Apache-2.0

public import HummingbirdCore
public import Logging
public import NIOCore
public import SafeTLSNIO

/// Puts TLS in front of a server's connections, whatever they speak behind it.
///
/// For child channels that `HTTPServerBuilder.tls(http1:tlsConfiguration:options:shutdownTimeout:)` does not build:
///
/// ```swift
/// let server = HTTPServerBuilder { responder in
///     TLSChannel(MyChannel(responder: responder), tlsConfiguration: configuration)
/// }
/// ```
///
/// A graceful shutdown lets each connection finish what it does, but waits no longer than the shutdown's timeout and the
/// `closeTimeout` of the handler's options together: a client that stops in the middle of a request, or that reads a little at a
/// time, does not keep the program alive. A client that has been sent everything gets `closeTimeout` to end its side.
///
/// In front of an `HTTP1Channel` no protocol but HTTP/1.1 is agreed on, whatever the configuration has.
public struct TLSChannel<BaseChannel: ServerChildChannel>: ServerChildChannel {
    // swift-format-ignore: AllPublicDeclarationsHaveDocumentation
    public typealias Value = BaseChannel.Value

    private let base: BaseChannel
    private let source: any ServerConfigurationSource
    private let options: ServerHandlerOptions
    private let shutdownTimeout: Duration?
    private let servesHTTP1: Bool

    /// Puts TLS in front of another child channel.
    ///
    /// - Parameters:
    ///   - base: What is behind TLS.
    ///   - tlsConfiguration: A `ServerConfiguration`, or where to have it from for each connection.
    ///   - options: How TLS treats each connection.
    ///   - shutdownTimeout: How long a graceful shutdown waits for a connection before it closes it, which takes up to
    ///     `closeTimeout` on top; nil for as long as the client likes.
    public init(
        _ base: BaseChannel,
        tlsConfiguration: some ServerConfigurationSource,
        options: ServerHandlerOptions = ServerHandlerOptions(),
        shutdownTimeout: Duration? = .seconds(30)
    ) {
        self.base = base
        servesHTTP1 = base is HTTP1Channel
        source = servesHTTP1 ? HTTPProtocolSource(tlsConfiguration, for: .http1) : tlsConfiguration
        self.options = options
        self.shutdownTimeout = shutdownTimeout
    }

    /// Adds TLS to the connection, and then what is behind it.
    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addTLS(server: source, options: options)
            try pipeline.addHandler(
                ConnectionWatcher(
                    shutdownTimeout: shutdownTimeout,
                    closeTimeout: options.closeTimeout,
                    serving: servesHTTP1 ? HTTPProtocolSource.Service.http1Names : nil,
                    logger: logger
                )
            )
        }
        .flatMap { base.setup(channel: channel, logger: logger) }
    }

    /// Serves the connection.
    public func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

extension TLSChannel: HTTPChannelHandler where BaseChannel: HTTPChannelHandler {
    /// What answers requests.
    public var responder: HTTPChannelHandler.Responder { base.responder }
}
