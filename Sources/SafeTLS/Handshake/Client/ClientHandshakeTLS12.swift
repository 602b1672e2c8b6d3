// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What every state of a TLS 1.2 client knows from the ServerHello on.
struct ClientHandshakeTLS12: ~Copyable {
    let offer: ClientOffer
    let cipherSuite: CipherSuite
    /// The hash of transcript and PRF.
    let algorithm: HashAlgorithm
    let randoms: Randoms
    let applicationProtocol: String?
    let usesExtendedMasterSecret: Bool
    /// Whether the server answered status_request: a CertificateStatus may follow its Certificate (RFC 6066 §8).
    let promisesStatus: Bool
    /// The server's SignedCertificateTimestampList (RFC 6962 §3.3.1).
    let signedCertificateTimestamps: [UInt8]?
    /// The ID that the server gives the session; empty when it is not to be resumed by one.
    let sessionID: [UInt8]
    /// Whether the server answered session_ticket.
    let promisesTicket: Bool
    var transcript: Transcript
}

/// The server's Certificate comes next (RFC 5246 §7.4.2).
struct ExpectCertificateTLS12: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS12

    init(handshake: consuming ClientHandshakeTLS12) { self.handshake = handshake }

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ClientPhase {
        guard type == .certificate else { throw .unexpected(type, expected: "Certificate") }
        var chain = try Self.chain(message, handshake.offer)
        chain.staple.signedCertificateTimestamps = handshake.signedCertificateTimestamps
        // RFC 8422 §5.3: the suite names the kind of key. Keys that are not supported fail at the signature.
        if let kind = chain.leaf.publicKeyKind,
            handshake.cipherSuite.authentication != CipherSuite.Authentication(kind)
        {
            throw .peerMisbehaved(.illegalParameter("a certificate whose key does not fit \(handshake.cipherSuite)"))
        }
        // RFC 8422 §5.3: its curve is one that was offered.
        if let curve = chain.leaf.publicKeyKind?.curve, !handshake.offer.options.groups.contains(curve) {
            throw .peerMisbehaved(.illegalParameter("a certificate on the curve \(curve), which was not offered"))
        }
        handshake.transcript.update(message)
        return .handshaking(.expectServerKeyExchange(ExpectServerKeyExchange(handshake: handshake, chain: chain)))
    }

    private static func chain(
        _ message: [UInt8],
        _ offer: borrowing ClientOffer
    ) throws(TLSError) -> PeerChain {
        let received: CertificateMessage
        do throws(DecodeError) {
            received = try CertificateMessage(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength),
                version: .tls12
            )
        } catch {
            throw TLSError(error, in: .certificate)
        }
        return try PeerChain(
            received,
            for: offer.configuration.verifier,
            name: offer.serverName,
            isLenient: offer.configuration.options.readsCertificatesLeniently
        )
    }
}

/// The server's half of the key exchange comes next, signed with the certificate's key (RFC 8422 §5.4).
struct ExpectServerKeyExchange: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS12
    fileprivate var chain: PeerChain

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ClientPhase {
        if type == .certificateStatus, handshake.promisesStatus, chain.staple.ocspResponse == nil {
            chain.staple.ocspResponse = try Self.status(message)
            handshake.transcript.update(message)
            return .handshaking(.expectServerKeyExchange(self))
        }
        guard type == .serverKeyExchange else { throw .unexpected(type, expected: "ServerKeyExchange") }
        let received: ServerKeyExchange
        do throws(DecodeError) {
            received = try ServerKeyExchange(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        let group = received.group
        guard handshake.offer.options.groups.contains(group), !group.isPostQuantum else {
            throw .peerMisbehaved(.illegalParameter("a key of the group \(group), which was not offered"))
        }
        let content = handshake.randoms.signedContent(parameters: received.signedParameters)
        handshake.offer.options.verificationObserver?(handshake.offer.verification(chain))
        let proof = try HandshakeSignatureVerified(
            received.signature,
            content: content.span,
            chain: chain,
            version: .tls12,
            accepted: handshake.offer.options.signatureSchemes
        )
        handshake.transcript.update(message)
        let state = AwaitVerdictTLS12(
            handshake: handshake,
            chain: chain,
            proof: proof,
            share: KeyShare(group: group, publicKey: copyBytes(received.publicKey))
        )
        if state.handshake.offer.deferring.contains(.verification) {
            return .handshaking(.awaitVerdictTLS12(state))
        }
        let verdict = state.request.verdict()
        return try state.answer(verdict)
    }
}

extension ExpectServerKeyExchange {
    /// Reads a CertificateStatus (RFC 6066 §8): it may be missing, though the server announced it.
    fileprivate static func status(_ message: [UInt8]) throws(TLSError) -> [UInt8] {
        do throws(DecodeError) {
            let status = try CertificateStatus(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
            return copyBytes(status.ocspResponse)
        } catch {
            throw TLSError(error, in: .certificateStatus)
        }
    }
}

/// The server has proved that it owns the certificate; whether the certificate is good is being judged.
struct AwaitVerdictTLS12: ~Copyable {
    fileprivate let handshake: ClientHandshakeTLS12
    fileprivate let chain: PeerChain
    fileprivate let proof: HandshakeSignatureVerified
    /// The server's ephemeral key. The signature covers it.
    fileprivate let share: KeyShare

    var request: VerificationRequest {
        handshake.offer.verification(chain)
    }

    consuming func answer(_ verdict: Verdict) throws(TLSError) -> ClientPhase {
        let authenticated = try PeerAuthenticated(verdict, chain: chain, proof: proof)
        return .handshaking(
            .expectServerHelloDone(
                ExpectServerHelloDone(handshake: handshake, server: authenticated, share: share)
            )
        )
    }
}
