// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension NamedGroup {
    /// Whether a quantum computer does not break the group: a combination with ML-KEM, which TLS 1.2 does not have.
    public var isPostQuantum: Bool { keyExchangeGroup?.isHybrid ?? false }

    /// The key exchange behind the code point; nil if it isn't supported.
    var keyExchangeGroup: KeyExchangeGroup? {
        switch self {
        case .x25519: .x25519
        case .secp256r1: .secp256r1
        case .secp384r1: .secp384r1
        case .secp521r1: .secp521r1
        case .x25519MLKEM768: .x25519MLKEM768
        case .secp256r1MLKEM768: .secp256r1MLKEM768
        case .secp384r1MLKEM1024: .secp384r1MLKEM1024
        default: nil
        }
    }

    /// The group that ML-KEM is combined with; the group itself when it is no combination.
    var classicalPart: NamedGroup { keyExchangeGroup.map { NamedGroup($0.classicalGroup) } ?? self }

    init(_ group: KeyExchangeGroup) {
        switch group {
        case .x25519: self = .x25519
        case .secp256r1: self = .secp256r1
        case .secp384r1: self = .secp384r1
        case .secp521r1: self = .secp521r1
        case .x25519MLKEM768: self = .x25519MLKEM768
        case .secp256r1MLKEM768: self = .secp256r1MLKEM768
        case .secp384r1MLKEM1024: self = .secp384r1MLKEM1024
        }
    }
}

extension KeyKind {
    /// The curve of an ECDSA key, by the name that key exchange uses for it (RFC 8422 §5.1.1).
    var curve: NamedGroup? {
        switch self {
        case .ecdsaP256: .secp256r1
        case .ecdsaP384: .secp384r1
        case .ecdsaP521: .secp521r1
        case .rsa, .rsaPSS, .ed25519, .mlDSA: nil
        }
    }
}
