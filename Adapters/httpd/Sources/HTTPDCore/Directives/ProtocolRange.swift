// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// The argument of `TLSProtocol`.
public enum ProtocolRange {
    /// Parses `v1.2+`, `v1.3+` (each with `TLS` before it, if one likes), their numbers as `TLSv0x0303+`, or `default`.
    public static func parse(_ text: String) throws(DirectiveError) -> ClosedRange<ProtocolVersion> {
        var name = text.lowercased()
        if name.hasPrefix("tls") {
            name.removeFirst(3)
        }
        switch name {
        case "default", "v1.2+", "v0x0303+": return .tls12 ... .tls13
        case "v1.3+", "v0x0304+": return .tls13 ... .tls13
        default: throw DirectiveError("'\(text)' is none of v1.2+, v1.3+ and default")
        }
    }
}
