// SPDX-License-Identifier: Apache-2.0

/// One value of a DER encoding, as positions in the bytes it was read from.
///
/// Positions instead of borrowed bytes let a parsed certificate keep what it found without copying it.
struct DERElement: Sendable {
    /// The identifier octet: class, constructed bit and number (always below 31).
    let tag: UInt8
    /// Where the identifier octet stands.
    let start: Int
    /// Where the contents stand.
    let content: Range<Int>

    /// Identifier, length and contents.
    var whole: Range<Int> { start..<content.upperBound }
}

/// Identifier octets that X.509 uses.
enum DERTag {
    static let boolean: UInt8 = 0x01
    static let integer: UInt8 = 0x02
    static let bitString: UInt8 = 0x03
    static let octetString: UInt8 = 0x04
    static let null: UInt8 = 0x05
    static let objectIdentifier: UInt8 = 0x06
    static let enumerated: UInt8 = 0x0A
    static let utf8String: UInt8 = 0x0C
    static let numericString: UInt8 = 0x12
    static let printableString: UInt8 = 0x13
    static let teletexString: UInt8 = 0x14
    static let ia5String: UInt8 = 0x16
    static let utcTime: UInt8 = 0x17
    static let generalizedTime: UInt8 = 0x18
    static let visibleString: UInt8 = 0x1A
    static let universalString: UInt8 = 0x1C
    static let bmpString: UInt8 = 0x1E
    static let sequence: UInt8 = 0x30
    static let set: UInt8 = 0x31

    /// The context-specific tag of a primitive or implicitly tagged value.
    static func context(_ number: UInt8) -> UInt8 { 0x80 | number }
    /// The context-specific tag of a constructed value.
    static func constructedContext(_ number: UInt8) -> UInt8 { 0xA0 | number }
}

/// What is wrong with a DER encoding.
enum DERError: Error, Equatable, Sendable {
    case truncated
    case highTagNumber
    case indefiniteLength
    case nonMinimalLength
    case lengthTooLarge
    case unexpectedTag(expected: UInt8, found: UInt8)
    case trailingBytes
    case invalidBoolean
    case invalidInteger
    case invalidBitString
    case invalidObjectIdentifier
    case invalidTime
    case invalidValue(String)
}

extension DERError: CustomStringConvertible {
    var description: String {
        switch self {
        case .truncated: "the encoding ends too early"
        case .highTagNumber: "a tag number above 30 is not used in certificates"
        case .indefiniteLength: "an indefinite length is not DER"
        case .nonMinimalLength: "a length is not encoded in the fewest bytes"
        case .lengthTooLarge: "a length is larger than a certificate may be"
        case .unexpectedTag(let expected, let found):
            "tag 0x\(hexadecimal(expected)) is expected where 0x\(hexadecimal(found)) stands"
        case .trailingBytes: "bytes follow the last value"
        case .invalidBoolean: "a BOOLEAN is neither TRUE nor FALSE"
        case .invalidInteger: "an INTEGER is empty, not minimal or out of range"
        case .invalidBitString: "a BIT STRING has wrong unused bits"
        case .invalidObjectIdentifier: "an OBJECT IDENTIFIER is not well-formed"
        case .invalidTime: "a time is not a valid UTCTime or GeneralizedTime in UTC"
        case .invalidValue(let what): what
        }
    }
}

/// Reads DER values one after the other from a part of borrowed bytes (X.690 §8, §10).
///
/// The reader never recurses: nesting is the caller's, and the grammars read here have a fixed depth. Positions
/// in the elements it gives count from the start of the borrowed bytes, whatever part the reader walks.
struct DERReader: ~Escapable {
    let bytes: Span<UInt8>
    private(set) var offset: Int
    private let end: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        self.offset = 0
        self.end = bytes.count
    }

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, in range: Range<Int>) {
        self.bytes = bytes
        // Ranges come from elements of the same bytes; clamping keeps a mistaken one from trapping.
        self.end = min(range.upperBound, bytes.count)
        self.offset = min(range.lowerBound, end)
    }

    var isAtEnd: Bool { offset >= end }

    /// The identifier octet of the next value, nil at the end.
    var nextTag: UInt8? { offset < end ? bytes[offset] : nil }

    /// The next value, whatever its tag.
    @_lifetime(self: copy self)
    mutating func next() throws(DERError) -> DERElement {
        let start = offset
        guard end - start >= 2 else { throw .truncated }
        let tag = bytes[start]
        guard tag & 0x1F != 0x1F else { throw .highTagNumber }
        let first = bytes[start + 1]
        var position = start + 2
        var length = Int(first)
        if first >= 0x80 {
            guard first != 0x80 else { throw .indefiniteLength }
            let count = Int(first & 0x7F)
            // Four bytes of length reach beyond any certificate that is accepted.
            guard count <= 4 else { throw .lengthTooLarge }
            guard end - position >= count else { throw .truncated }
            guard bytes[position] != 0 else { throw .nonMinimalLength }
            length = 0
            for _ in 0..<count {
                length = length << 8 | Int(bytes[position])
                position += 1
            }
            guard length >= 0x80 else { throw .nonMinimalLength }
        }
        guard length <= end - position else { throw .truncated }
        offset = position + length
        return DERElement(tag: tag, start: start, content: position..<offset)
    }

    /// The next value, which must have this tag.
    @_lifetime(self: copy self)
    mutating func next(_ tag: UInt8) throws(DERError) -> DERElement {
        guard let found = nextTag else { throw .truncated }
        guard found == tag else { throw .unexpectedTag(expected: tag, found: found) }
        return try next()
    }

    /// The next value if it has this tag, nil (and nothing read) otherwise.
    @_lifetime(self: copy self)
    mutating func nextIfPresent(_ tag: UInt8) throws(DERError) -> DERElement? {
        nextTag == tag ? try next() : nil
    }

    /// Checks that nothing is left.
    func finish() throws(DERError) {
        guard isAtEnd else { throw .trailingBytes }
    }

    /// A reader of the values inside a constructed value.
    @_lifetime(copy self)
    func reader(in element: DERElement) -> DERReader {
        DERReader(bytes, in: element.content)
    }

    /// The bytes at these positions.
    @_lifetime(copy self)
    func span(_ range: Range<Int>) -> Span<UInt8> {
        bytes.extracting(range.clamped(to: 0..<bytes.count))
    }
}

