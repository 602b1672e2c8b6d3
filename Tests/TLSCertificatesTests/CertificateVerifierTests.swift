// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

/// Every test changes one point of a chain that is accepted.
@Suite struct CertificateVerifierTests {
    private typealias Reason = CertificateRejection.Reason

    /// The rejection of the usual chain after a change.
    private func rejection(_ change: (inout TestChain) throws -> Void) throws -> CertificateRejection? {
        var chain = TestChain()
        try change(&chain)
        return try chain.rejection()
    }

    private func expect(
        _ reason: CertificateRejection.Reason,
        of certificate: String,
        depth: Int,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout TestChain) throws -> Void
    ) throws {
        let expected = CertificateRejection(certificate: certificate, depth: depth, reason: reason)
        #expect(try rejection(change) == expected, sourceLocation: sourceLocation)
    }

    private func expectAccepted(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout TestChain) throws -> Void
    ) throws {
        #expect(try rejection(change) == nil, sourceLocation: sourceLocation)
    }

    @Test func theChainIsAcceptedAsItIs() throws {
        let path = try TestChain().verify()
        #expect(path.map(\.description) == ["CN=Leaf", "CN=Intermediate", "CN=Root"])
    }

    @Test func anEmptyChainIsRejected() throws {
        let verifier = CertificateVerifier(trustAnchors: TrustAnchors([]), purpose: .clientAuthentication)
        #expect(throws: CertificateRejection(certificate: "", depth: 0, reason: .emptyChain)) {
            try verifier.verify([], serverName: nil, at: 0)
        }
    }

    // MARK: - Validity (RFC 5280 §4.1.2.5)

    @Test func validityIncludesItsFirstAndLastSecond() throws {
        let (first, last): (Int64, Int64) = (1_735_689_600, 1_798_761_600)
        try expectAccepted { $0.time = first }
        try expectAccepted { $0.time = last }
        try expect(.notYetValid(notBefore: first, now: first - 1), of: "CN=Leaf", depth: 0) { $0.time = first - 1 }
        try expect(.expired(notAfter: last, now: last + 1), of: "CN=Leaf", depth: 0) { $0.time = last + 1 }
    }

    @Test func everyCertificateOfThePathHasToBeValid() throws {
        let (notAfter, notBefore): (Int64, Int64) = (1_748_736_000, 1_780_272_000)
        try expect(.expired(notAfter: notAfter, now: TestCertificate.now), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.notAfter = DER.time("250601000000Z")
        }
        try expect(.notYetValid(notBefore: notBefore, now: TestCertificate.now), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.notBefore = DER.time("260601000000Z")
        }
        try expect(.expired(notAfter: notAfter, now: TestCertificate.now), of: "CN=Root", depth: 2) {
            $0.root.notAfter = DER.time("250601000000Z")
        }
    }

    // MARK: - Names (RFC 9525)

    @Test func theNameHasToBeAnAlternativeName() throws {
        let presented = ["www.example.com", "192.0.2.1"]
        try expect(.wrongName(expected: .dns("example.com"), presented: presented), of: "CN=Leaf", depth: 0) {
            $0.serverName = "example.com"
        }
        try expectAccepted { $0.serverName = "WWW.EXAMPLE.COM." }
        try expectAccepted { $0.serverName = "192.0.2.1" }
        try expect(.wrongName(expected: .ipv4(0xC000_0202), presented: presented), of: "CN=Leaf", depth: 0) {
            $0.serverName = "192.0.2.2"
        }
        try expectAccepted { $0.serverName = nil }
    }

    @Test func theCommonNameIsNoName() throws {
        try expect(.wrongName(expected: .dns("www.example.com"), presented: []), of: "CN=www.example.com", depth: 0) {
            $0.leaf.subject = DER.name("www.example.com")
            $0.leaf.extensions.removeAll { $0.object == "2.5.29.17" }
        }
    }

    @Test func addressesMatchAddressesOnly() throws {
        let v6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        func names(_ name: [UInt8]...) -> TestExtension { .alternativeNames(of: name) }
        try expectAccepted {
            $0.serverName = "2001:db8::1"
            TestChain.set(names(TestName.ip(v6)), in: &$0.leaf)
        }
        try expect(.wrongName(expected: .ipv4(0xC000_0201), presented: ["192.0.2.1"]), of: "CN=Leaf", depth: 0) {
            $0.serverName = "192.0.2.1"
            TestChain.set(names(TestName.dns("192.0.2.1")), in: &$0.leaf)
        }
        // An IPv4 address is not the IPv6 address that maps it.
        let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]
        try expect(.wrongName(expected: .ipv4(0xC000_0201), presented: ["::ffff:c000:201"]), of: "CN=Leaf", depth: 0) {
            $0.serverName = "192.0.2.1"
            TestChain.set(names(TestName.ip(mapped)), in: &$0.leaf)
        }
        // Five bytes are no address.
        try expect(.wrongName(expected: .ipv4(0xC000_0201), presented: []), of: "CN=Leaf", depth: 0) {
            $0.serverName = "192.0.2.1"
            TestChain.set(names(TestName.ip([192, 0, 2, 1, 0])), in: &$0.leaf)
        }
    }

    // MARK: - Issuers

    @Test func anIssuerHasToBeKnown() throws {
        try expect(.unknownIssuer(issuer: "CN=Somebody"), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.issuer = DER.name("Somebody")
        }
        try expect(.unknownIssuer(issuer: "CN=Somebody"), of: "CN=Leaf", depth: 0) {
            $0.leaf.issuer = DER.name("Somebody")
        }
        try expect(.malformed("its issuer has no name"), of: "CN=Leaf", depth: 0) { $0.leaf.issuer = DER.sequence() }
    }

    @Test func aSelfSignedCertificateHasToBeAnAnchor() throws {
        try expect(.selfSigned, of: "CN=Leaf", depth: 0) {
            $0.leaf.issuer = $0.leaf.subject
            $0.leaf.signer = .leaf
        }
        try expect(.selfSigned, of: "CN=Other Root", depth: 2) {
            var root = $0.root
            (root.subject, root.issuer, root.key, root.signer) = (
                DER.name("Other Root"), DER.name("Other Root"), .other, .other
            )
            ($0.intermediate.issuer, $0.intermediate.signer) = (root.subject, .other)
            $0.extras = [root]
        }
    }

    @Test func signaturesHaveToVerify() throws {
        try expect(.badSignature(issuer: "CN=Intermediate"), of: "CN=Leaf", depth: 0) {
            $0.leaf.damagesSignature = true
        }
        try expect(.badSignature(issuer: "CN=Root"), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.damagesSignature = true
        }
        try expect(.badSignature(issuer: "CN=Root"), of: "CN=Intermediate", depth: 1) {
            $0.intermediate.signer = .other
        }
        // Nobody asks who signed an anchor.
        try expectAccepted { $0.root.damagesSignature = true }
    }

    @Test func theOrderOfExtrasDoesNotMatterNorDoStrangers() throws {
        var chain = TestChain()
        var stranger = chain.intermediate
        (stranger.subject, stranger.key) = (DER.name("Stranger"), .x25519)
        // Takes the place behind the leaf.
        swap(&chain.intermediate, &stranger)
        chain.extras = [stranger, chain.root]
        let path = try chain.verify()
        #expect(path.map(\.description) == ["CN=Leaf", "CN=Intermediate", "CN=Root"])
    }

    @Test func anIssuerHasToBeACertificateAuthority() throws {
        for extensions in [
            [.keyUsage(0x06)], [.basicConstraints(isAuthority: false), .keyUsage(0x06)],
        ] as [[TestExtension]] {
            try expect(.notACertificateAuthority, of: "CN=Intermediate", depth: 1) {
                $0.intermediate.extensions = extensions
            }
            try expect(.notACertificateAuthority, of: "CN=Root", depth: 2) { $0.root.extensions = extensions }
        }
    }

    @Test(arguments: [nil, 1] as [UInt8?]) func oldVersionsAreNotForIntermediates(version: UInt8?) throws {
        try expectAccepted { ($0.root.version, $0.root.extensions) = (version, []) }
        try expectAccepted {
            ($0.purpose, $0.serverName) = (.clientAuthentication, nil)
            ($0.leaf.version, $0.leaf.extensions) = (version, [])
        }
        let number = version.map { $0 + 1 } ?? 1
        try expect(
            .malformed("version \(number) certificates are accepted as trust anchors and leaves only"),
            of: "CN=Intermediate",
            depth: 1
        ) { ($0.intermediate.version, $0.intermediate.extensions) = (version, []) }
    }

    @Test func pathLengthsAreKept() throws {
        /// Intermediate certifies a second authority, which certifies the leaf.
        func withTwo(_ chain: inout TestChain) {
            var second = chain.intermediate
            (second.subject, second.issuer) = (DER.name("Second"), DER.name("Intermediate"))
            (second.key, second.signer) = (.other, .intermediate)
            (chain.leaf.issuer, chain.leaf.signer) = (second.subject, .other)
            chain.extras = [second]
        }
        try expectAccepted { withTwo(&$0) }
        try expectAccepted {
            withTwo(&$0)
            TestChain.set(.basicConstraints(isAuthority: true, pathLength: 1), in: &$0.intermediate)
        }
        try expect(.pathLengthExceeded(limit: 0), of: "CN=Intermediate", depth: 2) {
            withTwo(&$0)
            TestChain.set(.basicConstraints(isAuthority: true, pathLength: 0), in: &$0.intermediate)
        }
        try expect(.pathLengthExceeded(limit: 1), of: "CN=Root", depth: 3) {
            withTwo(&$0)
            TestChain.set(.basicConstraints(isAuthority: true, pathLength: 1), in: &$0.root)
        }
        // Zero allows a leaf, and a certificate that the authority issued to itself isn't counted.
        try expectAccepted { TestChain.set(.basicConstraints(isAuthority: true, pathLength: 0), in: &$0.intermediate) }
        try expectAccepted {
            withTwo(&$0)
            $0.extras[0].subject = DER.name("Intermediate")
            $0.leaf.issuer = DER.name("Intermediate")
            TestChain.set(.basicConstraints(isAuthority: true, pathLength: 0), in: &$0.intermediate)
        }
    }

    // MARK: - Usages

    @Test func keyUsagesHaveToFit() throws {
        try expect(.keyUsage(required: "digitalSignature"), of: "CN=Leaf", depth: 0) {
            TestChain.set(.keyUsage(0x20), in: &$0.leaf)
        }
        try expect(.keyUsage(required: "keyCertSign"), of: "CN=Intermediate", depth: 1) {
            TestChain.set(.keyUsage(0x02), in: &$0.intermediate)
        }
        try expect(.keyUsage(required: "keyCertSign"), of: "CN=Root", depth: 2) {
            TestChain.set(.keyUsage(0x80), in: &$0.root)
        }
        try expectAccepted { chain in
            chain.leaf.extensions.removeAll { $0.object == "2.5.29.15" }
            chain.intermediate.extensions.removeAll { $0.object == "2.5.29.15" }
        }
    }

    @Test func purposesHaveToFit() throws {
        let (server, client) = (TestExtension.serverAuthentication, TestExtension.clientAuthentication)
        try expectAccepted { $0.purpose = .clientAuthentication }
        try expect(.extendedKeyUsage(required: "serverAuth"), of: "CN=Leaf", depth: 0) {
            TestChain.set(.purposes(client), in: &$0.leaf)
        }
        try expect(.extendedKeyUsage(required: "clientAuth"), of: "CN=Leaf", depth: 0) {
            $0.purpose = .clientAuthentication
            TestChain.set(.purposes(server), in: &$0.leaf)
        }
        try expect(.extendedKeyUsage(required: "serverAuth"), of: "CN=Leaf", depth: 0) {
            TestChain.set(.purposes(TestExtension.anyPurpose), in: &$0.leaf)
        }
        try expect(.extendedKeyUsage(required: "serverAuth"), of: "CN=Intermediate", depth: 1) {
            TestChain.set(.purposes(TestExtension.codeSigning, client), in: &$0.intermediate)
        }
        try expectAccepted { TestChain.set(.purposes(server), in: &$0.intermediate) }
        try expectAccepted { TestChain.set(.purposes(TestExtension.anyPurpose), in: &$0.intermediate) }
        try expectAccepted { chain in chain.leaf.extensions.removeAll { $0.object == "2.5.29.37" } }
    }

    // MARK: - Extensions

    @Test func unknownCriticalExtensionsAreRefused() throws {
        var unknown = TestExtension(object: "1.2.3.4", isCritical: true, value: DER.null)
        let reason = Reason.unhandledCriticalExtension("1.2.3.4")
        try expect(reason, of: "CN=Leaf", depth: 0) { $0.leaf.extensions.append(unknown) }
        try expect(reason, of: "CN=Intermediate", depth: 1) { $0.intermediate.extensions.append(unknown) }
        try expect(reason, of: "CN=Root", depth: 2) { $0.root.extensions.append(unknown) }
        unknown.isCritical = false
        try expectAccepted {
            $0.leaf.extensions.append(unknown)
            $0.intermediate.extensions.append(unknown)
            $0.root.extensions.append(unknown)
        }
    }

    @Test func criticalPoliciesAreReadAndDoNotRestrict() throws {
        func policies(_ qualifiers: [UInt8]) -> TestExtension {
            let information = DER.sequence(DER.object("2.23.140.1.2.1"), qualifiers)
            return TestExtension(object: "2.5.29.32", isCritical: true, value: DER.sequence(information))
        }
        func qualifier(_ object: String, _ value: [UInt8]) -> [UInt8] {
            DER.sequence(DER.sequence(DER.object(object), value))
        }
        let statement = qualifier("1.3.6.1.5.5.7.2.1", DER.value(DERTag.ia5String, Array("https://a.example".utf8)))
        let notice = qualifier("1.3.6.1.5.5.7.2.2", DER.sequence(DER.utf8("as is")))
        for accepted in [policies([]), policies(statement), policies(notice)] {
            try expectAccepted {
                $0.leaf.extensions.append(accepted)
                $0.intermediate.extensions.append(accepted)
            }
        }
        // RFC 5280 §4.2.1.4: a qualifier that isn't understood makes a critical extension one that isn't.
        let unknown = policies(qualifier("1.2.3", DER.null))
        try expect(.unhandledCriticalExtension("2.5.29.32"), of: "CN=Leaf", depth: 0) {
            $0.leaf.extensions.append(unknown)
        }
        try expectAccepted {
            var harmless = unknown
            harmless.isCritical = false
            $0.leaf.extensions.append(harmless)
        }
    }

    @Test func criticalDistributionPointsAreUnderstood() throws {
        var points = TestExtension.distributionPoints(TestPoint.fullName(TestName.uri("http://a.example/list")))
        points.isCritical = true
        try expectAccepted {
            $0.leaf.extensions.append(points)
            $0.intermediate.extensions.append(points)
        }
        points.value = DER.sequence(DER.boolean(true))
        #expect(throws: CertificateError.self) { try rejection { $0.leaf.extensions.append(points) } }
        points.isCritical = false
        try expectAccepted { $0.leaf.extensions.append(points) }
    }

    @Test func otherUsagesWillDoWhereTheyAreAskedFor() throws {
        for (usage, isAccepted) in [(0x80, true), (0x20, true), (0x08, true), (0x06, false)] as [(UInt8, Bool)] {
            var chain = TestChain()
            TestChain.set(.keyUsage(usage), in: &chain.leaf)
            chain.leafKeyUsages = [.digitalSignature, .keyEncipherment, .keyAgreement]
            #expect(try chain.rejection()?.reason == (isAccepted ? nil : .keyUsage(required: "digitalSignature")))
        }
    }

    @Test func compressedPointsAreKeys() throws {
        try expectAccepted {
            $0.leaf.key = $0.leaf.key.compressed
            $0.intermediate.key = $0.intermediate.key.compressed
            $0.root.key = $0.root.key.compressed
        }
    }

    @Test func aLeafHasNoNameConstraints() throws {
        try expect(
            .malformed("it has name constraints and is not a certificate authority’s"),
            of: "CN=Leaf",
            depth: 0
        ) { $0.leaf.extensions.append(.nameConstraints(permitted: [TestName.dns("example.com")])) }
    }

    @Test func keyIdentifiersMustNotBeCritical() throws {
        try expect(.unhandledCriticalExtension("2.5.29.35"), of: "CN=Leaf", depth: 0) {
            var identifier = TestExtension.authorityKeyIdentifier([1])
            identifier.isCritical = true
            $0.leaf.extensions.append(identifier)
        }
    }

    // MARK: - Algorithms

    @Test(arguments: [
        (TestKey.rsa2048, TestAlgorithm.rsaSHA256), (.rsa2048, .rsaSHA384), (.rsa2048, .rsaSHA512),
        (.rsa2048, .pssSHA256), (.rsa2048, .pssSHA384), (.rsa2048, .pssSHA512), (.rsaPSS, .pssSHA384),
        (.rsaPSSWithSHA256, .pssSHA256), (.intermediate, .ecdsaSHA256), (.intermediate, .ecdsaSHA512),
        (.p384, .ecdsaSHA384), (.p384, .ecdsaSHA256), (.p521, .ecdsaSHA512), (.ed25519, .ed25519),
    ])
    func algorithmsAreAccepted(_ key: TestKey, _ algorithm: TestAlgorithm) throws {
        func change(_ chain: inout TestChain) {
            chain.intermediate.key = key
            (chain.leaf.signer, chain.leaf.algorithm) = (key, algorithm)
        }
        try expectAccepted { change(&$0) }
        try expect(.badSignature(issuer: "CN=Intermediate"), of: "CN=Leaf", depth: 0) {
            change(&$0)
            $0.leaf.damagesSignature = true
        }
    }

    @Test func rsaParametersMayBeAbsent() throws {
        try expectAccepted {
            $0.intermediate.key = .rsa2048
            $0.leaf.signer = .rsa2048
            $0.leaf.algorithm = .rsaSHA256
            $0.leaf.algorithm?.identifier = DER.sequence(DER.object("1.2.840.113549.1.1.11"))
        }
    }

    @Test func algorithmsHaveToFitTheIssuersKey() throws {
        let misfit = Reason.unsupportedSignatureAlgorithm("an algorithm that is not one of its issuer’s key")
        // The RSA signature is right, but the issuer's key is P-256, and so on.
        try expect(misfit, of: "CN=Leaf", depth: 0) { $0.leaf.signer = .rsa2048 }
        try expect(misfit, of: "CN=Leaf", depth: 0) { $0.leaf.signer = .ed25519 }
        try expect(misfit, of: "CN=Leaf", depth: 0) { $0.intermediate.key = .rsa2048 }
        try expect(misfit, of: "CN=Leaf", depth: 0) {
            $0.intermediate.key = .rsaPSS
            $0.leaf.signer = .rsa2048
        }
        try expect(misfit, of: "CN=Leaf", depth: 0) {
            $0.intermediate.key = .rsaPSSWithSHA256
            ($0.leaf.signer, $0.leaf.algorithm) = (.rsa2048, .pssSHA384)
        }
    }

    @Test func theTwoAlgorithmsHaveToBeOne() throws {
        try expect(
            .malformed("the signature algorithm inside differs from the one beside the signature"),
            of: "CN=Leaf",
            depth: 0
        ) { $0.leaf.outerAlgorithm = TestAlgorithm.ecdsaSHA384.identifier }
    }

    @Test(arguments: [
        ("1.2.840.113549.1.1.5", "RSA with SHA-1"), ("1.2.840.113549.1.1.4", "RSA with MD5"),
        ("1.2.840.10045.4.1", "ECDSA with SHA-1"), ("1.2.840.10045.4.3.1", "the algorithm 1.2.840.10045.4.3.1"),
    ])
    func weakAlgorithmsAreRefused(_ object: String, _ words: String) throws {
        try expect(.unsupportedSignatureAlgorithm(words), of: "CN=Leaf", depth: 0) {
            $0.leaf.algorithm = TestAlgorithm(identifier: DER.sequence(DER.object(object)), signer: .ecdsa(.sha256))
        }
    }

    @Test func pssParametersHaveToBeThoseOfTLS() throws {
        let (sha1, sha256, sha384) = ("1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2")
        let signer = SignatureAlgorithm.rsaPSS(.sha256)
        let cases: [(TestAlgorithm, String)] = [
            (.pss(hash: sha1, saltLength: 20, signer: signer), "with another hash than SHA-256, SHA-384 or SHA-512"),
            (
                .pss(hash: sha256, maskHash: sha384, saltLength: 32, signer: signer),
                "whose mask generation uses another hash than the message"
            ),
            (
                .pss(hash: sha256, maskHash: sha1, saltLength: 32, signer: signer),
                "whose mask generation uses another hash than the message"
            ),
            (
                .pss(hash: sha256, saltLength: 20, signer: signer),
                "with a salt of 20 bytes, which is not the hash’s length"
            ),
            (.pss(hash: sha256, saltLength: 32, trailer: 2, signer: signer), "with an unknown trailer field"),
            (
                TestAlgorithm(identifier: DER.sequence(DER.object("1.2.840.113549.1.1.10")), signer: signer),
                "with SHA-1 by default"
            ),
            (
                TestAlgorithm(
                    identifier: DER.sequence(DER.object("1.2.840.113549.1.1.10"), DER.sequence()),
                    signer: signer
                ),
                "with another hash than SHA-256, SHA-384 or SHA-512"
            ),
        ]
        for (algorithm, words) in cases {
            try expect(.unsupportedSignatureAlgorithm("RSA-PSS " + words), of: "CN=Leaf", depth: 0) {
                $0.intermediate.key = .rsa2048
                ($0.leaf.signer, $0.leaf.algorithm) = (.rsa2048, algorithm)
            }
        }
        try expectAccepted {
            $0.intermediate.key = .rsa2048
            $0.leaf.signer = .rsa2048
            $0.leaf.algorithm = .pss(hash: sha256, saltLength: 32, trailer: 1, signer: signer)
        }
    }

    // MARK: - Keys

    @Test func shortKeysAreRefused() throws {
        try expect(.weakKey(bits: 1024), of: "CN=Leaf", depth: 0) { $0.leaf.key = .rsa1024 }
        try expect(.weakKey(bits: 1024), of: "CN=Intermediate", depth: 1) { $0.intermediate.key = .rsa1024 }
        try expect(.weakKey(bits: 1024), of: "CN=Root", depth: 2) { $0.root.key = .rsa1024 }
    }

    @Test func unknownKeysAreRefused() throws {
        try expect(
            .unsupportedKey("the elliptic curve 1.3.132.0.33 is not supported"),
            of: "CN=Leaf",
            depth: 0
        ) { $0.leaf.key = .p224 }
        try expect(
            .unsupportedKey("keys of the algorithm 1.3.101.110 are not supported"),
            of: "CN=Intermediate",
            depth: 1
        ) { $0.intermediate.key = .x25519 }
    }

    @Test func aPointOffTheCurveIsNoKey() throws {
        try expect(.unsupportedKey("The ECDSA key is not a point of its curve"), of: "CN=Intermediate", depth: 1) {
            var info = base64(TestKey.intermediate.publicKeyInfo)
            info[info.count - 1] ^= 1
            $0.intermediate.key = TestKey(publicKeyInfo: DERText.base64(info))
        }
    }
}
