// SPDX-License-Identifier: Apache-2.0

/// The type of a hello, certificate or ticket extension (RFC 9846 §4.3).
public struct ExtensionType: RawRepresentable, Hashable, Sendable {
    /// The wire value.
    public let rawValue: UInt16

    /// Makes a value from its wire form.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// RFC 6066 §3.
    public static let serverName = ExtensionType(rawValue: 0)
    /// RFC 6066 §4.
    public static let maxFragmentLength = ExtensionType(rawValue: 1)
    /// RFC 6066 §8.
    public static let statusRequest = ExtensionType(rawValue: 5)
    /// RFC 9846 §4.3.7.
    public static let supportedGroups = ExtensionType(rawValue: 10)
    /// RFC 8422 §5.1.2.
    public static let ecPointFormats = ExtensionType(rawValue: 11)
    /// RFC 9846 §4.3.3.
    public static let signatureAlgorithms = ExtensionType(rawValue: 13)
    /// RFC 6520, known by name only.
    public static let heartbeat = ExtensionType(rawValue: 15)
    /// RFC 7301.
    public static let applicationLayerProtocolNegotiation = ExtensionType(rawValue: 16)
    /// RFC 6962 §3.3.
    public static let signedCertificateTimestamp = ExtensionType(rawValue: 18)
    /// RFC 7250, known by name only.
    public static let clientCertificateType = ExtensionType(rawValue: 19)
    /// RFC 7250, known by name only.
    public static let serverCertificateType = ExtensionType(rawValue: 20)
    /// RFC 7685.
    public static let padding = ExtensionType(rawValue: 21)
    /// RFC 7366, known by name only.
    public static let encryptThenMAC = ExtensionType(rawValue: 22)
    /// RFC 7627.
    public static let extendedMasterSecret = ExtensionType(rawValue: 23)
    /// RFC 8879.
    public static let compressCertificate = ExtensionType(rawValue: 27)
    /// RFC 8449.
    public static let recordSizeLimit = ExtensionType(rawValue: 28)
    /// RFC 5077.
    public static let sessionTicket = ExtensionType(rawValue: 35)
    /// RFC 9846 §4.3.11.
    public static let preSharedKey = ExtensionType(rawValue: 41)
    /// RFC 9846 §4.3.10.
    public static let earlyData = ExtensionType(rawValue: 42)
    /// RFC 9846 §4.3.1.
    public static let supportedVersions = ExtensionType(rawValue: 43)
    /// RFC 9846 §4.3.2.
    public static let cookie = ExtensionType(rawValue: 44)
    /// RFC 9846 §4.3.9.
    public static let pskKeyExchangeModes = ExtensionType(rawValue: 45)
    /// RFC 9846 §4.3.4.
    public static let certificateAuthorities = ExtensionType(rawValue: 47)
    /// RFC 9846 §4.3.5.
    public static let oidFilters = ExtensionType(rawValue: 48)
    /// RFC 9846 §4.3.6.
    public static let postHandshakeAuth = ExtensionType(rawValue: 49)
    /// RFC 9846 §4.3.3.
    public static let signatureAlgorithmsCert = ExtensionType(rawValue: 50)
    /// RFC 9846 §4.3.8.
    public static let keyShare = ExtensionType(rawValue: 51)
    /// RFC 9001 §8.2.
    public static let quicTransportParameters = ExtensionType(rawValue: 57)
    /// RFC 9149.
    public static let ticketRequest = ExtensionType(rawValue: 58)
    /// RFC 9849.
    public static let encryptedClientHello = ExtensionType(rawValue: 0xFE0D)
    /// RFC 5746.
    public static let renegotiationInfo = ExtensionType(rawValue: 0xFF01)

    /// The IANA name, for example "server_name"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .serverName: "server_name"
        case .maxFragmentLength: "max_fragment_length"
        case .statusRequest: "status_request"
        case .supportedGroups: "supported_groups"
        case .ecPointFormats: "ec_point_formats"
        case .signatureAlgorithms: "signature_algorithms"
        case .heartbeat: "heartbeat"
        case .applicationLayerProtocolNegotiation: "application_layer_protocol_negotiation"
        case .signedCertificateTimestamp: "signed_certificate_timestamp"
        case .clientCertificateType: "client_certificate_type"
        case .serverCertificateType: "server_certificate_type"
        case .padding: "padding"
        case .encryptThenMAC: "encrypt_then_mac"
        case .extendedMasterSecret: "extended_master_secret"
        case .compressCertificate: "compress_certificate"
        case .recordSizeLimit: "record_size_limit"
        case .sessionTicket: "session_ticket"
        case .preSharedKey: "pre_shared_key"
        case .earlyData: "early_data"
        case .supportedVersions: "supported_versions"
        case .cookie: "cookie"
        case .pskKeyExchangeModes: "psk_key_exchange_modes"
        case .certificateAuthorities: "certificate_authorities"
        case .oidFilters: "oid_filters"
        case .postHandshakeAuth: "post_handshake_auth"
        case .signatureAlgorithmsCert: "signature_algorithms_cert"
        case .keyShare: "key_share"
        case .quicTransportParameters: "quic_transport_parameters"
        case .ticketRequest: "ticket_request"
        case .encryptedClientHello: "encrypted_client_hello"
        case .renegotiationInfo: "renegotiation_info"
        default: hexadecimal(rawValue)
        }
    }
}

extension ExtensionType: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
