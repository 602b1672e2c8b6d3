// SPDX-License-Identifier: Apache-2.0

/// The encryption level that CRYPTO bytes belong to, and a secret is for (RFC 9001 §4).
///
/// There is none for 0-RTT data, which carry no CRYPTO bytes, and which sessions here neither offer nor accept.
public enum QUICLevel: UInt8, CaseIterable, Hashable, Sendable {
    /// Initial packets, whose keys everybody on the path can derive (RFC 9001 §5.2).
    case initial
    /// Handshake packets.
    case handshake
    /// 1-RTT packets: application data, and messages that follow the handshake.
    case application
}

extension QUICLevel: Comparable {
    /// Whether a level is used before another one.
    public static func < (left: QUICLevel, right: QUICLevel) -> Bool { left.rawValue < right.rawValue }
}

extension QUICLevel: CustomStringConvertible {
    /// The name of the packets that carry it.
    public var description: String {
        switch self {
        case .initial: "Initial"
        case .handshake: "Handshake"
        case .application: "1-RTT"
        }
    }
}
