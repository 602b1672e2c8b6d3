// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// What an administrator gets to read about a directive, and what it leaves when all is well.
@Suite struct DirectiveSentenceTests {
    private func apply(_ text: String, to settings: ServerSettings = ServerSettings()) throws -> String? {
        // A bar stands for a space inside an argument.
        let words = text.split(separator: " ").map { String($0).replacing("|", with: " ") }
        return try settings.apply(
            ssl: words[0],
            Array(words.dropFirst()),
            at: SSLLine(resolvingPathsWith: { $0.hasPrefix("/") ? $0 : "/etc/httpd/" + $0 })
        )
    }

    private static let one = [
        "SSLEngine", "SSLCertificateFile", "SSLCertificateKeyFile", "SSLCertificateChainFile", "SSLHonorCipherOrder",
        "SSLSessionTickets", "SSLSessionCacheTimeout", "SSLSessionTicketKeyFile", "SSLStrictSNIVHostCheck",
        "SSLVerifyClient", "SSLVerifyDepth", "SSLCACertificateFile", "SSLCACertificatePath", "SSLCADNRequestFile",
        "SSLCADNRequestPath", "SSLCARevocationFile", "SSLCARevocationPath", "SSLUserName", "SSLCompression",
        "SSLUseStapling", "SSLStaplingResponderTimeout",
        "SSLStaplingReturnResponderErrors", "SSLStaplingFakeTryLater", "SSLStaplingStandardCacheTimeout",
        "SSLStaplingErrorCacheTimeout", "SSLStaplingResponseTimeSkew", "SSLStaplingResponseMaxAge",
        "SSLStaplingForceURL", "SSLOCSPDefaultResponder", "SSLOCSPOverrideResponder", "SSLOCSPResponseTimeSkew",
        "SSLOCSPResponseMaxAge", "SSLOCSPResponderTimeout", "SSLOCSPUseRequestNonce", "SSLOCSPProxyURL",
        "SSLOCSPResponderCertificateFile",
    ]

    @Test(arguments: one)
    func takesOneArgument(name: String) {
        for text in [name, name + " on off"] {
            let error = #expect(throws: DirectiveError.self) { try apply(text) }
            #expect(error?.description == "takes 1 argument")
        }
    }

    @Test(arguments: [
        ("SSLOpenSSLConfCmd Curves", "takes 2 arguments"), ("SSLOpenSSLConfCmd Curves X25519 x", "takes 2 arguments"),
        ("SSLProtocol", "takes 1 to 8 arguments"), ("SSLCipherSuite", "takes 1 to 2 arguments"),
        ("SSLCipherSuite SSL HIGH !aNULL", "takes 1 to 2 arguments"),
        ("SSLRandomSeed startup", "takes 2 to 3 arguments"),
        ("SSLCARevocationCheck", "takes 1 to 2 arguments"),
        ("SSLCARevocationCheck leaf no_crl_for_cert_ok x", "takes 1 to 2 arguments"),
    ])
    func otherNumbersOfArguments(text: String, sentence: String) {
        #expect(#expect(throws: DirectiveError.self) { try apply(text) }?.description == sentence)
    }

    @Test(arguments: ["SSLNonsense on", "SSL on", "SSLEngines on", "TLSEngine 443"])
    func unknownDirectives(text: String) {
        #expect(#expect(throws: DirectiveError.self) { try apply(text) }?.description == "unknown directive")
    }

