// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
internal import MLKEM

/// A group in which two sides agree on a secret (RFC 9846 §4.3.7), or a combination of one with ML-KEM (RFC 10024).
public enum KeyExchangeGroup: Sendable, Hashable, CaseIterable {
    /// X25519 (RFC 7748).
    case x25519
    /// NIST P-256.
    case secp256r1
    /// NIST P-384.
    case secp384r1
    /// NIST P-521.
    case secp521r1
    /// ML-KEM-768 and X25519, in this order.
    case x25519MLKEM768
    /// NIST P-256 and ML-KEM-768, in this order.
    case secp256r1MLKEM768
    /// NIST P-384 and ML-KEM-1024, in this order.
    case secp384r1MLKEM1024

    /// The length of a public key (a key share), in bytes; EC points are uncompressed. Of a combination, what a client
    /// sends.
    public var publicKeyLength: Int {
        switch self {
        case .x25519: 32
        case .secp256r1: 65
        case .secp384r1: 97
        case .secp521r1: 133
        case .x25519MLKEM768, .secp256r1MLKEM768, .secp384r1MLKEM1024:
            classicalGroup.publicKeyLength + (parameters?.encapsulationKeyLength ?? 0)
        }
    }

    /// The length of what a server answers with, in bytes: a public key, with a ciphertext in a combination.
    public var responseLength: Int {
        guard let parameters else { return publicKeyLength }
        return classicalGroup.publicKeyLength + parameters.ciphertextLength
    }

    /// The length of the shared secret, in bytes.
    public var sharedSecretLength: Int {
        guard parameters != nil else { return scalarLength }
        return classicalGroup.scalarLength + ParameterSet.sharedSecretLength
    }

    /// Whether the group is a combination with ML-KEM, which a quantum computer does not break. TLS 1.2 has none.
    public var isHybrid: Bool { parameters != nil }

    /// The group that ML-KEM is combined with; the group itself when it is no combination.
    public var classicalGroup: KeyExchangeGroup {
        switch self {
        case .x25519MLKEM768: .x25519
        case .secp256r1MLKEM768: .secp256r1
        case .secp384r1MLKEM1024: .secp384r1
        case .x25519, .secp256r1, .secp384r1, .secp521r1: self
        }
    }
}

extension KeyExchangeGroup {
    /// The parameter set of a combination.
    var parameters: ParameterSet? {
        switch self {
        case .x25519MLKEM768, .secp256r1MLKEM768: .mlKEM768
        case .secp384r1MLKEM1024: .mlKEM1024
        case .x25519, .secp256r1, .secp384r1, .secp521r1: nil
        }
    }

    /// Whether ML-KEM's part comes before the classical one, in shares and in the secret (RFC 10024): SP 800-56C wants an
    /// approved scheme's secret first, and X25519's is none.
    var putsKEMFirst: Bool { self == .x25519MLKEM768 }

    /// The length of the classical private key and of the classical secret, in bytes.
    var scalarLength: Int {
        switch classicalGroup {
        case .secp384r1: 48
        case .secp521r1: 66
        default: 32
        }
    }

    /// Where the two parts of a combination's share are; nil when it has another length.
    func parts(of share: Span<UInt8>, length: Int, kemLength: Int) -> (classical: Range<Int>, kem: Range<Int>)? {
        guard share.count == length else { return nil }
        return putsKEMFirst
            ? (kemLength..<length, 0..<kemLength)
            : (0..<length - kemLength, length - kemLength..<length)
    }
}

/// libcrypto's groups, each made once; immutable, so that all threads share them; never freed.
enum SharedGroup {
    nonisolated(unsafe) static let p256 = unsafe EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
    nonisolated(unsafe) static let p384 = unsafe EC_GROUP_new_by_curve_name(NID_secp384r1)
    nonisolated(unsafe) static let p521 = unsafe EC_GROUP_new_by_curve_name(NID_secp521r1)

    static func curve(_ group: KeyExchangeGroup) throws(CryptoError) -> OpaquePointer {
        let curve =
            switch group {
            case .secp256r1: unsafe p256
            case .secp384r1: unsafe p384
            case .secp521r1: unsafe p521
            default: unsafe OpaquePointer?.none
            }
        guard let curve = unsafe curve else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks the curve.")
        }
        return unsafe curve
    }
}
