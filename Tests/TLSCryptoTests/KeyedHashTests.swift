// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("HMAC, HKDF and the TLS 1.2 PRF")
struct KeyedHashTests {
    struct HMACVector: Sendable {
        let name: String
        let key: [UInt8]
        let message: [UInt8]
        let sha256: String
        let sha384: String
        let sha512: String
    }

    /// RFC 4231 §4.2, §4.3, §4.4, §4.7 and §4.8.
    static let hmac = [
        HMACVector(
            name: "1",
            key: Array(repeating: 0x0B, count: 20),
            message: Array("Hi There".utf8),
            sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            sha384:
                "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
            sha512: """
                87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
                daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
                """
        ),
        HMACVector(
            name: "2",
            key: Array("Jefe".utf8),
            message: Array("what do ya want for nothing?".utf8),
            sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            sha384:
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            sha512: """
                164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
                9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
                """
        ),
        HMACVector(
            name: "3",
            key: Array(repeating: 0xAA, count: 20),
            message: Array(repeating: 0xDD, count: 50),
            sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            sha384:
                "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
            sha512: """
                fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39
                bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb
                """
        ),
        HMACVector(
            name: "6 (key longer than a block)",
            key: Array(repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            sha384:
                "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
            sha512: """
                80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
                6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598
                """
        ),
    ]

    @Test(arguments: hmac)
    func rfc4231(vector: HMACVector) throws {
        for (algorithm, code) in [
            (HashAlgorithm.sha256, vector.sha256), (.sha384, vector.sha384), (.sha512, vector.sha512),
        ] {
            var keyedHash = try KeyedHash(algorithm)
            let result = try keyedHash.authenticate(key: vector.key.span, vector.message.span)
            #expect(array(result) == hex(code), "\(algorithm)")
            // A second time with the same value, after another key.
            _ = try keyedHash.authenticate(key: [1, 2, 3].span, vector.message.span)
            #expect(array(try keyedHash.authenticate(key: vector.key.span, vector.message.span)) == hex(code))
        }
    }

    @Test("RFC 5869 A.1: basic")
    func hkdfBasic() throws {
        var keyedHash = try KeyedHash(.sha256)
        let key = try keyedHash.extract(
            salt: hex("000102030405060708090a0b0c").span,
            inputKeyMaterial: [UInt8](repeating: 0x0B, count: 22).span
        )
        #expect(array(key) == hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"))
        let output = try keyedHash.expand(key.bytes, info: hex("f0f1f2f3f4f5f6f7f8f9").span, count: 42)
        #expect(
            array(output)
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        )
    }

