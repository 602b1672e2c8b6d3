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
