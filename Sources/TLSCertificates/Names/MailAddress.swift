// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The rules for e-mail addresses in name constraints (RFC 5280 §4.2.1.10), over their ASCII bytes.
enum MailAddress {
    /// Whether an address lies in what a constraint permits.
    static func isPermitted(_ address: Span<UInt8>, constraint: Span<UInt8>) -> Bool {
        guard let hostStart = hostStart(of: address) else { return false }
        return isWithin(address, hostStart: hostStart, constraint: constraint)
    }

    /// Whether an address lies in what a constraint excludes; what isn't an address counts as if it did.
    static func isExcluded(_ address: Span<UInt8>, constraint: Span<UInt8>) -> Bool {
        guard let hostStart = hostStart(of: address) else { return true }
        return isWithin(address, hostStart: hostStart, constraint: constraint)
    }

    /// Whether two are the same address; what isn't one is the same as nothing.
    static func equals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard let start = hostStart(of: left), hostStart(of: right) == start else { return false }
        return isEqual(left.extracting(0..<start), right.extracting(0..<start))
            && DNSName.equals(left.extracting(start..<left.count), right.extracting(start..<right.count))
    }

    /// Whether these bytes can be a constraint: empty, one mailbox, a host or `.example.com`.
    static func isConstraint(_ constraint: Span<UInt8>) -> Bool {
        if constraint.count == 0 || hostStart(of: constraint) != nil { return true }
        return DNSName.isHostName(isDomain(constraint) ? constraint.extracting(1..<constraint.count) : constraint)
    }

    /// An empty constraint is any address, a host every mailbox there, a domain every host below it, not itself.
    private static func isWithin(_ address: Span<UInt8>, hostStart: Int, constraint: Span<UInt8>) -> Bool {
        if constraint.count == 0 { return true }
        let host = address.extracting(hostStart..<address.count)
        if isDomain(constraint) {
            let domain = constraint.extracting(1..<constraint.count)
            return host.count > domain.count && DNSName.isWithin(host, constraint: domain)
        }
        guard let constraintHost = Self.hostStart(of: constraint) else { return DNSName.equals(host, constraint) }
        // RFC 5280 §7.5: the part before the "@" has upper and lower case.
        return isEqual(address.extracting(0..<hostStart), constraint.extracting(0..<constraintHost))
            && DNSName.equals(host, constraint.extracting(constraintHost..<constraint.count))
    }

    private static func isDomain(_ constraint: Span<UInt8>) -> Bool {
        constraint.count > 0 && constraint[0] == UInt8(ascii: ".")
    }

    /// Where the host of an address starts, behind the "@"; nil if it isn't an address.
    ///
    /// The part before it is of the unquoted form (RFC 5321 §4.1.2): nobody uses the other, and readers differ on it.
    private static func hostStart(of address: Span<UInt8>) -> Int? {
        var at = 0
        while at < address.count, isLocalPart(address[at]) { at += 1 }
        guard at > 0, at < address.count, address[at] == UInt8(ascii: "@"),
            DNSName.isHostName(address.extracting(at + 1..<address.count))
        else { return nil }
        return at + 1
    }

    private static func isLocalPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-/=?^_`{|}~.".utf8.contains(byte)
        }
    }
}
