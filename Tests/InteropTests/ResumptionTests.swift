// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Sessions of both versions, resumed with other stacks in both roles.
@Suite struct ResumptionTests {
    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> [String] { ["--ca", try TestCertificates.shared().authority.path] }

    // MARK: Our server

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func opensslResumes(version: String) throws {
        let server = try startSafeTLS(identities: [identity()])
        let file = try TemporaryDirectory.make("session").appendingPathComponent("session.pem")
        let first = try converse(server.port, [version, "-sess_out", file.path])
        #expect(first.contains("New, TLSv1"))
        let second = try converse(server.port, [version, "-sess_in", file.path])
        #expect(second.contains("Reused, TLSv1"), "\(second)")
    }

    @Test(arguments: [Offer.Version.tls12, .tls13]) func gnutlsResumes(version: Offer.Version) throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startGnuTLSClient(
            server.port,
            ["--priority", Offer(version: version).gnutlsPriority, "--resume", "--waitresumption"]
        )
        try client.waitForText("This is a resumed session")
        try client.write("hello\n")
        try client.waitForText("hello\n")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    @Test(arguments: [Offer.Version.tls12, .tls13]) func pythonResumes(version: Offer.Version) throws {
        let server = try startSafeTLS(identities: [identity()])
        let authority = try TestCertificates.shared().authority.path
        let outcome = try ChildProcess.check(
            "python3",
            ["-c", PythonScripts.resumingClient, "\(server.port)", authority, Offer(version: version).versionName]
        )
        #expect(outcome.text == "False True True\n")
    }

    /// The server's key updates and ours go on in a resumed connection.
    @Test func keysChangeAfterResumption() throws {
        let server = try startSafeTLS(identities: [identity()])
        let file = try TemporaryDirectory.make("session").appendingPathComponent("session.pem")
        _ = try converse(server.port, ["-tls1_3", "-sess_out", file.path])
        let client = try startOpenSSLClient(server.port, ["-tls1_3", "-sess_in", file.path])
        for number in 0..<3 {
            try client.write("K\n")
            // s_client takes commands only at the start of what it reads at once.
            try client.waitForText("KEYUPDATE", times: number + 1)
            try client.write("line \(number)\n")
            try client.waitForText("line \(number)\n")
        }
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
        #expect(client.transcript.contains("Reused, TLSv1.3"))
    }

    /// Two servers that share a file of ticket keys, and nothing else, resume each other's sessions.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func processesShareTicketKeys(version: String) throws {
        let directory = try TemporaryDirectory.make("session")
        let keys = directory.appendingPathComponent("ticket.key")
        try Data((0..<48).map { _ in UInt8.random(in: 0...255) }).write(to: keys)
        let session = directory.appendingPathComponent("session.pem")
        let servers = try (0..<2).map { _ in
            try startSafeTLS(identities: [identity()], ["--ticket-keys", keys.path])
        }
        let stranger = try startSafeTLS(identities: [identity()])
        _ = try converse(servers[0].port, [version, "-sess_out", session.path])
        #expect(try converse(servers[1].port, [version, "-sess_in", session.path]).contains("Reused, TLSv1"))
        _ = try converse(servers[1].port, [version, "-sess_out", session.path])
        #expect(try converse(servers[0].port, [version, "-sess_in", session.path]).contains("Reused, TLSv1"))
        #expect(try converse(stranger.port, [version, "-sess_in", session.path]).contains("New, TLSv1"))
    }

    private func converse(_ port: Int, _ options: [String]) throws -> String {
        let client = try startOpenSSLClient(port, options)
        try client.write("hello\n")
        try client.waitForText("hello\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
        return client.transcript
    }

    // MARK: Our client

    /// Without tickets OpenSSL's server keeps its sessions itself.
    @Test(arguments: [["-tls1_2"], ["-tls1_2", "-no_ticket"], ["-tls1_3"], ["-tls1_3", "-no_ticket"]])
    func clientResumesWithOpenSSL(options: [String]) throws {
        let server = try startOpenSSL(identity(), ["-rev"] + options)
        try expectResumption(server.port, "olleh")
    }

    @Test(arguments: [Offer.Version.tls12, .tls13]) func clientResumesWithGnuTLS(version: Offer.Version) throws {
        let server = try startGnuTLS(identity(), ["--priority", Offer(version: version).gnutlsPriority])
        try expectResumption(server.port, "hello")
    }

    private func expectResumption(_ port: Int, _ answer: String) throws {
        let client = try startSafeTLSClient(port, authority() + ["--resume"])
        try client.write("hello\n")
        try client.waitForText(answer)
        client.closeInput()
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0)
        let sessions = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("session") }
        #expect(sessions.map { $0.split(separator: " ").last } == ["new", "resumed"], "\(outcome)")
    }
}
