// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("TLS 1.2 client")
struct TLS12ClientTests {
    // MARK: Complete handshakes

    @Test("servers with and without extended master secret", arguments: [true, false])
    func extendedMasterSecret(isAnswered: Bool) throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        var hello = PuppetServerHello()
        hello.hasExtendedMasterSecret = isAnswered
        try sendFlight(&server, &client, hello)
        let events = try finish(&server, &client, extended: isAnswered)
        #expect(events == [.clientKeyExchange])
        try server.sendRecord(.applicationData, [1, 2, 3])
        let data = try Loopback.feed(&client, server.output())
        #expect(data == [1, 2, 3])
        // RFC 7627 §5.4: without the extension there are no exporters.
        let exported = exportFailure(client)
        #expect(exported == (isAnswered ? nil : .misuse(.needsExtendedMasterSecret)))
    }

    @Test("a request for a certificate is answered with none (RFC 5246 §7.4.6)")
    func certificateRequest() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try startFlight(&server, &client)
        try server.send { writer throws(EncodeError) in
            try TLS12CertificateRequest.write(
                signatureAlgorithms: [.ecdsaSECP256R1SHA256],
                certificateAuthorities: [],
                into: &writer
            )
        }
        try server.send(.serverHelloDone)
        #expect(try finish(&server, &client) == [.certificate, .clientKeyExchange])
    }

    @Test("HelloRequest is ignored during the handshake, and is no part of the transcript (RFC 5246 §7.4.1.1)")
    func helloRequest() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendOutsideTranscript(.helloRequest)
        try server.sendServerHello()
        try server.sendOutsideTranscript(.helloRequest)
        try server.sendCertificate("p256")
        try server.sendServerKeyExchange("p256", .ecdsaSECP256R1SHA256)
        try server.send(.serverHelloDone)
        _ = try finish(&server, &client)
    }

    @Test("a server's own session ID is not remembered")
    func ownSessionID() throws {
        var hello = PuppetServerHello()
        hello.sessionID = [UInt8](repeating: 3, count: 32)
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client, hello)
        _ = try finish(&server, &client)
    }

    @Test("supported_groups in a ServerHello is tolerated (RFC 9846 §4.3.7)")
    func supportedGroups() throws {
        var hello = PuppetServerHello()
        hello.other = (.supportedGroups, [0, 2, 0, 29])
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client, hello)
        _ = try finish(&server, &client)
    }

    // MARK: ServerHello

    @Test("the random of a server that could do better (RFC 9846 §4.2.3)", arguments: [UInt8(0), 1])
    func downgradeSentinel(last: UInt8) throws {
        var server = Puppet(isClient: false)
        for (index, byte) in ServerHello.tls12DowngradeSentinel.enumerated() {
            server.randoms.server[24 + index] = byte
        }
        server.randoms.server[31] = last
        try expectRefusal(
            &server,
            PuppetServerHello(),
            .peerMisbehaved(.downgradeDetected),
            .illegalParameter,
            versions: .tls12 ... .tls13
        )
        // A client that offers no more than TLS 1.2 gets what it wants.
        var client = try makeClient(versions: .tls12 ... .tls12)
        server = Puppet(isClient: false)
        server.randoms.server[31] = last
        try sendFlight(&server, &client)
        _ = try finish(&server, &client)
    }

    @Test("a server without secure renegotiation (RFC 5746 §3.4)")
    func noRenegotiationInfo() throws {
        var hello = PuppetServerHello()
        hello.renegotiationInfo = nil
        try expectRefusal(hello, .nothingInCommon(.requiredExtension(.renegotiationInfo)), .handshakeFailure)
    }

    @Test("a handshake that is a renegotiation for the server")
    func renegotiationInfo() throws {
        var hello = PuppetServerHello()
        hello.renegotiationInfo = [UInt8](repeating: 1, count: 24)
        try expectRefusal(hello, nil, .handshakeFailure)
    }

    @Test(
        "a suite that was not offered",
        arguments: [
            CipherSuite.aes128GCMSHA256, .ecdheRSAWithAES256GCMSHA384, CipherSuite(rawValue: 0xC013),
            .emptyRenegotiationInfoSCSV,
        ]
    )
    func otherSuite(suite: CipherSuite) throws {
        var hello = PuppetServerHello()
        hello.cipherSuite = suite
        let error = TLSError.peerMisbehaved(
            .illegalParameter("the cipher suite \(suite), which was not offered")
        )
        var server = Puppet(isClient: false)
        try expectRefusal(
            &server,
            hello,
            error,
            .illegalParameter,
            suites: [.aes128GCMSHA256, .ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256]
        )
    }

    @Test("the echo of a session ID would be a resumption")
    func echoedSessionID() throws {
        var client = try makeClient(versions: .tls12 ... .tls13)
        var server = Puppet(isClient: false)
        let output = Loopback.output(&client)
        // Record header, message header, version, random and length come before it.
        let sessionID = Array(output[44..<76])
        #expect(output[43] == 32)
        _ = try server.receive(output)
        var hello = PuppetServerHello()
        hello.sessionID = sessionID
        try server.sendServerHello(hello)
        let error = Loopback.failure(&client, try server.output())
        let expected = "the resumption of a session that does not exist"
        #expect(error == .peerMisbehaved(.illegalParameter(expected)))
    }

    @Test("extensions that were not offered", arguments: [ExtensionType.sessionTicket, .heartbeat])
    func unsolicited(type: ExtensionType) throws {
        var hello = PuppetServerHello()
        hello.other = (type, [])
        try expectRefusal(hello, .peerMisbehaved(.unsolicitedExtension(type)), .unsupportedExtension)
    }

    @Test("an application protocol without an offer")
    func unsolicitedProtocol() throws {
        var hello = PuppetServerHello()
        hello.applicationProtocols = ["h2"]
        let error = TLSError.peerMisbehaved(.unsolicitedExtension(.applicationLayerProtocolNegotiation))
        try expectRefusal(hello, error, .unsupportedExtension)
    }

    @Test("an extension that was offered and belongs elsewhere")
    func misplacedExtension() throws {
        var hello = PuppetServerHello()
        hello.other = (.signatureAlgorithms, [0, 2, 4, 3])
        try expectRefusal(hello, nil, .illegalParameter)
    }

    @Test("point formats without uncompressed")
    func pointFormats() throws {
        var hello = PuppetServerHello()
        hello.pointFormats = [1]
        let error = TLSError.peerMisbehaved(.illegalParameter("the extension ec_point_formats without uncompressed"))
        try expectRefusal(hello, error, .illegalParameter)
    }

    // MARK: Certificate and ServerKeyExchange

    @Test("a certificate whose key is not that of the suite", arguments: ["rsa2048", "rsapss2048"])
    func otherKind(name: String) throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendCertificate(name)
        try expectFailure(&server, &client, nil, .illegalParameter)
    }

    @Test("an empty chain")
    func noCertificate() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.send(.certificate, body: [0, 0, 0])
        try expectFailure(&server, &client, .peerMisbehaved(.noServerCertificate), .decodeError)
    }

    @Test("a signature that does not match")
    func badSignature() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try startFlight(&server, &client) { signature in signature[signature.count - 1] ^= 1 }
        try expectFailure(&server, &client, .peerMisbehaved(.badHandshakeSignature), .decryptError)
    }

    @Test("a signature over another random")
    func otherRandom() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        server.randoms.client[0] ^= 1
        try server.sendCertificate("p256")
        try server.sendServerKeyExchange("p256", .ecdsaSECP256R1SHA256)
        try expectFailure(&server, &client, .peerMisbehaved(.badHandshakeSignature), .decryptError)
    }

    @Test("a signature with another key")
    func otherKey() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendCertificate("p256")
        try server.sendServerKeyExchange("other", .ecdsaSECP256R1SHA256)
        try expectFailure(&server, &client, .peerMisbehaved(.badHandshakeSignature), .decryptError)
    }

    @Test("a signature scheme that was not offered")
    func otherScheme() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.signatureSchemes = [.ecdsaSECP384R1SHA384]
        var client = try pair.makeClient()
        var server = Puppet(isClient: false)
        try startFlight(&server, &client)
        try expectFailure(&server, &client, nil, .illegalParameter)
    }

    @Test(
        "a group that was not offered or does not exist",
        arguments: [NamedGroup.secp521r1, .x25519MLKEM768, NamedGroup(rawValue: 30)]
    )
    func otherGroup(group: NamedGroup) throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        // Of TLS 1.3 only.
        pair.client.groups = [.x25519MLKEM768, .x25519, .secp256r1]
        var client = try pair.makeClient()
        var server = Puppet(isClient: false)
        // What such a group sends is too long for the message.
        let publicKey = [UInt8](repeating: 9, count: 32)
        try startFlight(&server, &client, group: group, publicKey: group.isPostQuantum ? publicKey : nil)
        let error = TLSError.peerMisbehaved(.illegalParameter("a key of the group \(group), which was not offered"))
        try expectFailure(&server, &client, error, .illegalParameter)
    }

    @Test("keys that are no points", arguments: [NamedGroup.x25519, .secp256r1])
    func invalidKey(group: NamedGroup) throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        let length = group.keyExchangeGroup?.publicKeyLength ?? 0
        try startFlight(&server, &client, group: group, publicKey: [UInt8](repeating: 0, count: length))
        try server.send(.serverHelloDone)
        try expectFailure(&server, &client, .peerMisbehaved(.invalidKeyShare), .illegalParameter)
    }

    // MARK: Order

    @Test("ServerHelloDone with content")
    func fullServerHelloDone() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try startFlight(&server, &client)
        try server.send(.serverHelloDone, body: [0])
        try expectFailure(&server, &client, nil, .decodeError)
    }

    @Test("a Certificate, a ServerKeyExchange, a second CertificateRequest missing or out of place")
    func order() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendServerKeyExchange("p256", .ecdsaSECP256R1SHA256)
        let noCertificate = TLSError.unexpected(.serverKeyExchange, expected: "Certificate")
        try expectFailure(&server, &client, noCertificate, .unexpectedMessage)

        client = try makeClient()
        server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendCertificate("p256")
        try server.send(.serverHelloDone)
        let noKey = TLSError.unexpected(.serverHelloDone, expected: "ServerKeyExchange")
        try expectFailure(&server, &client, noKey, .unexpectedMessage)

        client = try makeClient()
        server = Puppet(isClient: false)
        try startFlight(&server, &client)
        for _ in 0..<2 { try server.send(.certificateRequest, body: [1, 64, 0, 2, 4, 3, 0, 0]) }
        let twice = TLSError.unexpected(.certificateRequest, expected: "ServerHelloDone")
        try expectFailure(&server, &client, twice, .unexpectedMessage)
    }

    @Test("tickets and certificate status that were not asked for")
    func unsolicitedMessages() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client)
        _ = try server.receive(answer(&server, &client))
        try server.send(.newSessionTicket, body: [0, 0, 0, 0, 0, 1, 7])
        let ticket = TLSError.unexpected(.newSessionTicket, expected: "change_cipher_spec")
        try expectFailure(&server, &client, ticket, .unexpectedMessage)

        client = try makeClient()
        server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendCertificate("p256")
        try server.send(.certificateStatus, body: [1, 0, 0, 1, 0])
        let status = TLSError.unexpected(.certificateStatus, expected: "ServerKeyExchange")
        try expectFailure(&server, &client, status, .unexpectedMessage)
    }

    @Test("change_cipher_spec before the client's flight")
    func earlyChangeCipherSpec() throws {
        for step in 0..<4 {
            var client = try makeClient()
            var server = Puppet(isClient: false)
            _ = try server.receive(Loopback.output(&client))
            if step > 0 { try server.sendServerHello() }
            if step > 1 { try server.sendCertificate("p256") }
            if step > 2 { try server.sendServerKeyExchange("p256", .ecdsaSECP256R1SHA256) }
            try server.sendRecord(.changeCipherSpec, [1])
            let error = TLSError.peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
            try expectFailure(&server, &client, error, .unexpectedMessage)
        }
    }

    @Test("Finished without change_cipher_spec")
    func missingChangeCipherSpec() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client)
        _ = try server.receive(answer(&server, &client))
        try server.sendFinished()
        let error = TLSError.unexpected(.finished, expected: "change_cipher_spec")
        try expectFailure(&server, &client, error, .unexpectedMessage)
    }

    @Test("a Finished that does not match")
    func wrongFinished() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client)
        _ = try server.receive(answer(&server, &client))
        try server.sendChangeCipherSpec()
        try server.sendFinished(damage: 1)
        try expectFailure(&server, &client, .peerMisbehaved(.badFinished), .decryptError)
    }

    @Test("renegotiation is refused by a warning, and the connection goes on (RFC 5246 §7.2.2)")
    func renegotiation() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        try sendFlight(&server, &client)
        _ = try finish(&server, &client)
        for _ in 0..<TLSLimits.renegotiationRequests {
            try server.sendOutsideTranscript(.helloRequest)
            let answer = try Loopback.exchange(&client, server.output())
            #expect(try server.receive(answer) == [.warning(.noRenegotiation)])
            try server.sendRecord(.applicationData, [7])
            #expect(try Loopback.feed(&client, server.output()) == [7])
            #expect(try server.receive(Loopback.seal(&client, [8])) == [.data([8])])
        }
        try server.sendOutsideTranscript(.helloRequest)
        try expectFailure(&server, &client, .peerMisbehaved(.renegotiation), .unexpectedMessage)
    }

    @Test("HelloRequests in a handshake count as such")
    func manyHelloRequests() throws {
        var client = try makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        for _ in 0...TLSLimits.renegotiationRequests { try server.sendOutsideTranscript(.helloRequest) }
        #expect(Loopback.failure(&client, try server.output()) == .peerMisbehaved(.renegotiation))
    }

    @Test("a HelloRequest with content, and a ClientHello of a server")
    func badRequests() throws {
        for (type, body, alert) in [
            (HandshakeType.helloRequest, [UInt8(0)], AlertDescription.decodeError),
            (.clientHello, [], .unexpectedMessage),
        ] {
            var client = try makeClient()
            var server = Puppet(isClient: false)
            try sendFlight(&server, &client)
            _ = try finish(&server, &client)
            try server.sendOutsideTranscript(type, body: body)
            #expect(Loopback.failure(&client, try server.output())?.alert == alert)
        }
    }

    @Test("an offer that was changed on the way fails at the latest with Finished")
    func changedOffer() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        var offer = Loopback.output(&client)
        // The second suite takes the place of the first.
        try #require(offer[43] == 0)
        (offer[46], offer[47]) = (offer[48], offer[49])
        let flight = try Loopback.exchange(&server, offer)
        let answer = try Loopback.exchange(&client, flight)
        let error = Loopback.failure(&server, answer)
        // The extended master secret covers the offer, so that not even the keys agree.
        #expect(error == .peerMisbehaved(.badRecordMAC))
    }
}
