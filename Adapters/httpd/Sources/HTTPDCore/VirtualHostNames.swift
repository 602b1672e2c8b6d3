// SPDX-License-Identifier: Apache-2.0

/// The names a virtual host answers to: its `ServerName` and `ServerAlias`es.
public struct VirtualHostNames: Sendable {
    private let exact: [String]
    private let patterns: [[UInt8]]

    /// Names without and patterns with `*` and `?`, in any case.
    public init(exact: [String], patterns: [String]) {
        self.exact = exact.map { $0.lowercased() }
        self.patterns = patterns.map { Array($0.lowercased().utf8) }
    }

    /// The first name, as bytes.
    var primary: [UInt8] { Array((exact.first ?? "").utf8) }

    /// Whether the host answers to `name`, which is in lower case.
    public func contains(_ name: String) -> Bool {
        if exact.contains(name) { return true }
        guard !patterns.isEmpty else { return false }
        let bytes = Array(name.utf8)
        return patterns.contains { Self.matches(bytes, $0) }
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
