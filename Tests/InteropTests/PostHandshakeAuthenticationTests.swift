// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Certificates that TLS 1.3 servers ask for after the handshake, with other stacks in both roles (RFC 9846 §4.7.2).
@Suite struct PostHandshakeAuthenticationTests {
    private func server() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    @Test(arguments: TestCertificates.KeyType.allCases) func opensslAnswers(key: TestCertificates.KeyType) throws {
        let server = try startSafeTLS(
            identities: [server()],
            ["--client-ca", TestCertificates.shared().authority.path, "--ask-later"]
        )
        let identity = try TestCertificates.shared().client(key)
        let client = try startOpenSSLClient(
            server.port,
            ["-tls1_3", "-enable_pha", "-cert", identity.certificate.path, "-key", identity.key.path]
                + ["-cert_chain", identity.certificate.path]
        )
        try client.write("hello\n")
        try client.waitForText("hello\n")
        try server.child.waitForText("CN=client")
        try client.write("again\n")
        try client.waitForText("again\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    @Test func clientsThatDoNotOfferItAreNotAsked() throws {
        let server = try startSafeTLS(
            identities: [server()],
            ["--client-ca", TestCertificates.shared().authority.path, "--ask-later"]
        )
        let client = try startOpenSSLClient(server.port, ["-tls1_3"])
        try client.write("hello\n")
        try client.waitForText("hello\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    private func startClient(_ port: Int) throws -> ChildProcess {
        let identity = try TestCertificates.shared().client(.ecdsaP256)
        return try startSafeTLSClient(
            port,
            ["--ca", TestCertificates.shared().authority.path, "--cert", identity.certificate.path]
                + ["--key", identity.key.path]
        )
    }

    @Test func clientAnswersOpenSSL() throws {
        let server = try startOpenSSL(
            server(),
            ["-tls1_3", "-verify", "2", "-CAfile", TestCertificates.shared().authority.path]
        )
        let client = try startClient(server.port)
        try client.write("hello\n")
        try server.child.waitForText("hello\n")
        // The command for a certificate request.
        try server.child.write("c\n")
        try server.child.waitForText("CN = client")
        try client.write("again\n")
        try server.child.waitForText("again\n")
        client.closeInput()
        _ = try client.waitForExit()
    }

    @Test func clientAnswersGnuTLS() throws {
        let server = try startGnuTLS(
            server(),
            ["--priority", Offer(version: .tls13).gnutlsPriority, "--x509cafile"]
                + [TestCertificates.shared().authority.path],
            asksForCertificates: true
        )
        let client = try startClient(server.port)
        // The server's command for a certificate request.
        try client.write("**REAUTH**\n")
        try client.waitForText("Successfully executed command")
        try client.write("hello\n")
        try client.waitForText("hello\n")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
        #expect(server.child.transcript.contains("Sending re-auth request"))
    }
}
