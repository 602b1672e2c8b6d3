// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

// Containers of other libraries, such as SwiftNIO's ByteBuffer, give their memory as raw spans.
extension TLSSession where Self: ~Copyable {
    /// See `receive(_:)` above: the same for memory that is not typed.
    public mutating func receive(_ buffer: inout MutableRawSpan) throws(TLSError) -> Received {
        try withBytes(of: &buffer) { bytes throws(TLSError) in try receive(&bytes) }
    }

    /// See `receive(_:into:)` above: the same for an output that is not typed.
    public mutating func receive(
        _ input: Span<UInt8>,
        into output: inout MutableRawSpan
    ) throws(TLSError) -> Received {
        try withBytes(of: &output) { bytes throws(TLSError) in try receive(input, into: &bytes) }
    }

    /// See `seal(_:into:)` above: the same for memory that is not typed.
    public mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableRawSpan
    ) throws(TLSError) -> Sealed {
        try withBytes(of: &output) { bytes throws(TLSError) in try seal(plaintext, into: &bytes) }
    }

    /// Moves what is in ``TLSSession/pendingOutput`` to memory that is not typed, as far as that has room.
    ///
    /// - Returns: How many bytes were moved.
    public mutating func moveOutput(into output: inout MutableRawSpan) -> Int {
        let count = copyOutput(to: &output)
        discardOutput(count)
        return count
    }

    private func copyOutput(to output: inout MutableRawSpan) -> Int {
        let pending = pendingOutput.extracting(first: output.byteCount)
        copyBytes(pending, to: &output)
        return pending.count
    }
}

extension ClientSession {
    /// See `sealEarlyData(_:into:)` above: the same for memory that is not typed.
    public mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableRawSpan
    ) throws(TLSError) -> Sealed {
        try withBytes(of: &output) { bytes throws(TLSError) in try sealEarlyData(plaintext, into: &bytes) }
    }
}
