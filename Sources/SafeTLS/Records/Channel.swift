// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The record layer of one connection: keys of both directions, messages in the making, output that waits.
///
/// Handshake states write their messages into ``flight`` and install keys; everything of a flight that is under the
/// same keys goes out in as few records as fit.
struct Channel: ~Copyable {
    /// Handshake messages that are not in records yet.
    var flight = ByteWriter(reserving: 0)
    /// The most content that a record is given, at most 2^14 bytes.
    private(set) var fragmentLength: Int
    /// The most content that a received record may have, padding in TLS 1.3 included.
    private var receivedLength = RecordSize.plaintext
    /// How many bytes of application data are still to be sent in small records.
    private var smallRecordBytes = 0
    /// Application data of TLS 1.3 are padded to a multiple of this; 0 for no padding.
    private var paddingMultiple = 0
    /// Where records are padded before they are sealed.
    private var paddingBuffer: [UInt8] = []
    /// Records that wait for the transport.
    private var output: [UInt8] = []
    private var outputStart = 0
    private var sealer: RecordSealer?
    private var opener: RecordOpener?
    /// How received records are protected.
    private(set) var readProtection = ReadProtection.none
    var joiner = HandshakeJoiner()
    /// How many records are sealed before the sending key is replaced. Tests lower it.
    var recordsPerKey = TLSLimits.recordsPerKey
    /// The version that unprotected records say: 0x0301 for a first ClientHello (RFC 8446 §5.1), then 0x0303.
    var recordVersion: UInt16 = 0x0303
    /// Whether change_cipher_spec records are ignored, as TLS 1.3 does while it shakes hands (RFC 8446 §5).
    var ignoresChangeCipherSpec = false
    private var ignoredChangeCipherSpecs = 0
    /// Whether the record that makes TLS 1.3 look like TLS 1.2 was sent: it is sent once (RFC 8446 appendix D.4).
    private(set) var hasSentChangeCipherSpec = false
    /// The version, once it is negotiated: alerts mean different things in different versions.
    var version: ProtocolVersion?
    /// How many bytes of rejected 0-RTT records may still be skipped (RFC 8446 §4.2.10). Zero outside a server's
    /// handshake with a client that offered 0-RTT.
    private var skippableEarlyData = 0
    /// What became of the 0-RTT data of this connection.
    var earlyData = EarlyDataStatus.notOffered
    /// How many bytes of 0-RTT data a server still takes; nil when it takes none.
    var receivableEarlyData: Int?
    /// How many bytes of 0-RTT data a client may still send; nil when it may send none.
    var sendableEarlyData: Int?
    /// Whether a server may send data before the client's Finished (RFC 8446 §2.3, appendix E.5).
    var sealsBeforeConnected = false
    /// What a server that takes 0-RTT data agrees on when the client's Finished comes.
    var earlyNegotiated: NegotiatedParameters?
    /// The exporter of 0-RTT connections.
    var earlyExporter: EarlyExporter?
    /// Whether a client is in the middle of its answer to a CertificateRequest after the handshake: nothing may come
    /// between the messages (RFC 8446 §4.6.2).
    var isWithinAuthentication = false
    private var keyUpdates = 0
    private var sessionTickets = 0
    private var emptyRecords = 0
    private var warningAlerts = 0
    private var renegotiationRequests = 0
    /// Whether an alert that ends our direction has been written: nothing may follow it (RFC 8446 §6.1).
    private(set) var isClosed = false
    /// Whether the peer's request for a KeyUpdate is to be answered before the next data (RFC 8446 §4.6.3).
    var owesKeyUpdate = false
    /// Whether the peer was asked for a KeyUpdate that has not come: it is not asked again before (RFC 9846 §4.7.3).
    private(set) var awaitsKeyUpdate = false

    enum ReadProtection {
        case none, tls12, tls13
    }

    init(fragmentLength: Int = RecordSize.plaintext) {
        self.fragmentLength = min(max(fragmentLength, 1), RecordSize.plaintext)
    }

    /// Takes a configuration's policy for the records that are sent.
    mutating func follow(_ options: RecordOptions) {
        smallRecordBytes = options.startsSmall ? RecordSize.smallStart : 0
        paddingMultiple = options.paddingMultiple
    }

    /// Limits the content of records, both ways, from now on (RFC 8449 §4).
    mutating func limitRecords(sending: Int, receiving: Int) {
        fragmentLength = min(fragmentLength, sending)
        receivedLength = receiving
        opener?.contentLimit = receiving
    }

