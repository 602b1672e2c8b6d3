// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

@Suite struct CertificateTests {
    private func certificates(_ pem: String) throws -> [Certificate] {
        let text = Array(pem.utf8)
        return try Certificate.certificates(fromPEM: text.span)
    }

    // MARK: - Certificates of OpenSSL

    @Test func readsALeaf() throws {
        let leaf = try #require(try certificates(Samples.rsa).first)
        #expect(leaf.version == 3)
        #expect(leaf.serialNumber == [0x01, 0xF2, 0x21, 0x95])
        #expect(leaf.subject.description == "CN=RSA Leaf,C=DE")
        #expect(leaf.subject.commonName == "RSA Leaf")
        #expect(leaf.issuer.description == "CN=RSA Intermediate,O=Example\\, Inc.,C=DE")
        #expect(leaf.notBefore == 1_795_448_152)
        #expect(leaf.notAfter == 4_949_048_152)
        #expect(leaf.dnsNames == ["*.example.com", "example.com"])
        #expect(leaf.ipAddresses == [[192, 0, 2, 7]])
        #expect(!leaf.isCertificateAuthority)
        #expect(leaf.pathLengthConstraint == nil)
        #expect(leaf.keyUsage == .digitalSignature)
        #expect(leaf.extendedKeyUsage == [.serverAuthentication, .clientAuthentication])
        #expect(leaf.nameConstraints == nil)
        #expect(leaf.signatureAlgorithm == .rsaPSS(.sha256))
        #expect(leaf.publicKeyKind == .rsa(bits: 2048))
        #expect(try leaf.publicKey().kind == .rsa(bits: 2048))
        #expect(try leaf.publicKey() === leaf.publicKey())
        #expect(leaf.subjectKeyIdentifier?.prefix(4) == [0xEA, 0xD8, 0xF9, 0x18])
        #expect(leaf.authorityKeyIdentifier?.prefix(4) == [0x58, 0x3A, 0x97, 0xEA])
        #expect(leaf.subjectPublicKeyInfo.prefix(4) == [0x30, 0x82, 0x01, 0x22])
        #expect(leaf.subjectPublicKeyInfo.count == 294)
        #expect(!leaf.isSelfIssued)
        for (name, isMatch) in [
            ("example.com", true), ("a.example.com", true), ("a.b.example.com", false), ("192.0.2.7", true),
            ("192.0.2.8", false), ("example.org", false),
        ] {
            let name = try #require(ServerName(name))
            #expect(leaf.matches(name) == isMatch)
        }
    }

