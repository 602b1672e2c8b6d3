// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Client certificates with other stacks, in both roles and both versions.
@Suite struct ClientCertificateTests {
    private func server() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> String { try TestCertificates.shared().authority.path }

    // MARK: Our server

    private func startServer(_ options: [String] = ["--require-client-cert"]) throws -> RunningServer {
        try startSafeTLS(identities: [server()], ["--client-ca", authority()] + options)
    }

    @Test(arguments: Offer.Version.allCases, TestCertificates.KeyType.allCases)
    func opensslShowsACertificate(version: Offer.Version, key: TestCertificates.KeyType) throws {
        let server = try startServer()
        let identity = try TestCertificates.shared().client(key)
        let client = try startOpenSSLClient(
            server.port,
            [version == .tls13 ? "-tls1_3" : "-tls1_2", "-cert", identity.certificate.path]
                + ["-key", identity.key.path, "-cert_chain", identity.certificate.path]
        )
        try client.write("hello\n")
        // The line may stand in the middle of what s_client prints about a ticket.
        try client.waitForText("hello\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
        try server.child.waitForText("CN=client")
    }

    @Test(arguments: Offer.Version.allCases) func gnutlsShowsACertificate(version: Offer.Version) throws {
        let server = try startServer()
        let identity = try TestCertificates.shared().client(.rsa)
        let client = try startGnuTLSClient(
            server.port,
            ["--priority", Offer(version: version).gnutlsPriority, "--x509certfile", identity.certificate.path]
                + ["--x509keyfile", identity.key.path]
        )
        try client.write("hello\n")
        try client.waitForText("hello\n")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
        try server.child.waitForText("CN=client")
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientsWithoutACertificateAreRefused(version: String) throws {
        let server = try startServer()
        let client = try startOpenSSLClient(server.port, [version])
        let outcome = try client.waitForExit()
        let alert = version == "-tls1_3" ? "certificate required" : "handshake failure"
        #expect(outcome.status == 1 && client.transcript.contains(alert), "\(outcome)")
        try server.child.waitForText("this server requires one")
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientsWithoutACertificateMayBeServed(version: String) throws {
        let server = try startServer([])
        let client = try startOpenSSLClient(server.port, [version])
        try client.write("hello\n")
        // The line may stand in the middle of what s_client prints about a ticket.
        try client.waitForText("hello\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    // MARK: Our client

    @Test(arguments: Offer.Version.allCases, TestCertificates.KeyType.allCases)
    func clientShowsACertificateToOpenSSL(version: Offer.Version, key: TestCertificates.KeyType) throws {
        let server = try startOpenSSL(
            server(),
            ["-rev", version == .tls13 ? "-tls1_3" : "-tls1_2", "-Verify", "2", "-verify_return_error"]
                + ["-CAfile", authority()]
        )
        try converse(server.port, key, "olleh")
    }

    @Test(arguments: Offer.Version.allCases) func clientShowsACertificateToGnuTLS(version: Offer.Version) throws {
        let port = try LoopbackPort.free()
        let identity = try server()
        let server = try ChildProcess(
            "gnutls-serv",
            ["--echo", "--require-client-cert", "--verify-client-cert", "--port", "\(port)"]
                + ["--x509certfile", identity.certificate.path, "--x509keyfile", identity.key.path]
                + ["--x509cafile", authority(), "--priority", Offer(version: version).gnutlsPriority]
        )
        try LoopbackPort.wait(for: port, by: server)
        try converse(port, .ecdsaP256, "hello")
        server.terminate()
    }

    private func converse(_ port: Int, _ key: TestCertificates.KeyType, _ answer: String) throws {
        let identity = try TestCertificates.shared().client(key)
        let client = try startSafeTLSClient(
            port,
            ["--ca", authority(), "--cert", identity.certificate.path, "--key", identity.key.path]
        )
        try client.write("hello\n")
        try client.waitForText(answer)
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
    }
}
