// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import TLSCertificates

/// Responses of the online certificate status protocol (RFC 6960).
@Suite("OCSP responses")
struct OCSPResponseTests {
    private func status(
        _ response: TestOCSPResponse = TestOCSPResponse(),
        chain: TestChain = TestChain(),
        at time: Int64 = TestCertificate.now
    ) throws -> OCSPResponse.Status {
        try response.made().status(of: chain.leaf.made(), issuedBy: chain.intermediate.made(), at: time)
    }

    @Test("Signed by the issuer, named in either way, with any hash") func issuer() throws {
        #expect(try status() == .good)
        var response = TestOCSPResponse()
        response.responder = nil
        #expect(try status(response) == .good)
        let hashes: [(String, HashAlgorithm)] = [
            ("2.16.840.1.101.3.4.2.1", .sha256), ("2.16.840.1.101.3.4.2.2", .sha384),
            ("2.16.840.1.101.3.4.2.3", .sha512),
        ]
        for (object, hash) in hashes {
            (response.hashObject, response.hash) = (object, hash)
            #expect(try status(response) == .good)
        }
    }

    @Test("Serial numbers with a high first bit") func highSerialNumber() throws {
        var chain = TestChain()
        chain.leaf.serialNumber = DER.integer(0x80)
        var response = TestOCSPResponse()
        response.serialNumber = DER.integer(0x80)
        #expect(try status(response, chain: chain) == .good)
    }

    @Test("Signed by a responder of the issuer") func delegate() throws {
        #expect(try status(.delegated) == .good)
        var response = TestOCSPResponse.delegated
        response.responder = nil
        #expect(try status(response) == .good)
    }

    @Test("Signed by a responder that the caller trusts") func trustedResponder() throws {
        var response = TestOCSPResponse.delegated
        // Nobody else would believe it: neither the issuer's signature nor the purpose.
        response.certificates = []
        var responder = TestOCSPResponse.delegate
        responder.signer = .other
        responder.extensions = []
        let chain = TestChain()
        func status(_ responders: [Certificate], at time: Int64 = TestCertificate.now) throws -> OCSPResponse.Status {
            try response.made().status(
                of: chain.leaf.made(),
                issuedBy: chain.intermediate.made(),
                at: time,
                responders: responders
            )
        }
        #expect(throws: CertificateError.self) { try status([]) }
        #expect(throws: CertificateError.self) { try status([chain.leaf.made(), chain.root.made()]) }
        #expect(try status([chain.root.made(), responder.made()]) == .good)
        responder.notAfter = DER.time("251231000000Z")
        #expect(throws: CertificateError.self) { try status([responder.made()]) }
        responder = TestOCSPResponse.delegate
        responder.key = .root
        #expect(throws: CertificateError.self) { try status([responder.made()]) }
    }

    @Test("What it says of the certificate") func statuses() throws {
        var response = TestOCSPResponse()
        response.status = .unknown
        #expect(try status(response) == .unknown)
        for (reason, expected) in [(nil, nil), (1, .keyCompromise), (4, .superseded)] as [(UInt8?, RevocationReason?)] {
            response.status = .revoked(reason: reason)
            #expect(try status(response) == .revoked(reason: expected, date: TestRevocation.time))
        }
    }

    @Test("Out of date it says nothing, some minutes apart it does") func time() throws {
        let (from, to): (Int64, Int64) = (1_767_139_200, 1_767_744_000)
        #expect(try status(at: from - 299) == .good && status(at: to + 299) == .good)
        #expect(try status(at: from - 301) == .unknown && status(at: to + 301) == .unknown)
        var response = TestOCSPResponse()
        response.nextUpdate = nil
        #expect(try status(response, at: from + 3_600) == .good && status(response, at: from + 4_000) == .unknown)
    }

    @Test("The caller may be stricter about time") func strictTime() throws {
        let (from, to): (Int64, Int64) = (1_767_139_200, 1_767_744_000)
        let chain = TestChain()
        let (leaf, issuer) = (try chain.leaf.made(), try chain.intermediate.made())
        let response = try TestOCSPResponse().made()
        func status(at time: Int64, skew: Int64 = 0, age: Int64? = nil) throws -> OCSPResponse.Status {
            try response.status(of: leaf, issuedBy: issuer, at: time, clockSkew: skew, maximumAge: age)
        }
        #expect(try status(at: from) == .good && status(at: from - 1) == .unknown)
        #expect(try status(at: to) == .good && status(at: to + 1) == .unknown)
        #expect(try status(at: from + 60, age: 60) == .good && status(at: from + 61, age: 60) == .unknown)
        #expect(try status(at: from + 70, skew: 10, age: 60) == .good)
    }