    // MARK: Output

    var pendingOutputCount: Int { output.count - outputStart }

    var pendingOutput: Span<UInt8> {
        @_lifetime(borrow self)
        get { output.span.extracting(outputStart..<output.count) }
    }

    mutating func discardOutput(_ count: Int) {
        outputStart += min(max(count, 0), pendingOutputCount)
        if outputStart == output.count {
            // Nothing waits between flights: an idle connection keeps no output buffer.
            output = []
            outputStart = 0
        }
    }

    /// Puts the flight into records under the current keys.
    mutating func flush() throws(TLSError) {
        guard flight.count > 0 else { return }
        let messages = flight.takeBytes()
        try write(messages.span, type: .handshake)
    }

    /// Writes bytes of one content type as records, in pieces of at most 2^14 bytes.
    mutating func write(_ bytes: Span<UInt8>, type: ContentType) throws(TLSError) {
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + fragmentLength, bytes.count)
            try writeRecord(bytes.extracting(offset..<end), type: type)
            offset = end
        }
    }

    private mutating func writeRecord(_ fragment: Span<UInt8>, type: ContentType) throws(TLSError) {
        guard !isClosed else { return }
        var records: [UInt8] = []
        swap(&records, &output)
        let start = records.count
        records += repeatElement(0, count: fragment.count + RecordSize.overhead)
        var written = 0
        // Whatever happens, what waited before waits on.
        defer {
            records.removeLast(records.count - start - written)
            swap(&records, &output)
        }
        do throws(CryptoError) {
            var destination = records.mutableSpan
            written = try Channel.seal(
                fragment,
                type: type,
                with: &sealer,
                recordVersion: recordVersion,
                into: &destination,
                at: start
            )
        } catch {
            throw TLSError(error)
        }
    }

    /// Writes one record, protected once there are keys.
    private static func seal(
        _ fragment: Span<UInt8>,
        type: ContentType,
        with sealer: inout RecordSealer?,
        recordVersion: UInt16,
        into destination: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        if let written = try sealer?.seal(fragment, type: type, into: &destination, at: offset) { return written }
        RecordHeader.write(type, version: recordVersion, length: fragment.count, into: &destination, at: offset)
        for index in fragment.indices { destination[offset + RecordSize.header + index] = fragment[index] }
        return RecordSize.header + fragment.count
    }

    /// Writes an alert. Alerts that end the connection are fatal, close_notify and user_canceled are warnings.
    mutating func writeAlert(_ alert: AlertDescription) {
        let level: UInt8 = alert == .closeNotify || alert == .userCanceled ? 1 : 2
        let content: [UInt8] = [level, alert.rawValue]
        // What cannot be sealed cannot be sent; the session ends either way.
        try? writeRecord(content.span, type: .alert)
        if alert != .userCanceled { isClosed = true }
    }

    /// Writes an alert after which the connection goes on (RFC 5246 §7.2.2).
    mutating func writeWarning(_ alert: AlertDescription) throws(TLSError) {
        try flush()
        let content: [UInt8] = [1, alert.rawValue]
        try writeRecord(content.span, type: .alert)
    }

    /// Writes the one-byte change_cipher_spec record (RFC 5246 §7.1, RFC 8446 §5).
    mutating func writeChangeCipherSpec() throws(TLSError) {
        try flush()
        hasSentChangeCipherSpec = true
        let content: [UInt8] = [1]
        try writeRecord(content.span, type: .changeCipherSpec)
    }

    // MARK: Application data

    /// How many bytes `plaintextCount` bytes of application data take as records, with the KeyUpdate messages that
    /// come due on the way. Padding counts as if all of it were due.
    func sealedByteCount(for plaintextCount: Int) -> Int {
        var records = (plaintextCount + fragmentLength - 1) / fragmentLength
        if smallRecordBytes > 0 {
            let length = min(fragmentLength, RecordSize.small)
            let small = min((smallRecordBytes + length - 1) / length, (plaintextCount + length - 1) / length)
            records = small + (max(0, plaintextCount - small * length) + fragmentLength - 1) / fragmentLength
        }
        var keyUpdates = owesKeyUpdate ? 1 : 0
        if let left = recordsLeft, records >= left {
            keyUpdates += 1 + (records - left) / Int(clamping: max(recordsPerKey, 1))
        }
        return plaintextCount + (records + keyUpdates) * sealingOverhead + keyUpdates * KeyUpdate.messageLength
            + (paddingMultiple > 0 ? records * min(paddingMultiple, fragmentLength) : 0)
    }

    /// How many records the sending key may seal before it is replaced, nil when it has no limit.
    private var recordsLeft: Int? {
        switch sealer {
        case .some(let sealer): sealer.recordsLeft(of: recordsPerKey)
        case .none: nil
        }
    }

    /// Whether the sending key has to be replaced before the next record (RFC 8446 §5.5).
    var sealerIsWornOut: Bool {
        switch sealer {
        case .some(let sealer): sealer.isWornOut(after: recordsPerKey)
        case .none: false
        }
    }

    private var sealingOverhead: Int {
        switch sealer {
        case .some(let sealer): sealer.overhead
        case .none: RecordSize.header
        }
    }

    /// Seals as much of `plaintext` as fits into `output` from `written` on.
    @inline(__always)
    mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>,
        at start: Int
    ) throws(TLSError) -> Sealed {
        let overhead = sealingOverhead
        var consumed = 0
        var written = start
        while consumed < plaintext.count && !sealerIsWornOut {
            let room = output.count &- written &- overhead
            guard room > 0 else { break }
            let length = smallRecordBytes > 0 ? min(fragmentLength, RecordSize.small) : fragmentLength
            var end = consumed &+ min(room, length, plaintext.count &- consumed)
            do throws(CryptoError) {
                if paddingMultiple > 0 && version == .tls13 {
                    let padded = paddedLength(end &- consumed, room: room)
                    guard padded >= 2 else { break }
                    end = min(end, consumed &+ padded &- 1)
                    let fragment = plaintext.extracting(consumed..<end)
                    written &+= try sealPadded(fragment, to: padded, into: &output, at: written)
                } else {
                    let fragment = plaintext.extracting(consumed..<end)
                    guard
                        let count = try sealer?.seal(fragment, type: .applicationData, into: &output, at: written)
                    else { break }
                    written &+= count
                }
            } catch {
                throw TLSError(error)
            }
            if smallRecordBytes > 0 { smallRecordBytes &-= end &- consumed }
            consumed = end
        }
        return Sealed(consumed: consumed, written: written)
    }

    /// How long a record with so much content is with its content type and padding (RFC 8446 §5.4), when there is room
    /// for so many bytes of content; with too little room for the padding, that of a shorter record.
    private func paddedLength(_ count: Int, room: Int) -> Int {
        let wanted = (count + paddingMultiple) / paddingMultiple * paddingMultiple
        let padded = min(wanted, fragmentLength + 1)
        return padded <= room + 1 ? padded : (room + 1) / paddingMultiple * paddingMultiple
    }

    /// Seals application data with zeros behind the content type.
    private mutating func sealPadded(
        _ fragment: Span<UInt8>,
        to length: Int,
        into output: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        var inner: [UInt8] = []
        swap(&inner, &paddingBuffer)
        defer { swap(&inner, &paddingBuffer) }
        if inner.count < length { inner += repeatElement(0, count: length - inner.count) }
        for index in 0..<length { inner[index] = index < fragment.count ? fragment[index] : 0 }
        inner[fragment.count] = ContentType.applicationData.rawValue
        let written = try sealer?.sealInner(inner.span.extracting(0..<length), into: &output, at: offset)
        return written ?? 0
    }

    /// Moves waiting output into the caller's buffer.
    ///
    /// - Returns: Where the free part of the buffer starts.
    mutating func moveOutput(into destination: inout MutableSpan<UInt8>, at start: Int) -> Int {
        let count = min(pendingOutputCount, destination.count - start)
        for index in 0..<count { destination[start + index] = output[outputStart + index] }
        discardOutput(count)
        return start + count
    }

    // MARK: Keys

    /// Starts to send under new keys; what was written before goes out under the old ones.
    mutating func install(sealer: consuming RecordSealer) throws(TLSError) {
        try flush()
        self.sealer = consume sealer
    }

    /// Sends in the clear again: the ClientHello that answers a HelloRetryRequest follows 0-RTT data.
    mutating func removeSealer() throws(TLSError) {
        try flush()
        sealer = nil
    }

    /// Starts to receive under new keys.
    ///
    /// - Throws: When the peer sent more handshake data behind the message that changes keys (RFC 8446 §5.1).
    mutating func install(opener: consuming RecordOpener) throws(TLSError) {
        guard joiner.isEmpty else { throw .peerMisbehaved(.dataAcrossKeyChange) }
        readProtection = opener.isTLS13 ? .tls13 : .tls12
        self.opener = consume opener
        self.opener?.contentLimit = receivedLength
    }

    // MARK: Input

    /// Checks, where our turn comes or the handshake ends, that the peer has not gone on: it could not know how.
    func expectEndOfFlight() throws(TLSError) {
        guard joiner.isEmpty else { throw .peerMisbehaved(.dataAcrossKeyChange) }
    }

    /// Whether a record has been opened under the current keys.
    var hasOpenedRecord: Bool {
        switch opener {
        case .some(let opener): opener.sequence > 0
        case .none: false
        }
    }

    /// Decrypts the record body in `range`, or hands it out as it is while there are no keys.
    @inline(__always)
    mutating func open(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>,
        type: ContentType
    ) throws(TLSError) -> RecordOpener.Opened {
        if let opened = try opener?.open(&buffer, range: range, type: type) { return opened }
        return RecordOpener.Opened(type: type, content: range)
    }

    /// Expects 0-RTT records that cannot be read, until the first record that can.
    mutating func skipEarlyData() { skippableEarlyData = TLSLimits.skippedEarlyData }

    /// Whether a record that could not be opened, or came before there were keys, is rejected 0-RTT data.
    ///
    /// Headers count too: an empty record is not free, and none is skipped once 0-RTT is over.
    mutating func skips(_ length: Int) -> Bool {
        let cost = length + RecordSize.header
        guard skippableEarlyData >= cost else { return false }
        skippableEarlyData -= cost
        return true
    }

    /// A record under the handshake keys ends the 0-RTT data.
    @inline(__always)
    mutating func endEarlyData() { skippableEarlyData = 0 }

    /// Counts a change_cipher_spec record that compatibility mode ignores.
    mutating func ignoreChangeCipherSpec() throws(TLSError) {
        ignoredChangeCipherSpecs += 1
        guard ignoredChangeCipherSpecs <= TLSLimits.ignoredChangeCipherSpecs else {
            throw .peerMisbehaved(.tooMany("change_cipher_spec records"))
        }
    }

    /// Counts 0-RTT data.
    ///
    /// - Throws: When none is due, or more than the ticket allowed (RFC 8446 §4.2.10).
    mutating func countEarlyData(_ length: Int) throws(TLSError) {
        guard let left = receivableEarlyData else { throw .peerMisbehaved(.unexpectedRecord("application data")) }
        guard length <= left else { throw .peerMisbehaved(.tooMany("bytes of 0-RTT data")) }
        receivableEarlyData = left - length
    }

    // MARK: Limits on what costs work and carries no data

    /// Counts application data; the counts of what may not repeat without data start again.
    @inline(__always)
    mutating func countApplicationData(_ length: Int) throws(TLSError) {
        if length == 0 {
            emptyRecords += 1
            guard emptyRecords <= TLSLimits.consecutiveEmptyRecords else {
                throw .peerMisbehaved(.tooMany("empty records"))
            }
        } else {
            emptyRecords = 0
            keyUpdates = 0
            sessionTickets = 0
        }
    }

    /// Expects a KeyUpdate that answers ours: it counts for nothing.
    mutating func expectKeyUpdate() {
        keyUpdates -= 1
        awaitsKeyUpdate = true
    }

    mutating func countKeyUpdate() throws(TLSError) {
        keyUpdates += 1
        awaitsKeyUpdate = false
        guard keyUpdates <= TLSLimits.consecutiveKeyUpdates else { throw .peerMisbehaved(.tooMany("key updates")) }
    }

    mutating func countSessionTicket() throws(TLSError) {
        sessionTickets += 1
        guard sessionTickets <= TLSLimits.consecutiveSessionTickets else {
            throw .peerMisbehaved(.tooMany("session tickets"))
        }
    }

    /// Counts a HelloRequest, or a ClientHello after the handshake.
    mutating func countRenegotiationRequest() throws(TLSError) {
        renegotiationRequests += 1
        guard renegotiationRequests <= TLSLimits.renegotiationRequests else { throw .peerMisbehaved(.renegotiation) }
    }

    mutating func countWarningAlert() throws(TLSError) {
        warningAlerts += 1
        guard warningAlerts <= TLSLimits.warningAlerts else { throw .peerMisbehaved(.tooMany("warning alerts")) }
    }
}
