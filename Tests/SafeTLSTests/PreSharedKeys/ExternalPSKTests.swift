// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Keys from outside TLS (RFC 9846 §4.3.11, RFC 9257, RFC 9258).
@Suite("External pre-shared keys")
struct ExternalPSKTests {
    private static let key = (0..<32).map { UInt8($0) }

    private static func key(
        _ identity: String,
        _ hash: HashAlgorithm = .sha256,
        _ key: [UInt8] = key
    ) throws -> ExternalPSK {
        try ExternalPSK(identity: Array(identity.utf8), key: key.span, hash: hash)
    }

    private static func imported(_ identity: String, context: String = "") throws -> ExternalPSK {
        try ExternalPSK(importing: Array(identity.utf8), key: key.span, context: Array(context.utf8))
    }

    private struct Outcome {
        var client: NegotiatedParameters?
        var server: NegotiatedParameters?
        var hasCertificate = false
        var error: TLSError?
    }

    private func connect(
        _ clientKeys: [ExternalPSK],
        _ serverKeys: [ExternalPSK],
        _ adjust: (inout Pair) throws -> Void = { _ in }
    ) throws -> Outcome {
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.client.preSharedKeys = clientKeys
        pair.server.preSharedKeys = serverKeys
        try adjust(&pair)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        var outcome = Outcome()
        do throws(TLSError) {
            try Loopback.run(&client, &server)
            let data: [UInt8] = [1, 2, 3]
            let arrived = try Loopback.feed(&server, Loopback.seal(&client, data))
            let returned = try Loopback.feed(&client, Loopback.seal(&server, data))
            #expect(arrived == data && returned == data)
        } catch {
            outcome.error = error
        }
        (outcome.client, outcome.server) = (client.negotiated, server.negotiated)
        outcome.hasCertificate = !client.peerCertificates.isEmpty
        return outcome
    }

    private func check(_ outcome: Outcome, identity: String) {
        #expect(outcome.error == nil && !outcome.hasCertificate)
        for side in [outcome.client, outcome.server] {
            #expect(side?.preSharedKeyIdentity == Array(identity.utf8))
            #expect(side?.isResumed == false && side?.signatureScheme == nil)
        }
    }

    @Test("a key that both know takes the place of the certificate", arguments: [HashAlgorithm.sha256, .sha384])
    func plain(hash: HashAlgorithm) throws {
        let outcome = try connect([Self.key("a", hash)], [Self.key("a", hash)])
        check(outcome, identity: "a")
        // The suite follows the key, whatever the server prefers.
        #expect(outcome.client?.cipherSuite.hash == hash)
    }

    @Test("an imported key goes with suites of any hash", arguments: [CipherSuite.aes128GCMSHA256, .aes256GCMSHA384])
    func imported(suite: CipherSuite) throws {
        let outcome = try connect([Self.imported("a", context: "x")], [Self.imported("a", context: "x")]) {
            $0.server.cipherSuites = [suite]
        }
        check(outcome, identity: "a")
        #expect(outcome.client?.cipherSuite == suite)
        // Another context is another key.
        let other = try connect([Self.imported("a", context: "x")], [Self.imported("a", context: "y")])
        #expect(other.error == nil && other.hasCertificate)
    }

