// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

/// Certificate policies (RFC 5280 §6.1), in a chain root – bridge – intermediate – leaf.
@Suite struct PolicyTests {
    private static let (gold, silver, other) = (
        "1.2.3.4.1", "1.2.3.4.2", "2.16.840.1.113733.1.7.23.3.1.1.1.1.1.1.1.1.1"
    )
    private static let any = "2.5.29.32.0"
    private static let needed = CertificateRejection.Reason.policy(
        "is not valid for any of the certificate policies, and one is required"
    )
    private static let neededOfThese = CertificateRejection.Reason.policy(
        "is not valid for any of the certificate policies that are acceptable, and one is required"
    )

    private static func policies(_ policies: String..., isCritical: Bool = true) -> TestExtension {
        TestExtension(
            object: "2.5.29.32",
            isCritical: isCritical,
            value: DER.sequence(of: policies.map { DER.sequence(DER.object($0)) })
        )
    }

    private static func constraints(explicit: UInt8? = nil, mapping: UInt8? = nil) -> TestExtension {
        TestExtension(
            object: "2.5.29.36",
            isCritical: true,
            value: DER.sequence(
                explicit.map { DER.context(0, [$0]) } ?? [],
                mapping.map { DER.context(1, [$0]) } ?? []
            )
        )
    }

    private static func inhibitAny(_ count: UInt8) -> TestExtension {
        TestExtension(object: "2.5.29.54", isCritical: true, value: DER.integer(count))
    }

    private static func mappings(_ pairs: (String, String)...) -> TestExtension {
        TestExtension(
            object: "2.5.29.33",
            isCritical: true,
            value: DER.sequence(of: pairs.map { DER.sequence(DER.object($0.0), DER.object($0.1)) })
        )
    }

    /// A leaf that signs itself and has all extensions about policies.
    static var sample: TestCertificate {
        var sample = TestChain().leaf
        (sample.issuer, sample.signer) = (sample.subject, .leaf)
        sample.extensions += [
            policies(gold, any), constraints(explicit: 0, mapping: 1), inhibitAny(1), mappings((gold, silver)),
        ]
        return sample
    }

    private func rejection(
        bridge: [TestExtension] = [],
        intermediate: [TestExtension] = [],
        leaf: [TestExtension] = [],
        _ requirements: PolicyRequirements = PolicyRequirements(),
        _ change: (inout TestChain) -> Void = { _ in }
    ) throws -> CertificateRejection? {
        var chain = TestChain()
        var authority = chain.intermediate
        (authority.subject, authority.key) = (DER.name("Bridge"), .other)
        (chain.intermediate.issuer, chain.intermediate.signer) = (DER.name("Bridge"), .other)
        authority.extensions += bridge
        chain.intermediate.extensions += intermediate
        chain.leaf.extensions += leaf
        chain.extras = [authority]
        chain.policies = requirements
        change(&chain)
        return try chain.rejection()
    }

    private func reason(
        bridge: [TestExtension] = [],
        intermediate: [TestExtension] = [],
        leaf: [TestExtension] = [],
        _ requirements: PolicyRequirements = PolicyRequirements()
    ) throws -> CertificateRejection.Reason? {
        try rejection(bridge: bridge, intermediate: intermediate, leaf: leaf, requirements)?.reason
    }

    // MARK: - Nobody requires one

    @Test func withoutARequirementAnyPolicyWillDo() throws {
        #expect(try reason(bridge: [Self.policies(Self.gold)], leaf: [Self.policies(Self.silver)]) == nil)
        #expect(try reason(bridge: [Self.inhibitAny(0), Self.constraints(mapping: 0)]) == nil)
        var acceptable = PolicyRequirements()
        acceptable.acceptablePolicies = [Self.gold]
        #expect(try reason(leaf: [Self.policies(Self.silver)], acceptable) == nil)
    }

    // MARK: - Explicit policies

