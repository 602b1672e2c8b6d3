// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What QUIC forbids, and the error codes that say so (RFC 9001 §4.8, RFC 9000 §20.1).
@Suite("QUIC refuses")
struct QUICRefusalTests {
    private static let protocolViolation: UInt64 = 0x0A

    /// A client's first message.
    private static func hello(_ pair: Pair = .quic()) throws -> [UInt8] {
        var client = try pair.makeQUICClient()
        var bytes: [UInt8] = []
        client.moveOutput(at: .initial, appendingTo: &bytes)
        return bytes
    }

    /// What a server makes of a ClientHello.
    private static func server(
        _ hello: [UInt8],
        _ pair: Pair = .quic(),
        at level: QUICLevel = .initial
    ) throws -> TLSError? {
        var server = try pair.makeQUICServer()
        let error = QUICConnection.refusal(&server, hello, at: level)
        let (failure, isComplete) = (server.failure, server.isHandshakeComplete)
        #expect(failure == error && !isComplete)
        // An alert is no bytes, and there are no secrets for what has failed.
        let count = QUICLevel.allCases.reduce(0) { $0 + server.pendingOutputCount(at: $1) }
        let secret = server.takeSecret()
        #expect(error == nil || count == 0 && secret == nil)
        // The error is final.
        #expect(error == nil || QUICConnection.refusal(&server, [0], at: .initial) == error)
        return error
    }

    /// What a client makes of a server's flight with other EncryptedExtensions.
    private static func client(
        _ pair: Pair = .quic(),
        _ change: (inout [(ExtensionType, [UInt8])]) -> Void
    ) throws -> TLSError? {
        var connection = try QUICConnection(pair)
        try connection.toServer()
        var failure: TLSError?
        do {
            try connection.toClient { level, bytes in
                if level == .handshake { bytes = try QUICMessages.flight(bytes, change) }
            }
        } catch let error as TLSError {
            failure = error
        }
        return failure
    }

    // MARK: Hellos

    @Test("a ClientHello without transport parameters")
    func noClientParameters() throws {
        let hello = try QUICMessages.hello(Self.hello()) { $0.removeAll { $0.0 == .quicTransportParameters } }
        let error = try Self.server(hello)
        #expect(error == .peerMisbehaved(.missingExtension(.quicTransportParameters)))
        #expect(error?.quicErrorCode == 0x0100 + 109)
    }

    @Test("EncryptedExtensions without transport parameters")
    func noServerParameters() throws {
        let error = try Self.client { $0.removeAll { $0.0 == .quicTransportParameters } }
        #expect(error == .peerMisbehaved(.missingExtension(.quicTransportParameters)))
        #expect(error?.quicErrorCode == 0x016D)
    }

    @Test("transport parameters where there is no QUIC")
    func notQUIC() throws {
        var server = try Pair.quic().makeServer()
        let record = WireBytes.record(.handshake, try Self.hello())
        #expect(Loopback.plainAlert(&server, record) == .unsupportedExtension)
        let failure = server.failure
        #expect(failure == .peerMisbehaved(.transportParametersWithoutQUIC))
        // In TLS 1.2 as well.
        var pair = Pair.quic()
        pair.restrict(to: .tls12)
        var older = try pair.makeServer()
        var client = try pair.makeClient()
        let own = Array(Loopback.output(&client).dropFirst(RecordSize.header))
        let changed = try QUICMessages.hello(own) { $0.append((.quicTransportParameters, [1])) }
        #expect(Loopback.plainAlert(&older, WireBytes.record(.handshake, changed)) == .unsupportedExtension)
    }

    @Test("a session ID")
    func sessionID() throws {
        let error = try Self.server(try QUICMessages.hello(withSessionID: try Self.hello()))
        #expect(error == .peerMisbehaved(.quic(.sessionID)))
        #expect(error?.quicErrorCode == Self.protocolViolation)
        #expect(error?.alert == .illegalParameter)
    }

    @Test("a ClientHello of TLS 1.2")
    func olderClient() throws {
        let hello = try QUICMessages.hello(Self.hello()) { $0.removeAll { $0.0 == .supportedVersions } }
        let error = try Self.server(hello)
        #expect(error == .nothingInCommon(.protocolVersion))
        #expect(error?.quicErrorCode == 0x0100 + 70)
    }

