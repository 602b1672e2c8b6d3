// SPDX-License-Identifier: Apache-2.0

/// A key exchange group as it appears on the wire (RFC 9846 §4.3.7).
public struct NamedGroup: RawRepresentable, Hashable, Sendable {
    /// The two bytes of the wire as one number.
    public let rawValue: UInt16

    /// Makes a group from its wire value.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// NIST P-256.
    public static let secp256r1 = NamedGroup(rawValue: 23)
    /// NIST P-384.
    public static let secp384r1 = NamedGroup(rawValue: 24)
    /// NIST P-521.
    public static let secp521r1 = NamedGroup(rawValue: 25)
    /// X25519 (RFC 7748).
    public static let x25519 = NamedGroup(rawValue: 29)
    /// NIST P-256 and ML-KEM-768 (RFC 10024). TLS 1.3 only.
    public static let secp256r1MLKEM768 = NamedGroup(rawValue: 0x11EB)
    /// ML-KEM-768 and X25519 (RFC 10024). TLS 1.3 only.
    public static let x25519MLKEM768 = NamedGroup(rawValue: 0x11EC)
    /// NIST P-384 and ML-KEM-1024 (RFC 10024). TLS 1.3 only.
    public static let secp384r1MLKEM1024 = NamedGroup(rawValue: 0x11ED)

    /// Every group this library negotiates, in its order of preference.
    ///
    /// What a quantum computer does not break goes first: whoever sends a share of such a group shall get it. Of all these
    /// only the first, with its X25519 part, is sent in a ClientHello.
    public static let supported: [NamedGroup] = [
        .x25519MLKEM768, .secp256r1MLKEM768, .secp384r1MLKEM1024, .x25519, .secp256r1, .secp384r1, .secp521r1,
    ]

    /// Finds a group by its IANA name, its NIST name ("P-256") or OpenSSL's ("prime256v1"), in any case;
    /// nil for a group that is not supported.
    public init?(name: String) {
        switch name.lowercased() {
        case "x25519": self = .x25519
        case "secp256r1", "p-256", "prime256v1": self = .secp256r1
        case "secp384r1", "p-384": self = .secp384r1
        case "secp521r1", "p-521": self = .secp521r1
        case "x25519mlkem768": self = .x25519MLKEM768
        case "secp256r1mlkem768": self = .secp256r1MLKEM768
        case "secp384r1mlkem1024": self = .secp384r1MLKEM1024
        default: return nil
        }
    }

    /// The IANA registry's name, for example "x25519"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .secp256r1: "secp256r1"
        case .secp384r1: "secp384r1"
        case .secp521r1: "secp521r1"
        case .x25519: "x25519"
        case .secp256r1MLKEM768: "SecP256r1MLKEM768"
        case .x25519MLKEM768: "X25519MLKEM768"
        case .secp384r1MLKEM1024: "SecP384r1MLKEM1024"
        default: hexadecimal(rawValue)
        }
    }
}

extension NamedGroup: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
