// SPDX-License-Identifier: Apache-2.0

internal import MLKEM

/// A server's half of a key exchange: what it sends, and the secret.
///
/// A response to a public key rather than a key pair, so that a KEM (whose answer depends on the client's key) fits
/// too.
public struct KeyExchangeResponse: ~Copyable, Sendable {
    /// The key share to send.
    public let publicKey: [UInt8]

    private let sharedSecret: Secret

    /// Takes the shared secret out.
    public consuming func takeSharedSecret() -> Secret {
        sharedSecret
    }

    /// Makes an ephemeral key in `group` and agrees with the holder of `peerPublicKey`. A combination with ML-KEM draws the 32
    /// bytes that are encapsulated before the key.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey``, also for an encapsulation key with coefficients that are not reduced
    ///   (FIPS 203 §7.2); otherwise as ``KeyExchangePrivateKey/init(_:random:)``.
    public static func respond(
        to peerPublicKey: Span<UInt8>,
        group: KeyExchangeGroup,
        random: some RandomSource
    ) throws(CryptoError) -> KeyExchangeResponse {
        guard let parameters = group.parameters else {
            return try classical(to: peerPublicKey, group: group, random: random)
        }
        guard
            let parts = group.parts(
                of: peerPublicKey,
                length: group.publicKeyLength,
                kemLength: parameters.encapsulationKeyLength
            )
        else { throw .invalidPeerKey }
        let encapsulation = try Encapsulation.encapsulate(
            parameters,
            to: peerPublicKey.extracting(parts.kem),
            random: random
        )
        let classical = try classical(
            to: peerPublicKey.extracting(parts.classical),
            group: group.classicalGroup,
            random: random
        )
        let (ciphertext, share) = (encapsulation.ciphertext, classical.publicKey)
        let kemSecret = encapsulation.takeSharedSecret()
        let classicalSecret = classical.takeSharedSecret()
        return KeyExchangeResponse(
            publicKey: group.putsKEMFirst ? ciphertext + share : share + ciphertext,
            sharedSecret: group.combined(classical: classicalSecret, kem: kemSecret)
        )
    }

    private static func classical(
        to peer: Span<UInt8>,
        group: KeyExchangeGroup,
        random: some RandomSource
    ) throws(CryptoError) -> KeyExchangeResponse {
        guard group == .x25519 else {
            let key = try ClassicalPrivateKey(group, random: random)
            return KeyExchangeResponse(publicKey: key.publicKey, sharedSecret: try key.sharedSecret(with: peer))
        }
        var scalar = Secret(zeroed: group.scalarLength)
        try ClassicalPrivateKey.draw(&scalar, from: random)
        var secret = Secret(zeroed: group.sharedSecretLength)
        let publicKey = try X25519Exchange.response(scalar.bytes, to: peer, secret: &secret)
        return KeyExchangeResponse(publicKey: publicKey, sharedSecret: secret)
    }
}