    @Test("a server of TLS 1.2")
    func olderServer() throws {
        var connection = try QUICConnection(Pair.quic())
        try connection.toServer()
        let hello = connection.serverStack.waiting[0].bytes
        // ServerHello without supported_versions: version, random and the empty session ID, suite, compression.
        let error = QUICConnection.refusal(
            &connection.client,
            WireBytes.message(.serverHello, Array(hello[4..<42])),
            at: .initial
        )
        #expect(error == .nothingInCommon(.protocolVersion))
    }

    @Test("no application protocol in common")
    func noProtocol() throws {
        var silent = Pair.quic()
        silent.server.applicationProtocols = []
        var other = Pair.quic()
        other.server.applicationProtocols = ["h2"]
        let unwilling = try QUICMessages.hello(Self.hello()) { list in
            list.removeAll { $0.0 == .applicationLayerProtocolNegotiation }
        }
        let errors = [
            try Self.server(Self.hello(), silent), try Self.server(Self.hello(), other), try Self.server(unwilling),
            try Self.client { $0.removeAll { $0.0 == .applicationLayerProtocolNegotiation } },
        ]
        #expect(errors == [TLSError?](repeating: .nothingInCommon(.applicationProtocol), count: 4))
        #expect(errors[0]?.quicErrorCode == 0x0178)
    }

