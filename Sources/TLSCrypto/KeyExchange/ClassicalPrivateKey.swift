// SPDX-License-Identifier: Apache-2.0

/// An ephemeral private key of X25519 or of a curve.
struct ClassicalPrivateKey: ~Copyable, Sendable {
    /// The public key to send: 32 bytes of X25519, or an uncompressed point.
    let publicKey: [UInt8]

    private let group: KeyExchangeGroup
    private let scalar: Secret

    /// Makes a key from one draw of `random`, or more for a curve.
    init(_ group: KeyExchangeGroup, random: some RandomSource) throws(CryptoError) {
        self.group = group
        var scalar = Secret(zeroed: group.scalarLength)
        if group == .x25519 {
            try Self.draw(&scalar, from: random)
            publicKey = try X25519Exchange.publicKey(scalar.bytes)
            self.scalar = scalar
            return
        }
        // A sound source draws a bad scalar less than once in 2³² times; a broken one must not loop for ever.
        for _ in 0..<16 {
            try Self.draw(&scalar, from: random)
            if group == .secp521r1 {
                var bytes = scalar.mutableBytes
                bytes[0] &= 1
            }
            if let publicKey = try CurveExchange.publicKey(group, scalar: scalar.bytes) {
                self.publicKey = publicKey
                self.scalar = scalar
                return
            }
        }
        throw .randomUnavailable
    }

    /// Fills a scalar.
    static func draw(_ scalar: inout Secret, from random: some RandomSource) throws(CryptoError) {
        var bytes = scalar.mutableBytes
        try random.fill(&bytes)
    }

    /// The secret shared with the holder of `peer`.
    borrowing func sharedSecret(with peer: Span<UInt8>) throws(CryptoError) -> Secret {
        group == .x25519
            ? try X25519Exchange.sharedSecret(scalar.bytes, peer: peer)
            : try CurveExchange.sharedSecret(group, scalar: scalar.bytes, peer: peer)
    }
}
