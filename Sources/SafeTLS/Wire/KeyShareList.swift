// SPDX-License-Identifier: Apache-2.0

/// A peer's key share, borrowed from its message (RFC 9846 §4.3.8).
struct KeyShareEntry: ~Escapable {
    let group: NamedGroup
    let publicKey: Span<UInt8>

    @_lifetime(copy reader)
    init(_ reader: inout ByteReader) throws(DecodeError) {
        group = NamedGroup(rawValue: try reader.readUInt16())
        publicKey = try reader.readVector16()
        guard !publicKey.isEmpty else { throw .malformed("holds an empty key") }
    }
}

/// A client's key shares in its order of preference, unknown groups kept.
struct KeyShareList: ~Escapable {
    private let bytes: Span<UInt8>
    let count: Int

    /// Checks the content of `KeyShareEntry client_shares<0..2^16-1>`.
    ///
    /// RFC 9846 §4.3.8 lets a server refuse two shares for one group. That is done for the groups somebody may
    /// use; a search through thousands of unknown ones would only serve whoever sends them.
    @_lifetime(copy content)
    init(_ content: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(content)
        var seen: UInt64 = 0
        var count = 0
        while !reader.isEmpty {
            let group = try KeyShareEntry(&reader).group
            count += 1
            let position: UInt64
            switch group.rawValue {
            case 0..<61: position = UInt64(group.rawValue)
            case 0x11EB...0x11ED: position = UInt64(group.rawValue - 0x11EB) + 61
            default: continue
            }
            guard seen & (1 << position) == 0 else { throw .illegalParameter("holds two keys for \(group.name)") }
            seen |= 1 << position
        }
        bytes = content
        self.count = count
    }

    func contains(_ group: NamedGroup) -> Bool {
        publicKey(for: group) != nil
    }

    @_lifetime(copy self)
    func publicKey(for group: NamedGroup) -> Span<UInt8>? {
        var iterator = makeIterator()
        while let next = iterator.next() {
            if next.group == group {
                return next.publicKey
            }
        }
        return nil
    }

    @_lifetime(copy self)
    func makeIterator() -> Iterator {
        Iterator(bytes)
    }

    struct Iterator: ~Escapable {
        private var reader: ByteReader

        @_lifetime(copy bytes)
        fileprivate init(_ bytes: Span<UInt8>) {
            reader = ByteReader(bytes)
        }

        /// The next share; never fails, as the list was checked when it was made.
        @_lifetime(self: copy self)
        @_lifetime(copy self)
        mutating func next() -> KeyShareEntry? {
            do throws(DecodeError) {
                guard !reader.isEmpty else { return nil }
                return try KeyShareEntry(&reader)
            } catch {
                return nil
            }
        }
    }
}
