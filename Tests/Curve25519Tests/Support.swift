// SPDX-License-Identifier: Apache-2.0

import Curve25519

/// The bytes of hexadecimal text; white space is skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// Bytes that look random and are the same in every run (SplitMix64).
struct Draw {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func word() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func words() -> SIMD4<UInt64> {
        [word(), word(), word(), word()]
    }

    mutating func key() -> [UInt8] {
        (0..<32).map { _ in UInt8(truncatingIfNeeded: word()) }
    }
}

/// X25519 over arrays.
extension X25519 {
    static func publicKey(of privateKey: [UInt8]) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 32)
        var bytes = key.mutableSpan
        makePublicKey(of: privateKey.span, into: &bytes)
        return key
    }

    static func secret(_ privateKey: [UInt8], with peer: [UInt8]) throws(X25519Error) -> [UInt8] {
        var secret = [UInt8](repeating: 0, count: 32)
        var bytes = secret.mutableSpan
        try agree(privateKey.span, with: peer.span, sharedSecret: &bytes)
        return secret
    }

    /// The public key, and the secret behind it.
    static func response(_ privateKey: [UInt8], to peer: [UInt8]) throws(X25519Error) -> [UInt8] {
        var (key, secret) = ([UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32))
        var keyBytes = key.mutableSpan
        var secretBytes = secret.mutableSpan
        try respond(privateKey.span, to: peer.span, publicKey: &keyBytes, sharedSecret: &secretBytes)
        return key + secret
    }
}
