// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

@Suite("TLS 1.3 negotiation")
struct NegotiationTests {
    // MARK: Versions

    @Test("versions that overlap")
    func versions() throws {
        var pair = Pair()
        pair.server.versions = .tls13 ... .tls13
        #expect(try negotiate(pair)?.version == .tls13)
        pair = Pair()
        pair.client.versions = .tls13 ... .tls13
        #expect(try negotiate(pair)?.version == .tls13)
        #expect(try negotiate(Pair())?.version == .tls13)
    }

    @Test("a TLS 1.2 client and a TLS 1.3 server")
    func oldClient() throws {
        var pair = Pair()
        pair.client.versions = .tls12 ... .tls12
        pair.server.versions = .tls13 ... .tls13
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let error = Loopback.refusal(&server, Loopback.output(&client))
        #expect(error == .nothingInCommon(.protocolVersion))
        let answer = Loopback.output(&server)
        #expect(answer == WireBytes.alert(.protocolVersion))
        #expect(Loopback.refusal(&client, answer) == .alertReceived(.protocolVersion))
    }

    @Test("a TLS 1.3 client and a TLS 1.2 server")
    func oldServer() throws {
        var pair = Pair()
        pair.client.versions = .tls13 ... .tls13
        pair.server.versions = .tls12 ... .tls12
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let error = Loopback.refusal(&server, Loopback.output(&client))
        #expect(error == .nothingInCommon(.protocolVersion))
        let answer = Loopback.output(&server)
        #expect(answer == WireBytes.alert(.protocolVersion))
        #expect(Loopback.refusal(&client, answer) == .alertReceived(.protocolVersion))
    }

    @Test("supported_versions decides alone when it is there")
    func supportedVersionsOnly() throws {
        let future = ProtocolVersion(rawValue: 0x0305)
        let draft = ProtocolVersion(rawValue: 0x7F1C)
        var session = try Pair.tls13().makeServer()
        #expect(try Loopback.refusal(&session, Hello(versions: [future, draft, .tls13]).record()) == nil)
        // legacy_version says TLS 1.2 here, and does not count.
        var other = try Pair().makeServer()
        #expect(try Loopback.plainAlert(&other, Hello(versions: [future]).record()) == .protocolVersion)
    }

    @Test("the fallback signal")
    func fallback() throws {
        var pair = Pair.tls13()
        pair.server.versions = .tls12 ... .tls13
        pair.server.cipherSuites = CipherSuite.supported
        var hello = Hello(versions: nil)
        hello.cipherSuites = [.ecdheECDSAWithAES128GCMSHA256, .fallbackSCSV]
        var server = try pair.makeServer()
        #expect(try Loopback.plainAlert(&server, hello.record()) == .inappropriateFallback)
        // With the highest version the signal means nothing.
        hello = Hello(cipherSuites: [.aes128GCMSHA256, .fallbackSCSV])
        var other = try pair.makeServer()
        #expect(try Loopback.refusal(&other, hello.record()) == nil)
    }

    // MARK: Cipher suites

    @Test("the server's order of suites counts, or the client's when it says so", arguments: [false, true])
    func suites(prefersClient: Bool) throws {
        var pair = Pair.tls13()
        pair.server.cipherSuites = [.aes256GCMSHA384, .chaCha20Poly1305SHA256]
        pair.client.cipherSuites = [.aes128GCMSHA256, .chaCha20Poly1305SHA256, .aes256GCMSHA384]
        pair.server.prefersClientCipherOrder = prefersClient
        let suite = try negotiate(pair)?.cipherSuite
        #expect(suite == (prefersClient ? .chaCha20Poly1305SHA256 : .aes256GCMSHA384))
    }

    @Test("nothing in common", arguments: ["suite", "group", "scheme"])
    func nothingInCommon(what: String) throws {
        var hello = Hello()
        switch what {
        case "suite": hello.cipherSuites = [.aes256GCMSHA384, .ecdheECDSAWithAES128GCMSHA256]
        case "group": hello.groups = [NamedGroup(rawValue: 0x0100)]
        default: hello.schemes = [.ed25519, .rsaPSSRSAESHA256]
        }
        var session = try Pair.tls13().makeServer()
        #expect(try Loopback.plainAlert(&session, hello.record()) == .handshakeFailure)
    }

    @Test("what a ClientHello of TLS 1.3 must have", arguments: ["schemes", "groups", "shares"])
    func missing(what: String) throws {
        var hello = Hello()
        switch what {
        case "schemes": hello.schemes = nil
        case "groups": hello.groups = nil
        default: hello.shares = nil
        }
        var session = try Pair.tls13().makeServer()
        #expect(try Loopback.plainAlert(&session, hello.record()) == .missingExtension)
    }

    @Test("what a ClientHello of TLS 1.3 must not have", arguments: BadHello.allCases)
    func badHello(bad: BadHello) throws {
        var hello = Hello()
        bad.apply(to: &hello)
        var session = try Pair.tls13().makeServer()
        #expect(try Loopback.plainAlert(&session, hello.record()) == bad.alert)
    }

