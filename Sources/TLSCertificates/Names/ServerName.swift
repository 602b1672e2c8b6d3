// SPDX-License-Identifier: Apache-2.0

/// The name by which a client knows its server: what the server's certificate has to be for (RFC 9525 §6.1).
///
/// Make one from text with ``init(_:)``, which validates. A ``dns(_:)`` made by hand from an invalid name matches
/// no certificate.
public enum ServerName: Hashable, Sendable {
    /// A DNS name in ASCII (A-labels) and lower case, without a final dot.
    case dns(String)
    /// An IPv4 address, its first byte highest.
    case ipv4(UInt32)
    /// An IPv6 address, its first byte highest.
    case ipv6(UInt128)

    /// Reads an IPv4 address, an IPv6 address (no brackets, no zone) or a DNS name.
    ///
    /// A DNS name has at most 253 bytes, labels of 1…63 letters, digits, hyphens and underscores, and a last label
    /// that isn't a number. It becomes lower case, and a final dot is dropped. Anything else, such as a name with
    /// U-labels, wildcards or a port, gives nil.
    public init?(_ text: String) {
        // Longer than any valid form: don't copy what a stranger sent.
        guard text.utf8.count <= 254 else { return nil }
        self.init(utf8: text.utf8.span)
    }

    /// Reads the same from UTF-8.
    package init?(utf8 text: Span<UInt8>) {
        guard text.count <= 254 else { return nil }
        if let address = IPAddress.parseIPv4(text) {
            self = .ipv4(address)
            return
        }
        if let address = IPAddress.parseIPv6(text) {
            self = .ipv6(address)
            return
        }
        var count = text.count
        if count > 0, text[count - 1] == UInt8(ascii: ".") { count -= 1 }
        let name = text.extracting(first: count)
        guard DNSName.isHostName(name) else { return nil }
        var lower: [254 of UInt8] = .init(repeating: 0)
        for index in 0..<count { lower[index] = lowercased(name[index]) }
        guard let valid = try? UTF8Span(validating: lower.span.extracting(first: count)) else { return nil }
        self = .dns(String(copying: valid))
    }

    /// Whether this is a DNS name; only these are sent in a `server_name` extension (RFC 6066 §3).
    public var isDNS: Bool {
        if case .dns = self { true } else { false }
    }
}

extension ServerName: CustomStringConvertible {
    /// The name, or the address in its usual form (IPv6 as RFC 5952 says).
    public var description: String {
        switch self {
        case .dns(let name): name
        case .ipv4(let address): IPAddress.describe(ipv4: address)
        case .ipv6(let address): IPAddress.describe(ipv6: address)
        }
    }
}
