// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("TLS 1.2 server")
struct TLS12ServerTests {
    // MARK: ServerHello

    @Test("clients with and without extended master secret", arguments: [true, false])
    func extendedMasterSecret(isOffered: Bool) throws {
        var hello = PuppetClientHello()
        hello.hasExtendedMasterSecret = isOffered
        var client = Puppet(isClient: true)
        var server = try makeServer()
        let flight = try start(&client, &server, hello)
        #expect(try serverHello(flight).extensions.contains(.extendedMasterSecret) == isOffered)
        try client.sendClientKeyExchange(to: flight, extended: isOffered)
        try client.sendChangeCipherSpec()
        try client.sendFinished()
        let last = try client.receive(Loopback.exchange(&server, client.output()))
        #expect(last.count == 2 && last.first == .changeCipherSpec)
        let isHandshaking = server.isHandshaking
        #expect(!isHandshaking)
        let data = try client.receive(Loopback.seal(&server, [1, 2, 3]))
        #expect(data == [.data([1, 2, 3])])
        // RFC 7627 §5.4: without the extension there are no exporters.
        let exported = exportFailure(server)
        #expect(exported == (isOffered ? nil : .misuse(.needsExtendedMasterSecret)))
    }

    @Test("ServerHello answers what was sent and nothing else")
    func answers() throws {
        var hello = PuppetClientHello()
        hello.serverName = "server.example"
        hello.applicationProtocols = ["h2"]
        var options = Pair()
        options.server.applicationProtocols = ["h2"]
        var client = Puppet(isClient: true)
        var server = try options.makeServer()
        let full = try serverHello(start(&client, &server, hello))
        #expect(
            full.extensions == [
                .serverName, .extendedMasterSecret, .renegotiationInfo, .ecPointFormats,
                .applicationLayerProtocolNegotiation,
            ]
        )

        hello = PuppetClientHello()
        hello.hasExtendedMasterSecret = false
        hello.renegotiationInfo = nil
        hello.pointFormats = nil
        client = Puppet(isClient: true)
        server = try makeServer()
        #expect(try serverHello(start(&client, &server, hello)).extensions == [])