    enum BadHello: CaseIterable {
        case compression, twoShares, shortShare, zeroShare, duplicate, pskNotLast, pskWithoutModes, misplaced
        case longSessionID, noSuites

        func apply(to hello: inout Hello) {
            let psk = Hello.presharedKey
            switch self {
            case .compression: hello.compressionMethods = [1, 0]
            case .twoShares: hello.shares = [.x25519, .x25519]
            case .shortShare:
                hello.shares = nil
                hello.others = [(.keyShare, [0, 6, 0, 29, 0, 2, 1, 2])]
            case .zeroShare:
                hello.shares = nil
                let zeros = [UInt8](repeating: 0, count: 32)
                hello.others = [(.keyShare, [0, 36, 0, 29, 0, 32] + zeros)]
            case .duplicate: hello.others = [(.supportedVersions, [2, 3, 4])]
            case .pskNotLast: hello.others = [(.pskKeyExchangeModes, [1, 1]), psk, (.padding, [])]
            case .pskWithoutModes: hello.others = [psk]
            case .misplaced: hello.others = [(.oidFilters, [0, 0])]
            case .longSessionID: hello.sessionID = [UInt8](repeating: 1, count: 33)
            case .noSuites: hello.cipherSuites = []
            }
        }

        var alert: AlertDescription {
            switch self {
            case .pskWithoutModes: .missingExtension
            case .longSessionID, .noSuites: .decodeError
            default: .illegalParameter
            }
        }
    }

    // MARK: Names and certificates

    @Test("the certificate for the name", arguments: ["server.example", "a.wild.example", "other.example"])
    func names(name: String) throws {
        var pair = Pair.tls13()
        pair.serverName = name
        pair.credentials = ["other", "p256"]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let leaf = client.peerCertificates.first
        let expected = try TestCredentials.named(name == "other.example" ? "other" : "p256").certificateChain[0]
        #expect(leaf == expected)
        let negotiated = server.negotiated
        #expect(negotiated?.serverName == name)
        #expect(client.verifiedPath.count == 2)
    }

