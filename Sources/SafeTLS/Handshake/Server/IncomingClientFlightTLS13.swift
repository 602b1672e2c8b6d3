// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a TLS 1.3 server knows when its own flight is out, until the client's Finished completes the handshake.
struct IncomingClientFlightTLS13: ~Copyable {
    let context: ServerContext
    var negotiated: NegotiatedParameters
    /// All messages so far.
    var transcript: Transcript
    /// The hash of all messages so far.
    var digest: Digest
    var hash: KeyedHash
    /// client_handshake_traffic_secret, for the client's Finished.
    let clientTraffic: TrafficSecret
    let master: MasterSecret
    /// Of the application data; the client's half is in force behind its Finished.
    let secrets: ConnectionSecrets
    /// When the client's session was authenticated first, in UNIX seconds.
    let authenticatedAt: Int64
    /// How many tickets the client gets.
    var ticketCount: Int
    /// Whether the client may be asked for a certificate later (§4.3.6).
    let offersPostHandshakeAuthentication: Bool
    /// The client, as far as it has proved who it is.
    var client: PeerAuthenticated

    /// Adds a message of the client.
    mutating func update(_ message: [UInt8]) throws(TLSError) {
        transcript.update(message)
        digest = try transcript.digest()
    }
}

/// The server asked for a certificate; the client's Certificate comes next (RFC 9846 §4.5.1).
struct ExpectClientCertificateTLS13: ~Copyable {
    let authenticator: ClientAuthenticator
    var flight: IncomingClientFlightTLS13

    init(authenticator: ClientAuthenticator, flight: consuming IncomingClientFlightTLS13) {
        self.authenticator = authenticator
        self.flight = flight
    }

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ServerPhase {
        let compression = flight.context.configuration.certificateCompression
        let chain: PeerChain?
        switch type {
        case .certificate:
            chain = try ClientChain.read(message, for: authenticator, version: .tls13, context: [])
        case .compressedCertificate where !compression.accepted.isEmpty:
            let certificate = try compression.decompress(message)
            chain = try ClientChain.read(certificate, for: authenticator, version: .tls13, context: [])
        default:
            throw .unexpected(type, expected: "Certificate")
        }
        try flight.update(message)
        guard let chain else {
            // §4.5.1.3: a server may go on without.
            guard authenticator.mode == .optional else { throw .peerMisbehaved(.noClientCertificate(.tls13)) }
            return .handshaking(.expectFinishedTLS13(ExpectClientFinishedTLS13(flight: flight)))
        }
        return .handshaking(
            .expectCertificateVerifyTLS13(
                ExpectClientCertificateVerifyTLS13(authenticator: authenticator, chain: chain, flight: flight)
            )
        )
    }
}

/// The proof that the client has its certificate's key comes next (RFC 9846 §4.5.2).
struct ExpectClientCertificateVerifyTLS13: ~Copyable {
    fileprivate let authenticator: ClientAuthenticator
    fileprivate let chain: PeerChain
    fileprivate var flight: IncomingClientFlightTLS13

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ServerPhase {
        guard type == .certificateVerify else { throw .unexpected(type, expected: "CertificateVerify") }
        let proof = try HandshakeSignatureVerified(
            certificateVerify: message,
            content: CertificateVerifyContent.bytes(.client, transcript: flight.digest),
            chain: chain,
            version: .tls13,
            accepted: authenticator.signatureSchemes
        )
        try flight.update(message)
        let request = authenticator.verification(chain.certificates, at: flight.context.options.clock())
        let state = AwaitClientVerdictTLS13(request: request, chain: chain, proof: proof, flight: flight)
        if state.flight.context.deferring.contains(.verification) {
            return .handshaking(.awaitVerdictTLS13(state))
        }
        return try state.answer(request.verdict(), isResumable: true)
    }
}

/// The client has proved that it owns the certificate; whether the certificate is good is being judged.
struct AwaitClientVerdictTLS13: ~Copyable {
    let request: VerificationRequest
    fileprivate let chain: PeerChain
    fileprivate let proof: HandshakeSignatureVerified
    fileprivate var flight: IncomingClientFlightTLS13

    consuming func answer(_ verdict: Verdict, isResumable: Bool) throws(TLSError) -> ServerPhase {
        flight.client = try PeerAuthenticated(verdict, chain: chain, proof: proof)
        flight.negotiated.clientSignatureScheme = proof.scheme
        // What a driver accepted must not pass for a verified chain in another connection, unless it says so.
        if !isResumable || !SessionState.canHold(chain.certificates) { flight.ticketCount = 0 }
        return .handshaking(.expectFinishedTLS13(ExpectClientFinishedTLS13(flight: flight)))
    }
}

/// The client's Finished completes the handshake (RFC 9846 §4.5.3).
struct ExpectClientFinishedTLS13: ~Copyable {
    private var flight: IncomingClientFlightTLS13

    init(flight: consuming IncomingClientFlightTLS13) { self.flight = flight }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        let expected = try flight.clientTraffic.verifyData(transcript: flight.digest, &flight.hash)
        try FinishedCheck.verify(message, expected: expected)
        flight.transcript.update(message)
        try flight.issueTickets(into: &channel.flight)
        var authentication = PostHandshakeAuthentication.none
        // RFC 9846 §4.4.2: who has an external key is not asked for a certificate.
        if flight.offersPostHandshakeAuthentication && flight.negotiated.preSharedKeyIdentity == nil {
            authentication = .server(ServerPostHandshake(context: flight.context, handshake: flight.transcript))
        }
        var secrets = flight.secrets
        try secrets.startReceiving(&channel, &flight.hash)
        if channel.isQUIC { secrets.forgetTraffic() }
        let connected = Connected(
            negotiated: flight.negotiated,
            peer: flight.client.certificates,
            authentication: authentication,
            secrets: secrets
        )
        return .connected(connected)
    }
}
