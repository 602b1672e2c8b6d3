// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

/// Constraints of the intermediate on a leaf for www.example.com, 192.0.2.1 and CN=Leaf.
@Suite struct NameConstraintTests {
    private func rejection(
        permitted: [[UInt8]] = [],
        excluded: [[UInt8]] = [],
        isCritical: Bool = true,
        _ change: (inout TestChain) -> Void = { _ in }
    ) throws -> CertificateRejection? {
        var chain = TestChain()
        let constraints = TestExtension.nameConstraints(
            permitted: permitted,
            excluded: excluded,
            isCritical: isCritical
        )
        chain.intermediate.extensions.append(constraints)
        change(&chain)
        return try chain.rejection()
    }

    private func violation(
        _ name: String,
        _ how: String,
        by issuer: String = "CN=Intermediate",
        of certificate: String = "CN=Leaf",
        depth: Int = 0
    ) -> CertificateRejection {
        CertificateRejection(
            certificate: certificate,
            depth: depth,
            reason: .nameConstraint("has the name \(name), which the name constraints of “\(issuer)” \(how)")
        )
    }

    @Test(arguments: ["example.com", "www.example.com", "com", "", "EXAMPLE.com"])
    func permittedDNSNames(_ constraint: String) throws {
        #expect(try rejection(permitted: [TestName.dns(constraint)]) == nil)
        #expect(
            try rejection(excluded: [TestName.dns(constraint)])
                == violation("www.example.com", "exclude")
        )
    }

    @Test(arguments: ["example.org", "ple.com", "a.www.example.com", "ww.example.com"])
    func otherDNSNames(_ constraint: String) throws {
        #expect(
            try rejection(permitted: [TestName.dns(constraint)]) == violation("www.example.com", "do not permit")
        )
        #expect(try rejection(excluded: [TestName.dns(constraint)]) == nil)
        // One permitted subtree of several is enough.
        #expect(try rejection(permitted: [TestName.dns(constraint), TestName.dns("example.com")]) == nil)
    }

    @Test func everyNameIsChecked() throws {
        #expect(
            try rejection(permitted: [TestName.dns("example.com")]) {
                TestChain.set(
                    .alternativeNames(TestName.dns("www.example.com"), TestName.dns("www.example.org")),
                    in: &$0.leaf
                )
            } == violation("www.example.org", "do not permit")
        )
    }

    @Test func exclusionWins() throws {
        #expect(
            try rejection(permitted: [TestName.dns("example.com")], excluded: [TestName.dns("www.example.com")])
                == violation("www.example.com", "exclude")
        )
    }

    @Test func wildcardsCountAsAllThatTheyStandFor() throws {
        func wildcard(_ chain: inout TestChain) {
            TestChain.set(.alternativeNames(TestName.dns("*.example.com")), in: &chain.leaf)
        }
        #expect(try rejection(permitted: [TestName.dns("example.com")], wildcard) == nil)
        #expect(
            try rejection(permitted: [TestName.dns("www.example.com")], wildcard)
                == violation("*.example.com", "do not permit")
        )
        #expect(
            try rejection(excluded: [TestName.dns("test.example.com")], wildcard)
                == violation("*.example.com", "exclude")
        )
        #expect(try rejection(excluded: [TestName.dns("a.test.example.com")], wildcard) == nil)
    }

    @Test(arguments: [".example.com", "*.example.com", "exa mple.com", "example.com."])
    func constraintsThatAreNoNamesAreRefused(_ constraint: String) throws {
        let expected = CertificateRejection(
            certificate: "CN=Intermediate",
            depth: 1,
            reason: .nameConstraint("has a DNS name constraint that is not a DNS name")
        )
        #expect(try rejection(permitted: [TestName.dns(constraint)]) == expected)
        #expect(try rejection(excluded: [TestName.dns(constraint)]) == expected)
    }

    @Test func addresses() throws {
        let net: [UInt8] = [192, 0, 2, 0, 255, 255, 255, 0]
        let otherNet: [UInt8] = [192, 0, 3, 0, 255, 255, 255, 0]
        #expect(try rejection(permitted: [TestName.ip(net)]) == nil)
        #expect(try rejection(permitted: [TestName.ip(otherNet)]) == violation("192.0.2.1", "do not permit"))
        #expect(try rejection(excluded: [TestName.ip(net)]) == violation("192.0.2.1", "exclude"))
        #expect(try rejection(excluded: [TestName.ip(otherNet)]) == nil)
        // Constraints of IPv6 subnets concern all addresses: none of IPv4 is permitted then.
        let v6 = [UInt8](repeating: 0, count: 32)
        #expect(try rejection(permitted: [TestName.ip(v6)]) == violation("192.0.2.1", "do not permit"))
        #expect(try rejection(excluded: [TestName.ip(v6)]) == nil)
        let noNet = CertificateRejection(
            certificate: "CN=Intermediate",
            depth: 1,
            reason: .nameConstraint("has an IP address constraint that is not an address and a prefix mask")
        )
        #expect(try rejection(excluded: [TestName.ip([192, 0, 2, 0])]) == noNet)
        #expect(try rejection(excluded: [TestName.ip([192, 0, 2, 0, 255, 0, 255, 0])]) == noNet)
    }

    @Test func directoryNames() throws {
        func inExample(_ chain: inout TestChain) { chain.leaf.subject = DER.name("Example", "Leaf") }
        let subject = "CN=Leaf,CN=Example"
        func directory(_ names: String...) -> [UInt8] {
            TestName.directory(
                DER.sequence(of: names.map { DER.set(DER.sequence(DER.object("2.5.4.3"), DER.printable($0))) })
            )
        }
        #expect(try rejection(permitted: [directory("example")], inExample) == nil)
        #expect(try rejection(permitted: [directory("Example", "Leaf")], inExample) == nil)
        #expect(
            try rejection(permitted: [directory("Exam")], inExample)
                == violation(subject, "do not permit", of: subject)
        )
        #expect(
            try rejection(permitted: [directory("Example", "Leaf", "More")], inExample)
                == violation(subject, "do not permit", of: subject)
        )
        #expect(
            try rejection(excluded: [directory(" EXAMPLE")], inExample) == violation(subject, "exclude", of: subject)
        )
        #expect(try rejection(excluded: [directory("Leaf")], inExample) == nil)
        // Alternative names count as well.
        #expect(
            try rejection(excluded: [directory("Hidden")]) {
                TestChain.set(
                    .alternativeNames(TestName.dns("www.example.com"), TestName.directory(DER.name("Hidden", "a"))),
                    in: &$0.leaf
                )
            } == violation("CN=a,CN=Hidden", "exclude")
        )
        // A subject without a name has none to be checked.
        #expect(try rejection(permitted: [directory("Example")]) { $0.leaf.subject = DER.sequence() } == nil)
    }

    /// What the excluded subtree says, what the leaf says, and whether that is inside, or might be.
    @Test(arguments: [
        ("ÄCME", "ÄCME", true), ("ÄCME", "äcme", true), ("M\u{FC}ller", "Mu\u{308}ller", true),
        ("A B", "A\u{A0}B", true),
        ("ACME", "AC\u{AD}ME", true), ("ACME", "\u{FF21}CME", true), ("ACME", "\u{1}ACME", true),
        ("ACME", "acme ", true),
        ("ÄCME", "Bäcker", true), ("ÄCME", "ACME", true), ("ACME", "ACMF", false), ("ACME", "ACME Inc", false),
    ])
    func excludedDirectoriesCannotBeLeftByOtherSpellings(_ root: String, _ name: String, _ isRefused: Bool) throws {
        func organization(_ name: String) -> [UInt8] {
            DER.set(DER.sequence(DER.object("2.5.4.10"), DER.utf8(name)))
        }
        let country = DER.set(DER.sequence(DER.object("2.5.4.6"), DER.printable("DE")))
        let excluded = [TestName.directory(DER.sequence(country, organization(root)))]
        let rejection = try rejection(excluded: excluded) {
            $0.leaf.subject = DER.sequence(country, organization(name))
        }
        #expect((rejection != nil) == isRefused)
        // Somewhere else it is another name.
        let other = DER.set(DER.sequence(DER.object("2.5.4.6"), DER.printable("FR")))
        #expect(
            try self.rejection(excluded: excluded) { $0.leaf.subject = DER.sequence(other, organization(name)) } == nil
        )
        // Permitted is only what is certainly inside.
        let isInside = name.utf8.elementsEqual(root.utf8) || (root, name) == ("ACME", "acme ")
        #expect(
            try
                (self.rejection(permitted: excluded) { $0.leaf.subject = DER.sequence(country, organization(name)) }
                == nil)
                == isInside
        )
    }

    @Test func setsThatMightBeExcludedAreSo() throws {
        func attribute(_ object: String, _ text: String) -> [UInt8] { DER.sequence(DER.object(object), DER.utf8(text)) }
        let excluded = [
            TestName.directory(DER.sequence(DER.set(attribute("2.5.4.10", "ÄCME"), attribute("2.5.4.11", "x"))))
        ]
        func rejection(_ subject: [UInt8]) throws -> CertificateRejection? {
            try self.rejection(excluded: excluded) { $0.leaf.subject = DER.sequence(subject) }
        }
        #expect(try rejection(DER.set(attribute("2.5.4.11", "X"), attribute("2.5.4.10", "äcme"))) != nil)
        #expect(try rejection(DER.set(attribute("2.5.4.11", "y"), attribute("2.5.4.10", "äcme"))) == nil)
        #expect(try rejection(DER.set(attribute("2.5.4.10", "äcme"))) == nil)
        // What is no string is compared by nobody's rules.
        let octets = DER.sequence(DER.object("2.5.4.10"), DER.octets([1]))
        #expect(try rejection(DER.set(octets, attribute("2.5.4.11", "x"))) != nil)
    }

    @Test(arguments: [true, false])
    func kindsThatAreNotProcessedAreRefusedWhereTheyOccur(isCritical: Bool) throws {
        let kinds = [
            (TestName.uri(".example.org"), TestName.uri("https://www.example.com/")),
            (DER.context(8, [0x55]), DER.context(8, [0x55, 0x04])),
        ]
        for (constraint, name) in kinds {
            // RFC 5280 §4.2.1.10: what the path has no names of needs no processing.
            #expect(try rejection(permitted: [constraint], isCritical: isCritical) == nil)
            #expect(try rejection(excluded: [constraint], isCritical: isCritical) == nil)
            #expect(
                try rejection(excluded: [constraint], isCritical: isCritical) {
                    TestChain.set(.alternativeNames(TestName.dns("www.example.com"), name), in: &$0.leaf)
                }
                    == CertificateRejection(
                        certificate: "CN=Leaf",
                        depth: 0,
                        reason: .nameConstraint(
                            "has a name of a kind that “CN=Intermediate” constrains and that is not supported"
                        )
                    )
            )
        }
    }

    /// The constraint, whether it permits and whether it excludes a@example.com.
    @Test(arguments: [
        ("example.com", true, true), ("EXAMPLE.com", true, true), ("a@example.com", true, true),
        ("a@Example.com", true, true), ("", true, true), (".com", true, true),
        ("A@example.com", false, false), ("b@example.com", false, false), ("com", false, false),
        (".example.com", false, false), ("ple.com", false, false), ("a.example.com", false, false),
    ])
    func mailAddresses(_ constraint: String, _ isPermitted: Bool, _ isExcluded: Bool) throws {
        let constraint = [TestName.email(constraint)]
        let address = "a@example.com"
        func withName(_ chain: inout TestChain) {
            TestChain.set(
                .alternativeNames(TestName.dns("www.example.com"), TestName.email(address)),
                in: &chain.leaf
            )
        }
        #expect(
            try rejection(permitted: constraint, withName) == (isPermitted ? nil : violation(address, "do not permit"))
        )
        #expect(try rejection(excluded: constraint, withName) == (isExcluded ? violation(address, "exclude") : nil))
        // A certificate without addresses is not concerned.
        #expect(try rejection(permitted: constraint) == nil)
        #expect(try rejection(excluded: constraint) == nil)

        // An address in the subject counts as well.
        func inSubject(_ chain: inout TestChain) {
            let type = DER.object("1.2.840.113549.1.9.1")
            chain.leaf.subject = DER.sequence(
                DER.set(DER.sequence(type, DER.value(DERTag.ia5String, Array(address.utf8))))
            )
        }
        let subject = "emailAddress=a@example.com"
        #expect(
            try rejection(permitted: constraint, inSubject)
                == (isPermitted ? nil : violation(address, "do not permit", of: subject))
        )
        #expect(
            try rejection(excluded: constraint, inSubject)
                == (isExcluded ? violation(address, "exclude", of: subject) : nil)
        )
    }

    @Test(arguments: [
        "a", "@example.com", "a@", "a@example.com.", "a@exam ple.com", "a@.com", "a@example.com@", "a@b@example.com",
        "a b@example.com", "\"a\"@example.com",
    ])
    func mailAddressesThatAreNoneAreNeverAllowed(_ address: String) throws {
        func withName(_ chain: inout TestChain) {
            TestChain.set(
                .alternativeNames(TestName.dns("www.example.com"), TestName.email(address)),
                in: &chain.leaf
            )
        }
        #expect(try rejection(permitted: [TestName.email("example.com")], withName) != nil)
        #expect(try rejection(excluded: [TestName.email("example.org")], withName) != nil)
    }

    @Test(arguments: ["@example.com", "a@", "a@.example.com", ".", "..com", "exa mple.com", "*.example.com"])
    func mailConstraintsThatAreNoneAreRefused(_ constraint: String) throws {
        let expected = CertificateRejection(
            certificate: "CN=Intermediate",
            depth: 1,
            reason: .nameConstraint("has an e-mail constraint that is neither an address nor a host nor a domain")
        )
        #expect(try rejection(permitted: [TestName.email(constraint)]) == expected)
        #expect(try rejection(excluded: [TestName.email(constraint)]) == expected)
    }

    @Test func anchorsConstrainAllCertificatesBelow() throws {
        var chain = TestChain()
        chain.root.extensions.append(.nameConstraints(permitted: [TestName.dns("example.org")]))
        #expect(try chain.rejection() == violation("www.example.com", "do not permit", by: "CN=Root"))
        chain = TestChain()
        chain.root.extensions.append(.nameConstraints(excluded: [TestName.directory(DER.name("Intermediate"))]))
        #expect(
            try chain.rejection()
                == violation("CN=Intermediate", "exclude", by: "CN=Root", of: "CN=Intermediate", depth: 1)
        )
    }

    @Test func selfIssuedAuthoritiesAreExempt() throws {
        // RFC 5280 §6.1.3 (b): the intermediate has the root's own name, as in a change of keys.
        var chain = TestChain()
        (chain.intermediate.subject, chain.leaf.issuer) = (DER.name("Root"), DER.name("Root"))
        chain.root.extensions.append(.nameConstraints(excluded: [TestName.directory(DER.name("Root"))]))
        #expect(try chain.rejection() == nil)
    }

    @Test func aSelfIssuedLeafIsNotExempt() throws {
        var chain = TestChain()
        chain.leaf.subject = chain.leaf.issuer
        chain.intermediate.extensions.append(.nameConstraints(permitted: [TestName.dns("example.org")]))
        #expect(
            try chain.rejection() == violation("www.example.com", "do not permit", of: "CN=Intermediate")
        )
    }

    @Test func hugeConstraintsEndWithinTheBudget() throws {
        let constraints = (0..<1500).map { TestName.dns("n\($0).example.org") }
        let names = (0..<1500).map { TestName.dns("n\($0).example.com") }
        let rejection = try rejection(excluded: constraints) {
            TestChain.set(.alternativeNames(of: [TestName.dns("www.example.com")] + names), in: &$0.leaf)
        }
        #expect(
            rejection?.reason
                == .workLimit("name constraints needed more comparisons than the limit of 250000")
        )
    }

    @Test func hugeDirectoryConstraintsEndWithinTheBudget() throws {
        let constraints = (0..<1500).map { TestName.directory(DER.name("n\($0)")) }
        let names = (0..<1500).map { TestName.directory(DER.name("m\($0)")) }
        let rejection = try rejection(excluded: constraints) {
            $0.limits.nameComparisons = 25_000
            TestChain.set(.alternativeNames(of: [TestName.dns("www.example.com")] + names), in: &$0.leaf)
        }
        #expect(
            rejection?.reason == .workLimit("name constraints needed more comparisons than the limit of 25000")
        )
    }

    @Test func constraintsThatConcernNoNameCostAsWell() throws {
        // Reading them is work, once for every path on which their certificate is tried.
        let constraints = (0..<1500).map { _ in TestName.uri("") }
        let rejection = try rejection(excluded: constraints) { $0.limits.nameComparisons = 1000 }
        #expect(rejection?.reason == .workLimit("name constraints needed more comparisons than the limit of 1000"))
        #expect(try self.rejection(excluded: constraints) == nil)
    }

    @Test func longDirectoryConstraintsCostByTheirLength() throws {
        let constraint = TestName.directory(DER.name(String(repeating: "n", count: 8192)))
        let rejection = try rejection(excluded: [constraint]) { $0.limits.nameComparisons = 500 }
        #expect(rejection?.reason == .workLimit("name constraints needed more comparisons than the limit of 500"))
    }
}
