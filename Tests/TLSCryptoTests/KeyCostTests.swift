// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

/// What reading a private key may cost is up to who has written it, and known before.
@Suite("What keys cost") struct KeyCostTests {
    // MARK: Encodings

    private static func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            switch count {
            case ..<0x80: [UInt8(count)]
            case ..<0x10000: [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
            default: [0x83, UInt8(count >> 16), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
            }
        return [tag] + length + content
    }

    private static func sequence(_ parts: [UInt8]...) -> [UInt8] { der(0x30, parts.flatMap { $0 }) }

    private static func integer(_ value: Int) -> [UInt8] {
        var bytes = (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
        while bytes.count > 1, bytes[0] == 0, bytes[1] < 0x80 { bytes.removeFirst() }
        return der(0x02, bytes)
    }

    /// An odd number of so many bits.
    private static func integer(bits: Int) -> [UInt8] {
        let bytes = (bits + 7) / 8
        var number = [UInt8](repeating: 0xA7, count: bytes)
        number[0] = UInt8(truncatingIfNeeded: 1 << ((bits - 1) % 8))
        return der(0x02, (number[0] < 0x80 ? [] : [0]) + number)
    }

    private static let pbes2: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 13]
    private static let pbkdf2: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 12]
    private static let scrypt: [UInt8] = [0x06, 9, 0x2B, 6, 1, 4, 1, 0xDA, 0x47, 4, 11]
    private static let aes256: [UInt8] = [0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42]
    private static let rsaEncryption: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]
    private static let dsa: [UInt8] = [0x06, 7, 0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1]
    private static let salt = der(0x04, [1, 2, 3, 4, 5, 6, 7, 8])

    /// A key that is encrypted with a function and its parameters.
    private static func sealed(_ function: [UInt8], _ parameters: [UInt8]) -> [UInt8] {
        let cipher = sequence(aes256, der(0x04, [UInt8](repeating: 7, count: 16)))
        let algorithm = sequence(pbes2, sequence(sequence(function, parameters), cipher))
        return sequence(algorithm, der(0x04, [UInt8](repeating: 9, count: 64)))
    }

    private static func pem(_ label: String, _ der: [UInt8]) throws -> [UInt8] {
        let lines = try OpenSSLCommand.run(["base64"], input: der)
        return Array("-----BEGIN \(label)-----\n".utf8) + lines + Array("-----END \(label)-----\n".utf8)
    }

    private static func refusal(_ pem: [UInt8], rounds: Int = KeyLimits.derivationRounds) -> CryptoError? {
        let words = Array("secret".utf8)
        return failure { () throws(CryptoError) in
            try PrivateKey(pem: pem.span, passphrase: words.span, derivationRounds: rounds)
        }
    }

    private static func tooMany(_ rounds: Int, of most: Int = KeyLimits.derivationRounds) -> CryptoError {
        .invalidKey(
            "The private key cannot be decrypted: its passphrase takes \(rounds) rounds, and at most \(most) are made."
        )
    }

    // MARK: Passphrases

    @Test(
        "Each way of encryption is counted before it is done",
        arguments: [
            (["-v2", "aes-256-cbc", "-iter", "3000"], 3000), (["-v2", "aes-256-cbc"], 2048),
            (["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512", "-iter", "1"], 1), (["-scrypt"], 16_384 * 8),
            (["-scrypt", "-scrypt_N", "1024", "-scrypt_r", "2", "-scrypt_p", "3"], 1024 * 2 * 3),
            (["-v1", "PBE-SHA1-3DES", "-iter", "3001"], 3001),
        ]
    )
    func counts(options: [String], rounds: Int) throws {
        let key = try OpenSSLCommand.run(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        let sealed = try OpenSSLCommand.run(["pkcs8", "-topk8", "-passout", "pass:secret"] + options, input: key)
        let der = try KeyFormatTests.firstBlock(of: sealed)
        #expect(PrivateKeyShape(of: der.span) == .isEncrypted)
        #expect(KeyDerivation(of: der.span) == .takes(rounds: rounds))
        #expect(Self.refusal(sealed, rounds: rounds) == nil)
        #expect(Self.refusal(sealed, rounds: rounds - 1) == Self.tooMany(rounds, of: rounds - 1))
        #expect(ErrorQueue.isEmpty)
    }

    @Test(arguments: [KeyLimits.derivationRounds + 1, 1 << 31 - 1, Int.max])
    func `Numbers that take for ever are refused at once`(rounds: Int) throws {
        let old: [UInt8] = [0x06, 10, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 12, 1, 3]
        let scheme = Self.sequence(old, Self.sequence(Self.salt, Self.integer(rounds)))
        for der in [
            Self.sealed(Self.pbkdf2, Self.sequence(Self.salt, Self.integer(rounds))),
            Self.sealed(
                Self.scrypt,
                Self.sequence(Self.salt, Self.integer(rounds), Self.integer(1), Self.integer(1))
            ),
            Self.sequence(scheme, Self.der(0x04, [1, 2, 3, 4, 5, 6, 7, 8])),
        ] {
            #expect(Self.refusal(try Self.pem("ENCRYPTED PRIVATE KEY", der)) == Self.tooMany(rounds))
        }
        // Little memory, and much time.
        let numbers = Self.sequence(Self.salt, Self.integer(1 << 17), Self.integer(1), Self.integer(1 << 17))
        let many = try Self.pem("ENCRYPTED PRIVATE KEY", Self.sealed(Self.scrypt, numbers))
        #expect(Self.refusal(many) == Self.tooMany(1 << 34))
        let overflow = Self.sequence(Self.salt, Self.integer(1 << 40), Self.integer(1 << 40), Self.integer(2))
        #expect(KeyDerivation(of: Self.sealed(Self.scrypt, overflow).span) == .takes(rounds: .max))
        #expect(ErrorQueue.isEmpty)
    }

    @Test func `What is not known, or not well-formed, is not tried`() throws {
        let sentence = CryptoError.invalidKey(
            "The private key cannot be decrypted: the way it is encrypted in is not supported."
        )
        let other: [UInt8] = [0x06, 3, 0x2A, 3, 4]
        let count = Self.sequence(Self.salt, Self.integer(2048))
        for der in [
            Self.sealed(other, count), Self.sealed(Self.scrypt, count),
            Self.sealed(Self.pbkdf2, Self.sequence(Self.salt, [0x02, 1, 0x80])),
            Self.sealed(Self.pbkdf2, Self.sequence(Self.salt, [0x02, 0])),
            Self.sealed(Self.pbkdf2, Self.sequence(Self.salt, [0x02, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0])),
            Self.sealed(Self.pbkdf2, Self.sequence(Self.sequence(other), Self.integer(2048))),
            Self.sequence(Self.sequence(other, count), Self.salt), Self.sequence(Self.sequence(other), Self.salt),
        ] {
            #expect(Self.refusal(try Self.pem("ENCRYPTED PRIVATE KEY", der)) == sentence)
        }
        #expect(ErrorQueue.isEmpty)
    }

    // MARK: Kinds and numbers

    /// libcrypto computes the public half of such keys, with numbers of any length.
    @Test func `Keys of other kinds are told by their names`() throws {
        let sentence = CryptoError.invalidKey(
            "The private key is not an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key, nor one for ML-DSA."
        )
        let numbers = Self.sequence(
            Self.integer(bits: 100_000),
            Self.integer(bits: 99_999),
            Self.integer(bits: 99_998)
        )
        let null: [UInt8] = [0x05, 0]
        for parameters in [numbers, null] {
            let der = Self.sequence(
                Self.integer(0),
                Self.sequence(Self.dsa, parameters),
                Self.der(0x04, Self.integer(bits: 99_997))
            )
            #expect(failure { () throws(CryptoError) in try PrivateKey(der: der.span) } == sentence)
        }
        let key = try OpenSSLCommand.run(["dsaparam", "-genkey", "-noout", "1024"])
        let options = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret"]
        #expect(Self.refusal(try OpenSSLCommand.run(options, input: key)) == sentence)
        let old = try OpenSSLCommand.run(["dsa", "-aes256", "-passout", "pass:secret"], input: key)
        if String(decoding: old, as: UTF8.self).contains("BEGIN DSA PRIVATE KEY") {
            #expect(
                Self.refusal(old)
                    == .invalidKey("A PEM block DSA PRIVATE KEY is not supported; PKCS#8, SEC1 and PKCS#1 keys are.")
            )
        }
        #expect(ErrorQueue.isEmpty)
    }

    /// A signature is made with the primes and the exponents: with each of them, of any length, once such a key is loaded.
    @Test(arguments: 0..<9)
    func `No number of an RSA key is longer than it has to be`(place: Int) throws {
        let pem = try OpenSSLCommand.run(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let good = try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(["rsa", "-traditional"], input: pem))
        var numbers = Self.values(good)
        #expect(numbers.count == 9 && PrivateKeyShape(of: good.span) == .isUsable)
        let sizes: [Int] =
            switch place {
            case 0: []
            case 1: [8193, 16_384]
            case 2: [35, 8193]
            // Both primes together are as long as the modulus.
            case 4, 5: [1028, 8193]
            default: [2049, 8193]
            }
        for bits in sizes {
            numbers[place] = Self.integer(bits: bits)
            let pkcs1 = Self.der(0x30, numbers.flatMap { $0 })
            let algorithm = Self.sequence(Self.rsaEncryption, [0x05, 0])
            let pkcs8 = Self.sequence(Self.integer(0), algorithm, Self.der(0x04, pkcs1))
            let expected =
                place == 1
                ? "An RSA key of \(bits) bits is not accepted; 2048 to 8192 are."
                : "The private key is damaged or of an unknown kind."
            for der in [pkcs1, pkcs8] {
                #expect(
                    failure { () throws(CryptoError) in try PrivateKey(der: der.span) } == .invalidKey(expected),
                    "\(place), \(bits) bits"
                )
            }
        }
        #expect(ErrorQueue.isEmpty)
    }

    /// A PKCS #12 file with a key that is not encrypted, and nothing that authenticates it.
    private static func pkcs12(_ key: [UInt8]) -> [UInt8] {
        let data: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]
        let keyBag: [UInt8] = [0x06, 11, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 12, 10, 1, 1]
        func contents(_ octets: [UInt8]) -> [UInt8] { sequence(data, der(0xA0, der(0x04, octets))) }
        return sequence(integer(3), contents(sequence(contents(sequence(sequence(keyBag, der(0xA0, key)))))))
    }

    /// Also where a passphrase protects a file, its owner need not have made it.
    @Test func `Keys of PKCS 12 files are looked at before they are parsed`() throws {
        let pem = try OpenSSLCommand.run(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let good = try KeyFormatTests.firstBlock(of: pem)
        var numbers = Self.values(
            try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(["rsa", "-traditional"], input: pem))
        )
        let none: [UInt8] = []
        let file = Self.pkcs12(good)
        #expect(try PKCS12(der: file.span, passphrase: none.span).privateKeys.map(\.kind) == [.rsa(bits: 2048)])
        // An exponent that a signature would be made with.
        numbers[3] = Self.integer(bits: 8193)
        let rsa = Self.sequence(Self.rsaEncryption, [0x05, 0])
        let long = Self.sequence(Self.integer(0), rsa, Self.der(0x04, Self.der(0x30, numbers.flatMap { $0 })))
        // Of another kind, with numbers or without: libcrypto would compute with these, and say otherwise what it cannot parse.
        let three = [100_000, 99_999, 99_998].map { Self.integer(bits: $0) }
        let other = [Self.der(0x30, three.flatMap { $0 }), [0x05, 0]].map { parameters in
            Self.sequence(
                Self.integer(0),
                Self.sequence(Self.dsa, parameters),
                Self.der(0x04, Self.integer(bits: 99_997))
            )
        }
        for key in [long] + other {
            let file = Self.pkcs12(key)
            let expected = failure { () throws(CryptoError) in try PrivateKey(der: key.span) }
            #expect(expected != nil)
            #expect(
                failure { () throws(CryptoError) in try PKCS12(der: file.span, passphrase: none.span) } == expected
            )
        }
        #expect(ErrorQueue.isEmpty)
    }

    /// What some versions of libcrypto look for not at all, or too late: they would read where nothing is.
    @Test func `PKCS 12 files without what they name are damaged`() throws {
        let data: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1]
        let encrypted: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 6]
        let sha1: [UInt8] = [0x06, 5, 0x2B, 0x0E, 3, 2, 26]
        let tripleDES: [UInt8] = [0x06, 10, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 12, 1, 3]
        let pbmac1: [UInt8] = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 5, 14]
        let hmac: [UInt8] = [0x06, 8, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 2, 9]
        func file(_ parts: [UInt8]..., code: [UInt8] = []) -> [UInt8] {
            let contents = Self.der(0xA0, Self.der(0x04, Self.sequence(parts.flatMap { $0 })))
            return Self.sequence(Self.integer(3), Self.sequence(data, contents), code)
        }
        func code(_ algorithm: [UInt8]) -> [UInt8] {
            Self.sequence(Self.sequence(algorithm, Self.der(0x04, [UInt8](repeating: 1, count: 20))), Self.salt)
        }
        /// A code whose key is made in some way.
        func made(salt: [UInt8], length: Int) -> [UInt8] {
            let parameters = Self.sequence(salt, Self.integer(1), Self.integer(length), Self.sequence(hmac, [0x05, 0]))
            let function = Self.sequence(Self.pbkdf2, parameters)
            return code(Self.sequence(pbmac1, Self.sequence(function, Self.sequence(hmac, [0x05, 0]))))
        }
        let algorithm = Self.sequence(tripleDES, Self.sequence(Self.salt, Self.integer(1)))
        let nothingSealed = Self.sequence(
            encrypted,
            Self.der(0xA0, Self.sequence(Self.integer(0), Self.sequence(data, algorithm)))
        )
        let words = Array("secret".utf8)
        let plain = code(Self.sequence(sha1, [0x05, 0]))
        for der in [
            Self.sequence(Self.integer(3), Self.sequence(data)),
            Self.sequence(Self.integer(3), Self.sequence(data), plain),
            file(nothingSealed), file(Self.sequence(data)), file(Self.sequence(encrypted)),
            file(code: made(salt: Self.salt, length: 65)), file(code: made(salt: Self.salt, length: -1)),
            file(code: made(salt: Self.sequence(sha1), length: 32)),
        ] {
            #expect(
                failure { () throws(CryptoError) in try PKCS12(der: der.span, passphrase: words.span) }
                    == .invalidKey("The file is no PKCS #12 file, or it is damaged.")
            )
        }
        #expect(ErrorQueue.isEmpty)
    }

    /// The values in a sequence.
    private static func values(_ der: [UInt8]) -> [[UInt8]] {
        func header(_ at: Int) -> (head: Int, count: Int) {
            let first = Int(der[at + 1])
            guard first >= 0x80 else { return (2, first) }
            let count = der[at + 2..<at + 2 + first & 0x7F].reduce(0) { $0 << 8 | Int($1) }
            return (2 + first & 0x7F, count)
        }
        var (position, values) = (header(0).head, [[UInt8]]())
        while position < der.count {
            let (head, count) = header(position)
            values.append(Array(der[position..<position + head + count]))
            position += head + count
        }
        return values
    }

    @Test func `Keys with three primes are keys`() throws {
        let options = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_primes:3"]
        let pem = try OpenSSLCommand.run(["genpkey"] + options)
        #expect(try PrivateKey(pem: pem.span).kind == .rsa(bits: 2048))
        var numbers = Self.values(
            try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(["rsa", "-traditional"], input: pem))
        )
        #expect(numbers.count == 10)
        numbers[9] = Self.sequence(Self.sequence(Self.integer(bits: 8193), Self.integer(3), Self.integer(5)))
        #expect(PrivateKeyShape(of: Self.der(0x30, numbers.flatMap { $0 }).span) == .isUnknown)
        // Primes that are more than there may be, each of them short.
        let short = Self.sequence(Self.integer(3), Self.integer(3), Self.integer(5))
        for count in [1, 3, 4, 1000] {
            numbers[4] = Self.integer(bits: 1000)
            numbers[9] = Self.der(0x30, [[UInt8]](repeating: short, count: count).flatMap { $0 })
            let shape = PrivateKeyShape(of: Self.der(0x30, numbers.flatMap { $0 }).span)
            #expect(shape == (count <= 3 ? .isUsable : .isUnknown), "\(count) more primes")
        }
    }

    @Test func `Longer than any key`() {
        let der = Self.sequence(Self.integer(1), Self.der(0x04, [UInt8](repeating: 1, count: 65_536)))
        #expect(PrivateKeyShape(of: der.span) == .isUnknown)
        let short = Self.sequence(Self.integer(1), Self.der(0x04, [UInt8](repeating: 1, count: 32)))
        #expect(PrivateKeyShape(of: short.span) == .isUsable)
    }

    /// Whatever stands there: no trap, and nothing behind the end.
    @Test func `Encodings that end early or are damaged`() throws {
        let rsa = try OpenSSLCommand.run(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
        let options = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:secret"]
        let sealed = try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(options, input: rsa))
        for der in [try KeyFormatTests.firstBlock(of: rsa), sealed] {
            for count in 0..<der.count {
                #expect(PrivateKeyShape(of: der.span.extracting(0..<count)) == .isUnknown)
                _ = KeyDerivation(of: der.span.extracting(0..<count))
            }
            for index in 0..<min(der.count, 300) {
                for byte: UInt8 in [0, 1, 0x7F, 0x80, 0x84, 0x88, 0x89, 0xFF] {
                    var other = der
                    other[index] = byte
                    _ = PrivateKeyShape(of: other.span)
                    _ = KeyDerivation(of: other.span)
                }
            }
        }
    }
}
