// SPDX-License-Identifier: Apache-2.0

/// A list of non-empty byte strings with length prefixes of one or two bytes, borrowed from its message:
/// protocol names (RFC 7301 §3.1), distinguished names (RFC 9846 §4.3.4).
struct OpaqueList: ~Escapable {
    private let bytes: Span<UInt8>
    private let prefix: ByteWriter.LengthField
    let count: Int

    /// Checks the content of a vector.
    @_lifetime(copy content)
    init(_ content: Span<UInt8>, prefix: ByteWriter.LengthField, mayBeEmpty: Bool = false) throws(DecodeError) {
        guard mayBeEmpty || !content.isEmpty else { throw .malformed("holds an empty list") }
        var reader = ByteReader(content)
        var count = 0
        while !reader.isEmpty {
            let element = prefix == .one ? try reader.readVector8() : try reader.readVector16()
            guard !element.isEmpty else { throw .malformed("holds an empty name") }
            count += 1
        }
        bytes = content
        self.prefix = prefix
        self.count = count
    }

    @_lifetime(copy self)
    func makeIterator() -> Iterator {
        Iterator(bytes, prefix)
    }

    func contains(_ element: Span<UInt8>) -> Bool {
        var iterator = makeIterator()
        while let next = iterator.next() {
            if isEqual(next, element) {
                return true
            }
        }
        return false
    }

    /// The first of our names that is in the list: the receiver's order wins.
    func first(preferring preferred: [String]) -> String? {
        preferred.first { contains(Array($0.utf8).span) }
    }

    /// A copy that outlives the message.
    var array: [[UInt8]] {
        var elements: [[UInt8]] = []
        elements.reserveCapacity(count)
        var iterator = makeIterator()
        while let next = iterator.next() {
            elements.append(copyBytes(next))
        }
        return elements
    }

    struct Iterator: ~Escapable {
        private var reader: ByteReader
        private let prefix: ByteWriter.LengthField

        @_lifetime(copy bytes)
        fileprivate init(_ bytes: Span<UInt8>, _ prefix: ByteWriter.LengthField) {
            reader = ByteReader(bytes)
            self.prefix = prefix
        }

        /// The next element; never fails, as the list was checked when it was made.
        @_lifetime(self: copy self)
        @_lifetime(copy self)
        mutating func next() -> Span<UInt8>? {
            do throws(DecodeError) {
                guard !reader.isEmpty else { return nil }
                return prefix == .one ? try reader.readVector8() : try reader.readVector16()
            } catch {
                return nil
            }
        }
    }
}