    @Test("the derivation of imported keys")
    func derivation() throws {
        let key = try Self.imported("device 7", context: "client|server")
        // Computed with HMAC and struct of Python's library, after RFC 9258 §5.1.
        let expected = [
            (
                "00086465766963652037000d636c69656e747c73657276657203040001",
                "449e8274c4bfb340fc34cdebf352dd087c72d96f47823d6697f24a60194cd37e"
            ),
            (
                "00086465766963652037000d636c69656e747c73657276657203040002",
                "7f0adfa58b8197e9e746e46d4ed8fa84dfc79ea282b45e25ab3b3f4983969cf991ac95d86ba538ab8c59ab63916a34e8"
            ),
        ]
        for (entry, (identity, secret)) in zip(key.entries, expected) {
            #expect(entry.identity.map(Self.hex).joined() == identity)
            let copy = entry.secret.copy()
            let derived = copyBytes(copy.bytes)
            #expect(derived.map(Self.hex).joined() == secret)
        }
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    @Test("of several keys the server takes the first that it knows")
    func several() throws {
        let keys = try ["a", "b", "c"].map { try Self.key($0) }
        check(try connect(keys, [keys[2], keys[1]]), identity: "b")
        check(try connect(keys + [Self.imported("d")], [Self.imported("d")]), identity: "d")
        // Five are looked at.
        let many = try (0..<6).map { try Self.key("\($0)") }
        check(try connect(many, [many[4]]), identity: "4")
        #expect(try connect(many, [many[5]]).hasCertificate)
    }

    @Test("who names a key without knowing it is refused")
    func wrongKey() throws {
        let wrong = try Self.key("a", .sha256, [UInt8](repeating: 9, count: 32))
        #expect(try connect([wrong], [Self.key("a")]).error == .peerMisbehaved(.badBinder))
        // The binder says which kind of key it is.
        let imported = try Self.imported("a")
        let entry = imported.entries[0]
        let copy = entry.secret.copy()
        let derived = copyBytes(copy.bytes)
        let plain = try ExternalPSK(identity: entry.identity, key: derived.span)
        #expect(try connect([plain], [imported]).error == .peerMisbehaved(.badBinder))
    }

    @Test("without a key in common there are certificates, unless a key is required")
    func fallback() throws {
        let (a, b) = (try Self.key("a"), try Self.key("b"))
        for (clientKeys, serverKeys) in [([a], [b]), ([a], []), ([], [b])] as [([ExternalPSK], [ExternalPSK])] {
            let outcome = try connect(clientKeys, serverKeys)
            #expect(outcome.error == nil && outcome.hasCertificate && outcome.client?.preSharedKeyIdentity == nil)
        }
        let insistingServer = try connect([a], [b]) { $0.server.requiresPreSharedKey = true }
        #expect(insistingServer.error == .nothingInCommon(.preSharedKey))
        #expect(insistingServer.error?.alert == .handshakeFailure)
        let keyless = try connect([], [b]) { $0.server.requiresPreSharedKey = true }
        #expect(keyless.error == .nothingInCommon(.preSharedKey))
        let insistingClient = try connect([a], []) { $0.client.requiresPreSharedKey = true }
        #expect(insistingClient.error == .nothingInCommon(.preSharedKey))
        // A hash that the server has no suite of.
        let hash = try connect([Self.key("a", .sha384)], [Self.key("a", .sha384)]) {
            $0.server.cipherSuites = [.aes128GCMSHA256]
        }
        #expect(hash.error == nil && hash.hasCertificate)
    }

    @Test("where a key is required nobody needs certificates")
    func withoutCertificates() throws {
        let key = try Self.key("a")
        var options = ServerOptions()
        options.versions = .tls13 ... .tls13
        options.preSharedKeys = [key]
        options.requiresPreSharedKey = true
        var clientOptions = ClientOptions()
        clientOptions.versions = .tls13 ... .tls13
        clientOptions.preSharedKeys = [key]
        clientOptions.requiresPreSharedKey = true
        var server = ServerSession(configuration: try ServerConfiguration(credentials: [], options: options))
        var client = try ClientSession(
            configuration: ClientConfiguration(trustAnchors: TrustAnchors([]), options: clientOptions),
            serverName: .dns("a.example")
        )
        try Loopback.run(&client, &server)
        let identity = server.negotiated?.preSharedKeyIdentity
        #expect(identity == Array("a".utf8))
    }

    @Test("keys outlive a HelloRetryRequest, as far as they fit its suite")
    func retry() throws {
        for suite in [CipherSuite.aes128GCMSHA256, .aes256GCMSHA384] {
            let outcome = try connect([Self.key("a"), Self.imported("b")], [Self.imported("b")]) { pair in
                pair.client.groups = [.x25519, .secp256r1]
                pair.server.groups = [.secp256r1]
                pair.server.cipherSuites = [suite]
            }
            check(outcome, identity: "b")
            #expect(outcome.client?.usedHelloRetryRequest == true && outcome.client?.cipherSuite == suite)
        }
        // Also with a server that forgets the first ClientHello.
        let stateless = try connect([Self.key("a")], [Self.key("a")]) { pair in
            pair.client.groups = [.x25519, .secp256r1]
            pair.server.groups = [.secp256r1]
            pair.server.sendsRetryCookie = true
        }
        check(stateless, identity: "a")
    }

    @Test("a key that is taken away does not live on in sessions")
    func noTickets() throws {
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.client.preSharedKeys = [try Self.key("a")]
        pair.server.preSharedKeys = pair.client.preSharedKeys
        pair.client.sessionCacheCapacity = 4
        pair.server.ticketCount = 2
        let client = try pair.clientConfiguration()
        let server = try pair.serverConfiguration()
        for _ in 0..<2 {
            var session = try ClientSession(configuration: client, serverName: .dns(pair.serverName))
            var peer = ServerSession(configuration: server)
            try Loopback.run(&session, &peer)
            let isResumed = session.negotiated?.isResumed
            #expect(isResumed == false)
        }
        #expect(client.sessionCount(for: .dns(pair.serverName)) == 0)
        // A server gives none, whatever the client would do with them.
        var session = try ClientSession(configuration: client, serverName: .dns(pair.serverName))
        var peer = ServerSession(configuration: server)
        try Loopback.feed(&peer, Loopback.output(&session))
        try Loopback.feed(&session, Loopback.output(&peer))
        try Loopback.feed(&peer, Loopback.output(&session))
        let waiting = peer.pendingOutputCount
        #expect(waiting == 0)
    }

    @Test("a server may not choose a key that was not offered")
    func choice() throws {
        var pair = Pair.tls13()
        pair.client.preSharedKeys = [try Self.key("a")]
        pair.server.preSharedKeys = [try Self.key("a")]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        var flight = Loopback.output(&server)
        // The index ends the ServerHello.
        let length = 5 + Int(flight[3]) << 8 + Int(flight[4])
        flight[length - 1] = 1
        #expect(Loopback.plainAlert(&client, flight) == .illegalParameter)
    }

    @Test("what cannot work or is not safe is a mistake of the configuration")
    func mistakes() throws {
        #expect(throws: ConfigurationError.self) { try Self.key("") }
        #expect(throws: ConfigurationError.self) { try Self.key("a", .sha256, [UInt8](repeating: 1, count: 15)) }
        #expect(throws: ConfigurationError.self) { try Self.key("a", .sha512) }
        #expect(throws: ConfigurationError.self) { try Self.key(String(repeating: "a", count: 4097)) }
        let key = try Self.key("a")
        let server: [(inout Pair) -> Void] = [
            { $0.server.versions = .tls12 ... .tls12 },
            {
                $0.server.requiresPreSharedKey = true; $0.server.versions = .tls12 ... .tls13
            },
            {
                $0.server.requiresPreSharedKey = true; $0.server.preSharedKeys = []
            },
            { $0.server.preSharedKeys.append(key) },
            {
                $0.server.clientAuthentication = ClientAuthentication(
                    .required,
                    trustAnchors: TestCredentials.anchors
                )
            },
        ]
        for change in server {
            var pair = Pair()
            pair.server.preSharedKeys = [key]
            _ = try pair.serverConfiguration()
            change(&pair)
            #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }
        }
        let client: [(inout Pair) -> Void] = [
            { $0.client.versions = .tls12 ... .tls12 },
            { $0.client.requiresPreSharedKey = true },
            {
                $0.client.requiresPreSharedKey = true; $0.client.preSharedKeys = []
            },
            { $0.client.preSharedKeys.append(key) },
        ]
        for change in client {
            var pair = Pair()
            pair.client.preSharedKeys = [key]
            _ = try pair.clientConfiguration()
            change(&pair)
            #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() }
        }
        var pair = Pair()
        pair.client.preSharedKeys = try (0..<9).map { try Self.key("\($0)" + String(repeating: "a", count: 4000)) }
        #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() }
    }
}
