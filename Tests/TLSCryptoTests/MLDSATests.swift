// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import TLSCrypto

@Suite("ML-DSA of libcrypto") struct MLDSATests {
    static let needsIt = Comment("this libcrypto has no ML-DSA: `make test-openssl35` runs on one that has")
    static let lacksIt = Comment("this libcrypto has ML-DSA: `make test` runs on the system's, which need not have it")
    static let sets: [(name: String, set: MLDSAParameterSet)] = [
        ("mldsa44", .mlDSA44), ("mldsa65", .mlDSA65), ("mldsa87", .mlDSA87),
    ]
    private static let message = Array("The quick brown fox".utf8)

    /// A key of `Vectors/certificates`: of 44 seed and expanded form, of 65 the seed, of 87 the expanded form (RFC 9881 §6).
    private static func pem(_ name: String) throws -> [UInt8] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/certificates/\(name).key")
        return Array(try Data(contentsOf: file))
    }

    private static func der(_ name: String) throws -> [UInt8] {
        try KeyFormatTests.firstBlock(of: pem(name))
    }

    private static func key(pem: [UInt8]) throws -> PrivateKey { try PrivateKey(pem: pem.span) }

    private static func key(der: [UInt8]) throws -> PrivateKey { try PrivateKey(der: der.span) }

    private static func refusal(_ pem: [UInt8], _ passphrase: String) -> CryptoError? {
        let words = Array(passphrase.utf8)
        return failure { () throws(CryptoError) in try PrivateKey(pem: pem.span, passphrase: words.span) }
    }

    private static func refusal(_ der: [UInt8]) -> CryptoError? {
        failure { () throws(CryptoError) in try PrivateKey(der: der.span) }
    }

    @Test func `It is used where libcrypto has it`() {
        let version = LibcryptoVersion.number
        #expect(MLDSAParameterSet.isAvailable == (version >= 0x3050_0000))
        print("libcrypto is \(LibcryptoVersion.name), and has \(MLDSAParameterSet.isAvailable ? "" : "no ")ML-DSA")
        #expect(LibcryptoVersion.name.hasPrefix("\(version >> 28).\(version >> 20 & 0xFF)."))
        #expect(ErrorQueue.isEmpty)
    }

    @Test func `Identifiers and the algorithms of keys are told apart`() throws {
        for (name, set) in Self.sets {
            let der = try Self.der(name)
            #expect(MLDSAParameterSet(ofPKCS8: der.span) == set)
            // No other number, and no end before its time.
            var other = der
            let last = try #require(der.indices.first { Array(der[$0...].prefix(3)) == [0x04, 0x03, der[$0 + 2]] }) + 2
            other[last] = 20
            #expect(MLDSAParameterSet(ofPKCS8: other.span) == nil)
            for count in 0..<26 {
                let isKnown = MLDSAParameterSet(ofPKCS8: der.span.extracting(0..<count)) != nil
                #expect(isKnown == (count > last))
            }
        }
        let ecdsa = try KeyFormatTests.firstBlock(of: KeyTests.makeKey(["-algorithm", "ED25519"]))
        #expect(MLDSAParameterSet(ofPKCS8: ecdsa.span) == nil)
    }

    // MARK: Where libcrypto has it

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt), arguments: sets)
    func `Keys in each form sign and verify`(name: String, set: MLDSAParameterSet) throws {
        let key = try Self.key(pem: Self.pem(name))
        #expect(key.kind == .mlDSA(set) && key.publicKey.kind == .mlDSA(set))
        let algorithm = SignatureAlgorithm.mlDSA(set)
        let signature = try key.sign(Self.message.span, algorithm: algorithm)
        #expect(signature.count == set.signatureLength)
        try key.publicKey.verify(signature: signature.span, message: Self.message.span, algorithm: algorithm)
        // Randomised, and both are good.
        let again = try key.sign(Self.message.span, algorithm: algorithm)
        #expect(again != signature)
        try key.publicKey.verify(signature: again.span, message: Self.message.span, algorithm: algorithm)
        func refusal(_ signature: [UInt8], _ message: [UInt8], _ algorithm: SignatureAlgorithm) -> CryptoError? {
            failure { () throws(CryptoError) in
                try key.publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
            }
        }
        for index in [0, signature.count / 2, signature.count - 1] {
            var forged = signature
            forged[index] ^= 1
            #expect(refusal(forged, Self.message, algorithm) == .invalidSignature)
        }
        for bad in [[], Array(signature.dropLast()), signature + [0]] {
            #expect(refusal(bad, Self.message, algorithm) == .invalidSignature)
        }
        #expect(refusal(signature, Self.message + [0], algorithm) == .invalidSignature)
        for (_, other) in Self.sets where other != set {
            #expect(
                refusal(signature, Self.message, .mlDSA(other))
                    == .unsupported("The key is not for signatures of this algorithm.")
            )
        }
        #expect(
            failure { () throws(CryptoError) in try key.sign(Self.message.span, algorithm: .ed25519) }
                == .unsupported("The key cannot make signatures of this algorithm.")
        )
        #expect(ErrorQueue.isEmpty)
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func `One key in all three forms is one key`() throws {
        let both = try Self.der("mldsa44")
        // SEQUENCE { version, algorithm, OCTET STRING { SEQUENCE { OCTET STRING seed, OCTET STRING expanded } } }
        let seed = Array(both[30..<62])
        let expanded = Array(both.suffix(2560))
        let head: [UInt8] = [
            0x02, 0x01, 0x00, 0x30, 0x0B, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11,
        ]
        func long(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
            [tag, 0x82, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        }
        let key = try Self.key(der: both).publicKey
        let seedAlone = [0x30, 0x34] + head + [0x04, 0x22, 0x80, 0x20] + seed
        let expandedAlone = long(0x30, head + long(0x04, long(0x04, expanded)))
        for form in [seedAlone, expandedAlone] {
            #expect(try Self.key(der: form).publicKey.isSameKey(as: key))
        }
        // RFC 9881 §8.2: halves that do not belong together.
        var mixed = both
        mixed[30] ^= 1
        #expect(Self.refusal(mixed) == .invalidKey("The private key is damaged or of an unknown kind."))
        #expect(
            Self.refusal(Array(both.dropLast())) == .invalidKey("The private key is damaged or of an unknown kind.")
        )
        #expect(ErrorQueue.isEmpty)
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func `Encrypted keys`() throws {
        let pem = try Self.pem("mldsa65")
        let sealed = try OpenSSLCommand.run(["pkey", "-aes256", "-passout", "pass:secret"], input: pem)
        let words = Array("secret".utf8)
        let key = try PrivateKey(pem: sealed.span, passphrase: words.span)
        let same = try Self.key(pem: pem)
        #expect(key.publicKey.isSameKey(as: same.publicKey))
        #expect(
            Self.refusal(sealed, "Secret")
                == .invalidKey(
                    "The private key cannot be decrypted: the passphrase is not right, or the key is damaged."
                )
        )
        #expect(ErrorQueue.isEmpty)
    }

    @Test(.enabled(if: MLDSAParameterSet.isAvailable, needsIt), arguments: MLDSAParameterSet.allCases)
    func `Public keys of the wrong length`(set: MLDSAParameterSet) {
        for count in [0, set.publicKeyLength - 1, set.publicKeyLength + 1] {
            let bytes = [UInt8](repeating: 7, count: count)
            #expect(
                failure { () throws(CryptoError) in try PublicKey(mlDSA: bytes.span, set) }
                    == .invalidKey("A key for \(set.name) has \(set.publicKeyLength) bytes, not \(count).")
            )
        }
        #expect(ErrorQueue.isEmpty)
    }

    // MARK: Where it has not

    @Test(.disabled(if: MLDSAParameterSet.isAvailable, lacksIt), arguments: sets)
    func `Keys are refused with the OpenSSL that it takes`(name: String, set: MLDSAParameterSet) throws {
        let sentence = CryptoError.unsupported(
            "\(set.name) takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL \(LibcryptoVersion.name)."
        )
        let pem = try Self.pem(name)
        #expect(KeyFormatTests.failureReading(pem: pem) == sentence)
        let bytes = [UInt8](repeating: 7, count: set.publicKeyLength)
        #expect(failure { () throws(CryptoError) in try PublicKey(mlDSA: bytes.span, set) } == sentence)
        #expect(ErrorQueue.isEmpty)
    }

    /// PBES2 with AES-256, around the seed of `mldsa65.key`; the passphrase is `secret`.
    private static let sealed = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBBpiOQRZ75uKOT3Vpmt
        /zlcAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQMPRzzw33AQwVqHhB
        zYHhKwRAmENgBvk9WaaiTO6pCfDr6O3LdZRoDuVzA5U9p7KPwZsZgoNprG+2G+5n
        mw4NCZVARt+an/ZV84LAr1hQeG23QQ==
        -----END ENCRYPTED PRIVATE KEY-----
        """

    @Test(.disabled(if: MLDSAParameterSet.isAvailable, lacksIt))
    func `Encrypted keys are refused the same way, once they are decrypted`() {
        let pem = Array(Self.sealed.utf8)
        #expect(Self.refusal(pem, "secret") == MLDSAParameterSet.mlDSA65.unavailable)
        #expect(
            Self.refusal(pem, "Secret")
                == .invalidKey(
                    "The private key cannot be decrypted: the passphrase is not right, or the key is damaged."
                )
        )
        #expect(ErrorQueue.isEmpty)
    }
}
