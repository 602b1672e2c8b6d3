// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

// A span borrows the session that it comes from, so that a session which is a property of a class or an actor cannot lend one
// and then be told what was sent of it. These calls do both in one.
extension TLSSession where Self: ~Copyable {
    /// Lends what is in ``TLSSession/pendingOutput`` to `send`, then drops it. Nothing is lent when nothing waits.
    ///
    /// ```swift
    /// try session.takeOutput { records in try transport.write(records) }
    /// ```
    ///
    /// - Parameter send: Sends or copies all of it. When it throws, everything waits on.
    @inlinable
    public mutating func takeOutput<Failure: Error>(_ send: (Span<UInt8>) throws(Failure) -> Void) throws(Failure) {
        let count = pendingOutputCount
        guard count > 0 else { return }
        try send(pendingOutput)
        discardOutput(count)
    }

    /// Lends what is in ``TLSSession/pendingOutput`` to `send`, for a transport that may take less, then drops what that has
    /// taken. Nothing is lent when nothing waits.
    ///
    /// - Parameter send: Says how many bytes were taken from the front. When it throws, everything waits on.
    /// - Returns: That count; 0 when nothing waits.
    @inlinable
    @discardableResult
    public mutating func offerOutput<Failure: Error>(
        _ send: (Span<UInt8>) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let waiting = pendingOutputCount
        guard waiting > 0 else { return 0 }
        let count = min(max(try send(pendingOutput), 0), waiting)
        discardOutput(count)
        return count
    }

    /// Moves what is in ``TLSSession/pendingOutput`` behind what `output` holds, as far as that has room.
    ///
    /// - Returns: How many bytes were moved.
    @discardableResult
    public mutating func moveOutput(into output: inout OutputSpan<UInt8>) -> Int {
        let count = min(pendingOutputCount, output.freeCapacity)
        append(pendingOutput.extracting(first: count), to: &output)
        discardOutput(count)
        return count
    }

    /// Moves all that is in ``TLSSession/pendingOutput`` behind what an array holds.
    public mutating func moveOutput(appendingTo output: inout [UInt8]) {
        let count = pendingOutputCount
        guard count > 0 else { return }
        output.append(addingCapacity: count) { free in _ = moveOutput(into: &free) }
    }
}

extension TLSSession where Self: ~Copyable {
    /// See `seal(_:into:)` above: the same behind what `output` holds, in memory that need not be
    /// initialized.
    public mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout OutputSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        try withFreeBytes(of: &output) { free, written throws(TLSError) in
            let sealed = try seal(plaintext, into: &free)
            written = sealed.written
            return sealed
        }
    }

    /// Puts what is pending, then all of `plaintext` as records, behind what an array holds.
    ///
    /// - Throws: As `seal(_:into:)`. Where the keys were used up on the way
    ///   (``Misuse/keysUsedUp``), the array has the records that they sufficed for.
    public mutating func seal(_ plaintext: Span<UInt8>, appendingTo output: inout [UInt8]) throws(TLSError) {
        var start = 0
        repeat {
            let rest = plaintext.extracting(droppingFirst: start)
            var sealed = Sealed(consumed: 0, written: 0)
            try output.append(addingCapacity: sealedByteCount(for: rest.count)) { free throws(TLSError) in
                sealed = try seal(rest, into: &free)
            }
            start += sealed.consumed
        } while start < plaintext.count
    }

    /// The same for the bytes of an array.
    public mutating func seal(_ plaintext: [UInt8], appendingTo output: inout [UInt8]) throws(TLSError) {
        try seal(plaintext.span, appendingTo: &output)
    }
}

extension TLSSession where Self: ~Copyable {
    /// See `receive(_:)` above: the same for the bytes of an array.
    public mutating func receive(_ buffer: inout [UInt8]) throws(TLSError) -> Received {
        var bytes = buffer.mutableSpan
        return try receive(&bytes)
    }

    /// The same for a part of an array, which has to lie inside. The result counts from the part's start.
    public mutating func receive(_ buffer: inout [UInt8], in range: Range<Int>) throws(TLSError) -> Received {
        var whole = buffer.mutableSpan
        var part = whole._mutatingExtracting(range)
        return try receive(&part)
    }
}

extension ClientSession {
    /// See `sealEarlyData(_:into:)` above: the same behind what `output` holds, in memory that
    /// need not be initialized.
    public mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout OutputSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        try withFreeBytes(of: &output) { free, written throws(TLSError) in
            let sealed = try sealEarlyData(plaintext, into: &free)
            written = sealed.written
            return sealed
        }
    }

    /// Puts what is pending, then as much of `plaintext` as may be sent as 0-RTT data, behind what an array holds.
    ///
    /// - Returns: How many bytes of `plaintext` are in the records: at most ``earlyDataCapacity``.
    public mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        appendingTo output: inout [UInt8]
    ) throws(TLSError) -> Int {
        let part = plaintext.extracting(first: min(plaintext.count, earlyDataCapacity))
        var consumed = 0
        try output.append(addingCapacity: sealedByteCount(for: part.count)) { free throws(TLSError) in
            consumed = try sealEarlyData(part, into: &free).consumed
        }
        return consumed
    }
}
