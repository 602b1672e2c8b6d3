// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A peer's certificates as they were sent, parsed, not yet believed. Never empty.
struct PeerChain {
    let certificates: [Certificate]
    let leaf: Certificate
    /// What was sent together with the peer's certificate.
    var staple: CertificateStaple
    /// Whether nothing of the certificates is judged but by a judge of the application's, see
    /// ``ClientOptions/readsCertificatesLeniently``.
    let isLenient: Bool

    /// Parses the certificates of a message, as far as the verifier does not know them.
    ///
    /// - Parameter name: The name that the peer was asked for; nil for a client.
    init(
        _ message: borrowing CertificateMessage,
        for verifier: CertificateVerifier,
        name: ServerName?,
        isLenient: Bool = false
    ) throws(TLSError) {
        self.isLenient = isLenient
        guard message.count <= TLSLimits.certificateChainLength else {
            throw .peerMisbehaved(.tooMany("certificates"))
        }
        var certificates: [Certificate] = []
        certificates.reserveCapacity(message.count)
        staple = CertificateStaple()
        var entries = message.makeIterator()
        while let entry = entries.next() {
            if certificates.isEmpty {
                if let span = entry.ocspResponse {
                    let response: [UInt8] = copyBytes(span)
                    staple.ocspResponse = response
                }
                if let span = entry.signedCertificateTimestamps {
                    let timestamps: [UInt8] = copyBytes(span)
                    staple.signedCertificateTimestamps = timestamps
                }
            }
            do throws(CertificateError) {
                if isLenient {
                    let der: [UInt8] = copyBytes(entry.certificate)
                    certificates.append(try Certificate(lenientlyReading: der))
                } else {
                    let role = certificates.isEmpty ? CertificateRole.leaf(name) : .issuer
                    certificates.append(try verifier.certificate(entry.certificate, as: role))
                }
            } catch {
                throw .malformed(
                    MalformedInput(
                        what: "certificate (number \(certificates.count + 1) of the chain)",
                        why: error.reason,
                        alert: .badCertificate
                    )
                )
            }
        }
        guard let leaf = certificates.first else { throw .peerMisbehaved(.noServerCertificate) }
        self.certificates = certificates
        self.leaf = leaf
    }
}

extension PeerChain {
    /// A signature is verified before the certificate is: keys that no verifier takes must not make it costly.
    fileprivate func checkLength(of key: PublicKey) throws(TLSError) {
        guard !isLenient else { return }
        switch key.kind {
        case .rsa(let bits), .rsaPSS(let bits):
            guard bits > KeyLimits.longestTrustedRSABits else { return }
            throw .malformed(
                MalformedInput(
                    what: "certificate",
                    why: "an RSA key of \(bits) bits is longer than the limit",
                    alert: .unsupportedCertificate
                )
            )
        case .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519, .mlDSA: return
        }
    }
}

/// The proof that the peer holds the private key of its certificate. Only the check can make one.
struct HandshakeSignatureVerified {
    let scheme: SignatureScheme

    /// Verifies the signature of a CertificateVerify message (RFC 9846 §4.5.2, RFC 5246 §7.4.8).
    init(
        certificateVerify message: [UInt8],
        content: [UInt8],
        chain: PeerChain,
        version: ProtocolVersion,
        accepted: [SignatureScheme]
    ) throws(TLSError) {
        let signed: DigitallySigned
        do throws(DecodeError) {
            signed = try DigitallySigned(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .certificateVerify)
        }
        try self.init(signed, content: content.span, chain: chain, version: version, accepted: accepted)
    }

    /// Verifies a handshake signature (RFC 9846 §4.5.2, RFC 5246 §7.4.3).
    init(
        _ signed: borrowing DigitallySigned,
        content: Span<UInt8>,
        chain: PeerChain,
        version: ProtocolVersion,
        accepted: [SignatureScheme]
    ) throws(TLSError) {
        let scheme = signed.scheme
        guard accepted.contains(scheme), let algorithm = scheme.algorithm else {
            throw .peerMisbehaved(.illegalParameter("the signature scheme \(scheme), which was not offered"))
        }
        // RFC 9846 §4.5.1.2, RFC 5246 §7.4.2: keys that sign the handshake must be meant for signatures.
        if !chain.isLenient, let usage = chain.leaf.keyUsage, !usage.contains(.digitalSignature) {
            throw .certificateRejected(
                CertificateRejection(
                    certificate: chain.leaf.description,
                    depth: 0,
                    reason: .keyUsage(required: "digitalSignature")
                )
            )
        }
        let key: PublicKey
        do throws(CertificateError) {
            key = try chain.leaf.publicKey()
        } catch {
            // draft-ietf-tls-mldsa: a key of the wrong length is a signature that does not verify.
            if case .mlDSA(let set) = algorithm, chain.leaf.publicKeyKind == .mlDSA(set) {
                throw .peerMisbehaved(.badHandshakeSignature)
            }
            throw .malformed(
                MalformedInput(what: "certificate", why: error.reason, alert: .unsupportedCertificate)
            )
        }
        try chain.checkLength(of: key)
        guard scheme.isUsable(with: key.kind, in: version) else {
            throw .peerMisbehaved(.illegalParameter("the signature scheme \(scheme), which does not fit its key"))
        }
        do throws(CryptoError) {
            try key.verify(signature: signed.signature, message: content, algorithm: algorithm)
        } catch {
            throw TLSError(error)
        }
        self.scheme = scheme
    }
}

/// The proof that the peer's certificate is good and its own. Only a signature check and a verdict together make one.
struct PeerAuthenticated {
    let certificates: PeerCertificates
    /// Nil when an earlier session was resumed.
    let scheme: SignatureScheme?

    /// The peer of a session that both sides resume: knowing its secret proves that the peer is the same.
    init(resuming session: ResumableSession) {
        certificates = session.server
        scheme = nil
    }

    /// A server that took a pre-shared key. Its Finished proves that it knows the key.
    init(sharing key: OfferedKey) {
        switch key {
        case .session(let session): self.init(resuming: session)
        case .external: self = .anonymous
        }
    }

    /// The client of a session that a server resumes. Its chain was verified again when the session was read.
    init(resuming session: borrowing SessionState) {
        certificates = session.client
        scheme = nil
    }

    /// The peer of a handshake in which nobody had to prove anything: a client that shows no certificate.
    static let anonymous = PeerAuthenticated()

    private init() {
        certificates = .none
        scheme = nil
    }

    init(_ verdict: Verdict, chain: PeerChain, proof: HandshakeSignatureVerified) throws(TLSError) {
        switch verdict {
        case .rejected(let rejection): throw .certificateRejected(rejection)
        case .accepted(let path):
            certificates = PeerCertificates(sent: chain.certificates, verifiedPath: path, staple: chain.staple)
            scheme = proof.scheme
        }
    }
}

extension VerificationRequest {
    /// A judge that only looks at the chain: what tests put in the verifier's place.
    static func judge(
        ofChains judge: (@Sendable ([Certificate]) -> Verdict)?
    ) -> (@Sendable (VerificationRequest) -> Verdict)? {
        guard let judge else { return nil }
        return { request in judge(request.certificateChain) }
    }

    /// The built-in answer as a verdict: that of the configuration's judge, or else what ``verify()`` says.
    public func verdict() -> Verdict {
        if let judge {
            // Asked by a judge, it gives the verdict that there would be without one.
            var request = self
            request.judge = nil
            return judge(request)
        }
        do throws(CertificateRejection) {
            return .accepted(path: try verify())
        } catch {
            return .rejected(error)
        }
    }
}
