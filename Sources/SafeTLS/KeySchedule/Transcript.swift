// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The running hash over all handshake messages (RFC 9846 §4.1, RFC 5246 §7.4.9).
struct Transcript: ~Copyable {
    private var state: HashState
    /// The messages themselves, while a CertificateVerify of TLS 1.2 may come: it signs them with a hash that is not
    /// known before (RFC 5246 §7.4.8).
    private var recorded: [[UInt8]]?

    init(_ algorithm: HashAlgorithm, recording: Bool = false) throws(TLSError) {
        do throws(CryptoError) {
            state = try HashState(algorithm)
        } catch {
            throw TLSError(error)
        }
        recorded = recording ? [] : nil
    }

    /// A transcript that goes on on its own. A recording does not.
    func copy() throws(TLSError) -> Transcript {
        do throws(CryptoError) {
            return Transcript(try state.copy())
        } catch {
            throw TLSError(error)
        }
    }

    private init(_ state: consuming HashState) {
        self.state = state
        recorded = nil
    }

    /// Adds a message, header included.
    mutating func update(_ message: Span<UInt8>) {
        state.update(message)
        if recorded != nil { recorded?.append(copyBytes(message)) }
    }

    /// Adds a message that was received: a recording shares it.
    mutating func update(_ message: [UInt8]) {
        state.update(message.span)
        recorded?.append(message)
    }

    /// Ends the recording, of which nothing is wanted.
    mutating func endRecording() { recorded = nil }

    /// All messages so far, one behind the other; ends the recording.
    mutating func takeRecording() -> [UInt8] {
        var taken: [[UInt8]]?
        swap(&taken, &recorded)
        guard let taken else { return [] }
        var all: [UInt8] = []
        all.reserveCapacity(taken.reduce(0) { $0 + $1.count })
        for message in taken { all += message }
        return all
    }

    /// The hash of all messages so far and the beginning of the next one, which is not added: what a binder covers
    /// (RFC 9846 §4.3.11.2).
    func digest(adding partialMessage: Span<UInt8>) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            var copy = try state.copy()
            copy.update(partialMessage)
            return try copy.currentDigest()
        } catch {
            throw TLSError(error)
        }
    }

    /// The hash of all messages so far.
    mutating func digest() throws(TLSError) -> Digest {
        do throws(CryptoError) {
            return try state.currentDigest()
        } catch {
            throw TLSError(error)
        }
    }

    /// The transcript after a HelloRetryRequest: the first ClientHello is replaced by the synthetic `message_hash`
    /// message that holds its digest (RFC 9846 §4.1).
    init(_ algorithm: HashAlgorithm, firstClientHello digest: Span<UInt8>) throws(TLSError) {
        try self.init(algorithm)
        let message = HandshakeMessage.messageHash(digest)
        update(message.span)
    }
}

extension ByteWriter {
    /// Writes a message behind what is written, and adds it to the transcript.
    mutating func add(
        to transcript: inout Transcript,
        _ write: (inout ByteWriter) throws(EncodeError) -> Void
    ) throws(TLSError) {
        let start = count
        // A Finished or another short message is not to grow byte by byte.
        reserve(start + 128)
        do throws(EncodeError) {
            try write(&self)
        } catch {
            throw .internalFailure("a handshake message outgrew its length field")
        }
        transcript.update(bytes.span.extracting(start..<count))
    }
}

extension Channel {
    /// Appends a message to the flight and to the transcript.
    mutating func send(
        _ transcript: inout Transcript,
        _ write: (inout ByteWriter) throws(EncodeError) -> Void
    ) throws(TLSError) {
        try flight.add(to: &transcript, write)
    }
}
