// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Private key formats")
struct KeyFormatTests {
    static func failureReading(pem: [UInt8]) -> CryptoError? {
        failure { () throws(CryptoError) in try PrivateKey(pem: pem.span) }
    }

    static func firstBlock(of pem: [UInt8]) throws -> [UInt8] {
        let blocks = try PEM.blocks(in: pem.span)
        return try #require(blocks.first).der
    }

    static let encrypted = CryptoError.invalidKey(
        "The private key is encrypted; decrypt it first, for example with \"openssl pkey\"."
    )

    /// Makes a key with `arguments`, converts it to every form, and checks that they are one key.
    static func check(_ arguments: [String], traditional label: String) throws {
        let pkcs8 = try OpenSSLCommand.run(["genpkey"] + arguments)
        let key = try PrivateKey(pem: pkcs8.span)
        let traditional = try OpenSSLCommand.run(["pkey", "-traditional"], input: pkcs8)
        #expect(String(decoding: traditional, as: UTF8.self).contains("BEGIN \(label)"))
        for pem in [pkcs8, traditional, traditional + pkcs8] {
            #expect(try PrivateKey(pem: pem.span).publicKey.isSameKey(as: key.publicKey))
            // Windows line ends, text before the block, no line end at the end.
            let text = String(decoding: pem, as: UTF8.self)
            let lines = ["Bag Attributes", "  friendlyName: x"] + text.split(separator: "\n").map { "\($0)" }
            let awkward = Array(lines.joined(separator: "\r\n").utf8)
            #expect(try PrivateKey(pem: awkward.span).publicKey.isSameKey(as: key.publicKey))
        }
        for pem in [pkcs8, traditional] {
            let der = try firstBlock(of: pem)
            #expect(try PrivateKey(der: der.span).publicKey.isSameKey(as: key.publicKey))
            let damaged = CryptoError.invalidKey("The private key is damaged or of an unknown kind.")
            for bad in [der + [0], Array(der.dropLast()), []] {
                #expect(failure { () throws(CryptoError) in try PrivateKey(der: bad.span) } == damaged)
            }
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test func rsa() throws {
        try Self.check(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], traditional: "RSA PRIVATE KEY")
    }

    @Test(arguments: ["P-256", "P-384", "P-521"])
    func ecdsa(curve: String) throws {
        try Self.check(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:\(curve)"], traditional: "EC PRIVATE KEY")
    }

    @Test("The parameters that `openssl ecparam -genkey` writes first are skipped")
    func parametersBefore() throws {
        let pem = try OpenSSLCommand.run(["ecparam", "-name", "prime256v1", "-genkey"])
        #expect(String(decoding: pem, as: UTF8.self).contains("EC PARAMETERS"))
        #expect(try PrivateKey(pem: pem.span).kind == .ecdsaP256)
    }

    @Test("An EC key without its public half gets it computed")
    func withoutPublicHalf() throws {
        let pem = try OpenSSLCommand.run(["ecparam", "-name", "prime256v1", "-genkey", "-noout"])
        let short = try OpenSSLCommand.run(["ec", "-no_public"], input: pem)
        #expect(short.count < pem.count)
        let key = try PrivateKey(pem: short.span)
        #expect(key.publicKey.isSameKey(as: try PrivateKey(pem: pem.span).publicKey))
    }

    @Test("Many threads read keys, and what is none, at once")
    func concurrency() async throws {
        let kinds = [
            ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            ["-algorithm", "ED25519"],
        ]
        let pems = try kinds.map { try OpenSSLCommand.run(["genpkey"] + $0) }
        let keys = try pems.map { pem in try PrivateKey(pem: pem.span) }
        let halves = try pems.map { try Self.firstBlock(of: OpenSSLCommand.run(["pkey", "-pubout"], input: $0)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask {
                    let place = number % 3
                    for _ in 0..<10 {
                        let pem = pems[place]
                        let key = try PrivateKey(pem: pem.span)
                        #expect(key.kind == keys[place].kind && key.publicKey.isSameKey(as: keys[place].publicKey))
                        // A public key is not half a private one.
                        let half = halves[place]
                        #expect(failure { () throws(CryptoError) in try PrivateKey(der: half.span) } != nil)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("Encrypted keys are refused with a sentence")
    func encryptedKeys() throws {
        let pem = try OpenSSLCommand.run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        let pkcs8 = try OpenSSLCommand.run(["pkey", "-aes256", "-passout", "pass:secret"], input: pem)
        #expect(Self.failureReading(pem: pkcs8) == Self.encrypted)
        let traditional = try OpenSSLCommand.run(["ec", "-aes256", "-passout", "pass:secret"], input: pem)
        #expect(String(decoding: traditional, as: UTF8.self).contains("Proc-Type: 4,ENCRYPTED"))
        #expect(Self.failureReading(pem: traditional) == Self.encrypted)
        for text in [pkcs8, traditional] {
            let isEncrypted = PrivateKey.isEncrypted(pem: text.span)
            #expect(isEncrypted)
            let key = try PrivateKey(pem: text.span, passphrase: Array("secret".utf8).span)
            #expect(key.publicKey.isSameKey(as: try PrivateKey(pem: pem.span).publicKey))
            #expect(
                failure { () throws(CryptoError) in
                    try PrivateKey(pem: text.span, passphrase: Array("Secret".utf8).span)
                } != nil
            )
        }
        let isOpenEncrypted = PrivateKey.isEncrypted(pem: pem.span)
        #expect(!isOpenEncrypted)
        let der = try Self.firstBlock(of: pkcs8)
        #expect(failure { () throws(CryptoError) in try PrivateKey(der: der.span) } == Self.encrypted)
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Keys that are too small or of other kinds are refused")
    func otherKeys() throws {
        let small = try OpenSSLCommand.run(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"])
        #expect(
            Self.failureReading(pem: small)
                == .invalidKey("An RSA key of 1024 bits is not accepted; 2048 to 8192 are.")
        )
        for arguments in [
            ["-algorithm", "X25519"], ["-algorithm", "ED448"],
            ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        ] {
            let pem = try OpenSSLCommand.run(["genpkey"] + arguments)
            #expect(
                Self.failureReading(pem: pem)
                    == .invalidKey(
                        "The private key is not an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key, nor one for ML-DSA."
                    ),
                "\(arguments)"
            )
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Texts without a usable key")
    func noKey() {
        func read(_ text: String) -> CryptoError? { Self.failureReading(pem: Array(text.utf8)) }
        let none = CryptoError.invalidKey("There is no private key in the PEM text.")
        #expect(read("") == none)
        #expect(read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") == none)
        #expect(
            read("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
                == .invalidKey(
                    "A PEM block OPENSSH PRIVATE KEY is not supported; PKCS#8, SEC1 and PKCS#1 keys are."
                )
        )
        #expect(
            read("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
                == .invalidKey("The private key is damaged or of an unknown kind.")
        )
        #expect(
            read("-----BEGIN PRIVATE KEY-----\nAAAA\n")
                == .invalidKey("The PEM block PRIVATE KEY has no end.")
        )
        #expect(ErrorQueue.isEmpty)
    }

    @Test("A key whose public half is another's is refused")
    func halvesThatDoNotMatch() throws {
        let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        let first = try Self.firstBlock(of: OpenSSLCommand.run(arguments))
        let second = try Self.firstBlock(of: OpenSSLCommand.run(arguments))
        // PKCS#8 of P-256 ends with the public point.
        let mixed = Array(first.dropLast(64)) + second.suffix(64)
        let error = failure { () throws(CryptoError) in try PrivateKey(der: mixed.span) }
        #expect(error == .invalidKey("The private key's parts do not belong together."))
        #expect(ErrorQueue.isEmpty)
    }
}
