// SPDX-License-Identifier: Apache-2.0

/// The type of a handshake message (RFC 9846 §4).
public struct HandshakeType: RawRepresentable, Hashable, Sendable {
    /// The wire value.
    public let rawValue: UInt8

    /// Makes a value from its wire form.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Asks for renegotiation (TLS 1.2).
    public static let helloRequest = HandshakeType(rawValue: 0)
    /// RFC 9846 §4.2.2.
    public static let clientHello = HandshakeType(rawValue: 1)
    /// RFC 9846 §4.2.3; also HelloRetryRequest.
    public static let serverHello = HandshakeType(rawValue: 2)
    /// RFC 9846 §4.7.1, RFC 5077 §3.3.
    public static let newSessionTicket = HandshakeType(rawValue: 4)
    /// RFC 9846 §4.6.
    public static let endOfEarlyData = HandshakeType(rawValue: 5)
    /// RFC 9846 §4.4.1.
    public static let encryptedExtensions = HandshakeType(rawValue: 8)
    /// RFC 9846 §4.5.1, RFC 5246 §7.4.2.
    public static let certificate = HandshakeType(rawValue: 11)
    /// RFC 8422 §5.4.
    public static let serverKeyExchange = HandshakeType(rawValue: 12)
    /// RFC 9846 §4.4.2, RFC 5246 §7.4.4.
    public static let certificateRequest = HandshakeType(rawValue: 13)
    /// RFC 5246 §7.4.5.
    public static let serverHelloDone = HandshakeType(rawValue: 14)
    /// RFC 9846 §4.5.2, RFC 5246 §7.4.8.
    public static let certificateVerify = HandshakeType(rawValue: 15)
    /// RFC 8422 §5.7.
    public static let clientKeyExchange = HandshakeType(rawValue: 16)
    /// RFC 9846 §4.5.3, RFC 5246 §7.4.9.
    public static let finished = HandshakeType(rawValue: 20)
    /// RFC 6066 §8.
    public static let certificateStatus = HandshakeType(rawValue: 22)
    /// RFC 9846 §4.7.3.
    public static let keyUpdate = HandshakeType(rawValue: 24)
    /// RFC 8879 §4.
    public static let compressedCertificate = HandshakeType(rawValue: 25)
    /// The synthetic message that stands for ClientHello1 (RFC 9846 §4.1).
    public static let messageHash = HandshakeType(rawValue: 254)

    /// The IANA name, for example "client_hello"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .helloRequest: "hello_request"
        case .clientHello: "client_hello"
        case .serverHello: "server_hello"
        case .newSessionTicket: "new_session_ticket"
        case .endOfEarlyData: "end_of_early_data"
        case .encryptedExtensions: "encrypted_extensions"
        case .certificate: "certificate"
        case .serverKeyExchange: "server_key_exchange"
        case .certificateRequest: "certificate_request"
        case .serverHelloDone: "server_hello_done"
        case .certificateVerify: "certificate_verify"
        case .clientKeyExchange: "client_key_exchange"
        case .finished: "finished"
        case .certificateStatus: "certificate_status"
        case .keyUpdate: "key_update"
        case .compressedCertificate: "compressed_certificate"
        case .messageHash: "message_hash"
        default: hexadecimal(rawValue)
        }
    }
}

extension HandshakeType: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
