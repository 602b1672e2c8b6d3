// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A vector or message of ours is longer than its length field can say.
struct EncodeError: Error, Equatable, Sendable {}

/// Appends big-endian numbers and length-prefixed vectors to bytes it owns (RFC 9846 §3).
///
/// A vector that outgrows its length field sets `hasOverflowed`; each message's `write` turns that into an
/// `EncodeError`, so that no caller has to remember to look.
struct ByteWriter: Sendable {
    private(set) var bytes: [UInt8]
    private(set) var hasOverflowed = false

    /// The default holds a server's whole first flight with a typical chain.
    init(reserving capacity: Int = 4096) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    var count: Int { bytes.count }

    mutating func append(_ value: UInt8) {
        bytes.append(value)
    }

    mutating func append(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func append24(_ value: UInt32) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt16(truncatingIfNeeded: value))
    }

    mutating func append(_ value: UInt32) {
        append(UInt16(truncatingIfNeeded: value >> 16))
        append(UInt16(truncatingIfNeeded: value))
    }

    mutating func append(_ array: [UInt8]) {
        bytes.append(contentsOf: array)
    }

    mutating func append(_ span: Span<UInt8>) {
        TLSCrypto.append(span, to: &bytes)
    }

    /// Makes room for so many bytes in all, so that they need not be moved later.
    mutating func reserve(_ capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Forgets everything from `count` on; capacity stays.
    mutating func truncate(to count: Int) {
        bytes.removeLast(max(0, bytes.count - max(0, count)))
        hasOverflowed = false
    }

    /// Gives the bytes away and starts again empty.
    mutating func takeBytes() -> [UInt8] {
        let taken = bytes
        bytes = []
        hasOverflowed = false
        return taken
    }

    // MARK: Vectors

    mutating func vector8(_ body: (inout ByteWriter) -> Void) {
        let mark = beginVector(.one)
        body(&self)
        endVector(mark)
    }

    mutating func vector16(_ body: (inout ByteWriter) -> Void) {
        let mark = beginVector(.two)
        body(&self)
        endVector(mark)
    }

    mutating func vector24(_ body: (inout ByteWriter) -> Void) {
        let mark = beginVector(.three)
        body(&self)
        endVector(mark)
    }

    mutating func vector8(_ content: Span<UInt8>) {
        let mark = beginVector(.one)
        append(content)
        endVector(mark)
    }

    mutating func vector16(_ content: Span<UInt8>) {
        let mark = beginVector(.two)
        append(content)
        endVector(mark)
    }

    mutating func vector24(_ content: Span<UInt8>) {
        let mark = beginVector(.three)
        append(content)
        endVector(mark)
    }

    mutating func vector8(_ content: [UInt8]) {
        let mark = beginVector(.one)
        append(content)
        endVector(mark)
    }

    mutating func vector16(_ content: [UInt8]) {
        let mark = beginVector(.two)
        append(content)
        endVector(mark)
    }

    mutating func vector24(_ content: [UInt8]) {
        let mark = beginVector(.three)
        append(content)
        endVector(mark)
    }

    // MARK: Length fields

    /// How many bytes a vector's length field has.
    enum LengthField: Int {
        case one = 1
        case two = 2
        case three = 3
    }

    /// Where a vector's content starts.
    struct VectorMark {
        fileprivate let start: Int
        fileprivate let field: LengthField
    }

    /// Leaves room for a length field. For content that borrows what a closure cannot capture.
    mutating func beginVector(_ field: LengthField) -> VectorMark {
        for _ in 0..<field.rawValue {
            bytes.append(0)
        }
        return VectorMark(start: bytes.count, field: field)
    }

    /// Writes the length of what was appended since the mark.
    mutating func endVector(_ mark: VectorMark) {
        let width = mark.field.rawValue
        let length = bytes.count - mark.start
        guard length >= 0, length >> (8 * width) == 0 else {
            hasOverflowed = true
            return
        }
        for position in 0..<width {
            bytes[mark.start - width + position] = UInt8(truncatingIfNeeded: length >> (8 * (width - 1 - position)))
        }
    }
}
