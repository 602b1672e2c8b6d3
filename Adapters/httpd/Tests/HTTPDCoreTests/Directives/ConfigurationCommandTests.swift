// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// `SSLOpenSSLConfCmd`, whose commands are those of SSL_CONF_cmd(3).
@Suite struct ConfigurationCommandTests {
    private func values(_ commands: [(String, String)]) throws -> SSLValues {
        var values = SSLValues()
        values.commands = commands.map { OpenSSLCommand(name: $0.0, value: $0.1) }
        for command in values.commands {
            var alone = SSLValues()
            #expect(try command.apply(to: &alone) == nil)
        }
        return try values.complete()
    }

    private func error(_ name: String, _ value: String) -> String? {
        var values = SSLValues()
        let command = OpenSSLCommand(name: name, value: value)
        return #expect(throws: DirectiveError.self) { try command.apply(to: &values) }?.description
    }

    @Test(arguments: ["Curves", "Groups", "ECDHParameters", "curves", "GROUPS"])
    func groupsHaveThreeNames(name: String) throws {
        #expect(try values([(name, "secp384r1:X25519")]).groups?.groups == [.secp384r1, .x25519])
    }

    @Test func suites() throws {
        let values = try values([("CipherString", "AES128+ECDSA"), ("Ciphersuites", "TLS_AES_256_GCM_SHA384")])
        #expect(values.connection.suitesTLS12 == [.ecdheECDSAWithAES128GCMSHA256])
        #expect(values.connection.suitesTLS13 == [.aes256GCMSHA384])
        #expect(error("CipherString", "RC4")?.contains("'RC4'") == true)
        #expect(error("Ciphersuites", "HIGH")?.contains("'HIGH'") == true)
    }

    /// Begins with all versions, unlike `SSLProtocol`, and words without a sign add. The first one is the manual's example.
    @Test(
        arguments: [
            ("-ALL, TLSv1.2", .tls12 ... .tls12), ("-ALL,TLSv1.3", .tls13 ... .tls13), ("-TLSv1.2", .tls13 ... .tls13),
            ("-TLSv1.3,-SSLv3,-TLSv1", .tls12 ... .tls12), ("TLSv1.2,TLSv1.3", .tls12 ... .tls13),
            ("-TLSv1.2,+TLSv1.2", .tls12 ... .tls13), ("ALL,-SSLv3", .tls12 ... .tls13), ("TLSv1.3", .tls12 ... .tls13),
        ] as [(String, ClosedRange<ProtocolVersion>)]
    )
    func protocols(text: String, expected: ClosedRange<ProtocolVersion>) throws {
        #expect(try values([("Protocol", text)]).connection.versions == expected)
    }

    @Test(arguments: ["-ALL", "-TLSv1.2,-TLSv1.3", "-ALL,TLSv1.1", "SSLv3", "-ALL,TLSv2"])
    func protocolsThatDoNotWork(text: String) {
        #expect(error("Protocol", text) != nil)
    }

    @Test(
        arguments: [
            ("MinProtocol", "TLSv1.2", .tls12 ... .tls13), ("MinProtocol", "TLSv1.3", .tls13 ... .tls13),
            ("MinProtocol", "TLSv1", .tls12 ... .tls13), ("MinProtocol", "None", .tls12 ... .tls13),
            ("MaxProtocol", "TLSv1.2", .tls12 ... .tls12), ("MaxProtocol", "TLSv1.3", .tls12 ... .tls13),
            ("MaxProtocol", "None", .tls12 ... .tls13),
        ] as [(String, String, ClosedRange<ProtocolVersion>)]
    )
    func bounds(name: String, value: String, expected: ClosedRange<ProtocolVersion>) throws {
        #expect(try values([(name, value)]).connection.versions == expected)
    }