    @Test func anAuthorityRequiresOne() throws {
        let (gold, silver) = ([Self.policies(Self.gold)], [Self.policies(Self.silver)])
        let requiring = gold + [Self.constraints(explicit: 0)]
        #expect(try reason(bridge: requiring, intermediate: gold, leaf: gold) == nil)
        #expect(
            try rejection(bridge: requiring, intermediate: gold, leaf: silver)
                == CertificateRejection(certificate: "CN=Leaf", depth: 0, reason: Self.needed)
        )
        #expect(
            try rejection(bridge: requiring, intermediate: silver, leaf: silver)
                == CertificateRejection(certificate: "CN=Intermediate", depth: 1, reason: Self.needed)
        )
        #expect(try reason(bridge: requiring, intermediate: gold) == Self.needed)
        #expect(try reason(bridge: requiring, leaf: gold) == Self.needed)
    }

    @Test func theRequirementMayBeginLater() throws {
        func reason(_ count: UInt8) throws -> CertificateRejection.Reason? {
            try self.reason(bridge: [Self.constraints(explicit: count)])
        }
        #expect(try reason(0) == Self.needed && reason(1) == Self.needed)
        #expect(try reason(2) == Self.needed)
        #expect(try reason(3) == nil)
        #expect(try self.reason(leaf: [Self.constraints(explicit: 0)]) == Self.needed)
        #expect(try self.reason(leaf: [Self.constraints(explicit: 1)]) == nil)
    }

    @Test func theVerifierRequiresOne() throws {
        var explicit = PolicyRequirements()
        explicit.requiresPolicy = true
        let gold = [Self.policies(Self.gold)]
        #expect(try reason(bridge: gold, intermediate: gold, leaf: gold, explicit) == nil)
        #expect(try reason(bridge: gold, leaf: gold, explicit) == Self.needed)
        let golden = PolicyRequirements(requiringOneOf: [Self.gold])
        #expect(try reason(bridge: gold, intermediate: gold, leaf: gold, golden) == nil)
        let both = [Self.policies(Self.silver, Self.gold)]
        #expect(try reason(bridge: both, intermediate: gold, leaf: both, golden) == nil)
        let silver = PolicyRequirements(requiringOneOf: [Self.silver])
        #expect(try reason(bridge: gold, intermediate: gold, leaf: gold, silver) == Self.neededOfThese)
        #expect(try reason(bridge: both, intermediate: gold, leaf: both, silver) == Self.neededOfThese)
        #expect(
            try reason(bridge: gold, intermediate: gold, leaf: gold, .init(requiringOneOf: [])) == Self.neededOfThese
        )
        #expect(try reason(bridge: gold, intermediate: gold, leaf: gold, .init(requiringOneOf: ["x"])) != nil)
    }

    @Test func longIdentifiersAreTellable() throws {
        let (one, another) = ([Self.policies(Self.other + ".1")], [Self.policies(Self.other + ".2")])
        let required = PolicyRequirements(requiringOneOf: [Self.other + ".1"])
        #expect(try reason(bridge: one, intermediate: one, leaf: one, required) == nil)
        #expect(try reason(bridge: another, intermediate: another, leaf: another, required) == Self.neededOfThese)
        #expect(try reason(bridge: one, intermediate: one, leaf: another, required) == Self.neededOfThese)
    }

    @Test func theAnchorIsNotPartOfThePath() throws {
        let gold = [Self.policies(Self.gold)]
        let rejection = try rejection(bridge: gold, intermediate: gold, leaf: gold, .init(requiringOneOf: [Self.gold]))
        {
            $0.root.extensions += [Self.policies(Self.silver), Self.constraints(explicit: 0), Self.inhibitAny(0)]
        }
        #expect(rejection == nil)
    }

    @Test func aLeafThatIsAnAnchorSpeaksForItself() throws {
        for (policy, isAccepted) in [(Self.gold, true), (Self.silver, false)] {
            var certificate = TestChain().leaf
            certificate.extensions.append(Self.policies(policy))
            let leaf = try certificate.made()
            let verifier = CertificateVerifier(
                trustAnchors: TrustAnchors([leaf]),
                purpose: .serverAuthentication,
                policies: PolicyRequirements(requiringOneOf: [Self.gold])
            )
            let path = try? verifier.verify([leaf], serverName: nil, at: TestCertificate.now)
            #expect((path != nil) == isAccepted)
        }
    }

    // MARK: - anyPolicy

    @Test func anyPolicyStandsForAllOthers() throws {
        let (any, gold) = ([Self.policies(Self.any)], [Self.policies(Self.gold)])
        let required = PolicyRequirements(requiringOneOf: [Self.gold])
        #expect(try reason(bridge: any, intermediate: any, leaf: gold, required) == nil)
        #expect(try reason(bridge: any, intermediate: gold, leaf: any, required) == nil)
        #expect(try reason(bridge: any, intermediate: any, leaf: any, required) == nil)
        #expect(try reason(bridge: gold, intermediate: any, leaf: any, required) == nil)
        let silver = [Self.policies(Self.silver)]
        #expect(try reason(bridge: silver, intermediate: any, leaf: any, required) == Self.neededOfThese)
        #expect(try reason(bridge: silver, intermediate: any, leaf: gold, required) == Self.neededOfThese)
    }

    @Test func anyPolicyCanBeInhibited() throws {
        let (any, gold) = ([Self.policies(Self.any)], [Self.policies(Self.gold)])
        var required = PolicyRequirements(requiringOneOf: [Self.gold])
        let inhibiting = gold + [Self.inhibitAny(0)]
        #expect(try reason(bridge: inhibiting, intermediate: gold, leaf: gold, required) == nil)
        #expect(try reason(bridge: inhibiting, intermediate: gold, leaf: any, required) == Self.neededOfThese)
        #expect(try reason(bridge: inhibiting, intermediate: any, leaf: gold, required) == Self.neededOfThese)
        #expect(try reason(bridge: gold + [Self.inhibitAny(1)], intermediate: any, leaf: gold, required) == nil)
        #expect(try reason(bridge: gold + [Self.inhibitAny(1)], intermediate: any, leaf: any, required) != nil)
        required.inhibitsAnyPolicy = true
        #expect(try reason(bridge: any, intermediate: any, leaf: any, required) == Self.neededOfThese)
        #expect(try reason(bridge: gold, intermediate: gold, leaf: gold, required) == nil)
    }

    @Test func selfIssuedAuthoritiesMayStateAnyPolicyAnyway() throws {
        let gold = [Self.policies(Self.gold)]
        func withSelfIssued(_ chain: inout TestChain) {
            // The intermediate changes its key.
            chain.intermediate.issuer = DER.name("Bridge")
            chain.intermediate.subject = DER.name("Bridge")
            chain.leaf.issuer = DER.name("Bridge")
        }
        let required = PolicyRequirements(requiringOneOf: [Self.gold])
        #expect(
            try rejection(
                bridge: gold + [Self.inhibitAny(0)],
                intermediate: [Self.policies(Self.any)],
                leaf: gold,
                required,
                withSelfIssued
            ) == nil
        )
    }

    // MARK: - Mappings

    @Test func policiesAreMapped() throws {
        let (gold, silver) = ([Self.policies(Self.gold)], [Self.policies(Self.silver)])
        let mapping = gold + [Self.mappings((Self.gold, Self.silver))]
        let required = PolicyRequirements(requiringOneOf: [Self.gold])
        #expect(try reason(bridge: mapping, intermediate: silver, leaf: silver, required) == nil)
        // What is mapped isn't valid by its old name, and what is acceptable is so in the anchor's domain.
        #expect(try reason(bridge: mapping, intermediate: gold, leaf: gold, required) == Self.neededOfThese)
        let other = PolicyRequirements(requiringOneOf: [Self.silver])
        #expect(try reason(bridge: mapping, intermediate: silver, leaf: silver, other) == Self.neededOfThese)
        let back = silver + [Self.mappings((Self.silver, Self.gold))]
        #expect(try reason(bridge: mapping, intermediate: back, leaf: gold, required) == nil)
        let two = gold + [Self.mappings((Self.gold, Self.silver), (Self.gold, Self.other))]
        #expect(
            try reason(
                bridge: two,
                intermediate: [Self.policies(Self.other)],
                leaf: [Self.policies(Self.other)],
                required
            ) == nil
        )
        // From anyPolicy, as if the policy had been stated.
        let fromAny = [Self.policies(Self.any), Self.mappings((Self.gold, Self.silver))]
        #expect(try reason(bridge: fromAny, intermediate: silver, leaf: silver, required) == nil)
        #expect(try reason(bridge: fromAny, intermediate: silver, leaf: silver, other) == Self.neededOfThese)
        let strange = silver + [Self.mappings((Self.gold, Self.silver))]
        #expect(try reason(bridge: strange, intermediate: gold, leaf: gold, required) == Self.neededOfThese)
    }

    @Test func mappingsCanBeInhibited() throws {
        let (gold, silver) = ([Self.policies(Self.gold)], [Self.policies(Self.silver)])
        let mapping = gold + [Self.mappings((Self.gold, Self.silver))]
        var required = PolicyRequirements(requiringOneOf: [Self.gold])
        let inhibiting = gold + [Self.constraints(mapping: 0)]
        #expect(try reason(bridge: inhibiting, intermediate: mapping, leaf: silver, required) == Self.neededOfThese)
        // The policy that was to be mapped is gone as well.
        #expect(try reason(bridge: inhibiting, intermediate: mapping, leaf: gold, required) == Self.neededOfThese)
        #expect(
            try reason(bridge: gold + [Self.constraints(mapping: 1)], intermediate: mapping, leaf: silver, required)
                == nil
        )
        required.inhibitsMapping = true
        #expect(try reason(bridge: mapping, intermediate: silver, leaf: silver, required) == Self.neededOfThese)
    }

    @Test func anyPolicyIsNotMapped() throws {
        for pair in [(Self.any, Self.gold), (Self.gold, Self.any)] {
            let rejection = try rejection(intermediate: [Self.policies(Self.any), Self.mappings(pair)])
            #expect(
                rejection?.reason == .malformed("its certificate policies or their mappings: anyPolicy is mapped")
            )
            #expect(rejection?.depth == 1)
        }
    }

    // MARK: - Limits and form

    /// Each level maps each policy to all of the next: a tree doubles and doubles, a set stays what it is.
    @Test func manyMappingsCostNoMoreThanTheyAre() throws {
        let names = (0..<16).map { "1.2.3.\($0)" }
        let pairs = names.flatMap { from in names.map { DER.sequence(DER.object(from), DER.object($0)) } }
        let extensions = [
            TestExtension(
                object: "2.5.29.32",
                isCritical: false,
                value: DER.sequence(of: names.map { DER.sequence(DER.object($0)) })
            ),
            TestExtension(object: "2.5.29.33", isCritical: false, value: DER.sequence(of: pairs)),
        ]
        let required = PolicyRequirements(requiringOneOf: ["1.2.3.5"])
        func rejection(limit: Int) throws -> CertificateRejection? {
            try self.rejection(bridge: extensions, intermediate: extensions, leaf: [extensions[0]], required) {
                $0.limits.policies = limit
            }
        }
        // Two times 16 policies and 256 mappings, 16 in the leaf, and 16 that are expected of each of the last two.
        #expect(try rejection(limit: 592) == nil)
        #expect(
            try rejection(limit: 591)?.reason
                == .workLimit("there are more certificate policies than the limit of 591")
        )
    }

    @Test func moreThanALimitAreMalformed() throws {
        let many = TestExtension(
            object: "2.5.29.32",
            isCritical: false,
            value: DER.sequence(of: (0..<257).map { DER.sequence(DER.object("1.2.3.\($0)")) })
        )
        #expect(try reason(leaf: [many]) == nil)
        guard case .malformed = try reason(leaf: [many, Self.constraints(explicit: 0)]) else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: [
        ("2.5.29.36", DER.sequence()), ("2.5.29.36", DER.sequence(DER.context(0, [0x80]))), ("2.5.29.54", DER.null),
        ("2.5.29.54", DER.value(2, [0xFF])), ("2.5.29.36", DER.sequence(DER.context(2, [0]))),
    ])
    func malformedConstraintsAreRefused(_ object: String, _ value: [UInt8]) {
        #expect(throws: CertificateError.self) {
            try reason(leaf: [TestExtension(object: object, isCritical: true, value: value)])
        }
    }

    @Test func malformedPoliciesAndMappingsAreRefusedWhereTheyMatter() throws {
        for object in ["2.5.29.32", "2.5.29.33"] {
            let malformed = TestExtension(object: object, isCritical: false, value: DER.sequence(DER.boolean(true)))
            guard case .malformed = try reason(leaf: [malformed, Self.constraints(explicit: 0)]) else {
                Issue.record("\(object) was accepted")
                continue
            }
        }
    }
}
