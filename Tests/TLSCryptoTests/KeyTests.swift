// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Keys and signatures")
struct KeyTests {
    /// What `openssl genpkey` makes, and what this library says it is.
    static let kinds: [(arguments: [String], kind: KeyKind)] = [
        (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], .rsa(bits: 2048)),
        (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], .rsa(bits: 3072)),
        (["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], .rsaPSS(bits: 2048)),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], .ecdsaP256),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], .ecdsaP384),
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], .ecdsaP521),
        (["-algorithm", "ED25519"], .ed25519),
    ]

    static let algorithms: [SignatureAlgorithm] =
        [.ed25519]
        + [HashAlgorithm.sha256, .sha384, .sha512].flatMap { [.rsaPKCS1($0), .rsaPSS($0), .ecdsa($0)] }

    static func makeKey(_ arguments: [String], _ output: [String] = []) throws -> [UInt8] {
        try OpenSSLCommand.run(["genpkey"] + arguments + output)
    }

    static func read(_ pem: [UInt8]) throws -> PrivateKey {
        try PrivateKey(pem: pem.span)
    }

    @Test("Sign and verify with each algorithm; openssl agrees", arguments: kinds)
    func roundTrips(arguments: [String], kind: KeyKind) throws {
        let pem = try Self.makeKey(arguments)
        let key = try PrivateKey(pem: pem.span)
        #expect(key.kind == kind)
        #expect(key.publicKey.kind == kind)
        let message = Array("The quick brown fox".utf8)
        for algorithm in Self.algorithms {
            guard kind.supports(algorithm) else {
                let error = failure { () throws(CryptoError) in
                    try key.sign(message.span, algorithm: algorithm)
                }
                #expect(error == .unsupported("The key cannot make signatures of this algorithm."))
                continue
            }
            let signature = try key.sign(message.span, algorithm: algorithm)
            try key.publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
            #expect(try Self.opensslAccepts(signature, of: message, algorithm, key: pem))

            for other in Self.algorithms where other != algorithm {
                let error = failure { () throws(CryptoError) in
                    try key.publicKey.verify(signature: signature.span, message: message.span, algorithm: other)
                }
                #expect(error != nil)
            }
            let otherMessage = failure { () throws(CryptoError) in
                try key.publicKey.verify(
                    signature: signature.span,
                    message: (message + [0]).span,
                    algorithm: algorithm
                )
            }
            #expect(otherMessage == .invalidSignature)
            for i in [0, signature.count / 2, signature.count - 1] {
                var forged = signature
                forged[i] ^= 1
                let error = failure { () throws(CryptoError) in
                    try key.publicKey.verify(signature: forged.span, message: message.span, algorithm: algorithm)
                }
                #expect(error == .invalidSignature)
            }
            for bad in [[], Array(signature.dropLast()), signature + [0]] {
                let error = failure { () throws(CryptoError) in
                    try key.publicKey.verify(signature: bad.span, message: message.span, algorithm: algorithm)
                }
                #expect(error == .invalidSignature)
            }
            #expect(ErrorQueue.isEmpty)
        }
    }

    static func opensslAccepts(
        _ signature: [UInt8],
        of message: [UInt8],
        _ algorithm: SignatureAlgorithm,
        key: [UInt8]
    ) throws -> Bool {
        try OpenSSLCommand.withDirectory { directory in
            try FileBytes.append(key.span, to: directory + "/key")
            try FileBytes.append(signature.span, to: directory + "/signature")
            try FileBytes.append(message.span, to: directory + "/message")
            var arguments = [
                "pkeyutl", "-verify", "-rawin", "-inkey", directory + "/key", "-in", directory + "/message",
                "-sigfile", directory + "/signature",
            ]
            if let hash = algorithm.hash { arguments += ["-digest", "\(hash)"] }
            if case .rsaPSS = algorithm {
                arguments += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"]
            }
            return try !OpenSSLCommand.run(arguments).isEmpty
        }
    }

    @Test("SHA-1 signatures are neither made nor accepted")
    func noSHA1() throws {
        let key = try Self.read(Self.makeKey(Self.kinds[0].arguments))
        for algorithm in [SignatureAlgorithm.rsaPKCS1(.sha1), .rsaPSS(.sha1)] {
            let signing = failure { () throws(CryptoError) in try key.sign([1].span, algorithm: algorithm) }
            #expect(signing == .unsupported("The key cannot make signatures of this algorithm."))
            let verifying = failure { () throws(CryptoError) in
                try key.publicKey.verify(
                    signature: [UInt8](repeating: 1, count: 256).span,
                    message: [1].span,
                    algorithm: algorithm
                )
            }
            #expect(verifying == .unsupported("The key is not for signatures of this algorithm."))
        }
    }

    struct Ed25519Vector: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String
    }

    /// RFC 8032 §7.1, tests 1 and 3.
    @Test(arguments: [
        Ed25519Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: """
                e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
                5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
                """
        ),
        Ed25519Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: """
                6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
                18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
                """
        ),
    ])
    func ed25519(vector: Ed25519Vector) throws {
        let key = try PrivateKey(der: (hex("302e020100300506032b657004220420") + hex(vector.seed)).span)
        #expect(try key.sign(hex(vector.message).span, algorithm: .ed25519) == hex(vector.signature))
        let publicKey = try PublicKey(ed25519: hex(vector.publicKey).span)
        try publicKey.verify(
            signature: hex(vector.signature).span,
            message: hex(vector.message).span,
            algorithm: .ed25519
        )
        #expect(publicKey.isSameKey(as: key.publicKey))
    }

    @Test("Public keys from their numbers are those of the private key", arguments: kinds)
    func publicKeysFromParts(arguments: [String], kind: KeyKind) throws {
        let pem = try Self.makeKey(arguments)
        let key = try PrivateKey(pem: pem.span)
        let message = Array("message".utf8)
        let publicKey: PublicKey
        let algorithm: SignatureAlgorithm
        // The last bytes of a SubjectPublicKeyInfo are the key's.
        let info = try OpenSSLCommand.run(["pkey", "-pubout", "-outform", "DER"], input: pem)
        switch kind {
        case .ecdsaP256:
            publicKey = try PublicKey(ecdsaPoint: Array(info.suffix(65)).span, group: .secp256r1)
            algorithm = .ecdsa(.sha256)
        case .ecdsaP384:
            publicKey = try PublicKey(ecdsaPoint: Array(info.suffix(97)).span, group: .secp384r1)
            algorithm = .ecdsa(.sha384)
        case .ecdsaP521:
            publicKey = try PublicKey(ecdsaPoint: Array(info.suffix(133)).span, group: .secp521r1)
            algorithm = .ecdsa(.sha512)
        case .ed25519:
            publicKey = try PublicKey(ed25519: Array(info.suffix(32)).span)
            algorithm = .ed25519
        case .mlDSA(let set):
            publicKey = try PublicKey(mlDSA: Array(info.suffix(set.publicKeyLength)).span, set)
            algorithm = .mlDSA(set)
        case .rsa(let bits), .rsaPSS(let bits):
            // … INTEGER modulus, INTEGER 65537 (02 03 01 00 01)
            let modulus = Array(info.dropLast(5).suffix(bits / 8))
            let isPSS = kind == .rsaPSS(bits: bits)
            publicKey = try PublicKey(
                rsaModulus: ([0] + modulus).span,
                exponent: hex("010001").span,
                isPSS: isPSS
            )
            algorithm = .rsaPSS(.sha256)
        }
        #expect(publicKey.kind == kind)
        #expect(publicKey.isSameKey(as: key.publicKey))
        let signature = try key.sign(message.span, algorithm: algorithm)
        try publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)

        let stranger = try Self.read(Self.makeKey(arguments))
        #expect(!stranger.publicKey.isSameKey(as: publicKey))
        let error = failure { () throws(CryptoError) in
            try stranger.publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
        }
        #expect(error == .invalidSignature)
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Keys of different kinds are different")
    func kindsDiffer() throws {
        let keys = try [0, 2, 3, 4, 6].map { try Self.read(Self.makeKey(Self.kinds[$0].arguments)) }
        for (i, a) in keys.enumerated() {
            for (j, b) in keys.enumerated() {
                #expect(a.publicKey.isSameKey(as: b.publicKey) == (i == j))
            }
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Unusable public keys are refused")
    func badPublicKeys() {
        let modulus = [UInt8](repeating: 0xFF, count: 256)
        func rsa(_ modulus: [UInt8], _ exponent: [UInt8]) -> CryptoError? {
            failure { () throws(CryptoError) in try PublicKey(rsaModulus: modulus.span, exponent: exponent.span) }
        }
        #expect(rsa(modulus, [3]) == nil)
        #expect(rsa([], [3]) == .invalidKey("The RSA modulus is 0."))
        #expect(rsa([0, 0], [3]) == .invalidKey("The RSA modulus is 0."))
        #expect(rsa(Array(modulus[..<127]), [3]) != nil)
        #expect(rsa([UInt8](repeating: 0xFF, count: 2048), [3]) == nil)
        #expect(rsa([UInt8](repeating: 0xFF, count: 2049), [3]) != nil)
        #expect(rsa(modulus.dropLast() + [0xFE], [3]) == .invalidKey("The RSA modulus is even."))
        let exponent = CryptoError.invalidKey("The RSA exponent is not an odd number from 3 to 2^33.")
        for bad in [[], [0], [1], [2], [4], [2, 0, 0, 0, 1], [1, 0, 0, 0, 0, 1]] as [[UInt8]] {
            #expect(rsa(modulus, bad) == exponent, "\(bad)")
        }
        #expect(rsa(modulus, [0, 0, 0, 0, 0, 1, 0, 1]) == nil)

        let off = failure { () throws(CryptoError) in
            try PublicKey(ecdsaPoint: [4] + [UInt8](repeating: 1, count: 64), group: .secp256r1)
        }
        #expect(off == .invalidKey("The ECDSA key is not a point of its curve."))
        // Too short, too long for its form, hybrid, the point at infinity, nothing.
        for point in [
            [4, 1, 1], [2] + [UInt8](repeating: 1, count: 64), [6] + [UInt8](repeating: 1, count: 64), [0], [],
        ] as [[UInt8]] {
            let odd = failure { () throws(CryptoError) in try PublicKey(ecdsaPoint: point.span, group: .secp256r1) }
            #expect(odd == .invalidKey("The ECDSA key is not a point of its curve."))
        }
        let wrongGroup = failure { () throws(CryptoError) in
            try PublicKey(ecdsaPoint: [UInt8](repeating: 4, count: 32), group: .x25519)
        }
        #expect(wrongGroup == .invalidKey("X25519 is not for signatures."))
        let edwards = failure { () throws(CryptoError) in try PublicKey(ed25519: [1, 2, 3].span) }
        #expect(edwards == .invalidKey("An Ed25519 key has 32 bytes, not 3."))
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Compressed points are the same key", arguments: ["P-256", "P-384", "P-521"])
    func compressedPoints(curve: String) throws {
        let arguments = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:\(curve)"]
        let plain = try Self.makeKey(arguments)
        let group: KeyExchangeGroup = curve == "P-256" ? .secp256r1 : curve == "P-384" ? .secp384r1 : .secp521r1
        let length = (group.publicKeyLength - 1) / 2
        let info = try OpenSSLCommand.run(["pkey", "-pubout", "-outform", "DER"], input: plain)
        let point = Array(info.suffix(group.publicKeyLength))
        let compressed = [2 | point[point.count - 1] & 1] + point[1...length]
        let key = try PublicKey(ecdsaPoint: compressed.span, group: group)
        #expect(key.isSameKey(as: try Self.read(plain).publicKey))
        // Half of all numbers are no coordinate of a point.
        var failures = 0
        for number: UInt8 in 0..<16 {
            let other = [2] + [UInt8](repeating: number, count: length)
            if (try? PublicKey(ecdsaPoint: other.span, group: group)) == nil { failures += 1 }
        }
        #expect((1...15).contains(failures))
        #expect(ErrorQueue.isEmpty)
    }

    @Test("RSA keys of an odd length sign, as long as they are strong enough", arguments: [2041, 2047, 1963, 1962])
    func oddLengths(bits: Int) throws {
        let pem = try Self.makeKey(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(bits)"])
        guard bits >= 1963 else {
            let error = failure { () throws(CryptoError) in try PrivateKey(pem: pem.span) }
            #expect(error == .invalidKey("An RSA key of \(bits) bits is not accepted; 2048 to 8192 are."))
            return
        }
        let key = try PrivateKey(pem: pem.span)
        let message: [UInt8] = [1, 2, 3]
        for algorithm: SignatureAlgorithm in [.rsaPSS(.sha256), .rsaPSS(.sha512), .rsaPKCS1(.sha256)] {
            let signature = try key.sign(message.span, algorithm: algorithm)
            try key.publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
        }
    }

    @Test("One key signs on many threads at once")
    func concurrency() async throws {
        for index in [0, 3, 6] {
            let key = try Self.read(Self.makeKey(Self.kinds[index].arguments))
            let algorithm: SignatureAlgorithm =
                switch key.kind {
                case .ecdsaP256: .ecdsa(.sha256)
                case .ed25519: .ed25519
                default: .rsaPSS(.sha256)
                }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for i in 0..<16 {
                    group.addTask {
                        for j in 0..<10 {
                            let message = [UInt8(i), UInt8(j)]
                            let signature = try key.sign(message.span, algorithm: algorithm)
                            try key.publicKey.verify(
                                signature: signature.span,
                                message: message.span,
                                algorithm: algorithm
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

extension PublicKey {
    fileprivate convenience init(ecdsaPoint: [UInt8], group: KeyExchangeGroup) throws(CryptoError) {
        try self.init(ecdsaPoint: ecdsaPoint.span, group: group)
    }
}
