// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A response of the online certificate status protocol (RFC 6960 §4.2), as servers staple it to their certificate.
///
/// Parsing checks its form. Whether it is to be believed, and what it says of a certificate, is asked with
/// ``status(of:issuedBy:at:clockSkew:maximumAge:responders:)``.
public struct OCSPResponse: Sendable {
    /// A response of more bytes than this is refused: with a certificate of the responder it has some 2 KiB.
    public static let maximumByteCount = 65_536
    /// More single responses or certificates than this are refused. Responses to staple have one of each.
    static let maximumCount = 16

    /// The encoding.
    public let der: [UInt8]
    let fields: OCSPResponseFields

    /// Parses a DER encoding.
    ///
    /// - Throws: ``CertificateError`` that says which part is wrong, also for a responder's refusal to answer.
    public init(der: [UInt8]) throws(CertificateError) {
        var parser = OCSPResponseParser(der.span)
        do throws(DERError) {
            fields = try parser.parse()
        } catch {
            throw CertificateError("the OCSP response is malformed in \(parser.field): \(error)")
        }
        self.der = der
    }

    /// What a response says of a certificate.
    public enum Status: Hashable, Sendable {
        /// It is not revoked.
        case good
        /// It is revoked; the date is in seconds since 1970.
        case revoked(reason: RevocationReason?, date: Int64)
        /// The response is out of date, or does not know the certificate: the same as no response.
        case unknown
    }

    /// Verifies the response and looks a certificate up in it.
    ///
    /// It has to be signed by the issuer, or by a responder whose certificate the issuer has signed for this purpose
    /// (RFC 6960 §4.2.2.2) and that keeps to the rules for certificates on paths. Verifies one or two signatures, and takes
    /// some milliseconds at most if it is made to take long.
    ///
    /// - Parameters:
    ///   - certificate: The certificate that the response is to be about.
    ///   - issuer: The certificate of its issuer, from a path that was verified.
    ///   - time: The time in UNIX seconds.
    ///   - skew: How far the clocks of responder and caller may differ, in seconds.
    ///   - maximumAge: How old a response may be at most, in seconds; nil: as old as it says it may be.
    ///   - responders: Certificates of responders that are trusted whoever has signed them, within their validity: a local
    ///     configuration of signing authority (RFC 6960 §4.2.2.2).
    /// - Throws: ``CertificateError`` when the response is about other certificates only, or its signature is not right.
    public func status(
        of certificate: Certificate,
        issuedBy issuer: Certificate,
        at time: Int64,
        clockSkew skew: Int64 = 300,
        maximumAge: Int64? = nil,
        responders: [Certificate] = []
    ) throws(CertificateError) -> Status {
        guard let single = try single(for: certificate, issuer) else {
            throw CertificateError("the OCSP response is not about the certificate")
        }
        try verifySignature(issuer, responders, at: time)
        guard single.thisUpdate <= time + skew else { return .unknown }
        guard single.expiry(maximumAge: maximumAge) >= time - skew else { return .unknown }
        return single.status
    }

    /// Until when the part about a certificate is up to date, in UNIX seconds; nil when it is not there. Without nextUpdate
    /// that is an hour.
    ///
    /// - Parameters:
    ///   - certificate: The certificate that the response is to be about.
    ///   - issuer: The certificate of its issuer, from a path that was verified.
    ///   - maximumAge: As for ``status(of:issuedBy:at:clockSkew:maximumAge:responders:)``.
    public func expiry(
        for certificate: Certificate,
        issuedBy issuer: Certificate,
        maximumAge: Int64? = nil
    ) -> Int64? {
        guard let single = try? single(for: certificate, issuer) else { return nil }
        return single.expiry(maximumAge: maximumAge)
    }

    /// What ties the response to a request that had the same (RFC 6960 §4.4.1); nil if there is none.
    public var nonce: [UInt8]? {
        guard let range = fields.nonce else { return nil }
        // RFC 9654 §2.1: an OCTET STRING. Older responders repeat whatever stood in the request.
        var reader = DERReader(der.span, in: range)
        if let element = try? reader.next(DERTag.octetString), reader.isAtEnd { return copy(element.content) }
        return copy(range)
    }

    // MARK: The certificate

    private func single(
        for certificate: Certificate,
        _ issuer: Certificate
    ) throws(CertificateError) -> OCSPSingleResponse? {
        let bytes = der.span
        for single in fields.responses {
            guard let hash = single.hash, isEqual(bytes.extracting(single.serialNumber), certificate.serialNumber.span)
            else { continue }
            let name = certificate.issuer.der
            let key = try issuer.publicKeyBits()
            guard try Self.isHash(bytes.extracting(single.issuerNameHash), of: name, hash),
                try Self.isHash(bytes.extracting(single.issuerKeyHash), of: key, hash)
            else { continue }
            return single
        }
        return nil
    }

