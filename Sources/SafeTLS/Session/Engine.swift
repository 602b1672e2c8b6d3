// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Drives a connection: records in, messages to the state that stands, records out.
///
/// Shared by ``ServerSession`` and ``ClientSession``; the compiler makes one specialised copy for each.
struct Engine<Handshake: HandshakeState & ~Copyable>: ~Copyable {
    var channel: Channel
    private(set) var phase: Phase<Handshake>
    /// The error that ended the session. Sticky.
    private(set) var failure: TLSError?
    /// Whether the peer has sent close_notify.
    private(set) var isPeerClosed = false
    private var hasSeenRecord = false
    private(set) var isConnected = false
    /// The exporter of a connection with 0-RTT data. It outlives the handshake.
    private(set) var earlyExporter: EarlyExporter?

    init(
        _ handshake: consuming Handshake,
        channel: consuming Channel,
        earlyExporter: consuming EarlyExporter? = nil
    ) {
        self.channel = channel
        self.earlyExporter = earlyExporter
        phase = .handshaking(handshake)
    }

    // MARK: State

    var isHandshaking: Bool { !isConnected && !isClosed }

    var isClosed: Bool { channel.isClosed || failure != nil }

    /// Whether input means nothing any more: the peer has closed (RFC 9846 §6.1), or we gave the handshake up.
    private var ignoresInput: Bool { isPeerClosed || (!isConnected && channel.isClosed) }

    var request: Handshake.Request? {
        switch phase {
        case .handshaking(let handshake): handshake.request
        case .takingEarlyData(let handshake, _): handshake.request
        case .connected(let connected): Handshake.request(of: connected)
        case .failed: nil
        }
    }

    /// What the handshake agreed on. Outlives a failure, unlike the secrets.
    private(set) var negotiated: NegotiatedParameters?

    /// The certificates the handshake authenticated. They outlive a failure, unlike the secrets.
    private(set) var peerCertificates = PeerCertificates.none

    /// What a server that takes 0-RTT data agrees on when the client's Finished comes; nil from then on.
    private(set) var earlyNegotiated: NegotiatedParameters?

    // Of a complete handshake the engine has to know these for every record: what ``Connected`` said last.

    /// Whether the connection waits for its driver.
    private var isConnectedAndWaiting = false
    /// Whether a client is in the middle of its answer to a CertificateRequest: nothing may come between the messages
    /// (RFC 9846 §4.7.2).
    private var isWithinAuthentication = false
    /// Whether the peer's request for a KeyUpdate is to be answered before the next data (RFC 9846 §4.7.3).
    private(set) var owesKeyUpdate = false

    var isWaiting: Bool {
        guard !isConnected else { return isConnectedAndWaiting }
        switch phase {
        case .handshaking(let handshake): return handshake.isWaiting
        case .takingEarlyData(let handshake, _): return handshake.isWaiting
        case .connected: return false
        case .failed: return false
        }
    }

    // MARK: Input

