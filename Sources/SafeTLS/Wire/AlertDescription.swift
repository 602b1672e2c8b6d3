// SPDX-License-Identifier: Apache-2.0

/// The reason given by a TLS alert (RFC 9846 §6, IANA TLS Alerts registry).
public struct AlertDescription: RawRepresentable, Hashable, Sendable {
    /// The wire value.
    public let rawValue: UInt8

    /// Makes a value from its wire form.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The sender will send no more data.
    public static let closeNotify = AlertDescription(rawValue: 0)
    /// A message that has no place in the protocol at this point.
    public static let unexpectedMessage = AlertDescription(rawValue: 10)
    /// A record that does not authenticate.
    public static let badRecordMAC = AlertDescription(rawValue: 20)
    /// Reserved; was used by TLS 1.0.
    public static let decryptionFailed = AlertDescription(rawValue: 21)
    /// A record longer than the protocol allows.
    public static let recordOverflow = AlertDescription(rawValue: 22)
    /// Reserved; was used up to TLS 1.2.
    public static let decompressionFailure = AlertDescription(rawValue: 30)
    /// No acceptable set of parameters.
    public static let handshakeFailure = AlertDescription(rawValue: 40)
    /// Reserved; was used by SSL 3.0.
    public static let noCertificate = AlertDescription(rawValue: 41)
    /// A corrupt certificate or a bad signature in one.
    public static let badCertificate = AlertDescription(rawValue: 42)
    /// A certificate of an unsupported type.
    public static let unsupportedCertificate = AlertDescription(rawValue: 43)
    /// A certificate its signer has revoked.
    public static let certificateRevoked = AlertDescription(rawValue: 44)
    /// A certificate that is not valid now.
    public static let certificateExpired = AlertDescription(rawValue: 45)
    /// Some other reason to refuse a certificate.
    public static let certificateUnknown = AlertDescription(rawValue: 46)
    /// A field that is syntactically right and otherwise wrong.
    public static let illegalParameter = AlertDescription(rawValue: 47)
    /// No trust anchor for the chain.
    public static let unknownCA = AlertDescription(rawValue: 48)
    /// A valid certificate that access control refuses.
    public static let accessDenied = AlertDescription(rawValue: 49)
    /// A message that cannot be decoded.
    public static let decodeError = AlertDescription(rawValue: 50)
    /// A handshake signature, Finished or binder that does not verify.
    public static let decryptError = AlertDescription(rawValue: 51)
    /// Too many connection IDs (DTLS 1.3).
    public static let tooManyCIDsRequested = AlertDescription(rawValue: 52)
    /// Reserved; was used by TLS 1.0.
    public static let exportRestriction = AlertDescription(rawValue: 60)
    /// No protocol version in common.
    public static let protocolVersion = AlertDescription(rawValue: 70)
    /// Parameters below the server's requirements.
    public static let insufficientSecurity = AlertDescription(rawValue: 71)
    /// A failure unrelated to the peer.
    public static let internalError = AlertDescription(rawValue: 80)
    /// A needless version fallback (RFC 7507).
    public static let inappropriateFallback = AlertDescription(rawValue: 86)
    /// The handshake is cancelled for no protocol reason.
    public static let userCanceled = AlertDescription(rawValue: 90)
    /// Renegotiation is refused (TLS 1.2).
    public static let noRenegotiation = AlertDescription(rawValue: 100)
    /// A mandatory extension is missing.
    public static let missingExtension = AlertDescription(rawValue: 109)
    /// An extension nobody asked for.
    public static let unsupportedExtension = AlertDescription(rawValue: 110)
    /// Reserved; RFC 6066.
    public static let certificateUnobtainable = AlertDescription(rawValue: 111)
    /// No server by the name in server_name.
    public static let unrecognizedName = AlertDescription(rawValue: 112)
    /// A bad OCSP response.
    public static let badCertificateStatusResponse = AlertDescription(rawValue: 113)
    /// Reserved; RFC 6066.
    public static let badCertificateHashValue = AlertDescription(rawValue: 114)
    /// No acceptable pre-shared key.
    public static let unknownPSKIdentity = AlertDescription(rawValue: 115)
    /// A client certificate is required.
    public static let certificateRequired = AlertDescription(rawValue: 116)
    /// An error of another kind (RFC 9846).
    public static let generalError = AlertDescription(rawValue: 117)
    /// No application protocol in common (RFC 7301).
    public static let noApplicationProtocol = AlertDescription(rawValue: 120)
    /// Encrypted Client Hello was offered and not accepted (RFC 9849).
    public static let echRequired = AlertDescription(rawValue: 121)

    /// The IANA name, for example "close_notify"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .closeNotify: "close_notify"
        case .unexpectedMessage: "unexpected_message"
        case .badRecordMAC: "bad_record_mac"
        case .decryptionFailed: "decryption_failed"
        case .recordOverflow: "record_overflow"
        case .decompressionFailure: "decompression_failure"
        case .handshakeFailure: "handshake_failure"
        case .noCertificate: "no_certificate"
        case .badCertificate: "bad_certificate"
        case .unsupportedCertificate: "unsupported_certificate"
        case .certificateRevoked: "certificate_revoked"
        case .certificateExpired: "certificate_expired"
        case .certificateUnknown: "certificate_unknown"
        case .illegalParameter: "illegal_parameter"
        case .unknownCA: "unknown_ca"
        case .accessDenied: "access_denied"
        case .decodeError: "decode_error"
        case .decryptError: "decrypt_error"
        case .tooManyCIDsRequested: "too_many_cids_requested"
        case .exportRestriction: "export_restriction"
        case .protocolVersion: "protocol_version"
        case .insufficientSecurity: "insufficient_security"
        case .internalError: "internal_error"
        case .inappropriateFallback: "inappropriate_fallback"
        case .userCanceled: "user_canceled"
        case .noRenegotiation: "no_renegotiation"
        case .missingExtension: "missing_extension"
        case .unsupportedExtension: "unsupported_extension"
        case .certificateUnobtainable: "certificate_unobtainable"
        case .unrecognizedName: "unrecognized_name"
        case .badCertificateStatusResponse: "bad_certificate_status_response"
        case .badCertificateHashValue: "bad_certificate_hash_value"
        case .unknownPSKIdentity: "unknown_psk_identity"
        case .certificateRequired: "certificate_required"
        case .generalError: "general_error"
        case .noApplicationProtocol: "no_application_protocol"
        case .echRequired: "ech_required"
        default: hexadecimal(rawValue)
        }
    }
}

extension AlertDescription: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
