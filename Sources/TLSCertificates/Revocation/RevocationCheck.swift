// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// Looks a certificate up in the lists of its issuer (RFC 5280 §6.3), as a policy says.
///
/// Only lists signed with the key on the path are used. RFC 5280 §6.3.3 (f) would allow another key of the same name;
/// then there would be a second path to build, and two answers to who the issuer is.
struct RevocationCheck {
    let policy: RevocationPolicy
    let time: Int64

    typealias Reason = CertificateRejection.Reason

    /// The check has used up what a limit allows.
    enum OutOfWork: Error {
        case signatures
        case nameComparisons
    }

    /// What a path may still cost.
    struct Budget {
        var signatures: SignatureBudget
        var nameComparisons: Int
    }

    /// What the lists say against a certificate on a valid path, below its issuer.
    func objection(
        to certificate: Certificate,
        issuedBy issuer: Certificate,
        budget: inout Budget
    ) throws(OutOfWork) -> Reason? {
        var verified: [CertificateRevocationList] = []
        var isCovered = false
        var expiry: Int64?
        var flaw: String?
        let points = DistributionPoints(of: certificate)
        for list in policy.lists.lists(of: certificate.issuer) {
            // A newer list takes the place of all older ones: a certificate may have come off hold.
            guard !verified.contains(where: { $0.hasSameScope(as: list) }) else { continue }
            let coverage = try list.coverage(of: certificate, points, &budget)
            guard coverage != .none, !list.isSignedWithOtherKey(than: issuer) else { continue }
            if let words = try list.flaw(issuer: issuer, time: time, &budget) {
                flaw = flaw ?? words
                continue
            }
            verified.append(list)
            if let entry = list.entry(for: certificate) {
                return .revoked(reason: entry.reason, date: entry.revocationDate)
            }
            // What revokes for some reasons clears of none of the others.
            guard coverage == .full else { continue }
            if list.nextUpdate < time {
                expiry = max(expiry ?? list.nextUpdate, list.nextUpdate)
            } else {
                isCovered = true
            }
        }
        if isCovered { return nil }
        if let expiry {
            return policy.expiredLists == .accept ? nil : .revocationListExpired(nextUpdate: expiry, now: time)
        }
        if let flaw { return .revocationListInvalid(flaw) }
        if policy.unknownStatus == .accept { return nil }
        return .revocationStatusUnknown(issuer: certificate.issuer.description.shortened(to: 200))
    }
}

/// The distribution points of a certificate, read when there are lists to compare them with.
struct DistributionPoints {
    private let der: [UInt8]
    private let points: [DistributionPoint]

    init(of certificate: Certificate) {
        let der = certificate.der
        self.der = der
        guard let range = certificate.storage.fields.extensions.distributionPoints else {
            points = []
            return
        }
        // What is malformed matches no list: without lists, nobody has looked at it so far.
        points = (try? DistributionPoint.points(der.span, in: range)) ?? []
    }

    /// How a list that is found under these names covers the certificate.
    ///
    /// A distribution point without a name is one of an indirect list, as is one with another issuer.
    func coverage(
        by names: [Range<Int>],
        in list: Span<UInt8>,
        _ budget: inout RevocationCheck.Budget
    ) throws(RevocationCheck.OutOfWork) -> CertificateRevocationList.Coverage {
        var result = CertificateRevocationList.Coverage.none
        let bytes = der.span
        for point in points where !point.hasOtherIssuer {
            for name in point.names ?? [] {
                for other in names {
                    let cost = 1 + min(name.count, other.count) / 64
                    guard budget.nameComparisons >= cost else { throw .nameComparisons }
                    budget.nameComparisons -= cost
                    guard isEqual(bytes.extracting(name), list.extracting(other)) else { continue }
                    if !point.isForSomeReasons { return .full }
                    result = .someReasons
                }
            }
        }
        return result
    }
}

extension CertificateRevocationList {
    /// What a list tells about a certificate that it doesn't have.
    enum Coverage {
        /// Nothing: it is about other certificates.
        case none
        /// That it isn't revoked for some of the possible reasons.
        case someReasons
        /// That it isn't revoked.
        case full
    }

