// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// An AlgorithmIdentifier and the algorithm that signs for it.
struct TestAlgorithm: Sendable {
    var identifier: [UInt8]
    var signer: SignatureAlgorithm

    static let ecdsaSHA256 = TestAlgorithm(
        identifier: DER.sequence(DER.object("1.2.840.10045.4.3.2")),
        signer: .ecdsa(.sha256)
    )
    static let ecdsaSHA384 = TestAlgorithm(
        identifier: DER.sequence(DER.object("1.2.840.10045.4.3.3")),
        signer: .ecdsa(.sha384)
    )
    static let ecdsaSHA512 = TestAlgorithm(
        identifier: DER.sequence(DER.object("1.2.840.10045.4.3.4")),
        signer: .ecdsa(.sha512)
    )
    static let ed25519 = TestAlgorithm(identifier: DER.sequence(DER.object("1.3.101.112")), signer: .ed25519)
    static let rsaSHA256 = rsa("1.2.840.113549.1.1.11", .sha256)
    static let rsaSHA384 = rsa("1.2.840.113549.1.1.12", .sha384)
    static let rsaSHA512 = rsa("1.2.840.113549.1.1.13", .sha512)
    static let pssSHA256 = pss(hash: "2.16.840.1.101.3.4.2.1", saltLength: 32, signer: .rsaPSS(.sha256))
    static let pssSHA384 = pss(hash: "2.16.840.1.101.3.4.2.2", saltLength: 48, signer: .rsaPSS(.sha384))
    static let pssSHA512 = pss(hash: "2.16.840.1.101.3.4.2.3", saltLength: 64, signer: .rsaPSS(.sha512))

    private static func rsa(_ object: String, _ hash: HashAlgorithm) -> TestAlgorithm {
        TestAlgorithm(identifier: DER.sequence(DER.object(object), DER.null), signer: .rsaPKCS1(hash))
    }

    static func pss(
        hash: String,
        maskHash: String? = nil,
        saltLength: UInt8,
        trailer: UInt8? = nil,
        signer: SignatureAlgorithm
    ) -> TestAlgorithm {
        let mask = DER.sequence(
            DER.object("1.2.840.113549.1.1.8"),
            DER.sequence(DER.object(maskHash ?? hash), DER.null)
        )
        var parts = [
            DER.explicit(0, DER.sequence(DER.object(hash), DER.null)), DER.explicit(1, mask),
            DER.explicit(2, DER.integer(saltLength)),
        ]
        if let trailer { parts.append(DER.explicit(3, DER.integer(trailer))) }
        return TestAlgorithm(
            identifier: DER.sequence(DER.object("1.2.840.113549.1.1.10"), DER.sequence(of: parts)),
            signer: signer
        )
    }
}

/// An extension to be written.
struct TestExtension: Sendable {
    var object: String
    var isCritical: Bool
    var value: [UInt8]

    var der: [UInt8] {
        DER.sequence(DER.object(object), isCritical ? DER.boolean(true) : [], DER.octets(value))
    }

    static func basicConstraints(isAuthority: Bool, pathLength: UInt8? = nil) -> TestExtension {
        TestExtension(
            object: "2.5.29.19",
            isCritical: true,
            value: DER.sequence(isAuthority ? DER.boolean(true) : [], pathLength.map { DER.integer($0) } ?? [])
        )
    }

    /// The first byte of the bits: 0x80 digitalSignature, 0x20 keyEncipherment, 0x04 keyCertSign, 0x02 cRLSign.
    static func keyUsage(_ bits: UInt8) -> TestExtension {
        TestExtension(
            object: "2.5.29.15",
            isCritical: true,
            value: DER.bits([bits], unused: UInt8(bits.trailingZeroBitCount))
        )
    }

    static func purposes(_ objects: String...) -> TestExtension {
        TestExtension(object: "2.5.29.37", isCritical: false, value: DER.sequence(of: objects.map { DER.object($0) }))
    }

    static let serverAuthentication = "1.3.6.1.5.5.7.3.1"
    static let clientAuthentication = "1.3.6.1.5.5.7.3.2"
    static let codeSigning = "1.3.6.1.5.5.7.3.3"
    static let anyPurpose = "2.5.29.37.0"

    static func alternativeNames(_ names: [UInt8]...) -> TestExtension {
        TestExtension(object: "2.5.29.17", isCritical: false, value: DER.sequence(of: names))
    }

    static func alternativeNames(of names: [[UInt8]]) -> TestExtension {
        TestExtension(object: "2.5.29.17", isCritical: false, value: DER.sequence(of: names))
    }

    static func nameConstraints(
        permitted: [[UInt8]] = [],
        excluded: [[UInt8]] = [],
        isCritical: Bool = true
    ) -> TestExtension {
        func subtrees(_ number: UInt8, _ names: [[UInt8]]) -> [UInt8] {
            names.isEmpty ? [] : DER.explicit(number, names.flatMap { DER.sequence($0) })
        }
        return TestExtension(
            object: "2.5.29.30",
            isCritical: isCritical,
            value: DER.sequence(subtrees(0, permitted), subtrees(1, excluded))
        )
    }

    static func subjectKeyIdentifier(_ bytes: [UInt8]) -> TestExtension {
        TestExtension(object: "2.5.29.14", isCritical: false, value: DER.octets(bytes))
    }

