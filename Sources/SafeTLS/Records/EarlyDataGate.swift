// SPDX-License-Identifier: Apache-2.0

/// Which 0-RTT data pass, in which direction, and how many of them (RFC 9846 §4.3.10).
struct EarlyDataGate: ~Copyable {
    /// What became of the 0-RTT data of this connection.
    var status = EarlyDataStatus.notOffered
    /// How many bytes a client may still send; nil when it may send none.
    private(set) var sendable: Int?
    /// How many bytes a server still takes; nil when it takes none.
    private var receivable: Int?
    /// How many bytes of rejected records may still be skipped. Zero outside a server's handshake with a client that
    /// offered 0-RTT data.
    private var skippable = 0

    // MARK: A client sends

    /// Lets a client send so many bytes.
    mutating func open(sending limit: Int) {
        sendable = limit
        status = .offered
    }

    /// Counts bytes that were sent.
    mutating func spend(_ length: Int) { sendable = sendable.map { $0 - length } }

    /// The server has answered: what it has not got by now waits for the end of the handshake.
    mutating func closeSending() { sendable = nil }

    // MARK: A server takes

    /// Takes so many bytes; nothing is skipped any more.
    mutating func open(receiving limit: Int) {
        skippable = 0
        receivable = limit
    }

    /// Counts bytes that came.
    ///
    /// - Throws: When none are due, or more than the ticket allowed.
    mutating func count(_ length: Int) throws(TLSError) {
        guard let left = receivable else { throw .peerMisbehaved(.unexpectedRecord("application data")) }
        guard length <= left else { throw .peerMisbehaved(.tooMany("bytes of 0-RTT data")) }
        receivable = left - length
    }

    /// EndOfEarlyData has come.
    mutating func closeReceiving() { receivable = nil }

    // MARK: A server skips

    /// Expects 0-RTT records that cannot be read, until the first record that can.
    mutating func startSkipping() { skippable = TLSLimits.skippedEarlyData }

    /// Whether a record that could not be opened, or came before there were keys, is rejected 0-RTT data.
    ///
    /// Headers count too: an empty record is not free, and none is skipped once 0-RTT is over.
    mutating func skips(_ length: Int) -> Bool {
        let cost = length + RecordSize.header
        guard skippable >= cost else { return false }
        skippable -= cost
        return true
    }

    /// A record under the handshake keys ends the 0-RTT data.
    @inline(__always)
    mutating func endSkipping() { skippable = 0 }
}