    /// See `TLSSession.receive(_:)`.
    mutating func receive(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received {
        if let failure { throw failure }
        do throws(TLSError) {
            let received = try receiveRecords(&buffer)
            if !isConnected || channel.flight.count > 0 { try channel.flush() }
            return received
        } catch {
            throw fail(error)
        }
    }

    private mutating func receiveRecords(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received {
        var offset = 0
        while !ignoresInput {
            let available = buffer.count &- offset
            if isWaiting { return Received(consumed: offset, plaintext: offset..<offset, needed: 0) }
            guard available >= RecordSize.header else {
                return Received(consumed: offset, plaintext: offset..<offset, needed: RecordSize.header &- available)
            }
            let header = RecordHeader(buffer, at: offset)
            if !hasSeenRecord {
                try recognise(header, third: buffer[offset &+ 2])
            }
            try check(header)
            let end = offset &+ RecordSize.header &+ header.length
            guard buffer.count >= end else {
                return Received(consumed: offset, plaintext: offset..<offset, needed: end &- buffer.count)
            }
            hasSeenRecord = true
            let body = offset &+ RecordSize.header..<end
            if let plaintext = try process(&buffer, body, header) {
                return Received(consumed: end, plaintext: plaintext, needed: 0, isEarlyData: !isConnected)
            }
            offset = end
        }
        return Received(consumed: buffer.count, plaintext: 0..<0, needed: 0)
    }

    /// Tells other protocols from TLS by the first bytes of a connection.
    private func recognise(_ header: RecordHeader, third: UInt8) throws(TLSError) {
        let first = header.type.rawValue
        if (20...23).contains(first) { return }
        // A record by its version, of a type that does not exist (RFC 9846 §5).
        if header.version >> 8 == 3 { throw .peerMisbehaved(.unexpectedRecord("a record of type \(header.type)")) }
        if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) { throw .peerMisbehaved(.notTLS(.http)) }
        // A two-byte SSL 2.0 record header, then the message type CLIENT-HELLO (RFC 5246 appendix E.2).
        if first & 0x80 != 0 && third == 1 { throw .peerMisbehaved(.notTLS(.ssl2)) }
        throw .peerMisbehaved(.notTLS(.unknown))
    }

    /// Bounds a record before it has all arrived (RFC 9846 §5.1, §5.2; RFC 5246 §6.2).
    @inline(__always)
    private func check(_ header: RecordHeader) throws(TLSError) {
        guard header.version >> 8 == 3 else { throw .peerMisbehaved(.notTLS(.unknown)) }
        guard header.length <= channel.receiving.bodyLimit(of: header.type) else {
            throw .peerMisbehaved(.recordOverflow)
        }
    }

    /// Handles one record.
    ///
    /// - Returns: Where its application data lies, or nil when it held something else.
    @inline(__always)
    private mutating func process(
        _ buffer: inout MutableSpan<UInt8>,
        _ body: Range<Int>,
        _ header: RecordHeader
    ) throws(TLSError) -> Range<Int>? {
        let outerType = header.type
        if channel.receiving.form == .tls13 && outerType != .applicationData {
            try processUnprotected(&buffer, body, outerType)
            return nil
        }
        if outerType == .changeCipherSpec && channel.receiving.form == .none {
            try processChangeCipherSpec(&buffer, body)
            return nil
        }
        if outerType == .applicationData && channel.receiving.form == .none {
            // Between a HelloRetryRequest and its answer 0-RTT records may still arrive (RFC 9846 §4.3.10), though
            // not between the pieces of a message (§5.1).
            guard channel.joiner.isEmpty else {
                throw .peerMisbehaved(.unexpectedRecord("application data within a handshake message"))
            }
            guard channel.early.skips(body.count) else { throw .peerMisbehaved(.unexpectedRecord("application data")) }
            return nil
        }
        // The header of a protected record is authenticated, and its version has one value only (RFC 9846 §5.2).
        guard header.version == 0x0303 || channel.receiving.form == .none else { throw .peerMisbehaved(.badRecordMAC) }
        let opened: RecordOpener.Opened
        do throws(TLSError) {
            opened = try channel.receiving.open(&buffer, range: body, type: outerType)
        } catch {
            if error == .peerMisbehaved(.badRecordMAC) && channel.early.skips(body.count) { return nil }
            throw error
        }
        if channel.receiving.form != .none { channel.early.endSkipping() }
        if opened.type == .applicationData {
            if !isConnected { try channel.early.count(opened.content.count) }
            guard channel.joiner.isEmpty && !isWithinAuthentication else {
                throw .peerMisbehaved(.unexpectedRecord("application data within a handshake message"))
            }
            try channel.limits.countApplicationData(opened.content.count)
            return opened.content.isEmpty ? nil : opened.content
        }
        try processControl(buffer.span.extracting(opened.content), opened.type)
        return nil
    }

    // MARK: Input that stays as it is

    // What this would share with the way in place costs that two instructions in a hundred.

    /// See `TLSSession.receive(_:into:)`.
    mutating func receive(
        _ input: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Received {
        if let failure { throw failure }
        guard output.count >= min(input.count, RecordSize.longest) else {
            throw .misuse(.invalidArgument("there is no room for a record's plaintext"))
        }
        do throws(TLSError) {
            let received = try receiveRecords(input, into: &output)
            if !isConnected || channel.flight.count > 0 { try channel.flush() }
            return received
        } catch {
            throw fail(error)
        }
    }

    private mutating func receiveRecords(
        _ input: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Received {
        var offset = 0
        while !ignoresInput {
            var needed = 0
            guard let header = try nextRecord(input, at: offset, &needed) else {
                return Received(consumed: offset, plaintext: 0..<0, needed: needed)
            }
            let body = offset &+ RecordSize.header..<offset &+ RecordSize.header &+ header.length
            if let plaintext = try process(input, body, header, into: &output) {
                return Received(consumed: body.upperBound, plaintext: plaintext, needed: 0, isEarlyData: !isConnected)
            }
            offset = body.upperBound
        }
        return Received(consumed: input.count, plaintext: 0..<0, needed: 0)
    }

    /// The header of the record at `offset` when all of it is there, and the state waits for nothing else.
    ///
    /// - Parameter needed: How many bytes are not there.
    private mutating func nextRecord(
        _ bytes: Span<UInt8>,
        at offset: Int,
        _ needed: inout Int
    ) throws(TLSError) -> RecordHeader? {
        if isWaiting { return nil }
        let available = bytes.count &- offset
        guard available >= RecordSize.header else {
            needed = RecordSize.header &- available
            return nil
        }
        let header = RecordHeader(bytes, at: offset)
        if !hasSeenRecord {
            try recognise(header, third: bytes[offset &+ 2])
        }
        try check(header)
        guard available >= RecordSize.header &+ header.length else {
            needed = RecordSize.header &+ header.length &- available
            return nil
        }
        hasSeenRecord = true
        return header
    }

    /// Handles one record whose content goes to `output`.
    ///
    /// - Returns: Where its application data lies there, or nil when it held something else.
    private mutating func process(
        _ input: Span<UInt8>,
        _ body: Range<Int>,
        _ header: RecordHeader,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Range<Int>? {
        guard channel.receiving.protects(header.type) else {
            // There are few of those, and they are short.
            copy(input.extracting(body), into: &output, at: 0)
            return try process(&output, 0..<body.count, header)
        }
        guard header.version == 0x0303 else { throw .peerMisbehaved(.badRecordMAC) }
        let opened: RecordOpener.Opened
        do throws(TLSError) {
            opened = try channel.receiving.open(input, range: body, type: header.type, into: &output)
        } catch {
            if skips(body, error) { return nil }
            throw error
        }
        return try processOpened(opened, output.span)
    }

    /// Whether a record that could not be decrypted is one of the 0-RTT data that are skipped (RFC 9846 §4.3.10).
    private mutating func skips(_ body: Range<Int>, _ error: TLSError) -> Bool {
        error == .peerMisbehaved(.badRecordMAC) && channel.early.skips(body.count)
    }

    /// Handles what a record held.
    ///
    /// - Returns: Where its application data lies, or nil when it held something else.
    private mutating func processOpened(
        _ opened: RecordOpener.Opened,
        _ bytes: Span<UInt8>
    ) throws(TLSError) -> Range<Int>? {
        if channel.receiving.form != .none { channel.early.endSkipping() }
        if opened.type == .applicationData {
            if !isConnected { try channel.early.count(opened.content.count) }
            guard channel.joiner.isEmpty && !isWithinAuthentication else {
                throw .peerMisbehaved(.unexpectedRecord("application data within a handshake message"))
            }
            try channel.limits.countApplicationData(opened.content.count)
            return opened.content.isEmpty ? nil : opened.content
        }
        try processControl(bytes.extracting(opened.content), opened.type)
        return nil
    }

    /// Handles the records that TLS 1.3 allows without protection though there are keys.
    private mutating func processUnprotected(
        _ buffer: inout MutableSpan<UInt8>,
        _ body: Range<Int>,
        _ type: ContentType
    ) throws(TLSError) {
        if type == .changeCipherSpec {
            try processChangeCipherSpec(&buffer, body)
        } else if type == .alert && !isConnected && !channel.receiving.hasOpenedRecord {
            // A peer that fails before it has keys can only say so in the clear. It ends the connection, so nobody
            // gains by forging it.
            try processControl(buffer.span.extracting(body), type)
        } else {
            throw .peerMisbehaved(.unexpectedRecord("an unprotected record of type \(type)"))
        }
    }

    /// RFC 9846 §5: ignored in TLS 1.3 while the handshake runs, if it is the single byte 1. RFC 5246 §7.1 otherwise.
    private mutating func processChangeCipherSpec(
        _ buffer: inout MutableSpan<UInt8>,
        _ body: Range<Int>
    ) throws(TLSError) {
        guard body.count == 1 && buffer[body.lowerBound] == 1 else {
            // RFC 9846 §5 names unexpected_message; RFC 5246 names nothing.
            let what = "a change_cipher_spec record other than the byte 1"
            throw .peerMisbehaved(channel.version == .tls12 ? .illegalParameter(what) : .unexpectedRecord(what))
        }
        guard channel.joiner.isEmpty else {
            throw .peerMisbehaved(.unexpectedRecord("change_cipher_spec within a handshake message"))
        }
        if channel.observer != nil {
            channel.observeReceived(buffer.span.extracting(body), .changeCipherSpec)
        }
        if channel.receiving.ignoresChangeCipherSpec {
            try channel.limits.countChangeCipherSpec()
            return
        }
        try advance { handshake, channel throws(TLSError) in try handshake.receiveChangeCipherSpec(&channel) }
    }

    /// Handles the content of a handshake or alert record.
    private mutating func processControl(_ content: Span<UInt8>, _ type: ContentType) throws(TLSError) {
        switch type {
        case .handshake:
            guard content.count > 0 else { throw .peerMisbehaved(.unexpectedRecord("an empty handshake record")) }
            channel.joiner.append(content)
            try processMessages()
        case .alert:
            try processAlert(content)
        default:
            throw .peerMisbehaved(.unexpectedRecord("a record of type \(type)"))
        }
    }

    /// Hands complete messages to the state, until none is left or the state waits for an answer.
    mutating func processMessages() throws(TLSError) {
        while !isWaiting, let message = try channel.joiner.next() {
            let type = HandshakeType(rawValue: message[0])
            if channel.observer != nil { channel.observeReceived(message.span, .handshake) }
            if isConnected {
                try advanceConnected { connected, channel throws(TLSError) in
                    try connected.receive(type, message, &channel)
                }
            } else {
                try advance { handshake, channel throws(TLSError) in
                    try handshake.receive(type, message, &channel)
                }
            }
        }
    }

    /// RFC 9846 §6, RFC 5246 §7.2.
    private mutating func processAlert(_ content: Span<UInt8>) throws(TLSError) {
        // RFC 9846 §5.4.
        guard content.count > 0 else { throw .peerMisbehaved(.unexpectedRecord("an empty alert record")) }
        guard content.count == 2 else {
            throw .malformed(MalformedInput(what: "alert", why: "it is not two bytes long", alert: .decodeError))
        }
        guard channel.joiner.isEmpty else {
            throw .peerMisbehaved(.unexpectedRecord("an alert within a handshake message"))
        }
        let level = content[0]
        let alert = AlertDescription(rawValue: content[1])
        if channel.observer != nil { channel.observeReceived(content, .alert) }
        if alert == .closeNotify && isConnected {
            isPeerClosed = true
        } else if alert == .userCanceled || (level == 1 && channel.version != .tls13 && alert != .closeNotify) {
            try channel.limits.countWarningAlert()
        } else if channel.version != .tls13 && level != 1 && level != 2 {
            throw .peerMisbehaved(.illegalParameter("an alert level that does not exist"))
        } else {
            throw .alertReceived(alert)
        }
    }

    // MARK: Transitions

    private mutating func takePhase() -> Phase<Handshake> {
        var taken = Phase<Handshake>.failed
        swap(&taken, &phase)
        return taken
    }

    /// Runs a transition of the handshake and stands in the phase it leads to.
    private mutating func advance(
        _ transition: (consuming Handshake, inout Channel) throws(TLSError) -> Phase<Handshake>
    ) throws(TLSError) {
        switch takePhase() {
        case .handshaking(let handshake):
            phase = try transition(handshake, &channel)
        case .takingEarlyData:
            throw .internalFailure("what 0-RTT data settle was not kept")
        case .connected:
            throw .peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
        case .failed:
            throw .internalFailure("a failed session was driven on")
        }
        if phase.isTakingEarlyData { keepEarlyConnection() }
        if let facts = phase.facts {
            try channel.joiner.expectEmpty()
            isConnected = true
            earlyNegotiated = nil
            (negotiated, peerCertificates) = facts
            channel.receiving.ignoresChangeCipherSpec = false
            channel.releaseFlight()
        }
    }

    /// Half-RTT data may follow our Finished: the client is the session's, whatever comes of the handshake
    /// (RFC 9846 §2.3, appendix F.5).
    private mutating func keepEarlyConnection() {
        guard case .takingEarlyData(let handshake, let early) = takePhase() else { return }
        earlyNegotiated = early.negotiated
        earlyExporter = .some(early.exporter)
        phase = .handshaking(handshake)
    }

    /// Runs a step of a connection whose handshake is complete.
    mutating func advanceConnected(
        _ step: (inout Connected, inout Channel) throws(TLSError) -> Void
    ) throws(TLSError) {
        guard case .connected(var connected) = takePhase() else {
            throw .internalFailure("a connection without secrets was driven on")
        }
        try step(&connected, &channel)
        isConnectedAndWaiting = Handshake.request(of: connected) != nil
        isWithinAuthentication = connected.isWithinAuthentication
        owesKeyUpdate = connected.owesKeyUpdate
        (negotiated, peerCertificates) = (connected.negotiated, connected.peer)
        phase = .connected(connected)
    }

    /// Gives the state the answer it waits for, then goes on with messages that have already arrived.
    ///
    /// - Parameters:
    ///   - transition: What the answer means during the handshake.
    ///   - step: What it means afterwards.
    mutating func answer(
        _ transition: (consuming Handshake, inout Channel) throws(TLSError) -> Phase<Handshake>,
        connected step: (inout Connected, inout Channel) throws(TLSError) -> Void = { _, _ throws(TLSError) in
            throw .misuse(.noSuchRequest)
        }
    ) throws(TLSError) {
        if let failure { throw failure }
        guard isWaiting else { throw .misuse(.noSuchRequest) }
        do throws(TLSError) {
            if isConnected { try advanceConnected(step) } else { try advance(transition) }
            try processMessages()
            try channel.flush()
        } catch {
            throw fail(error)
        }
    }

    /// Ends the session: the alert waits in the output, everything else is refused from now on.
    @discardableResult
    mutating func fail(_ error: TLSError) -> TLSError {
        if let failure { return failure }
        failure = error
        if case .connected(let connected) = takePhase(), error != .truncated { connected.forgetSession() }
        channel.flight.truncate(to: 0)
        if let alert = error.alert {
            channel.writeAlert(alert)
            // RFC 9846 §6.1: it ends nothing by itself.
            if alert == .userCanceled { channel.writeAlert(.closeNotify) }
        }
        return error
    }

    /// See `TLSSession.endOfInput()`.
    mutating func endOfInput() throws(TLSError) {
        if let failure { throw failure }
        guard !ignoresInput else { return }
        throw fail(phase.awaited.map { .closedDuringHandshake(awaiting: $0) } ?? .truncated)
    }

    /// See `TLSSession.close()`.
    mutating func close() {
        guard !isClosed else { return }
        if !isConnected {
            // RFC 9846 §6.1: this tells a peer that waits for a handshake that nothing went wrong.
            channel.writeAlert(.userCanceled)
            phase = .failed
        }
        channel.writeAlert(.closeNotify)
    }
}
