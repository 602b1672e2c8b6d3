// SPDX-License-Identifier: Apache-2.0
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Chains of clients that lead nowhere; those of several certificates are tested with httpd.
@Suite struct UnverifiedChainTests {
    private static func rejection(_ reason: CertificateRejection.Reason) -> CertificateRejection {
        CertificateRejection(certificate: "CN=x", depth: 0, reason: reason)
    }

    private static func policy(_ directives: [String]) throws -> ServerPolicy {
        try Fixture.withFile(Fixture.certificate) { file in
            let settings = try Fixture.settings { settings in
                for directive in ["SSLCACertificateFile \(file)"] + directives {
                    let words = directive.split(separator: " ").map(String.init)
                    _ = try settings.apply(ssl: words[0], Array(words.dropFirst()), at: SSLLine { $0 })
                }
            }
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
            return try #require(settings.policy)
        }
    }

    @Test func reasons() throws {
        let certificate = try Certificate.certificates(fromPEM: Array(Fixture.certificate.utf8).span)[0]
        #expect(UnverifiedChain([certificate]).reason == "self-signed certificate")
        #expect(UnverifiedChain([certificate, certificate]).authorities == 0)
        #expect(UnverifiedChain([]).reason == "unable to verify the first certificate")
    }

    @Test func onlyAMissingAuthorityIsForgiven() throws {
        let chain = try Certificate.certificates(fromPEM: Array(Fixture.certificate.utf8).span)
        let tolerant = try Self.policy(["SSLVerifyClient optional_no_ca"])
        let strict = try Self.policy(["SSLVerifyClient optional"])
        for (reason, isTaken) in [
            (.selfSigned, true), (.unknownIssuer(issuer: "CN=y"), true), (.workLimit("depth"), true),
            (.expired(notAfter: 1, now: 2), false), (.badSignature(issuer: "CN=y"), false),
            (.revoked(reason: nil, date: 1), false),
        ] as [(CertificateRejection.Reason, Bool)] {
            #expect(
                tolerant.takes(chain, rejectedFor: Self.rejection(reason), under: tolerant.verification) == isTaken,
                "\(reason)"
            )
            #expect(!strict.takes(chain, rejectedFor: Self.rejection(reason), under: strict.verification))
        }
    }
}
