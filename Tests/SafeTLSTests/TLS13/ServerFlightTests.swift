// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// What a client refuses in a server's flight.
@Suite("TLS 1.3 server flights that a client refuses")
struct ServerFlightTests {
    // MARK: ServerHello

    @Test("ServerHello", arguments: BadHello.allCases)
    func serverHello(bad: BadHello) throws {
        var pair = Pair.tls13()
        pair.client.groups = [.x25519, .secp256r1]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let message = Array(WireBytes.records(Loopback.output(&server))[0].dropFirst(5))
        let body = Array(message.dropFirst(4))
        let hello = try ServerHello(body.span)
        var legacyVersion: [UInt8] = [3, 3]
        var sessionID = copyBytes(hello.legacySessionID)
        var suite = hello.cipherSuite
        var compression: UInt8 = 0
        let share = Array(copyBytes(hello.keyShare?.publicKey) ?? [])
        var version: [UInt8]? = [3, 4]
        var shareBody: [UInt8]? = [0, 29] + Hello.vector16(share)
        var others: [(ExtensionType, [UInt8])] = []
        switch bad {
        case .none: break
        case .legacyVersion: legacyVersion = [3, 1]
        case .sessionID: sessionID[0] ^= 1
        case .noSessionID: sessionID = []
        case .suite: suite = .ecdheECDSAWithAES128GCMSHA256
        case .unknownSuite: suite = CipherSuite(rawValue: 0x1304)
        case .compression: compression = 1
        case .version: version = [3, 5]
        case .oldVersion: version = [3, 3]
        case .noVersion: version = nil
        case .noShare: shareBody = nil
        case .otherGroup: shareBody = [0, 23] + Hello.vector16([UInt8](repeating: 4, count: 65))
        case .shortShare: shareBody = [0, 29] + Hello.vector16(Array(share.dropLast()))
        case .zeroShare: shareBody = [0, 29] + Hello.vector16([UInt8](repeating: 0, count: 32))
        case .unsolicited: others = [(ExtensionType(rawValue: 0x6A6A), [])]
        case .preSharedKey: others = [(.preSharedKey, [0, 0])]
        case .cookie: others = [(.cookie, [0, 1, 1])]
        case .misplaced: others = [(.supportedGroups, [0, 2, 0, 29])]
        case .serverName: others = [(.serverName, [])]
        case .duplicate: others = [(.supportedVersions, [3, 4])]
        }
        var extensions: [(ExtensionType, [UInt8])] = []
        if let shareBody { extensions.append((.keyShare, shareBody)) }
        if let version { extensions.append((.supportedVersions, version)) }
        let random = copyBytes(hello.random)
        var changed = legacyVersion + random + [UInt8(sessionID.count)] + sessionID
        changed += Hello.values([suite.rawValue]) + [compression] + WireBytes.extensions(extensions + others)
        let record = WireBytes.record(.handshake, WireBytes.message(.serverHello, changed))
        #expect(Loopback.refusal(&client, record)?.alert == bad.alert)
        if bad == .none { #expect(changed == body) }
    }

    enum BadHello: CaseIterable {
        case none, legacyVersion, sessionID, noSessionID, suite, unknownSuite, compression, version, oldVersion
        case noVersion, noShare, otherGroup, shortShare, zeroShare, unsolicited, preSharedKey, cookie, misplaced
        case serverName, duplicate

        var alert: AlertDescription? {
            switch self {
            case .none: nil
            case .noVersion, .legacyVersion: .protocolVersion
            case .noShare: .missingExtension
            case .unsolicited, .preSharedKey, .cookie: .unsupportedExtension
            default: .illegalParameter
            }
        }
    }

    @Test(
        "other messages instead of ServerHello",
        arguments: [
            HandshakeType.clientHello, .encryptedExtensions, .certificate, .finished, .newSessionTicket, .keyUpdate,
            .messageHash,
        ]
    )
    func insteadOfServerHello(type: HandshakeType) throws {
        var client = try Pair.tls13().makeClient()
        _ = Loopback.output(&client)
        let message = WireBytes.message(type, [UInt8](repeating: 0, count: 40))
        #expect(Loopback.plainAlert(&client, WireBytes.record(.handshake, message)) == .unexpectedMessage)
    }

    // MARK: The encrypted messages

    /// A client that has read the ServerHello, the server's other messages, and a forger with the server's keys.
    private func start(
        _ configure: (inout Pair) -> Void = { _ in },
        _ body: (inout ClientSession, [[UInt8]], Forger) throws -> Void
    ) throws {
        var pair = Pair.tls13()
        configure(&pair)
        let log = SecretLog()
        pair.server.keyLog = log
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let records = WireBytes.records(Loopback.output(&server))
        try Loopback.feed(&client, records[0])
        let messages = WireBytes.messages(try Forger(log, .serverHandshake).open(records[2]).content)
        try body(&client, messages, Forger(log, .serverHandshake))
    }

    @Test("the flight in one record, and in one record each")
    func good() throws {
        try start { client, messages, forger in
            #expect(
                messages.map { HandshakeType(rawValue: $0[0]) } == [
                    .encryptedExtensions, .certificate, .certificateVerify, .finished,
                ]
            )
            for message in messages { try Loopback.feed(&client, forger.seal(message)) }
            let negotiated = client.negotiated
            #expect(negotiated != nil)
        }
    }

