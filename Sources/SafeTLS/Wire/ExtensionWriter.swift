// SPDX-License-Identifier: Apache-2.0

/// Writes the extensions of one message and remembers their types: a client needs them to tell answers from
/// unsolicited extensions.
struct ExtensionWriter: Sendable {
    private var writer: ByteWriter
    private(set) var types = ExtensionSet()

    fileprivate init(_ writer: consuming ByteWriter) {
        self.writer = writer
    }

    /// Moves the bytes out: with a second owner the next one to write would copy them.
    fileprivate mutating func finish() -> ByteWriter {
        var taken = ByteWriter(reserving: 0)
        swap(&taken, &writer)
        return taken
    }

    /// Writes an extension; a type already written is not written again.
    mutating func add(_ type: ExtensionType, body: (inout ByteWriter) -> Void) {
        guard types.insert(type) == .inserted else { return }
        writer.append(type.rawValue)
        writer.vector16(body)
    }

    /// Writes an extension whose body is known.
    mutating func add(_ type: ExtensionType, body: Span<UInt8>) {
        guard types.insert(type) == .inserted else { return }
        writer.append(type.rawValue)
        writer.vector16(body)
    }

    /// Writes an extension without content, for example extended_master_secret or a server's server_name.
    mutating func addEmpty(_ type: ExtensionType) {
        add(type) { _ in }
    }
}

extension ByteWriter {
    /// Writes `Extension extensions<0..2^16-1>` and gives the types written.
    mutating func extensions(_ body: (inout ExtensionWriter) -> Void) -> ExtensionSet {
        let mark = beginVector(.two)
        // The buffer moves into the extension writer and back, so that nothing is copied.
        var taken = ByteWriter(reserving: 0)
        swap(&taken, &self)
        var writer = ExtensionWriter(consume taken)
        body(&writer)
        let types = writer.types
        self = writer.finish()
        endVector(mark)
        return types
    }

    /// The same for a TLS 1.2 hello, where an empty block is left out as RFC 5246 §7.4.1.2 allows.
    mutating func optionalExtensions(_ body: (inout ExtensionWriter) -> Void) -> ExtensionSet {
        let start = count
        let types = extensions(body)
        if types.isEmpty && !hasOverflowed {
            truncate(to: start)
        }
        return types
    }
}
