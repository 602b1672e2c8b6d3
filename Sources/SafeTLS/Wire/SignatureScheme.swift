// SPDX-License-Identifier: Apache-2.0

/// A signature scheme as it appears on the wire (RFC 9846 §4.3.3).
///
/// TLS 1.2 reads the same two bytes as a hash and a signature algorithm (RFC 5246 §7.4.1.4.1): there the
/// `ecdsa` values do not bind a curve.
public struct SignatureScheme: RawRepresentable, Hashable, Sendable {
    /// The two bytes of the wire as one number.
    public let rawValue: UInt16

    /// Makes a scheme from its wire value.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256; TLS 1.2 handshakes only.
    public static let rsaPKCS1SHA256 = SignatureScheme(rawValue: 0x0401)
    /// RSASSA-PKCS1-v1_5 with SHA-384; TLS 1.2 handshakes only.
    public static let rsaPKCS1SHA384 = SignatureScheme(rawValue: 0x0501)
    /// RSASSA-PKCS1-v1_5 with SHA-512; TLS 1.2 handshakes only.
    public static let rsaPKCS1SHA512 = SignatureScheme(rawValue: 0x0601)
    /// ECDSA with SHA-256, in TLS 1.3 on P-256.
    public static let ecdsaSECP256R1SHA256 = SignatureScheme(rawValue: 0x0403)
    /// ECDSA with SHA-384, in TLS 1.3 on P-384.
    public static let ecdsaSECP384R1SHA384 = SignatureScheme(rawValue: 0x0503)
    /// ECDSA with SHA-512, in TLS 1.3 on P-521.
    public static let ecdsaSECP521R1SHA512 = SignatureScheme(rawValue: 0x0603)
    /// RSASSA-PSS with SHA-256 under an rsaEncryption key.
    public static let rsaPSSRSAESHA256 = SignatureScheme(rawValue: 0x0804)
    /// RSASSA-PSS with SHA-384 under an rsaEncryption key.
    public static let rsaPSSRSAESHA384 = SignatureScheme(rawValue: 0x0805)
    /// RSASSA-PSS with SHA-512 under an rsaEncryption key.
    public static let rsaPSSRSAESHA512 = SignatureScheme(rawValue: 0x0806)
    /// Ed25519 (RFC 8032).
    public static let ed25519 = SignatureScheme(rawValue: 0x0807)
    /// Ed448, known by name only.
    public static let ed448 = SignatureScheme(rawValue: 0x0808)
    /// RSASSA-PSS with SHA-256 under an id-RSASSA-PSS key.
    public static let rsaPSSPSSSHA256 = SignatureScheme(rawValue: 0x0809)
    /// RSASSA-PSS with SHA-384 under an id-RSASSA-PSS key.
    public static let rsaPSSPSSSHA384 = SignatureScheme(rawValue: 0x080A)
    /// RSASSA-PSS with SHA-512 under an id-RSASSA-PSS key.
    public static let rsaPSSPSSSHA512 = SignatureScheme(rawValue: 0x080B)
    /// ML-DSA-44 (draft-ietf-tls-mldsa), TLS 1.3 only.
    public static let mldsa44 = SignatureScheme(rawValue: 0x0904)
    /// ML-DSA-65 (draft-ietf-tls-mldsa), TLS 1.3 only.
    public static let mldsa65 = SignatureScheme(rawValue: 0x0905)
    /// ML-DSA-87 (draft-ietf-tls-mldsa), TLS 1.3 only.
    public static let mldsa87 = SignatureScheme(rawValue: 0x0906)
    /// RSASSA-PKCS1-v1_5 with SHA-1, known by name only.
    public static let rsaPKCS1SHA1 = SignatureScheme(rawValue: 0x0201)
    /// ECDSA with SHA-1, known by name only.
    public static let ecdsaSHA1 = SignatureScheme(rawValue: 0x0203)

    /// Every scheme this library signs with and verifies, in its order of preference; ML-DSA where libcrypto has it, OpenSSL
    /// from 3.5 on.
    ///
    /// ML-DSA stands last: who accepts both gains no security from the order, and its certificates and signatures are twenty to
    /// forty times as long. Unlike a key exchange, a signature is of no use to whoever breaks it years later.
    public static let supported: [SignatureScheme] = classical + postQuantum.filter { $0.obstacle == nil }

    /// ML-DSA, in the order of its cost: whether libcrypto has it or not.
    public static let postQuantum: [SignatureScheme] = [.mldsa44, .mldsa65, .mldsa87]

    /// What every libcrypto has.
    static let classical: [SignatureScheme] = [
        .ecdsaSECP256R1SHA256, .ed25519, .ecdsaSECP384R1SHA384, .ecdsaSECP521R1SHA512,
        .rsaPSSRSAESHA256, .rsaPSSRSAESHA384, .rsaPSSRSAESHA512,
        .rsaPSSPSSSHA256, .rsaPSSPSSSHA384, .rsaPSSPSSSHA512,
        .rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512,
    ]

    /// Finds a scheme by its IANA name, in any case; nil for one that this library does not know. ML-DSA is found even where
    /// libcrypto lacks it: configurations that name it then say so.
    public init?(name: String) {
        let wanted = name.lowercased()
        guard let scheme = (Self.classical + Self.postQuantum).first(where: { $0.name == wanted }) else { return nil }
        self = scheme
    }

    /// The IANA registry's name, for example "ecdsa_secp256r1_sha256"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .rsaPKCS1SHA256: "rsa_pkcs1_sha256"
        case .rsaPKCS1SHA384: "rsa_pkcs1_sha384"
        case .rsaPKCS1SHA512: "rsa_pkcs1_sha512"
        case .ecdsaSECP256R1SHA256: "ecdsa_secp256r1_sha256"
        case .ecdsaSECP384R1SHA384: "ecdsa_secp384r1_sha384"
        case .ecdsaSECP521R1SHA512: "ecdsa_secp521r1_sha512"
        case .rsaPSSRSAESHA256: "rsa_pss_rsae_sha256"
        case .rsaPSSRSAESHA384: "rsa_pss_rsae_sha384"
        case .rsaPSSRSAESHA512: "rsa_pss_rsae_sha512"
        case .ed25519: "ed25519"
        case .ed448: "ed448"
        case .rsaPSSPSSSHA256: "rsa_pss_pss_sha256"
        case .rsaPSSPSSSHA384: "rsa_pss_pss_sha384"
        case .rsaPSSPSSSHA512: "rsa_pss_pss_sha512"
        case .mldsa44: "mldsa44"
        case .mldsa65: "mldsa65"
        case .mldsa87: "mldsa87"
        case .rsaPKCS1SHA1: "rsa_pkcs1_sha1"
        case .ecdsaSHA1: "ecdsa_sha1"
        default: hexadecimal(rawValue)
        }
    }
}

extension SignatureScheme: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
