// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCrypto
import Testing

@testable import TLSCertificates

/// Certificates, revocation lists and OCSP responses with ML-DSA (RFC 9881), where libcrypto has it and where it has not.
@Suite struct MLDSATests {
    static let needsIt = Comment("this libcrypto has no ML-DSA: `make test-openssl35` runs on one that has")
    static let lacksIt = Comment("this libcrypto has ML-DSA: `make test` runs on the system's, which need not have it")

    // MARK: - Vectors

    static func pem(_ name: String) throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/certificates/\(name)")
        return Array(try Data(contentsOf: file))
    }

    static func certificate(_ name: String) throws -> Certificate {
        let text = try pem("\(name).pem")
        return try #require(try Certificate.certificates(fromPEM: text.span).first)
    }

    static func key(_ set: MLDSAParameterSet) throws -> TestKey {
        let (name, number) =
            switch set {
            case .mlDSA44: ("mldsa44", 17)
            case .mlDSA65: ("mldsa65", 18)
            case .mlDSA87: ("mldsa87", 19)
            }
        let text = try pem("\(name).key")
        let block = try #require(try PEM.blocks(in: text.span).first)
        return TestKey(
            publicKeyInfo: DERText.base64(try certificate(name).subjectPublicKeyInfo),
            privateKey: DERText.base64(block.der),
            algorithm: TestAlgorithm(
                identifier: DER.sequence(DER.object("2.16.840.1.101.3.4.3.\(number)")),
                signer: .mlDSA(set)
            )
        )
    }

    /// Of the root with the longest signatures and a leaf with the shortest.
    static func chain() throws -> TestChain {
        var chain = TestChain()
        let (root, intermediate, leaf) = try (key(.mlDSA87), key(.mlDSA65), key(.mlDSA44))
        (chain.root.key, chain.root.signer) = (root, root)
        (chain.intermediate.key, chain.intermediate.signer) = (intermediate, root)
        (chain.leaf.key, chain.leaf.signer) = (leaf, intermediate)
        return chain
    }

    private func expect(
        _ reason: CertificateRejection.Reason,
        of certificate: String = "CN=Leaf",
        depth: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout TestChain) throws -> Void
    ) throws {
        var chain = try Self.chain()
        try change(&chain)
        let expected = CertificateRejection(certificate: certificate, depth: depth, reason: reason)
        #expect(try chain.rejection() == expected, sourceLocation: sourceLocation)
    }

    // MARK: - Wherever

    @Test(arguments: [
        ("mldsa44", KeyKind.mlDSA(.mlDSA44), SignatureAlgorithm.mlDSA(.mlDSA65)),
        ("mldsa65", .mlDSA(.mlDSA65), .mlDSA(.mlDSA65)), ("mldsa87", .mlDSA(.mlDSA87), .mlDSA(.mlDSA65)),
        ("p256-by-mldsa", .ecdsaP256, .mlDSA(.mlDSA65)),
    ])
    func whatCertificatesSay(name: String, key: KeyKind, signature: SignatureAlgorithm) throws {
        let certificate = try Self.certificate(name)
        #expect(certificate.publicKeyKind == key)
        #expect(certificate.signatureAlgorithm == signature)
        #expect(certificate.signatureAlgorithmName == "ML-DSA-65")
    }

    @Test func whatSignaturesCost() throws {
        for (name, cost) in [("mldsa44", 3), ("mldsa65", 4), ("mldsa87", 5)] {
            let info = try Self.certificate(name).publicKeyInfo.get()
            #expect(info.verificationCost(messageLength: 2000) == cost)
        }
    }

    // MARK: - Where libcrypto has it

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func chains() throws {
        #expect(try Self.chain().rejection() == nil)
        // Made by OpenSSL, and each kind of key may certify each.
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors([try Self.certificate("mldsa-ca")]),
            purpose: .serverAuthentication
        )
        for name in ["mldsa44", "mldsa65", "mldsa87", "p256-by-mldsa"] {
            let path = try verifier.verify(
                [Self.certificate(name)],
                serverName: ServerName("server.example"),
                at: 1_800_000_000
            )
            #expect(path.count == 2)
        }
        var mixed = try Self.chain()
        (mixed.leaf.key, mixed.root.key, mixed.root.signer) = (.leaf, .root, .root)
        mixed.intermediate.signer = .root
        #expect(try mixed.rejection() == nil)
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func badSignatures() throws {
        try expect(.badSignature(issuer: "CN=Intermediate")) { $0.leaf.damagesSignature = true }
        try expect(.badSignature(issuer: "CN=Root"), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.damagesSignature = true
        }
        // Another parameter set than the issuer's key has.
        try expect(.unsupportedSignatureAlgorithm("an algorithm that is not one of its issuer’s key")) {
            $0.leaf.signer = try Self.key(.mlDSA44)
        }
        // RFC 9881 §2: no parameters.
        try expect(.unsupportedSignatureAlgorithm("an algorithm with parameters that it must not have")) {
            $0.leaf.algorithm = TestAlgorithm(
                identifier: DER.sequence(DER.object("2.16.840.1.101.3.4.3.18"), DER.null),
                signer: .mlDSA(.mlDSA65)
            )
        }
        // HashML-DSA-65 with SHA-512 is another algorithm.
        try expect(.unsupportedSignatureAlgorithm("the algorithm 2.16.840.1.101.3.4.3.33")) {
            $0.leaf.algorithm = TestAlgorithm(
                identifier: DER.sequence(DER.object("2.16.840.1.101.3.4.3.33")),
                signer: .mlDSA(.mlDSA65)
            )
        }
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func badKeys() throws {
        let bits = Array(base64(try Self.key(.mlDSA65).publicKeyInfo).suffix(1952))
        let identifier = DER.object("2.16.840.1.101.3.4.3.18")
        func key(_ algorithm: [UInt8], _ bits: [UInt8]) -> TestKey {
            TestKey(publicKeyInfo: DERText.base64(DER.sequence(algorithm, DER.bits(bits))))
        }
        try expect(
            .unsupportedKey("A key for ML-DSA-65 has 1952 bytes, not 1951"),
            of: "CN=Intermediate",
            depth: 1
        ) { $0.intermediate.key = key(DER.sequence(identifier), bits.dropLast()) }
        try expect(.unsupportedKey("the key for ML-DSA-65 has parameters"), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.key = key(DER.sequence(identifier, DER.null), bits)
        }
    }

    /// RFC 9881 §5, with each bit that such a key must not have.
    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func keyUsages() throws {
        let reason = CertificateRejection.Reason.malformed(
            "its key usage has encryption or key agreement, which ML-DSA is not for"
        )
        for bit in [UInt8(0x20), 0x10, 0x08, 0x01] {
            try expect(reason) { TestChain.set(.keyUsage(0x80 | bit), in: &$0.leaf) }
            try expect(reason, of: "CN=Intermediate", depth: 1) {
                TestChain.set(.keyUsage(0x06 | bit), in: &$0.intermediate)
            }
            // Of a key that is also for encryption, that is no flaw.
            var other = try Self.chain()
            other.leaf.key = .leaf
            TestChain.set(.keyUsage(0x80 | bit), in: &other.leaf)
            #expect(try other.rejection() == nil)
        }
        try expect(reason) {
            let decipherOnly = TestExtension(
                object: "2.5.29.15",
                isCritical: true,
                value: DER.bits([0x80, 0x80], unused: 7)
            )
            TestChain.set(decipherOnly, in: &$0.leaf)
        }
        try expect(.keyUsage(required: "digitalSignature")) { TestChain.set(.keyUsage(0x40), in: &$0.leaf) }
        var silent = try Self.chain()
        silent.leaf.extensions.removeAll { $0.object == "2.5.29.15" }
        #expect(try silent.rejection() == nil)
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt), arguments: MLDSAParameterSet.allCases)
    func revocation(set: MLDSAParameterSet) throws {
        let key = try Self.key(set)
        var chain = TestChain()
        (chain.intermediate.key, chain.leaf.signer) = (key, key)
        let issuer = try chain.intermediate.made()
        for damaged in [false, true] {
            var made = TestRevocationList(issuer: DER.name("Intermediate"), signer: key, entries: [.because(1)])
            made.damagesSignature = damaged
            let list = try CertificateRevocationList(der: made.der)
            var budget = RevocationCheck.Budget(signatures: SignatureBudget(10), nameComparisons: 0)
            #expect((try list.flaw(issuer: issuer, time: TestCertificate.now, &budget) == nil) == !damaged)
            let cost = try issuer.publicKeyInfo.get().verificationCost(messageLength: 100)
            #expect(budget.signatures.left == 10 - cost)
        }
        // A responder with such a key.
        var response = TestOCSPResponse.delegated
        response.signer = key
        response.certificates[0].key = key
        let usual = TestChain()
        let leaf = try usual.leaf.made()
        #expect(
            try response.made().status(of: leaf, issuedBy: usual.intermediate.made(), at: TestCertificate.now) == .good
        )
        response.damagesSignature = true
        #expect(throws: CertificateError.self) {
            try response.made().status(of: leaf, issuedBy: usual.intermediate.made(), at: TestCertificate.now)
        }
    }

    // MARK: - Where it has not

    @Test(.disabled(if: MLDSAParameterSet.isAvailable, lacksIt))
    func refusals() throws {
        func reason(_ set: MLDSAParameterSet) throws -> CertificateRejection.Reason {
            let obstacle = try #require(set.obstacle)
            #expect(obstacle.hasPrefix("\(set.name) takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL "))
            return .unsupportedKey(obstacle)
        }
        func rejection(_ name: String, anchor: String) throws -> CertificateRejection? {
            let verifier = CertificateVerifier(
                trustAnchors: TrustAnchors([try Self.certificate(anchor)]),
                purpose: .serverAuthentication
            )
            let leaf = try Self.certificate(name)
            return #expect(throws: CertificateRejection.self) {
                try verifier.verify([leaf], serverName: ServerName("server.example"), at: 1_800_000_000)
            }
        }
        for (name, set) in [("mldsa44", MLDSAParameterSet.mlDSA44), ("mldsa65", .mlDSA65), ("mldsa87", .mlDSA87)] {
            // As an anchor by itself, too.
            for anchor in ["mldsa-ca", name] {
                let expected = try CertificateRejection(certificate: "CN=\(name)", depth: 0, reason: reason(set))
                #expect(try rejection(name, anchor: anchor) == expected)
            }
            let certificate = try Self.certificate(name)
            let error = #expect(throws: CertificateError.self) { try certificate.publicKey() }
            #expect(try error?.reason.contains(#require(set.obstacle)) == true)
        }
        #expect(
            try rejection("p256-by-mldsa", anchor: "mldsa-ca")
                == CertificateRejection(
                    certificate: "CN=ML-DSA Root,O=SafeTLS Tests",
                    depth: 1,
                    reason: reason(.mlDSA65)
                )
        )
    }
}
