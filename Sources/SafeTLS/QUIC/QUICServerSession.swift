// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// The server side of a QUIC connection's handshake (RFC 9001).
public struct QUICServerSession: ~Copyable, Sendable {
    /// Its records are none: see ``Channel/streams``.
    private var tls: ServerSession

    /// Creates a session that waits for a ClientHello.
    ///
    /// - Parameters:
    ///   - configuration: Used unless a deferred ClientHello is answered with another one. TLS 1.3 has to be among its versions,
    ///     and alone counts; 0-RTT data, retry cookies and the sizes of records are left out. Tickets are good for QUIC alone.
    ///   - transportParameters: What goes into EncryptedExtensions (RFC 9001 §8.2): the extension's content, at most 8,192
    ///     bytes. A server that derives them from the client's gives them with its answer to the ClientHello.
    ///   - deferring: The steps that the driver answers itself; none by default.
    /// - Throws: `TLSError.misuse` for a configuration without TLS 1.3, or without a certificate for it, and for parameters that
    ///   are too long.
    public init(
        configuration: ServerConfiguration,
        transportParameters: [UInt8],
        deferring: DeferredRequests = []
    ) throws(TLSError) {
        tls = ServerSession(
            configuration: try configuration.forQUIC(),
            deferring: deferring,
            channel: try QUICStart.channel(transportParameters)
        )
    }

    /// What the session waits for, when a step was deferred.
    public var request: ServerRequest? { tls.request }

    /// Answers ``ServerRequest/clientHello(_:)``.
    ///
    /// - Parameters:
    ///   - configuration: The configuration for this client.
    ///   - applicationProtocol: The answer to ALPN. In QUIC there has to be a protocol (RFC 9001 §8.1): without one the
    ///     handshake fails.
    ///   - transportParameters: What goes into EncryptedExtensions; nil for what the session was created with. The client's are
    ///     in ``ClientHelloInfo/quicTransportParameters``.
    /// - Throws: `TLSError` when the handshake fails with it, `TLSError.misuse` when no ClientHello waits, or as the initializer,
    ///   which does not end the session.
    public mutating func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer = .automatic,
        transportParameters: [UInt8]? = nil
    ) throws(TLSError) {
        guard case .clientHello = tls.request else { throw failure ?? .misuse(.noSuchRequest) }
        let configuration = try configuration.forQUIC()
        if let transportParameters {
            try QUICStart.check(transportParameters)
            tls.engine.channel.streams?.localParameters = transportParameters
        }
        try tls.answer(configuration: configuration, applicationProtocol: applicationProtocol)
    }

    /// Answers ``ServerRequest/signature(_:)`` with a signature over the request's message.
    ///
    /// - Throws: As ``ServerSession/answer(signature:)``.
    public mutating func answer(signature: [UInt8]) throws(TLSError) { try tls.answer(signature: signature) }

    /// Answers ``ServerRequest/verifyPeer(_:)``.
    ///
    /// - Parameters:
    ///   - verdict: Whether the client is accepted.
    ///   - isResumable: Whether the client gets a session, to come back with: see
    ///     ``ServerSession/answer(verification:isResumable:)``.
    /// - Throws: `TLSError.certificateRejected` when the verdict is a rejection, `TLSError.misuse` when no verdict is waited for.
    public mutating func answer(verification verdict: Verdict, isResumable: Bool = false) throws(TLSError) {
        try tls.answer(verification: verdict, isResumable: isResumable)
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension QUICServerSession: QUICSession {
    public mutating func receive(_ crypto: Span<UInt8>, at level: QUICLevel) throws(TLSError) {
        try tls.engine.receive(crypto: crypto, at: level)
    }

    var holdsTrafficSecrets: Bool { tls.engine.holdsTrafficSecrets }

    public var receivingLevel: QUICLevel { tls.engine.receivingLevel }

    public mutating func takeSecret() -> QUICSecret? { tls.engine.takeSecret() }

    public func pendingOutputCount(at level: QUICLevel) -> Int { tls.engine.pendingOutputCount(at: level) }

    @_lifetime(borrow self)
    public func pendingOutput(at level: QUICLevel) -> Span<UInt8> { tls.engine.pendingOutput(at: level) }

    public mutating func discardOutput(_ count: Int, at level: QUICLevel) {
        tls.engine.discardOutput(count, at: level)
    }

    public var peerTransportParameters: [UInt8]? { tls.engine.peerTransportParameters }

    public var isHandshaking: Bool { tls.isHandshaking }

    public var isHandshakeComplete: Bool { tls.engine.isConnected }

    public var failure: TLSError? { tls.failure }

    public var pendingRequest: SessionRequest? { tls.pendingRequest }

    public mutating func answer(_ answer: SessionAnswer) throws(TLSError) {
        switch answer {
        case .configuration(let configuration, let applicationProtocol):
            try self.answer(configuration: configuration, applicationProtocol: applicationProtocol)
        default: try tls.answer(answer)
        }
    }

    public mutating func reject(_ alert: AlertDescription, reason: String) { tls.reject(alert, reason: reason) }

    public var negotiated: NegotiatedParameters? { tls.negotiated }

    public var peerCertificates: [Certificate] { tls.peerCertificates }

    public var verifiedPath: [Certificate] { tls.verifiedPath }

    public func exportKeyingMaterial(
        label: String,
        context: [UInt8]?,
        count: Int
    ) throws(TLSError) -> [UInt8] {
        try tls.exportKeyingMaterial(label: label, context: context, count: count)
    }
}
