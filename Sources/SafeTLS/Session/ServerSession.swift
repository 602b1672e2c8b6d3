// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// The server side of one connection.
///
/// ```swift
/// var session = ServerSession(configuration: configuration)
/// let received = try session.receive(&buffer)          // ciphertext in, plaintext out
/// let sealed = try session.seal(answer, into: &output) // plaintext in, ciphertext out
/// ```
public struct ServerSession: ~Copyable, Sendable {
    var engine: Engine<ServerHandshake>

    /// Creates a session that waits for a ClientHello.
    ///
    /// - Parameters:
    ///   - configuration: Used unless a deferred ClientHello is answered with another one.
    ///   - deferring: The steps that the driver answers itself; none by default.
    public init(configuration: ServerConfiguration, deferring: DeferredRequests = []) {
        self.init(configuration: configuration, deferring: deferring, channel: Channel())
    }

    /// The same with records of at most `fragmentLength` bytes of content.
    package init(configuration: ServerConfiguration, deferring: DeferredRequests, fragmentLength: Int) {
        self.init(
            configuration: configuration,
            deferring: deferring,
            channel: Channel(fragmentLength: fragmentLength)
        )
    }

    /// The same over a record layer whose limits may be others than usual.
    init(configuration: ServerConfiguration, deferring: DeferredRequests = [], channel: consuming Channel) {
        var channel = channel
        channel.observer = configuration.options.messageObserver
        // The first ClientHello may be a second one, in front of which 0-RTT data of the first arrive (§4.3.10).
        if configuration.options.sendsRetryCookie { channel.early.startSkipping() }
        engine = Engine(
            .expectClientHello(ExpectClientHello(configuration: configuration, deferring: deferring)),
            channel: channel
        )
    }

    /// What the session waits for, when a step was deferred.
    public var request: ServerRequest? { engine.request }

