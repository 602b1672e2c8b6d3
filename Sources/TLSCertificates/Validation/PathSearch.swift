// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Searches a path from a leaf to a trust anchor, depth first and within the limits (RFC 4158 §2).
///
/// A step checks everything about a possible issuer, its signature included, before it goes on from there: what an
/// attacker adds to a chain costs at most the signatures of the budget. Depth, and with it the recursion, is bounded by
/// `Limits.intermediates`.
struct PathSearch {
    private let verifier: CertificateVerifier
    private let rules: CertificateRules
    /// The certificates that were sent behind the leaf, by their subjects.
    private var intermediates: [DistinguishedName: [Certificate]] = [:]
    private var path: [Certificate]
    /// The common name by which the leaf stands for its server, where that is none of its alternative names.
    private let commonName: GeneralName?
    private var signatures: SignatureBudget
    private var policiesLeft: Int
    private var candidatesLeft: Int
    private var nameComparisonsLeft: Int
    private var rejection: CertificateRejection?
    /// The issuer that ``rejection`` is about, if that is what it is about.
    private var unknownIssuer: DistinguishedName?

    init(
        verifier: CertificateVerifier,
        rules: CertificateRules,
        chain: [Certificate],
        leaf: Certificate,
        commonName: GeneralName?
    ) {
        self.verifier = verifier
        self.rules = rules
        self.commonName = commonName
        for certificate in chain.dropFirst() { intermediates[certificate.subject, default: []].append(certificate) }
        path = [leaf]
        signatures = SignatureBudget(verifier.limits.signatureCost)
        policiesLeft = verifier.limits.policies
        candidatesLeft = verifier.limits.candidates
        nameComparisonsLeft = verifier.limits.nameComparisons
    }

    /// The path found, or the most telling reason why there is none.
    mutating func run() throws(CertificateRejection) -> [Certificate] {
        if try extend() { return path }
        let leaf = path[0]
        throw rejection.map(withDifference)
            ?? CertificateRejection(certificate: leaf.description, depth: 0, reason: Self.unknownIssuer(of: leaf))
    }

    /// The path of a leaf that is a trust anchor, which stands above itself as far as policies go.
    mutating func runOnAnchor() throws(CertificateRejection) -> [Certificate] {
        path.append(path[0])
        guard try isValidForPolicies() else {
            throw rejection ?? fatal("the certificate policies could not be followed")
        }
        return [path[0]]
    }

    /// Extends the path from its last certificate to an anchor; the path is unchanged if that fails.
    private mutating func extend() throws(CertificateRejection) -> Bool {
        guard let last = path.last else { return false }
        let depth = path.count
        guard depth - 1 <= verifier.limits.intermediates else {
            note(last, depth: depth - 1, .workLimit("no authority may stand above the certificate"))
            return false
        }
        var hasCandidate = false
        let anchors = verifier.trustAnchors.anchors(named: last.issuer)
        for anchor in ordered(anchors.filter(verifier.isEnd), below: last) {
            hasCandidate = true
            if try accepts(anchor, above: last, isAnchor: true) {
                path.append(anchor)
                if try isValidForPolicies(), try isUnrevoked() { return true }
                path.removeLast()
            }
        }
        let known = anchors.filter { !verifier.isEnd($0) }
        let issuers = (known + (intermediates[last.issuer] ?? [])).filter { !isInPath($0) }
        for issuer in ordered(issuers, below: last) {
            guard depth <= verifier.limits.intermediates else {
                let words = "the path has more than \(verifier.limits.intermediates) intermediate certificates"
                note(last, depth: depth - 1, .workLimit(words))
                return false
            }
            hasCandidate = true
            guard try accepts(issuer, above: last, isAnchor: false) else { continue }
            path.append(issuer)
            if try extend() { return true }
            path.removeLast()
        }
        if !hasCandidate {
            if isMoreTelling(.unknownIssuer, depth - 1) { unknownIssuer = last.issuer }
            note(last, depth: depth - 1, .unknownIssuer, Self.unknownIssuer(of: last))
        }
        return false
    }

    private static func unknownIssuer(of certificate: Certificate) -> CertificateRejection.Reason {
        if certificate.isSelfIssued { return .selfSigned }
        return .unknownIssuer(issuer: certificate.issuer.description.shortened(to: 200))
    }