    @Test("RFC 5869 A.2: longer inputs, several blocks")
    func hkdfLong() throws {
        var keyedHash = try KeyedHash(.sha256)
        let key = try keyedHash.extract(
            salt: [UInt8](0x60...0xAF).span,
            inputKeyMaterial: [UInt8](0x00...0x4F).span
        )
        #expect(array(key) == hex("06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244"))
        let output = try keyedHash.expand(key.bytes, info: [UInt8](0xB0...0xFF).span, count: 82)
        #expect(
            array(output)
                == hex(
                    """
                    b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c
                    59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71
                    cc30c58179ec3e87c14c01d5c1f3434f1d87
                    """
                )
        )
    }

    @Test("RFC 5869 A.3: no salt, no info")
    func hkdfEmpty() throws {
        var keyedHash = try KeyedHash(.sha256)
        let key = try keyedHash.extract(
            salt: [UInt8]().span,
            inputKeyMaterial: [UInt8](repeating: 0x0B, count: 22).span
        )
        #expect(array(key) == hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"))
        let output = try keyedHash.expand(key.bytes, info: [UInt8]().span, count: 42)
        #expect(
            array(output)
                == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
        )
    }

    @Test(
        "a key schedule that changes its key and comes back to it",
        arguments: [HashAlgorithm.sha256, .sha384, .sha512]
    )
    func keysTakeTurns(algorithm: HashAlgorithm) throws {
        let length = algorithm.digestLength
        var other = [UInt8](repeating: 7, count: length)
        other[length - 1] ^= 1
        let long = [UInt8](repeating: 7, count: 200)
        let keys = [
            [UInt8](repeating: 7, count: length), other, [UInt8](repeating: 7, count: length - 1), [], long,
        ]
        let message = Array("message".utf8)
        var shared = try KeyedHash(algorithm)
        for index in [0, 0, 1, 0, 2, 2, 3, 3, 0, 4, 4, 1, 1] {
            let key = keys[index]
            var fresh = try KeyedHash(algorithm)
            let code = array(try shared.authenticate(key: key.span, message.span))
            let expectedCode = array(try fresh.authenticate(key: key.span, message.span))
            #expect(code == expectedCode)
            let derived = array(try shared.expandLabel(key.span, "key", count: 16))
            let expected = array(try fresh.expandLabel(key.span, "key", count: 16))
            #expect(derived == expected)
        }
    }

    @Test("HKDF-Expand-Label is HKDF-Expand with a structure before it, RFC 9846 §7.1")
    func expandLabel() throws {
        var keyedHash = try KeyedHash(.sha256)
        let secret = [UInt8](repeating: 9, count: 32)
        for (label, context, count) in [("key", [], 16), ("", [1, 2, 3], 32), ("exporter", [UInt8](0...254), 300)] {
            let info =
                [UInt8(count >> 8), UInt8(count & 255), UInt8(6 + label.utf8.count)] + Array("tls13 ".utf8)
                + Array(label.utf8) + [UInt8(context.count)] + context
            let expected = try keyedHash.expand(secret.span, info: info.span, count: count)
            let output = try keyedHash.expandLabel(secret.span, label, context: context.span, count: count)
            #expect(array(output) == array(expected))
        }
        let longest = String(repeating: "l", count: 249)
        let short = try keyedHash.expandLabel(secret.span, longest, count: 1)
        #expect(short.count == 1)
        for (label, context, count) in [(longest + "l", 0, 1), ("", 256, 1), ("", 0, 255 * 32 + 1), ("", 0, -1)] {
            let context = [UInt8](repeating: 0, count: context)
            do {
                _ = try keyedHash.expandLabel(secret.span, label, context: context.span, count: count)
                Issue.record("\(label.count) bytes of label and \(context.count) of context were taken for \(count)")
            } catch .unsupported {
            }
        }
    }

    @Test("verify_data is a code with a key of its own, RFC 9846 §4.5.3")
    func verifyData() throws {
        var keyedHash = try KeyedHash(.sha384)
        let secret = [UInt8](repeating: 3, count: 48)
        let transcript = [UInt8](repeating: 4, count: 48)
        let key = try keyedHash.expandLabel(secret.span, "finished", count: 48)
        let expected = array(try keyedHash.authenticate(key: key.bytes, transcript.span))
        let code = array(try keyedHash.verifyData(secret.span, transcript: transcript.span))
        #expect(code == expected)
    }

    @Test("HKDF-Expand's limit is 255 blocks")
    func hkdfLimit() throws {
        var keyedHash = try KeyedHash(.sha256)
        let key = [UInt8](repeating: 1, count: 32)
        #expect(try keyedHash.expand(key.span, info: key.span, count: 255 * 32).count == 255 * 32)
        #expect(try keyedHash.expand(key.span, info: key.span, count: 0).count == 0)
        for count in [255 * 32 + 1, -1, .max, .min] {
            do {
                _ = try keyedHash.expand(key.span, info: key.span, count: count)
                Issue.record("\(count) bytes were given")
            } catch .unsupported {
            }
        }
    }

    /// The vectors that circulate since the TLS working group's mailing list had them.
    @Test("TLS 1.2 PRF")
    func tls12PRF() throws {
        var sha256 = try KeyedHash(.sha256)
        let first = try sha256.tls12PRF(
            secret: hex("9bbe436ba940f017b17652849a71db35").span,
            label: Array("test label".utf8).span,
            seed: hex("a0ba9f936cda311827a6f796ffd5198c").span,
            count: 100
        )
        #expect(
            array(first)
                == hex(
                    """
                    e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
                    6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
                    4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
                    87347b66
                    """
                )
        )
        var sha384 = try KeyedHash(.sha384)
        let second = try sha384.tls12PRF(
            secret: hex("b80b733d6ceefcdc71566ea48e5567df").span,
            label: Array("test label".utf8).span,
            seed: hex("cd665cf6a8447dd6ff8b27555edb7465").span,
            count: 148
        )
        #expect(
            array(second)
                == hex(
                    """
                    7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd
                    e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd
                    8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
                    9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6
                    91c8f3a26854308d5eaa3be85e0990703d73e56f
                    """
                )
        )
    }
}
