// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A received ClientHello (RFC 9846 §4.2.2, RFC 5246 §7.4.1.2), borrowed from the message's body.
///
/// Every extension this library knows is checked here, whichever version is negotiated later: a hello either
/// decodes or it doesn't. Unknown values stay in the lists, unknown extensions in `extensions`.
struct ClientHello: ~Escapable {
    let legacyVersion: ProtocolVersion
    /// 32 bytes.
    let random: Span<UInt8>
    /// At most 32 bytes.
    let legacySessionID: Span<UInt8>
    let cipherSuites: CodePointList<CipherSuite>
    let legacyCompressionMethods: Span<UInt8>
    let extensions: ExtensionList

    /// The host name of server_name as sent: neither validated nor in lower case.
    let serverName: Span<UInt8>?
    let supportedVersions: CodePointList<ProtocolVersion>?
    let supportedGroups: CodePointList<NamedGroup>?
    let signatureAlgorithms: CodePointList<SignatureScheme>?
    let signatureAlgorithmsCert: CodePointList<SignatureScheme>?
    let keyShares: KeyShareList?
    let applicationProtocols: OpaqueList?
    let cookie: Span<UInt8>?
    /// One `PSKKeyExchangeMode` a byte.
    let pskKeyExchangeModes: Span<UInt8>?
    let preSharedKey: PreSharedKeyOffer?
    let certificateAuthorities: OpaqueList?
    let certificateCompression: CodePointList<CertificateCompressionAlgorithm>?
    /// One ECPointFormat a byte; 0 is uncompressed.
    let ecPointFormats: Span<UInt8>?
    /// The renegotiated_connection field: empty on an initial handshake.
    let renegotiationInfo: Span<UInt8>?
    /// A TLS 1.2 ticket, empty to ask for one.
    let sessionTicket: Span<UInt8>?
    let encryptedClientHello: Span<UInt8>?
    let requestsOCSP: Bool
    let maxFragmentLength: UInt8?
    let recordSizeLimit: UInt16?
    let ticketRequest: TicketRequest?
    let quicTransportParameters: Span<UInt8>?

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        legacyVersion = ProtocolVersion(rawValue: try reader.readUInt16())
        random = try reader.read(32)
        legacySessionID = try reader.readSessionID()
        let suites = try reader.readVector16()
        guard !suites.isEmpty, suites.count.isMultiple(of: 2) else {
            throw .malformed("cipher suites are not a list of two-byte values")
        }
        cipherSuites = try CodePointList(suites)
        legacyCompressionMethods = try reader.readVector8()
        guard !legacyCompressionMethods.isEmpty else { throw .malformed("names no compression method") }
        let list = try ExtensionList(optional: &reader)
        extensions = list
        try reader.expectEnd()

        var serverName: Span<UInt8>? = nil
        var supportedVersions: CodePointList<ProtocolVersion>? = nil
        var supportedGroups: CodePointList<NamedGroup>? = nil
        var signatureAlgorithms: CodePointList<SignatureScheme>? = nil
        var signatureAlgorithmsCert: CodePointList<SignatureScheme>? = nil
        var keyShares: KeyShareList? = nil
        var applicationProtocols: OpaqueList? = nil
        var cookie: Span<UInt8>? = nil
        var pskKeyExchangeModes: Span<UInt8>? = nil
        var preSharedKey: PreSharedKeyOffer? = nil
        var certificateAuthorities: OpaqueList? = nil
        var certificateCompression: CodePointList<CertificateCompressionAlgorithm>? = nil
        var ecPointFormats: Span<UInt8>? = nil
        var renegotiationInfo: Span<UInt8>? = nil
        var sessionTicket: Span<UInt8>? = nil
        var encryptedClientHello: Span<UInt8>? = nil
        var maxFragmentLength: UInt8? = nil
        var recordSizeLimit: UInt16? = nil
        var requestsOCSP = false
        var ticketRequest: TicketRequest? = nil
        var quicTransportParameters: Span<UInt8>? = nil
        var iterator = list.makeIterator()
        while let next = iterator.next() {
            // RFC 9846 §4.3.11: the binders cover all that stands before them.
            guard preSharedKey == nil else {
                throw .illegalParameter("is not the last one").located(in: .preSharedKey)
            }
            do throws(DecodeError) {
                var body = ByteReader(next.body)
                switch next.type {
                case .serverName: serverName = try body.readServerNameList()
                case .supportedVersions: supportedVersions = try body.readCodePoints8()
                case .supportedGroups: supportedGroups = try body.readCodePoints16()
                case .signatureAlgorithms: signatureAlgorithms = try body.readCodePoints16()
                case .signatureAlgorithmsCert: signatureAlgorithmsCert = try body.readCodePoints16()
                case .keyShare: keyShares = try KeyShareList(body.readVector16())
                case .applicationLayerProtocolNegotiation: applicationProtocols = try body.readProtocolNames()
                case .cookie: cookie = try body.readCookie()
                case .pskKeyExchangeModes: pskKeyExchangeModes = try body.readBytes8()
                case .preSharedKey: preSharedKey = try PreSharedKeyOffer(&body)
                case .certificateAuthorities: certificateAuthorities = try body.readDistinguishedNames()
                case .compressCertificate: certificateCompression = try body.readCodePoints8()
                case .ecPointFormats: ecPointFormats = try body.readBytes8()
                case .renegotiationInfo: renegotiationInfo = try body.readVector8()
                case .sessionTicket: sessionTicket = body.readRest()
                case .encryptedClientHello: encryptedClientHello = body.readRest()
                case .statusRequest: requestsOCSP = try body.readStatusRequest()
                case .maxFragmentLength: maxFragmentLength = try body.readMaxFragmentLength()
                case .recordSizeLimit: recordSizeLimit = try body.readRecordSizeLimit()
                case .quicTransportParameters: quicTransportParameters = body.readRest()
                case .ticketRequest:
                    ticketRequest = TicketRequest(
                        newSessionCount: try body.readUInt8(),
                        resumptionCount: try body.readUInt8()
                    )
                // Without content: `hasEarlyData` and its like tell whether they are there.
                case .earlyData, .extendedMasterSecret, .postHandshakeAuth, .signedCertificateTimestamp: break
                default: _ = body.readRest()
                }
                try body.expectEnd()
            } catch {
                throw error.located(in: next.type)
            }
        }
        self.requestsOCSP = requestsOCSP
        self.serverName = serverName
        self.supportedVersions = supportedVersions
        self.supportedGroups = supportedGroups
        self.signatureAlgorithms = signatureAlgorithms
        self.signatureAlgorithmsCert = signatureAlgorithmsCert
        self.keyShares = keyShares
        self.applicationProtocols = applicationProtocols
        self.cookie = cookie
        self.pskKeyExchangeModes = pskKeyExchangeModes
        self.preSharedKey = preSharedKey
        self.certificateAuthorities = certificateAuthorities
        self.certificateCompression = certificateCompression
        self.ecPointFormats = ecPointFormats
        self.renegotiationInfo = renegotiationInfo
        self.sessionTicket = sessionTicket
        self.encryptedClientHello = encryptedClientHello
        self.maxFragmentLength = maxFragmentLength
        self.recordSizeLimit = recordSizeLimit
        self.ticketRequest = ticketRequest
        self.quicTransportParameters = quicTransportParameters
    }
}

