// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// Lists of cipher suites as administrators have them.
@Suite struct OpenSSLCipherStringTests {
    private static let ecdsa: [CipherSuite] = [
        .ecdheECDSAWithAES256GCMSHA384, .ecdheECDSAWithChaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256,
    ]

    @Test(arguments: [
        // Debian, Red Hat, Plesk.
        "HIGH:!aNULL", "PROFILE=SYSTEM", "DEFAULT", "ALL:!ADH:!EXPORT:!SSLv2", "HIGH:!aNULL:!MD5@STRENGTH",
        "ALL:@SECLEVEL=0",
    ])
    func allOfThem(text: String) throws {
        #expect(try Set(OpenSSLCipherString.parse(text)) == Set(OpenSSLCipherString.all))
    }

    /// Mozilla's intermediate list: the order is the administrator's.
    @Test func orderOfNames() throws {
        let text = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:AES128-SHA"
        let expected: [CipherSuite] = [.ecdheECDSAWithAES128GCMSHA256, .ecdheRSAWithAES128GCMSHA256]
        #expect(try OpenSSLCipherString.parse(text) == expected)
    }

    /// Bitnami's, with spaces between.
    @Test func selections() throws {
        let suites = try OpenSSLCipherString.parse("EECDH+ECDSA+AESGCM EECDH+aRSA+AESGCM !aNULL !eNULL !LOW !3DES")
        #expect(suites.prefix(2) == [.ecdheECDSAWithAES256GCMSHA384, .ecdheECDSAWithAES128GCMSHA256])
        #expect(suites.dropFirst(2) == [.ecdheRSAWithAES256GCMSHA384, .ecdheRSAWithAES128GCMSHA256])
    }

    @Test func signs() throws {
        #expect(try OpenSSLCipherString.parse("HIGH:!aRSA") == Self.ecdsa)
        // What `!` removes does not come back, what `-` removes does.
        #expect(try OpenSSLCipherString.parse("HIGH:!aRSA:aRSA") == Self.ecdsa)
        #expect(try OpenSSLCipherString.parse("HIGH:-aRSA:aRSA").count == 6)
        #expect(try OpenSSLCipherString.parse("HIGH:+ECDSA").suffix(3) == Self.ecdsa[...])
        let strong = try OpenSSLCipherString.parse("AES128:AES256:@STRENGTH")
        #expect(strong.prefix(2).allSatisfy { $0.ianaName.contains("AES_256") } && strong.count == 4)
    }

    @Test(arguments: ["", "RC4-MD5", "3DES:RC4", "HIGH:!ALL", "HIGH:@NONSENSE", "AES128+AES256"])
    func nothingRemains(text: String) {
        #expect(throws: DirectiveError.self) { try OpenSSLCipherString.parse(text) }
    }

    @Test func suitesOfTLS13() throws {
        let suites = try OpenSSLCipherString.parseTLS13("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256")
        #expect(suites == [.chaCha20Poly1305SHA256])
        #expect(throws: DirectiveError.self) { try OpenSSLCipherString.parseTLS13("ECDHE-RSA-AES128-GCM-SHA256") }
    }
}

@Suite struct SSLProtocolListTests {
    @Test(
        arguments: [
            ("all -SSLv3", .tls12 ... .tls13), ("all -SSLv2 -SSLv3 -TLSv1 -TLSv1.1", .tls12 ... .tls13),
            ("-all +TLSv1.2 +TLSv1.3", .tls12 ... .tls13), ("-all +TLSv1.3", .tls13 ... .tls13),
            ("TLSv1.2", .tls12 ... .tls12), ("all -TLSv1.3", .tls12 ... .tls12),
            ("+TLSv1 +TLSv1.1 +TLSv1.2", .tls12 ... .tls12),
        ] as [(String, ClosedRange<ProtocolVersion>)]
    )
    func versions(text: String, versions: ClosedRange<ProtocolVersion>) throws {
        let (parsed, warning) = try SSLProtocolList.parse(text.split(separator: " ").map(String.init))
        #expect(parsed == versions && warning == nil)
    }

    @Test func laterWordsOverride() throws {
        let (versions, warning) = try SSLProtocolList.parse(["TLSv1.2", "TLSv1.3"])
        #expect(versions == .tls13 ... .tls13 && warning?.contains("+TLSv1.3") == true)
    }

    @Test(arguments: ["SSLv3", "+SSLv3", "SSLv2", "TLSv1", "-all", "all -TLSv1.2 -TLSv1.3", "TLSv1.4"])
    func refuses(text: String) {
        #expect(throws: DirectiveError.self) { try SSLProtocolList.parse(text.split(separator: " ").map(String.init)) }
    }
}

@Suite struct OpenSSLCommandTests {
    private func values(_ commands: (String, String)...) throws -> SSLValues {
        var values = SSLValues()
        values.commands = commands.map { OpenSSLCommand(name: $0.0, value: $0.1) }
        return try values.complete()
    }

    @Test func groups() throws {
        // What a newer OpenSSL has is passed over.
        #expect(try values(("Curves", "X25519MLKEM768:X25519:prime256v1:secp384r1")).groups?.groups.count == 4)
        #expect(try values(("Groups", "?P-256:*X25519")).groups?.groups == [.secp256r1, .x25519])
        #expect(throws: DirectiveError.self) { try values(("Curves", "sect571r1")) }
    }

    @Test func versions() throws {
        #expect(try values(("MinProtocol", "TLSv1.3")).connection.versions == .tls13 ... .tls13)
        #expect(
            try values(("MaxProtocol", "TLSv1.2"), ("MinProtocol", "TLSv1")).connection.versions == .tls12 ... .tls12
        )
        #expect(throws: DirectiveError.self) { try values(("MaxProtocol", "TLSv1.1")) }
        #expect(throws: DirectiveError.self) { try values(("MaxProtocol", "TLSv1.2"), ("MinProtocol", "TLSv1.3")) }
    }

    @Test func others() throws {
        let all = try values(
            ("options", "-SessionTicket,ServerPreference,PrioritizeChaCha"),
            ("NumTickets", "1"),
            ("RecordPadding", "512"),
            ("SignatureAlgorithms", "ECDSA+SHA256:RSA-PSS+SHA256"),
            ("ClientSignatureAlgorithms", "ed25519"),
            ("Ciphersuites", "TLS_AES_128_GCM_SHA256")
        )
        #expect(all.givesTickets == false && all.honorsServerOrder == true)
        #expect(all.ticketCount == 1 && all.paddingMultiple == 512)
        #expect(all.signatureSchemes == [.ecdsaSECP256R1SHA256, .rsaPSSRSAESHA256, .rsaPSSPSSSHA256])
        #expect(all.clientSignatureSchemes == [.ed25519] && all.connection.suitesTLS13 == [.aes128GCMSHA256])
        var values = SSLValues()
        let parameters = OpenSSLCommand(name: "DHParameters", value: "/etc/dh.pem")
        #expect(try parameters.apply(to: &values)?.contains("no effect") == true)
    }

    @Test(arguments: [
        ("Nonsense", "x"), ("NumTickets", "9"), ("NumTickets", "many"), ("RecordPadding", "20000"),
        ("Options", "UnsafeLegacyRenegotiation"), ("SignatureAlgorithms", "DSA+SHA1"),
    ])
    func refuses(name: String, value: String) {
        #expect(throws: DirectiveError.self) { try values((name, value)) }
    }
}
