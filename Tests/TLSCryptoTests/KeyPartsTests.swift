// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Parts of private keys")
struct KeyPartsTests {
    /// The parts of a key that `openssl` makes, all of a fixed length.
    struct Parts {
        let scalar: [UInt8]
        let point: [UInt8]

        init() throws {
            let arguments = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            let der = try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(arguments))
            point = der.suffix(65)
            // Before it stand two headers for the point, of two and of three bytes.
            scalar = der.dropLast(65 + 5).suffix(32)
            #expect(point.first == 4)
        }
    }

    static func value(_ tag: UInt8, _ contents: [UInt8]) -> [UInt8] { [tag, UInt8(contents.count)] + contents }

    static let p256 = value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07])
    static let p384 = value(0x06, [0x2B, 0x81, 0x04, 0x00, 0x22])

    /// An ECPrivateKey (RFC 5915 §3).
    static func key(_ scalar: [UInt8], _ point: [UInt8]?, curve: [UInt8]? = p256) -> [UInt8] {
        var contents = value(0x02, [1]) + value(0x04, scalar)
        if let curve { contents += value(0xA0, curve) }
        if let point { contents += value(0xA1, value(0x03, [0] + point)) }
        return value(0x30, contents)
    }

    /// A OneAsymmetricKey (RFC 5958 §2).
    static func wrapped(_ key: [UInt8], curve: [UInt8] = p256) -> [UInt8] {
        let algorithm = value(0x30, value(0x06, [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]) + curve)
        let contents = value(0x02, [0]) + algorithm + value(0x04, key)
        return [0x30, 0x81, UInt8(contents.count)] + contents
    }

    static func isRead(_ der: [UInt8], as point: [UInt8]) throws -> Bool {
        let key = try PrivateKey(der: der.span)
        let signature = try key.sign([1, 2, 3].span, algorithm: .ecdsa(.sha256))
        try key.publicKey.verify(signature: signature.span, message: [1, 2, 3].span, algorithm: .ecdsa(.sha256))
        return key.publicKey.isSameKey(as: try PublicKey(ecdsaPoint: point.span, group: .secp256r1))
    }

    @Test("An ECDSA key is read by its parts in the usual forms, and by libcrypto in the others")
    func forms() throws {
        let parts = try Parts()
        let (scalar, point) = (parts.scalar, parts.point)
        let compressed = [2 + (point[64] & 1)] + point[1...32]
        let usual = [
            Self.key(scalar, point), Self.wrapped(Self.key(scalar, point, curve: nil)),
            Self.wrapped(Self.key(scalar, point)),
        ]
        let others = [
            Self.key(scalar, compressed), Self.wrapped(Self.key(scalar, nil)), Self.key(scalar, nil),
            Self.key([0] + scalar, point), Self.wrapped(Self.key([0] + scalar, point)),
        ]
        for der in usual { #expect(ECPrivateKeyParts(of: der.span) != nil) }
        for der in others { #expect(ECPrivateKeyParts(of: der.span) == nil) }
        for der in usual + others { #expect(try Self.isRead(der, as: point)) }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("What is not a usual ECDSA key is left to libcrypto, cut off at every byte, too")
    func otherBytes() throws {
        let parts = try Parts()
        let (scalar, point) = (parts.scalar, parts.point)
        var even = point
        even[0] = 6
        let others = [
            Self.key(scalar, point, curve: nil), Self.key(scalar, point, curve: Self.p384),
            Self.wrapped(Self.key(scalar, point, curve: Self.p384)), Self.key(Array(scalar.dropLast()), point),
            Self.value(0x30, [2, 2, 0, 1] + Self.key(scalar, point).dropFirst(5)), Self.key(scalar, even),
            Self.key(scalar, Array(point.dropLast())), Self.key(scalar, point) + [0],
        ]
        for der in others { #expect(ECPrivateKeyParts(of: der.span) == nil) }
        for whole in [Self.key(scalar, point), Self.wrapped(Self.key(scalar, point))] {
            for count in whole.indices {
                let cut = Array(whole[..<count])
                #expect(ECPrivateKeyParts(of: cut.span) == nil)
                #expect(throws: CryptoError.self) { try PrivateKey(der: cut.span) }
            }
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("An ECDSA key with another's point, or with a scalar that is none, is refused")
    func strangers() throws {
        let (parts, others) = (try Parts(), try Parts())
        // Of P-256 (SEC 2, the curve secp256r1).
        let order: [UInt8] =
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8)
            + [0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51]
        for scalar in [others.scalar, [UInt8](repeating: 0, count: 32), order] {
            for der in [Self.key(scalar, parts.point), Self.wrapped(Self.key(scalar, parts.point))] {
                #expect(throws: CryptoError.self) { try PrivateKey(der: der.span) }
            }
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("An RSA key of three primes is read, and one whose numbers are changed only if it makes signatures")
    func rsa() throws {
        let options = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt"]
        let three = try OpenSSLCommand.run(options + ["rsa_keygen_primes:3"])
        #expect(try PrivateKey(pem: three.span).kind == .rsa(bits: 2048))
        let usual = try OpenSSLCommand.run(options + ["rsa_keygen_primes:2"])
        let traditional = try KeyFormatTests.firstBlock(of: OpenSSLCommand.run(["pkey", "-traditional"], input: usual))
        #expect(try PrivateKey(der: traditional.span).kind == .rsa(bits: 2048))
        var fields = KeyFields(traditional.span)
        var numbers: [Range<Int>] = []
        let whole = fields.next(KeyFields.sequence)
        fields = KeyFields(traditional.span, in: try #require(whole))
        while let number = fields.next(KeyFields.integer) { numbers.append(number) }
        #expect(numbers.count == 9)
        for number in 1...8 {
            var changed = traditional
            changed[numbers[number].upperBound - 2] ^= 4
            // Of the others, libcrypto makes its signatures without those that do not belong to the rest.
            if number <= 2 {
                #expect(throws: CryptoError.self) { try PrivateKey(der: changed.span) }
            } else {
                #expect(try PrivateKey(der: changed.span).kind == .rsa(bits: 2048))
            }
        }
        #expect(ErrorQueue.isEmpty)
    }
}
