// SPDX-License-Identifier: Apache-2.0

import Curve25519
import Testing

@Suite struct `Keys and secrets of X25519` {
    /// RFC 7748 §5.2; the highest bit of the second u-coordinate is set.
    @Test(arguments: [
        [
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
        ],
        [
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
        ],
    ]) func `Published products`(_ vector: [String]) throws {
        #expect(try X25519.secret(hex(vector[0]), with: hex(vector[1])) == hex(vector[2]))
    }

    /// RFC 7748 §5.2.
    @Test func `A thousand products, one of the other`() throws {
        let base = [9] + [UInt8](repeating: 0, count: 31)
        var (scalar, u) = (base, base)
        for count in 1...1000 {
            (scalar, u) = (try X25519.secret(scalar, with: u), scalar)
            if count == 1 {
                #expect(scalar == hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"))
            }
        }
        #expect(scalar == hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"))
    }

    /// RFC 7748 §6.1.
    @Test func `A published exchange`() throws {
        let ours = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        let theirs = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
        let ourKey = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        let theirKey = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let secret = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
        #expect(X25519.publicKey(of: ours) == ourKey)
        #expect(X25519.publicKey(of: theirs) == theirKey)
        #expect(try X25519.secret(ours, with: theirKey) == secret)
        #expect(try X25519.secret(theirs, with: ourKey) == secret)
        #expect(try X25519.response(ours, to: theirKey) == ourKey + secret)
        #expect(try X25519.response(theirs, to: ourKey) == theirKey + secret)
    }

    @Test func `The table, the ladder and both at once agree`() throws {
        let base = [9] + [UInt8](repeating: 0, count: 31)
        var draw = Draw(4)
        let keys =
            [0x00, 0xFF, 0x77, 0x88, 0x80, 0x08, 0x0F, 0xF0].map { [UInt8](repeating: $0, count: 32) }
            + (0..<300).map { _ in draw.key() }
        for key in keys {
            let peer = draw.key()
            let publicKey = X25519.publicKey(of: key)
            #expect(try publicKey == X25519.secret(key, with: base))
            #expect(try X25519.response(key, to: peer) == publicKey + X25519.secret(key, with: peer))
        }
    }

    @Test func `Bits that are set or cleared do not matter`() throws {
        var draw = Draw(5)
        let (key, peer) = (draw.key(), draw.key())
        let expected = try X25519.response(key, to: peer)
        for (place, bit) in [(0, 1), (0, 2), (0, 4), (31, 0x80), (31, 0x40)] as [(Int, UInt8)] {
            var other = key
            other[place] ^= bit
            #expect(try X25519.response(other, to: peer) == expected)
            #expect(X25519.publicKey(of: other) == Array(expected[..<32]))
            #expect(try X25519.secret(other, with: peer) == Array(expected[32...]))
        }
        for (place, bit) in [(0, 8), (31, 0x20)] as [(Int, UInt8)] {
            var other = key
            other[place] ^= bit
            #expect(try X25519.response(other, to: peer) != expected)
        }
        var other = peer
        other[31] ^= 0x80
        #expect(try X25519.response(key, to: other) == expected)
    }

    /// RFC 7748 §5: u-coordinates from p to 2²⁵⁵ − 1 are accepted, and are what they are modulo p.
    @Test func `Numbers that are not reduced`() throws {
        let key = [UInt8](repeating: 0x5A, count: 32)
        for small in 2..<19 as Range<UInt8> {
            let reduced = [small] + [UInt8](repeating: 0, count: 31)
            let other = [small + 0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]
            #expect(try X25519.secret(key, with: reduced) == X25519.secret(key, with: other))
        }
    }

    private func refuses(_ peer: [UInt8]) -> Bool {
        var refusals = 0
        let key = [UInt8](repeating: 0x33, count: 32)
        do { _ = try X25519.secret(key, with: peer) } catch { refusals += 1 }
        do { _ = try X25519.response(key, to: peer) } catch { refusals += 1 }
        #expect(refusals != 1)
        return refusals == 2
    }

    /// Every point of small order, of the curve and its twist, in every encoding (RFC 7748 §6.1).
    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ]) func `Points of small order are refused`(_ text: String) {
        var peer = hex(text)
        #expect(refuses(peer))
        peer[31] ^= 0x80
        #expect(refuses(peer))
        peer[3] ^= 2
        #expect(!refuses(peer))
    }

    @Test func `Keys of another length are refused`() {
        for count in [0, 31, 33, 64] { #expect(refuses([UInt8](repeating: 5, count: count))) }
    }
}
