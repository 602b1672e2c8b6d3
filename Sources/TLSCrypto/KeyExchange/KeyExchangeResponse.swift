// SPDX-License-Identifier: Apache-2.0

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

    /// Makes an ephemeral key in `group` and agrees with the holder of `peerPublicKey`.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey``; otherwise as ``KeyExchangePrivateKey/init(_:random:)``.
    public static func respond(
        to peerPublicKey: Span<UInt8>,
        group: KeyExchangeGroup,
        random: some RandomSource
    ) throws(CryptoError) -> KeyExchangeResponse {
        let key = try KeyExchangePrivateKey(group, random: random)
        let publicKey = key.publicKey
        return KeyExchangeResponse(publicKey: publicKey, sharedSecret: try key.sharedSecret(with: peerPublicKey))
    }
}
