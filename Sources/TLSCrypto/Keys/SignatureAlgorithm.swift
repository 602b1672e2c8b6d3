// SPDX-License-Identifier: Apache-2.0

/// How a signature is made: padding or scheme, and hash.
///
/// SHA-1 is in none: operations with it throw ``CryptoError/unsupported(_:)``.
public enum SignatureAlgorithm: Sendable, Hashable {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    case rsaPKCS1(HashAlgorithm)
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 with the same hash and a salt of its length.
    case rsaPSS(HashAlgorithm)
    /// ECDSA (FIPS 186-5), the signature in DER.
    case ecdsa(HashAlgorithm)
    /// Ed25519 (RFC 8032).
    case ed25519
    /// ML-DSA over the message itself with an empty context (FIPS 204 §5.2), where libcrypto has it.
    case mlDSA(MLDSAParameterSet)

    /// The hash applied to the message first; nil when the algorithm does that itself.
    var hash: HashAlgorithm? {
        switch self {
        case .rsaPKCS1(let hash), .rsaPSS(let hash), .ecdsa(let hash): hash
        case .ed25519, .mlDSA: nil
        }
    }

    /// libcrypto's name of the RSA padding; nil for the others.
    var padding: String? {
        switch self {
        case .rsaPKCS1: "pkcs1"
        case .rsaPSS: "pss"
        case .ecdsa, .ed25519, .mlDSA: nil
        }
    }
}

/// What a key is.
public enum KeyKind: Sendable, Hashable {
    /// RSA for any padding (rsaEncryption), with the modulus's length in bits.
    case rsa(bits: Int)
    /// RSA for PSS alone (id-RSASSA-PSS), with the modulus's length in bits.
    case rsaPSS(bits: Int)
    /// ECDSA on P-256.
    case ecdsaP256
    /// ECDSA on P-384.
    case ecdsaP384
    /// ECDSA on P-521.
    case ecdsaP521
    /// Ed25519.
    case ed25519
    /// ML-DSA.
    case mlDSA(MLDSAParameterSet)

    /// Whether a key of this kind can make signatures of `algorithm`.
    func supports(_ algorithm: SignatureAlgorithm) -> Bool {
        if algorithm.hash == .sha1 { return false }
        return switch (self, algorithm) {
        case (.rsa, .rsaPKCS1), (.rsa, .rsaPSS), (.rsaPSS, .rsaPSS), (.ed25519, .ed25519): true
        case (.ecdsaP256, .ecdsa), (.ecdsaP384, .ecdsa), (.ecdsaP521, .ecdsa): true
        case (.mlDSA(let set), .mlDSA(let other)): set == other
        default: false
        }
    }
}
