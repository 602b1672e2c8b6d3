// SPDX-License-Identifier: Apache-2.0

/// Follows certificate policies from the trust anchor to the leaf (RFC 5280 §6.1.2 to §6.1.5).
///
/// Not a tree of nodes, whose number doubles with each certificate if an attacker wants it, but as RFC 9618 has it: one
/// entry for each policy that the next certificate may state. Of the nodes above it nothing is asked in the end but whether
/// they go back to an acceptable policy, so that one bit for each policy is enough, and a path costs the sum of what its
/// certificates state.
///
/// What the trust anchor's certificate says of policies doesn't count: it isn't part of the path.
struct PolicyCheck {
    /// What a certificate may state without losing its validity, and whether that goes back to an acceptable policy.
    private var expected: [[UInt8]: Bool] = [:]
    /// Whether all policies are valid so far: the node of anyPolicy.
    private var allowsAny = true
    /// How many certificates may follow until a policy is required, mappings don't count and anyPolicy is like others.
    private var explicitPolicy: Int
    private var policyMapping: Int
    private var inhibitAnyPolicy: Int
    /// The acceptable policies; nil: any.
    private let acceptable: Set<[UInt8]>?

    /// How many policies and mappings may still be looked at.
    private var left: Int

    /// Why the path isn't valid.
    enum Objection: Error {
        case certificate(depth: Int, CertificateRejection.Reason)
        /// More policies were stated than the limit allows.
        case outOfWork
    }

    private init(_ requirements: PolicyRequirements, count: Int, left: Int) {
        self.left = left
        explicitPolicy = requirements.requiresPolicy ? 0 : count + 1
        policyMapping = requirements.inhibitsMapping ? 0 : count + 1
        inhibitAnyPolicy = requirements.inhibitsAnyPolicy ? 0 : count + 1
        acceptable = requirements.acceptablePolicies.map { policies in
            Set(policies.compactMap { ObjectIdentifier.encoded($0) })
        }
    }

    /// Checks a complete path, the leaf first and the trust anchor last.
    static func run(
        on path: [Certificate],
        _ requirements: PolicyRequirements,
        policiesLeft: inout Int
    ) throws(Objection) {
        let certificates = path.dropLast()
        guard requirements.requiresPolicy || certificates.contains(where: \.hasPolicyRules) else { return }
        var check = PolicyCheck(requirements, count: certificates.count, left: policiesLeft)
        defer { policiesLeft = check.left }
        for (depth, certificate) in certificates.enumerated().reversed() {
            let policies = try certificate.statedPolicies(at: depth)
            try check.spend(policies.policies.count + policies.mappings.count + check.expected.count)
            check.enter(certificate, policies.policies, isLeaf: depth == 0)
            guard check.explicitPolicy > 0 || check.isValid else {
                throw .certificate(depth: depth, .policy(check.words))
            }
            if depth > 0 { check.leave(certificate, policies.mappings) }
        }
        guard check.end(path[0]) else { throw .certificate(depth: 0, .policy(check.words)) }
    }

    private mutating func spend(_ count: Int) throws(Objection) {
        guard left >= count else { throw .outOfWork }
        left -= count
    }

    /// Whether some policy is valid for the path so far: valid_policy_tree is not NULL.
    private var isValid: Bool { allowsAny || !expected.isEmpty }

    private func isAcceptable(_ policy: [UInt8]) -> Bool { acceptable?.contains(policy) ?? true }

    /// RFC 5280 §6.1.3 (d) and (e): what the certificate states becomes what is valid.
    private mutating func enter(_ certificate: Certificate, _ policies: [[UInt8]], isLeaf: Bool) {
        var valid: [[UInt8]: Bool] = [:]
        var statesAny = false
        for policy in policies {
            if policy == CertificatePolicies.anyPolicy {
                statesAny = true
            } else if let isAcceptable = expected[policy] {
                valid[policy] = isAcceptable
            } else if allowsAny {
                valid[policy] = isAcceptable(policy)
            }
        }
        let continuesAny = statesAny && (inhibitAnyPolicy > 0 || !isLeaf && certificate.isSelfIssued)
        if continuesAny { valid.merge(expected) { stated, _ in stated } }
        (expected, allowsAny) = (valid, allowsAny && continuesAny)
    }

