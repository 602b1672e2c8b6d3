// SPDX-License-Identifier: Apache-2.0

/// A host and a port: `example.org:443`, `192.0.2.1:443`, `[2001:db8::1]:443`. Without a port, it is 443.
public struct Endpoint: Hashable, Sendable {
    /// A name or an address, without brackets.
    public var host: String
    /// The port; 0 lets the system choose one to listen on.
    public var port: UInt16

    /// An endpoint from its parts.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }
}

extension Endpoint: LosslessStringConvertible {
    /// Reads an endpoint; nil for an empty host, and for a port that is no number up to 65535.
    ///
    /// An IPv6 address needs its brackets when a port follows: `::1:443` is an address.
    public init?(_ text: String) {
        var host = text[...]
        var port: UInt16 = 443
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]"),
            text.first == "[" || text.firstIndex(of: ":") == colon
        {
            guard let number = UInt16(text[text.index(after: colon)...]) else { return nil }
            host = text[..<colon]
            port = number
        }
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    /// Host and port, an IPv6 address in brackets.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
