// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCrypto

@Suite("Key exchange")
struct KeyExchangeTests {
    struct Party: Sendable {
        let privateKey: String
        let publicKey: String
    }

    struct Vector: Sendable {
        let group: KeyExchangeGroup
        let first: Party
        let second: Party
        let secret: String
    }

    /// RFC 7748 §6.1; RFC 5903 §8.1, §8.2 and §8.3.
    static let vectors = [
        Vector(
            group: .x25519,
            first: Party(
                privateKey: "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                publicKey: "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
            ),
            second: Party(
                privateKey: "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                publicKey: "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
            ),
            secret: "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
        ),
        Vector(
            group: .secp256r1,
            first: Party(
                privateKey: "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
                publicKey: """
                    04
                    dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180
                    5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3
                    """
            ),
            second: Party(
                privateKey: "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
                publicKey: """
                    04
                    d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63
                    56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab
                    """
            ),
            secret: "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"
        ),
        Vector(
            group: .secp384r1,
            first: Party(
                privateKey: """
                    099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655
                    e35b538041e649ee3faef896783ab194
                    """,
                publicKey: """
                    04
                    667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6
                    de3ac808acb4bdb4c88732aee95f41aa
                    9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38e
                    eb9fcff3c2c947dae69b4c634573a81c
                    """
            ),
            second: Party(
                privateKey: """
                    41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942
                    e0308312916b8ed2960e4bd55a7448fc
                    """,
                publicKey: """
                    04
                    e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d
                    0d1ac43a0336def96fda41d0774a3571
                    dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1ff
                    f83fa40142209dff5eaad96db9e6386c
                    """
            ),
            secret: """
                11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4
                d603135569b9e9d09cf5d4a270f59746
                """
        ),
        Vector(
            group: .secp521r1,
            first: Party(
                privateKey: """
                    0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a0
                    95aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d
                    4a52
                    """,
                publicKey: """
                    04
                    0015417e84dbf28c0ad3c278713349dc7df153c897a1891bd98bab4357c9ecbe
                    e1e3bf42e00b8e380aeae57c2d107564941885942af5a7f4601723c4195d176c
                    ed3e
                    017cae20b6641d2eeb695786d8c946146239d099e18e1d5a514c739d7cb4a10a
                    d8a788015ac405d7799dc75e7b7d5b6cf2261a6a7f1507438bf01beb6ca3926f
                    9582
                    """
            ),
            second: Party(
                privateKey: """
                    0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e
                    9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb15168
                    5eb9
                    """,
                publicKey: """
                    04
                    00d0b3975ac4b799f5bea16d5e13e9af971d5e9b984c9f39728b5e5739735a21
                    9b97c356436adc6e95bb0352f6be64a6c2912d4ef2d0433ced2b6171640012d9
                    460f
                    015c68226383956e3bd066e797b623c27ce0eac2f551a10c2c724d9852077b87
                    220b6536c5c408a1d2aebb8e86d678ae49cb57091f4732296579ab44fcd17f0f
                    c56a
                    """
            ),
            secret: """
                01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04
                d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3
                ddea
                """
        ),
    ]

    @Test("Published vectors, with the private keys as the random bytes", arguments: vectors)
    func knownAnswers(vector: Vector) throws {
        for (ours, theirs) in [(vector.first, vector.second), (vector.second, vector.first)] {
            let key = try KeyExchangePrivateKey(vector.group, random: PreparedRandomSource(hex(ours.privateKey)))
            let (group, publicKey) = (key.group, key.publicKey)
            #expect(group == vector.group)
            #expect(publicKey == hex(ours.publicKey))
            #expect(publicKey.count == vector.group.publicKeyLength)
            let secret = array(try key.sharedSecret(with: hex(theirs.publicKey).span))
            #expect(secret == hex(vector.secret))

            let response = try KeyExchangeResponse.respond(
                to: hex(theirs.publicKey).span,
                group: vector.group,
                random: PreparedRandomSource(hex(ours.privateKey))
            )
            let share = response.publicKey
            let responseSecret = array(response.takeSharedSecret())
            #expect(share == hex(ours.publicKey))
            #expect(responseSecret == hex(vector.secret))
        }
        #expect(ErrorQueue.isEmpty)
    }

