// SPDX-License-Identifier: Apache-2.0

/// What a certificate's key is for (RFC 5280 §4.2.1.3).
public struct KeyUsage: OptionSet, Hashable, Sendable {
    /// The bits as they are encoded, bit 0 (digitalSignature) highest.
    public let rawValue: UInt16

    /// A set with these bits.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Signatures of protocols, such as the CertificateVerify of TLS.
    public static let digitalSignature = KeyUsage(rawValue: 1 << 15)
    /// Signatures that commit their maker to contents.
    public static let contentCommitment = KeyUsage(rawValue: 1 << 14)
    /// Encryption of keys.
    public static let keyEncipherment = KeyUsage(rawValue: 1 << 13)
    /// Encryption of data.
    public static let dataEncipherment = KeyUsage(rawValue: 1 << 12)
    /// Key agreement with a static key.
    public static let keyAgreement = KeyUsage(rawValue: 1 << 11)
    /// Signatures on certificates.
    public static let keyCertSign = KeyUsage(rawValue: 1 << 10)
    /// Signatures on certificate revocation lists.
    public static let crlSign = KeyUsage(rawValue: 1 << 9)
    /// Key agreement for encryption alone.
    public static let encipherOnly = KeyUsage(rawValue: 1 << 8)
    /// Key agreement for decryption alone.
    public static let decipherOnly = KeyUsage(rawValue: 1 << 7)
}

/// The purposes for which a certificate may be used (RFC 5280 §4.2.1.12).
public struct ExtendedKeyUsage: OptionSet, Hashable, Sendable {
    /// One bit for each purpose that has a name here.
    public let rawValue: UInt8

    /// A set with these bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// TLS servers.
    public static let serverAuthentication = ExtendedKeyUsage(rawValue: 1 << 0)
    /// TLS clients.
    public static let clientAuthentication = ExtendedKeyUsage(rawValue: 1 << 1)
    /// Responders of the online certificate status protocol.
    public static let ocspSigning = ExtendedKeyUsage(rawValue: 1 << 2)
    /// Any purpose.
    public static let any = ExtendedKeyUsage(rawValue: 1 << 3)
    /// Purposes without a name here.
    public static let other = ExtendedKeyUsage(rawValue: 1 << 4)

    init(_ purpose: ObjectIdentifier) {
        self =
            switch purpose {
            case .serverAuthentication: .serverAuthentication
            case .clientAuthentication: .clientAuthentication
            case .ocspSigning: .ocspSigning
            case .anyExtendedKeyUsage: .any
            default: .other
            }
    }
}