    @Test("a name that no certificate has gets the first one, which the client refuses")
    func unknownName() throws {
        var pair = Pair.tls13()
        pair.serverName = "nobody.example"
        pair.credentials = ["other", "p256"]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let error = Loopback.refusal(&client, Loopback.output(&server))
        guard case .certificateRejected(let rejection) = error, case .wrongName = rejection.reason else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.alert == .badCertificate)
        #expect(Loopback.refusal(&server, Loopback.output(&client)) == .alertReceived(.badCertificate))
    }

    @Test(
        "of several certificates the one that is signed as the client wants",
        arguments: [ProtocolVersion.tls12, .tls13]
    )
    func certificateSignatures(version: ProtocolVersion) throws {
        let cases: [([SignatureScheme], String)] = [
            ([], "p256-by-rsa"), ([.rsaPKCS1SHA256], "p256-by-rsa"), ([.ecdsaSECP256R1SHA256], "p256"),
            ([.ed25519, .ecdsaSECP256R1SHA256], "p256"), ([.ed25519], "p256-by-rsa"),
        ]
        for (schemes, expected) in cases {
            var pair = Pair()
            pair.restrict(to: version)
            pair.credentials = ["p256-by-rsa", "p256"]
            pair.client.certificateSignatureSchemes = schemes
            var client = try pair.makeClient(deferring: .verification)
            var server = try pair.makeServer()
            try Loopback.feed(&server, Loopback.output(&client))
            try Loopback.feed(&client, Loopback.output(&server))
            guard case .verifyPeer(let request) = client.request else {
                Issue.record("no certificate came")
                return
            }
            let chain = try TestCredentials.named(expected).certificateChain
            #expect(request.certificateChain == chain, "\(schemes)")
        }
        // A client's certificates are chosen alike.
        var pair = Pair.tls13()
        pair.client.credentials = try ["p256-by-rsa", "p256"].map(TestCredentials.named)
        let configuration = try pair.clientConfiguration()
        for (scheme, index) in [(SignatureScheme.rsaPKCS1SHA256, 0), (.ecdsaSECP256R1SHA256, 1), (.ed25519, 0)] {
            let extensions = WireBytes.extensions([
                (.signatureAlgorithms, Hello.list16([SignatureScheme.ecdsaSECP256R1SHA256.rawValue])),
                (.signatureAlgorithmsCert, Hello.list16([scheme.rawValue])),
            ])
            let request = try RequestedCertificate(tls13: WireBytes.message(.certificateRequest, [0] + extensions))
            #expect(configuration.credential(for: request) === pair.client.credentials[index])
        }
    }

    /// RFC 5280 §7.1: a server may have its authorities' names in another kind of string, or in capitals.
    @Test("authorities are found however their names are written")
    func authorityNames() throws {
        let issuer = try TestCredentials.named("p256").certificateChain[0].issuer
        let other = issuer.der.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 }
        #expect(other != issuer.der)
        func accepts(_ names: [[UInt8]]) throws -> Bool {
            var writer = ByteWriter()
            try TLS12CertificateRequest.write(
                signatureAlgorithms: [.ed25519],
                certificateAuthorities: names,
                into: &writer
            )
            return try RequestedCertificate(tls12: writer.bytes).accepts(certificatesOf: [issuer])
        }
        #expect(try accepts([issuer.der]) && accepts([[0x30, 0], other]) && accepts([]))
        #expect(try !accepts([[0x30, 0], [1]]))
        // Behind very many others a name counts by its bytes alone.
        let many = Array(repeating: [0x30, 0] as [UInt8], count: 10_000)
        #expect(try accepts(many + [issuer.der]) && !accepts(many + [other]))
        // And behind few long ones.
        let long: [UInt8] = [0x30, 0x82, 0x7F, 0xFC] + Array(repeating: 0, count: 0x7FFC)
        #expect(try accepts([long, issuer.der]) && !accepts([long, other]))
    }

    @Test("addresses are verified and not sent", arguments: ["127.0.0.1", "::1"])
    func addresses(address: String) throws {
        var pair = Pair.tls13()
        pair.serverName = address
        var client = try pair.makeClient()
        let hello = Loopback.output(&client)
        let body = Array(hello.dropFirst(9))
        let isSent = try ClientHello(body.span).extensions.contains(.serverName)
        #expect(!isSent)
        var server = try pair.makeServer()
        try Loopback.feed(&server, hello)
        try Loopback.run(&client, &server)
        let negotiated = client.negotiated
        #expect(negotiated != nil && negotiated?.serverName == nil)
    }

    @Test(
        "the certificate for the signature scheme",
        arguments: [
            ("p256", SignatureScheme.ecdsaSECP256R1SHA256), ("p384", .ecdsaSECP384R1SHA384),
            ("p521", .ecdsaSECP521R1SHA512), ("ed25519", .ed25519), ("rsa2048", .rsaPSSRSAESHA384),
            ("rsapss2048", .rsaPSSPSSSHA512),
        ]
    )
    func schemes(name: String, scheme: SignatureScheme) throws {
        var pair = Pair.tls13()
        pair.credentials = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsapss2048"]
        pair.client.signatureSchemes = [scheme]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        // The test authority signs with one scheme of its own, which the client's verifier takes in any case.
        try Loopback.run(&client, &server)
        let leaf = client.peerCertificates.first
        let expected = try TestCredentials.named(name).certificateChain[0]
        #expect(leaf == expected)
        let negotiated = client.negotiated
        #expect(negotiated?.signatureScheme == scheme)
    }

    @Test("PKCS#1 signatures are not for TLS 1.3")
    func pkcs1() throws {
        var pair = Pair.tls13()
        pair.credentials = ["rsa2048"]
        pair.client.signatureSchemes = [.rsaPKCS1SHA256]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let error = Loopback.refusal(&server, Loopback.output(&client))
        #expect(error == .nothingInCommon(.signatureScheme))
    }

    // MARK: ALPN

    @Test(
        "application protocols",
        arguments: [
            (["h2", "http/1.1"], ["http/1.1", "h2"], "h2"), (["http/1.1"], ["h2", "http/1.1"], "http/1.1"),
            (["h2"], [], nil), ([], ["h2"], nil), ([], [], nil),
        ] as [([String], [String], String?)]
    )
    func alpn(server: [String], client: [String], expected: String?) throws {
        var pair = Pair.tls13()
        pair.server.applicationProtocols = server
        pair.client.applicationProtocols = client
        let negotiated = try negotiate(pair)
        #expect(negotiated != nil && negotiated?.applicationProtocol == expected)
    }

    @Test("no application protocol in common")
    func noALPN() throws {
        var pair = Pair.tls13()
        pair.server.applicationProtocols = ["h2"]
        pair.client.applicationProtocols = ["http/1.1"]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let error = Loopback.refusal(&server, Loopback.output(&client))
        #expect(error == .nothingInCommon(.applicationProtocol))
        #expect(Loopback.refusal(&client, Loopback.output(&server)) == .alertReceived(.noApplicationProtocol))
    }

    // MARK: Helpers

    private func negotiate(_ pair: Pair) throws -> NegotiatedParameters? {
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide == serverSide)
        return clientSide
    }
}

extension Hello {
    /// A pre_shared_key extension with one identity and one binder that nobody knows.
    static let presharedKey: (ExtensionType, [UInt8]) = (
        .preSharedKey,
        vector16(vector16([1, 2, 3, 4]) + [0, 0, 0, 0]) + vector16([32] + [UInt8](repeating: 0xB1, count: 32))
    )
}
