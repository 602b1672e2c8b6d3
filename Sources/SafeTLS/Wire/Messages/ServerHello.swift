// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A received ServerHello or HelloRetryRequest (RFC 9846 §4.2.3, §4.2.4, RFC 5246 §7.4.1.3), borrowed from
/// the message's body.
struct ServerHello: ~Escapable {
    let legacyVersion: ProtocolVersion
    /// 32 bytes.
    let random: Span<UInt8>
    /// At most 32 bytes: the echo in TLS 1.3, the session's ID in TLS 1.2.
    let legacySessionID: Span<UInt8>
    let cipherSuite: CipherSuite
    let extensions: ExtensionList
    /// Whether this is a HelloRetryRequest, told by its random.
    let isHelloRetryRequest: Bool

    let supportedVersion: ProtocolVersion?
    /// The server's share; nil in a HelloRetryRequest.
    let keyShare: KeyShareEntry?
    /// The group a HelloRetryRequest asks for.
    let selectedGroup: NamedGroup?
    /// Only in a HelloRetryRequest.
    let cookie: Span<UInt8>?
    let selectedIdentity: UInt16?
    let applicationProtocol: Span<UInt8>?
    let renegotiationInfo: Span<UInt8>?
    let ecPointFormats: Span<UInt8>?
    let maxFragmentLength: UInt8?
    let recordSizeLimit: UInt16?

    /// Whether a whole ServerHello message, with its header, is a HelloRetryRequest.
    static func isHelloRetryRequest(_ message: Span<UInt8>) -> Bool {
        let start = HandshakeMessage.headerLength + 2
        guard message.count >= start + 32 else { return false }
        return isEqual(message.extracting(start..<start + 32), helloRetryRequestRandom.span)
    }

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        legacyVersion = ProtocolVersion(rawValue: try reader.readUInt16())
        random = try reader.read(32)
        isHelloRetryRequest = isEqual(random, Self.helloRetryRequestRandom.span)
        legacySessionID = try reader.readSessionID()
        cipherSuite = CipherSuite(rawValue: try reader.readUInt16())
        let compressionMethod = try reader.readUInt8()
        let list = try ExtensionList(optional: &reader)
        extensions = list
        try reader.expectEnd()
        guard compressionMethod == 0 else { throw .illegalParameter("selects a compression method") }

        var supportedVersion: ProtocolVersion? = nil
        var keyShare: KeyShareEntry? = nil
        var selectedGroup: NamedGroup? = nil
        var cookie: Span<UInt8>? = nil
        var selectedIdentity: UInt16? = nil
        var applicationProtocol: Span<UInt8>? = nil
        var renegotiationInfo: Span<UInt8>? = nil
        var ecPointFormats: Span<UInt8>? = nil
        var maxFragmentLength: UInt8? = nil
        var recordSizeLimit: UInt16? = nil
        var iterator = list.makeIterator()
        while let next = iterator.next() {
            do throws(DecodeError) {
                var body = ByteReader(next.body)
                switch next.type {
                case .supportedVersions: supportedVersion = ProtocolVersion(rawValue: try body.readUInt16())
                case .keyShare where isHelloRetryRequest: selectedGroup = NamedGroup(rawValue: try body.readUInt16())
                case .keyShare: keyShare = try KeyShareEntry(&body)
                case .cookie: cookie = try body.readCookie()
                case .preSharedKey: selectedIdentity = try body.readUInt16()
                case .applicationLayerProtocolNegotiation: applicationProtocol = try body.readSelectedProtocol()
                case .renegotiationInfo: renegotiationInfo = try body.readVector8()
                case .ecPointFormats: ecPointFormats = try body.readBytes8()
                case .maxFragmentLength: maxFragmentLength = try body.readMaxFragmentLength()
                case .recordSizeLimit: recordSizeLimit = try body.readRecordSizeLimit()
                // Acknowledgements without content.
                case .serverName, .extendedMasterSecret, .sessionTicket, .statusRequest: break
                default: _ = body.readRest()
                }
                try body.expectEnd()
            } catch {
                throw error.located(in: next.type)
            }
        }
        self.supportedVersion = supportedVersion
        self.keyShare = keyShare
        self.selectedGroup = selectedGroup
        self.cookie = cookie
        self.selectedIdentity = selectedIdentity
        self.applicationProtocol = applicationProtocol
        self.renegotiationInfo = renegotiationInfo
        self.ecPointFormats = ecPointFormats
        self.maxFragmentLength = maxFragmentLength
        self.recordSizeLimit = recordSizeLimit
    }
}

extension ServerHello {
    /// The version the server selects (RFC 9846 §4.3.1).
    var selectedVersion: ProtocolVersion { supportedVersion ?? legacyVersion }
    var hasExtendedMasterSecret: Bool { extensions.contains(.extendedMasterSecret) }

    /// SHA-256 of "HelloRetryRequest" (RFC 9846 §4.2.3).
    static let helloRetryRequestRandom: [UInt8] = [
        0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
        0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
    ]

    /// The last eight bytes of the random of a TLS 1.3 server that negotiates TLS 1.2 (RFC 9846 §4.2.3).
    static let tls12DowngradeSentinel: [UInt8] = [0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x01]
    /// The same for TLS 1.1 and below.
    static let tls11DowngradeSentinel: [UInt8] = [0x44, 0x4F, 0x57, 0x4E, 0x47, 0x52, 0x44, 0x00]

    /// Whether the server could have negotiated more: a client that offered more gives up (RFC 9846 §4.2.3).
    var hasDowngradeSentinel: Bool {
        let end = random.extracting(24..<32)
        return isEqual(end, Self.tls12DowngradeSentinel.span) || isEqual(end, Self.tls11DowngradeSentinel.span)
    }
}

extension ServerHello {
    /// Writes a ServerHello and gives the types of its extensions.
    @discardableResult
    static func write(
        random: Span<UInt8>,
        legacySessionID: Span<UInt8>,
        cipherSuite: CipherSuite,
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void
    ) throws(EncodeError) -> ExtensionSet {
        let mark = HandshakeMessage.begin(.serverHello, in: &writer)
        writer.append(ProtocolVersion.tls12.rawValue)
        writer.append(random)
        writer.vector8(legacySessionID)
        writer.append(cipherSuite.rawValue)
        writer.append(UInt8(0))
        let types = writer.optionalExtensions(extensions)
        try HandshakeMessage.end(mark, in: &writer)
        return types
    }

    /// Writes a HelloRetryRequest and gives the types of its extensions.
    @discardableResult
    static func writeHelloRetryRequest(
        legacySessionID: Span<UInt8>,
        cipherSuite: CipherSuite,
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void
    ) throws(EncodeError) -> ExtensionSet {
        try write(
            random: helloRetryRequestRandom.span,
            legacySessionID: legacySessionID,
            cipherSuite: cipherSuite,
            into: &writer,
            extensions: extensions
        )
    }
}
