// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The record layer of one connection: messages in the making and messages that arrive, around the parts that know how
/// records are protected, which of them wait, and which a peer may not send.
///
/// Handshake states write their messages into ``flight`` and install keys; everything of a flight that is under the
/// same keys goes out in as few records as fit. A state that needs one part only is handed that part.
struct Channel: ~Copyable {
    /// Handshake messages that are not in records yet.
    var flight = ByteWriter(reserving: 0)
    /// Handshake messages that have not arrived completely.
    var joiner = HandshakeJoiner()
    var sending: SendingProtection
    var receiving = ReceivingProtection()
    var early = EarlyDataGate()
    var limits = FloodLimits()
    private(set) var output = OutputQueue()
    /// What messages go into where QUIC carries them; nil where records do.
    var streams: CryptoStreams?
    /// The version, once it is negotiated: alerts mean different things in different versions.
    private(set) var version: ProtocolVersion?
    /// Whether the record that makes TLS 1.3 look like TLS 1.2 was sent: it is sent once (RFC 9846 appendix E.4).
    private(set) var hasSentChangeCipherSpec = false
    /// Is told of messages that pass.
    var observer: (@Sendable (ObservedMessage) -> Void)?
    /// Whether an alert that ends our direction has been written: nothing may follow it (RFC 9846 §6.1).
    private(set) var isClosed = false

    init(fragmentLength: Int = RecordSize.plaintext) { sending = SendingProtection(fragmentLength: fragmentLength) }

    /// Whether QUIC carries the messages: there are no records then, no alerts and no change_cipher_spec.
    var isQUIC: Bool {
        switch streams {
        case .some: true
        case .none: false
        }
    }

    /// Takes the version that was negotiated.
    mutating func settle(_ version: ProtocolVersion) {
        self.version = version
        sending.isTLS13 = version == .tls13
    }

    // MARK: Output

    /// Puts the flight into records under the current keys. Nothing is kept of it, not even its memory.
    mutating func flush() throws(TLSError) {
        var messages = ByteWriter(reserving: 0)
        swap(&messages, &flight)
        guard messages.count > 0 else { return }
        try write(messages.bytes.span, type: .handshake)
    }

    /// The same in the middle of a flight: what it is written into stays.
    private mutating func flushMessages() throws(TLSError) {
        guard flight.count > 0 else { return }
        var messages = ByteWriter(reserving: 0)
        swap(&messages, &flight)
        try write(messages.bytes.span, type: .handshake)
        messages.truncate(to: 0)
        swap(&messages, &flight)
    }

    /// Gives back what the last flight was written into, once the handshake is complete.
    mutating func releaseFlight() {
        if flight.count == 0 { flight = ByteWriter(reserving: 0) }
    }

    /// Makes room for a flight whose messages take so many bytes in all, and in pieces under their own keys so many.
    mutating func reserve(flight longest: Int, records all: Int) {
        flight.reserve(longest)
        guard !isQUIC else { return }
        output.reserve(output.count + all)
    }

    /// Writes bytes of one content type as records, in pieces of at most 2^14 bytes; or messages as they are, where QUIC
    /// carries them.
    mutating func write(_ bytes: Span<UInt8>, type: ContentType) throws(TLSError) {
        if observer != nil, !isClosed { observeSent(bytes, type) }
        if isQUIC {
            if !isClosed { streams?.write(bytes) }
            return
        }
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + sending.fragmentLength, bytes.count)
            try writeRecord(bytes.extracting(offset..<end), type: type)
            offset = end
        }
    }

    private mutating func writeRecord(_ fragment: Span<UInt8>, type: ContentType) throws(TLSError) {
        guard !isClosed else { return }
        do throws(CryptoError) {
            try output.append(room: fragment.count + RecordSize.overhead) { span, offset throws(CryptoError) in
                try sending.write(fragment, type: type, into: &span, at: offset)
            }
        } catch {
            throw TLSError(error)
        }
    }

    /// Writes an alert. Alerts that end the connection are fatal, close_notify and user_canceled are warnings.
    ///
    /// In QUIC nothing is written: the error's code goes into CONNECTION_CLOSE (RFC 9001 §4.8).
    mutating func writeAlert(_ alert: AlertDescription) {
        if isQUIC {
            isClosed = true
            streams?.close()
            return
        }
        let level: UInt8 = alert == .closeNotify || alert == .userCanceled ? 1 : 2
        let content: [UInt8] = [level, alert.rawValue]
        if observer != nil, !isClosed { observeSent(content.span, .alert) }
        // What cannot be sealed cannot be sent; the session ends either way.
        try? writeRecord(content.span, type: .alert)
        if alert != .userCanceled { isClosed = true }
    }

    /// Writes an alert after which the connection goes on (RFC 5246 §7.2.2).
    mutating func writeWarning(_ alert: AlertDescription) throws(TLSError) {
        try flush()
        let content: [UInt8] = [1, alert.rawValue]
        if observer != nil, !isClosed { observeSent(content.span, .alert) }
        try writeRecord(content.span, type: .alert)
    }

    /// Writes the one-byte change_cipher_spec record (RFC 5246 §7.1, RFC 9846 §5).
    mutating func writeChangeCipherSpec() throws(TLSError) {
        try flushMessages()
        hasSentChangeCipherSpec = true
        let content: [UInt8] = [1]
        if observer != nil, !isClosed { observeSent(content.span, .changeCipherSpec) }
        try writeRecord(content.span, type: .changeCipherSpec)
    }

    /// See ``OutputQueue/discard(_:)``.
    mutating func discardOutput(_ count: Int) { output.discard(count) }

    /// See ``OutputQueue/move(into:at:)``.
    @inline(__always)
    mutating func moveOutput(into destination: inout MutableSpan<UInt8>, at start: Int) -> Int {
        output.move(into: &destination, at: start)
    }

    // MARK: Keys

    /// Starts to send under new keys; what was written before goes out under the old ones.
    mutating func install(sealer: consuming RecordSealer) throws(TLSError) {
        try flushMessages()
        sending.install(sealer)
    }

    /// Starts to send under the keys of a traffic secret; what was written before goes out under the old ones.
    mutating func install(
        sending secret: borrowing TrafficSecret,
        _ hash: inout KeyedHash
    ) throws(TLSError) {
        try flushMessages()
        if isQUIC {
            streams?.hand(out: secret, for: .sending)
            return
        }
        try sending.install(secret, &hash)
    }

    /// Sends in the clear again: the ClientHello that answers a HelloRetryRequest follows 0-RTT data.
    mutating func removeSealer() throws(TLSError) {
        try flush()
        sending.removeKey()
    }

    /// Starts to receive under new keys.
    ///
    /// - Throws: When the peer sent more handshake data behind the message that changes keys (RFC 9846 §5.1).
    mutating func install(opener: consuming RecordOpener) throws(TLSError) {
        try joiner.expectEmpty()
        receiving.install(opener)
    }

    /// Starts to receive under the keys of a traffic secret.
    ///
    /// - Throws: As ``install(opener:)``.
    mutating func install(
        receiving secret: borrowing TrafficSecret,
        _ hash: inout KeyedHash
    ) throws(TLSError) {
        try joiner.expectEmpty()
        if isQUIC {
            streams?.hand(out: secret, for: .receiving)
            return
        }
        try receiving.install(secret, &hash)
    }

    /// Limits the content of records, both ways, from now on (RFC 8449 §4).
    mutating func limitRecords(sending: Int, receiving: Int) {
        self.sending.limit(sending)
        self.receiving.limit(receiving)
    }
}
