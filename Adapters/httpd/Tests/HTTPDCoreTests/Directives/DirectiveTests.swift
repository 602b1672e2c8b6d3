// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

@Suite struct EngineAddressTests {
    @Test(
        arguments: [
            ("443", nil, 443), ("*:8443", nil, 8443), ("192.0.2.1:443", "192.0.2.1", 443), ("[::1]:443", "::1", 443),
            ("www.example.org:65535", "www.example.org", 65535),
        ] as [(String, String?, UInt16)]
    )
    func accepts(_ text: String, host: String?, port: UInt16) throws {
        let address = try EngineAddress(text)
        #expect(address.host == host && address.port == port)
    }

    @Test(arguments: ["", "0", "65536", "-1", "+443", "https", "::1:443", ":443", "[]:443", "192.0.2.1:", "443 "])
    func refuses(_ text: String) {
        #expect(throws: DirectiveError.self) { try EngineAddress(text) }
    }

    @Test func isWrittenAsItWasRead() throws {
        for text in ["443", "192.0.2.1:443", "[2001:db8::1]:443"] {
            #expect(try EngineAddress(text).description == text)
        }
    }
}

@Suite struct CipherSuiteListTests {
    @Test func takesBothSpellingsAndAllSeparators() throws {
        let suites = try CipherSuiteList.parse([
            "TLS_AES_256_GCM_SHA384:ecdhe-rsa-aes128-gcm-sha256",
            "TLS_CHACHA20_POLY1305_SHA256, TLS_AES_256_GCM_SHA384",
        ]).suites
        #expect(suites == [.aes256GCMSHA384, .ecdheRSAWithAES128GCMSHA256, .chaCha20Poly1305SHA256])
    }

    @Test func takesNumbersAndTheNamesOfModTLS() throws {
        let suites = try CipherSuiteList.parse(["TLS_CIPHER_0xc02f", "TLS13_AES_128_GCM_SHA256"])
        #expect(suites.suites == [.ecdheRSAWithAES128GCMSHA256, .aes128GCMSHA256] && suites.warning == nil)
    }

    @Test(arguments: [
        "TLS_RSA_WITH_AES_128_CBC_SHA", "DHE-RSA-AES256-GCM-SHA384", "AES128-SHA", "TLS_CIPHER_0x002f",
        "SSL_RSA_FIPS_WITH_DES_CBC_SHA",
    ])
    func passesOverWhatIsNotSupported(name: String) throws {
        let (suites, warning) = try CipherSuiteList.parse(["TLS_AES_128_GCM_SHA256", name])
        #expect(suites == [.aes128GCMSHA256] && warning?.contains(name) == true)
    }

    @Test func namesWhatItDoesNotKnow() {
        let error = #expect(throws: DirectiveError.self) {
            try CipherSuiteList.parse(["TLS_AES_128_GCM_SHA256:AES512-MD5"])
        }
        #expect(error?.description.contains("'AES512-MD5'") == true)
    }

    @Test func refusesNothing() {
        #expect(throws: DirectiveError.self) { try CipherSuiteList.parse(["::"]) }
    }

    @Test func preferredComeFirstAndSuppressedNever() {
        let suites = CipherSuiteList.resolve(
            preferred: [.chaCha20Poly1305SHA256, .aes128GCMSHA256],
            suppressed: [.aes128GCMSHA256]
        )
        #expect(suites.first == .chaCha20Poly1305SHA256)
        #expect(!suites.contains(.aes128GCMSHA256))
        #expect(suites.count == CipherSuite.supported.count - 1)
    }

    @Test func knowsWhichVersionASuiteIsFor() {
        #expect(CipherSuiteList.isEmpty([.aes128GCMSHA256], for: .tls12))
        #expect(!CipherSuiteList.isEmpty([.aes128GCMSHA256], for: .tls13))
        #expect(CipherSuiteList.isEmpty([.ecdheRSAWithAES128GCMSHA256], for: .tls13))
    }
}

@Suite struct ProtocolRangeTests {
    @Test func versions() throws {
        for text in ["v1.2+", "TLSv1.2+", "TLSv0x0303+", "tlsv0X0303+", "default", "Default"] {
            #expect(try ProtocolRange.parse(text) == .tls12 ... .tls13)
        }
        for text in ["TLSv1.3+", "TLSv0x0304+"] { #expect(try ProtocolRange.parse(text) == .tls13 ... .tls13) }
        for text in ["v1.1+", "1.2", "v1.3", "TLSv0x0302+", "TLSv0x0303", "0x0303+", ""] {
            #expect(throws: DirectiveError.self) { try ProtocolRange.parse(text) }
        }
    }
}

@Suite struct DirectoryOptionsTests {
    private func options(_ arguments: String...) throws -> DirectoryOptions {
        var options = DirectoryOptions()
        try options.apply(tls: arguments)
        return options
    }

    @Test func signs() throws {
        #expect(try options("StdEnvVars", "+ExportCertData").enabled == [.standardVariables, .certificateData])
        #expect(try options("stdenvvars", "-StdEnvVars").enabled == [])
        #expect(throws: DirectiveError.self) { try options("+FakeBasicAuth") }
    }

    @Test func innerWins() throws {
        let outer = try options("+StdEnvVars")
        #expect(try options("+ExportCertData").merged(onto: outer).enabled == [.standardVariables, .certificateData])
        #expect(try options("-StdEnvVars").merged(onto: outer).enabled == [])
        #expect(try options("Defaults").merged(onto: outer).enabled == [])
        #expect(try options("Defaults", "ExportCertData").merged(onto: outer).enabled == .certificateData)
        // As with mod_tls, one without a sign replaces what is inherited, and not what stands on its line.
        #expect(try options("ExportCertData").merged(onto: outer).enabled == .certificateData)
        #expect(try options("+ExportCertData", "StdEnvVars").merged(onto: outer).enabled.rawValue == 3)
        #expect(DirectoryOptions().merged(onto: outer).enabled == .standardVariables)
    }

    @Test func mergingIsAssociative() throws {
        let (outer, middle, inner) = (
            try options("StdEnvVars"), try options("-StdEnvVars"), try options("ExportCertData")
        )
        #expect(inner.merged(onto: middle).merged(onto: outer) == inner.merged(onto: middle.merged(onto: outer)))
        #expect(inner.merged(onto: middle).merged(onto: outer).enabled == .certificateData)
    }
}
