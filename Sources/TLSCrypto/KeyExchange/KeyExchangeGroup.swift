// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// A group in which two sides agree on a secret (RFC 8446 §4.2.7).
public enum KeyExchangeGroup: Sendable, Hashable, CaseIterable {
    /// X25519 (RFC 7748).
    case x25519
    /// NIST P-256.
    case secp256r1
    /// NIST P-384.
    case secp384r1
    /// NIST P-521.
    case secp521r1

    /// The length of a public key (a key share), in bytes; EC points are uncompressed.
    public var publicKeyLength: Int {
        switch self {
        case .x25519: 32
        case .secp256r1: 65
        case .secp384r1: 97
        case .secp521r1: 133
        }
    }

    /// The length of a private key and of a shared secret, in bytes.
    var secretLength: Int {
        switch self {
        case .x25519, .secp256r1: 32
        case .secp384r1: 48
        case .secp521r1: 66
        }
    }
}

/// libcrypto's groups, each made once; immutable, so that all threads share them; never freed.
enum SharedGroup {
    nonisolated(unsafe) static let p256 = unsafe EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
    nonisolated(unsafe) static let p384 = unsafe EC_GROUP_new_by_curve_name(NID_secp384r1)
    nonisolated(unsafe) static let p521 = unsafe EC_GROUP_new_by_curve_name(NID_secp521r1)
    /// Makes X25519 keys; only ever duplicated.
    nonisolated(unsafe) static let x25519 = unsafe EVP_PKEY_CTX_new_from_name(nil, "X25519", nil)
    /// X25519's base point, u = 9, as a peer's key.
    nonisolated(unsafe) static let x25519Base: OpaquePointer? = {
        guard let maker = unsafe x25519 else { return nil }
        let base: [32 of UInt8] = {
            var u = [32 of UInt8](repeating: 0); u[0] = 9; return u
        }()
        return unsafe base.span.withUnsafeBufferPointer { base in
            guard let bytes = base.baseAddress else { return nil }
            return unsafe safetls_x25519_key(maker, bytes, 0)
        }
    }()

    static func curve(_ group: KeyExchangeGroup) throws(CryptoError) -> OpaquePointer {
        let curve =
            switch group {
            case .secp256r1: unsafe p256
            case .secp384r1: unsafe p384
            case .secp521r1: unsafe p521
            case .x25519: unsafe OpaquePointer?.none
            }
        guard let curve = unsafe curve else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks the curve.")
        }
        return unsafe curve
    }
}