    @Test func boundsNarrowWhatTheProtocolsLeave() throws {
        #expect(
            try values([("Protocol", "-TLSv1.3"), ("MinProtocol", "TLSv1.2")]).connection.versions == .tls12 ... .tls12
        )
        #expect(
            try values([("Protocol", "-TLSv1.2"), ("MaxProtocol", "TLSv1.3")]).connection.versions == .tls13 ... .tls13
        )
        #expect(throws: DirectiveError.self) { try values([("Protocol", "-TLSv1.2"), ("MaxProtocol", "TLSv1.2")]) }
        #expect(throws: DirectiveError.self) { try values([("MaxProtocol", "TLSv1.2"), ("MinProtocol", "TLSv1.3")]) }
    }

    /// As mod_ssl gives them to OpenSSL: first `SSLProtocol`, then the server's commands, then the virtual host's.
    @Test(
        arguments: [
            ("SSLOpenSSLConfCmd MinProtocol TLSv1.3", "", .tls13 ... .tls13),
            ("SSLOpenSSLConfCmd MinProtocol TLSv1.3", "SSLOpenSSLConfCmd MinProtocol TLSv1.2", .tls12 ... .tls13),
            ("SSLOpenSSLConfCmd MaxProtocol TLSv1.2", "SSLOpenSSLConfCmd MinProtocol TLSv1.2", .tls12 ... .tls12),
            ("SSLOpenSSLConfCmd MaxProtocol TLSv1.2", "SSLOpenSSLConfCmd MaxProtocol None", .tls12 ... .tls13),
            ("SSLProtocol TLSv1.2", "SSLOpenSSLConfCmd MaxProtocol TLSv1.3", .tls12 ... .tls13),
            ("SSLProtocol TLSv1.3", "SSLOpenSSLConfCmd MinProtocol TLSv1.2", .tls12 ... .tls13),
            ("SSLOpenSSLConfCmd MinProtocol TLSv1.3", "SSLProtocol all", .tls13 ... .tls13),
            ("SSLOpenSSLConfCmd Protocol -TLSv1.2", "SSLProtocol all", .tls13 ... .tls13),
            ("SSLOpenSSLConfCmd Protocol -TLSv1.2", "SSLOpenSSLConfCmd MaxProtocol TLSv1.2", nil),
            ("SSLProtocol TLSv1.3", "SSLOpenSSLConfCmd Protocol TLSv1.2", .tls13 ... .tls13),
        ] as [(String, String, ClosedRange<ProtocolVersion>?)]
    )
    func versionsOfHosts(server: String, host: String, expected: ClosedRange<ProtocolVersion>?) throws {
        let (outer, inner) = (ServerSettings(), ServerSettings())
        for (settings, line) in [(outer, server), (inner, host)] where !line.isEmpty {
            let words = line.split(separator: " ").map(String.init)
            #expect(try settings.apply(ssl: words[0], Array(words.dropFirst()), at: SSLLine { $0 }) == nil)
        }
        let merged = ServerSettings(outer: outer, inner: inner)
        guard let expected else {
            #expect(throws: DirectiveError.self) { try merged.ssl.complete() }
            return
        }
        #expect(try merged.ssl.complete().connection.versions == expected)
    }

    /// A suite that a command names goes before `SSLCipherSuite`, wherever that stands.
    @Test func commandsGoBeforeDirectives() throws {
        var (outer, inner) = (SSLValues(), SSLValues())
        outer.commands = [OpenSSLCommand(name: "CipherString", value: "AES128+ECDSA")]
        inner.connection.suitesTLS12 = [.ecdheECDSAWithChaCha20Poly1305SHA256]
        #expect(try inner.merged(onto: outer).complete().connection.suitesTLS12 == [.ecdheECDSAWithAES128GCMSHA256])
    }

    @Test(arguments: [
        ("MinProtocol", "TLSv1.4"), ("MaxProtocol", "TLSv1.1"), ("MaxProtocol", "SSLv3"), ("MaxProtocol", "2"),
    ])
    func boundsThatLeaveNothing(name: String, value: String) {
        #expect(error(name, value)?.contains(value) == true)
    }

    @Test(
        arguments: [
            ("-SessionTicket", false, nil), ("SessionTicket", true, nil), ("+SessionTicket", true, nil),
            ("ServerPreference", nil, true), ("-ServerPreference", nil, false),
            // The manual's example, and the same with a space.
            ("-SessionTicket,ServerPreference", false, true), ("-SessionTicket, ServerPreference", false, true),
            ("Bugs,-Compression,NoRenegotiation,PrioritizeChaCha,KTLS,-MiddleboxCompat", nil, nil),
            ("-UnsafeLegacyRenegotiation,-ClientRenegotiation", nil, nil),
        ] as [(String, Bool?, Bool?)]
    )
    func options(text: String, givesTickets: Bool?, honorsServerOrder: Bool?) throws {
        let values = try values([("Options", text)])
        #expect(values.givesTickets == givesTickets)
        #expect(values.honorsServerOrder == honorsServerOrder)
    }

    @Test(arguments: ["UnsafeLegacyRenegotiation", "ClientRenegotiation", "+AllowNoDHEKEX", "Bugs,Nonsense"])
    func optionsThatAreMissing(text: String) {
        #expect(error("Options", text)?.contains("is not supported: leave it out") == true)
    }

    @Test func signatureAlgorithms() throws {
        let values = try values([
            ("SignatureAlgorithms", "RSA+SHA384:ECDSA+SHA256"), ("ClientSignatureAlgorithms", "ed25519"),
        ])
        #expect(values.signatureSchemes == [.rsaPKCS1SHA384, .ecdsaSECP256R1SHA256])
        #expect(values.clientSignatureSchemes == [.ed25519])
    }

    @Test(
        arguments: [
            ("RecordPadding", "0", \.paddingMultiple, 0), ("RecordPadding", "16384", \.paddingMultiple, 16_384),
            ("NumTickets", "0", \.ticketCount, 0), ("NumTickets", "2", \.ticketCount, 2),
        ] as [(String, String, any KeyPath<SSLValues, Int?> & Sendable, Int)]
    )
    func numbers(name: String, value: String, path: any KeyPath<SSLValues, Int?> & Sendable, expected: Int) throws {
        #expect(try values([(name, value)])[keyPath: path] == expected)
    }

    @Test(arguments: [
        ("RecordPadding", "16385"), ("RecordPadding", "-1"), ("RecordPadding", "4k"), ("RecordPadding", ""),
        ("NumTickets", "-1"), ("NumTickets", "two"), ("NumTickets", "1.5"),
    ])
    func numbersThatAreNone(name: String, value: String) {
        #expect(error(name, value)?.contains("\(name) is a number") == true)
    }

    /// Many configurations have it, and it is no reason not to start.
    @Test func parametersOfDiffieHellmanHaveNoEffect() throws {
        var values = SSLValues()
        let warning = try OpenSSLCommand(name: "DHParameters", value: "/etc/ssl/dhparams.pem").apply(to: &values)
        #expect(warning?.contains("DHParameters has no effect") == true)
    }

    @Test(arguments: ["Nonsense", "", "ServerInfoFile", "Curve"])
    func unknownCommandsAreMistakes(name: String) {
        let sentence = error(name, "x")
        #expect(
            sentence?.hasPrefix("the OpenSSL command '\(name)' is not supported: leave it out; supported are Curves")
                == true
        )
    }

    @Test(arguments: [
        ("Certificate", "SSLCertificateFile"), ("PrivateKey", "SSLCertificateKeyFile"),
        ("chaincafile", "SSLCertificateChainFile"), ("VerifyCAFile", "SSLCACertificateFile"),
        ("RequestCAFile", "SSLCADNRequestFile"), ("VerifyMode", "SSLVerifyClient"),
    ])
    func directivesStandForCommands(name: String, directive: String) {
        #expect(error(name, "x") == "the OpenSSL command '\(name)' is not supported: write \(directive)")
    }
}