    @Test(
        "messages that are left out or out of order",
        arguments: [
            [1], [2], [3], [0, 2], [0, 3], [0, 1, 3], [0, 0], [0, 1, 1], [0, 1, 2, 2],
        ]
    )
    func order(indices: [Int]) throws {
        try start { client, messages, forger in
            for index in indices.dropLast() { try Loopback.feed(&client, forger.seal(messages[index])) }
            let last = try forger.seal(messages[indices[indices.count - 1]])
            #expect(Loopback.refusal(&client, last)?.alert == .unexpectedMessage)
        }
    }

    @Test(
        "EncryptedExtensions",
        arguments: [
            (ExtensionType(rawValue: 0x7A7A), [], AlertDescription.unsupportedExtension),
            (.earlyData, [], .unsupportedExtension), (.recordSizeLimit, [0x40, 0], .unsupportedExtension),
            (.applicationLayerProtocolNegotiation, [0, 3, 2, 0x68, 0x32], .unsupportedExtension),
            (.keyShare, [0, 29], .illegalParameter), (.supportedVersions, [3, 4], .illegalParameter),
            (.signatureAlgorithms, [0, 2, 4, 3], .illegalParameter),
        ] as [(ExtensionType, [UInt8], AlertDescription)]
    )
    func encryptedExtensions(type: ExtensionType, body: [UInt8], alert: AlertDescription) throws {
        try start { client, _, forger in
            let message = WireBytes.message(.encryptedExtensions, WireBytes.extensions([(type, body)]))
            let record = try forger.seal(message)
            #expect(Loopback.refusal(&client, record)?.alert == alert)
        }
    }

    @Test(
        "ALPN answers",
        arguments: [
            ([0, 3, 2, 0x68, 0x32], nil), ([0, 3, 2, 0x68, 0x33], .illegalParameter), ([0, 0], .decodeError),
            ([0, 1, 0], .decodeError), ([0, 6, 2, 0x68, 0x32, 2, 0x68, 0x33], .decodeError),
        ] as [([UInt8], AlertDescription?)]
    )
    func alpn(body: [UInt8], alert: AlertDescription?) throws {
        try start({ $0.client.applicationProtocols = ["h2", "http/1.1"] }) { client, _, forger in
            let list = WireBytes.extensions([(.applicationLayerProtocolNegotiation, body)])
            let record = try forger.seal(WireBytes.message(.encryptedExtensions, list))
            #expect(Loopback.refusal(&client, record)?.alert == alert)
        }
    }

