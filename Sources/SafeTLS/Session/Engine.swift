// SPDX-License-Identifier: Apache-2.0

/// Drives a connection: records in, messages to the state that stands, records out.
///
/// Shared by ``ServerSession`` and ``ClientSession``; the compiler makes one specialised copy for each.
struct Engine<Handshake: HandshakeState & ~Copyable>: ~Copyable {
    private(set) var channel: Channel
    private(set) var phase: Phase<Handshake>
    /// The error that ended the session. Sticky.
    private(set) var failure: TLSError?
    /// Whether the peer has sent close_notify.
    private(set) var isPeerClosed = false
    private var hasSeenRecord = false
    private var isConnected = false
    /// The exporter of a connection with 0-RTT data. It outlives the handshake.
    private var earlyExporter: EarlyExporter?

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
    private var owesKeyUpdate = false

    private var isWaiting: Bool {
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
    private mutating func processMessages() throws(TLSError) {
        while !isWaiting, let message = try channel.joiner.next() {
            let type = HandshakeType(rawValue: message[0])
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
    private mutating func advanceConnected(
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

    // MARK: Output

    /// See `TLSSession.seal(_:into:)`.
    mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        if let failure { throw failure }
        guard isConnected || earlyNegotiated != nil else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        var sealed = Sealed(consumed: 0, written: 0)
        do throws(TLSError) {
            if owesKeyUpdate && plaintext.count > 0 { try sendKeyUpdate(KeyUpdate(isUpdateRequested: false)) }
            while true {
                if channel.output.count > 0 {
                    sealed.written = channel.moveOutput(into: &output, at: sealed.written)
                    if channel.output.count > 0 { return sealed }
                }
                let rest = plaintext.extracting(droppingFirst: sealed.consumed)
                let part = try channel.sending.seal(rest, into: &output, at: sealed.written)
                sealed.consumed &+= part.consumed
                sealed.written = part.written
                guard channel.sending.isWornOut else { return sealed }
                // RFC 9846 §5.5: a key that cannot be replaced, yet or any more, seals nothing beyond its limit.
                guard isConnected, channel.sending.mayUpdateKey else { break }
                // The KeyUpdate waits in the output: it goes out first, then the rest under the new key.
                try sendKeyUpdate(KeyUpdate(isUpdateRequested: false))
            }
        } catch {
            throw fail(error)
        }
        return try sealed.unlessStuck(plaintext.count)
    }

    /// Seals 0-RTT data, as much as the ticket allows and `output` has room for.
    mutating func sealEarlyData(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> Sealed {
        if let failure { throw failure }
        guard let budget = channel.early.sendable, !channel.isClosed else { throw .misuse(.noEarlyData) }
        let start = channel.moveOutput(into: &output, at: 0)
        if channel.output.count > 0 { return Sealed(consumed: 0, written: start) }
        let part = plaintext.extracting(0..<min(plaintext.count, budget))
        let sealed: Sealed
        do throws(TLSError) {
            sealed = try channel.sending.seal(part, into: &output, at: start)
            channel.early.spend(sealed.consumed)
        } catch {
            throw fail(error)
        }
        // RFC 9846 §5.5: there is no KeyUpdate for early data, so the key's limit is theirs.
        return channel.sending.isWornOut ? try sealed.unlessStuck(part.count) : sealed
    }

    /// See `ClientSession.earlyDataCapacity`.
    var earlyDataCapacity: Int { channel.sending.isWornOut ? 0 : channel.early.sendable ?? 0 }

    /// See `TLSSession.exportEarlyKeyingMaterial(label:context:count:)`.
    func exportEarlyKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        if let failure { throw failure }
        switch earlyExporter {
        case .some(let exporter): return try exporter.export(label: label, context: context, count: count)
        case .none: throw .misuse(.noEarlyData)
        }
    }

    /// See `TLSSession.sealedByteCount(for:)`.
    func sealedByteCount(for plaintextCount: Int) -> Int {
        channel.output.count + channel.sending.sealedByteCount(for: plaintextCount, owesKeyUpdate: owesKeyUpdate)
    }

    mutating func discardOutput(_ count: Int) { channel.discardOutput(count) }

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

    /// See `TLSSession.updateKeys(requestingPeer:)`.
    mutating func updateKeys(requestingPeer: Bool) throws(TLSError) {
        if let failure { throw failure }
        guard isConnected else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        guard channel.version == .tls13 else { throw .misuse(.needsTLS13) }
        guard channel.sending.mayUpdateKey else { throw .misuse(.keysUsedUp) }
        do throws(TLSError) {
            try sendKeyUpdate(KeyUpdate(isUpdateRequested: requestingPeer))
        } catch {
            throw fail(error)
        }
    }

    private mutating func sendKeyUpdate(_ update: KeyUpdate) throws(TLSError) {
        try advanceConnected { connected, channel throws(TLSError) in
            try connected.sendKeyUpdate(update, &channel)
        }
    }

    /// See `ServerSession.requestClientCertificate(_:)`.
    mutating func requestClientCertificate(_ authenticator: ClientAuthenticator) throws(TLSError) {
        if let failure { throw failure }
        guard isConnected else { throw .misuse(.handshakeIncomplete) }
        guard !channel.isClosed else { throw .misuse(.closed) }
        guard channel.version == .tls13 else { throw .misuse(.needsTLS13) }
        switch phase {
        case .connected(let connected):
            guard connected.mayAuthenticate else { throw .misuse(.noPostHandshakeAuthentication) }
            guard !connected.isAuthenticating else { throw .misuse(.requestPending) }
        default: throw .internalFailure("a connection without secrets was driven on")
        }
        do throws(TLSError) {
            try advanceConnected { connected, channel throws(TLSError) in
                try connected.ask(authenticator, &channel.flight)
            }
            try channel.flush()
        } catch {
            throw fail(error)
        }
    }

    /// Whether a client was asked for its certificate after the handshake and has not answered.
    var isAuthenticating: Bool {
        switch phase {
        case .connected(let connected): connected.isAuthenticating
        default: false
        }
    }

    /// Whether a client would answer.
    var mayAuthenticate: Bool {
        switch phase {
        case .connected(let connected): connected.mayAuthenticate
        default: false
        }
    }

    /// See `TLSSession.exportKeyingMaterial(label:context:count:)`.
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(TLSError) -> [UInt8] {
        if let failure { throw failure }
        switch phase {
        case .connected(let connected):
            return try connected.secrets.exportKeyingMaterial(label: label, context: context, count: count)
        case .handshaking: throw .misuse(.handshakeIncomplete)
        case .takingEarlyData: throw .misuse(.handshakeIncomplete)
        case .failed: throw .misuse(.handshakeIncomplete)
        }
    }
}
