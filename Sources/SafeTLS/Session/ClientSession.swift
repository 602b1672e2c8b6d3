// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// The client side of one connection.
public struct ClientSession: ~Copyable, Sendable {
    var engine: Engine<ClientHandshake>

    /// Creates a session. Its ClientHello is the first pending output.
    ///
    /// - Parameters:
    ///   - configuration: The trust anchors and options.
    ///   - serverName: The name or address that the server's certificate must be valid for. A DNS name is also sent
    ///     (RFC 6066 §3).
    ///   - deferring: The steps that the driver answers itself; none by default.
    /// - Throws: `TLSError.internalFailure` when randomness or key generation fails.
    public init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        deferring: DeferredRequests = []
    ) throws(TLSError) {
        try self.init(
            configuration: configuration,
            serverName: serverName,
            deferring: deferring,
            fragmentLength: RecordSize.plaintext
        )
    }

    /// Creates a session with a server that has no name, and tells it none. Its ClientHello is the first pending output.
    ///
    /// A certificate then says who the server is, and something else than a name has to say whether it is the right one. No
    /// session is kept to be resumed.
    ///
    /// - Parameters:
    ///   - configuration: One with a judge, with a pre-shared key that is required, or with
    ///     ``ClientOptions/dangerouslyAcceptsAnyName``.
    ///   - deferring: The steps that the driver answers itself; none by default.
    /// - Throws: `TLSError.misuse` for any other configuration, `TLSError.internalFailure` when randomness or key generation
    ///   fails.
    public init(
        unnamedServerOf configuration: ClientConfiguration,
        deferring: DeferredRequests = []
    ) throws(TLSError) {
        try configuration.checkUnnamed()
        try self.init(configuration: configuration, serverName: nil, deferring: deferring, channel: Channel())
    }

    /// The same with records of at most `fragmentLength` bytes of content.
    package init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        deferring: DeferredRequests,
        fragmentLength: Int
    ) throws(TLSError) {
        try self.init(
            configuration: configuration,
            serverName: serverName,
            deferring: deferring,
            channel: Channel(fragmentLength: fragmentLength)
        )
    }

    /// The same over a record layer whose limits may be others than usual, and perhaps without a name.
    init(
        configuration: ClientConfiguration,
        serverName: ServerName?,
        deferring: DeferredRequests = [],
        channel: consuming Channel
    ) throws(TLSError) {
        var channel = channel
        channel.sending.follow(configuration.options.records)
        channel.observer = configuration.options.messageObserver
        let state = try ExpectServerHello.start(
            configuration: configuration,
            serverName: serverName,
            deferring: deferring,
            channel: &channel
        )
        let earlyExporter = try state.startEarlyData(&channel)
        engine = Engine(.expectServerHello(state), channel: channel, earlyExporter: earlyExporter)
    }

    /// Sends a ClientHello that was written elsewhere: a recorded one, or one with parts of its own.
    init(offer: consuming ClientOffer, hello: [UInt8]) throws(TLSError) {
        var channel = Channel()
        let state = try ExpectServerHello.start(offer: offer, hello: hello, &channel)
        engine = Engine(.expectServerHello(state), channel: channel)
    }

    /// What the session waits for, when a step was deferred.
    public var request: ClientRequest? { engine.request }

    /// Answers ``ClientRequest/verifyPeer(_:)``.
    ///
    /// - Throws: `TLSError.certificateRejected` when the verdict is a rejection, `TLSError` when the handshake fails
    ///   later, `TLSError.misuse` when no verdict is waited for.
    public mutating func answer(verification verdict: Verdict) throws(TLSError) {
        guard case .verifyPeer = engine.request else { throw engine.failure ?? .misuse(.noSuchRequest) }
        try engine.answer { handshake, _ throws(TLSError) in
            try handshake.answer(verification: verdict)
        }
    }

    /// Answers ``ClientRequest/certificate(_:)``.
    ///
    /// - Parameter credential: The certificate to show; nil shows none, and the server decides whether it goes on.
    /// - Throws: `TLSError.misuse` when no certificate is waited for, or this one cannot make a signature that the server
    ///   accepts, which does not end the session; `TLSError` when the handshake fails later.
    public mutating func answer(credential: Credential?) throws(TLSError) {
        guard case .certificate(let request) = engine.request else {
            throw engine.failure ?? .misuse(.noSuchRequest)
        }
        if let credential, credential.signatureScheme(for: request, preferred: SignatureScheme.supported) == nil {
            throw .misuse(.invalidArgument("the certificate's key fits none of the server's signature schemes"))
        }
        let schemes = request.certificateSignatureSchemes ?? request.signatureSchemes
        if let credential, !credential.isPresentable(to: schemes) {
            throw .misuse(.invalidArgument("the certificate has SHA-1 signatures, which the server does not ask for"))
        }
        try engine.answer { handshake, channel throws(TLSError) in
            try handshake.answer(credential: credential, channel: &channel)
        } connected: { connected, channel throws(TLSError) in
            try connected.answer(credential: credential, &channel.flight)
        }
    }

    /// Answers ``ClientRequest/signature(_:)`` with a signature over the request's message.
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
        } connected: { connected, channel throws(TLSError) in
            try connected.answer(signature: signature, &channel.flight)
        }
    }

    /// Writes what is pending, then `plaintext` as 0-RTT data, as far as `output` has room and the server's ticket allows
    /// (RFC 9846 §2.3).
    ///
    /// An attacker can send 0-RTT data to the server again: they must be something that may be carried out twice. When
    /// ``earlyData`` is `rejected` after the handshake, the server has not seen them. Possible until the first answer of
    /// the server is received.
    ///
    /// - Throws: `TLSError.misuse` when no 0-RTT data can be sent: `ClientOptions.offersEarlyData` is off, there is no
    ///   session that allows them, or 2^24 records have been sealed, which is all that their key may (RFC 9846 §5.5).
    public mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        try engine.sealEarlyData(plaintext, into: &output)
    }

    /// How many bytes of 0-RTT data can still be sent; 0 when none can.
    public var earlyDataCapacity: Int { engine.earlyDataCapacity }

    /// Ends the session with an alert of the driver's choice.
    ///
    /// `generalError` is the one for which there is no better alert, or that is not to tell the peer what happened (RFC 9846
    /// §6.2). `userCanceled` is followed by close_notify (§6.1).
    public mutating func reject(_ alert: AlertDescription, reason: String) {
        engine.fail(.refused(alert: alert, reason: reason))
    }

    /// The OCSP response that came with the server's certificate, in DER (RFC 6066 §8); nil without one.
    public var ocspResponse: [UInt8]? { engine.peerCertificates.staple.ocspResponse }

    /// The SignedCertificateTimestampList that came with the server's certificate, with its length in front (RFC 6962
    /// §3.3); nil without one.
    public var signedCertificateTimestamps: [UInt8]? { engine.peerCertificates.staple.signedCertificateTimestamps }

    /// The path that was verified, from the server's certificate to the trust anchor.
    public var verifiedPath: [Certificate] { engine.peerCertificates.verifiedPath }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension ClientSession: TLSSession {
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

extension ClientConfiguration {
    /// Whether something else than a name says that a server is the right one.
    func checkUnnamed() throws(TLSError) {
        guard judge != nil || options.requiresPreSharedKey || options.dangerouslyAcceptsAnyName else {
            throw .misuse(
                .invalidArgument(
                    "without a server's name there has to be a judge, a pre-shared key that is required, or "
                        + "ClientOptions.dangerouslyAcceptsAnyName"
                )
            )
        }
    }
}