        // RFC 5746 §3.6: the signalling suite counts as the extension.
        hello.cipherSuites.append(.emptyRenegotiationInfoSCSV)
        client = Puppet(isClient: true)
        server = try makeServer()
        #expect(try serverHello(start(&client, &server, hello)).extensions == [.renegotiationInfo])
    }

    @Test("a session ID is not resumed")
    func sessionID() throws {
        var hello = PuppetClientHello()
        hello.sessionID = [UInt8](repeating: 7, count: 32)
        var client = Puppet(isClient: true)
        var server = try makeServer()
        #expect(try serverHello(start(&client, &server, hello)).sessionID == [])
    }

    @Test("the random of a server that also speaks TLS 1.3 says so (RFC 9846 §4.2.3)", arguments: [true, false])
    func downgradeSentinel(speaksTLS13: Bool) throws {
        var pair = Pair()
        pair.server.versions = speaksTLS13 ? .tls12 ... .tls13 : .tls12 ... .tls12
        var client = Puppet(isClient: true)
        var server = try pair.makeServer()
        let random = try serverHello(start(&client, &server)).random
        #expect((Array(random[24...]) == ServerHello.tls12DowngradeSentinel) == speaksTLS13)
    }

    @Test("a client without supported_groups gets P-256 (RFC 8422 §4)")
    func noGroups() throws {
        var hello = PuppetClientHello()
        hello.groups = nil
        var client = Puppet(isClient: true)
        var server = try makeServer()
        let flight = try start(&client, &server, hello)
        guard case .message(.serverKeyExchange, let message) = flight[2] else {
            Issue.record("no ServerKeyExchange")
            return
        }
        #expect(try ServerKeyExchange(message.span.extracting(droppingFirst: 4)).group == .secp256r1)
        try finish(&client, &server, flight)
    }

    @Test("a client without signature_algorithms is refused")
    func noSignatureAlgorithms() throws {
        var hello = PuppetClientHello()
        hello.signatureSchemes = nil
        try expectRefusal(hello, .nothingInCommon(.signatureScheme), .handshakeFailure)
    }

    @Test("point formats without uncompressed")
    func pointFormats() throws {
        var hello = PuppetClientHello()
        hello.pointFormats = [1, 2]
        let error = TLSError.peerMisbehaved(.illegalParameter("the extension ec_point_formats without uncompressed"))
        try expectRefusal(hello, error, .illegalParameter)
    }

    @Test("a renegotiation from the start")
    func renegotiationInfo() throws {
        var hello = PuppetClientHello()
        hello.renegotiationInfo = [UInt8](repeating: 1, count: 12)
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientHello(hello)
        let error = Loopback.failure(&server, try client.output())
        #expect(error?.alert == .handshakeFailure)
        guard case .malformed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("compression without null")
    func compression() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientHello()
        var bytes = try client.output()
        // Record and message headers, version, random, empty session ID, suites; then one method.
        let suites = Int(bytes[44]) << 8 + Int(bytes[45])
        try #require(bytes[46 + suites] == 1 && bytes[47 + suites] == 0)
        bytes[47 + suites] = 1
        let error = Loopback.failure(&server, bytes)
        #expect(error == .nothingInCommon(.compression))
    }

    @Test("a fallback that was not needed (RFC 7507)")
    func fallback() throws {
        var hello = PuppetClientHello()
        hello.cipherSuites.append(.fallbackSCSV)
        try expectRefusal(hello, .peerMisbehaved(.inappropriateFallback), .inappropriateFallback)
    }

    // MARK: The client's flight

    @Test("keys that are no points", arguments: [NamedGroup.x25519, .secp256r1])
    func invalidKey(group: NamedGroup) throws {
        var hello = PuppetClientHello()
        hello.groups = group == .secp256r1 ? [group] : [group, .secp256r1]
        var client = Puppet(isClient: true)
        var server = try makeServer()
        _ = try start(&client, &server, hello)
        let length = group.keyExchangeGroup?.publicKeyLength ?? 0
        try client.send(.clientKeyExchange, body: [UInt8(length)] + [UInt8](repeating: 0, count: length))
        try expectFailure(&client, &server, .peerMisbehaved(.invalidKeyShare), .illegalParameter)
    }

    @Test("a key of the wrong length or form", arguments: [[0], [], [2, 1], [1, 1, 1]] as [[UInt8]])
    func malformedKey(body: [UInt8]) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        _ = try start(&client, &server)
        try client.send(.clientKeyExchange, body: body)
        let error = Loopback.failure(&server, try client.output())
        #expect(error?.alert == .decodeError)
    }

    @Test("a Finished that does not match", arguments: [true, false])
    func wrongFinished(extended: Bool) throws {
        var hello = PuppetClientHello()
        hello.hasExtendedMasterSecret = extended
        var client = Puppet(isClient: true)
        var server = try makeServer()
        let flight = try start(&client, &server, hello)
        try client.sendClientKeyExchange(to: flight, extended: extended)
        try client.sendChangeCipherSpec()
        try client.sendFinished(damage: 0x80)
        try expectFailure(&client, &server, .peerMisbehaved(.badFinished), .decryptError)
    }

    @Test("a Finished of another length", arguments: [0, 11, 13, 32])
    func finishedLength(count: Int) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendChangeCipherSpec()
        try client.send(.finished, body: [UInt8](repeating: 0, count: count))
        let error = Loopback.failure(&server, try client.output())
        #expect(error?.alert == .decodeError)
    }

    @Test("the master secret depends on what was offered")
    func mixedDerivations() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server), extended: false)
        try client.sendChangeCipherSpec()
        try client.sendFinished()
        try expectFailure(&client, &server, .peerMisbehaved(.badRecordMAC), .badRecordMAC)
    }

    @Test(
        "messages that are not ClientKeyExchange",
        arguments: [HandshakeType.certificate, .certificateVerify, .clientHello, .finished, .helloRequest, .keyUpdate]
    )
    func unexpectedMessage(type: HandshakeType) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        _ = try start(&client, &server)
        try client.send(type, body: [0, 0, 0])
        try expectFailure(&client, &server, .unexpected(type, expected: "ClientKeyExchange"), .unexpectedMessage)
    }

    // MARK: change_cipher_spec

    @Test("change_cipher_spec before ClientHello")
    func changeCipherSpecFirst() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendRecord(.changeCipherSpec, [1])
        try expectUnexpectedChange(&client, &server)
    }

    @Test("change_cipher_spec before ClientKeyExchange")
    func earlyChangeCipherSpec() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        _ = try start(&client, &server)
        try client.sendRecord(.changeCipherSpec, [1])
        try expectUnexpectedChange(&client, &server)
    }

    @Test("change_cipher_spec twice")
    func doubledChangeCipherSpec() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendRecord(.changeCipherSpec, [1])
        try client.sendRecord(.changeCipherSpec, [1])
        // The second one is not protected by the keys that the first one put in force.
        try expectFailure(&client, &server, .peerMisbehaved(.badRecordMAC), .badRecordMAC)
    }

    @Test("change_cipher_spec under the new keys")
    func protectedChangeCipherSpec() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendChangeCipherSpec()
        try client.sendRecord(.changeCipherSpec, [1])
        let error = Loopback.failure(&server, try client.output())
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("change_cipher_spec with other content", arguments: [[], [0], [2], [1, 1]] as [[UInt8]])
    func otherChangeCipherSpec(content: [UInt8]) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        let count = UInt8(content.count)
        let bytes = try client.output() + [20, 3, 3, 0, count] + content
        let error = Loopback.failure(&server, bytes)
        #expect(error?.alert == .illegalParameter)
    }

    @Test("change_cipher_spec within a message")
    func changeCipherSpecWithinMessage() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        // The start of a Finished that would end behind the change of keys.
        try client.sendRecord(.handshake, [HandshakeType.finished.rawValue, 0, 0, 12, 1, 2])
        try client.sendRecord(.changeCipherSpec, [1])
        let error = Loopback.failure(&server, try client.output())
        #expect(error == .peerMisbehaved(.unexpectedRecord("change_cipher_spec within a handshake message")))
    }

    @Test("Finished without change_cipher_spec")
    func missingChangeCipherSpec() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendFinished()
        try expectFailure(&client, &server, .unexpected(.finished, expected: "change_cipher_spec"), .unexpectedMessage)
    }

    @Test("Finished in the clear behind change_cipher_spec")
    func unprotectedFinished() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendRecord(.changeCipherSpec, [1])
        try client.sendFinished()
        try expectFailure(&client, &server, .peerMisbehaved(.badRecordMAC), .badRecordMAC)
    }

    @Test(
        "another message than Finished under the new keys",
        arguments: [HandshakeType.clientKeyExchange, .clientHello]
    )
    func otherThanFinished(type: HandshakeType) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendChangeCipherSpec()
        try client.send(type, body: [0, 0, 0])
        try expectFailure(&client, &server, .unexpected(type, expected: "Finished"), .unexpectedMessage)
    }

    @Test("application data before Finished")
    func earlyData() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendChangeCipherSpec()
        try client.sendRecord(.applicationData, [1, 2, 3])
        let error = Loopback.failure(&server, try client.output())
        #expect(error == .peerMisbehaved(.unexpectedRecord("application data")))
    }

    // MARK: After the handshake

    @Test("renegotiation is refused by a warning, and the connection goes on (RFC 5246 §7.2.2)")
    func renegotiation() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try finish(&client, &server, try start(&client, &server))
        for _ in 0..<TLSLimits.renegotiationRequests {
            try client.sendClientHello()
            let answer = try Loopback.exchange(&server, client.output())
            #expect(try client.receive(answer) == [.warning(.noRenegotiation)])
            try client.sendRecord(.applicationData, [7])
            #expect(try Loopback.feed(&server, client.output()) == [7])
            #expect(try client.receive(Loopback.seal(&server, [8])) == [.data([8])])
        }
        try client.sendClientHello()
        try expectFailure(&client, &server, .peerMisbehaved(.renegotiation), .unexpectedMessage)
    }

    @Test("a HelloRequest is the server's to send")
    func helloRequest() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try finish(&client, &server, try start(&client, &server))
        try client.sendOutsideTranscript(.helloRequest)
        let expected = TLSError.unexpected(.helloRequest, expected: "application data")
        try expectFailure(&client, &server, expected, .unexpectedMessage)
    }

    @Test("messages after the handshake", arguments: [HandshakeType.finished, .keyUpdate, .newSessionTicket])
    func laterMessages(type: HandshakeType) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try finish(&client, &server, try start(&client, &server))
        try client.send(type, body: [0])
        try expectFailure(&client, &server, .unexpected(type, expected: "application data"), .unexpectedMessage)
    }

    @Test("data right behind Finished, before the server's, is taken")
    func falseStart() throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientKeyExchange(to: try start(&client, &server))
        try client.sendChangeCipherSpec()
        try client.sendFinished()
        try client.sendRecord(.applicationData, [4, 5, 6])
        let data = try Loopback.feed(&server, client.output())
        #expect(data == [4, 5, 6])
    }

    // MARK: Steps

    private func exportFailure(_ session: borrowing ServerSession) -> TLSError? {
        do throws(TLSError) {
            _ = try session.exportKeyingMaterial(label: "EXPORTER-test", context: nil, count: 32)
            return nil
        } catch {
            return error
        }
    }

    private func makeServer() throws -> ServerSession {
        try Pair().makeServer()
    }

    private func start(
        _ client: inout Puppet,
        _ server: inout ServerSession,
        _ hello: PuppetClientHello = PuppetClientHello()
    ) throws -> [Puppet.Event] {
        try client.sendClientHello(hello)
        let flight = try client.receive(Loopback.exchange(&server, client.output()))
        let types = flight.map { event in
            if case .message(let type, _) = event { type } else { HandshakeType.messageHash }
        }
        #expect(types == [.serverHello, .certificate, .serverKeyExchange, .serverHelloDone])
        client.suite = try serverHello(flight).cipherSuite
        return flight
    }

    private func finish(
        _ client: inout Puppet,
        _ server: inout ServerSession,
        _ flight: [Puppet.Event]
    ) throws {
        try client.sendClientKeyExchange(to: flight)
        try client.sendChangeCipherSpec()
        try client.sendFinished()
        _ = try client.receive(Loopback.exchange(&server, client.output()))
        let isHandshaking = server.isHandshaking
        #expect(!isHandshaking)
    }

    private struct Answer {
        var random: [UInt8]
        var sessionID: [UInt8]
        var cipherSuite: CipherSuite
        var extensions: Set<ExtensionType>
    }

    private func serverHello(_ flight: [Puppet.Event]) throws -> Answer {
        guard case .message(.serverHello, let message) = flight.first else {
            throw TLSError.internalFailure("no ServerHello")
        }
        let hello = try ServerHello(message.span.extracting(droppingFirst: 4))
        var extensions: Set<ExtensionType> = []
        var iterator = hello.extensions.makeIterator()
        while let next = iterator.next() { extensions.insert(next.type) }
        return Answer(
            random: copyBytes(hello.random),
            sessionID: copyBytes(hello.legacySessionID),
            cipherSuite: hello.cipherSuite,
            extensions: extensions
        )
    }

    private func expectRefusal(_ hello: PuppetClientHello, _ expected: TLSError, _ alert: AlertDescription) throws {
        var client = Puppet(isClient: true)
        var server = try makeServer()
        try client.sendClientHello(hello)
        try expectFailure(&client, &server, expected, alert)
    }

    private func expectUnexpectedChange(_ client: inout Puppet, _ server: inout ServerSession) throws {
        let expected = TLSError.peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
        try expectFailure(&client, &server, expected, .unexpectedMessage)
    }

    /// The server fails at what the client has sent.
    private func expectFailure(
        _ client: inout Puppet,
        _ server: inout ServerSession,
        _ expected: TLSError,
        _ alert: AlertDescription
    ) throws {
        let before = server.negotiated
        let error = Loopback.failure(&server, try client.output())
        #expect(error == expected)
        #expect(error?.alert == alert)
        let pending = server.pendingOutputCount
        #expect(pending > 0)
        let after = server.negotiated
        #expect(after == before)
    }
}
