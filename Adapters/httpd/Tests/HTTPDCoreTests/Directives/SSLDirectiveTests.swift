// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// The directives of mod_ssl, by the settings that they leave.
@Suite struct SSLDirectiveTests {
    private let line = SSLLine { "/server/" + $0 }

    @discardableResult
    private func apply(_ settings: ServerSettings, _ text: String) throws -> String? {
        let words = text.split(separator: " ").map(String.init)
        return try settings.apply(ssl: words[0], Array(words.dropFirst()), at: line)
    }

    @Test func valuesOfTheHostGoBeforeThoseOfTheServer() throws {
        let (main, host) = (ServerSettings(), ServerSettings())
        try apply(main, "SSLCertificateFile main.pem")
        try apply(main, "SSLCertificateKeyFile main.key")
        try apply(main, "SSLVerifyClient require")
        try apply(main, "SSLProtocol TLSv1.3")
        try apply(host, "sslengine ON")
        try apply(host, "SSLVerifyClient none")
        var merged = ServerSettings(outer: main, inner: host)
        #expect(merged.isEngineOn && !main.isEngineOn)
        #expect(merged.certificateFiles == ["/server/main.pem"] && merged.certificateKeyFiles == ["/server/main.key"])
        #expect(merged.ssl.connection.verification == ClientVerification.none)
        #expect(merged.ssl.connection.versions == .tls13 ... .tls13)

        try apply(host, "SSLCertificateFile host.pem")
        merged = ServerSettings(outer: main, inner: host)
        // A key of another certificate would be no use.
        #expect(merged.certificateFiles == ["/server/host.pem"] && merged.certificateKeyFiles.isEmpty)
    }

    @Test(arguments: [
        "SSLEngine", "SSLEngine on off", "SSLEngine maybe", "SSLVerifyDepth -1",
        "SSLVerifyDepth deep",
        "SSLSessionCacheTimeout -1", "SSLSessionCacheTimeout long", "SSLCARevocationCheck leaves",
        "SSLCARevocationCheck leaf maybe", "SSLCipherSuite TLSv1.2 HIGH", "SSLCertificateFile pkcs11:token=x",
        "SSLOpenSSLConfCmd Curves", "SSLFIPS on", "SSLSRPVerifierFile x", "SSLNonsense on",
    ])
    func refuses(text: String) {
        #expect(throws: DirectiveError.self) { try apply(ServerSettings(), text) }
    }

    @Test(arguments: [
        "SSLRandomSeed startup file:/dev/urandom 512", "SSLCryptoDevice builtin", "SSLCompression off",
        "SSLInsecureRenegotiation off", "SSLFIPS off", "SSLOCSPEnable off",
    ])
    func acceptsWithoutAWord(text: String) throws {
        #expect(try apply(ServerSettings(), text) == nil)
    }

    @Test(arguments: ["SSLCompression on"])
    func warns(text: String) throws {
        #expect(try apply(ServerSettings(), text) != nil)
    }

    /// Sessions live as long as with mod_ssl, or with mod_tls, where nothing is said.
    @Test func lifetimes() throws {
        for (line, expected) in [("SSLEngine on", 300), ("SSLSessionTickets on", 86_400)] as [(String, Int64)] {
            let settings = try Fixture.settings { settings in _ = try apply(settings, line) }
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
            #expect(settings.policy?.configuration.options.ticketLifetime == expected, "\(line)")
        }
    }

    /// Where nothing is said, `SSLHonorCipherOrder on` means the order of OpenSSL.
    @Test(arguments: ["SSLEngine on", "SSLCipherSuite HIGH"]) func orderOfSuites(line: String) throws {
        let settings = try Fixture.settings { settings in _ = try apply(settings, line) }
        try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
        let suites = try #require(settings.policy?.configuration.options.cipherSuites)
        #expect(suites.first == .aes256GCMSHA384 && suites.count == CipherSuite.supported.count)
        #expect(suites.filter { $0.ianaName.hasPrefix("TLS_ECDHE") } == OpenSSLCipherString.all)
    }

