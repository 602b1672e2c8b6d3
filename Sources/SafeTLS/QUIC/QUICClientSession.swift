// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// The client side of a QUIC connection's handshake (RFC 9001).
public struct QUICClientSession: ~Copyable, Sendable {
    /// Its records are none: see ``Channel/streams``.
    private var tls: ClientSession

    /// Creates a session. Its ClientHello waits in ``QUICLevel/initial``.
    ///
    /// - Parameters:
    ///   - configuration: The trust anchors and options. TLS 1.3 has to be among its versions, and alone is offered, and it has
    ///     to name application protocols (RFC 9001 §8.1); 0-RTT data, post-handshake authentication and the sizes of records are
    ///     left out. Sessions are kept apart from those of other connections.
    ///   - serverName: The name or address that the server's certificate must be valid for. A DNS name is also sent
    ///     (RFC 6066 §3).
    ///   - transportParameters: What goes into the ClientHello (RFC 9001 §8.2): the extension's content, at most 8,192 bytes.
    ///   - deferring: The steps that the driver answers itself; none by default.
    /// - Throws: `TLSError.misuse` for a configuration without TLS 1.3 or without application protocols, and for parameters that
    ///   are too long; `TLSError.internalFailure` when randomness or key generation fails.
    public init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        transportParameters: [UInt8],
        deferring: DeferredRequests = []
    ) throws(TLSError) {
        tls = try ClientSession(
            configuration: try configuration.forQUIC(),
            serverName: serverName,
            deferring: deferring,
            channel: try QUICStart.channel(transportParameters)
        )
    }

    /// Creates a session with a server that has no name, as ``ClientSession/init(unnamedServerOf:deferring:)`` does.
    ///
    /// - Parameters:
    ///   - configuration: As there, and as above.
    ///   - transportParameters: As above.
    ///   - deferring: The steps that the driver answers itself; none by default.
    /// - Throws: As both.
    public init(
        unnamedServerOf configuration: ClientConfiguration,
        transportParameters: [UInt8],
        deferring: DeferredRequests = []
    ) throws(TLSError) {
        try configuration.checkUnnamed()
        tls = try ClientSession(
            configuration: try configuration.forQUIC(),
            serverName: nil,
            deferring: deferring,
            channel: try QUICStart.channel(transportParameters)
        )
    }

    /// What the session waits for, when a step was deferred.
    public var request: ClientRequest? { tls.request }

    /// Answers ``ClientRequest/verifyPeer(_:)``.
    ///
    /// - Throws: As ``ClientSession/answer(verification:)``.
    public mutating func answer(verification verdict: Verdict) throws(TLSError) {
        try tls.answer(verification: verdict)
    }

    /// Answers ``ClientRequest/certificate(_:)``.
    ///
    /// - Parameter credential: The certificate to show; nil shows none, and the server decides whether it goes on.
    /// - Throws: As ``ClientSession/answer(credential:)``.
    public mutating func answer(credential: Credential?) throws(TLSError) { try tls.answer(credential: credential) }

    /// Answers ``ClientRequest/signature(_:)`` with a signature over the request's message.
    ///
    /// - Throws: As ``ClientSession/answer(signature:)``.
    public mutating func answer(signature: [UInt8]) throws(TLSError) { try tls.answer(signature: signature) }

    /// The OCSP response that came with the server's certificate, in DER (RFC 6066 §8); nil without one.
    public var ocspResponse: [UInt8]? { tls.ocspResponse }

    /// The SignedCertificateTimestampList that came with the server's certificate, with its length in front (RFC 6962
    /// §3.3); nil without one.
    public var signedCertificateTimestamps: [UInt8]? { tls.signedCertificateTimestamps }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension QUICClientSession: QUICSession {
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

    public mutating func answer(_ answer: SessionAnswer) throws(TLSError) { try tls.answer(answer) }

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