    /// The rejection, with how the unknown issuer's name differs from another that looks the same.
    private func withDifference(_ rejection: CertificateRejection) -> CertificateRejection {
        guard case .unknownIssuer(let issuer, _) = rejection.reason, let unknownIssuer else { return rejection }
        let sent = intermediates.keys.prefix(Self.maximumLookedAtCounts.sent)
        let anchors = verifier.trustAnchors.subjects.prefix(Self.maximumLookedAtCounts.anchors)
        guard let difference = unknownIssuer.difference(fromOneOf: sent + anchors) else { return rejection }
        return CertificateRejection(
            certificate: rejection.certificate,
            depth: rejection.depth,
            reason: .unknownIssuer(issuer: issuer, difference: difference)
        )
    }

    /// How many names are compared with the name of an issuer that isn't known, to say how they differ. Systems trust some
    /// 150 anchors.
    private static let maximumLookedAtCounts = (sent: 8, anchors: 200)

    /// Whether a certificate of the same name and key is in the path: going through it again leads nowhere new.
    ///
    /// Another spelling of the name counts as another: that costs what the limits allow.
    private func isInPath(_ certificate: Certificate) -> Bool {
        path.contains { $0.hasSameSubject(as: certificate) && $0.hasSameKey(as: certificate) }
    }

    /// Possible issuers in the order to try: first those whose key identifier isn't another one (RFC 4158 §3.5.12).
    private func ordered(_ issuers: some Collection<Certificate>, below certificate: Certificate) -> [Certificate] {
        guard issuers.count > 1, let wanted = certificate.authorityKeyIdentifier else { return Array(issuers) }
        let hasOtherKey = { (issuer: Certificate) in issuer.subjectKeyIdentifier.map { $0 != wanted } ?? false }
        return issuers.filter { !hasOtherKey($0) } + issuers.filter(hasOtherKey)
    }

    /// Whether the issuer may stand above the last certificate of the path, and has signed it.
    private mutating func accepts(
        _ issuer: Certificate,
        above subject: Certificate,
        isAnchor: Bool
    ) throws(CertificateRejection) -> Bool {
        let depth = path.count
        guard candidatesLeft > 0 else {
            throw fatal("there are more possible issuers than the limit of \(verifier.limits.candidates)")
        }
        candidatesLeft -= 1
        // RFC 5280 §4.2.1.9: the leaf isn't counted, nor are self-issued certificates.
        let authoritiesBelow = path.dropFirst().count { !$0.isSelfIssued }
        if let reason = rules.objection(toIssuer: issuer, authoritiesBelow: authoritiesBelow, isAnchor: isAnchor) {
            note(issuer, depth: depth, reason)
            return false
        }
        guard case .success(let info) = issuer.publicKeyInfo else { return false }
        if let reason = rules.algorithmObjection(to: subject, issuerKey: info) {
            note(subject, depth: depth - 1, reason)
            return false
        }
        // Paid for before the key is made, which costs as well and may fail each time.
        do throws(SignatureBudget.Exhausted) {
            try signatures.spend(on: info, messageLength: subject.storage.fields.signedPart.count)
        } catch {
            throw fatal(Self.tooManySignatures(verifier.limits))
        }
        guard isSigned(subject, by: issuer, depth) else { return false }
        return try namesAreAllowed(by: issuer)
    }

    /// Whether the issuer's key made the subject's signature.
    private mutating func isSigned(_ subject: Certificate, by issuer: Certificate, _ depth: Int) -> Bool {
        if subject.isKnownToBeSigned(by: issuer) { return true }
        let key: PublicKey
        do throws(DERError) {
            key = try issuer.usableKey()
        } catch {
            note(issuer, depth: depth, .unsupportedKey(error.description))
            return false
        }
        do throws(CryptoError) {
            try subject.verifySignature(with: key)
        } catch {
            note(subject, depth: depth - 1, .badSignature, .badSignature(issuer: issuer.description))
            return false
        }
        subject.noteSignature(by: issuer)
        return true
    }

    /// Whether the names of all certificates in the path lie where this issuer's name constraints want them.
    private mutating func namesAreAllowed(by issuer: Certificate) throws(CertificateRejection) -> Bool {
        guard issuer.storage.fields.extensions.nameConstraints != nil else { return true }
        do throws(NameConstraintCheck.OutOfWork) {
            let check = try NameConstraintCheck(issuer: issuer, comparisonsLeft: &nameComparisonsLeft)
            if let words = check.flaw {
                note(issuer, depth: path.count, .nameConstraint(words))
                return false
            }
            for (depth, certificate) in path.enumerated() {
                // RFC 5280 §6.1.3 (b): self-issued certificates are exempt unless they are the leaf.
                if depth > 0, certificate.isSelfIssued { continue }
                let other = depth == 0 ? commonName : nil
                if let words = try check.run(on: certificate, and: other, comparisonsLeft: &nameComparisonsLeft) {
                    note(certificate, depth: depth, .rule, .nameConstraint(words()))
                    return false
                }
            }
            return true
        } catch {
            throw fatal("name constraints needed more comparisons than the limit of \(verifier.limits.nameComparisons)")
        }
    }

