// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS
public import TLSCertificates

/// Speaks TLS with a server: plaintext on the program's side of the pipeline, records on the transport's.
///
/// ```swift
/// let configuration = try ClientConfiguration(trustAnchors: .system())
/// let handler = try SafeTLSClientHandler(configuration: configuration, serverName: "example.org")
/// try channel.pipeline.syncOperations.addHandler(handler)
/// ```
///
/// The server's certificate is always verified, for the name. When the handshake is complete
/// `TLSUserEvent.handshakeCompleted` passes, and `TLSUserEvent.shutdownCompleted` when both sides have closed. Errors are
/// `TLSError`s, ``SafeTLSHandlerError``s, or the channel's own. What is written before the end of the handshake is sent behind it.
public final class SafeTLSClientHandler {
    let driver: ConnectionDriver<ClientSession>

    /// Creates the handler of one connection.
    ///
    /// - Parameters:
    ///   - configuration: The trust anchors and options.
    ///   - serverName: The name or address that the server's certificate must be valid for.
    ///   - options: How the connection is treated.
    /// - Throws: `TLSError.internalFailure` when randomness or key generation fails.
    public init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) throws(TLSError) {
        let session = try ClientSession(
            configuration: configuration,
            serverName: serverName,
            deferring: options.deferring
        )
        driver = ConnectionDriver(session, options)
    }

    /// The same for a server without a name: something else has to say whether it is the right one.
    ///
    /// - Throws: `TLSError.misuse` unless the configuration has a judge, a pre-shared key that is required, or
    ///   `ClientOptions.dangerouslyAcceptsAnyName`.
    public init(
        unnamedServerOf configuration: ClientConfiguration,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) throws(TLSError) {
        driver = ConnectionDriver(
            try ClientSession(unnamedServerOf: configuration, deferring: options.deferring),
            options
        )
    }

    /// The same for a name or address as text.
    ///
    /// - Throws: `TLSError.misuse` when that is neither.
    public convenience init(
        configuration: ClientConfiguration,
        serverName: String,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) throws(TLSError) {
        guard let name = ServerName(serverName) else {
            throw .misuse(.invalidArgument("'\(serverName)' is neither a DNS name nor an address"))
        }
        try self.init(configuration: configuration, serverName: name, options: options)
    }
}

@available(*, unavailable)
extension SafeTLSClientHandler: Sendable {}

// MARK: What is known of the connection

// Called on the channel's event loop.
extension SafeTLSClientHandler {
    /// What was agreed on; nil until the handshake is complete.
    public var negotiated: NegotiatedParameters? { driver.session.negotiated }

    /// The server's chain as it was sent, its own certificate first; empty until the handshake is complete.
    public var peerCertificates: [Certificate] { driver.session.peerCertificates }

    /// The path that was verified, from the server's certificate to the trust anchor.
    public var verifiedPath: [Certificate] { driver.session.verifiedPath }

    /// What became of 0-RTT data (RFC 9846 §2.3).
    public var earlyData: EarlyDataStatus { driver.session.earlyData }

    /// The error that ended the connection.
    public var failure: (any Error)? { driver.failure ?? driver.session.failure }

    /// Derives keying material for a use outside TLS, see `TLSSession.exportKeyingMaterial(label:context:count:)`.
    public func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        try driver.session.exportKeyingMaterial(label: label, context: context, count: count)
    }

    /// Changes the sending keys, see `TLSSession.updateKeys(requestingPeer:)`.
    public func updateKeys(requestingPeer: Bool = false) throws(TLSError) {
        try driver.session.updateKeys(requestingPeer: requestingPeer)
        driver.sendOutput()
    }
}

extension SafeTLSClientHandler: TLSHandler {
    func handshakeResult(on eventLoop: any EventLoop) -> EventLoopFuture<NegotiatedParameters> {
        driver.handshakeResult(on: eventLoop)
    }
}

// MARK: Events

// The protocols document these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension SafeTLSClientHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    public func handlerAdded(context: ChannelHandlerContext) { driver.handlerAdded(context) }

    public func handlerRemoved(context: ChannelHandlerContext) { driver.handlerRemoved() }

    public func channelActive(context: ChannelHandlerContext) { driver.channelActive(context) }

    public func channelInactive(context: ChannelHandlerContext) { driver.channelInactive(context) }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        driver.channelRead(context, unwrapInboundIn(data))
    }

    public func channelReadComplete(context: ChannelHandlerContext) { driver.channelReadComplete(context) }

    public func channelWritabilityChanged(context: ChannelHandlerContext) { driver.channelWritabilityChanged(context) }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed && !driver.inputClosed(context) { return }
        context.fireUserInboundEventTriggered(event)
    }

    public func read(context: ChannelHandlerContext) { driver.read(context) }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        driver.write(context, unwrapOutboundIn(data), promise)
    }

    public func flush(context: ChannelHandlerContext) { driver.flush(context) }

    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        driver.close(context, mode, promise)
    }
}

extension SafeTLSClientHandler: RemovableChannelHandler {
    /// Takes the handler out of the pipeline. An open connection is closed with it: it must not go on in the clear.
    public func removeHandler(context: ChannelHandlerContext, removalToken: ChannelHandlerContext.RemovalToken) {
        driver.leave(context) { context.leavePipeline(removalToken: removalToken) }
    }
}
