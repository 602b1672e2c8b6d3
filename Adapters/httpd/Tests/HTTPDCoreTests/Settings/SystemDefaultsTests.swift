// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// The system's OpenSSL configuration counts where directives say nothing.
@Suite struct SystemDefaultsTests {
    private static var line: SSLLine { SSLLine(resolvingPathsWith: { $0 }) }
    private static let commands = [
        ("MinProtocol", "TLSv1.3"), ("MinProtocol", "DTLSv1.2"), ("CipherString", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("Ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"), ("Groups", "P-384:X448"),
        ("SignatureAlgorithms", "ECDSA+SHA256"),
    ]

    private func options(_ directives: [(String, [String])], _ commands: [(String, String)]) throws -> ServerOptions {
        let settings = try Fixture.settings { settings in
            for (name, words) in [("SSLEngine", ["on"])] + directives {
                _ = try settings.apply(ssl: name, words, at: Self.line)
            }
        }
        settings.setSystemDefaults(SystemDefaults(path: "openssl.cnf", commands.map { (name: $0.0, value: $0.1) }))
        try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
        // Files that change make it anew.
        try settings.replace([:])
        return try #require(settings.policy).configuration.options
    }

    @Test func countWhereNothingIsSaid() throws {
        let options = try options([], Self.commands)
        #expect(options.versions == .tls13 ... .tls13)
        #expect(options.cipherSuites == [.chaCha20Poly1305SHA256, .ecdheECDSAWithAES256GCMSHA384])
        #expect(options.groups == [.secp384r1])
        #expect(options.signatureSchemes == [.ecdsaSECP256R1SHA256])
    }

    @Test func directivesGoBefore() throws {
        let options = try options(
            [
                ("SSLProtocol", ["TLSv1.2"]), ("SSLCipherSuite", ["ECDHE-ECDSA-AES128-GCM-SHA256"]),
                ("SSLOpenSSLConfCmd", ["Groups", "X25519"]),
            ],
            Self.commands
        )
        #expect(options.versions == .tls12 ... .tls12)
        #expect(options.cipherSuites == [.chaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256])
        #expect(options.groups == [.x25519])
    }

    /// Commands of a host stand on the system's, where they are for the same thing in another way.
    @Test func commandsStandOnThem() throws {
        let options = try options([("SSLOpenSSLConfCmd", ["MaxProtocol", "TLSv1.3"])], Self.commands)
        #expect(options.versions == .tls13 ... .tls13)
    }

    @Test(arguments: [
        ("Nonsense", "1"), ("CipherString", "AES128-SHA"), ("MaxProtocol", "TLSv1.1"), ("Options", "Strange"),
    ])
    func whatCannotBeObeyedIsSaid(_ name: String, _ value: String) throws {
        let defaults = SystemDefaults(path: "/etc/openssl.cnf", [(name: name, value: value)])
        #expect(defaults.warnings.count == 1)
        #expect(
            defaults.warnings.first?.hasPrefix("\(name) = \(value) in /etc/openssl.cnf, the system's policy") == true
        )
        #expect(try options([], [(name, value)]).versions == .tls12 ... .tls13)
    }

    /// What a level asks for beyond suites is said where it is more than what always holds.
    @Test(
        arguments: [
            ("HIGH", nil), ("HIGH:@SECLEVEL=2", nil), ("HIGH:@SECLEVEL=5:@SECLEVEL=0", nil),
            ("DEFAULT@SECLEVEL=3", 3072),
            ("@seclevel=4:HIGH", 7680), ("HIGH:@SECLEVEL=0 @SECLEVEL=5", 15_360),
        ] as [(String, Int?)]
    )
    func levelsAreSaid(_ list: String, _ bits: Int?) throws {
        let words = bits.map { "RSA keys of less than \($0) bits" }
        let defaults = SystemDefaults(path: "/etc/openssl.cnf", [("MinProtocol", "TLSv1.2"), ("CipherString", list)])
        #expect(defaults.warnings.count == (bits == nil ? 0 : 1), "\(defaults.warnings)")
        let line = SSLLine(resolvingPathsWith: { $0 })
        let said = [
            defaults.warnings.first,
            try ServerSettings().apply(ssl: "SSLCipherSuite", [list], at: line),
            try ServerSettings().apply(ssl: "SSLCipherSuite", ["SSL", list], at: line),
            try ProxySettings().apply("SSLProxyCipherSuite", [list], at: line),
            try ServerSettings().apply(ssl: "SSLOpenSSLConfCmd", ["CipherString", list], at: line),
        ]
        for warning in said {
            #expect((warning != nil) == (bits != nil))
            if let words { #expect(warning?.contains(words) == true, "\(warning ?? "")") }
        }
        // Suites that are not supported are said beside it.
        guard let words else { return }
        let both = try ServerSettings().apply(ssl: "SSLCipherSuite", ["AES128-SHA:" + list], at: line)
        #expect(both?.hasPrefix("not supported, and never used: AES128-SHA; of @SECLEVEL=") == true)
        #expect(both?.contains(words) == true)
    }

    @Test func proxiedServers() throws {
        func versions(isOfTLS: Bool) throws -> String {
            let settings = ProxySettings()
            _ = try settings.apply(isOfTLS ? "TLSProxyEngine" : "SSLProxyEngine", ["on"], at: Self.line)
            settings.systemDefaults = SystemDefaults(path: "", Self.commands.map { (name: $0.0, value: $0.1) })
            try settings.makePolicy()
            let options = try #require(settings.policy).configuration(offering: []).options
            return "\(options.versions) \(options.groups)"
        }
        let ssl = try versions(isOfTLS: false)
        #expect(ssl == "\(ProtocolVersion.tls13...ProtocolVersion.tls13) \([NamedGroup.secp384r1])")
        // rustls reads no such file.
        #expect(
            try versions(isOfTLS: true) == "\(ProtocolVersion.tls12...ProtocolVersion.tls13) \(NamedGroup.supported)"
        )
    }

