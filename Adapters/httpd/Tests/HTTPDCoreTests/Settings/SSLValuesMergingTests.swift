// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// Virtual hosts inherit what they do not say.
@Suite struct SSLValuesMergingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let outer: String
        let inner: String
        let value: @Sendable (SSLValues) -> String

        init(_ outer: String, _ inner: String, _ value: @escaping @Sendable (SSLValues) -> Any) {
            self.outer = outer
            self.inner = inner
            self.value = { String(describing: value($0)) }
        }

        var testDescription: String { outer }
    }

    static let cases = [
        Case("SSLEngine on", "SSLEngine off") { $0.isEngineOn as Any },
        Case("SSLCertificateChainFile a", "SSLCertificateChainFile b") { $0.chainFile as Any },
        Case("SSLProtocol TLSv1.2", "SSLProtocol TLSv1.3") { $0.connection.versions as Any },
        Case("SSLCipherSuite AES128", "SSLCipherSuite AES256") { $0.connection.suitesTLS12 as Any },
        Case("SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256", "SSLCipherSuite TLSv1.3 TLS_AES_256_GCM_SHA384") {
            $0.connection.suitesTLS13 as Any
        },
        Case("SSLHonorCipherOrder on", "SSLHonorCipherOrder off") { $0.honorsServerOrder as Any },
        Case("SSLSessionTickets off", "SSLSessionTickets on") { $0.givesTickets as Any },
        Case("SSLSessionCacheTimeout 600", "SSLSessionCacheTimeout 60") { $0.sessionLifetime as Any },
        Case("SSLSessionTicketKeyFile a", "SSLSessionTicketKeyFile b") { $0.ticketKeyFile as Any },
        Case("SSLStrictSNIVHostCheck on", "SSLStrictSNIVHostCheck off") { $0.requiresServerName as Any },
        Case("SSLOpenSSLConfCmd Groups X25519", "SSLOpenSSLConfCmd Groups P-256") { $0.groups as Any },
        Case("SSLOpenSSLConfCmd SignatureAlgorithms ed25519", "SSLOpenSSLConfCmd SignatureAlgorithms RSA+SHA256") {
            $0.signatureSchemes as Any
        },
        Case(
            "SSLOpenSSLConfCmd ClientSignatureAlgorithms ed25519",
            "SSLOpenSSLConfCmd ClientSignatureAlgorithms RSA+SHA256"
        ) { $0.clientSignatureSchemes as Any },
        Case("SSLOpenSSLConfCmd RecordPadding 512", "SSLOpenSSLConfCmd RecordPadding 0") { $0.paddingMultiple as Any },
        Case("SSLOpenSSLConfCmd NumTickets 1", "SSLOpenSSLConfCmd NumTickets 0") { $0.ticketCount as Any },
        Case("SSLVerifyClient require", "SSLVerifyClient none") { $0.connection.verification as Any },
        Case("SSLVerifyDepth 3", "SSLVerifyDepth 0") { $0.connection.verificationDepth as Any },
        Case("SSLCACertificateFile a", "SSLCACertificateFile b") { $0.connection.authorityFile as Any },
        Case("SSLCACertificatePath a", "SSLCACertificatePath b") { $0.connection.authorityPath as Any },
        Case("SSLCADNRequestFile a", "SSLCADNRequestFile b") { $0.requestedNamesFile as Any },
        Case("SSLCADNRequestPath a", "SSLCADNRequestPath b") { $0.requestedNamesPath as Any },
        Case("SSLCARevocationFile a", "SSLCARevocationFile b") { $0.connection.revocationFile as Any },
        Case("SSLCARevocationPath a", "SSLCARevocationPath b") { $0.connection.revocationPath as Any },
        Case("SSLCARevocationCheck chain", "SSLCARevocationCheck none") { $0.connection.revocationCheck as Any },
        Case("SSLUserName SSL_CLIENT_S_DN_CN", "SSLUserName SSL_CLIENT_M_SERIAL") { $0.userName as Any },
        Case("SSLCertificateFile a", "SSLCertificateFile b") { $0.certificateFiles },
        Case("SSLCertificateKeyFile a", "SSLCertificateKeyFile b") { $0.keyFiles },
        Case("SSLEarlyData on", "SSLEarlyData off") { $0.takesEarlyData as Any },
        Case("SSLClientHelloVars on", "SSLClientHelloVars off") { $0.keepsClientHello as Any },
        Case("SSLOCSPEnable on", "SSLOCSPEnable leaf") { $0.clientStatus.checking as Any },
        Case("SSLOCSPDefaultResponder http://a/", "SSLOCSPDefaultResponder http://b/") {
            $0.clientStatus.responder as Any
        },
        Case("SSLOCSPOverrideResponder on", "SSLOCSPOverrideResponder off") {
            $0.clientStatus.overridesResponders as Any
        },
        Case("SSLOCSPProxyURL http://a/", "SSLOCSPProxyURL http://b/") { $0.clientStatus.proxy as Any },
        Case("SSLOCSPResponderCertificateFile a", "SSLOCSPResponderCertificateFile b") {
            $0.clientStatus.responderFile as Any
        },
        Case("SSLOCSPResponderTimeout 5", "SSLOCSPResponderTimeout 6") { $0.clientStatus.timeout as Any },
        Case("SSLOCSPResponseTimeSkew 5", "SSLOCSPResponseTimeSkew 6") { $0.clientStatus.clockSkew as Any },
        Case("SSLOCSPResponseMaxAge 5", "SSLOCSPResponseMaxAge 6") { $0.clientStatus.maximumAge as Any },
        Case("SSLOCSPUseRequestNonce off", "SSLOCSPUseRequestNonce on") { $0.clientStatus.usesNonce as Any },
        Case("SSLUseStapling on", "SSLUseStapling off") { $0.stapling.isOn as Any },
        Case("SSLStaplingForceURL http://a/", "SSLStaplingForceURL http://b/") { $0.stapling.responder as Any },
        Case("SSLStaplingResponderTimeout 5", "SSLStaplingResponderTimeout 6") { $0.stapling.responderTimeout as Any },
        Case("SSLStaplingStandardCacheTimeout 5", "SSLStaplingStandardCacheTimeout 6") { $0.stapling.lifetime as Any },
        Case("SSLStaplingErrorCacheTimeout 5", "SSLStaplingErrorCacheTimeout 6") { $0.stapling.errorLifetime as Any },
        Case("SSLStaplingResponseTimeSkew 5", "SSLStaplingResponseTimeSkew 6") { $0.stapling.clockSkew as Any },
        Case("SSLStaplingResponseMaxAge 5", "SSLStaplingResponseMaxAge 6") { $0.stapling.maximumAge as Any },
        Case("SSLStaplingReturnResponderErrors off", "SSLStaplingReturnResponderErrors on") {
            $0.stapling.passesErrorsOn as Any
        },
        Case("SSLStaplingFakeTryLater off", "SSLStaplingFakeTryLater on") { $0.stapling.inventsErrors as Any },
    ]

    /// Directives that leave no value: they are accepted for what they do not ask for, or refused.
    private static let valueless: Set<String> = [
        "sslrandomseed", "sslcryptodevice", "sslcompression", "sslinsecurerenegotiation", "sslfips",
        "sslsrpverifierfile", "sslsrpunknownuserseed", "ssllog", "sslloglevel", "sslocspnoverify",
    ]

    /// Whoever adds a directive and forgets that hosts inherit it, learns it here.
    @Test func everyDirectiveHasACase() {
        let names = Set(Self.cases.map { $0.outer.prefix { $0 != " " }.lowercased() })
        #expect(
            SSLDirectiveTable.all.keys.filter { !$0.hasPrefix("tls") && !names.contains($0) }.sorted()
                == Self.valueless.sorted()
        )
    }

    private func values(_ lines: String...) throws -> SSLValues {
        let settings = ServerSettings()
        for line in lines where !line.isEmpty {
            let words = line.split(separator: " ").map(String.init)
            _ = try settings.apply(ssl: words[0], Array(words.dropFirst()), at: SSLLine { $0 })
        }
        return settings.ssl
    }

    private func value(_ item: Case, _ values: SSLValues) throws -> String { item.value(try values.complete()) }

    @Test(arguments: cases)
    func innerGoesBeforeOuter(item: Case) throws {
        let (outer, inner, nothing) = (try values(item.outer), try values(item.inner), try values())
        #expect(try value(item, outer) != value(item, nothing))
        #expect(try value(item, outer) != value(item, inner))
        #expect(try value(item, nothing.merged(onto: outer)) == value(item, outer))
        #expect(try value(item, inner.merged(onto: outer)) == value(item, inner))
        #expect(try value(item, inner.merged(onto: nothing)) == value(item, inner))
    }

    /// No two of them share a place.
    @Test func everyValueIsInheritedAlone() throws {
        let nothing = try values()
        for item in Self.cases {
            let merged = nothing.merged(onto: try values(item.outer))
            let changed = try Self.cases.filter { try value($0, merged) != value($0, nothing) }.map(\.outer)
            #expect(changed == [item.outer])
        }
    }

    @Test func certificatesComeWithTheirKeys() throws {
        let outer = try values(
            "SSLCertificateFile main.pem",
            "SSLCertificateFile main2.pem",
            "SSLCertificateKeyFile main.key"
        )
        let own = try values("SSLCertificateFile host.pem", "SSLCertificateKeyFile host.key").merged(onto: outer)
        #expect(own.certificateFiles == ["host.pem"] && own.keyFiles == ["host.key"])
        // Its key is in its file, and none of the server's will do.
        let combined = try values("SSLCertificateFile host.pem").merged(onto: outer)
        #expect(combined.certificateFiles == ["host.pem"] && combined.keyFiles.isEmpty)
        let inherited = try values().merged(onto: outer)
        #expect(inherited.certificateFiles == ["main.pem", "main2.pem"] && inherited.keyFiles == ["main.key"])
    }

    @Test func suitesOfBothVersionsAreInheritedApart() throws {
        let outer = try values("SSLCipherSuite AES128+ECDSA", "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256")
        let merged = try values("SSLCipherSuite CHACHA20+ECDSA").merged(onto: outer)
        #expect(merged.connection.suitesTLS12 == [.ecdheECDSAWithChaCha20Poly1305SHA256])
        #expect(merged.connection.suitesTLS13 == [.aes128GCMSHA256])
    }
}