    /// The sentence repeats the word that is wrong, and says what is right.
    @Test(arguments: [
        ("SSLEngine yes", "'yes' is neither on nor off"), ("SSLEngine optional", "'optional' is not supported"),
        ("SSLHonorCipherOrder 1", "'1' is neither on nor off"), ("SSLSessionTickets no", "'no' is neither on nor off"),
        ("SSLVerifyClient required", "one of none, optional, require and optional_no_ca"),
        ("SSLVerifyDepth -1", "'-1' is not a depth"), ("SSLVerifyDepth ten", "'ten' is not a depth"),
        ("SSLSessionCacheTimeout 5m", "'5m' is not a number of seconds"),
        ("SSLCARevocationCheck all", "'all' is not one of none, leaf and chain"),
        ("SSLCARevocationCheck chain ok", "unknown flag 'ok'"),
        ("SSLCipherSuite TLSv1.2 HIGH", "'TLSv1.2' is neither SSL nor TLSv1.3"),
        ("SSLCipherSuite RC4", "'RC4' selects"),
        ("SSLProtocol +SSLv3", "+SSLv3 is not supported"), ("SSLOpenSSLConfCmd Nonsense x", "'Nonsense'"),
        ("SSLCertificateFile pkcs11:object=x", "PKCS #11"), ("SSLCertificateKeyFile PKCS11:object=x", "PKCS #11"),
        ("SSLRandomSeed sometimes builtin", "'sometimes' is neither startup nor connect"),
        ("SSLRandomSeed startup file:/dev/urandom many", "'many' is not a number of bytes"),
        ("SSLCryptoDevice pkcs11", "write builtin"), ("SSLInsecureRenegotiation on", "renegotiation is not supported"),
        ("SSLFIPS on", "a FIPS mode is not supported"), ("SSLSRPVerifierFile passwd.srpv", "SRP is not supported"),
        ("SSLSRPUnknownUserSeed x", "SRP is not supported"),
        ("SSLOCSPEnable yes", "'yes' is not one of off, leaf and on"),
        ("SSLOCSPEnable leaf maybe", "unknown flag 'maybe'"), ("SSLLog logs/ssl.log", "use ErrorLog"),
        ("SSLOCSPNoVerify on", "name the responder's certificate by SSLOCSPResponderCertificateFile"),
        ("SSLOCSPDefaultResponder x", "no address that begins with http://"),
        ("SSLOCSPProxyURL https://x/", "no address that begins with http://"),
        ("SSLOCSPOverrideResponder 1", "'1' is neither on nor off"),
        ("SSLOCSPUseRequestNonce x", "'x' is neither on nor off"),
        ("SSLOCSPResponderTimeout -1", "'-1' is not a number of seconds from 0"),
        ("SSLOCSPResponseTimeSkew -1", "'-1' is not a number of seconds from 0"),
        ("SSLOCSPResponseMaxAge -1", "'-1' is not a number of seconds from 0"),
        ("SSLLogLevel warn", "use LogLevel"), ("SSLCompression maybe", "'maybe' is neither on nor off"),
        ("SSLUseStapling maybe", "'maybe' is neither on nor off"),
        ("SSLStaplingForceURL https://a.example/", "no address that begins with http://"),
        ("SSLStaplingResponderTimeout 3601", "'3601' is not a number of seconds from 0 to 3600"),
        ("SSLStaplingStandardCacheTimeout 1h", "'1h' is not a number of seconds"),
        ("SSLStaplingErrorCacheTimeout -1", "'-1' is not a number of seconds"),
        ("SSLStaplingResponseTimeSkew x", "'x' is not a number of seconds from 0"),
        ("SSLStaplingResponseMaxAge -1", "'-1' is not a number of seconds from 0"),
        ("SSLStaplingReturnResponderErrors yes", "'yes' is neither on nor off"),
        ("SSLStaplingFakeTryLater 1", "'1' is neither on nor off"),
    ])
    func mistakes(text: String, sentence: String) {
        let error = #expect(throws: DirectiveError.self) { try apply(text) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    /// Lines of distributions, tutorials and panels.
    @Test(arguments: [
        "SSLRandomSeed startup builtin", "SSLRandomSeed connect file:/dev/urandom 512", "SSLCryptoDevice builtin",
        "SSLCompression off", "SSLUseStapling off",
        "SSLUseStapling On", "SSLStaplingResponderTimeout 5",
        "SSLStaplingReturnResponderErrors off", "SSLInsecureRenegotiation off", "SSLFIPS Off", "SSLOCSPEnable off",
        "SSLProtocol all -SSLv2 -SSLv3 -TLSv1 -TLSv1.1", "SSLOpenSSLConfCmd Curves X25519:prime256v1:secp384r1",
        "SSLCipherSuite HIGH:!aNULL", "SSLCipherSuite SSL HIGH:!aNULL", "SSLHonorCipherOrder off",
        "SSLVerifyDepth 10", "SSLSessionCacheTimeout 86400", "SSLVerifyClient off",
    ])
    func nothingToSay(text: String) throws {
        #expect(try apply(text) == nil)
    }

    @Test(arguments: [
        ("SSLCompression on", "CRIME"), ("SSLProtocol TLSv1.2 TLSv1.3", "'+TLSv1.3'"),
        ("SSLOpenSSLConfCmd DHParameters /etc/dh.pem", "no effect"),
    ])
    func warnings(text: String, sentence: String) throws {
        #expect(try apply(text)?.contains(sentence) == true)
    }

    @Test func pathsAreRelativeToTheServerRoot() throws {
        let settings = ServerSettings()
        for text in [
            "SSLCertificateFile a.pem", "SSLCertificateFile /b.pem", "SSLCertificateKeyFile a.key",
            "SSLCertificateChainFile chain.pem", "SSLSessionTicketKeyFile tickets", "SSLCACertificateFile ca.pem",
            "SSLCACertificatePath cas", "SSLCADNRequestFile /dn.pem", "SSLCADNRequestPath dns",
            "SSLCARevocationFile crl.pem", "SSLCARevocationPath crls",
        ] { #expect(try apply(text, to: settings) == nil) }
        #expect(settings.certificateFiles == ["/etc/httpd/a.pem", "/b.pem"])
        #expect(settings.certificateKeyFiles == ["/etc/httpd/a.key"])
        #expect(settings.ssl.chainFile == "/etc/httpd/chain.pem")
        #expect(settings.ssl.ticketKeyFile == "/etc/httpd/tickets")
        #expect(
            settings.trustFiles == [
                "/etc/httpd/ca.pem", "/etc/httpd/cas", "/dn.pem", "/etc/httpd/dns", "/etc/httpd/crl.pem",
                "/etc/httpd/crls",
            ]
        )
    }

    @Test func bothSpellingsOfCipherSuites() throws {
        let settings = ServerSettings()
        _ = try apply("SSLCipherSuite EECDH+ECDSA+CHACHA20|!aNULL", to: settings)
        _ = try apply("SSLCipherSuite tlsv1.3 TLS_AES_128_GCM_SHA256", to: settings)
        #expect(settings.ssl.connection.suitesTLS12 == [.ecdheECDSAWithChaCha20Poly1305SHA256])
        #expect(settings.ssl.connection.suitesTLS13 == [.aes128GCMSHA256])
        _ = try apply("SSLCipherSuite SSL AES128+ECDSA", to: settings)
        #expect(settings.ssl.connection.suitesTLS12 == [.ecdheECDSAWithAES128GCMSHA256])
        #expect(settings.ssl.connection.suitesTLS13 == [.aes128GCMSHA256])
    }

    @Test func aRefusedLineLeavesWhatWasSaidBefore() throws {
        let settings = ServerSettings()
        _ = try apply("SSLCipherSuite AES128+ECDSA", to: settings)
        _ = try apply("SSLVerifyDepth 2", to: settings)
        #expect(throws: DirectiveError.self) { try apply("SSLCipherSuite RC4", to: settings) }
        #expect(throws: DirectiveError.self) { try apply("SSLVerifyDepth x", to: settings) }
        #expect(settings.ssl.connection.suitesTLS12 == [.ecdheECDSAWithAES128GCMSHA256])
        #expect(settings.ssl.connection.verificationDepth == 2)
    }
}
