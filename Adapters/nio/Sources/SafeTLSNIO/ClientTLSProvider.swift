// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS
public import TLSCertificates

/// Enables TLS in a `NIOClientTCPBootstrap`, for programs that take their TLS from whoever calls them.
///
/// ```swift
/// let tls = SafeTLSClientProvider<ClientBootstrap>(configuration: configuration, serverName: name)
/// let bootstrap = NIOClientTCPBootstrap(ClientBootstrap(group: group), tls: tls).enableTLS()
/// ```
public struct SafeTLSClientProvider<Bootstrap: NIOClientTCPBootstrapProtocol>: NIOClientTLSProvider, Sendable {
    private let configuration: ClientConfiguration
    private let serverName: ServerName
    private let options: ClientHandlerOptions

    /// Creates a provider of connections to one server.
    ///
    /// - Parameters:
    ///   - configuration: The trust anchors and options.
    ///   - serverName: The name or address that the server's certificate must be valid for.
    ///   - options: How each connection is treated.
    public init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) {
        self.configuration = configuration
        self.serverName = serverName
        self.options = options
    }

    /// Puts a TLS handler in front of what the bootstrap's connections have.
    public func enableTLS(_ bootstrap: Bootstrap) -> Bootstrap {
        bootstrap.protocolHandlers { [configuration, serverName, options] in
            do throws(TLSError) {
                return [
                    try SafeTLSClientHandler(configuration: configuration, serverName: serverName, options: options)
                ]
            } catch {
                return [RefusingHandler(error)]
            }
        }
    }
}

/// Stands in for a TLS handler that could not be made: nothing passes, and the connection ends with the reason.
private final class RefusingHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let reason: TLSError

    init(_ reason: TLSError) { self.reason = reason }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.fireErrorCaught(reason)
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) { promise?.fail(reason) }
}