    /// mod_ssl takes any number.
    @Test(arguments: [(0, 0), (60, 60), (604_800, 604_800), (3_000_000, 604_800)] as [(Int, Int64)])
    func lifetimes(number: Int, expected: Int64) throws {
        let settings = try Fixture.settings { settings in
            _ = try apply(settings, "SSLEngine on")
            _ = try apply(settings, "SSLSessionCacheTimeout \(number)")
        }
        #expect(settings.ssl.sessionLifetime == expected)
        try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []), store: NoSessions())
        let options = try #require(settings.policy?.configuration.options)
        if expected == 0 {
            #expect(options.ticketCount == 0 && options.sessionStore == nil)
        } else {
            #expect(options.ticketLifetime == expected && options.ticketCount > 0 && options.sessionStore != nil)
        }
    }

    /// Keys of a file last for a day, or for as long as the sessions that they are for.
    @Test(arguments: [(300, 86_400), (86_400, 86_400), (172_800, 172_800), (604_800, 604_800)] as [(Int, Int64)])
    func epochsOfSharedKeys(lifetime: Int, expected: Int64) throws {
        try Fixture.withFile(String(repeating: "secret", count: 8)) { file in
            let settings = try Fixture.settings { settings in
                _ = try settings.apply(ssl: "SSLSessionTicketKeyFile", [file], at: SSLLine { $0 })
                _ = try apply(settings, "SSLSessionCacheTimeout \(lifetime)")
            }
            try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []))
            #expect(settings.policy?.configuration.options.ticketKeys?.epochLength == expected)
        }
    }

    /// A check that could only refuse is a mistake.
    @Test func checksNeedLists() throws {
        let settings = ServerSettings()
        try apply(settings, "SSLCACertificateFile ca.pem")
        try apply(settings, "SSLCARevocationCheck chain")
        let error = #expect(throws: DirectiveError.self) { try settings.clientAuthentication(.require, 1) }
        #expect(error?.description.contains("SSLCARevocationFile") == true)
        #expect(throws: DirectiveError.self) { try apply(settings, "TLSClientCertificate optional_no_ca") }
    }

    @Test func listsWithoutACheckAreWorthAWord() throws {
        let settings = ServerSettings()
        try apply(settings, "SSLCARevocationFile crl.pem")
        #expect(settings.warnings.count == 1)
        try apply(settings, "SSLCARevocationCheck chain no_crl_for_cert_ok")
        #expect(settings.warnings.isEmpty)
        #expect(settings.ssl.connection.revocationCheck?.acceptsUnknown == true)
        #expect(settings.trustFiles == ["/server/crl.pem"])
    }
}

private struct NoSessions: SessionStore {
    func store(_ session: [UInt8], for identifier: [UInt8], until expiry: Int64, now: Int64) {}
    func session(for identifier: [UInt8], now: Int64) -> [UInt8]? { nil }
    func remove(_ identifier: [UInt8]) -> Bool { false }
}

/// `SSLOptions`, whose signs are mod_ssl's.
@Suite struct SSLOptionsTests {
    private func options(_ text: String) throws -> DirectoryOptions {
        var options = DirectoryOptions()
        try options.apply(ssl: text.split(separator: " ").map(String.init))
        return options
    }

    @Test func signsAddAndNamesReplace() throws {
        let outer = try options("StdEnvVars +StrictRequire")
        #expect(
            try options("+ExportCertData -StrictRequire").merged(onto: outer).enabled == [
                .standardVariables, .certificateData,
            ]
        )
        #expect(try options("FakeBasicAuth").merged(onto: outer).enabled == .fakeBasicAuthentication)
        #expect(throws: DirectiveError.self) { try options("+Nonsense") }
    }
}

/// The directives for proxied servers.
@Suite struct ProxySettingsTests {
    private let line = SSLLine(resolvingPathsWith: { "/server/" + $0 }, listingDirectoriesWith: { _ in nil })

    private func apply(_ settings: ProxySettings, _ text: String) throws {
        let words = text.split(separator: " ").map(String.init)
        _ = try settings.apply(words[0], Array(words.dropFirst()), at: line)
    }

    @Test func sectionsInherit() throws {
        let (server, section) = (ProxySettings(), ProxySettings())
        try apply(server, "SSLProxyEngine on")
        try apply(section, "SSLProxyCheckPeerName off")
        let merged = ProxySettings(outer: server, inner: section)
        #expect(merged.isEngineOn && !section.isEngineOn)
        try merged.makePolicy()
        #expect(merged.policy != nil)
        try section.makePolicy()
        #expect(section.policy == nil)
    }

    @Test func defaultsCanBeAskedFor() throws {
        let settings = ProxySettings()
        for line in ["TLSProxyEngine on", "TLSProxyCiphersPrefer default", "TLSProxyCiphersSuppress default"] {
            try apply(settings, line)
        }
        #expect(settings.isEngineOn)
    }

    /// A verification that could accept nobody is a mistake.
    @Test func verificationNeedsAuthorities() throws {
        let settings = ProxySettings()
        try apply(settings, "SSLProxyEngine on")
        try apply(settings, "SSLProxyVerify require")
        let error = #expect(throws: DirectiveError.self) { try settings.makePolicy() }
        #expect(error?.description.contains("SSLProxyCACertificateFile") == true && settings.policy == nil)
    }

    @Test(arguments: [
        "SSLProxyEngine", "SSLProxyVerify maybe", "SSLProxyVerifyDepth -1", "SSLProxyMachineCertificatePath certs",
        "SSLProxyCipherSuite RC4", "TLSProxyProtocol v1.1+", "TLSProxyCiphersSuppress nonsense", "SSLProxyNonsense on",
    ])
    func refuses(text: String) {
        #expect(throws: DirectiveError.self) { try apply(ProxySettings(), text) }
    }
}
