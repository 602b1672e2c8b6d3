// SPDX-License-Identifier: Apache-2.0

import Curve25519
import MLKEM

/// Runs what is Swift alone on another processor: `make processors` builds it with Swift's library for machines without a system.
@main
struct Processors {
    static func main() {
        // The hashes that RoundTrips.swift compares with.
        check(
            RoundTripResults.digest(of: .mlKEM768),
            [
                0xF9, 0x59, 0xD1, 0x8D, 0x3D, 0x11, 0x80, 0x12, 0x14, 0x33, 0xBF, 0x0E, 0x05, 0xF1, 0x1E, 0x79,
                0x08, 0xCF, 0x9D, 0x03, 0xED, 0xC1, 0x50, 0xB2, 0xB0, 0x7C, 0xB9, 0x0B, 0xEF, 0x5B, 0xC1, 0xC1,
            ],
            "ML-KEM-768"
        )
        check(
            RoundTripResults.digest(of: .mlKEM1024),
            [
                0xE3, 0xBF, 0x82, 0xB0, 0x13, 0x30, 0x7B, 0x2E, 0x9D, 0x47, 0xDD, 0xE7, 0x91, 0xFF, 0x6D, 0xFC,
                0x82, 0xE6, 0x94, 0xE6, 0x38, 0x24, 0x04, 0xAB, 0xDB, 0x94, 0x8B, 0x90, 0x8B, 0x75, 0xBA, 0xD5,
            ],
            "ML-KEM-1024"
        )
        check(
            iterated(1000),
            [
                0x68, 0x4C, 0xF5, 0x9B, 0xA8, 0x33, 0x09, 0x55, 0x28, 0x00, 0xEF, 0x56, 0x6F, 0x2F, 0x4D, 0x3C,
                0x1C, 0x38, 0x87, 0xC4, 0x93, 0x60, 0xE3, 0x87, 0x5F, 0x2E, 0xB9, 0x4D, 0x99, 0x53, 0x2C, 0x51,
            ],
            "X25519"
        )
    }

    /// Each secret is the next private key, and each private key the next peer (RFC 7748 §5.2).
    private static func iterated(_ count: Int) -> [UInt8]? {
        var privateKey = [UInt8](repeating: 0, count: X25519.keyLength)
        privateKey[0] = 9
        var peer = privateKey
        for _ in 0..<count {
            var secret = [UInt8](repeating: 0, count: X25519.keyLength)
            var span = secret.mutableSpan
            do {
                try X25519.agree(privateKey.span, with: peer.span, sharedSecret: &span)
            } catch {
                return nil
            }
            peer = privateKey
            privateKey = secret
        }
        return privateKey
    }

    private static func check(_ bytes: [UInt8]?, _ expected: [UInt8], _ what: StaticString) {
        print(what)
        guard bytes == expected else { fatalError("gives something else") }
    }
}
