// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What peers do that the handshake must bear with: requests for things that this library does not have, odd record
/// sizes, no compatibility mode.
@Suite struct PeerHabitTests {
    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> [String] { ["--ca", try TestCertificates.shared().authority.path] }

    /// Has OpenSSL's client talk with our echo server.
    private func converse(openssl options: [String]) throws -> String {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startOpenSSLClient(server.port, options)
        try client.write("hello\n")
        try client.waitForText("hello\n")
        try client.write("Q\n")
        try client.waitForExit()
        return client.transcript
    }

    @Test(
        arguments: ["-tls1_2", "-tls1_3"],
        [
            ["-status"], ["-max_send_frag", "512"], ["-no_middlebox"], ["-no_ticket"],
            ["-maxfraglen", "1024"], ["-sess_out", "/dev/null"],
        ]
    )
    func serverBearsWithOpenSSL(version: String, options: [String]) throws {
        let transcript = try converse(openssl: [version] + options)
        #expect(transcript.contains("Verification: OK"), "\(transcript)")
    }

    @Test(
        arguments: ["-tls1_2", "-tls1_3"],
        [
            ["-max_send_frag", "512"], ["-no_middlebox"], ["-no_ticket"], ["-num_tickets", "0"], ["-num_tickets", "5"],
            ["-serverpref"], ["-record_padding", "700"], ["-no_etm"],
        ]
    )
    func clientBearsWithOpenSSL(version: String, options: [String]) throws {
        let server = try startOpenSSL(identity(), ["-rev", version] + options)
        let client = try startSafeTLSClient(server.port, authority())
        try client.write("hello\n")
        try client.waitForText("olleh")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    // MARK: Client certificates, which this library does not have

    /// A server that would like a certificate gets an empty list (RFC 9846 §4.5.1, RFC 5246 §7.4.6) and goes on.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientHasNoCertificate(version: String) throws {
        let server = try startOpenSSL(identity(), ["-rev", version, "-verify", "1"])
        let client = try startSafeTLSClient(server.port, authority())
        try client.write("hello\n")
        try client.waitForText("olleh")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    /// A server that insists on one ends the connection, and its alert is reported.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientIsRefusedWithoutCertificate(version: String) throws {
        let server = try startOpenSSL(identity(), ["-rev", version, "-Verify", "1"])
        let outcome = try startSafeTLSClient(server.port, authority()).waitForExit()
        let alert = version == "-tls1_3" ? "certificate_required" : "handshake_failure"
        #expect([3, 5].contains(outcome.status) && outcome.errors.contains(alert), "\(outcome)")
    }

    @Test func gnutlsAsksForACertificate() throws {
        let certificates = try TestCertificates.shared()
        let port = try LoopbackPort.free()
        let identity = try identity()
        let server = try ChildProcess(
            "gnutls-serv",
            ["--echo", "--port", "\(port)", "--x509certfile", identity.certificate.path]
                + ["--x509keyfile", identity.key.path, "--x509cafile", certificates.authority.path]
        )
        try LoopbackPort.wait(for: port, by: server)
        let client = try startSafeTLSClient(port, authority())
        try client.write("hello\n")
        try client.waitForText("hello\n")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
        server.terminate()
    }

    // MARK: Renegotiation and new keys on the peer's initiative

    /// A HelloRequest is answered with no_renegotiation (RFC 5246 §7.2.2), after which OpenSSL gives up.
    @Test func clientRefusesRenegotiation() throws {
        let server = try startOpenSSL(identity(), ["-tls1_2"])
        let client = try startSafeTLSClient(server.port, authority())
        try client.write("before\n")
        try server.child.waitForText("before\n")
        try server.child.write("r\n")
        try server.child.waitForText("no renegotiation")
        client.closeInput()
        try client.waitForExit()
    }

    @Test func serverFollowsGnuTLSKeyUpdate() throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startGnuTLSClient(server.port, ["--inline-commands"])
        for number in 0..<3 {
            try client.write("line \(number)\n")
            try client.waitForText("line \(number)\n")
            try client.write("^rekey^\n")
        }
        try client.write("last\n")
        try client.waitForText("last\n")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }
}