    private static func isHash(
        _ expected: Span<UInt8>,
        of value: [UInt8],
        _ algorithm: HashAlgorithm
    ) throws(CertificateError) -> Bool {
        do throws(CryptoError) {
            let digest = try HashState.hash(algorithm, value.span)
            return isEqual(digest.bytes, expected)
        } catch {
            throw CertificateError("a hash of the OCSP response could not be computed")
        }
    }

    // MARK: The signature

    /// What verifying the signatures may cost, in the units of ``CertificateVerifier/Limits/signatureCost``: a responder's
    /// certificate and the response, each with P-521, and some that don't fit.
    private static let signatureCost = 100

    private func verifySignature(
        _ issuer: Certificate,
        _ trusted: [Certificate],
        at time: Int64
    ) throws(CertificateError) {
        let rules = CertificateRules(purpose: .serverAuthentication, time: time)
        var budget = SignatureBudget(Self.signatureCost)
        if isResponder(issuer), try isSigned(by: issuer, &budget) { return }
        for responder in trusted where isResponder(responder) && rules.objection(toTrustedResponder: responder) == nil {
            if try isSigned(by: responder, &budget) { return }
        }
        var objection: CertificateRejection.Reason?
        for range in fields.certificates {
            let responder = try Certificate(der: copy(range))
            guard isResponder(responder), responder.issuer == issuer.subject else { continue }
            // RFC 6960 §4.2.2.2: issued directly by the authority, for this purpose.
            if let reason = rules.objection(toResponder: responder, of: issuer) {
                objection = objection ?? reason
                continue
            }
            guard try responder.isSigned(by: issuer, &budget) else { continue }
            if try isSigned(by: responder, &budget) { return }
        }
        let why = objection.map { ": the responder’s certificate \($0)" } ?? ""
        throw CertificateError("the OCSP response is not signed by the issuer or a responder of its choice\(why)")
    }

    /// Whether the response names this certificate's owner as its author.
    private func isResponder(_ certificate: Certificate) -> Bool {
        let bytes = der.span
        switch fields.responder {
        case .name(let range):
            if isEqual(bytes.extracting(range), certificate.subject.bytes) { return true }
            return (try? DistinguishedName(der: copy(range))) == certificate.subject
        case .key(let range):
            guard let key = try? certificate.publicKeyBits() else { return false }
            return (try? Self.isHash(bytes.extracting(range), of: key, .sha1)) ?? false
        }
    }

    private func isSigned(
        by author: Certificate,
        _ budget: inout SignatureBudget
    ) throws(CertificateError) -> Bool {
        let bytes = der.span
        guard case .supported(let algorithm) = fields.signatureAlgorithm else {
            throw CertificateError("the OCSP response has a signature algorithm that is not accepted")
        }
        return try author.verifies(
            bytes.extracting(fields.signature),
            over: bytes.extracting(fields.signedPart),
            algorithm,
            &budget
        )
    }

    private func copy(_ range: Range<Int>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range.clamped(to: der.indices) { bytes.append(der[index]) }
        return bytes
    }
}

extension Certificate {
    /// The value of the subjectPublicKey BIT STRING, which CertIDs hash (RFC 6960 §4.1.1).
    func publicKeyBits() throws(CertificateError) -> [UInt8] {
        let info = subjectPublicKeyInfo
        do throws(DERError) {
            var outer = DERReader(info.span)
            var reader = outer.reader(in: try outer.nextSequence())
            _ = try reader.nextSequence()
            let bits = try reader.nextOctetAlignedBitString()
            return Array(info[bits])
        } catch {
            throw CertificateError("the issuer's public key is malformed: \(error)")
        }
    }

    /// Whether the certificate is signed with the key of another.
    fileprivate func isSigned(
        by issuer: Certificate,
        _ budget: inout SignatureBudget
    ) throws(CertificateError) -> Bool {
        guard let algorithm = signatureAlgorithm else { return false }
        let bytes = der
        return try issuer.verifies(
            bytes.span.extracting(storage.fields.signature),
            over: bytes.span.extracting(storage.fields.signedPart),
            algorithm,
            &budget
        )
    }

    /// Whether a signature was made with the certificate's key.
    fileprivate func verifies(
        _ signature: Span<UInt8>,
        over message: Span<UInt8>,
        _ algorithm: SignatureAlgorithm,
        _ budget: inout SignatureBudget
    ) throws(CertificateError) -> Bool {
        guard case .success(let info) = publicKeyInfo, info.isFit(for: algorithm) else { return false }
        do throws(SignatureBudget.Exhausted) {
            try budget.spend(on: info, messageLength: message.count)
        } catch {
            throw CertificateError("the OCSP response needs more signatures to be verified than the limit allows")
        }
        guard let key = try? usableKey() else { return false }
        do throws(CryptoError) {
            try key.verify(signature: signature, message: message, algorithm: algorithm)
            return true
        } catch {
            return false
        }
    }
}