    @Test(arguments: ["PROFILE=SYSTEM", "DEFAULT_SUSE", "profile=system"]) func profiles(word: String) {
        #expect(SystemProfile.expand("\(word):!AESGCM", "@SECLEVEL=2:kEECDH") == "@SECLEVEL=2:kEECDH:!AESGCM")
        #expect(SystemProfile.expand(word, nil) == "DEFAULT")
        #expect(SystemProfile.expand("HIGH", "x") == "HIGH")
    }
}

/// What is named and not supported is passed over, and said.
@Suite struct UnsupportedNamesTests {
    private static var line: SSLLine { SSLLine(resolvingPathsWith: { $0 }) }

    @Test(
        arguments: [
            ("SSLCipherSuite", "HIGH:!aNULL:!DHE-RSA-AES128-SHA:RC4", nil),
            (
                "SSLCipherSuite", "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:DHE-RSA-AES128-GCM-SHA256",
                "AES128-SHA, DHE-RSA-AES128-GCM-SHA256"
            ),
            ("SSLCipherSuite", "TLSv1.3 TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_SHA256"),
            ("SSLProxyCipherSuite", "HIGH:AES256-SHA", "AES256-SHA"),
            ("SSLOpenSSLConfCmd", "Groups X25519MLKEM768:X448", "X448"),
            ("SSLOpenSSLConfCmd", "Groups ?X448:*X25519", nil), ("SSLOpenSSLConfCmd", "ECDHParameters Automatic", nil),
            ("SSLOpenSSLConfCmd", "Curves sect571r1:P-256", "sect571r1"),
            ("SSLOpenSSLConfCmd", "SignatureAlgorithms ECDSA+SHA256:ECDSA+SHA1", "ECDSA+SHA1"),
            ("SSLOpenSSLConfCmd", "CipherString HIGH:AES256-SHA", "AES256-SHA"),
            ("SSLOpenSSLConfCmd", "Ciphersuites TLS_AES_128_GCM_SHA256:TLS_NONE", "TLS_NONE"),
            ("TLSGroups", "x25519 x448", "x448"),
        ] as [(String, String, String?)]
    )
    func areSaid(_ name: String, _ text: String, _ names: String?) throws {
        let words = text.split(separator: " ").map(String.init)
        let warning =
            ProxySettings.knows(name)
            ? try ProxySettings().apply(name, words, at: Self.line)
            : try ServerSettings().apply(ssl: name, words, at: Self.line)
        #expect(warning == names.map { "not supported, and never used: \($0)" })
    }

    @Test(
        "the system's suites are found in every list that OpenSSL reads",
        arguments: [
            ("PROFILE=SYSTEM !AES128", "SUITES:!AES128"), ("PROFILE=SYSTEM@SECLEVEL=2", "SUITES:@SECLEVEL=2"),
            ("HIGH,DEFAULT_SUSE", "HIGH:SUITES"), ("HIGH:!aNULL", "HIGH:!aNULL"),
        ]
    )
    func profileInLists(list: String, expected: String) {
        #expect(SystemProfile.expand(list, "SUITES") == expected)
    }

    @Test func versionsOfWhichNoneIsLeft() {
        let defaults = SystemDefaults(path: "openssl.cnf", [("MinProtocol", "TLSv1.3"), ("MaxProtocol", "TLSv1.2")])
        #expect(defaults.versions == nil)
        #expect(defaults.warnings.contains { $0.contains("none that is supported") }, "\(defaults.warnings)")
    }
}
