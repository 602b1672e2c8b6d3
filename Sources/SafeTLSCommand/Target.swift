// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SafeTLS
import SafeTLSSockets

/// Where to connect, as the command line has it: a host, and perhaps a port.
struct Target: Hashable {
    let host: String
    let port: UInt16?

    /// Reads a host with or without a port; mistakes that people make are explained.
    static func parse(_ text: String) throws -> Target {
        let bytes = Array(text.utf8)
        if let scheme = position(of: Array("://".utf8), in: bytes) {
            let host = bytes[(scheme + 3)...].prefix { $0 != UInt8(ascii: "/") }
            throw ValidationError("This is a URL. Write host and port: \(printable(Array(host))):443")
        }
        let colons = text.count { $0 == ":" }
        if text.first != "[", colons >= 2 { return try parseAddress(text) }
        guard let endpoint = Endpoint(text) else {
            throw ValidationError("Write a host and a port from 0 to 65535, as in example.org:443 or [::1]:443.")
        }
        let hasPort = text.first == "[" ? text.last != "]" : colons == 1
        return Target(host: endpoint.host, port: hasPort ? endpoint.port : nil)
    }

    /// An IPv6 address without brackets, after which no port can be told from a part of it.
    private static func parseAddress(_ text: String) throws -> Target {
        if let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil {
            let head = String(text[..<colon])
            // Names of interfaces have colons seldom, and zones are written with brackets then.
            if isIPv6(withoutZone(head)) {
                let port = text[text.index(after: colon)...]
                let whole = isIPv6(text) ? ", or [\(text)] if all of it is the address" : ""
                throw ValidationError("An IPv6 address needs brackets before a port: write [\(head)]:\(port)\(whole).")
            }
        }
        // With a zone, fe80::1%eth0, it is for the system's resolver to know.
        guard isIPv6(withoutZone(text)) else {
            throw ValidationError("Write a host and a port, as in example.org:443 or [::1]:443.")
        }
        return Target(host: text, port: nil)
    }

    /// An address without its zone, the part behind the percent sign.
    static func withoutZone(_ host: String) -> String { String(host.prefix { $0 != "%" }) }

    private static func isIPv6(_ text: String) -> Bool {
        if case .ipv6? = ServerName(text) { true } else { false }
    }
}
