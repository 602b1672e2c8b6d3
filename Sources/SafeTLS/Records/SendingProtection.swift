// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// How records are made: under which keys, how long, with how much padding.
struct SendingProtection: ~Copyable {
    /// The most content that a record is given, at most 2^14 bytes.
    private(set) var fragmentLength: Int
    /// The version that unprotected records say: 0x0301 for a first ClientHello (RFC 9846 §5.1), then 0x0303.
    var plainVersion: UInt16 = 0x0303
    /// How many records are sealed before the key is replaced. Tests lower it.
    var recordsPerKey = TLSLimits.recordsPerKey
    /// How often the key of application data may be replaced. Tests lower it.
    var keyUpdateLimit = TLSLimits.keyUpdates
    /// How often it has been: the epoch (RFC 9846 §4.7.3).
    private var keyUpdates: UInt64 = 0
    /// Whether the records are those of TLS 1.3, which can be padded. Not known for 0-RTT data.
    var isTLS13 = false
    private var sealer: RecordSealer?
    /// How many bytes of application data are still to be sent in small records.
    private var smallRecordBytes = 0
    /// Application data of TLS 1.3 are padded to a multiple of this; 0 for no padding.
    private var paddingMultiple = 0
    /// Where records are padded before they are sealed.
    private var paddingBuffer: [UInt8] = []

    init(fragmentLength: Int) {
        self.fragmentLength = min(max(fragmentLength, 1), RecordSize.plaintext)
    }

    /// Takes a configuration's policy.
    mutating func follow(_ options: RecordOptions) {
        smallRecordBytes = options.startsSmall ? RecordSize.smallStart : 0
        paddingMultiple = options.paddingMultiple
    }

    /// Limits the content of records from now on (RFC 8449 §4).
    mutating func limit(_ length: Int) { fragmentLength = min(fragmentLength, length) }

    // MARK: Keys

    /// Starts to use a key.
    mutating func install(_ sealer: consuming RecordSealer) { self.sealer = consume sealer }

    /// Starts to use the keys of a traffic secret.
    mutating func install(_ secret: borrowing TrafficSecret, _ hash: inout KeyedHash) throws(TLSError) {
        try secret.install(in: &sealer, &hash)
    }

    /// Whether there is a key.
    var isProtected: Bool {
        switch sealer {
        case .none: false
        case .some: true
        }
    }

    /// Whether there may be another KeyUpdate (RFC 9846 §4.7.3).
    var mayUpdateKey: Bool { keyUpdates < keyUpdateLimit }

    /// Counts a KeyUpdate that is sent.
    mutating func countKeyUpdate() { keyUpdates &+= 1 }

    /// Sends in the clear again.
    mutating func removeKey() { sealer = nil }

    /// Whether the key has to be replaced before the next record (RFC 9846 §5.5).
    var isWornOut: Bool {
        switch sealer {
        case .some(let sealer): sealer.isWornOut(after: recordsPerKey)
        case .none: false
        }
    }

    /// How many records the key may seal before it is replaced, nil when it has no limit.
    private var recordsLeft: Int? {
        switch sealer {
        case .some(let sealer): sealer.recordsLeft(of: recordsPerKey)
        case .none: nil
        }
    }

    private var overhead: Int {
        switch sealer {
        case .some(let sealer): sealer.overhead
        case .none: RecordSize.header
        }
    }

    // MARK: Messages

    /// Writes one record of any type, protected once there is a key, at `offset` of `destination`.
    ///
    /// - Returns: Its length with its header, at most ``RecordSize/overhead`` more than that of `fragment`.
    mutating func write(
        _ fragment: Span<UInt8>,
        type: ContentType,
        into destination: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        if let written = try sealer?.seal(fragment, type: type, into: &destination, at: offset) { return written }
        RecordHeader.write(type, version: plainVersion, length: fragment.count, into: &destination, at: offset)
        copy(fragment, into: &destination, at: offset + RecordSize.header)
        return RecordSize.header + fragment.count
    }

    // MARK: Application data

    /// How many bytes `plaintextCount` bytes of application data take as records, with the KeyUpdate messages that
    /// come due on the way. Padding counts as if all of it were due.
    ///
    /// - Parameter owesKeyUpdate: Whether a KeyUpdate goes out before them.
    func sealedByteCount(for plaintextCount: Int, owesKeyUpdate: Bool) -> Int {
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
        return plaintextCount + (records + keyUpdates) * overhead + keyUpdates * KeyUpdate.messageLength
            + (paddingMultiple > 0 ? records * min(paddingMultiple, fragmentLength) : 0)
    }

    /// Seals as much of `plaintext` as fits into `output` from `start` on.
    @inline(__always)
    mutating func seal(
        _ plaintext: Span<UInt8>,
        into output: inout MutableSpan<UInt8>,
        at start: Int
    ) throws(TLSError) -> Sealed {
        let overhead = overhead
        var consumed = 0
        var written = start
        while consumed < plaintext.count && !isWornOut {
            let room = output.count &- written &- overhead
            guard room > 0 else { break }
            let length = smallRecordBytes > 0 ? min(fragmentLength, RecordSize.small) : fragmentLength
            var end = consumed &+ min(room, length, plaintext.count &- consumed)
            do throws(CryptoError) {
                if paddingMultiple > 0 && isTLS13 {
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

    /// How long a record with so much content is with its content type and padding (RFC 9846 §5.4), when there is room
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
}
