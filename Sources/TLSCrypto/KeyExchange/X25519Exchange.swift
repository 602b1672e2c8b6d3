// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
internal import Curve25519

/// X25519 (RFC 7748), which the module `Curve25519` does, whatever libcrypto has: it takes less time than that of 3.0, that of 3.5, and
/// either's exchange with the base point.
enum X25519Exchange {
    /// Whether libcrypto has X25519: where it is configured to have none, as for FIPS 140-3, there is none of ours either.
    private static let isAllowed: Bool = {
        let maker = unsafe EVP_PKEY_CTX_new_from_name(nil, "X25519", nil)
        defer { unsafe EVP_PKEY_CTX_free(maker) }
        ErrorQueue.clear()
        return unsafe maker != nil
    }()

    private static func check(_ scalar: Span<UInt8>) throws(CryptoError) {
        precondition(scalar.count == X25519.keyLength)
        guard isAllowed else { throw .unsupported("This libcrypto lacks X25519.") }
    }

    /// The public key of `scalar`, 32 bytes.
    static func publicKey(_ scalar: Span<UInt8>) throws(CryptoError) -> [UInt8] {
        try check(scalar)
        var publicKey = zeros(X25519.keyLength)
        var output = publicKey.mutableSpan
        X25519.makePublicKey(of: scalar, into: &output)
        return publicKey
    }

    /// The secret shared with `peer`.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey`` for the wrong length or an all-zero secret.
    static func sharedSecret(_ scalar: Span<UInt8>, peer: Span<UInt8>) throws(CryptoError) -> Secret {
        try check(scalar)
        var secret = Secret(zeroed: X25519.keyLength)
        var output = secret.mutableBytes
        do {
            try X25519.agree(scalar, with: peer, sharedSecret: &output)
        } catch {
            throw .invalidPeerKey
        }
        return secret
    }

    /// The public key of `scalar`, and in `secret`, of 32 bytes, what is shared with `peer`.
    ///
    /// - Throws: As ``sharedSecret(_:peer:)``.
    static func response(
        _ scalar: Span<UInt8>,
        to peer: Span<UInt8>,
        secret: inout Secret
    ) throws(CryptoError) -> [UInt8] {
        try check(scalar)
        var publicKey = zeros(X25519.keyLength)
        var output = publicKey.mutableSpan
        var secretBytes = secret.mutableBytes
        do {
            try X25519.respond(scalar, to: peer, publicKey: &output, sharedSecret: &secretBytes)
        } catch {
            throw .invalidPeerKey
        }
        return publicKey
    }
}
