// SPDX-License-Identifier: Apache-2.0

/// A TLS protocol version as it appears on the wire (RFC 9846 §4.2.2).
///
/// The set is open: a peer may name versions this library has never heard of.
public struct ProtocolVersion: RawRepresentable, Hashable, Sendable {
    /// The two bytes of the wire as one number, for example 0x0304.
    public let rawValue: UInt16

    /// Makes a version from its wire value.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// SSL 3.0, known by name only.
    public static let ssl30 = ProtocolVersion(rawValue: 0x0300)
    /// TLS 1.0, known by name only.
    public static let tls10 = ProtocolVersion(rawValue: 0x0301)
    /// TLS 1.1, known by name only.
    public static let tls11 = ProtocolVersion(rawValue: 0x0302)
    /// TLS 1.2 (RFC 5246).
    public static let tls12 = ProtocolVersion(rawValue: 0x0303)
    /// TLS 1.3 (RFC 9846).
    public static let tls13 = ProtocolVersion(rawValue: 0x0304)

    /// The customary name, for example "TLSv1.3"; unknown values are hexadecimal.
    public var name: String {
        switch self {
        case .ssl30: "SSLv3"
        case .tls10: "TLSv1"
        case .tls11: "TLSv1.1"
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        default: hexadecimal(rawValue)
        }
    }
}

extension ProtocolVersion: Comparable {
    /// Orders versions by their wire value.
    public static func < (left: ProtocolVersion, right: ProtocolVersion) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension ProtocolVersion: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
