// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS

extension ByteBuffer {
    /// Lets `seal` write behind what is readable, at most `room` bytes.
    mutating func append(
        upTo room: Int,
        _ seal: (inout MutableRawSpan) throws(TLSError) -> Sealed
    ) throws(TLSError) -> Sealed {
        reserveCapacity(minimumWritableBytes: room)
        let readable = readableBytes
        // What is written next is these bytes; where the session fails nobody gets them.
        moveWriterIndex(forwardBy: room)
        var written = 0
        defer { moveWriterIndex(to: readerIndex + readable + written) }
        var memory = mutableReadableBytesSpan
        var free = memory._mutatingExtracting(droppingFirst: readable)
        let sealed = try seal(&free)
        written = sealed.written
        return sealed
    }

    /// Whether there is a whole record in front, as far as its header says.
    var holdsRecord: Bool {
        // Type, version, length (RFC 9846 §5.1).
        guard let length = getInteger(at: readerIndex + 3, as: UInt16.self) else { return false }
        return readableBytes >= 5 + Int(length)
    }

    /// Lets a session decrypt records, and keeps what was in the first that had data.
    mutating func append<Session: TLSSession & ~Copyable>(
        decrypting records: ByteBuffer,
        by session: inout Session
    ) throws(TLSError) -> Received {
        let ciphertext = records.readableBytesUInt8Span
        let readable = readableBytes
        moveWriterIndex(forwardBy: writableBytes)
        var count = 0
        // What is behind that is no plaintext.
        defer { moveWriterIndex(to: readerIndex + readable + count) }
        var memory = mutableReadableBytesSpan
        var free = memory._mutatingExtracting(droppingFirst: readable)
        let received = try session.receive(ciphertext, into: &free)
        count = received.plaintext.count
        return received
    }

    /// Lets a session decrypt what lies at the front of what is readable.
    mutating func receive<Session: TLSSession & ~Copyable>(by session: inout Session) throws(TLSError) -> Received {
        var memory = mutableReadableBytesSpan
        return try session.receive(&memory)
    }
}

extension TLSSession where Self: ~Copyable {
    /// Appends what the session wants to send.
    mutating func moveOutput(into buffer: inout ByteBuffer) {
        let count = pendingOutputCount
        buffer.reserveCapacity(minimumWritableBytes: count)
        let readable = buffer.readableBytes
        buffer.moveWriterIndex(forwardBy: count)
        var memory = buffer.mutableReadableBytesSpan
        var free = memory._mutatingExtracting(droppingFirst: readable)
        _ = moveOutput(into: &free)
    }
}