    @Test("Until when a response is up to date") func expiry() throws {
        let (from, to): (Int64, Int64) = (1_767_139_200, 1_767_744_000)
        let chain = TestChain()
        let (leaf, issuer) = (try chain.leaf.made(), try chain.intermediate.made())
        var response = TestOCSPResponse()
        func expiry(of certificate: Certificate, age: Int64? = nil) throws -> Int64? {
            try response.made().expiry(for: certificate, issuedBy: issuer, maximumAge: age)
        }
        #expect(try expiry(of: leaf) == to && expiry(of: leaf, age: to - from + 1) == to)
        #expect(try expiry(of: leaf, age: 60) == from + 60 && expiry(of: leaf, age: .max) == to)
        #expect(try expiry(of: issuer) == nil)
        response.nextUpdate = nil
        #expect(try expiry(of: leaf) == from + 3_600 && expiry(of: leaf, age: 60) == from + 60)
    }

    @Test("About another certificate") func otherCertificate() throws {
        let changes: [(inout TestOCSPResponse) -> Void] = [
            { $0.serialNumber = DER.integer(2) },
            { $0.issuerName = DER.name("Root") },
            { $0.issuerKey = .root },
            { $0.hashObject = "1.2.840.113549.2.5" },
        ]
        for change in changes {
            var response = TestOCSPResponse()
            change(&response)
            #expect(throws: CertificateError("the OCSP response is not about the certificate")) { try status(response) }
        }
    }

    @Test("Signed by somebody else") func otherSigner() throws {
        let changes: [(inout TestOCSPResponse) -> Void] = [
            { $0.damagesSignature = true },
            { $0.signer = .root },
            { $0.responder = DER.name("Root") },
            { $0.certificates = [] },
            { $0.certificates[0].extensions = [.keyUsage(0x80)] },
            { $0.certificates[0].extensions = [.purposes("1.3.6.1.5.5.7.3.9"), .keyUsage(0x20)] },
            { $0.certificates[0].signer = .root },
            { $0.certificates[0].issuer = DER.name("Root") },
            { $0.certificates[0].damagesSignature = true },
            { $0.certificates[0].notAfter = DER.time("251231000000Z") },
        ]
        for (index, change) in changes.enumerated() {
            var response = index < 3 ? TestOCSPResponse() : .delegated
            change(&response)
            let error = #expect(throws: CertificateError.self, "change \(index)") { try status(response) }
            let words = "the OCSP response is not signed by the issuer or a responder of its choice"
            #expect(error?.reason.hasPrefix(words) == true, "change \(index): \(String(describing: error))")
        }
    }

    @Test("A responder’s certificate keeps to the rules for certificates on paths") func responderRules() throws {
        let unknown = TestExtension(object: "1.2.3.4", isCritical: true, value: DER.null)
        let changes: [(String, (inout TestCertificate) -> Void)] = [
            ("has the critical extension 1.2.3.4, which is not supported", { $0.extensions.append(unknown) }),
            ("differs from the one beside", { $0.outerAlgorithm = TestAlgorithm.ecdsaSHA384.identifier }),
            ("has an RSA key of 1024 bits", { $0.key = .rsa1024 }),
            ("expired on", { $0.notAfter = DER.time("251231000000Z") }),
            ("is not valid before", { $0.notBefore = DER.time("260601000000Z") }),
            ("without OCSPSigning", { $0.extensions = [.keyUsage(0x80)] }),
            ("without digitalSignature", { TestChain.set(.keyUsage(0x20), in: &$0) }),
            (
                "is signed with RSA with SHA-1",
                {
                    let identifier = DER.sequence(DER.object("1.2.840.113549.1.1.5"), DER.null)
                    $0.algorithm = TestAlgorithm(identifier: identifier, signer: .ecdsa(.sha256))
                }
            ),
        ]
        for (words, change) in changes {
            var response = TestOCSPResponse.delegated
            change(&response.certificates[0])
            let error = #expect(throws: CertificateError.self, "\(words)") { try status(response) }
            #expect(error?.reason.contains(words) == true, "\(String(describing: error))")
        }
        // RFC 6960 §4.2.2.2.1: that nobody need ask about it may be critical, too.
        var response = TestOCSPResponse.delegated
        let noCheck = TestExtension(object: "1.3.6.1.5.5.7.48.1.5", isCritical: true, value: DER.null)
        response.certificates[0].extensions.append(noCheck)
        #expect(try status(response) == .good)
    }

