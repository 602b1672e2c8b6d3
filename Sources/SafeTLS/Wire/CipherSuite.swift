// SPDX-License-Identifier: Apache-2.0

/// A cipher suite as it appears on the wire (RFC 9846 §B.4, RFC 5289, RFC 7905).
public struct CipherSuite: RawRepresentable, Hashable, Sendable {
    /// The two bytes of the wire as one number.
    public let rawValue: UInt16

    /// Makes a suite from its wire value.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    // MARK: TLS 1.3

    /// TLS_AES_128_GCM_SHA256.
    public static let aes128GCMSHA256 = CipherSuite(rawValue: 0x1301)
    /// TLS_AES_256_GCM_SHA384.
    public static let aes256GCMSHA384 = CipherSuite(rawValue: 0x1302)
    /// TLS_CHACHA20_POLY1305_SHA256.
    public static let chaCha20Poly1305SHA256 = CipherSuite(rawValue: 0x1303)

    // MARK: TLS 1.2

    /// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
    public static let ecdheECDSAWithAES128GCMSHA256 = CipherSuite(rawValue: 0xC02B)
    /// TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384.
    public static let ecdheECDSAWithAES256GCMSHA384 = CipherSuite(rawValue: 0xC02C)
    /// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
    public static let ecdheRSAWithAES128GCMSHA256 = CipherSuite(rawValue: 0xC02F)
    /// TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384.
    public static let ecdheRSAWithAES256GCMSHA384 = CipherSuite(rawValue: 0xC030)
    /// TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256.
    public static let ecdheRSAWithChaCha20Poly1305SHA256 = CipherSuite(rawValue: 0xCCA8)
    /// TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256.
    public static let ecdheECDSAWithChaCha20Poly1305SHA256 = CipherSuite(rawValue: 0xCCA9)

    // MARK: Signalling values, never negotiated

    /// TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3).
    public static let emptyRenegotiationInfoSCSV = CipherSuite(rawValue: 0x00FF)
    /// TLS_FALLBACK_SCSV (RFC 7507).
    public static let fallbackSCSV = CipherSuite(rawValue: 0x5600)

    /// Every suite this library negotiates, in its order of preference: AES-128 first (fastest with
    /// hardware support), then AES-256, then ChaCha20; ECDSA before RSA.
    public static let supported: [CipherSuite] = [
        .aes128GCMSHA256, .aes256GCMSHA384, .chaCha20Poly1305SHA256,
        .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256,
        .ecdheECDSAWithAES256GCMSHA384, .ecdheRSAWithAES256GCMSHA384,
        .ecdheECDSAWithChaCha20Poly1305SHA256, .ecdheRSAWithChaCha20Poly1305SHA256,
    ]

    /// Finds a suite by its IANA or OpenSSL name, in any case; nil for a suite that is not supported.
    public init?(name: String) {
        let wanted = name.lowercased()
        for suite in Self.supported
        where suite.ianaName.lowercased() == wanted || suite.opensslName.lowercased() == wanted {
            self = suite
            return
        }
        return nil
    }

    /// The IANA registry's name, for example "TLS_AES_128_GCM_SHA256"; unknown values are hexadecimal.
    public var ianaName: String {
        switch self {
        case .aes128GCMSHA256: "TLS_AES_128_GCM_SHA256"
        case .aes256GCMSHA384: "TLS_AES_256_GCM_SHA384"
        case .chaCha20Poly1305SHA256: "TLS_CHACHA20_POLY1305_SHA256"
        case .ecdheECDSAWithAES128GCMSHA256: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        case .ecdheECDSAWithAES256GCMSHA384: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        case .ecdheRSAWithAES128GCMSHA256: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        case .ecdheRSAWithAES256GCMSHA384: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        case .ecdheRSAWithChaCha20Poly1305SHA256: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
        case .ecdheECDSAWithChaCha20Poly1305SHA256: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        case .emptyRenegotiationInfoSCSV: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"
        case .fallbackSCSV: "TLS_FALLBACK_SCSV"
        default: hexadecimal(rawValue)
        }
    }

    /// OpenSSL's name, for example "ECDHE-ECDSA-AES128-GCM-SHA256"; the IANA name for TLS 1.3 suites.
    public var opensslName: String {
        switch self {
        case .ecdheECDSAWithAES128GCMSHA256: "ECDHE-ECDSA-AES128-GCM-SHA256"
        case .ecdheECDSAWithAES256GCMSHA384: "ECDHE-ECDSA-AES256-GCM-SHA384"
        case .ecdheRSAWithAES128GCMSHA256: "ECDHE-RSA-AES128-GCM-SHA256"
        case .ecdheRSAWithAES256GCMSHA384: "ECDHE-RSA-AES256-GCM-SHA384"
        case .ecdheRSAWithChaCha20Poly1305SHA256: "ECDHE-RSA-CHACHA20-POLY1305"
        case .ecdheECDSAWithChaCha20Poly1305SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305"
        default: ianaName
        }
    }
}

extension CipherSuite: CustomStringConvertible {
    /// The IANA name.
    public var description: String { ianaName }
}
