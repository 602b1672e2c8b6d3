// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What is agreed beyond suite and group: hello retry, application protocol, certificate by name and by kind.
@Suite struct NegotiationTests {
    private func identity(_ type: TestCertificates.KeyType = .ecdsaP256) throws -> TestCertificates.Identity {
        try TestCertificates.shared().localhost(type)
    }

    private func authority() throws -> [String] { ["--ca", try TestCertificates.shared().authority.path] }

    /// Connects with `openssl s_client` and hangs up after the handshake.
    private func opensslTranscript(_ server: RunningServer, _ options: [String]) throws -> String {
        let client = try startOpenSSLClient(server.port, options)
        client.closeInput()
        try client.waitForExit()
        return client.transcript
    }

    // MARK: HelloRetryRequest (RFC 9846 §4.2.4)

    @Test(arguments: [("X448:P-256", "prime256v1"), ("X448:P-384", "secp384r1"), ("X448:X25519", "X25519")])
    func serverAsksOpenSSLForAnotherShare(groups: String, chosen: String) throws {
        let server = try startSafeTLS(identities: [identity()])
        let transcript = try opensslTranscript(server, ["-tls1_3", "-msg", "-groups", groups])
        #expect(transcript.components(separatedBy: ", ClientHello").count == 3)
        #expect(transcript.contains("Server Temp Key") && transcript.contains(chosen))
        #expect(transcript.contains("Verify return code: 0 (ok)") || transcript.contains("Verification: OK"))
    }

    @Test func serverAsksGnuTLSForAnotherShare() throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startGnuTLSClient(
            server.port,
            ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-X448:+GROUP-SECP521R1"]
        )
        client.closeInput()
        try client.waitForExit()
        #expect(client.transcript.contains("(TLS1.3-X.509)-(ECDHE-SECP521R1)"))
    }

    @Test func clientAnswersHelloRetryRequest() throws {
        let server = try startOpenSSL(identity(), ["-rev", "-msg", "-tls1_3", "-groups", "P-521"])
        let client = try startSafeTLSClient(server.port, authority())
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors.contains("secp521r1"))
        #expect(server.child.transcript.components(separatedBy: ", ClientHello").count == 3)
    }

    // MARK: ALPN (RFC 7301)

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func serverChoosesProtocolByItsOwnPreference(version: String) throws {
        let server = try startSafeTLS(identities: [identity()], ["--alpn", "h2,http/1.1"])
        let both = try opensslTranscript(server, [version, "-alpn", "http/1.1,h2"])
        #expect(both.contains("ALPN protocol: h2"))
        let one = try opensslTranscript(server, [version, "-alpn", "spdy/3,http/1.1"])
        #expect(one.contains("ALPN protocol: http/1.1"))
        let none = try opensslTranscript(server, [version])
        #expect(none.contains("No ALPN negotiated"))
        let nothingInCommon = try opensslTranscript(server, [version, "-alpn", "spdy/3"])
        #expect(nothingInCommon.contains("alert no application protocol"))
    }

    @Test func gnutlsAgreesOnProtocol() throws {
        let server = try startSafeTLS(identities: [identity()], ["--alpn", "h2,http/1.1"])
        let client = try startGnuTLSClient(server.port, ["--alpn=h2"])
        client.closeInput()
        try client.waitForExit()
        #expect(client.transcript.contains("Application protocol: h2"))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientTakesTheServersProtocol(version: String) throws {
        let server = try startOpenSSL(identity(), ["-rev", version, "-alpn", "http/1.1"])
        let client = try startSafeTLSClient(server.port, authority() + ["--alpn", "h2,http/1.1"])
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0 && outcome.errors.contains("http/1.1"), "\(outcome)")
    }

    // MARK: Choice of certificate

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func serverChoosesCertificateByName(version: String) throws {
        let certificates = try TestCertificates.shared()
        let server = try startSafeTLS(identities: [
            certificates.localhost(.ecdsaP256), certificates.named("a.example"), certificates.named("b.example"),
            certificates.named("*.wild.example"),
        ])
        let expected = [
            "a.example": "a.example", "b.example": "b.example", "B.Example": "b.example",
            "www.wild.example": "*.wild.example", "localhost": "localhost", "unknown.example": "localhost",
        ]
        for (name, subject) in expected {
            let client = try ChildProcess(
                "openssl",
                ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", name, version]
            )
            try client.waitForExit()
            let transcript = client.transcript
            #expect(transcript.contains("subject=O = SafeTLS tests, CN = \(subject)\n"), "\(name): \(transcript)")
        }
    }

    /// One name, an ECDSA and an RSA certificate: the client's schemes and suites decide.
    @Test func serverChoosesCertificateByWhatTheClientCanVerify() throws {
        let server = try startSafeTLS(identities: [identity(.ecdsaP256), identity(.rsa)])
        let cases: [([String], String)] = [
            (["-tls1_3"], "ECDSA"),
            (["-tls1_3", "-sigalgs", "RSA-PSS+SHA256:ECDSA+SHA384"], "RSA-PSS"),
            (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDSA"),
            (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "RSA-PSS"),
            (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-sigalgs", "RSA+SHA256"], "RSA"),
        ]
        for (options, signature) in cases {
            // The authority signs with ECDSA and SHA-256, which some of these clients do not accept in a chain.
            let client = try ChildProcess(
                "openssl",
                ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost"] + options
            )
            try client.waitForExit()
            let transcript = client.transcript
            #expect(transcript.contains("Peer signature type: \(signature)\n"), "\(options): \(transcript)")
        }
    }

    @Test(arguments: ["--tls1.2", "--tls1.3"]) func chainsWithAnIntermediate(version: String) throws {
        let chained = try TestCertificates.shared().withIntermediate
        let ours = try startSafeTLS(identities: [chained], [version])
        let transcript = try opensslTranscript(ours, [])
        #expect(transcript.contains("Verification: OK"), "\(transcript)")
        let theirs = try startOpenSSL(chained, ["-rev", version == "--tls1.2" ? "-tls1_2" : "-tls1_3"])
        let client = try startSafeTLSClient(theirs.port, authority())
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.errors.contains("SafeTLS test intermediate"))
    }

    // MARK: Key log

    /// Both ends write the same secrets, so that a capture can be read with either file.
    @Test(arguments: ["--tls1.2", "--tls1.3"]) func keyLogsAgree(version: String) throws {
        let directory = try TemporaryDirectory.make("keylog")
        let (ours, theirs) = (directory.appendingPathComponent("ours"), directory.appendingPathComponent("theirs"))
        let server = try startOpenSSL(identity(), ["-rev", "-keylogfile", theirs.path])
        let client = try startSafeTLSClient(server.port, authority() + [version, "--keylog", ours.path])
        client.closeInput()
        try client.waitForExit()
        func lines(_ file: URL) throws -> Set<String> {
            let text = try String(contentsOf: file, encoding: .utf8)
            return Set(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") })
        }
        let (logged, expected) = try (lines(ours), lines(theirs))
        #expect(!logged.isEmpty && logged == expected)
    }
}
