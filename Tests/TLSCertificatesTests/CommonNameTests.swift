// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

/// Common names that stand for servers, where a verifier allows it.
@Suite struct CommonNameTests {
    /// The rejection of a leaf without alternative names.
    private func rejection(
        _ commonNames: String...,
        for server: String,
        isAllowed: Bool = true,
        permitted: [[UInt8]] = [],
        excluded: [[UInt8]] = [],
        names: [[UInt8]] = []
    ) throws -> CertificateRejection.Reason? {
        var chain = TestChain()
        chain.leaf.subject = DER.sequence(
            of: commonNames.map { DER.set(DER.sequence(DER.object("2.5.4.3"), DER.utf8($0))) }
        )
        chain.leaf.extensions.removeAll { $0.object == "2.5.29.17" }
        if !names.isEmpty { chain.leaf.extensions.append(.alternativeNames(of: names)) }
        if !permitted.isEmpty || !excluded.isEmpty {
            chain.intermediate.extensions.append(.nameConstraints(permitted: permitted, excluded: excluded))
        }
        (chain.serverName, chain.allowsCommonName) = (server, isAllowed)
        return try chain.rejection()?.reason
    }

    private func isWrong(_ reason: CertificateRejection.Reason?) -> Bool {
        if case .wrongName = reason { true } else { false }
    }

    @Test func countsWhereItIsAllowed() throws {
        #expect(try rejection("www.example.com", for: "www.example.com") == nil)
        #expect(try rejection("WWW.Example.com", for: "www.example.com") == nil)
        #expect(try rejection("www.example.com", "Somebody", for: "www.example.com") == nil)
        #expect(try rejection("localhost", for: "localhost") == nil)
        #expect(isWrong(try rejection("www.example.com", for: "www.example.com", isAllowed: false)))
        #expect(isWrong(try rejection("www.example.com", for: "example.com")))
    }

    @Test func isComparedInASCII() throws {
        // U+212A, the Kelvin sign, is a capital k to Unicode.
        #expect(isWrong(try rejection("bac\u{212A}up.test", for: "backup.test")))
        #expect(isWrong(try rejection("www.example.com\0", for: "www.example.com")))
        #expect(isWrong(try rejection("www.example.com ", for: "www.example.com")))
    }

    @Test func followsTheRulesForWildcards() throws {
        #expect(try rejection("*.example.com", for: "www.example.com") == nil)
        #expect(isWrong(try rejection("*.com", for: "example.com")))
        #expect(isWrong(try rejection("*.example.com", for: "a.b.example.com")))
        #expect(isWrong(try rejection("w*.example.com", for: "www.example.com")))
    }

    @Test func givesWayToAlternativeNames() throws {
        let other = [TestName.dns("other.example.com")]
        #expect(isWrong(try rejection("www.example.com", for: "www.example.com", names: other)))
        // Even if it is no name that anybody has.
        #expect(isWrong(try rejection("www.example.com", for: "www.example.com", names: [TestName.dns("a b")])))
        #expect(try rejection("www.example.com", for: "www.example.com", names: [TestName.email("a@b.example")]) == nil)
    }

    @Test func mayBeAnAddress() throws {
        #expect(try rejection("192.0.2.7", for: "192.0.2.7") == nil)
        #expect(try rejection("2001:DB8::7", for: "2001:db8::7") == nil)
        #expect(isWrong(try rejection("192.0.2.7", for: "192.0.2.7", names: [TestName.ip([192, 0, 2, 8])])))
        let net: [UInt8] = [192, 0, 2, 0, 255, 255, 255, 0]
        #expect(try rejection("192.0.2.7", for: "192.0.2.7", permitted: [TestName.ip(net)]) == nil)
        #expect(try rejection("192.0.2.7", for: "192.0.2.7", excluded: [TestName.ip(net)]) != nil)
    }

    @Test(arguments: ["victim.test", "*.victim.test", "localhost"])
    func isBoundByNameConstraints(_ name: String) throws {
        let server = name == "*.victim.test" ? "www.victim.test" : name
        let constraint = name == "*.victim.test" ? "victim.test" : name
        let words = "has the name \(name), which the name constraints of “CN=Intermediate”"
        #expect(
            try rejection(name, for: server, permitted: [TestName.dns("good.test")])
                == .nameConstraint(words + " do not permit")
        )
        #expect(
            try rejection(name, for: server, excluded: [TestName.dns(constraint)])
                == .nameConstraint(words + " exclude")
        )
        #expect(try rejection(name, for: server, permitted: [TestName.dns(constraint)]) == nil)
        #expect(try rejection(name, for: server, excluded: [TestName.dns("good.test")]) == nil)
    }

    /// A common name that nobody goes by isn't bound: it may be a person's.
    @Test func isNotBoundWhereItIsNotUsed() throws {
        let names = [TestName.dns("www.good.test")]
        let permitted = [TestName.dns("good.test")]
        #expect(try rejection("victim.test", for: "www.good.test", permitted: permitted, names: names) == nil)
    }
}
