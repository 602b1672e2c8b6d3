// SPDX-License-Identifier: Apache-2.0

/// Reads the values of a key's encoding one after the other (X.690 §8), before libcrypto sees any of them.
///
/// Values are positions in the bytes. Lengths need not be minimal, as for libcrypto, but have to be definite; it never
/// recurses. Certificates have a reader of their own, which is strict.
struct KeyFields: ~Escapable {
    static let integer: UInt8 = 0x02
    static let octetString: UInt8 = 0x04
    static let objectIdentifier: UInt8 = 0x06
    static let sequence: UInt8 = 0x30

    private let bytes: Span<UInt8>
    private var position: Int
    private let end: Int

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    /// - Parameter range: Where the contents of a value stand in the same bytes.
    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, in range: Range<Int>) {
        self.bytes = bytes
        end = min(range.upperBound, bytes.count)
        position = min(range.lowerBound, end)
    }

    var isAtEnd: Bool { position == end }

    /// The identifier octet of the next value; nil at the end.
    var nextTag: UInt8? { position < end ? bytes[position] : nil }

    /// Where the contents of the next value stand; nil if it has another tag, or does not fit.
    @_lifetime(self: copy self)
    mutating func next(_ tag: UInt8) -> Range<Int>? {
        guard end - position >= 2, bytes[position] == tag else { return nil }
        var start = position + 2
        var length = Int(bytes[position + 1])
        if length >= 0x80 {
            let count = length & 0x7F
            guard (1...8).contains(count), count <= end - start else { return nil }
            length = 0
            for _ in 0..<count {
                // No file is so long.
                guard length < 1 << 32 else { return nil }
                length = length << 8 | Int(bytes[start])
                start += 1
            }
        }
        guard length <= end - start else { return nil }
        position = start + length
        return start..<position
    }

    /// How many bits the next integer has, without its leading zeros and whatever its sign; nil if there is none.
    @_lifetime(self: copy self)
    mutating func nextBitCount() -> Int? {
        guard let range = next(Self.integer), let last = range.last else { return nil }
        var first = range.lowerBound
        while first < last, bytes[first] == 0 { first += 1 }
        return 8 * (last - first + 1) - bytes[first].leadingZeroBitCount
    }

    /// The next integer; nil if there is none, or it is negative or has more than 63 bits.
    @_lifetime(self: copy self)
    mutating func nextNumber() -> Int? {
        guard let range = next(Self.integer), !range.isEmpty, bytes[range.lowerBound] & 0x80 == 0 else { return nil }
        var number = 0
        for index in range {
            guard number < 1 << 55 else { return nil }
            number = number << 8 | Int(bytes[index])
        }
        return number
    }

    /// The contents of the next object identifier; nil if there is none.
    @_lifetime(self: copy self)
    mutating func nextIdentifier() -> Range<Int>? { next(Self.objectIdentifier) }
}
