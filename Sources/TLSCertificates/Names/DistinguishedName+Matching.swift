// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Names in the form in which equal ones have equal bytes (RFC 5280 §7.1), as far as ASCII goes.
struct NormalizedName: Equatable {
    struct Attribute: Equatable {
        let type: [UInt8]
        /// The text in UTF-8, in lower case and without needless spaces; the encoding of what is no text.
        let value: [UInt8]
        let isText: Bool
        /// Whether nothing is in the value that other rules than those of ASCII could take for something else.
        let isExact: Bool
    }

    /// The relative names, each a set of attributes in the order of their bytes.
    let relativeNames: [[Attribute]]

    /// Sets of more attributes than this are not looked into, as comparing them costs the square. Real ones have two.
    private static let maximumSetCount = 16

    init(_ name: DistinguishedName) {
        self.init(name.bytes)
    }

    /// The form of a name that has been checked.
    init(_ bytes: Span<UInt8>) {
        var sets: [[Attribute]] = []
        try? DistinguishedName.forEachAttribute(of: bytes) { attribute in
            if attribute.isFirstOfSet { sets.append([]) }
            guard let last = sets.indices.last else { return }
            let text = Self.folded(bytes.extracting(attribute.value.content), tag: attribute.valueTag)
            sets[last].append(
                Attribute(
                    type: copyBytes(bytes.extracting(attribute.type)),
                    value: text ?? copyBytes(bytes.extracting(attribute.value.whole)),
                    isText: text != nil,
                    isExact: text?.allSatisfy { (0x20...0x7E).contains($0) } ?? false
                )
            )
        }
        relativeNames = sets.map { $0.count > 1 ? $0.sorted(by: Self.precedes) : $0 }
    }

    /// A string in lower case, with one space for several and none at the ends; nil for what isn't a string.
    ///
    /// Only letters of ASCII: RFC 4518 has tables for the rest, of which one version of Unicode differs from the next.
    private static func folded(_ value: Span<UInt8>, tag: UInt8) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(value.count)
        return forEachFoldedByte(of: value, tag: tag, { result.append($0) }) ? result : nil
    }

    /// The bytes of such a string, one after the other; false, and none of them, for what isn't a string.
    fileprivate static func forEachFoldedByte(of value: Span<UInt8>, tag: UInt8, _ body: (UInt8) -> Void) -> Bool {
        switch tag {
        case DERTag.utf8String, DERTag.printableString, DERTag.ia5String, DERTag.numericString, DERTag.visibleString:
            forEachFoldedByte(of: value, body)
        default:
            guard let text = DistinguishedName.text(of: value, tag: tag) else { return false }
            let bytes = Array(text.utf8)
            forEachFoldedByte(of: bytes.span, body)
        }
        return true
    }

    private static func forEachFoldedByte(of text: Span<UInt8>, _ body: (UInt8) -> Void) {
        let space = UInt8(ascii: " ")
        var isAtStart = true
        var isSpacePending = false
        for index in text.indices {
            let byte = text[index]
            if byte == space {
                isSpacePending = !isAtStart
                continue
            }
            if isSpacePending { body(space) }
            body(lowercased(byte))
            (isAtStart, isSpacePending) = (false, false)
        }
    }

    private static func precedes(_ left: Attribute, _ right: Attribute) -> Bool {
        left.type == right.type
            ? left.value.lexicographicallyPrecedes(right.value) : left.type.lexicographicallyPrecedes(right.type)
    }

    // MARK: Subtrees (RFC 5280 §4.2.1.10)

    /// Whether the name begins with another: is certainly in its subtree.
    func isWithin(_ root: NormalizedName) -> Bool {
        relativeNames.starts(with: root.relativeNames)
    }

    /// Whether the name may begin with another by the rules of somebody: where a text has characters beyond ASCII, other
    /// spellings of them (case, composition, what is invisible) count as the same, and so does every other such text.
    func mayBeWithin(_ root: NormalizedName) -> Bool {
        guard relativeNames.count >= root.relativeNames.count else { return false }
        return zip(relativeNames, root.relativeNames).allSatisfy { Self.mayBeEqual($0, $1) }
    }

    private static func mayBeEqual(_ name: [Attribute], _ other: [Attribute]) -> Bool {
        guard name.count == other.count else { return false }
        guard name.count <= maximumSetCount else { return true }
        return other.allSatisfy { wanted in name.contains { mayBeEqual($0, wanted) } }
    }

    private static func mayBeEqual(_ attribute: Attribute, _ other: Attribute) -> Bool {
        guard attribute.type == other.type else { return false }
        return attribute == other || !attribute.isExact || !other.isExact
    }
}

