// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// 0-RTT data with other stacks, in both roles (RFC 9846 §2.3).
@Suite struct EarlyDataTests {
    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    /// A file with the data to send early.
    private func words(_ directory: URL) throws -> String {
        let file = directory.appendingPathComponent("early.txt")
        try Data("early words\n".utf8).write(to: file)
        return file.path
    }

    // MARK: Our server

    @Test func opensslSendsEarlyData() throws {
        let server = try startSafeTLS(identities: [identity()], ["--early-data"])
        let directory = try TemporaryDirectory.make("early")
        let session = directory.appendingPathComponent("session.pem").path
        let first = try startOpenSSLClient(server.port, ["-tls1_3", "-sess_out", session])
        try first.write("hello\n")
        try first.waitForText("hello\n")
        try first.write("Q\n")
        #expect(try first.waitForExit().status == 0)
        let client = try startOpenSSLClient(
            server.port,
            ["-tls1_3", "-sess_in", session, "-early_data", words(directory)]
        )
        try client.waitForText("Early data was accepted")
        try client.waitForText("early words\n")
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
        try server.child.waitForText("0-RTT data accepted")
    }

    /// Tickets of an earlier process could have been used up there: its key file outlives what it remembers.
    @Test func serversThatHaveJustStartedTakeNone() throws {
        let directory = try TemporaryDirectory.make("early")
        let keys = directory.appendingPathComponent("ticket.key")
        try Data((0..<48).map { _ in UInt8.random(in: 0...255) }).write(to: keys)
        let session = directory.appendingPathComponent("session.pem").path
        // That lasts 20 seconds at least: on a machine on which all of this takes longer nothing can be seen.
        var isLate = true
        while isLate {
            let start = ContinuousClock.now
            let server = try startSafeTLS(identities: [identity()], ["--early-data", "--ticket-keys", keys.path])
            let first = try startOpenSSLClient(server.port, ["-tls1_3", "-sess_out", session])
            try first.write("hello\n")
            try first.waitForText("hello\n")
            try first.write("Q\n")
            #expect(try first.waitForExit().status == 0)
            let client = try startOpenSSLClient(
                server.port,
                ["-tls1_3", "-sess_in", session, "-early_data", words(directory)]
            )
            try client.waitForText("Early data was ")
            isLate = start.duration(to: .now) > .seconds(20)
            guard !isLate else { continue }
            try client.waitForText("Early data was rejected")
            try client.write("Q\n")
            #expect(try client.waitForExit().status == 0)
            // That of a ticket which took long to come is another reason.
            try server.child.waitForText("0-RTT data rejected (")
        }
    }

    @Test func gnutlsSendsEarlyData() throws {
        let server = try startSafeTLS(identities: [identity()], ["--early-data"])
        let client = try startGnuTLSClient(
            server.port,
            ["--priority", Offer(version: .tls13).gnutlsPriority, "--resume", "--waitresumption"]
                + ["--earlydata", words(try TemporaryDirectory.make("early"))]
        )
        try client.waitForText("early words\n")
        try server.child.waitForText("0-RTT data accepted")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    // MARK: Our client

    private func send(_ port: Int, expecting outcome: String) throws -> ChildProcess {
        let client = try startSafeTLSClient(
            port,
            ["--ca", TestCertificates.shared().authority.path, "--resume", "--early-data", "early words"]
        )
        try client.waitForText("0-RTT data     \(outcome)")
        return client
    }

    @Test func clientSendsEarlyDataToOpenSSL() throws {
        // With -rev it would not read early data.
        let server = try startOpenSSL(identity(), ["-tls1_3", "-early_data"])
        let client = try send(server.port, expecting: "accepted")
        try server.child.waitForText("early words")
        client.closeInput()
        _ = try client.waitForExit()
    }

    @Test func clientSendsEarlyDataToGnuTLS() throws {
        let server = try startGnuTLS(
            identity(),
            ["--priority", Offer(version: .tls13).gnutlsPriority, "--earlydata", "--maxearlydata", "1000"]
        )
        let client = try send(server.port, expecting: "accepted")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    /// A server that gives tickets without 0-RTT gets the data after the handshake.
    @Test func clientSendsDataLaterWhereTheyAreNotTakenEarly() throws {
        let server = try startOpenSSL(identity(), ["-tls1_3", "-rev"])
        let client = try startSafeTLSClient(
            server.port,
            ["--ca", TestCertificates.shared().authority.path, "--resume", "--early-data", "early words"]
        )
        try client.waitForText("sdrow ylrae")
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
        #expect(!client.transcript.contains("accepted"))
    }
}
