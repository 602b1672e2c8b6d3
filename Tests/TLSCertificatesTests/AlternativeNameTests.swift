// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

@Suite("URIs and mail addresses of certificates")
struct AlternativeNameTests {
    private static func certificate(_ names: [UInt8]...) throws -> Certificate {
        var leaf = TestChain().leaf
        leaf.extensions = [.alternativeNames(of: names)]
        return try leaf.made()
    }

    private static let workload = "spiffe://prod.example/ns/shop/sa/cart"

    @Test func areFoundByTheirKind() throws {
        let certificate = try Self.certificate(
            TestName.uri(Self.workload),
            TestName.email("Who@Mail.Example"),
            TestName.dns("a.example"),
            TestName.uri("https://a.example/x"),
            TestName.email("with space@a.example")
        )
        #expect(certificate.uniformResourceIdentifiers == [Self.workload, "https://a.example/x"])
        #expect(certificate.mailAddresses == ["Who@Mail.Example"])
        #expect(certificate.dnsNames == ["a.example"])
        let none = try Self.certificate(TestName.dns("a.example"))
        #expect(none.uniformResourceIdentifiers.isEmpty && none.mailAddresses.isEmpty)
    }

    @Test func uriMatchesByteForByte() throws {
        let certificate = try Self.certificate(TestName.dns("b.example"), TestName.uri(Self.workload))
        #expect(certificate.matches(uniformResourceIdentifier: Self.workload))
        for other in [
            "spiffe://prod.example/ns/shop/sa/car", "spiffe://prod.example/ns/shop/sa/cart/", "", "b.example",
            "SPIFFE://prod.example/ns/shop/sa/cart", "spiffe://prod.example/ns/shop/sa/Cart",
        ] {
            #expect(!certificate.matches(uniformResourceIdentifier: other))
        }
        // No text is no URI, also where a certificate says that it is one.
        #expect(!(try Self.certificate(TestName.uri(""))).matches(uniformResourceIdentifier: ""))
        // The same text of another kind is another name.
        let mail = try Self.certificate(TestName.email(Self.workload), TestName.dns(Self.workload))
        #expect(!mail.matches(uniformResourceIdentifier: Self.workload))
    }

    @Test func mailAddressMatchesWithoutCaseInItsHost() throws {
        let certificate = try Self.certificate(TestName.email("Who@Mail.Example"))
        #expect(certificate.matches(mailAddress: "Who@mail.example"))
        for other in ["who@mail.example", "Who@mail.example.", "Who@ail.example", "Who", "", "@mail.example", "Who@"] {
            #expect(!certificate.matches(mailAddress: other))
        }
        // What is no address matches not even itself.
        let odd = try Self.certificate(TestName.email("no address"))
        #expect(!odd.matches(mailAddress: "no address"))
        let uri = try Self.certificate(TestName.uri("Who@mail.example"))
        #expect(!uri.matches(mailAddress: "Who@mail.example"))
    }
}