    /// RFC 5280 §6.1.4: what the certificate says of those below it.
    private mutating func leave(_ certificate: Certificate, _ mappings: [CertificatePolicies.Mapping]) {
        let extensions = certificate.storage.fields.extensions
        map(mappings)
        // (h)
        if !certificate.isSelfIssued {
            explicitPolicy = max(0, explicitPolicy - 1)
            policyMapping = max(0, policyMapping - 1)
            inhibitAnyPolicy = max(0, inhibitAnyPolicy - 1)
        }
        // (i) and (j)
        let constraints = extensions.policyConstraints
        explicitPolicy = min(explicitPolicy, constraints.requireExplicitPolicy ?? explicitPolicy)
        policyMapping = min(policyMapping, constraints.inhibitPolicyMapping ?? policyMapping)
        inhibitAnyPolicy = min(inhibitAnyPolicy, extensions.inhibitAnyPolicy ?? inhibitAnyPolicy)
    }

    /// (b): policies of the issuer's domain give way to those of the subject's, or to nothing.
    private mutating func map(_ mappings: [CertificatePolicies.Mapping]) {
        var mapped: [[UInt8]: Bool] = [:]
        var valid = expected
        for mapping in mappings {
            valid[mapping.issuerDomain] = nil
            guard policyMapping > 0 else { continue }
            let known = expected[mapping.issuerDomain]
            guard let isAcceptable = known ?? (allowsAny ? isAcceptable(mapping.issuerDomain) : nil) else { continue }
            mapped[mapping.subjectDomain] = mapped[mapping.subjectDomain, default: false] || isAcceptable
        }
        expected = valid.merging(mapped) { $0 || $1 }
    }

    /// RFC 5280 §6.1.5: whether the path is valid for what is required.
    private mutating func end(_ leaf: Certificate) -> Bool {
        explicitPolicy = max(0, explicitPolicy - 1)
        if leaf.storage.fields.extensions.policyConstraints.requireExplicitPolicy == 0 { explicitPolicy = 0 }
        // anyPolicy stands for each of the acceptable ones, if there is one.
        let isAcceptable = allowsAny && acceptable?.isEmpty != true || expected.values.contains(true)
        return explicitPolicy > 0 || isAcceptable
    }

    private var words: String {
        let required = acceptable == nil ? "" : " that are acceptable"
        return "is not valid for any of the certificate policies\(required), and one is required"
    }
}

extension Certificate {
    /// Whether the certificate says something for which policies have to be followed.
    fileprivate var hasPolicyRules: Bool {
        let extensions = storage.fields.extensions
        return extensions.policyConstraints.requireExplicitPolicy != nil || extensions.policyMappings != nil
    }

    /// The policies and mappings of the certificate; none without the extensions.
    fileprivate func statedPolicies(
        at depth: Int
    ) throws(PolicyCheck.Objection) -> (policies: [[UInt8]], mappings: [CertificatePolicies.Mapping]) {
        let extensions = storage.fields.extensions
        let der = der
        do throws(DERError) {
            let policies: [[UInt8]] =
                if let range = extensions.certificatePolicies {
                    try CertificatePolicies.policies(der.span, in: range)
                } else { [] }
            let mappings: [CertificatePolicies.Mapping] =
                if let range = extensions.policyMappings {
                    try CertificatePolicies.mappings(der.span, in: range)
                } else { [] }
            return (policies, mappings)
        } catch {
            throw .certificate(depth: depth, .malformed("its certificate policies or their mappings: \(error)"))
        }
    }
}
