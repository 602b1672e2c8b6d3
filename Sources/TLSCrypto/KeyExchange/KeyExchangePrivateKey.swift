// SPDX-License-Identifier: Apache-2.0

/// An ephemeral private key: made, used once, gone.
public struct KeyExchangePrivateKey: ~Copyable, Sendable {
    /// The group.
    public let group: KeyExchangeGroup

    /// The public key to send: 32 bytes of X25519, or an uncompressed point.
    public let publicKey: [UInt8]

    private let scalar: Secret
    private let x25519: X25519Exchange?

    /// Makes a key from one draw of `random`.
    ///
    /// X25519 takes the 32 bytes drawn as they are. The curves take as many bytes as the order has, big-endian (of
    /// P-521's first byte only the lowest bit), and draw again when that is no valid scalar.
    ///
    /// - Throws: ``CryptoError/randomUnavailable``; ``CryptoError/unsupported(_:)`` when libcrypto lacks the group.
    public init(_ group: KeyExchangeGroup, random: some RandomSource) throws(CryptoError) {
        self.group = group
        var scalar = Secret(zeroed: group.secretLength)
        if group == .x25519 {
            try Self.draw(&scalar, from: random)
            let exchange = try X25519Exchange(scalar: scalar.bytes)
            publicKey = try exchange.publicKey()
            x25519 = consume exchange
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
                x25519 = nil
                return
            }
        }
        throw .randomUnavailable
    }

    private static func draw(_ scalar: inout Secret, from random: some RandomSource) throws(CryptoError) {
        var bytes = scalar.mutableBytes
        try random.fill(&bytes)
    }

    /// The secret shared with the holder of `peer`, a public key as in a key share.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey`` when the key has the wrong length, is not an uncompressed point of
    ///   the curve, or gives an all-zero X25519 secret (RFC 8446 §7.4.2).
    public consuming func sharedSecret(with peer: Span<UInt8>) throws(CryptoError) -> Secret {
        switch x25519 {
        case .some(let exchange): try exchange.sharedSecret(with: peer)
        case .none: try CurveExchange.sharedSecret(group, scalar: scalar.bytes, peer: peer)
        }
    }
}