    static func authorityKeyIdentifier(_ bytes: [UInt8]) -> TestExtension {
        TestExtension(object: "2.5.29.35", isCritical: false, value: DER.sequence(DER.context(0, bytes)))
    }
}

/// GeneralNames.
enum TestName {
    static func email(_ text: String) -> [UInt8] { DER.context(1, Array(text.utf8)) }
    static func dns(_ text: String) -> [UInt8] { DER.context(2, Array(text.utf8)) }
    static func uri(_ text: String) -> [UInt8] { DER.context(6, Array(text.utf8)) }
    static func ip(_ bytes: [UInt8]) -> [UInt8] { DER.context(7, bytes) }
    static func directory(_ name: [UInt8]) -> [UInt8] { DER.explicit(4, name) }
}

/// A certificate to be made; every part can be changed alone.
struct TestCertificate: Sendable {
    /// nil leaves the version out: version 1.
    var version: UInt8? = 2
    var serialNumber: [UInt8] = DER.integer(1)
    var subject: [UInt8]
    var issuer: [UInt8]
    var notBefore = DER.time("250101000000Z")
    var notAfter = DER.time("270101000000Z")
    var key: TestKey
    var signer: TestKey
    /// The signer's own if nil.
    var algorithm: TestAlgorithm?
    /// What stands beside the signature, if it isn't what stands inside.
    var outerAlgorithm: [UInt8]?
    var extensions: [TestExtension]
    var damagesSignature = false

    /// 2026-01-01T00:00:00Z, in the middle of the validity period.
    static let now: Int64 = 1_767_225_600

    var der: [UInt8] {
        get throws {
            let algorithm = algorithm ?? signer.algorithm
            let signed = DER.sequence(
                version.map { DER.explicit(0, DER.integer($0)) } ?? [],
                serialNumber,
                algorithm.identifier,
                issuer,
                DER.sequence(notBefore, notAfter),
                subject,
                base64(key.publicKeyInfo),
                extensions.isEmpty ? [] : DER.explicit(3, DER.sequence(of: extensions.map(\.der)))
            )
            var signature = [UInt8](repeating: 0x55, count: 64)
            if let privateKey = signer.privateKey {
                signature = try PrivateKey(der: base64(privateKey).span).sign(signed.span, algorithm: algorithm.signer)
            }
            // The last byte keeps the signature's own structure whole.
            if damagesSignature { signature[signature.count - 1] ^= 1 }
            return DER.sequence(signed, outerAlgorithm ?? algorithm.identifier, DER.bits(signature))
        }
    }

    func made() throws -> Certificate { try Certificate(der: der) }
}

/// A chain of three that is accepted for www.example.com, until a test changes something.
struct TestChain: Sendable {
    var root = TestCertificate(
        subject: DER.name("Root"),
        issuer: DER.name("Root"),
        key: .root,
        signer: .root,
        extensions: [.basicConstraints(isAuthority: true), .keyUsage(0x06)]
    )
    var intermediate = TestCertificate(
        subject: DER.name("Intermediate"),
        issuer: DER.name("Root"),
        key: .intermediate,
        signer: .root,
        extensions: [.basicConstraints(isAuthority: true), .keyUsage(0x06)]
    )
    var leaf = TestCertificate(
        subject: DER.name("Leaf"),
        issuer: DER.name("Intermediate"),
        key: .leaf,
        signer: .intermediate,
        extensions: [
            .basicConstraints(isAuthority: false), .keyUsage(0x80),
            .purposes(TestExtension.serverAuthentication, TestExtension.clientAuthentication),
            .alternativeNames(TestName.dns("www.example.com"), TestName.ip([192, 0, 2, 1])),
        ]
    )
    var extras: [TestCertificate] = []
    var purpose = CertificateVerifier.Purpose.serverAuthentication
    var serverName: String? = "www.example.com"
    var limits = CertificateVerifier.Limits()
    var time = TestCertificate.now
    var revocation: RevocationPolicy?
    var policies = PolicyRequirements()
    var leafKeyUsages = KeyUsage.digitalSignature
    var allowsCommonName = false
    /// Whether certificates are read leniently.
    var isLenient = false

    /// Replaces an extension, or adds it.
    static func set(_ new: TestExtension, in certificate: inout TestCertificate) {
        certificate.extensions.removeAll { $0.object == new.object }
        certificate.extensions.append(new)
    }

    @discardableResult
    func verify() throws -> [Certificate] {
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors([try root.made()]),
            purpose: purpose,
            limits: limits,
            revocation: revocation,
            policies: policies,
            leafKeyUsages: leafKeyUsages,
            allowsCommonName: allowsCommonName
        )
        let chain = try ([leaf, intermediate] + extras).map { certificate in
            isLenient ? try Certificate(lenientlyReading: certificate.der) : try certificate.made()
        }
        return try verifier.verify(chain, serverName: serverName.flatMap { ServerName($0) }, at: time)
    }

    /// The rejection of the chain, nil if it is accepted.
    func rejection() throws -> CertificateRejection? {
        do {
            try verify()
            return nil
        } catch let rejection as CertificateRejection {
            return rejection
        }
    }
}
