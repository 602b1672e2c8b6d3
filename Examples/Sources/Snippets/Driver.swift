// SPDX-License-Identifier: Apache-2.0

import SafeTLS

// The driver of the article "First server".

/// A blocking stream of bytes: a socket, a pipe, a test's two arrays.
protocol Transport {
    func read() throws -> [UInt8]  // empty at the end
    func write(_ bytes: Span<UInt8>) throws  // all of them
}

final class Connection<Session: TLSSession & ~Copyable> {
    private var session: Session
    private let transport: any Transport
    private var ciphertext: [UInt8] = []

    /// Data that came together with the end of the handshake.
    private var early: [UInt8] = []
    private var isAtEnd = false

    init(_ session: consuming Session, over transport: any Transport) {
        self.session = session
        self.transport = transport
    }

    func handshake() throws {
        try flush()  // a client speaks first
        while session.isHandshaking { early += try step() }
    }

    /// The next application data; nil when the peer has closed, or this side has given the handshake up.
    func read() throws -> [UInt8]? {
        while early.isEmpty {
            if session.isPeerClosed || isAtEnd { return nil }
            early = try step()
        }
        defer { early = [] }
        return early
    }

    func write(_ plaintext: [UInt8]) throws {
        var records: [UInt8] = []
        try session.seal(plaintext, appendingTo: &records)
        try transport.write(records.span)
    }

    func close() throws {
        session.close()
        try flush()
    }

    /// Lets the session take what is there, or reads more for it.
    private func step() throws -> [UInt8] {
        let received: Received
        do {
            received = try session.receive(&ciphertext)
        } catch {
            try flush()  // the alert that tells the peer why
            throw error
        }
        try flush()
        let plaintext = Array(ciphertext[received.plaintext])
        ciphertext.removeFirst(received.consumed)
        if received.consumed == 0 {
            let more = try transport.read()
            isAtEnd = more.isEmpty
            if isAtEnd { try session.endOfInput() }
            ciphertext += more
        }
        return plaintext
    }

    private func flush() throws {
        try session.takeOutput { records in try transport.write(records) }
    }
}