    @Test("a driver's answer without an application protocol")
    func declinedProtocol() throws {
        let pair = Pair.quic()
        var connection = try QUICConnection(pair, server: .clientHello)
        try connection.toServer()
        let configuration = try pair.serverConfiguration()
        #expect(throws: TLSError.nothingInCommon(.applicationProtocol)) {
            try connection.server.answer(configuration: configuration, applicationProtocol: .none)
        }
    }

    @Test("configurations that are none for QUIC, before anything is sent")
    func configurations() throws {
        var older = Pair.quic()
        older.restrict(to: .tls12)
        #expect(throws: TLSError.self) { _ = try older.makeQUICClient() }
        #expect(throws: TLSError.self) { _ = try older.makeQUICServer() }
        var silent = Pair.quic()
        silent.client.applicationProtocols = []
        #expect(throws: TLSError.self) { _ = try silent.makeQUICClient() }
        let tooLong = [UInt8](repeating: 0, count: TLSLimits.quicTransportParametersLength + 1)
        let (client, server) = (try Pair.quic().clientConfiguration(), try Pair.quic().serverConfiguration())
        #expect(throws: TLSError.self) {
            _ = try QUICServerSession(configuration: server, transportParameters: tooLong)
        }
        #expect(throws: TLSError.self) {
            _ = try QUICClientSession(
                configuration: client,
                serverName: .dns("a.example"),
                transportParameters: tooLong
            )
        }
        #expect(throws: TLSError.self) {
            _ = try QUICClientSession(unnamedServerOf: client, transportParameters: [])
        }
    }

    @Test("Nothing of records, of middleboxes, of 0-RTT data and of what follows a handshake is offered")
    func offer() throws {
        var pair = Pair.quic()
        pair.client.records.sizeLimit = 512
        pair.client.offersEarlyData = true
        pair.client.offersPostHandshakeAuthentication = true
        let message = try Self.hello(pair)
        let types = try QUICMessages.types(inHello: message)
        let absent: [ExtensionType] = [
            .recordSizeLimit, .maxFragmentLength, .earlyData, .postHandshakeAuth, .extendedMasterSecret,
            .renegotiationInfo, .sessionTicket, .ecPointFormats,
        ]
        #expect(types.contains(.quicTransportParameters) && !types.contains(where: absent.contains))
        let hello = try ClientHello(message.span.extracting(droppingFirst: 4))
        let (idLength, versions) = (hello.legacySessionID.count, hello.supportedVersions?.array)
        #expect(idLength == 0 && versions == [.tls13])
        let suites = hello.cipherSuites.array
        #expect(suites == CipherSuite.supported.filter(\.isTLS13))
    }

    @Test("A server answers neither sizes of records nor 0-RTT data")
    func answer() throws {
        let hello = try QUICMessages.hello(Self.hello()) { list in
            list += [
                (.recordSizeLimit, [2, 0]), (.maxFragmentLength, [1]), (.earlyData, []), (.postHandshakeAuth, []),
            ]
        }
        var pair = Pair.quic()
        pair.server.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
        pair.server.ticketCount = 1
        var server = try pair.makeQUICServer()
        try server.receive(hello, at: .initial)
        var flight: [UInt8] = []
        server.moveOutput(at: .handshake, appendingTo: &flight)
        #expect(
            try QUICMessages.types(inFlight: flight) == [
                .serverName, .applicationLayerProtocolNegotiation, .quicTransportParameters,
            ]
        )
    }

    // MARK: Levels

    @Test("bytes of a level that is not due", arguments: [QUICLevel.handshake, .application])
    func laterLevel(level: QUICLevel) throws {
        let error = try Self.server(Self.hello(), at: level)
        #expect(error == .peerMisbehaved(.quic(.wrongLevel(received: level, expected: .initial))))
        #expect(error?.quicErrorCode == Self.protocolViolation && error?.alert == .unexpectedMessage)
    }

    @Test("bytes of a level that was left", arguments: [QUICLevel.initial, .handshake])
    func earlierLevel(level: QUICLevel) throws {
        var connection = try QUICConnection.complete()
        let expected = TLSError.peerMisbehaved(.quic(.wrongLevel(received: level, expected: .application)))
        #expect(QUICConnection.refusal(&connection.client, [1], at: level) == expected)
        #expect(QUICConnection.refusal(&connection.server, [1], at: level) == expected)
        // None at all are no bytes.
        var other = try QUICConnection.complete()
        try other.client.receive([], at: level)
        let failure = other.client.failure
        #expect(failure == nil)
    }

    @Test("a flight in one level")
    func wrongFlightLevel() throws {
        var connection = try QUICConnection(Pair.quic())
        try connection.toServer()
        let flight = connection.serverStack.waiting
        try connection.client.receive(flight[0].bytes, at: .initial)
        let error = QUICConnection.refusal(&connection.client, flight[1].bytes, at: .initial)
        #expect(error == .peerMisbehaved(.quic(.wrongLevel(received: .initial, expected: .handshake))))
    }

    @Test("bytes that are left over where keys change", arguments: [1, 4, 40])
    func leftOver(count: Int) throws {
        let rest = [UInt8](repeating: 0, count: count)
        let expected = TLSError.peerMisbehaved(.dataAcrossKeyChange)
        #expect(expected.quicErrorCode == Self.protocolViolation)
        #expect(try Self.server(Self.hello() + rest) == expected)
        for level in [QUICLevel.initial, .handshake] {
            var connection = try QUICConnection(Pair.quic())
            try connection.toServer()
            #expect(throws: expected) {
                try connection.toClient { if $0 == level { $1 += rest } }
            }
        }
        var connection = try QUICConnection(Pair.quic())
        try connection.toServer()
        try connection.toClient()
        #expect(throws: expected) { try connection.toServer { $1 += rest } }
    }

    @Test("more bytes than wait for a driver")
    func waiting() throws {
        let hello = try Self.hello()
        for (count, error) in [
            (TLSLimits.waitingCryptoBytes, nil),
            (TLSLimits.waitingCryptoBytes + 1, TLSError.peerMisbehaved(.quic(.tooManyWaitingBytes))),
        ] {
            var server = try Pair.quic().makeQUICServer(deferring: .clientHello)
            try server.receive(hello, at: .initial)
            let first = [UInt8](repeating: 0, count: TLSLimits.waitingCryptoBytes)
            try server.receive(first, at: .initial)
            let rest = [UInt8](repeating: 0, count: count - first.count)
            #expect(QUICConnection.refusal(&server, rest, at: .initial) == error)
            // The same if they come with the message.
            var other = try Pair.quic().makeQUICServer(deferring: .clientHello)
            #expect(QUICConnection.refusal(&other, hello + first + rest, at: .initial) == error)
        }
        #expect(TLSError.peerMisbehaved(.quic(.tooManyWaitingBytes)).quicErrorCode == 0x0D)
    }

    @Test("a message that is too long, before it is there")
    func longMessage() throws {
        let error = try Self.server([1, 0xFF, 0xFF, 0xFF])
        #expect(error?.quicErrorCode == 0x0132)
    }

    // MARK: Messages

    @Test("KeyUpdate, on both sides")
    func keyUpdate() throws {
        for requested: UInt8 in [0, 1] {
            var connection = try QUICConnection.complete()
            let message = WireBytes.message(.keyUpdate, [requested])
            let errors = [
                QUICConnection.refusal(&connection.client, message, at: .application),
                QUICConnection.refusal(&connection.server, message, at: .application),
            ]
            for error in errors {
                guard case .peerMisbehaved(.unexpectedMessage("key_update", _)) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(error?.quicErrorCode == 0x010A)
            }
        }
    }

    @Test("a CertificateRequest after the handshake")
    func postHandshakeAuthentication() throws {
        var connection = try QUICConnection.complete { pair in
            pair.client.offersPostHandshakeAuthentication = true
            pair.client.credentials = (try? [TestCredentials.named("ed25519")]) ?? []
        }
        let body: [UInt8] = [0] + WireBytes.extensions([(.signatureAlgorithms, [0, 2, 4, 3])])
        let error = QUICConnection.refusal(
            &connection.client,
            WireBytes.message(.certificateRequest, body),
            at: .application
        )
        #expect(error == .peerMisbehaved(.quic(.postHandshakeAuthentication)))
        #expect(error?.quicErrorCode == Self.protocolViolation)
    }

    @Test("EndOfEarlyData, and any message of a client after its Finished")
    func clientMessages() throws {
        var connection = try QUICConnection(Pair.quic())
        try connection.toServer()
        let early = QUICConnection.refusal(
            &connection.server,
            WireBytes.message(.endOfEarlyData),
            at: .handshake
        )
        #expect(early?.quicErrorCode == 0x010A)
        for type in [HandshakeType.newSessionTicket, .certificate, .finished, .clientHello] {
            var complete = try QUICConnection.complete()
            let error = QUICConnection.refusal(&complete.server, WireBytes.message(type, [0]), at: .application)
            #expect(error?.quicErrorCode == 0x010A, "\(type)")
        }
    }

    @Test("A driver's alert is a code, and no bytes")
    func reject() throws {
        var connection = try QUICConnection(Pair.quic(), server: .clientHello)
        try connection.toServer()
        connection.server.reject(.accessDenied, reason: "the test says so")
        let (failure, count) = (connection.server.failure, connection.server.pendingOutputCount(at: .initial))
        #expect(failure?.quicErrorCode == 0x0100 + 49 && count == 0)
        #expect(TLSError.misuse(.closed).quicErrorCode == nil)
    }

    @Test("What was not taken of the secrets is gone with a failure")
    func secretsAfterFailure() throws {
        var connection = try QUICConnection(Pair.quic())
        var hello: [UInt8] = []
        connection.client.moveOutput(at: .initial, appendingTo: &hello)
        try connection.server.receive(hello, at: .initial)
        #expect(QUICConnection.refusal(&connection.server, [1], at: .initial) != nil)
        let secret = connection.server.takeSecret()
        #expect(secret == nil)
    }

    // MARK: Output

    @Test("Output waits until it is taken, whole or in parts")
    func output() throws {
        struct Full: Error {}
        var client = try Pair.quic().makeQUICClient()
        let count = client.pendingOutputCount(at: .initial)
        #expect(throws: Full.self) { try client.takeOutput(at: .initial) { _ in throw Full() } }
        var parts: [UInt8] = []
        client.takeOutput(at: .handshake) { _ in parts.append(1) }
        while client.pendingOutputCount(at: .initial) > 0 {
            parts.append(addingCapacity: 100) { free in _ = client.moveOutput(at: .initial, into: &free) }
        }
        #expect(parts.count == count && WireBytes.messages(parts).count == 1)
    }
}