// MARK: - Typed values

extension DERReader {
    /// The next value as a SEQUENCE.
    @_lifetime(self: copy self)
    mutating func nextSequence() throws(DERError) -> DERElement {
        try next(DERTag.sequence)
    }

    /// The next value as a BOOLEAN: 0x00 or 0xFF (X.690 §11.1).
    ///
    /// - Parameter isLenient: Whether any other byte will do for TRUE, as in BER.
    @_lifetime(self: copy self)
    mutating func nextBoolean(isLenient: Bool = false) throws(DERError) -> Bool {
        let element = try next(DERTag.boolean)
        guard element.content.count == 1 else { throw .invalidBoolean }
        switch bytes[element.content.lowerBound] {
        case 0x00: return false
        case 0xFF: return true
        case _ where isLenient: return true
        default: throw .invalidBoolean
        }
    }

    /// The contents of the next value, a minimal two's complement INTEGER.
    @_lifetime(self: copy self)
    mutating func nextInteger(_ tag: UInt8 = DERTag.integer) throws(DERError) -> Range<Int> {
        let content = try next(tag).content
        guard content.count >= 1 else { throw .invalidInteger }
        if content.count >= 2 {
            let first = bytes[content.lowerBound]
            let second = bytes[content.lowerBound + 1]
            if first == 0x00 && second < 0x80 || first == 0xFF && second >= 0x80 { throw .invalidInteger }
        }
        return content
    }

    /// The big-endian magnitude of the next value, an INTEGER above zero, without a leading zero byte.
    @_lifetime(self: copy self)
    mutating func nextPositiveInteger() throws(DERError) -> Range<Int> {
        var content = try nextInteger()
        guard bytes[content.lowerBound] < 0x80 else { throw .invalidInteger }
        if bytes[content.lowerBound] == 0 {
            content = content.lowerBound + 1..<content.upperBound
            guard !content.isEmpty else { throw .invalidInteger }
        }
        return content
    }

    /// The next value as a number of 0…2³¹−1.
    @_lifetime(self: copy self)
    mutating func nextSmallInteger(_ tag: UInt8 = DERTag.integer) throws(DERError) -> Int {
        let content = try nextInteger(tag)
        guard content.count <= 4, bytes[content.lowerBound] < 0x80 else { throw .invalidInteger }
        var value = 0
        for index in content { value = value << 8 | Int(bytes[index]) }
        return value
    }

    /// The bytes of the next value, a BIT STRING of whole bytes.
    @_lifetime(self: copy self)
    mutating func nextOctetAlignedBitString() throws(DERError) -> Range<Int> {
        let content = try next(DERTag.bitString).content
        guard content.count >= 1, bytes[content.lowerBound] == 0 else { throw .invalidBitString }
        return content.lowerBound + 1..<content.upperBound
    }

    /// The first sixteen bits of the next value, a BIT STRING of named bits; bit 0 is the value's highest bit.
    @_lifetime(self: copy self)
    mutating func nextNamedBits() throws(DERError) -> UInt16 {
        let content = try next(DERTag.bitString).content
        guard content.count >= 1 else { throw .invalidBitString }
        let unused = bytes[content.lowerBound]
        guard unused < 8, content.count > 1 || unused == 0 else { throw .invalidBitString }
        if content.count > 1 {
            let last = bytes[content.upperBound - 1]
            guard last & ((1 << unused) - 1) == 0 else { throw .invalidBitString }
        }
        let high = content.count > 1 ? UInt16(bytes[content.lowerBound + 1]) << 8 : 0
        let low = content.count > 2 ? UInt16(bytes[content.lowerBound + 2]) : 0
        return high | low
    }

    /// The next value as an OBJECT IDENTIFIER.
    @_lifetime(self: copy self)
    mutating func nextObjectIdentifier() throws(DERError) -> (identifier: ObjectIdentifier, content: Range<Int>) {
        let content = try next(DERTag.objectIdentifier).content
        return (try ObjectIdentifier(span(content)), content)
    }
}

/// Two hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return byte < 16 ? "0" + digits : digits
}