    @Test("Two sides agree", arguments: KeyExchangeGroup.allCases)
    func agreement(group: KeyExchangeGroup) throws {
        for _ in 0..<8 {
            let client = try KeyExchangePrivateKey(group, random: SystemRandomSource())
            let clientShare = client.publicKey
            let server = try KeyExchangeResponse.respond(
                to: clientShare.span,
                group: group,
                random: SystemRandomSource()
            )
            let serverShare = server.publicKey
            #expect(clientShare != serverShare)
            let ours = array(try client.sharedSecret(with: serverShare.span))
            let theirs = array(server.takeSharedSecret())
            #expect(ours == theirs)
        }
    }

    /// Tries a peer's key; gives the error.
    func refusal(of peer: [UInt8], group: KeyExchangeGroup) -> CryptoError? {
        do {
            let key = try KeyExchangePrivateKey(group, random: SystemRandomSource())
            _ = try key.sharedSecret(with: peer.span)
            return nil
        } catch {
            return error
        }
    }

    @Test("Points off the curve, other encodings and lengths are refused", arguments: vectors)
    func malformedPeers(vector: Vector) {
        let good = hex(vector.first.publicKey)
        #expect(refusal(of: good, group: vector.group) == nil)
        var bad = [[], Array(good.dropLast()), good + [0], [UInt8](repeating: 0, count: good.count)]
        if vector.group != .x25519 {
            let coordinate = (good.count - 1) / 2
            var offCurve = good
            offCurve[good.count - 1] ^= 1
            let compressed = [2 + (good[good.count - 1] & 1)] + good[1...coordinate]
            var hybrid = good
            hybrid[0] = 6 + (good[good.count - 1] & 1)
            let tooLarge = [4] + [UInt8](repeating: 0xFF, count: good.count - 1)
            let padded = compressed + [UInt8](repeating: 0, count: coordinate)
            bad += [offCurve, compressed, hybrid, tooLarge, padded, [0]]
        }
        for peer in bad {
            #expect(refusal(of: peer, group: vector.group) == .invalidPeerKey)
            #expect(ErrorQueue.isEmpty)
        }
    }

    /// Points of small order: every private key gives zero (RFC 7748 §6.1).
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ])
    func x25519RefusesAllZeroSecrets(peer: String) {
        #expect(refusal(of: hex(peer), group: .x25519) == .invalidPeerKey)
        #expect(ErrorQueue.isEmpty)
    }

    @Test("A scalar out of range is drawn again, but not for ever")
    func scalarsOutOfRange() throws {
        let zero = [UInt8](repeating: 0, count: 32)
        let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
        let good = hex(Self.vectors[1].first.privateKey)
        let random = PreparedRandomSource(zero, order, [UInt8](repeating: 0xFF, count: 32), good)
        let key = try KeyExchangePrivateKey(.secp256r1, random: random)
        #expect(key.publicKey == hex(Self.vectors[1].first.publicKey))
        #expect(ErrorQueue.isEmpty)

        struct Zeros: RandomSource {
            func fill(_ bytes: inout MutableSpan<UInt8>) {}
        }
        do {
            _ = try KeyExchangePrivateKey(.secp256r1, random: Zeros())
            Issue.record("A key was made of zeros")
        } catch {
            #expect(error == .randomUnavailable)
        }
    }

    @Test("P-521 uses one bit of the first byte")
    func p521Mask() throws {
        var bytes = hex(Self.vectors[3].second.privateKey)
        bytes[0] |= 0xFE
        let key = try KeyExchangePrivateKey(.secp521r1, random: PreparedRandomSource(bytes))
        #expect(key.publicKey == hex(Self.vectors[3].second.publicKey))
    }

    @Test(arguments: KeyExchangeGroup.allCases)
    func aFailingSourceIsReported(group: KeyExchangeGroup) {
        do {
            _ = try KeyExchangePrivateKey(group, random: PreparedRandomSource())
            Issue.record("A key was made without random bytes")
        } catch {
            #expect(error == .randomUnavailable)
        }
    }
}