    @Test("supported_groups in EncryptedExtensions is for the client to know")
    func groups() throws {
        try start { client, _, forger in
            let list = WireBytes.extensions([(.supportedGroups, [0, 4, 0, 29, 0, 23])])
            try Loopback.feed(&client, forger.seal(WireBytes.message(.encryptedExtensions, list)))
        }
    }

    @Test("Certificate", arguments: BadCertificate.allCases)
    func certificate(bad: BadCertificate) throws {
        try start { client, messages, forger in
            try Loopback.feed(&client, forger.seal(messages[0]))
            let der = Array(messages[1].dropFirst(11).dropLast(2))
            let record = try forger.seal(WireBytes.message(.certificate, bad.body(der)))
            #expect(Loopback.refusal(&client, record)?.alert == bad.alert)
        }
    }

    enum BadCertificate: CaseIterable {
        case none, empty, context, unsolicited, misplaced, garbage, emptyEntry, tooMany

        func body(_ der: [UInt8]) -> [UInt8] {
            switch self {
            case .none: list([entry(der)])
            case .empty: list([])
            case .context: [1, 7] + list([entry(der)]).dropFirst()
            case .unsolicited: list([entry(der, [(.signedCertificateTimestamp, [0, 3, 0, 1, 1])])])
            // Offered, and not for this message (RFC 9846 §4.3).
            case .misplaced: list([entry(der, [(.supportedGroups, [0, 2, 0, 29])])])
            case .garbage: list([entry([1, 2, 3])])
            case .emptyEntry: list([entry([])])
            case .tooMany: list([[UInt8]](repeating: entry([1]), count: TLSLimits.certificateChainLength + 1))
            }
        }

        private func entry(_ der: [UInt8], _ extensions: [(ExtensionType, [UInt8])] = []) -> [UInt8] {
            [0] + Hello.vector16(der) + WireBytes.extensions(extensions)
        }

        private func list(_ entries: [[UInt8]]) -> [UInt8] {
            let content = entries.flatMap { $0 }
            return [0, UInt8(content.count >> 16), UInt8(content.count >> 8 & 0xFF), UInt8(content.count & 0xFF)]
                + content
        }

        var alert: AlertDescription? {
            switch self {
            case .none: nil
            case .empty, .emptyEntry: .decodeError
            case .context, .misplaced: .illegalParameter
            case .unsolicited: .unsupportedExtension
            case .garbage: .badCertificate
            case .tooMany: .unexpectedMessage
            }
        }
    }

    @Test(
        "CertificateRequest",
        arguments: [
            ([(.signatureAlgorithms, [0, 2, 4, 3])], [], nil), ([], [], .missingExtension),
            ([(.signatureAlgorithms, [0, 2, 4, 3])], [1], .illegalParameter),
            ([(.signatureAlgorithms, [0, 2, 4, 3]), (ExtensionType(rawValue: 0x8A8A), [1])], [], nil),
            ([(.signatureAlgorithms, [0, 2, 4, 3]), (.keyShare, [0, 29])], [], .illegalParameter),
            ([(.signatureAlgorithms, [0, 0])], [], .decodeError),
            // Allowed here, though no client has to do anything about it (RFC 9846 §4.3).
            ([(.signatureAlgorithms, [0, 2, 4, 3]), (.serverName, [])], [], nil),
            ([(.signatureAlgorithms, [0, 2, 4, 3]), (.serverName, [0, 4, 0, 0, 1, 0x61])], [], nil),
            ([(.signatureAlgorithms, [0, 2, 4, 3]), (.maxFragmentLength, [1])], [], .illegalParameter),
        ] as [([(ExtensionType, [UInt8])], [UInt8], AlertDescription?)]
    )
    func certificateRequest(
        extensions: [(ExtensionType, [UInt8])],
        context: [UInt8],
        alert: AlertDescription?
    ) throws {
        try start { client, messages, forger in
            try Loopback.feed(&client, forger.seal(messages[0]))
            let body = [UInt8(context.count)] + context + WireBytes.extensions(extensions)
            let request = WireBytes.message(.certificateRequest, body)
            #expect(try Loopback.refusal(&client, forger.seal(request))?.alert == alert)
            guard alert == nil else { return }
            // One is enough.
            #expect(try Loopback.refusal(&client, forger.seal(request))?.alert == .unexpectedMessage)
        }
    }

