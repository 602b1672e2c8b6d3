// SPDX-License-Identifier: Apache-2.0

/// Where one GeneralName of a certificate stands (RFC 5280 §4.2.1.6).
///
/// It is kept small: a name may have two bytes, and there may be ``maximumCount`` of them.
struct GeneralNamePosition: Sendable {
    /// A list of more names is refused. Sites on shared hosts have some hundred, the longest lists that were ever seen
    /// some thousand.
    static let maximumCount = 8192

    private let start: UInt32
    /// The length of the content and, in the last byte, the tag.
    private let countAndTag: UInt32

    /// A position in a certificate, which has at most ``CertificateParser/maximumByteCount`` bytes: 19 bits.
    init(tag: UInt8, content: Range<Int>) {
        start = UInt32(truncatingIfNeeded: content.lowerBound)
        countAndTag = UInt32(truncatingIfNeeded: content.count) << 8 | UInt32(tag)
    }

    var tag: UInt8 { UInt8(truncatingIfNeeded: countAndTag) }

    var content: Range<Int> { Int(start)..<Int(start) + Int(countAndTag >> 8) }
}

/// The kinds of GeneralName that this module works with, by their tags.
enum GeneralNameTag {
    static let rfc822Name = DERTag.context(1)
    static let dnsName = DERTag.context(2)
    static let directoryName = DERTag.constructedContext(4)
    static let uniformResourceIdentifier = DERTag.context(6)
    static let ipAddress = DERTag.context(7)

    /// Whether the tag is one of the nine choices of GeneralName.
    static func isKnown(_ tag: UInt8) -> Bool {
        switch tag {
        // otherName, x400Address, directoryName and ediPartyName are constructed, the rest is primitive.
        case 0xA0, 0xA3, 0xA4, 0xA5, 0x81, 0x82, 0x86, 0x87, 0x88: true
        default: false
        }
    }
}

/// An alternative name, or a name inside a name constraint (RFC 5280 §4.2.1.6, §4.2.1.10).
public enum GeneralName: Hashable, Sendable {
    /// A DNS name or, in a constraint, the root of a subtree of them.
    case dnsName(String)
    /// An address of 4 or 16 bytes; in a constraint, twice that: the address and its mask.
    case ipAddress([UInt8])
    /// A distinguished name or, in a constraint, the beginning of one.
    case directoryName(DistinguishedName)
    /// Any other kind: the GeneralName's tag number and the value's bytes.
    case other(tag: UInt8, value: [UInt8])
}

/// Which names a certificate authority may or may not certify (RFC 5280 §4.2.1.10).
public struct NameConstraints: Hashable, Sendable {
    /// The subtrees in which names have to lie, if their kind occurs here.
    public let permittedSubtrees: [GeneralName]
    /// The subtrees in which names must not lie.
    public let excludedSubtrees: [GeneralName]
    /// Whether the extension is marked critical.
    public let isCritical: Bool
}
