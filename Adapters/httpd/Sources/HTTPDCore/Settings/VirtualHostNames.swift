// SPDX-License-Identifier: Apache-2.0

/// The names a virtual host answers to: its `ServerName` and `ServerAlias`es.
public struct VirtualHostNames: Sendable {
    private let exact: [[UInt8]]
    private let patterns: [[UInt8]]

    /// Names without and patterns with `*` and `?`, in any case.
    public init(exact: [String], patterns: [String]) {
        self.exact = exact.map { Self.lowercased($0.utf8) }
        self.patterns = patterns.map { Self.lowercased($0.utf8) }
    }

    /// The first name, as bytes.
    var primary: [UInt8] { exact.first ?? [] }

    /// The names without patterns.
    public var all: [String] { exact.map { String(decoding: $0, as: UTF8.self) } }

    /// Whether the host answers to a name that a client has sent: any bytes, of which the letters of ASCII are in lower case.
    /// With many hosts they are brought to that once, see ``lowercased(_:)``.
    public func contains(lowercased name: [UInt8]) -> Bool {
        exact.contains(name) || patterns.contains { Self.matches(name, $0) }
    }

    /// A name with its letters of ASCII in lower case.
    public static func lowercased(_ name: some Sequence<UInt8>) -> [UInt8] {
        name.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Wildcard comparison as httpd does it for `Host`: `*` stands for any text, dots included, `?` for one
    /// character. Goes back to the last `*` only, so a name costs at most its length times the pattern's.
    static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
        let star = UInt8(ascii: "*")
        let one = UInt8(ascii: "?")
        var position = 0
        var next = 0
        var retry: (position: Int, pattern: Int)?
        while position < name.count {
            if next < pattern.count, pattern[next] == star {
                retry = (position, next)
                next += 1
            } else if next < pattern.count, pattern[next] == one || pattern[next] == name[position] {
                position += 1
                next += 1
            } else if let last = retry {
                retry = (last.position + 1, last.pattern)
                position = last.position + 1
                next = last.pattern + 1
            } else {
                return false
            }
        }
        return pattern[next...].allSatisfy { $0 == star }
    }
}
