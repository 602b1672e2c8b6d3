// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// ML-DSA certificates and signatures (draft-ietf-tls-mldsa): both roles, TLS 1.3 only, where libcrypto has it.
@Suite("ML-DSA")
struct MLDSATests {
    static let needsIt = Comment("this libcrypto has no ML-DSA: `make test-openssl35` runs on one that has")
    static let lacksIt = Comment("this libcrypto has ML-DSA: `make test` runs on the system's, which need not have it")
    static let schemes: [(name: String, scheme: SignatureScheme)] = [
        ("mldsa44", .mldsa44), ("mldsa65", .mldsa65), ("mldsa87", .mldsa87),
    ]

    static func anchors() throws -> TrustAnchors {
        try TrustAnchors(pemFile: "\(TestCredentials.directory)/mldsa-ca.pem")
    }

    /// A server with certificates of these names, and a client that trusts their authority.
    private static func sessions(
        _ names: [String],
        deferring: DeferredRequests = [],
        _ change: (inout Pair) -> Void = { _ in }
    ) throws -> (client: ClientConfiguration, server: ServerConfiguration) {
        var pair = Pair.tls13()
        change(&pair)
        let client = try ClientConfiguration(trustAnchors: anchors(), options: pair.client)
        return (client, try ServerConfiguration(credentials: names.map(TestCredentials.named), options: pair.server))
    }

    private static func client(_ configuration: ClientConfiguration) throws -> ClientSession {
        let name = try #require(ServerName("server.example"))
        return try ClientSession(configuration: configuration, serverName: name)
    }

    // MARK: Wherever

    @Test("Code points and versions")
    func codePoints() {
        #expect(SignatureScheme.postQuantum.map(\.rawValue) == [0x0904, 0x0905, 0x0906])
        #expect(SignatureScheme.postQuantum.map(\.name) == ["mldsa44", "mldsa65", "mldsa87"])
        for scheme in SignatureScheme.postQuantum {
            #expect(SignatureScheme(name: scheme.name.uppercased()) == scheme)
            #expect(scheme.isAllowed(in: .tls13) && !scheme.isAllowed(in: .tls12))
            #expect(SignatureScheme.supported.contains(scheme) == MLDSAParameterSet.isAvailable)
            #expect((scheme.obstacle == nil) == MLDSAParameterSet.isAvailable)
        }
        #expect(SignatureScheme.mldsa44.isUsable(with: .mlDSA(.mlDSA44), in: .tls13))
        #expect(!SignatureScheme.mldsa44.isUsable(with: .mlDSA(.mlDSA44), in: .tls12))
        #expect(!SignatureScheme.mldsa44.isUsable(with: .mlDSA(.mlDSA65), in: .tls13))
        #expect(!SignatureScheme.mldsa44.isUsable(with: .ecdsaP256, in: .tls13))
        #expect(!SignatureScheme.ed25519.isUsable(with: .mlDSA(.mlDSA44), in: .tls13))
        #expect(CipherSuite.Authentication(.mlDSA(.mlDSA65)) == nil)
        // Behind all others.
        let count = MLDSAParameterSet.isAvailable ? 3 : 0
        #expect(Array(SignatureScheme.supported.suffix(count)) == Array(SignatureScheme.postQuantum.prefix(count)))
    }

