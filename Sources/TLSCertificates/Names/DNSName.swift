// SPDX-License-Identifier: Apache-2.0

/// The rules for DNS names in certificates, over their ASCII bytes.
enum DNSName {
    /// Whether these bytes are a host name: at most 253 bytes, labels of 1…63 letters, digits, hyphens (not at an
    /// end) and underscores, the last label not a number (RFC 1123 §2.1, RFC 5890 §2.3.1).
    ///
    /// Underscores are no part of the host name rules, but such names are in use and harm nothing. A name whose last
    /// label is a number could be taken for an IPv4 address by somebody else.
    static func isHostName(_ name: Span<UInt8>) -> Bool {
        guard (1...253).contains(name.count) else { return false }
        var labelLength = 0
        var isNumeric = true
        var previous = UInt8(ascii: ".")
        for index in name.indices {
            let byte = name[index]
            switch byte {
            case UInt8(ascii: "."):
                guard labelLength > 0, previous != UInt8(ascii: "-") else { return false }
                labelLength = 0
                isNumeric = true
            case UInt8(ascii: "-") where labelLength == 0:
                return false
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                labelLength += 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                labelLength += 1
                isNumeric = false
            default:
                return false
            }
            guard labelLength <= 63 else { return false }
            previous = byte
        }
        return labelLength > 0 && previous != UInt8(ascii: "-") && !isNumeric
    }

    /// What remains of `*.example.com` behind its `*.`, nil if the name isn't a wildcard that RFC 9525 §6.3 allows.
    ///
    /// The asterisk is the whole left-most label, and two labels or more follow it: `*.com` would claim a registry.
    @_lifetime(copy presented)
    static func wildcardParent(_ presented: Span<UInt8>) -> Span<UInt8>? {
        guard presented.count > 2, presented[0] == UInt8(ascii: "*"), presented[1] == UInt8(ascii: ".") else {
            return nil
        }
        let parent = presented.extracting(2..<presented.count)
        guard isHostName(parent), firstLabelLength(parent) < parent.count else { return nil }
        return parent
    }

    /// Whether a name of a certificate stands for this host name (RFC 9525 §6.3).
    static func matches(presented: Span<UInt8>, host: Span<UInt8>) -> Bool {
        guard let parent = wildcardParent(presented) else {
            return isHostName(presented) && equals(presented, host)
        }
        let label = firstLabelLength(host)
        guard label > 0, label < host.count else { return false }
        // The asterisk must not stand for what no label is: a caller may not have validated the host.
        return equals(parent, host.extracting(label + 1..<host.count)) && isHostName(host)
    }

    /// Whether a name lies within the subtree of a name constraint: equal to it or below it (RFC 5280 §4.2.1.10).
    ///
    /// An empty constraint is the whole tree. The constraint must be a host name otherwise, see ``isConstraint(_:)``.
    static func isWithin(_ name: Span<UInt8>, constraint: Span<UInt8>) -> Bool {
        if constraint.count == 0 { return true }
        guard name.count >= constraint.count else { return false }
        let start = name.count - constraint.count
        guard equals(name.extracting(start..<name.count), constraint) else { return false }
        return start == 0 || name[start - 1] == UInt8(ascii: ".")
    }

    /// Whether every host that a name of a certificate can stand for lies within the constraint.
    static func isPermitted(presented: Span<UInt8>, constraint: Span<UInt8>) -> Bool {
        // What follows the asterisk decides: a wildcard under a permitted subtree stays in it, one above may leave it.
        if let parent = wildcardParent(presented) { return isWithin(parent, constraint: constraint) }
        return isHostName(presented) && isWithin(presented, constraint: constraint)
    }

    /// Whether some host that a name of a certificate can stand for lies within the constraint.
    static func isExcluded(presented: Span<UInt8>, constraint: Span<UInt8>) -> Bool {
        guard let parent = wildcardParent(presented) else { return isWithin(presented, constraint: constraint) }
        if isWithin(parent, constraint: constraint) { return true }
        // `*.example.com` can stand for the excluded `a.example.com`.
        let label = firstLabelLength(constraint)
        return label < constraint.count && equals(constraint.extracting(label + 1..<constraint.count), parent)
    }

    /// Whether these bytes can be a dNSName constraint: empty or a host name, not `.example.com`, no wildcard.
    static func isConstraint(_ constraint: Span<UInt8>) -> Bool {
        constraint.count == 0 || isHostName(constraint)
    }

    private static func firstLabelLength(_ name: Span<UInt8>) -> Int {
        for index in name.indices where name[index] == UInt8(ascii: ".") { return index }
        return name.count
    }

    /// Whether two names are the same but for the case of letters.
    static func equals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where lowercased(left[index]) != lowercased(right[index]) { return false }
        return true
    }
}

/// The lower case of an ASCII letter, any other byte unchanged.
func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
