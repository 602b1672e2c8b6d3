// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

@Suite("TLS 1.3 deferred requests")
struct DeferralTests {
    @Test("a ClientHello waits for a configuration", arguments: [Int.max, 1])
    func clientHello(chunk: Int) throws {
        var pair = Pair.tls13()
        pair.client.applicationProtocols = ["h2", "http/1.1"]
        pair.server.applicationProtocols = ["http/1.1"]
        let configuration = try pair.serverConfiguration()
        var client = try pair.makeClient()
        // The session's own configuration could not answer this client.
        var other = Pair()
        other.restrict(to: .tls12)
        other.credentials = ["other"]
        var server = ServerSession(configuration: try other.serverConfiguration(), deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client), chunk: chunk)
        guard case .clientHello(let info) = server.request else {
            Issue.record("no ClientHello waits")
            return
        }
        #expect(info.serverName == "server.example")
        #expect(info.applicationProtocols == ["h2", "http/1.1"])
        #expect(info.supportedVersions == [.tls13])
        #expect(info.cipherSuites == CipherSuite.supported.filter(\.isTLS13))
        #expect(info.supportedGroups == NamedGroup.supported)
        #expect(info.signatureSchemes == SignatureScheme.supported)
        let (pending, isHandshaking) = (server.pendingOutputCount, server.isHandshaking)
        #expect(pending == 0 && isHandshaking)
        try server.answer(configuration: configuration)
        try Loopback.run(&client, &server, chunk: chunk)
        let negotiated = client.negotiated
        #expect(negotiated?.applicationProtocol == "http/1.1")
    }

    @Test(
        "an application protocol of the driver's choice",
        arguments: [
            (.selected("h2"), "h2"), (.none, nil), (.automatic, "http/1.1"),
        ] as [(ApplicationProtocolAnswer, String?)]
    )
    func applicationProtocol(answer: ApplicationProtocolAnswer, expected: String?) throws {
        var pair = Pair.tls13()
        pair.client.applicationProtocols = ["h2", "http/1.1"]
        pair.server.applicationProtocols = ["http/1.1"]
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client))
        try server.answer(configuration: pair.serverConfiguration(), applicationProtocol: answer)
        try Loopback.run(&client, &server)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide != nil && clientSide?.applicationProtocol == expected)
        #expect(clientSide == serverSide)
    }

    @Test("a protocol that the client did not offer cannot be chosen")
    func foreignProtocol() throws {
        var pair = Pair.tls13()
        pair.client.applicationProtocols = ["h2"]
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client))
        let configuration = try pair.serverConfiguration()
        #expect(throws: TLSError.nothingInCommon(.applicationProtocol)) {
            try server.answer(configuration: configuration, applicationProtocol: .selected("h3"))
        }
        #expect(Loopback.output(&server) == WireBytes.alert(.noApplicationProtocol))
    }

    @Test("a client is turned away by name")
    func reject() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client))
        server.reject(.unrecognizedName, reason: "nobody here by that name")
        let failure = server.failure
        #expect(failure == .refused(alert: .unrecognizedName, reason: "nobody here by that name"))
        let answer = Loopback.output(&server)
        #expect(answer == WireBytes.alert(.unrecognizedName))
        #expect(Loopback.refusal(&client, answer) == .alertReceived(.unrecognizedName))
    }

    @Test("a signature from elsewhere")
    func signature() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .signature)
        try Loopback.feed(&server, Loopback.output(&client))
        guard case .signature(let request) = server.request else {
            Issue.record("no signature is asked for")
            return
        }
        #expect(request.scheme == .ecdsaSECP256R1SHA256)
        #expect(request.message.prefix(64).allSatisfy { $0 == 0x20 } && request.message.count == 64 + 34 + 32)
        let expected = try TestCredentials.named("p256").certificateChain
        #expect(request.credential.certificateChain == expected)
        // What is already known goes out meanwhile, and the client can work on it.
        let early = Loopback.output(&server)
        #expect(!early.isEmpty)
        try Loopback.feed(&client, early)
        try server.answer(signature: request.sign())
        try Loopback.run(&client, &server)
        let negotiated = client.negotiated
        #expect(negotiated != nil)
    }

    @Test("a wrong signature is the client's to find")
    func wrongSignature() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .signature)
        try Loopback.feed(&server, Loopback.output(&client))
        guard case .signature(let request) = server.request else {
            Issue.record("no signature is asked for")
            return
        }
        var signature = try request.sign()
        signature[signature.count - 1] ^= 1
        try server.answer(signature: signature)
        let error = Loopback.refusal(&client, Loopback.output(&server))
        #expect(error == .peerMisbehaved(.badHandshakeSignature))
        #expect(Loopback.refusal(&server, Loopback.output(&client)) == .alertReceived(.decryptError))
    }

    @Test("both in one handshake, with a HelloRetryRequest")
    func all() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp384r1]
        let configuration = try pair.serverConfiguration()
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer(deferring: [.clientHello, .signature])
        try Loopback.run(&client, &server)
        try server.answer(configuration: configuration)
        try Loopback.run(&client, &server)
        guard case .signature(let request) = server.request else {
            Issue.record("no signature is asked for")
            return
        }
        try server.answer(signature: request.sign())
        try Loopback.run(&client, &server)
        guard case .verifyPeer(let verification) = client.request else {
            Issue.record("no verdict is asked for")
            return
        }
        #expect(verification.serverName == ServerName("server.example"))
        try client.answer(verification: .accepted(path: verification.verify()))
        try Loopback.run(&client, &server)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide != nil && clientSide == serverSide)
        let (path, sent) = (client.verifiedPath, client.peerCertificates)
        #expect(path.count == 2 && sent == verification.certificateChain)
    }

    @Test("a verdict of rejection")
    func rejection() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        try Loopback.feed(&client, Loopback.output(&server))
        guard case .verifyPeer(let request) = client.request else {
            Issue.record("no verdict is asked for")
            return
        }
        var stranger = Pair.tls13()
        stranger.serverName = "stranger.example"
        let configuration = try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: stranger.client)
        let name = try #require(ServerName(stranger.serverName))
        let judged = VerificationRequest(
            certificateChain: request.certificateChain,
            serverName: name,
            ocspResponse: nil,
            signedCertificateTimestamps: nil,
            statusPolicy: .ignored,
            verifier: configuration.verifier,
            time: TestCredentials.now,
            judge: nil
        )
        guard case .rejected(let rejection) = judged.verdict() else {
            Issue.record("a certificate is good for any name")
            return
        }
        #expect(throws: TLSError.certificateRejected(rejection)) {
            try client.answer(verification: .rejected(rejection))
        }
        #expect(Loopback.refusal(&server, Loopback.output(&client)) == .alertReceived(.badCertificate))
        let request2 = client.request == nil
        #expect(request2)
    }

    @Test("bytes that arrive while a session waits stay in the buffer", arguments: [Int.max, 1])
    func bytesWhileWaiting(chunk: Int) throws {
        // The client has the server's whole flight before the verdict; the Finished in it waits inside the session.
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.client.keyLog = log
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        var waiting: [UInt8] = []
        try Loopback.feed(&client, Loopback.output(&server), keeping: &waiting, chunk: chunk)
        let isAsked = client.request != nil
        #expect(isAsked)
        // An alert behind it stays outside, unread.
        let alert = WireBytes.alert(.internalError)
        var buffer = waiting + alert
        var span = buffer.mutableSpan
        let received = try client.receive(&span)
        #expect(received == Received(consumed: 0, plaintext: 0..<0, needed: 0))
        #expect(buffer == waiting + alert)
        try client.answer(verification: .accepted(path: []))
        // Whatever was kept goes through now.
        if !waiting.isEmpty { try Loopback.feed(&client, waiting) }
        let isHandshaking = client.isHandshaking
        #expect(!isHandshaking)
        try Loopback.feed(&server, Loopback.output(&client))
        let negotiated = server.negotiated
        #expect(negotiated != nil)
    }

    @Test("bytes that arrive while a server waits for its configuration or signature")
    func bytesWhileServerWaits() throws {
        let pair = Pair.tls13()
        let configuration = try pair.serverConfiguration()
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: [.clientHello, .signature])
        let hello = Loopback.output(&client)
        var waiting: [UInt8] = []
        // The compatibility record may come early.
        try Loopback.feed(&server, hello + WireBytes.changeCipherSpec, keeping: &waiting)
        #expect(waiting == WireBytes.changeCipherSpec)
        try server.answer(configuration: configuration)
        try Loopback.feed(&server, [], keeping: &waiting)
        #expect(waiting == WireBytes.changeCipherSpec)
        guard case .signature(let request) = server.request else {
            Issue.record("no signature is asked for")
            return
        }
        try server.answer(signature: request.sign())
        try Loopback.feed(&server, [], keeping: &waiting)
        #expect(waiting.isEmpty)
        try Loopback.run(&client, &server)
        let negotiated = client.negotiated
        #expect(negotiated != nil)
    }

    @Test("answers nobody asked for do not end the session")
    func unaskedAnswers() throws {
        let pair = Pair.tls13()
        let configuration = try pair.serverConfiguration()
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer(deferring: [.clientHello, .signature])
        let misuse = TLSError.misuse(.noSuchRequest)
        #expect(throws: misuse) { try client.answer(verification: .accepted(path: [])) }
        #expect(throws: misuse) { try server.answer(configuration: configuration) }
        #expect(throws: misuse) { try server.answer(signature: [1]) }
        try Loopback.feed(&server, Loopback.output(&client))
        // The wrong answer, while another is waited for.
        #expect(throws: misuse) { try server.answer(signature: [1]) }
        try server.answer(configuration: configuration)
        #expect(throws: misuse) { try server.answer(configuration: configuration) }
        guard case .signature(let request) = server.request else {
            Issue.record("no signature is asked for")
            return
        }
        try server.answer(signature: request.sign())
        #expect(throws: misuse) { try server.answer(signature: [1]) }
        try Loopback.run(&client, &server)
        try client.answer(verification: .accepted(path: []))
        #expect(throws: misuse) { try client.answer(verification: .accepted(path: [])) }
        try Loopback.run(&client, &server)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide != nil && serverSide != nil)
    }
}
