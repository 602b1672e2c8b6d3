// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import SafeTLS

@Suite("TLS 1.2 full handshakes")
struct TLS12HandshakeTests {
    private static let suites = CipherSuite.supported.filter(\.isTLS12)
    private static let keys = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsapss2048"]

    @Test("every suite with every group", arguments: suites, NamedGroup.supported.filter { !$0.isPostQuantum })
    func suitesAndGroups(suite: CipherSuite, group: NamedGroup) throws {
        var pair = Pair()
        pair.server.versions = .tls12 ... .tls12
        pair.server.cipherSuites = [suite]
        pair.server.groups = [group]
        pair.credentials = ["p256", "rsa2048"]
        try connect(pair) { client, server in
            #expect(client.version == .tls12)
            #expect(client.cipherSuite == suite)
            #expect(client.group == group)
            #expect(client == server)
        }
    }

    @Test("every kind of key with every suite for it", arguments: keys, suites)
    func keysAndSuites(name: String, suite: CipherSuite) throws {
        guard name.hasPrefix("rsa") == (suite.authentication == .rsa) else { return }
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.cipherSuites = [suite]
        pair.credentials = [name]
        try connect(pair) { client, server in
            #expect(client.cipherSuite == suite)
            #expect(client == server)
        }
    }

    @Test(
        "every signature scheme",
        arguments: [
            ("p256", SignatureScheme.ecdsaSECP256R1SHA256), ("p256", .ecdsaSECP384R1SHA384),
            ("p384", .ecdsaSECP256R1SHA256), ("p521", .ecdsaSECP521R1SHA512), ("ed25519", .ed25519),
            ("rsa2048", .rsaPKCS1SHA256), ("rsa2048", .rsaPKCS1SHA384), ("rsa2048", .rsaPKCS1SHA512),
            ("rsa2048", .rsaPSSRSAESHA256), ("rsa2048", .rsaPSSRSAESHA512), ("rsapss2048", .rsaPSSPSSSHA384),
        ]
    )
    func schemes(name: String, scheme: SignatureScheme) throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.signatureSchemes = [scheme]
        pair.credentials = [name]
        try connect(pair) { client, server in
            #expect(client.signatureScheme == scheme)
            #expect(client == server)
        }
    }

    @Test("every way to cut the bytes", arguments: [1, 2, 3, 5, 7, 100, 1000])
    func fragments(chunk: Int) throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        try connect(pair, chunk: chunk) { client, _ in
            #expect(client.serverName == "server.example")
            #expect(!client.isResumed && !client.usedHelloRetryRequest)
        }
    }

    @Test("the same randomness makes the same handshake")
    func reproducible() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        // Ed25519 signatures have no randomness of their own.
        pair.credentials = ["ed25519"]
        var transcripts: [[UInt8]] = []
        for _ in 0..<2 {
            pair.server.random = SeededRandom(seed: 3)
            pair.client.random = SeededRandom(seed: 4)
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            var bytes: [UInt8] = []
            for _ in 0..<2 {
                let fromClient = Loopback.output(&client)
                let fromServer = try Loopback.exchange(&server, fromClient)
                try Loopback.feed(&client, fromServer)
                bytes += fromClient + fromServer
            }
            let isHandshaking = client.isHandshaking
            #expect(!isHandshaking)
            transcripts.append(bytes)
        }
        #expect(transcripts[0] == transcripts[1])
    }

    @Test("each flight is one write with as few records as there can be")
    func flights() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        var types: [[UInt8]] = []
        for _ in 0..<2 {
            let fromClient = Loopback.output(&client)
            let fromServer = try Loopback.exchange(&server, fromClient)
            try Loopback.feed(&client, fromServer)
            types.append(recordTypes(fromClient))
            types.append(recordTypes(fromServer))
        }
        #expect(types == [[22], [22], [22, 20, 22], [20, 22]])
    }

    private func recordTypes(_ bytes: [UInt8]) -> [UInt8] {
        var types: [UInt8] = []
        var offset = 0
        while offset + 5 <= bytes.count {
            types.append(bytes[offset])
            offset += 5 + Int(bytes[offset + 3]) << 8 + Int(bytes[offset + 4])
        }
        return types
    }

    @Test("the application protocol is the server's choice")
    func applicationProtocol() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.applicationProtocols = ["http/1.1", "h2"]
        pair.server.applicationProtocols = ["h2", "http/1.1"]
        try connect(pair) { client, server in
            #expect(client.applicationProtocol == "h2")
            #expect(client == server)
        }
    }

    @Test("no common application protocol")
    func noApplicationProtocol() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.applicationProtocols = ["spdy/3"]
        pair.server.applicationProtocols = ["h2"]
        try expectRefusal(pair, .nothingInCommon(.applicationProtocol), alert: .noApplicationProtocol)
    }

    @Test("the order of suites is the server's, or the client's when the server says so", arguments: [false, true])
    func cipherOrder(prefersClient: Bool) throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.server.prefersClientCipherOrder = prefersClient
        pair.server.cipherSuites = [.ecdheECDSAWithAES128GCMSHA256, .ecdheECDSAWithChaCha20Poly1305SHA256]
        pair.client.cipherSuites = [.ecdheECDSAWithChaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256]
        try connect(pair) { client, _ in
            #expect(
                client.cipherSuite
                    == (prefersClient ? .ecdheECDSAWithChaCha20Poly1305SHA256 : .ecdheECDSAWithAES128GCMSHA256)
            )
        }
    }

    @Test("a certificate for the name counts more than a better suite")
    func certificateForName() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        // "other" has an ECDSA key, which the preferred suites want, and another name.
        pair.credentials = ["other", "rsa2048"]
        try connect(pair) { client, _ in #expect(client.cipherSuite == .ecdheRSAWithAES128GCMSHA256) }
    }

    @Test("no suite fits the certificate")
    func noSuite() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.cipherSuites = [.ecdheRSAWithAES128GCMSHA256]
        try expectRefusal(pair, .nothingInCommon(.cipherSuite), alert: .handshakeFailure)
    }

    @Test("no common group")
    func noGroup() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.groups = [.secp384r1]
        pair.server.groups = [.x25519]
        try expectRefusal(pair, .nothingInCommon(.group), alert: .handshakeFailure)
    }

    @Test(
        "the order of groups is the server's, or the client's",
        arguments: [ProtocolVersion.tls12, .tls13],
        [true, false]
    )
    func orderOfGroups(version: ProtocolVersion, isOfClient: Bool) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.client.groups = [.secp384r1, .secp256r1, .x25519]
        pair.server.groups = [.x25519, .secp256r1]
        pair.server.prefersClientGroupOrder = isOfClient
        try connect(pair) { client, server in
            #expect(client.group == (isOfClient ? .secp256r1 : .x25519))
            #expect(client == server)
        }
    }

    @Test("the client names groups, but not the certificate's curve (RFC 8422 §5.1.1)")
    func certificateCurve() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.groups = [.x25519, .secp256r1]
        pair.credentials = ["p384"]
        try expectRefusal(pair, .nothingInCommon(.signatureScheme), alert: .handshakeFailure)
        pair.credentials = ["p384", "rsa2048"]
        try connect(pair) { client, _ in #expect(client.cipherSuite == .ecdheRSAWithAES128GCMSHA256) }
    }

    @Test("no common signature scheme")
    func noScheme() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.signatureSchemes = [.rsaPSSRSAESHA256]
        try expectRefusal(pair, .nothingInCommon(.signatureScheme), alert: .handshakeFailure)
    }

    @Test("both sides log the same secret")
    func keyLog() throws {
        let (clientLog, serverLog) = (Lines(), Lines())
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.keyLog = clientLog
        pair.server.keyLog = serverLog
        try connect(pair) { _, _ in }
        #expect(clientLog.all == serverLog.all)
        #expect(clientLog.all.count == 1)
        let words = clientLog.all.first?.split(separator: " ") ?? []
        #expect(words.count == 3 && words[0] == "CLIENT_RANDOM" && words[1].count == 64 && words[2].count == 96)
    }

    @Test("both sides export the same keying material", arguments: suites)
    func exporter(suite: CipherSuite) throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.server.cipherSuites = [suite]
        pair.credentials = ["p256", "rsa2048"]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        var seen: Set<[UInt8]> = []
        for context in [nil, [], [1, 2, 3]] as [[UInt8]?] {
            let fromClient = try client.exportKeyingMaterial(label: "EXPORTER-test", context: context, count: 40)
            let fromServer = try server.exportKeyingMaterial(label: "EXPORTER-test", context: context, count: 40)
            #expect(fromClient == fromServer)
            #expect(fromClient.count == 40)
            seen.insert(fromClient)
        }
        // RFC 5705 §4: no context and an empty one are different.
        #expect(seen.count == 3)
    }

    @Test("the driver signs and judges")
    func deferred() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer(deferring: [.clientHello, .signature])
        try Loopback.run(&client, &server)
        guard case .clientHello(let info) = server.request else {
            Issue.record("the server does not wait for a configuration")
            return
        }
        #expect(info.serverName == "server.example")
        try server.answer(configuration: try pair.serverConfiguration())
        guard case .signature(let request) = server.request else {
            Issue.record("the server does not wait for a signature")
            return
        }
        try server.answer(signature: try request.sign())
        try Loopback.run(&client, &server)
        guard case .verifyPeer(let verification) = client.request else {
            Issue.record("the client does not wait for a verdict")
            return
        }
        #expect(verification.certificateChain.count == 1)
        let path = try verification.verify()
        try client.answer(verification: .accepted(path: path))
        try Loopback.run(&client, &server)
        let (clientSide, serverSide, verified) = (client.negotiated, server.negotiated, client.verifiedPath)
        #expect(clientSide != nil && clientSide == serverSide)
        #expect(verified == path)
    }

    @Test("data in the same bytes as Finished")
    func dataBehindFinished() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let flight = try Loopback.exchange(&server, Loopback.output(&client))
        try Loopback.feed(&server, Loopback.exchange(&client, flight))
        // The server's Finished still waits; sealing takes it along.
        let bytes = try Loopback.seal(&server, [1, 2, 3])
        let data = try Loopback.feed(&client, bytes)
        #expect(data == [1, 2, 3])
    }

    @Test("a certificate for another name is refused")
    func wrongName() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.credentials = ["other"]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let flight = try Loopback.exchange(&server, Loopback.output(&client))
        let error = Loopback.failure(&client, flight)
        guard case .certificateRejected = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let answer = Loopback.failure(&server, Loopback.output(&client))
        #expect(answer == .alertReceived(.badCertificate))
    }

    /// Shakes hands, sends data both ways and closes both ways.
    private func connect(
        _ pair: Pair,
        chunk: Int = .max,
        _ check: (NegotiatedParameters, NegotiatedParameters) -> Void
    ) throws {
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server, chunk: chunk)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        check(try #require(clientSide), try #require(serverSide))
        let chain = client.peerCertificates
        #expect(!chain.isEmpty)

        let question = [UInt8](repeating: 0x41, count: 40_000)
        let received = try Loopback.feed(&server, Loopback.seal(&client, question), chunk: chunk)
        #expect(received == question)
        for size in [100, 1, 20_000] {
            let answer = [UInt8](repeating: 0x42, count: size)
            let returned = try Loopback.feed(&client, Loopback.seal(&server, answer), chunk: chunk)
            #expect(returned == answer)
        }
        client.close()
        try Loopback.feed(&server, Loopback.output(&client), chunk: chunk)
        let isPeerClosed = server.isPeerClosed
        #expect(isPeerClosed)
        try server.endOfInput()
        server.close()
        try Loopback.feed(&client, Loopback.output(&server), chunk: chunk)
        try client.endOfInput()
    }

    /// The server refuses the ClientHello, and the client learns why.
    private func expectRefusal(_ pair: Pair, _ expected: TLSError, alert: AlertDescription) throws {
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let error = Loopback.failure(&server, Loopback.output(&client))
        #expect(error == expected)
        let answer = Loopback.failure(&client, Loopback.output(&server))
        #expect(answer == .alertReceived(alert))
    }
}

/// Keeps the lines of a key log.
final class Lines: KeyLog {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func log(_ line: String) { lines.withLock { $0.append(line) } }
}
