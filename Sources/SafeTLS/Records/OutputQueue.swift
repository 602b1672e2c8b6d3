// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Records that wait for the transport, in the order in which they were sealed.
struct OutputQueue: ~Copyable {
    private var bytes: [UInt8] = []
    private var start = 0

    /// How many bytes wait.
    var count: Int { bytes.count - start }

    /// What waits.
    var pending: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(start..<bytes.count) }
    }

    /// Forgets bytes that were sent, at most those that wait.
    mutating func discard(_ sent: Int) {
        start += min(max(sent, 0), count)
        if start == bytes.count {
            // Nothing waits between flights: an idle connection keeps no output buffer.
            bytes = []
            start = 0
        }
    }

    /// Moves what waits into the caller's buffer, as far as it has room.
    ///
    /// - Returns: Where the free part of the buffer starts.
    mutating func move(into destination: inout MutableSpan<UInt8>, at offset: Int) -> Int {
        let moved = min(count, destination.count - offset)
        copy(bytes.span.extracting(start..<start + moved), into: &destination, at: offset)
        discard(moved)
        return offset + moved
    }

    /// Makes room for so many bytes in all, so that they need not be moved later.
    mutating func reserve(_ capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Appends a record. When it cannot be written, what waited before waits on.
    ///
    /// - Parameters:
    ///   - room: The most bytes that it takes.
    ///   - write: Writes it at an offset and gives its length.
    @inline(__always)
    mutating func append<Failure: Error>(
        room: Int,
        _ write: (inout MutableSpan<UInt8>, Int) throws(Failure) -> Int
    ) throws(Failure) {
        let offset = bytes.count
        bytes += repeatElement(0, count: room)
        var written = 0
        defer { bytes.removeLast(room - written) }
        var span = bytes.mutableSpan
        written = try write(&span, offset)
    }
}