    /// Whether the path, which is complete, is valid for the certificate policies that are required.
    private mutating func isValidForPolicies() throws(CertificateRejection) -> Bool {
        do throws(PolicyCheck.Objection) {
            try PolicyCheck.run(on: path, verifier.policies, policiesLeft: &policiesLeft)
            return true
        } catch {
            switch error {
            case .certificate(let depth, let reason):
                note(path[depth], depth: depth, reason)
                return false
            case .outOfWork:
                throw fatal("there are more certificate policies than the limit of \(verifier.limits.policies)")
            }
        }
    }

    /// Whether the revocation policy lets the path through, which is complete and otherwise valid.
    ///
    /// Before that, anybody could make the lists be verified with a key of theirs.
    private mutating func isUnrevoked() throws(CertificateRejection) -> Bool {
        guard let policy = verifier.revocation else { return true }
        let check = RevocationCheck(policy: policy, time: rules.time)
        let count = policy.checks == .leaf ? min(1, path.count - 1) : path.count - 1
        var budget = RevocationCheck.Budget(signatures: signatures, nameComparisons: nameComparisonsLeft)
        defer { (signatures, nameComparisonsLeft) = (budget.signatures, budget.nameComparisons) }
        var isUnrevoked = true
        for depth in 0..<count {
            do throws(RevocationCheck.OutOfWork) {
                let objection = try check.objection(to: path[depth], issuedBy: path[depth + 1], budget: &budget)
                guard let objection else { continue }
                note(path[depth], depth: depth, objection)
                // Others are looked at too: that one is revoked says more than that one cannot be checked.
                isUnrevoked = false
            } catch {
                switch error {
                case .signatures: throw fatal(Self.tooManySignatures(verifier.limits))
                case .nameComparisons: throw fatal(Self.tooManyDistributionPoints(verifier.limits))
                }
            }
        }
        return isUnrevoked
    }

    private static func tooManySignatures(_ limits: CertificateVerifier.Limits) -> String {
        "the signatures to be verified cost more than the limit of \(limits.signatureCost)"
    }

    private static func tooManyDistributionPoints(_ limits: CertificateVerifier.Limits) -> String {
        "distribution points needed more comparisons than the limit of \(limits.nameComparisons)"
    }

    /// Keeps the rejection if it says more than the one kept so far: of equals, the deeper one, whose path came further.
    ///
    /// Words are only made of what is kept, for names can be long and dead ends many.
    private mutating func note(
        _ certificate: Certificate,
        depth: Int,
        _ relevance: CertificateRejection.Reason.Relevance,
        _ reason: @autoclosure () -> CertificateRejection.Reason
    ) {
        guard isMoreTelling(relevance, depth) else { return }
        rejection = CertificateRejection(certificate: certificate.description, depth: depth, reason: reason())
    }

    private func isMoreTelling(_ relevance: CertificateRejection.Reason.Relevance, _ depth: Int) -> Bool {
        guard let rejection else { return true }
        return (relevance, depth) > (rejection.reason.relevance, rejection.depth)
    }

    private mutating func note(_ certificate: Certificate, depth: Int, _ reason: CertificateRejection.Reason) {
        note(certificate, depth: depth, reason.relevance, reason)
    }

    private func fatal(_ words: String) -> CertificateRejection {
        CertificateRejection(certificate: path[0].description, depth: 0, reason: .workLimit(words))
    }
}

extension Certificate {
    /// Whether the subject is the same by its bytes.
    fileprivate func hasSameSubject(as other: Certificate) -> Bool {
        let (subject, otherSubject) = (subject, other.subject)
        return isEqual(subject.bytes, otherSubject.bytes)
    }

    fileprivate func hasSameKey(as other: Certificate) -> Bool {
        let (der, otherDER) = (der, other.der)
        return isEqual(
            der.span.extracting(storage.fields.subjectPublicKeyInfo),
            otherDER.span.extracting(other.storage.fields.subjectPublicKeyInfo)
        )
    }
}
