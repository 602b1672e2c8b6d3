// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Scalar multiplication on the NIST curves.
enum CurveExchange {
    /// The public key of `scalar`, an uncompressed point; nil when the scalar is 0 or not below the order.
    static func publicKey(_ group: KeyExchangeGroup, scalar: Span<UInt8>) throws(CryptoError) -> [UInt8]? {
        let curve = try unsafe SharedGroup.curve(group)
        let count = group.publicKeyLength
        var publicKey = [UInt8](repeating: 0, count: count)
        let result = unsafe publicKey.withUnsafeMutableBufferPointer { output in
            unsafe scalar.withUnsafeBufferPointer { scalar in
                guard let target = output.baseAddress, let bytes = scalar.baseAddress else { return CInt(0) }
                return unsafe safetls_ec_multiply(curve, bytes, scalar.count, nil, 0, 1, target, count)
            }
        }
        if result == SAFETLS_AGREEMENT_BAD_SCALAR.rawValue { return nil }
        guard result == SAFETLS_AGREEMENT_DONE.rawValue else {
            ErrorQueue.clear()
            throw .internalFailure("An ephemeral key could not be made.")
        }
        return publicKey
    }

    /// The x coordinate of the product of `scalar` and the peer's point (RFC 9846 §7.4.2).
    static func sharedSecret(
        _ group: KeyExchangeGroup,
        scalar: Span<UInt8>,
        peer: Span<UInt8>
    ) throws(CryptoError) -> Secret {
        // Uncompressed only (RFC 9846 §4.3.8.2, RFC 8422 §5.1.2).
        guard peer.count == group.publicKeyLength, peer[0] == 4 else { throw .invalidPeerKey }
        let curve = try unsafe SharedGroup.curve(group)
        let count = group.scalarLength
        var secret = Secret(zeroed: count)
        var output = secret.mutableBytes
        let result = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe scalar.withUnsafeBufferPointer { scalar in
                unsafe peer.withUnsafeBufferPointer { peer in
                    guard let target = output.baseAddress, let bytes = scalar.baseAddress else { return CInt(0) }
                    return unsafe safetls_ec_multiply(
                        curve,
                        bytes,
                        scalar.count,
                        peer.baseAddress,
                        peer.count,
                        0,
                        target,
                        count
                    )
                }
            }
        }
        guard result == SAFETLS_AGREEMENT_DONE.rawValue else {
            ErrorQueue.clear()
            if result == SAFETLS_AGREEMENT_BAD_PEER.rawValue { throw .invalidPeerKey }
            throw .internalFailure("The key exchange failed.")
        }
        return secret
    }
}
