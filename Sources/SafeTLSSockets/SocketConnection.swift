// SPDX-License-Identifier: Apache-2.0

import CSockets
package import SafeTLS

/// All that a driver has to do: move bytes between a socket and a session. On a blocking socket each call does its
/// work to the end; on a non-blocking one, as much of it as the socket takes.
package struct SocketConnection<Session: TLSSession & ~Copyable>: ~Copyable {
    package var session: Session
    package let socket: Socket
    private var input = [UInt8](repeating: 0, count: 1 << 15)
    private var filled = 0
    private var output: [UInt8] = []
    /// How much of the output the socket has taken.
    private var sent = 0
    /// Is told of records that pass: of those that arrive before the session takes them.
    package var recordObserver: ((ObservedRecord) -> Void)?
    /// Finds the records in what is sent.
    private var sentRecords = RecordScanner()
    /// Whether the observer knows the record at the front of the input, which the session has not taken.
    private var isFrontObserved = false

    package init(_ session: consuming Session, over socket: consuming Socket) {
        self.session = session
        self.socket = socket
    }

    /// Whether something waits until the socket takes it.
    package var hasOutput: Bool { !output.isEmpty || session.pendingOutputCount > 0 }

    /// Reads from the socket once and returns the data that this completed, perhaps none.
    package mutating func read() throws -> [UInt8] {
        guard let count = try socket.read(into: &input, at: filled) else { return [] }
        guard count > 0 else {
            try session.endOfInput()
            return []
        }
        filled += count
        return try receive()
    }

    /// Hands the session what was read, as far as it takes it.
    ///
    /// What came before an error is data like any other, and is returned: ``checkFailure()`` throws the error then.
    package mutating func receive() throws(TLSError) -> [UInt8] {
        var plaintext: [UInt8] = []
        var start = 0
        while start < filled, !session.isPeerClosed {
            let received: Received
            do throws(TLSError) {
                received = try session.receive(&input, in: start..<next(from: start))
            } catch {
                guard session.failure != nil, !plaintext.isEmpty else { throw error }
                break
            }
            plaintext += input[(start + received.plaintext.lowerBound)..<(start + received.plaintext.upperBound)]
            guard received.consumed > 0 else { break }
            isFrontObserved = false
            start += received.consumed
        }
        input.replaceSubrange(0..<filled - start, with: input[start..<filled])
        filled -= start
        return plaintext
    }

    /// The end of what the session is to take: everything, or with an observer one record.
    private mutating func next(from start: Int) -> Int {
        guard let recordObserver, let record = ObservedRecord(input, at: start, isSent: false) else { return filled }
        let end = start + ObservedRecord.headerLength + record.length
        guard end <= filled else { return filled }
        if !isFrontObserved { recordObserver(record) }
        isFrontObserved = true
        return end
    }

    /// Throws what has ended the session, so that nobody waits for more.
    package func checkFailure() throws(TLSError) {
        if let failure = session.failure { throw failure }
    }

    /// Encrypts data and sends them.
    package mutating func write(_ plaintext: [UInt8]) throws {
        try session.seal(plaintext, appendingTo: &output)
        try flush()
    }

    /// Sends what waits: records that are sealed already, then the session's own messages.
    package mutating func flush() throws(SocketError) {
        while sent < output.count {
            guard let count = try socket.write(output.span.extracting(sent...)) else { return }
            if let recordObserver {
                var scanner = sentRecords
                scanner.scan(output.span.extracting(sent..<sent + count), recordObserver)
                sentRecords = scanner
            }
            sent += count
        }
        output.removeAll(keepingCapacity: true)
        sent = 0
        while session.pendingOutputCount > 0 {
            var scanner = sentRecords
            let count = try session.offerOutput { records throws(SocketError) in
                let count = try socket.write(records) ?? 0
                if let recordObserver { scanner.scan(records.extracting(first: count), recordObserver) }
                return count
            }
            sentRecords = scanner
            guard count > 0 else { return }
        }
    }

    /// Sends what waits, all of it; the socket does not block.
    ///
    /// - Parameter end: When to give up, by `cs_milliseconds`; nil for never.
    /// - Returns: False when the time is over.
    package mutating func flush(until end: UInt64?) throws(SocketError) -> Bool {
        try flush()
        while hasOutput {
            guard try socket.wait(forReading: false, until: end) else { return false }
            try flush()
        }
        return true
    }

    /// Waits until there is something to read, or the end of it.
    ///
    /// - Parameter end: When to give up, by `cs_milliseconds`; nil for never.
    /// - Returns: False when the time is over, whatever is there.
    package func waitForInput(until end: UInt64?) throws(SocketError) -> Bool {
        try socket.wait(forReading: true, until: end)
    }
}

extension SocketConnection where Session == ClientSession {
    /// Sends 0-RTT data, as much as the server's ticket allows; returns how much.
    package mutating func writeEarly(_ plaintext: [UInt8]) throws -> Int {
        guard !plaintext.isEmpty, session.earlyDataCapacity > 0 else { return 0 }
        let consumed = try session.sealEarlyData(plaintext.span, appendingTo: &output)
        try flush()
        return consumed
    }
}