extension DistinguishedName: Hashable {
    /// Names of more bytes than this are equal only if their encodings are: comparing them otherwise takes long. Real ones
    /// have up to some 300.
    private static let maximumFoldedByteCount = 4096

    /// Compares by RFC 5280 §7.1.
    public static func == (left: DistinguishedName, right: DistinguishedName) -> Bool {
        isEqual(left.bytes, right.bytes)
    }

    /// Compares the encodings of two names.
    static func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        if TLSCrypto.isEqual(left, right) { return true }
        // Without attributes, a name has two bytes.
        guard max(left.count, right.count) <= maximumFoldedByteCount, left.count > 2, right.count > 2 else {
            return false
        }
        // Nearly all that differ do so here, where no copies are made.
        guard hash(of: left) == hash(of: right) else { return false }
        return NormalizedName(left) == NormalizedName(right)
    }

    private static func hash(of name: Span<UInt8>) -> Int {
        var hasher = Hasher()
        feed(name, into: &hasher)
        return hasher.finalize()
    }

    /// Feeds what equal names have in common to the hasher. Each certificate of a chain is looked up by its issuer's name: no
    /// copy is made.
    public func hash(into hasher: inout Hasher) {
        Self.feed(bytes, into: &hasher)
    }

    private static func feed(_ bytes: Span<UInt8>, into hasher: inout Hasher) {
        guard bytes.count <= maximumFoldedByteCount else {
            var whole = WordHasher()
            for index in bytes.indices { whole.combine(bytes[index]) }
            return hasher.combine(whole.finalize())
        }
        // The attributes of a set may stand in any order.
        var set = 0
        try? forEachAttribute(of: bytes) { attribute in
            if attribute.isFirstOfSet {
                hasher.combine(set)
                set = 0
            }
            var one = WordHasher()
            for index in attribute.type { one.combine(bytes[index]) }
            let value = bytes.extracting(attribute.value.content)
            if !NormalizedName.forEachFoldedByte(of: value, tag: attribute.valueTag, { one.combine($0) }) {
                for index in attribute.value.whole { one.combine(bytes[index]) }
            }
            set &+= one.finalize()
        }
        hasher.combine(set)
    }
}

/// A hasher of single bytes, which takes eight at a time: each call of the standard library's costs.
private struct WordHasher {
    private var hasher = Hasher()
    private var word: UInt64 = 0
    private var count = 0

    mutating func combine(_ byte: UInt8) {
        word = word << 8 | UInt64(byte)
        count += 1
        if count & 7 == 0 { hasher.combine(word) }
    }

    consuming func finalize() -> Int {
        // The last word again, if only in part new, and how many bytes there are.
        hasher.combine(word)
        hasher.combine(count)
        return hasher.finalize()
    }
}

// MARK: - Names that look alike

extension DistinguishedName {
    /// Names of more bytes than this are not compared by their looks, which takes some 20 ns a byte.
    private static let maximumLookedAtByteCount = 512

    /// In which character the first of some names differs that people would take for this one, in words; nil if none is
    /// such, or none differs.
    func difference(fromOneOf names: some Sequence<DistinguishedName>) -> String? {
        guard bytes.count <= Self.maximumLookedAtByteCount else { return nil }
        let text = description
        let look = Self.look(of: text)
        for name in names where name.bytes.count <= Self.maximumLookedAtByteCount {
            let other = name.description
            guard Self.look(of: other) == look, self != name else { continue }
            return Self.difference(text, other)
        }
        return nil
    }

    private static func difference(_ text: String, _ otherText: String) -> String {
        let (scalars, others) = (Array(text.unicodeScalars), Array(otherText.unicodeScalars))
        let position = zip(scalars, others).prefix { isSame($0, $1) }.count
        guard position < max(scalars.count, others.count) else { return "in how its attributes are encoded" }
        return "at character \(position + 1), where it has \(word(for: scalars, position)) and the other "
            + word(for: others, position)
    }

    /// Without case, spaces, what is invisible, and the difference between composed and decomposed characters, of which
    /// `String` takes care.
    private static func look(of text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.lowercased().unicodeScalars {
            switch scalar.properties.generalCategory {
            case .spaceSeparator, .format, .control, .lineSeparator, .paragraphSeparator: continue
            default: if !scalar.properties.isDefaultIgnorableCodePoint { result.append(scalar) }
            }
        }
        return String(result)
    }

    private static func isSame(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Bool {
        left == right
            || left.isASCII && right.isASCII
                && lowercased(UInt8(truncatingIfNeeded: left.value))
                    == lowercased(UInt8(truncatingIfNeeded: right.value))
    }

    private static func word(for scalars: [Unicode.Scalar], _ position: Int) -> String {
        guard position < scalars.count else { return "its end" }
        let digits = String(scalars[position].value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
