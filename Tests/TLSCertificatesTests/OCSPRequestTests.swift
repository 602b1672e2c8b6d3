// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import TLSCertificates

/// Requests of the online certificate status protocol, and where to send them.
@Suite("OCSP requests")
struct OCSPRequestTests {
    @Test("Without a nonce, as openssl ocsp -no_nonce -reqout writes it") func plain() throws {
        let text = Array(Samples.rsa.utf8)
        let chain = try Certificate.certificates(fromPEM: text.span)
        let request = try OCSPRequest(for: chain[0], issuedBy: chain[1])
        #expect(
            request.der.map(hexadecimal).joined()
                == "304530433041303F303D300906052B0E03021A05000414988FC5FC4C4AE195FD1F56C0C03E9AABE899EEED0414583A97EAC0759E5407C801B7E30C4C3CAF5CE184020401F22195"
        )
    }

    @Test("With a nonce (RFC 9654)") func nonce() throws {
        let chain = TestChain()
        let (leaf, issuer) = (try chain.leaf.made(), try chain.intermediate.made())
        let nonce = Array<UInt8>(1...32)
        let plain = try OCSPRequest(for: leaf, issuedBy: issuer).der
        let request = try OCSPRequest(for: leaf, issuedBy: issuer, nonce: nonce)
        let list = Array(plain.dropFirst(4))
        let value = DER.octets(DER.octets(nonce))
        let extensions = DER.sequence(DER.sequence(DER.object("1.3.6.1.5.5.7.48.1.2"), value))
        #expect(request.der == DER.sequence(DER.sequence(list, DER.explicit(2, extensions))))
        for count in [0, 129] {
            let error = CertificateError("a nonce has 1 to 128 bytes, not \(count)")
            #expect(throws: error) {
                try OCSPRequest(for: leaf, issuedBy: issuer, nonce: [UInt8](repeating: 7, count: count))
            }
        }
    }

    @Test("The nonce of a response") func responseNonce() throws {
        var response = TestOCSPResponse()
        #expect(try response.made().nonce == nil)
        func nonce(_ value: [UInt8]) throws -> [UInt8]? {
            response.extensions = [TestExtension(object: "1.3.6.1.5.5.7.48.1.2", isCritical: false, value: value)]
            return try response.made().nonce
        }
        #expect(try nonce(DER.octets([1, 2, 3])) == [1, 2, 3])
        #expect(try nonce([9, 8]) == [9, 8])
        #expect(try nonce(DER.octets([1]) + [0]) == [4, 1, 1, 0])
    }

    @Test("Refusals") func refusals() throws {
        for (number, name) in [
            (1, "malformedRequest"), (2, "internalError"), (3, "tryLater"), (5, "sigRequired"), (6, "unauthorized"),
        ] {
            let refusal = try #require(OCSPRefusal(rawValue: number))
            #expect(refusal.der == [0x30, 3, 0x0A, 1, UInt8(number)])
            #expect(OCSPRefusal(der: refusal.der) == refusal)
            let error = CertificateError(
                "the OCSP response is malformed in the response status: the responder gave no answer (\(name))"
            )
            #expect(throws: error) { try OCSPResponse(der: refusal.der) }
        }
        let others: [[UInt8]] = [
            [], [0x30, 3, 0x0A, 1, 0], [0x30, 3, 0x0A, 1, 4], [0x30, 3, 0x0A, 1, 3, 0], [0x30, 5, 0x0A, 1, 3, 5, 0],
        ]
        for other in others { #expect(OCSPRefusal(der: other) == nil) }
        #expect(try OCSPRefusal(der: TestOCSPResponse().der) == nil)
    }

    @Test("RFC 5280 §4.2.2.1: the responders that a certificate names") func responders() throws {
        func responders(_ value: [UInt8]) throws -> [String] {
            var chain = TestChain()
            TestChain.set(TestExtension(object: "1.3.6.1.5.5.7.1.1", isCritical: false, value: value), in: &chain.leaf)
            return try chain.leaf.made().ocspResponders
        }
        func place(_ method: String, _ tag: UInt8, _ text: String) -> [UInt8] {
            DER.sequence(DER.object(method), DER.value(tag, Array(text.utf8)))
        }
        let (ocsp, issuers) = ("1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2")
        let value = DER.sequence(
            place(issuers, 0x86, "http://a/ca.cer"),
            place(ocsp, 0x86, "http://a/ocsp"),
            place(ocsp, 0x82, "host"),
            place(ocsp, 0x86, "http://b/\n"),
            place(ocsp, 0x86, "http://c:8080")
        )
        #expect(try responders(value) == ["http://a/ocsp", "http://c:8080"])
        #expect(try responders([]) == [])
        #expect(try responders(DER.sequence(DER.sequence(DER.object(ocsp)))) == [])
        #expect(
            try responders(DER.sequence(of: Array(repeating: place(ocsp, 0x86, "http://d"), count: 50))).count == 16
        )
        #expect(try TestChain().leaf.made().ocspResponders == [])
    }
}
