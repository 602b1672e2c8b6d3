// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The rules that concern one certificate at a time (RFC 5280 §6.1.3, §6.1.4), cheap ones before costly ones.
struct CertificateRules {
    let purpose: CertificateVerifier.Purpose
    /// Of which usages a leaf with a key usage needs one.
    var leafKeyUsages = KeyUsage.digitalSignature
    let time: Int64

    typealias Reason = CertificateRejection.Reason

    /// What speaks against this leaf, whoever issued it.
    func objection(toLeaf leaf: Certificate, serverName: ServerName?) -> Reason? {
        if let reason = commonObjection(to: leaf) { return reason }
        // RFC 5280 §4.2.1.10: a leaf that states constraints was meant to be something else.
        if leaf.storage.fields.extensions.nameConstraints != nil, !leaf.isCertificateAuthority {
            return .malformed("it has name constraints and is not a certificate authority’s")
        }
        if let serverName, !leaf.matches(serverName) {
            let presented = leaf.dnsNames + leaf.ipAddresses.map(IPAddress.describe)
            return .wrongName(expected: serverName, presented: presented)
        }
        // The suites of this library let the certificate's key sign; none encrypts to it or agrees on keys with it.
        if let usage = leaf.keyUsage, usage.isDisjoint(with: leafKeyUsages) {
            return .keyUsage(required: "digitalSignature")
        }
        if let usage = leaf.extendedKeyUsage, !usage.contains(requiredPurpose) {
            return .extendedKeyUsage(required: purposeName)
        }
        return keyObjection(to: leaf)
    }

    /// What speaks against this certificate as an issuer.
    ///
    /// - Parameter authoritiesBelow: How many certificates, not self-issued, lie between it and the leaf.
    func objection(toIssuer issuer: Certificate, authoritiesBelow: Int, isAnchor: Bool) -> Reason? {
        if let reason = commonObjection(to: issuer) { return reason }
        // Certificates of versions 1 and 2 cannot say that they are an authority's; whoever trusts one says so.
        if issuer.version != 3 {
            guard isAnchor else {
                return .malformed(
                    "version \(issuer.version) certificates are accepted as trust anchors and leaves only"
                )
            }
        } else {
            guard issuer.isCertificateAuthority else { return .notACertificateAuthority }
        }
        if let limit = issuer.pathLengthConstraint, authoritiesBelow > limit {
            return .pathLengthExceeded(limit: limit)
        }
        if let usage = issuer.keyUsage, !usage.contains(.keyCertSign) {
            return .keyUsage(required: "keyCertSign")
        }
        if let usage = issuer.extendedKeyUsage, usage.isDisjoint(with: [requiredPurpose, .any]) {
            return .extendedKeyUsage(required: purposeName)
        }
        return keyObjection(to: issuer)
    }

    /// What speaks against this certificate as one that an issuer has made for its OCSP responder (RFC 6960 §4.2.2.2).
    func objection(toResponder responder: Certificate, of issuer: Certificate) -> Reason? {
        if let reason = commonObjection(to: responder) { return reason }
        guard responder.extendedKeyUsage?.contains(.ocspSigning) == true else {
            return .extendedKeyUsage(required: "OCSPSigning")
        }
        if let usage = responder.keyUsage, !usage.contains(.digitalSignature) {
            return .keyUsage(required: "digitalSignature")
        }
        if let reason = keyObjection(to: responder) { return reason }
        guard case .success(let key) = issuer.publicKeyInfo else { return .unsupportedKey("its issuer’s is not known") }
        return algorithmObjection(to: responder, issuerKey: key)
    }

    /// What speaks against this certificate of an OCSP responder that the application trusts by itself.
    func objection(toTrustedResponder responder: Certificate) -> Reason? {
        commonObjection(to: responder) ?? keyObjection(to: responder)
    }

    private func commonObjection(to certificate: Certificate) -> Reason? {
        if let flaw = certificate.storage.fields.flaw { return .malformed(flaw) }
        if time > certificate.notAfter { return .expired(notAfter: certificate.notAfter, now: time) }
        if time < certificate.notBefore { return .notYetValid(notBefore: certificate.notBefore, now: time) }
        if let identifier = certificate.unhandledCriticalExtension {
            return .unhandledCriticalExtension(identifier)
        }
        // RFC 5280 §4.1.2.4: the issuer has a name.
        if certificate.issuer.isEmpty { return .malformed("its issuer has no name") }
        return nil
    }

