// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// How received records are read: under which keys, how long they may be, whether change_cipher_spec means anything.
struct ReceivingProtection: ~Copyable {
    /// Which protection the records have.
    enum Form {
        case none, tls12, tls13
    }

    private(set) var form = Form.none
    /// Whether change_cipher_spec records are ignored, as TLS 1.3 does while it shakes hands (RFC 9846 §5).
    var ignoresChangeCipherSpec = false
    private var opener: RecordOpener?
    /// The most content that a record may have, padding in TLS 1.3 included.
    private var contentLimit = RecordSize.plaintext

    /// Limits the content of records from now on (RFC 8449 §4).
    mutating func limit(_ length: Int) {
        contentLimit = length
        opener?.contentLimit = length
    }

    /// Starts to use a key.
    mutating func install(_ opener: consuming RecordOpener) {
        form = opener.isTLS13 ? .tls13 : .tls12
        self.opener = consume opener
        self.opener?.contentLimit = contentLimit
    }

    /// Starts to use the keys of a traffic secret.
    mutating func install(_ secret: borrowing TrafficSecret, _ hash: inout KeyedHash) throws(TLSError) {
        form = .tls13
        try secret.install(in: &opener, &hash)
        opener?.contentLimit = contentLimit
    }

    /// Whether a record has been opened under the current key.
    var hasOpenedRecord: Bool {
        switch opener {
        case .some(let opener): opener.sequence > 0
        case .none: false
        }
    }

    /// The most bytes that may follow a header (RFC 9846 §5.1, §5.2; RFC 5246 §6.2).
    @inline(__always)
    func bodyLimit(of type: ContentType) -> Int {
        switch form {
        // Application data before there are keys can only be 0-RTT data that is skipped, which is protected.
        case .none where type == .applicationData: RecordSize.plaintext + RecordSize.expansionTLS13
        case .none: RecordSize.plaintext
        case .tls12: RecordSize.plaintext + RecordSize.expansionTLS12
        case .tls13: RecordSize.plaintext + RecordSize.expansionTLS13
        }
    }

    /// Whether a record of such a type is protected: in TLS 1.3 some are not (RFC 9846 §5).
    @inline(__always)
    func protects(_ type: ContentType) -> Bool { form == .tls13 ? type == .applicationData : form == .tls12 }

    /// Decrypts the body of a protected record in `range` to the front of `output`.
    @inline(__always)
    mutating func open(
        _ input: Span<UInt8>,
        range: Range<Int>,
        type: ContentType,
        into output: inout MutableSpan<UInt8>
    ) throws(TLSError) -> RecordOpener.Opened {
        if let opened = try opener?.open(input, range: range, type: type, into: &output) { return opened }
        throw .internalFailure("a record was opened without a key")
    }

    /// Decrypts the record body in `range`, or hands it out as it is while there is no key.
    @inline(__always)
    mutating func open(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>,
        type: ContentType
    ) throws(TLSError) -> RecordOpener.Opened {
        if let opened = try opener?.open(&buffer, range: range, type: type) { return opened }
        return RecordOpener.Opened(type: type, content: range)
    }
}
