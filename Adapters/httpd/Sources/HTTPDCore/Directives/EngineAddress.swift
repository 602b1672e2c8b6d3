// SPDX-License-Identifier: Apache-2.0

/// Where connections speak TLS: the argument of `TLSEngine`, `[address:]port`.
public struct EngineAddress: Hashable, Sendable {
    /// Host name or address without brackets; nil stands for every local address.
    public let host: String?
    /// The port, 1 … 65535.
    public let port: UInt16

    /// Parses `443`, `*:443`, `192.0.2.1:443`, `[2001:db8::1]:443` or `www.example.org:443`.
    public init(_ text: String) throws(DirectiveError) {
        var portText = Substring(text)
        var hostText: Substring?
        if let colon = text.lastIndex(of: ":") {
            portText = text[text.index(after: colon)...]
            hostText = text[..<colon]
        }
        guard let port = UInt16(portText), port > 0, portText.allSatisfy(\.isNumber) else {
            throw DirectiveError("'\(text)' is not [address:]port with a port from 1 to 65535")
        }
        self.port = port
        guard var host = hostText, host != "*" else {
            self.host = nil
            return
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw DirectiveError("'\(text)': an IPv6 address is written in brackets, as in [::1]:443")
        }
        guard !host.isEmpty else {
            throw DirectiveError("'\(text)' has an empty address before the port")
        }
        self.host = String(host)
    }
}

extension EngineAddress: CustomStringConvertible {
    /// As it would be written after `TLSEngine`.
    public var description: String {
        guard let host else { return "\(port)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