extension ClientHello {
    var hasPreSharedKey: Bool { extensions.contains(.preSharedKey) }
    var hasEarlyData: Bool { extensions.contains(.earlyData) }
    var hasExtendedMasterSecret: Bool { extensions.contains(.extendedMasterSecret) }
    var hasPostHandshakeAuth: Bool { extensions.contains(.postHandshakeAuth) }
    var requestsSignedCertificateTimestamps: Bool { extensions.contains(.signedCertificateTimestamp) }

    /// Whether TLS 1.3 is offered, which only supported_versions can do (RFC 9846 §4.3.1).
    var offersTLS13: Bool { supportedVersions?.contains(.tls13) ?? false }

    /// RFC 5746 §3.3: the extension and the signalling suite say the same.
    var supportsSecureRenegotiation: Bool {
        extensions.contains(.renegotiationInfo) || cipherSuites.contains(.emptyRenegotiationInfoSCSV)
    }

    /// RFC 9846 §4.2.2: a TLS 1.3 hello names the null method and no other.
    var offersOnlyNullCompression: Bool {
        legacyCompressionMethods.count == 1 && legacyCompressionMethods[0] == 0
    }

    /// RFC 5246 §7.4.1.2: a TLS 1.2 hello names at least the null method.
    var offersNullCompression: Bool {
        contains(legacyCompressionMethods, 0)
    }

    /// RFC 8422 §5.1.2: a hello without the extension takes uncompressed points; one with it must name them.
    var acceptsUncompressedPoints: Bool {
        guard let ecPointFormats else { return true }
        return contains(ecPointFormats, 0)
    }

    /// RFC 4492 §5.1.2: whether ansiX962_compressed_prime is named, which says what certificates may have.
    var acceptsCompressedPoints: Bool {
        guard let ecPointFormats else { return false }
        return contains(ecPointFormats, 1)
    }

    func allows(_ mode: PSKKeyExchangeMode) -> Bool {
        guard let pskKeyExchangeModes else { return false }
        return contains(pskKeyExchangeModes, mode.rawValue)
    }
}

extension ClientHello {
    /// Writes a ClientHello and gives the types of its extensions.
    @discardableResult
    static func write(
        random: Span<UInt8>,
        legacySessionID: Span<UInt8>,
        cipherSuites: [CipherSuite],
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void
    ) throws(EncodeError) -> ExtensionSet {
        let mark = HandshakeMessage.begin(.clientHello, in: &writer)
        writer.append(ProtocolVersion.tls12.rawValue)
        writer.append(random)
        writer.vector8(legacySessionID)
        writer.vector16 { list in
            for suite in cipherSuites {
                list.append(suite.rawValue)
            }
        }
        writer.vector8([0])
        let types = writer.optionalExtensions(extensions)
        try HandshakeMessage.end(mark, in: &writer)
        return types
    }
}