    /// Answers ``ServerRequest/clientHello(_:)``.
    ///
    /// - Parameters:
    ///   - configuration: The configuration for this client.
    ///   - applicationProtocol: The answer to ALPN.
    /// - Throws: `TLSError` when the handshake fails with it, `TLSError.misuse` when no ClientHello waits.
    public mutating func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer = .automatic
    ) throws(TLSError) {
        // Checked before the state is consumed: misuse does not end a session.
        guard case .clientHello = engine.request else { throw engine.failure ?? .misuse(.noSuchRequest) }
        try engine.answer { handshake, channel throws(TLSError) in
            try handshake.answer(
                configuration: configuration,
                applicationProtocol: applicationProtocol,
                channel: &channel
            )
        }
    }

    /// Answers ``ServerRequest/signature(_:)`` with a signature over the request's message.
    ///
    /// - Throws: `TLSError` when the handshake fails with it, `TLSError.misuse` when no signature is waited for, or this one is
    ///   not one of the ``SigningKey`` that it should be of.
    public mutating func answer(signature: [UInt8]) throws(TLSError) {
        guard case .signature(let request) = engine.request else {
            throw engine.failure ?? .misuse(.noSuchRequest)
        }
        try request.check(signature)
        try engine.answer { handshake, channel throws(TLSError) in
            try handshake.answer(signature: signature, channel: &channel)
        }
    }

    /// Answers ``ServerRequest/verifyPeer(_:)``.
    ///
    /// A chain can be accepted with an empty path: then it was not verified, which ``verifiedPath`` tells.
    ///
    /// - Parameters:
    ///   - verdict: Whether the client is accepted.
    ///   - isResumable: Whether the client gets a session, to come back with. Nobody asks the driver about it then: the
    ///     built-in verdict alone counts, which verifies the chain again and refuses the session of one that it does not
    ///     accept.
    /// - Throws: `TLSError.certificateRejected` when the verdict is a rejection, `TLSError` when the handshake fails
    ///   later, `TLSError.misuse` when no verdict is waited for.
    public mutating func answer(verification verdict: Verdict, isResumable: Bool) throws(TLSError) {
        guard case .verifyPeer = engine.request else { throw engine.failure ?? .misuse(.noSuchRequest) }
        try engine.answer { handshake, _ throws(TLSError) in
            try handshake.answer(verification: verdict, isResumable: isResumable)
        } connected: { connected, _ throws(TLSError) in
            try connected.answer(verification: verdict)
        }
    }

    /// The same for a client that gets no session to come back with.
    public mutating func answer(verification verdict: Verdict) throws(TLSError) {
        try answer(verification: verdict, isResumable: false)
    }

    /// Asks the client for a certificate when the handshake is complete (RFC 9846 §4.7.2). Send the pending output, then
    /// receive as usual: data may come before the answer.
    ///
    /// When ``isClientCertificatePending`` is false again, ``peerCertificates`` has the client's chain; it is empty when the
    /// client has none, or declines, and the authenticator's mode is `optional`. Session tickets that were given before
    /// do not stand for the certificate.
    ///
    /// - Throws: `TLSError.misuse` when the connection is not of TLS 1.3, the client does not offer this, or another
    ///   request is under way.
    public mutating func requestClientCertificate(_ authenticator: ClientAuthenticator) throws(TLSError) {
        try engine.requestClientCertificate(authenticator)
    }

    /// Whether the client was asked for a certificate after the handshake and has not answered.
    public var isClientCertificatePending: Bool { engine.isAuthenticating }

    /// Whether the client offers to be asked for a certificate after the handshake, and may be: one with an external key may
    /// not (RFC 9846 §4.4.2).
    public var offersPostHandshakeAuthentication: Bool { engine.mayAuthenticate }

    /// The path that was verified, from the client's certificate to the trust anchor; empty without a certificate.
    public var verifiedPath: [Certificate] { engine.peerCertificates.verifiedPath }

    /// What ``TLSSession/negotiated`` will be when the handshake is complete, while 0-RTT data are taken and answered; nil
    /// when none are. Until then whoever recorded the ClientHello may have sent it.
    public var earlyNegotiated: NegotiatedParameters? { engine.earlyNegotiated }

    /// Ends the session with an alert of the driver's choice, for instance when no configuration fits the client.
    ///
    /// `generalError` is the one for which there is no better alert, or that is not to tell the peer what happened (RFC 9846
    /// §6.2). `userCanceled` is followed by close_notify (§6.1).
    public mutating func reject(_ alert: AlertDescription, reason: String) {
        engine.fail(.refused(alert: alert, reason: reason))
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension ServerSession: TLSSession {
    public mutating func receive(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received {
        try engine.receive(&buffer)
    }

    public mutating func receive(
        _ input: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Received {
        try engine.receive(input, into: &output)
    }

    public mutating func endOfInput() throws(TLSError) { try engine.endOfInput() }

    public var pendingOutputCount: Int { engine.channel.output.count }

    public var pendingOutput: Span<UInt8> {
        @_lifetime(borrow self)
        get { engine.channel.output.pending }
    }

    public mutating func discardOutput(_ count: Int) { engine.discardOutput(count) }

    public mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        try engine.seal(plaintext, into: &output)
    }

    public func sealedByteCount(for plaintextCount: Int) -> Int {
        engine.sealedByteCount(for: plaintextCount)
    }

    public mutating func close() { engine.close() }

    public var isHandshaking: Bool { engine.isHandshaking }

    public var isPeerClosed: Bool { engine.isPeerClosed }

    public var isClosed: Bool { engine.isClosed }

    public var failure: TLSError? { engine.failure }

    public var negotiated: NegotiatedParameters? { engine.negotiated }

    public var peerCertificates: [Certificate] { engine.peerCertificates.sent }

    public var earlyData: EarlyDataStatus { engine.channel.early.status }

    public func exportEarlyKeyingMaterial(
        label: String,
        context: [UInt8]?,
        count: Int
    ) throws(TLSError) -> [UInt8] {
        try engine.exportEarlyKeyingMaterial(label: label, context: context, count: count)
    }

    public mutating func updateKeys(requestingPeer: Bool) throws(TLSError) {
        try engine.updateKeys(requestingPeer: requestingPeer)
    }

    public func exportKeyingMaterial(
        label: String,
        context: [UInt8]?,
        count: Int
    ) throws(TLSError) -> [UInt8] {
        try engine.exportKeyingMaterial(label: label, context: context, count: count)
    }
}
