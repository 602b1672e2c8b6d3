// SPDX-License-Identifier: Apache-2.0

/// The sizes of protected records that two peers agree on (RFC 8449 §4, RFC 6066 §4).
struct RecordLimits {
    /// What a server answers to the client's extension.
    enum Answer {
        case recordSizeLimit(UInt16)
        case maxFragmentLength(UInt8)
    }

    /// Nil when there is nothing to answer.
    let answer: Answer?
    /// The most content of a record toward the peer, in bytes.
    private let sending: Int
    /// The most content of a record from the peer, in bytes.
    private let receiving: Int

    /// For connections without records.
    static let none = RecordLimits()

    private init() {
        answer = nil
        sending = RecordSize.plaintext
        receiving = RecordSize.plaintext
    }

    /// A server's side of the agreement. Unknown to the client, a limit binds nobody.
    init(answering hello: borrowing ClientHello, _ options: RecordOptions, version: ProtocolVersion) {
        if let limit = hello.recordSizeLimit {
            // RFC 8449 §5: max_fragment_length is ignored beside it. §4: a client's limit may be too high.
            let own = options.sizeLimit ?? Self.protocolLimit(version)
            answer = .recordSizeLimit(UInt16(clamping: min(own, Self.protocolLimit(version))))
            sending = Self.content(Int(limit), version)
            receiving = Self.content(own, version)
        } else if let code = hello.maxFragmentLength {
            answer = .maxFragmentLength(code)
            sending = Self.length(code)
            receiving = Self.length(code)
        } else {
            answer = nil
            sending = RecordSize.plaintext
            receiving = RecordSize.plaintext
        }
    }

    /// A client's side: checks the server's answer.
    init(
        recordSizeLimit: UInt16?,
        maxFragmentLength: UInt8?,
        _ options: RecordOptions,
        version: ProtocolVersion
    ) throws(TLSError) {
        answer = nil
        if let limit = recordSizeLimit {
            // RFC 8449 §5.
            guard maxFragmentLength == nil else {
                throw .peerMisbehaved(.illegalParameter("both record_size_limit and max_fragment_length"))
            }
            // §4.
            guard Int(limit) <= Self.protocolLimit(version) else {
                throw .peerMisbehaved(
                    .illegalParameter("a record_size_limit of \(limit), more than its version allows")
                )
            }
            sending = Self.content(Int(limit), version)
            receiving = Self.content(options.sizeLimit ?? RecordSize.plaintext + 1, version)
        } else if let code = maxFragmentLength {
            // RFC 6066 §4: the server repeats the length.
            guard code == Self.code(for: options) else {
                throw .peerMisbehaved(.illegalParameter("another max_fragment_length than the one asked for"))
            }
            sending = Self.length(code)
            receiving = Self.length(code)
        } else {
            sending = RecordSize.plaintext
            receiving = RecordSize.plaintext
        }
    }

    /// Puts the limits into force for all records from now on.
    func apply(to channel: inout Channel) { channel.limitRecords(sending: sending, receiving: receiving) }

    /// The largest plaintext of a version (RFC 8449 §4).
    private static func protocolLimit(_ version: ProtocolVersion) -> Int {
        version == .tls13 ? RecordSize.plaintext + 1 : RecordSize.plaintext
    }

    /// The content that a limit leaves room for: in TLS 1.3 the content type counts.
    private static func content(_ limit: Int, _ version: ProtocolVersion) -> Int {
        min(version == .tls13 ? limit - 1 : limit, RecordSize.plaintext)
    }

    /// RFC 6066 §4: 1 for 512 bytes … 4 for 4096.
    private static func length(_ code: UInt8) -> Int { 256 << Int(min(code, 4)) }

    /// The max_fragment_length that comes closest to a limit from below; nil when none does.
    static func code(for options: RecordOptions) -> UInt8? {
        guard let limit = options.sizeLimit, limit < 8192 else { return nil }
        return [4, 3, 2, 1].first { length($0) <= limit }
    }
}

extension ExtensionWriter {
    /// A server's answer about record sizes.
    mutating func recordLimits(_ limits: RecordLimits) {
        switch limits.answer {
        case .recordSizeLimit(let limit): recordSizeLimit(limit)
        case .maxFragmentLength(let code): maxFragmentLength(code)
        case nil: return
        }
    }

    /// A client's wish.
    mutating func recordLimits(_ options: RecordOptions) {
        guard let limit = options.sizeLimit else { return }
        recordSizeLimit(UInt16(clamping: limit))
        if let code = RecordLimits.code(for: options) { maxFragmentLength(code) }
    }
}
