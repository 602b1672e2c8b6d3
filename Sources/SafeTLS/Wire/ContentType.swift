// SPDX-License-Identifier: Apache-2.0

/// The type of a record (RFC 9846 §5.1).
public struct ContentType: RawRepresentable, Hashable, Sendable {
    /// The wire value.
    public let rawValue: UInt8

    /// Makes a value from its wire form.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// One byte, meaningful in TLS 1.2 only.
    public static let changeCipherSpec = ContentType(rawValue: 20)
    /// RFC 9846 §6.
    public static let alert = ContentType(rawValue: 21)
    /// RFC 9846 §4.
    public static let handshake = ContentType(rawValue: 22)
    /// Application data, and every protected TLS 1.3 record.
    public static let applicationData = ContentType(rawValue: 23)
    /// RFC 6520, known by name only.
    public static let heartbeat = ContentType(rawValue: 24)

    /// The IANA name, for example "handshake"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .changeCipherSpec: "change_cipher_spec"
        case .alert: "alert"
        case .handshake: "handshake"
        case .applicationData: "application_data"
        case .heartbeat: "heartbeat"
        default: hexadecimal(rawValue)
        }
    }
}

extension ContentType: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
