// SPDX-License-Identifier: Apache-2.0

internal import MLKEM

/// An ephemeral private key: made, used once, gone.
///
/// A key of a combination with ML-KEM has two parts, and the classical one also answers for the classical group alone: a
/// client may offer both in one ClientHello with one key (RFC 10024). It may not keep the key for another.
public struct KeyExchangePrivateKey: ~Copyable, Sendable {
    /// The group.
    public let group: KeyExchangeGroup

    /// The public key to send: 32 bytes of X25519, an uncompressed point, or one of them with an encapsulation key.
    public let publicKey: [UInt8]

    private let classical: ClassicalPrivateKey
    private let kem: KEMPrivateKey?

    /// The public key to send for ``KeyExchangeGroup/classicalGroup`` alone.
    public var classicalPublicKey: [UInt8] { classical.publicKey }

    /// Makes a key from one draw of `random`, or two.
    ///
    /// X25519 takes the 32 bytes drawn as they are. The curves take as many bytes as the order has, big-endian (of
    /// P-521's first byte only the lowest bit), and draw again when that is no valid scalar. Before these, ML-KEM takes the 64
    /// bytes of its seed.
    ///
    /// - Throws: ``CryptoError/randomUnavailable``; ``CryptoError/unsupported(_:)`` when libcrypto lacks the group.
    public init(_ group: KeyExchangeGroup, random: some RandomSource) throws(CryptoError) {
        self.group = group
        guard let parameters = group.parameters else {
            classical = try ClassicalPrivateKey(group, random: random)
            publicKey = classical.publicKey
            kem = nil
            return
        }
        let kem = try KEMPrivateKey(parameters, random: random)
        classical = try ClassicalPrivateKey(group.classicalGroup, random: random)
        publicKey = group.putsKEMFirst ? kem.publicKey + classical.publicKey : classical.publicKey + kem.publicKey
        self.kem = consume kem
    }

    /// The secret shared with the holder of `peer`, a public key as in a key share.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey`` when the share has the wrong length, is not an uncompressed point of
    ///   the curve, or gives an all-zero X25519 secret (RFC 9846 §7.4.2).
    public consuming func sharedSecret(with peer: Span<UInt8>) throws(CryptoError) -> Secret {
        switch kem {
        case .none: return try classical.sharedSecret(with: peer)
        case .some(let kem):
            guard let parameters = group.parameters,
                let parts = group.parts(
                    of: peer,
                    length: group.responseLength,
                    kemLength: parameters.ciphertextLength
                )
            else { throw .invalidPeerKey }
            let kemSecret = try kem.decapsulate(peer.extracting(parts.kem))
            let classicalSecret = try classical.sharedSecret(with: peer.extracting(parts.classical))
            return group.combined(classical: classicalSecret, kem: kemSecret)
        }
    }

    /// The secret shared with a peer who answers the classical part alone.
    ///
    /// - Throws: As ``sharedSecret(with:)``.
    public consuming func classicalSharedSecret(with peer: Span<UInt8>) throws(CryptoError) -> Secret {
        try classical.sharedSecret(with: peer)
    }
}

extension KeyExchangeGroup {
    /// The secrets of both parts in the order of the group.
    func combined(classical: borrowing Secret, kem: borrowing Secret) -> Secret {
        var secret = Secret(zeroed: classical.count + kem.count)
        var bytes = secret.mutableBytes
        let (kemStart, classicalStart) = putsKEMFirst ? (0, kem.count) : (classical.count, 0)
        let (kemBytes, classicalBytes) = (kem.bytes, classical.bytes)
        for i in kemBytes.indices { bytes[kemStart + i] = kemBytes[i] }
        for i in classicalBytes.indices { bytes[classicalStart + i] = classicalBytes[i] }
        return secret
    }
}