    private func keyObjection(to certificate: Certificate) -> Reason? {
        switch certificate.publicKeyInfo {
        case .failure(let error):
            return .unsupportedKey(error.description)
        case .success(let info):
            switch info.kind {
            case .rsa(let bits), .rsaPSS(let bits):
                if bits < KeyLimits.trustedRSABits { return .weakKey(bits: bits) }
                // Verifying costs the square of the length.
                let most = KeyLimits.longestTrustedRSABits
                return bits > most ? .unsupportedKey("its RSA modulus has more than \(most) bits") : nil
            case .mlDSA(let set):
                if let obstacle = set.obstacle { return .unsupportedKey(obstacle) }
                return signaturesAlone(certificate.keyUsage)
            case .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519: return nil
            }
        }
    }

    /// RFC 9881 §5: an ML-DSA key makes signatures, and nothing else may be said of it.
    private func signaturesAlone(_ usage: KeyUsage?) -> Reason? {
        let others: KeyUsage = [.keyEncipherment, .dataEncipherment, .keyAgreement, .encipherOnly, .decipherOnly]
        guard let usage, !usage.isDisjoint(with: others) else { return nil }
        return .malformed("its key usage has encryption or key agreement, which ML-DSA is not for")
    }

    private var requiredPurpose: ExtendedKeyUsage {
        switch purpose {
        case .serverAuthentication: .serverAuthentication
        case .clientAuthentication: .clientAuthentication
        }
    }

    private var purposeName: String {
        switch purpose {
        case .serverAuthentication: "serverAuth"
        case .clientAuthentication: "clientAuth"
        }
    }
}

// MARK: - Signatures

extension CertificateRules {
    /// What speaks against the signature algorithm of a certificate whose issuer has this key.
    func algorithmObjection(to certificate: Certificate, issuerKey: SubjectPublicKeyInfo) -> Reason? {
        guard certificate.hasConsistentSignatureAlgorithm else {
            return .malformed("the signature algorithm inside differs from the one beside the signature")
        }
        let algorithm: SignatureAlgorithm
        switch certificate.signatureAlgorithmIdentifier {
        case .unsupported(let words): return .unsupportedSignatureAlgorithm(words)
        case .supported(let supported): algorithm = supported
        }
        return issuerKey.isFit(for: algorithm)
            ? nil : .unsupportedSignatureAlgorithm("an algorithm that is not one of its issuer’s key")
    }
}

extension SubjectPublicKeyInfo {
    /// Whether signatures of this algorithm can be made with the key.
    func isFit(for algorithm: SignatureAlgorithm) -> Bool {
        switch (algorithm, kind) {
        case (.rsaPKCS1, .rsa), (.rsaPSS, .rsa), (.ed25519, .ed25519): true
        case (.ecdsa, .ecdsaP256), (.ecdsa, .ecdsaP384), (.ecdsa, .ecdsaP521): true
        case (.mlDSA(let set), .mlDSA(let other)): set == other
        case (.rsaPSS(let hash), .rsaPSS): requiredHash == nil || requiredHash == hash
        default: false
        }
    }
}

extension Certificate {
    /// The parts of the public key, or why it isn't supported.
    var publicKeyInfo: Result<SubjectPublicKeyInfo, DERError> {
        let der = der
        do throws(DERError) {
            return .success(try SubjectPublicKeyInfo(der.span, in: storage.fields.subjectPublicKeyInfo))
        } catch {
            return .failure(error)
        }
    }

    /// The dotted identifier of the first critical extension that isn't processed.
    var unhandledCriticalExtension: String? {
        guard let range = storage.fields.extensions.unhandledCriticalExtension else { return nil }
        let der = der
        return ObjectIdentifier.dotted(der.span.extracting(range))
    }

    /// Whether the signature was made with this key.
    ///
    /// - Throws: `CryptoError` if not, or if the algorithm isn't supported.
    func verifySignature(with key: PublicKey) throws(CryptoError) {
        guard let signatureAlgorithm else { throw .unsupported("signature algorithm") }
        let der = der
        let bytes = der.span
        try key.verify(
            signature: bytes.extracting(storage.fields.signature),
            message: bytes.extracting(storage.fields.signedPart),
            algorithm: signatureAlgorithm
        )
    }
}
