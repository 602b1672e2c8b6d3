// SPDX-License-Identifier: Apache-2.0

/// One extension, borrowed from its message.
struct Extension: ~Escapable {
    let type: ExtensionType
    let body: Span<UInt8>

    @_lifetime(copy body)
    init(type: ExtensionType, body: Span<UInt8>) {
        self.type = type
        self.body = body
    }
}

/// The extensions of one message: framing checked, types unique, unknown ones kept (RFC 9846 §4.3).
struct ExtensionList: ~Escapable {
    private let bytes: Span<UInt8>
    let types: ExtensionSet

    /// Reads `Extension extensions<0..2^16-1>`.
    @_lifetime(copy reader)
    init(_ reader: inout ByteReader) throws(DecodeError) {
        try self.init(content: reader.readVector16())
    }

    /// Reads the extensions of a hello that may end before them (RFC 5246 §7.4.1.2).
    @_lifetime(copy reader)
    init(optional reader: inout ByteReader) throws(DecodeError) {
        if reader.isEmpty {
            try self.init(content: reader.readRest())
        } else {
            try self.init(&reader)
        }
    }

    @_lifetime(copy content)
    init(content: Span<UInt8>) throws(DecodeError) {
        var types = ExtensionSet()
        var reader = ByteReader(content)
        var hasMore = false
        while !reader.isEmpty {
            let type = ExtensionType(rawValue: try reader.readUInt16())
            _ = try reader.readVector16()
            if hasMore && !ExtensionSet.hasPlace(for: type) { continue }
            switch types.insert(type) {
            case .inserted: break
            case .duplicate: throw .duplicateExtension(type)
            // Unknown extensions are ignored, whatever their number (RFC 9846 §4.3).
            case .full: hasMore = true
            }
        }
        self.bytes = content
        self.types = types
        if hasMore { try checkUniqueness() }
    }

    /// Looks for a duplicate among more types than a set holds, in one pass: a bit for each type there can be.
    private func checkUniqueness() throws(DecodeError) {
        var seen = [1024 of UInt64](repeating: 0)
        var iterator = makeIterator()
        while let next = iterator.next() {
            let word = Int(next.type.rawValue >> 6)
            let bit: UInt64 = 1 << UInt64(next.type.rawValue & 63)
            guard seen[word] & bit == 0 else { throw .duplicateExtension(next.type) }
            seen[word] |= bit
        }
    }

    var isEmpty: Bool { bytes.isEmpty }

    func contains(_ type: ExtensionType) -> Bool {
        types.contains(type)
    }

    @_lifetime(copy self)
    func makeIterator() -> Iterator {
        Iterator(bytes)
    }

    @_lifetime(copy self)
    func body(of type: ExtensionType) -> Span<UInt8>? {
        guard types.contains(type) else { return nil }
        var iterator = makeIterator()
        while let next = iterator.next() {
            if next.type == type {
                return next.body
            }
        }
        return nil
    }

    struct Iterator: ~Escapable {
        private var reader: ByteReader

        @_lifetime(copy bytes)
        fileprivate init(_ bytes: Span<UInt8>) {
            reader = ByteReader(bytes)
        }

        /// The next extension; never fails, as the list was checked when it was made.
        @_lifetime(self: copy self)
        @_lifetime(copy self)
        mutating func next() -> Extension? {
            do throws(DecodeError) {
                guard !reader.isEmpty else { return nil }
                let type = ExtensionType(rawValue: try reader.readUInt16())
                return Extension(type: type, body: try reader.readVector16())
            } catch {
                return nil
            }
        }
    }
}
