// SPDX-License-Identifier: Apache-2.0

/// Reads big-endian numbers and length-prefixed vectors from borrowed bytes (RFC 9846 §3).
///
/// A read that fails consumes nothing.
struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    private(set) var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - offset }
    var isEmpty: Bool { offset == bytes.count }

    func expectEnd() throws(DecodeError) {
        guard isEmpty else { throw .trailingBytes }
    }

    @_lifetime(self: copy self)
    mutating func readUInt8() throws(DecodeError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated }
        let value = bytes[offset]
        offset += 1
        return value
    }

    @_lifetime(self: copy self)
    mutating func readUInt16() throws(DecodeError) -> UInt16 {
        guard remaining >= 2 else { throw .truncated }
        let value = UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
        offset += 2
        return value
    }

    @_lifetime(self: copy self)
    mutating func readUInt24() throws(DecodeError) -> UInt32 {
        guard remaining >= 3 else { throw .truncated }
        let value = UInt32(bytes[offset]) << 16 | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2])
        offset += 3
        return value
    }

    @_lifetime(self: copy self)
    mutating func readUInt32() throws(DecodeError) -> UInt32 {
        guard remaining >= 4 else { throw .truncated }
        let high = try readUInt16()
        let low = try readUInt16()
        return UInt32(high) << 16 | UInt32(low)
    }

    /// Takes the next `count` bytes; `count` comes from a length field or a constant, never below zero.
    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func read(_ count: Int) throws(DecodeError) -> Span<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        let start = offset
        offset += count
        return bytes.extracting(start..<start + count)
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readRest() -> Span<UInt8> {
        let start = offset
        offset = bytes.count
        return bytes.extracting(start..<bytes.count)
    }

    /// The bytes already read, from `start` on: what a signature over a message's prefix covers.
    @_lifetime(copy self)
    func alreadyRead(from start: Int) -> Span<UInt8> {
        bytes.extracting(min(max(start, 0), offset)..<offset)
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readVector8() throws(DecodeError) -> Span<UInt8> {
        let start = offset
        let count = try readUInt8()
        guard Int(count) <= remaining else {
            offset = start
            throw .truncated
        }
        return try read(Int(count))
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readVector16() throws(DecodeError) -> Span<UInt8> {
        let start = offset
        let count = try readUInt16()
        guard Int(count) <= remaining else {
            offset = start
            throw .truncated
        }
        return try read(Int(count))
    }

    @_lifetime(self: copy self)
    @_lifetime(copy self)
    mutating func readVector24() throws(DecodeError) -> Span<UInt8> {
        let start = offset
        let count = try readUInt24()
        guard Int(count) <= remaining else {
            offset = start
            throw .truncated
        }
        return try read(Int(count))
    }
}
