// SPDX-License-Identifier: Apache-2.0

import SafeTLS

extension TLSSession where Self: ~Copyable {
    /// Receives from a part of an array. The result counts from the part's start.
    mutating func receive(_ buffer: inout [UInt8], in range: Range<Int>) throws(TLSError) -> Received {
        var whole = buffer.mutableSpan
        var part = whole._mutatingExtracting(range)
        return try receive(&part)
    }

    /// Seals all of the plaintext behind what an array holds.
    mutating func seal(_ plaintext: [UInt8], appendingTo output: inout [UInt8]) throws(TLSError) {
        let end = output.count
        output += repeatElement(0, count: sealedByteCount(for: plaintext.count))
        var whole = output.mutableSpan
        var free = whole._mutatingExtracting(end...)
        let written = try seal(plaintext.span, into: &free).written
        output.removeSubrange((end + written)...)
    }
}

extension ClientSession {
    /// Seals 0-RTT data behind what an array holds; returns how much of them.
    mutating func sealEarly(_ plaintext: [UInt8], appendingTo output: inout [UInt8]) throws(TLSError) -> Int {
        let end = output.count
        let part = plaintext.prefix(earlyDataCapacity)
        output += repeatElement(0, count: sealedByteCount(for: part.count))
        var whole = output.mutableSpan
        var free = whole._mutatingExtracting(end...)
        let sealed = try sealEarlyData(part.span, into: &free)
        output.removeSubrange((end + sealed.written)...)
        return sealed.consumed
    }
}