    @Test("A peer that signs TLS 1.2 with it", arguments: [SignatureScheme.mldsa44, .mldsa65, .mldsa87])
    func signatureOfTLS12(scheme: SignatureScheme) throws {
        let credential = try TestCredentials.named("p256")
        let certificate = credential.certificateMessageTLS12
        let message = try CertificateMessage(certificate.span.extracting(droppingFirst: 4), version: .tls12)
        let chain = try PeerChain(
            message,
            for: CertificateVerifier(trustAnchors: TrustAnchors([]), purpose: .serverAuthentication),
            name: nil
        )
        var writer = ByteWriter()
        let signature = [UInt8](repeating: 1, count: 2420)
        try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
        let verify = writer.takeBytes()
        let error = #expect(throws: TLSError.self) {
            try HandshakeSignatureVerified(
                certificateVerify: verify,
                content: [1],
                chain: chain,
                version: .tls12,
                accepted: SignatureScheme.supported + SignatureScheme.postQuantum
            )
        }
        #expect(error?.alert == .illegalParameter)
    }

    @Test("A list that TLS 1.2 has nothing of")
    func nothingForTLS12() throws {
        func reason(_ change: (inout Pair) throws -> Void) throws -> String? {
            var pair = Pair()
            try change(&pair)
            let result = pair
            return #expect(throws: ConfigurationError.self) {
                _ = try result.clientConfiguration()
                _ = try result.serverConfiguration()
            }?.reason
        }
        let client = try reason { ($0.client.versions, $0.client.signatureSchemes) = (.tls12 ... .tls12, [.mldsa65]) }
        let server = try reason {
            var authentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
            authentication.signatureSchemes = [.mldsa65]
            $0.server.clientAuthentication = authentication
        }
        for (reason, peers) in [(client, "servers"), (server, "clients")] {
            if MLDSAParameterSet.isAvailable {
                #expect(reason?.contains("none of the signature schemes that \(peers) may sign with") == true)
            } else {
                #expect(reason?.contains("mldsa65 is not supported: ML-DSA-65 takes an OpenSSL") == true)
            }
        }
    }

    // MARK: Where libcrypto has it

    @Test("Full handshakes, the client with a certificate, too", .enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func handshakes() throws {
        for (name, scheme) in Self.schemes {
            for chunk in [Int.max, 1000] {
                let configurations = try Self.sessions([name]) { pair in
                    pair.client.credentials = Self.schemes.compactMap { try? TestCredentials.named($0.name) }.reversed()
                    pair.client.signingSchemes = [scheme]
                    pair.client.credentials.removeAll { !$0.canSign(with: scheme, in: .tls13) }
                    pair.server.clientAuthentication = (try? Self.anchors()).map {
                        ClientAuthentication(.required, trustAnchors: $0)
                    }
                }
                var client = try Self.client(configurations.client)
                var server = ServerSession(configuration: configurations.server)
                try Loopback.run(&client, &server, chunk: chunk)
                let (ours, theirs) = (client.negotiated, server.negotiated)
                #expect(ours?.signatureScheme == scheme && theirs?.signatureScheme == scheme)
                #expect(ours?.clientSignatureScheme == scheme && theirs?.clientSignatureScheme == scheme)
                let sent = [UInt8](repeating: 7, count: 20_000)
                let received = try Loopback.feed(&server, Loopback.seal(&client, sent), chunk: chunk)
                #expect(received == sent)
                let shown = server.peerCertificates.count
                #expect(shown == 1)
            }
        }
    }

    @Test(
        "Clients that do not verify it get another certificate, or none",
        .enabled(if: MLDSAParameterSet.isAvailable, needsIt)
    )
    func choice() throws {
        for (schemes, expected) in [
            (SignatureScheme.supported, SignatureScheme.mldsa65), (SignatureScheme.classical, .ecdsaSECP256R1SHA256),
            ([.mldsa87], nil), ([.mldsa87, .ecdsaSECP256R1SHA256], .ecdsaSECP256R1SHA256),
        ] as [([SignatureScheme], SignatureScheme?)] {
            let configurations = try Self.sessions(["mldsa65", "p256-by-mldsa"]) {
                $0.client.signatureSchemes = schemes
            }
            var client = try Self.client(configurations.client)
            var server = ServerSession(configuration: configurations.server)
            guard let expected else {
                #expect(Loopback.plainAlert(&server, Loopback.output(&client)) == .handshakeFailure)
                continue
            }
            try Loopback.run(&client, &server)
            let negotiated = client.negotiated
            #expect(negotiated?.signatureScheme == expected)
        }
    }

    @Test("TLS 1.2 has none of it", .enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func oldVersion() throws {
        // Alone, such a certificate is none for TLS 1.2.
        var pair = Pair()
        pair.credentials = ["mldsa65"]
        let reason = #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }?.reason
        #expect(reason?.hasPrefix("TLSv1.2 is enabled but no certificate fits") == true)
        // Beside another one, that one is shown.
        let configurations = try Self.sessions(["mldsa65", "p256-by-mldsa"]) { pair in
            pair = Pair()
            pair.client.versions = .tls12 ... .tls12
        }
        var client = try Self.client(configurations.client)
        let hello = Loopback.output(&client)
        let body = Array(WireBytes.messages(Array(hello.dropFirst(5)))[0].dropFirst(4))
        #expect(try ClientHello(body.span).signatureAlgorithms?.array == SignatureScheme.classical)
        var server = ServerSession(configuration: configurations.server)
        try Loopback.feed(&server, hello)
        try Loopback.run(&client, &server)
        let negotiated = client.negotiated
        #expect(negotiated?.version == .tls12 && negotiated?.signatureScheme == .ecdsaSECP256R1SHA256)
    }

    @Test("A request of TLS 1.2 does not name it", .enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func requestOfTLS12() throws {
        let authenticator = try ClientAuthenticator(ClientAuthentication(.required, trustAnchors: Self.anchors()))
        let request = authenticator.requestMessageTLS12
        let named = try TLS12CertificateRequest(request.span.extracting(droppingFirst: 4)).signatureAlgorithms.array
        #expect(named == SignatureScheme.classical)
        let newer = authenticator.requestMessageTLS13
        let all = try CertificateRequest(newer.span.extracting(droppingFirst: 4)).signatureAlgorithms?.array
        #expect(all == SignatureScheme.supported)
    }

    /// draft-ietf-tls-mldsa: both are signatures that do not verify.
    @Test(
        "Signatures and keys of the wrong length",
        .enabled(if: MLDSAParameterSet.isAvailable, needsIt),
        arguments: ["", "short", "long", "changed", "short key"]
    )
    func wrongLengths(fault: String) throws {
        let credential = try TestCredentials.named("mldsa44")
        let content: [UInt8] = [1, 2, 3]
        var signature = try credential.privateKey.sign(content.span, algorithm: .mlDSA(.mlDSA44))
        var der = credential.certificateChain[0].der
        switch fault {
        case "short": signature.removeLast()
        case "long": signature.append(0)
        case "changed": signature[100] ^= 1
        case "short key": der = try Self.withShortKey(der)
        default: break
        }
        var message = ByteWriter()
        try CertificateMessage.writeTLS13(requestContext: Span(), chain: [der], into: &message)
        let bytes = message.takeBytes()
        let shown = try CertificateMessage(bytes.span.extracting(droppingFirst: 4), version: .tls13)
        let chain = try PeerChain(
            shown,
            for: CertificateVerifier(trustAnchors: TrustAnchors([]), purpose: .serverAuthentication),
            name: nil
        )
        var writer = ByteWriter()
        try DigitallySigned.writeCertificateVerify(scheme: .mldsa44, signature: signature, into: &writer)
        let verify = writer.takeBytes()
        var alert: AlertDescription?
        do throws(TLSError) {
            _ = try HandshakeSignatureVerified(
                certificateVerify: verify,
                content: content,
                chain: chain,
                version: .tls13,
                accepted: [.mldsa44]
            )
        } catch {
            alert = error.alert
        }
        #expect(alert == (fault.isEmpty ? nil : .decryptError))
    }

    /// The certificate with a key that lacks its last byte, and lengths that fit.
    private static func withShortKey(_ der: [UInt8]) throws -> [UInt8] {
        // SubjectPublicKeyInfo { AlgorithmIdentifier, BIT STRING of 1 + 1312 bytes }.
        let header: [UInt8] = [0x03, 0x82, 0x05, 0x21, 0x00]
        let start = try #require(der.indices.first { Array(der[$0...].prefix(5)) == header })
        var result = der
        result.remove(at: start + 5 + 1311)
        func shorten(at position: Int) {
            // The second byte of a length of two.
            result[position] &-= 1
        }
        shorten(at: start + 3)
        // Outside of it: 30 82 hh ll 30 0B …, TBSCertificate and Certificate.
        shorten(at: start - 13 - 1)
        shorten(at: 4 + 3)
        shorten(at: 3)
        return result
    }

    @Test("A session with such a client certificate is resumed", .enabled(if: MLDSAParameterSet.isAvailable, needsIt))
    func resumption() throws {
        let configurations = try Self.sessions(["mldsa87"]) { pair in
            pair.server.ticketCount = 1
            pair.client.sessionCacheCapacity = 4
            pair.client.credentials = (try? [TestCredentials.named("mldsa87")]) ?? []
            pair.server.clientAuthentication = (try? Self.anchors()).map {
                ClientAuthentication(.required, trustAnchors: $0)
            }
        }
        for isResumed in [false, true] {
            var client = try Self.client(configurations.client)
            var server = ServerSession(configuration: configurations.server)
            try Loopback.run(&client, &server)
            let negotiated = server.negotiated
            #expect(negotiated?.isResumed == isResumed)
            let shown = server.peerCertificates.count
            #expect(shown == 1)
        }
    }

    // MARK: Where it has not

    @Test(
        "Certificates and names are refused with the OpenSSL that it takes",
        .disabled(if: MLDSAParameterSet.isAvailable, lacksIt)
    )
    func refusals() throws {
        for (name, scheme) in Self.schemes {
            let obstacle = try #require(scheme.obstacle)
            #expect(obstacle.contains("takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL 3."))
            let key = #expect(throws: ConfigurationError.self) { try TestCredentials.named(name) }
            #expect(key?.reason == obstacle + ".")
            #expect(key?.description.contains("\(name).key") == true)
            let chain = try [TestCredentials.certificate(name)]
            let other = try TestCredentials.named("p256").privateKey
            let certificate = #expect(throws: ConfigurationError.self) {
                try Credential(certificateChain: chain, privateKey: other)
            }
            #expect(certificate?.reason.contains(obstacle) == true)
            var pair = Pair()
            pair.client.signatureSchemes = [scheme]
            pair.server.signatureSchemes = [scheme]
            for error in [
                #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() },
                #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() },
            ] { #expect(error?.reason == "the signature scheme \(scheme) is not supported: \(obstacle)") }
        }
    }
}