    @Test("A trusted responder’s certificate, too") func trustedResponderRules() throws {
        var response = TestOCSPResponse.delegated
        response.certificates = []
        let chain = TestChain()
        func status(_ responder: TestCertificate) throws -> OCSPResponse.Status {
            try response.made().status(
                of: chain.leaf.made(),
                issuedBy: chain.intermediate.made(),
                at: TestCertificate.now,
                responders: [responder.made()]
            )
        }
        var responder = TestOCSPResponse.delegate
        #expect(try status(responder) == .good)
        responder.extensions.append(TestExtension(object: "1.2.3.4", isCritical: true, value: DER.null))
        #expect(throws: CertificateError.self) { try status(responder) }
    }

    @Test("A responder is found whatever its name’s kind of string") func responderName() throws {
        var response = TestOCSPResponse.delegated
        response.responder = DER.sequence(DER.set(DER.sequence(DER.object("2.5.4.3"), DER.printable("RESPONDER"))))
        #expect(try status(response) == .good)
    }

    @Test("Certificates that come along cost what the limit allows") func costs() throws {
        var response = TestOCSPResponse.delegated
        var chain = TestChain()
        chain.intermediate.key = .p384
        (response.issuerKey, response.certificates[0].signer) = (.p384, .p384)
        response.certificates[0].damagesSignature = true
        response.certificates = Array(repeating: response.certificates[0], count: 16)
        // The key's hash is that of another curve's point: made by hand.
        let info = base64(TestKey.p384.publicKeyInfo)
        response.issuerKeyBits = Array(info.suffix(97))
        let error = #expect(throws: CertificateError.self) { try status(response, chain: chain) }
        #expect(error?.reason == "the OCSP response needs more signatures to be verified than the limit allows")
    }

    @Test("Malformed ones and refusals are no responses") func malformed() throws {
        let changes: [(inout TestOCSPResponse) -> Void] = [
            { $0.responseStatus = 6 },
            { $0.responseType = "1.2.3" },
            { $0.thisUpdate = DER.time("251231000000Z") },
            { $0.extensions = [TestExtension(object: "1.2.3", isCritical: true, value: [5, 0])] },
            { $0.certificates = Array(repeating: TestOCSPResponse.delegate, count: 17) },
        ]
        for change in changes {
            var response = TestOCSPResponse()
            change(&response)
            #expect(throws: CertificateError.self) { try response.made() }
        }
        let whole = try TestOCSPResponse.delegated.der
        for length in 0..<whole.count {
            #expect(throws: CertificateError.self) { try OCSPResponse(der: Array(whole.prefix(length))) }
        }
        #expect(throws: CertificateError.self) { try OCSPResponse(der: whole + [0]) }
    }

    @Test("Changed bytes never make a good response", arguments: 0..<4) func mutations(block: Int) throws {
        let whole = try TestOCSPResponse.delegated.der
        let chain = TestChain()
        let (leaf, issuer) = (try chain.leaf.made(), try chain.intermediate.made())
        for index in stride(from: block, to: whole.count, by: 4) {
            for change: UInt8 in [1, 0x80, 0xFF] {
                var bytes = whole
                bytes[index] ^= change
                guard let response = try? OCSPResponse(der: bytes) else { continue }
                let status = try? response.status(of: leaf, issuedBy: issuer, at: TestCertificate.now)
                // Some bytes are neither signed nor looked at: NULL parameters, the responder's own unused fields.
                if status == .good {
                    #expect(response.fields.signedPart == (try OCSPResponse(der: whole)).fields.signedPart)
                }
            }
        }
    }

    @Test("RFC 7633: a certificate that has to come with a response") func mustStaple() throws {
        func requires(_ features: [UInt8]...) throws -> Bool {
            var chain = TestChain()
            let value = DER.sequence(of: features)
            TestChain.set(
                TestExtension(object: "1.3.6.1.5.5.7.1.24", isCritical: false, value: value),
                in: &chain.leaf
            )
            return try chain.leaf.made().requiresStapledStatus
        }
        #expect(try !TestChain().leaf.made().requiresStapledStatus)
        #expect(try requires(DER.integer(5)) && requires(DER.integer(17), DER.integer(5)) && !requires(DER.integer(17)))
        #expect(throws: CertificateError.self) { try requires(DER.boolean(true)) }
    }
}
