// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// The server asked for a certificate; the client's Certificate comes next, perhaps without one (RFC 5246 §7.4.6).
struct ExpectClientCertificateTLS12: ~Copyable {
    private let authenticator: ClientAuthenticator
    private var handshake: ServerHandshakeTLS12
    private let key: KeyExchangePrivateKey

    init(
        authenticator: ClientAuthenticator,
        handshake: consuming ServerHandshakeTLS12,
        key: consuming KeyExchangePrivateKey
    ) {
        self.authenticator = authenticator
        self.handshake = handshake
        self.key = key
    }

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ServerPhase {
        guard type == .certificate else { throw .unexpected(type, expected: "Certificate") }
        let chain = try ClientChain.read(message, for: authenticator, version: .tls12, context: [])
        handshake.transcript.update(message)
        if chain == nil {
            guard authenticator.mode == .optional else { throw .peerMisbehaved(.noClientCertificate(.tls12)) }
            handshake.transcript.endRecording()
        }
        return .handshaking(
            .expectClientKeyExchange(ExpectClientKeyExchange(handshake: handshake, key: key, certificates: chain))
        )
    }
}

/// The proof that the client has its certificate's key comes next (RFC 5246 §7.4.8).
struct ExpectClientCertificateVerifyTLS12: ~Copyable {
    private let chain: PeerChain
    /// What the client's signature covers: all messages up to its ClientKeyExchange.
    private let signed: [UInt8]
    private var next: ExpectClientChangeCipherSpec

    init(chain: PeerChain, next: consuming ExpectClientChangeCipherSpec) throws(TLSError) {
        self.chain = chain
        signed = next.handshake.transcript.takeRecording()
        self.next = next
    }

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ServerPhase {
        guard type == .certificateVerify else { throw .unexpected(type, expected: "CertificateVerify") }
        let context = next.handshake.context
        guard let authenticator = context.configuration.clientAuthenticator else {
            throw .internalFailure("a client certificate without client authentication")
        }
        let proof = try HandshakeSignatureVerified(
            certificateVerify: message,
            content: signed,
            chain: chain,
            version: .tls12,
            accepted: authenticator.signatureSchemes
        )
        next.handshake.transcript.update(message)
        let request = authenticator.verification(chain.certificates, at: context.options.clock())
        let state = AwaitClientVerdictTLS12(request: request, chain: chain, proof: proof, next: next)
        if context.deferring.contains(.verification) { return .handshaking(.awaitVerdictTLS12(state)) }
        return try state.answer(request.verdict(), isResumable: true)
    }
}

/// The client has proved that it owns the certificate; whether the certificate is good is being judged.
struct AwaitClientVerdictTLS12: ~Copyable {
    let request: VerificationRequest
    fileprivate let chain: PeerChain
    fileprivate let proof: HandshakeSignatureVerified
    fileprivate var next: ExpectClientChangeCipherSpec

    consuming func answer(_ verdict: Verdict, isResumable: Bool) throws(TLSError) -> ServerPhase {
        next.handshake.client = try PeerAuthenticated(verdict, chain: chain, proof: proof)
        next.handshake.negotiated.clientSignatureScheme = proof.scheme
        // What a driver accepted must not pass for a verified chain in another connection, unless it says so.
        if !isResumable || !SessionState.canHold(chain.certificates) { next.handshake.isResumable = false }
        return .handshaking(.expectChangeCipherSpec(next))
    }
}
