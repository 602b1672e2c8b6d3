// SPDX-License-Identifier: Apache-2.0

/// The frame around every handshake message: one byte of type, three of length (RFC 9846 §4).
enum HandshakeMessage {
    static let headerLength = 4

    /// A message being written.
    struct Mark {
        fileprivate let start: Int
        fileprivate let vector: ByteWriter.VectorMark
    }

    static func begin(_ type: HandshakeType, in writer: inout ByteWriter) -> Mark {
        let start = writer.count
        writer.append(type.rawValue)
        return Mark(start: start, vector: writer.beginVector(.three))
    }

    /// Completes the message, or takes it back when one of its vectors is too long.
    static func end(_ mark: Mark, in writer: inout ByteWriter) throws(EncodeError) {
        writer.endVector(mark.vector)
        guard !writer.hasOverflowed else {
            writer.truncate(to: mark.start)
            throw EncodeError()
        }
    }

    static func write(
        _ type: HandshakeType,
        into writer: inout ByteWriter,
        body: (inout ByteWriter) -> Void
    ) throws(EncodeError) {
        let mark = begin(type, in: &writer)
        body(&writer)
        try end(mark, in: &writer)
    }

    /// Writes a message whose body is all known: Finished, or one without content.
    static func write(
        _ type: HandshakeType,
        body: Span<UInt8>,
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        let mark = begin(type, in: &writer)
        writer.append(body)
        try end(mark, in: &writer)
    }

    /// Writes a message without content: HelloRequest, ServerHelloDone, EndOfEarlyData.
    static func writeEmpty(_ type: HandshakeType, into writer: inout ByteWriter) {
        writer.append(type.rawValue)
        writer.append24(0)
    }

    /// Checks the body of a message without content.
    static func expectEmpty(_ body: Span<UInt8>) throws(DecodeError) {
        try ByteReader(body).expectEnd()
    }

    /// The message that stands for ClientHello1 in the transcript after a HelloRetryRequest (RFC 9846 §4.1).
    static func messageHash(_ digest: Span<UInt8>) -> [UInt8] {
        var writer = ByteWriter(reserving: headerLength + digest.count)
        writer.append(HandshakeType.messageHash.rawValue)
        writer.vector24(digest)
        return writer.takeBytes()
    }
}
