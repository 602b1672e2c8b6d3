// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates
import Testing

@testable import HTTPDCore

@Suite struct ServerSettingsTests {
    private let names = VirtualHostNames(exact: ["host.test"], patterns: [])

    private func policy(
        outer: ServerSettings? = nil,
        _ configure: (ServerSettings) throws -> Void = { _ in }
    ) throws -> ServerPolicy {
        var settings = ServerSettings()
        if let outer {
            try configure(settings)
            settings = ServerSettings(outer: outer, inner: settings)
        } else {
            settings = try Fixture.settings(configure)
        }
        try settings.makePolicy(names: names)
        return try #require(settings.policy)
    }

    @Test func defaults() throws {
        let policy = try policy()
        #expect(policy.configuration.options.versions == .tls12 ... .tls13)
        #expect(policy.configuration.options.cipherSuites == CipherSuite.supported)
        #expect(policy.configuration.options.prefersClientCipherOrder)
        #expect(policy.requiresServerName)
    }

    /// As with mod_ssl, where the authorities for clients complete the chain of a server that has none.
    @Test(arguments: [(true, 1, ["leaf", "mid"]), (true, 2, ["leaf", "host.test"]), (false, 1, ["leaf"])])
    func chainFromTheAuthorities(hasDirectives: Bool, length: Int, expected: [String]) throws {
        typealias Texts = MachineCertificatesTests
        let chain = [Texts.leaf, Fixture.certificate].prefix(length).joined(separator: "\n")
        try Fixture.withFile(chain + "\n" + Texts.leafKey) { file in
            try Fixture.withFile([Texts.root, Texts.mid].joined(separator: "\n")) { authorities in
                let settings = ServerSettings()
                let line = SSLLine {
                    $0
                } listingDirectoriesWith: { _ in
                    []
                }
                if hasDirectives { _ = try settings.apply(ssl: "SSLEngine", ["on"], at: line) }
                _ = try settings.apply(ssl: "SSLCACertificateFile", [authorities], at: line)
                try settings.addCertificate(certificateFile: file, keyFile: nil)
                try settings.makePolicy(names: names)
                let names = settings.certificates[0].credential.certificateChain.map { $0.subject.commonName }
                #expect(names == expected)
            }
        }
    }

    @Test func hostInheritsWhatItDoesNotSay() throws {
        let main = try Fixture.settings { main in
            try main.setProtocol("v1.3+")
            _ = try main.setPreferredCiphers(["TLS_CHACHA20_POLY1305_SHA256"])
            main.setStrictServerName(false)
        }
        let inherited = try policy(outer: main)
        #expect(inherited.configuration.options.versions == .tls13 ... .tls13)
        #expect(inherited.configuration.options.cipherSuites.first == .chaCha20Poly1305SHA256)
        #expect(!inherited.requiresServerName)
        #expect(inherited.certificates.count == 1)

        let own = try policy(outer: main) { host in
            try host.setProtocol("default")
            _ = try host.setPreferredCiphers(["default"])
            host.setHonorClientOrder(false)
        }
        #expect(own.configuration.options.versions == .tls12 ... .tls13)
        #expect(own.configuration.options.cipherSuites == CipherSuite.supported)
        #expect(!own.configuration.options.prefersClientCipherOrder)
    }

    @Test func versionWithoutSuitesIsAMistake() throws {
        let settings = try Fixture.settings { settings in
            _ = try settings.setSuppressedCiphers(
                CipherSuite.supported.filter { $0.rawValue >> 8 == 0x13 }.map(\.ianaName)
            )
        }
        let error = #expect(throws: DirectiveError.self) { try settings.makePolicy(names: names) }
        #expect(error?.description.contains("TLSCiphersSuppress") == true)
        #expect(error?.description.contains("TLSv1.3") == true)
    }

    @Test func certificateErrorsNameTheFile() throws {
        let missing = #expect(throws: DirectiveError.self) {
            try ServerSettings().addCertificate(certificateFile: "/nowhere/cert.pem", keyFile: nil)
        }
        #expect(missing?.description.contains("/nowhere/cert.pem") == true)
        try Fixture.withFile(Fixture.certificate) { path in
            let keyless = #expect(throws: DirectiveError.self) {
                try ServerSettings().addCertificate(certificateFile: path, keyFile: nil)
            }
            #expect(keyless?.description.contains(path) == true)
        }
    }

    @Test func variablesOfTheCertificate() throws {
        let certificate = try #require(try policy().certificates.first)
        #expect(certificate.value(of: "SSL_SERVER_M_SERIAL") == Fixture.serialNumber)
        #expect(certificate.value(of: "SSL_SERVER_M_VERSION") == "3")
        #expect(certificate.value(of: "SSL_SERVER_S_DN") == "CN=host.test,O=Test,C=DE")
        #expect(certificate.value(of: "SSL_SERVER_S_DN_CN") == "host.test")
        #expect(certificate.value(of: "SSL_SERVER_SAN_DNS_1") == "*.host.test")
        #expect(certificate.value(of: "SSL_SERVER_A_KEY") == "id-ecPublicKey")
        #expect(certificate.value(of: "SSL_SERVER_CERT") == Fixture.certificate + "\n")
        #expect(!certificate.standardNames.contains("SSL_SERVER_CERT"))
        #expect(certificate.signs(with: .ecdsaSECP256R1SHA256))
        #expect(!certificate.signs(with: .rsaPSSRSAESHA256))
    }

    @Test func requestsStayWithTheirPolicy() throws {
        let main = try Fixture.settings()
        func host(_ configure: (ServerSettings) throws -> Void = { _ in }) throws -> ServerPolicy {
            try policy(outer: main, configure)
        }
        let (one, same) = (try host(), try host())
        let newer = try host { try $0.setProtocol("v1.3+") }
        let lenient = try host { $0.setStrictServerName(false) }

        func verdict(_ connection: ServerPolicy, _ request: ServerPolicy?, named: Bool = true) -> RequestVerdict {
            RequestVerdict(connection: connection, request: request, clientNamedServer: named)
        }
        #expect(verdict(one, same) == .proceed)
        #expect(verdict(one, newer) == .misdirected)
        #expect(verdict(newer, one) == .misdirected)
        #expect(verdict(one, nil) == .misdirected)
        #expect(verdict(one, same, named: false) == .forbidden)
        #expect(verdict(lenient, same, named: false) == .forbidden)
        #expect(verdict(lenient, lenient, named: false) == .proceed)
        // Another file is another policy, whatever is in it.
        #expect(verdict(one, try policy()) == .misdirected)
    }
}