    /// Whether this list of the certificate's issuer is about the certificate (RFC 5280 §6.3.3 (b)).
    func coverage(
        of certificate: Certificate,
        _ points: DistributionPoints,
        _ budget: inout RevocationCheck.Budget
    ) throws(RevocationCheck.OutOfWork) -> Coverage {
        let extensions = storage.fields.extensions
        if extensions.onlyContainsUserCertificates, certificate.isCertificateAuthority { return .none }
        if extensions.onlyContainsAuthorityCertificates, !certificate.isCertificateAuthority { return .none }
        guard let names = extensions.distributionPointNames else { return .full }
        let der = storage.der
        return try points.coverage(by: names, in: der.span, &budget)
    }

    /// Whether the key identifiers say that another key of the issuer has signed: then the list isn't broken, but useless.
    func isSignedWithOtherKey(than issuer: Certificate) -> Bool {
        guard let wanted = authorityKeyIdentifier, let identifier = issuer.subjectKeyIdentifier else { return false }
        return wanted != identifier
    }

    func entry(for certificate: Certificate) -> Entry? {
        let der = certificate.der
        return entry(forSerialNumber: der.span.extracting(certificate.storage.fields.serialNumber))
    }

    /// Why the list cannot be believed, nil if it can.
    func flaw(
        issuer: Certificate,
        time: Int64,
        _ budget: inout RevocationCheck.Budget
    ) throws(RevocationCheck.OutOfWork) -> String? {
        let name = "the revocation list of “\(issuer)”"
        guard thisUpdate <= time else {
            return "\(name) is not valid before \(CertificateTime.describe(thisUpdate))"
                + "; it is now \(CertificateTime.describe(time))"
        }
        // RFC 5280 §6.3.3 (f).
        if let usage = issuer.keyUsage, !usage.contains(.crlSign) {
            return "\(name) is signed by an issuer whose key usage is without cRLSign"
        }
        let algorithm: SignatureAlgorithm
        switch storage.fields.signatureAlgorithm {
        case .unsupported(let words): return "\(name) is signed with \(words), which is not accepted"
        case .supported(let supported): algorithm = supported
        }
        guard case .success(let info) = issuer.publicKeyInfo, info.isFit(for: algorithm),
            let key = try? issuer.usableKey()
        else { return "\(name) is signed with an algorithm that is not one of its issuer’s key" }
        let isValid = try isSigned(with: key, info, issuer.subjectPublicKeyInfo, algorithm, &budget)
        return isValid ? nil : "\(name) has a signature that was not made with the issuer’s key"
    }

    /// Whether the signature was made with this key, which is only found out once: a list can have megabytes.
    private func isSigned(
        with key: PublicKey,
        _ info: SubjectPublicKeyInfo,
        _ keyInfo: [UInt8],
        _ algorithm: SignatureAlgorithm,
        _ budget: inout RevocationCheck.Budget
    ) throws(RevocationCheck.OutOfWork) -> Bool {
        if let verdict = storage.verdicts.withLock({ $0.first { $0.key == keyInfo } }) { return verdict.isValid }
        do throws(SignatureBudget.Exhausted) {
            // A list's length doesn't count: it isn't the peer's, and is hashed once.
            try budget.signatures.spend(on: info, messageLength: 0)
        } catch {
            throw .signatures
        }
        let der = storage.der
        let bytes = der.span
        var isValid = true
        do throws(CryptoError) {
            try key.verify(
                signature: bytes.extracting(storage.fields.signature),
                message: bytes.extracting(storage.fields.signedPart),
                algorithm: algorithm
            )
        } catch {
            isValid = false
            // Other errors than a wrong signature may pass.
            guard error == .invalidSignature else { return false }
        }
        let verdict = SignatureVerdict(key: keyInfo, isValid: isValid)
        storage.verdicts.withLock { verdicts in
            // An issuer has one key, or a few while it changes them.
            if verdicts.count == 8 { verdicts.removeFirst() }
            verdicts.append(verdict)
        }
        return isValid
    }
}
