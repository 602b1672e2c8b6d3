// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// External pre-shared keys with other stacks, in both roles (RFC 9846 §4.3.11).
@Suite struct PreSharedKeyTests {
    private static let key = "000102030405060708090a0b0c0d0e0f"
    private static let priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+ECDHE-PSK:+PSK"
    private static let openssl = ["-tls1_3", "-psk", key, "-psk_identity", "alice"]

    // MARK: Our server

    private func startServer() throws -> RunningServer {
        try startSafeTLS(identities: [], ["--require-psk", "--psk", "bob:\(Self.key)ff", "--psk", "alice:\(Self.key)"])
    }

    private func converse(_ client: ChildProcess, quit: String?) throws -> String {
        try client.write("hello\n")
        try client.waitForText("hello\n")
        if let quit { try client.write(quit) }
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
        return client.transcript
    }

    @Test func opensslBringsAKey() throws {
        let server = try startServer()
        let client = try ChildProcess(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)"] + Self.openssl,
            input: .pipe
        )
        // For OpenSSL such a connection is a resumption.
        #expect(try converse(client, quit: "Q\n").contains("Reused, TLSv1.3"))
        try server.child.waitForText("pre-shared key alice")
    }

    @Test func gnutlsBringsAKey() throws {
        let server = try startServer()
        let client = try ChildProcess(
            "gnutls-cli",
            ["--port", "\(server.port)", "--pskusername", "alice", "--pskkey", Self.key, "--priority", Self.priority]
                + ["127.0.0.1"],
            input: .pipe
        )
        #expect(try converse(client, quit: nil).contains("PSK authentication"))
        try server.child.waitForText("pre-shared key alice")
    }

    @Test func wrongKeysAreRefused() throws {
        let server = try startServer()
        let client = try ChildProcess(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_3", "-psk", Self.key, "-psk_identity", "bob"],
            input: .pipe
        )
        #expect(try client.waitForExit().status == 1)
        #expect(client.transcript.contains("decrypt error"))
        let stranger = try ChildProcess(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-tls1_3"],
            input: .pipe
        )
        #expect(try stranger.waitForExit().status == 1)
        #expect(stranger.transcript.contains("handshake failure"))
    }

    // MARK: Our client

    private func connect(_ port: Int, _ answer: String) throws {
        let client = try startSafeTLSClient(port, ["--require-psk", "--psk", "alice:\(Self.key)"])
        try client.write("hello\n")
        try client.waitForText(answer)
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0 && outcome.errors.contains("pre-shared key alice"))
    }

    @Test func clientBringsAKeyToOpenSSL() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try startOpenSSL(identity, ["-rev"] + Self.openssl)
        try connect(server.port, "olleh")
    }

    @Test func clientBringsAKeyToGnuTLS() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let file = try TemporaryDirectory.make("psk").appendingPathComponent("keys")
        try Data("alice:\(Self.key)\n".utf8).write(to: file)
        let server = try startGnuTLS(identity, ["--pskpasswd", file.path, "--priority", Self.priority])
        try connect(server.port, "hello")
    }

    @Test func clientsThatRequireAKeyTakeNoCertificate() throws {
        let server = try startOpenSSL(TestCertificates.shared().localhost(.ecdsaP256), ["-rev", "-tls1_3"])
        let client = try startSafeTLSClient(server.port, ["--require-psk", "--psk", "alice:\(Self.key)"])
        let outcome = try client.waitForExit()
        #expect(outcome.status == 3 && outcome.errors.contains("no pre-shared key in common"), "\(outcome)")
    }
}