    @Test func readsAnAuthority() throws {
        let intermediate = try certificates(Samples.rsa)[1]
        #expect(intermediate.isCertificateAuthority)
        #expect(intermediate.pathLengthConstraint == 0)
        #expect(intermediate.keyUsage == [.keyCertSign, .crlSign])
        #expect(intermediate.extendedKeyUsage == .serverAuthentication)
        #expect(intermediate.signatureAlgorithm == .rsaPKCS1(.sha384))
        let constraints = try #require(intermediate.nameConstraints)
        #expect(constraints.isCritical)
        #expect(constraints.excludedSubtrees.isEmpty)
        #expect(
            constraints.permittedSubtrees.prefix(2) == [
                .dnsName("example.com"), .ipAddress([192, 0, 2, 0, 255, 255, 255, 0]),
            ]
        )
        guard case .directoryName(let name) = constraints.permittedSubtrees.last else {
            Issue.record("the directory name is missing")
            return
        }
        #expect(name.description == "C=DE")
    }

    @Test(arguments: [
        (Samples.rsa, "www.example.com", KeyKind.rsa(bits: 2048)), (Samples.ecdsa, "192.0.2.7", .ecdsaP256),
        (Samples.ed25519, "example.com", .ed25519), (Samples.selfSigned, "::1", .ecdsaP256),
    ])
    func acceptsItsChains(_ pem: String, _ name: String, _ kind: KeyKind) throws {
        let chain = try certificates(pem)
        let anchor = try #require(chain.last)
        let verifier = CertificateVerifier(trustAnchors: TrustAnchors([anchor]), purpose: .serverAuthentication)
        #expect(try verifier.verify(chain, serverName: ServerName(name), at: Samples.now) == chain)
        #expect(chain[0].publicKeyKind == kind)
        #expect(throws: CertificateRejection.self) {
            try verifier.verify(chain, serverName: .dns("example.net"), at: Samples.now)
        }
        #expect(throws: CertificateRejection.self) {
            try verifier.verify(chain, serverName: ServerName(name), at: Samples.now - 100_000_000)
        }
    }

    // MARK: - Names of certificates in messages

    @Test func aCertificateWithoutSubjectIsNamedByItsOtherNames() throws {
        var leaf = TestChain().leaf
        leaf.subject = DER.sequence()
        #expect(try leaf.made().description == "DNS:www.example.com")
        TestChain.set(.alternativeNames(TestName.ip([192, 0, 2, 1])), in: &leaf)
        #expect(try leaf.made().description == "IP:192.0.2.1")
        leaf.extensions = []
        leaf.serialNumber = DER.integer(171)
        #expect(try leaf.made().description == "serial number 00AB")
        leaf.subject = DER.name(String(repeating: "x", count: 5000))
        #expect(try leaf.made().description.count == 201)
    }

    @Test func namesThatAreNotPrintableAreLeftOut() throws {
        var leaf = TestChain().leaf
        TestChain.set(
            .alternativeNames(TestName.dns("a\u{1B}[2J"), TestName.dns("b\n"), TestName.dns("c"), TestName.ip([1])),
            in: &leaf
        )
        #expect(try leaf.made().dnsNames == ["c"])
        #expect(try leaf.made().ipAddresses.isEmpty)
    }

    // MARK: - Malformed certificates

    private func reason(_ change: (inout TestCertificate) -> Void) throws -> String? {
        var leaf = TestChain().leaf
        change(&leaf)
        let der = try leaf.der
        do throws(CertificateError) {
            _ = try Certificate(der: der)
            return nil
        } catch {
            return error.reason
        }
    }

    private func extensionReason(_ object: String, _ value: [UInt8]) throws -> String? {
        try reason { TestChain.set(TestExtension(object: object, isCritical: false, value: value), in: &$0) }
    }

    @Test func oddSerialNumbersAreRead() throws {
        for serial in [DER.integer(0), [2, 1, 0x80], DER.value(2, [0] + [UInt8](repeating: 0xFF, count: 20))] {
            #expect(try reason { $0.serialNumber = serial } == nil)
        }
        #expect(
            try reason { $0.serialNumber = DER.value(2, [UInt8](repeating: 1, count: 22)) }
                == "the certificate is malformed in the serial number: an INTEGER is empty, not minimal or out of range"
        )
    }

    @Test func errorsNameTheField() throws {
        #expect(
            try reason { $0.version = 0 }
                == "the certificate is malformed in the version: the version is none of 1, 2 and 3"
        )
        #expect(try reason { $0.version = 3 }?.contains("the version:") == true)
        #expect(
            try reason { $0.notAfter = DER.time("270230000000Z") }
                == "the certificate is malformed in the validity: a time is not a valid UTCTime or GeneralizedTime in UTC"
        )
        #expect(try reason { $0.subject = DER.null }?.contains("the subject: tag 0x30 is expected where 0x05") == true)
        #expect(try reason { $0.issuer = DER.sequence(DER.null) }?.contains("the issuer:") == true)
        // Extensions need version 3.
        #expect(try reason { $0.version = 1 }?.contains("the signed part: bytes follow the last value") == true)
    }

    @Test func extensionsHaveToBeWellFormed() throws {
        #expect(
            try reason { $0.extensions.append($0.extensions[0]) }
                == "the certificate is malformed in the extensions: the extension 2.5.29.19 occurs twice"
        )
        let (names, constraints, nameConstraints) = ("2.5.29.17", "2.5.29.19", "2.5.29.30")
        #expect(try extensionReason(names, DER.sequence())?.contains("subjectAltName extension: the enc") == true)
        #expect(try extensionReason(names, DER.sequence(DER.null))?.contains("unknown tag 0x05") == true)
        #expect(try extensionReason(names, DER.sequence(TestName.dns("a")) + [0])?.contains("subjectAltName") == true)
        #expect(try extensionReason(names, DER.sequence(TestName.directory(DER.null))) != nil)
        #expect(try extensionReason(constraints, DER.sequence(DER.integer(1), DER.boolean(true))) != nil)
        #expect(try extensionReason(constraints, DER.sequence(DER.boolean(true), DER.value(2, [0xFF]))) != nil)
        #expect(try extensionReason(constraints, DER.sequence(DER.boolean(true), [2, 5, 1, 0, 0, 0, 0])) != nil)
        #expect(try extensionReason("2.5.29.15", DER.bits([0x81], unused: 1)) != nil)
        #expect(try extensionReason("2.5.29.37", DER.sequence()) != nil)
        #expect(
            try extensionReason(nameConstraints, DER.sequence())?
                .contains("there is neither a permitted nor an excluded subtree") == true
        )
        #expect(try extensionReason(nameConstraints, DER.sequence(DER.explicit(0, []))) != nil)
        #expect(
            try extensionReason(
                nameConstraints,
                DER.sequence(DER.explicit(0, DER.sequence(TestName.dns("a"), DER.context(0, [1]))))
            )?
            .contains("a subtree has a minimum or maximum distance") == true
        )
        #expect(try extensionReason("2.5.29.14", DER.null) != nil)
        #expect(try extensionReason("2.5.29.35", DER.null) != nil)
        // What isn't known isn't looked into.
        #expect(try extensionReason("1.2.3.4", [0xFF]) == nil)
    }

    @Test func extensionsAreFoundByTheirIdentifier() throws {
        var leaf = TestChain().leaf
        TestChain.set(TestExtension(object: "1.3.6.1.4.1.311.20.2", isCritical: false, value: [1, 2, 3]), in: &leaf)
        TestChain.set(TestExtension(object: "2.999.4711", isCritical: false, value: []), in: &leaf)
        let certificate = try leaf.made()
        #expect(certificate.extensionValue("1.3.6.1.4.1.311.20.2") == [1, 2, 3])
        #expect(certificate.extensionValue("2.999.4711") == [])
        #expect(certificate.extensionValue("2.5.29.17")?.first == 0x30)
        let others = [
            "1.3.6.1.4.1.311.20", "2.5.29.99", "", "2", "2.", ".", "3.1", "1.40", "1.-3", "2.+5", "2.5.29.17 ",
        ]
        for name in others + ["2.18446744073709551615.1", "99999999999999999999.1", "nonsense"] {
            #expect(certificate.extensionValue(name) == nil, "\(name)")
        }
        leaf.extensions = []
        #expect(try leaf.made().extensionValue("2.5.29.17") == nil)
    }

    @Test func anExplicitFalseIsRead() throws {
        let value = DER.sequence(DER.boolean(false))
        #expect(try extensionReason("2.5.29.19", value) == nil)
    }

    @Test func countsAndSizesAreLimited() throws {
        #expect(
            try reason {
                for index in 0..<130 {
                    $0.extensions.append(TestExtension(object: "1.2.3.\(index)", isCritical: false, value: DER.null))
                }
            } == "the certificate is malformed in the extensions: there are more than 128 extensions"
        )
        #expect(
            try reason {
                let value = DER.octets([UInt8](repeating: 0, count: 256 * 1024))
                $0.extensions.append(TestExtension(object: "1.2.3", isCritical: false, value: value))
            } == "the certificate is malformed in its outer structure: a length is larger than a certificate may be"
        )
    }

    @Test func bytesAfterTheCertificateAreRefused() throws {
        let der = try TestChain().leaf.der
        #expect(throws: CertificateError.self) { try Certificate(der: der + [0]) }
        #expect(throws: CertificateError.self) { try Certificate(der: []) }
    }

    // MARK: - Keys

    @Test func aKeyOfAnUnknownKindIsOnlyRefusedWhenAskedFor() throws {
        var leaf = TestChain().leaf
        leaf.key = .p224
        let certificate = try leaf.made()
        #expect(certificate.publicKeyKind == nil)
        #expect(throws: CertificateError.self) { try certificate.publicKey() }
        leaf.key = TestKey(publicKeyInfo: DERText.base64(DER.sequence(DER.null)))
        #expect(try leaf.made().publicKeyKind == nil)
    }

    /// What is wrong with a key becomes part of a sentence, which ends once.
    @Test func sentencesAboutKeysEndOnce() throws {
        let modulus = DER.value(2, [0] + [UInt8](repeating: 0xFF, count: 64))
        let info = DER.sequence(
            DER.sequence(DER.object("1.2.840.113549.1.1.1"), DER.null),
            DER.bits(DER.sequence(modulus, DER.integer(3)))
        )
        var leaf = TestChain().leaf
        leaf.key = TestKey(publicKeyInfo: DERText.base64(info))
        let certificate = try leaf.made()
        let error = #expect(throws: CertificateError.self) { try certificate.publicKey() }
        let sentence = try #require(error).description
        #expect(sentence.contains("RSA key of 512 bits") && !sentence.hasSuffix("..") && !sentence.hasSuffix("are."))
    }

    @Test func keysHaveTheirKind() throws {
        let kinds: [(TestKey, KeyKind?)] = [
            (.leaf, .ecdsaP256), (.p384, .ecdsaP384), (.p521, .ecdsaP521), (.ed25519, .ed25519),
            (.rsa2048, .rsa(bits: 2048)), (.rsa1024, .rsa(bits: 1024)), (.rsaPSS, .rsaPSS(bits: 2048)),
            (.rsaPSSWithSHA256, .rsaPSS(bits: 2048)), (.x25519, nil),
        ]
        for (key, kind) in kinds {
            var leaf = TestChain().leaf
            leaf.key = key
            let certificate = try leaf.made()
            #expect(certificate.publicKeyKind == kind)
            if let kind { #expect(try certificate.publicKey().kind == kind) }
        }
    }

    @Test func aKeyForOneHashTakesNoOther() throws {
        // RFC 9846 §4.3.3, RFC 4055 §3.3.
        let message: [UInt8] = [1, 2, 3]
        func verify(_ keyOfCertificate: TestKey, _ signer: TestKey, _ hash: HashAlgorithm) throws {
            var leaf = TestChain().leaf
            leaf.key = keyOfCertificate
            let privateKey = try PrivateKey(der: base64(try #require(signer.privateKey)).span)
            let signature = try privateKey.sign(message.span, algorithm: .rsaPSS(hash))
            try leaf.made().publicKey().verify(
                signature: signature.span,
                message: message.span,
                algorithm: .rsaPSS(hash)
            )
        }
        try verify(.rsaPSS, .rsaPSS, .sha384)
        try verify(.rsaPSSWithSHA256, .rsaPSSWithSHA256, .sha256)
        // The unrestricted key, said to be for SHA-256 alone.
        var restricted = TestKey.rsaPSS
        let info = base64(restricted.publicKeyInfo)
        let bits = info.suffix(info.count - (4 + 2 + 11))
        let algorithm = DER.sequence(
            DER.object("1.2.840.113549.1.1.10"),
            DER.sequence(
                DER.explicit(0, DER.sequence(DER.object("2.16.840.1.101.3.4.2.1"))),
                DER.explicit(
                    1,
                    DER.sequence(
                        DER.object("1.2.840.113549.1.1.8"),
                        DER.sequence(DER.object("2.16.840.1.101.3.4.2.1"))
                    )
                ),
                DER.explicit(2, DER.integer(32))
            )
        )
        restricted = TestKey(publicKeyInfo: DERText.base64(DER.sequence(algorithm, Array(bits))))
        try verify(restricted, .rsaPSS, .sha256)
        #expect(throws: CryptoError.invalidSignature) { try verify(restricted, .rsaPSS, .sha384) }
    }

    @Test func keysHaveToBeWellFormed() throws {
        let curve = DER.object("1.2.840.10045.3.1.7")
        let (ec, ed) = (DER.object("1.2.840.10045.2.1"), DER.object("1.3.101.112"))
        let bits = DER.bits([4] + [UInt8](repeating: 1, count: 64))
        func kind(_ info: [UInt8]) throws -> KeyKind? {
            var leaf = TestChain().leaf
            leaf.key = TestKey(publicKeyInfo: DERText.base64(info))
            return try leaf.made().publicKeyKind
        }
        #expect(try kind(DER.sequence(DER.sequence(ec, curve), bits)) == .ecdsaP256)
        #expect(try kind(DER.sequence(DER.sequence(ed), bits)) == .ed25519)
        for info in [
            DER.sequence(DER.sequence(ec, curve), bits, DER.null),
            DER.sequence(DER.sequence(ec, curve, DER.null), bits),
            DER.sequence(DER.sequence(ec), bits), DER.sequence(DER.sequence(ec, DER.null), bits),
            DER.sequence(DER.sequence(ec, DER.sequence(curve)), bits), DER.sequence(DER.sequence(ec, curve)),
            DER.sequence(DER.sequence(ec, curve), DER.octets([4])), DER.sequence(DER.sequence(ed, DER.null), bits),
            DER.sequence(DER.sequence(ec, curve), DER.bits([4, 2], unused: 1)), DER.sequence(ec, bits),
        ] {
            #expect(try kind(info) == nil)
        }
    }

    @Test func rsaKeysNeedASoundExponent() throws {
        let modulus = DER.value(2, [0x00, 0xC1] + [UInt8](repeating: 0xFF, count: 255))
        func kind(_ exponent: [UInt8], modulus: [UInt8] = modulus) throws -> KeyKind? {
            let info = DER.sequence(
                DER.sequence(DER.object("1.2.840.113549.1.1.1"), DER.null),
                DER.bits(DER.sequence(modulus, exponent))
            )
            var leaf = TestChain().leaf
            leaf.key = TestKey(publicKeyInfo: DERText.base64(info))
            return try leaf.made().publicKeyKind
        }
        #expect(try kind(DER.integer(3)) == .rsa(bits: 2048))
        for exponent in [
            DER.integer(1), DER.integer(2), DER.integer(0), [2, 1, 0x83], DER.value(2, [UInt8](repeating: 1, count: 9)),
        ] {
            #expect(try kind(exponent) == nil)
        }
        #expect(try kind(DER.integer(3), modulus: DER.integer(0)) == nil)
        #expect(try kind(DER.integer(3), modulus: DER.value(2, [0x81] + [UInt8](repeating: 1, count: 255))) == nil)
    }

    // MARK: - PEM

    @Test func otherBlocksArePassedOver() throws {
        let text = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n" + Samples.ed25519
        #expect(try certificates(text).count == 2)
    }

    @Test func pemErrorsSayWhichCertificate() throws {
        let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        for (text, words) in [
            ("", "the PEM text contains no CERTIFICATE block"),
            (Samples.selfSigned + broken, "certificate 2 of the PEM text cannot be used: the certificate is malformed"),
            ("-----BEGIN CERTIFICATE-----\nMAA", "the PEM text is malformed: "),
        ] {
            let error = #expect(throws: CertificateError.self) { try certificates(text) }
            #expect(error?.description.hasPrefix(words) == true)
        }
    }
}