    @Test(
        "CertificateVerify",
        arguments: [
            ("signature", AlertDescription.decryptError), ("scheme", .illegalParameter), ("unknown", .illegalParameter),
            ("pkcs1", .illegalParameter), ("short", .decodeError), ("empty", .decryptError),
        ]
    )
    func certificateVerify(what: String, alert: AlertDescription) throws {
        try start { client, messages, forger in
            try Loopback.feed(&client, forger.seal(messages[0] + messages[1]))
            var body = Array(messages[2].dropFirst(4))
            switch what {
            case "signature": body[body.count - 1] ^= 1
            // Offered, but not what this key signs with.
            case "scheme": body.replaceSubrange(0..<2, with: Hello.values([SignatureScheme.ed25519.rawValue]))
            case "unknown": body.replaceSubrange(0..<2, with: [0xFE, 0xFE])
            case "pkcs1": body.replaceSubrange(0..<2, with: Hello.values([SignatureScheme.rsaPKCS1SHA256.rawValue]))
            case "short": body.removeLast()
            default: body = Array(body.prefix(2)) + [0, 0]
            }
            let error = try Loopback.refusal(&client, forger.seal(WireBytes.message(.certificateVerify, body)))
            #expect(error?.alert == alert)
        }
    }

    @Test(
        "Finished",
        arguments: [("changed", AlertDescription.decryptError), ("short", .decodeError), ("long", .decodeError)]
    )
    func finished(what: String, alert: AlertDescription) throws {
        try start { client, messages, forger in
            try Loopback.feed(&client, forger.seal(messages[0] + messages[1] + messages[2]))
            var body = Array(messages[3].dropFirst(4))
            switch what {
            case "changed": body[0] ^= 1
            case "short": body.removeLast()
            default: body.append(0)
            }
            #expect(try Loopback.refusal(&client, forger.seal(WireBytes.message(.finished, body)))?.alert == alert)
            let negotiated = client.negotiated
            #expect(negotiated == nil)
        }
    }

    @Test("a Finished must end its record")
    func boundary() throws {
        try start { client, messages, forger in
            let record = try forger.seal(messages.flatMap { $0 } + [4])
            #expect(Loopback.refusal(&client, record) == .peerMisbehaved(.dataAcrossKeyChange))
        }
    }

    // MARK: The client's flight, as the server sees it

    @Test(
        "a client's Finished",
        arguments: ["changed", "short", "missing", "boundary", "certificate", "endOfEarlyData"]
    )
    func clientFinished(what: String) throws {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.server.keyLog = log
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        try Loopback.feed(&client, Loopback.output(&server))
        let record = try #require(WireBytes.records(Loopback.output(&client)).last)
        var message = try Forger(log, .clientHandshake).open(record).content
        let forger = try Forger(log, .clientHandshake)
        let alert: AlertDescription
        switch what {
        case "changed":
            message[10] ^= 1
            alert = .decryptError
        case "short":
            message = WireBytes.message(.finished, Array(message[4..<20]))
            alert = .decodeError
        case "missing":
            message = WireBytes.message(.keyUpdate, [0])
            alert = .unexpectedMessage
        case "boundary":
            message += [24]
            alert = .unexpectedMessage
        case "certificate":
            message = WireBytes.message(.certificate, [0, 0, 0, 0])
            alert = .unexpectedMessage
        default:
            message = WireBytes.message(.endOfEarlyData)
            alert = .unexpectedMessage
        }
        #expect(try Loopback.refusal(&server, forger.seal(message))?.alert == alert)
        let negotiated = server.negotiated
        #expect(negotiated == nil)
    }
}
