// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What happens on a connection after its handshake.
@Suite struct ConnectionTests {
    private func identity() throws -> TestCertificates.Identity { try TestCertificates.shared().localhost(.ecdsaP256) }

    private func authority() throws -> String { try TestCertificates.shared().authority.path }

    /// Some megabytes without a pattern, the same in every run.
    private static let large: Data = {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 << 20)
        while bytes.count < 4 << 20 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            for shift in stride(from: UInt64(8), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: state >> shift))
            }
        }
        return Data(bytes)
    }()

    private func largeFile() throws -> URL {
        let file = try TemporaryDirectory.make("large").appendingPathComponent("large.bin")
        try Self.large.write(to: file)
        return file
    }

    // MARK: Transfers

    @Test(arguments: Offer.Version.allCases) func serverEchoesMegabytes(version: Offer.Version) throws {
        let server = try startSafeTLS(identities: [identity()])
        let outcome = try ChildProcess.run(
            "python3",
            [
                "-c", PythonScripts.bulkClient, "\(server.port)", authority(), Offer(version: version).versionName,
                largeFile().path,
            ]
        )
        #expect(outcome.status == 0 && outcome.text.contains("same"), "\(outcome)")
    }

    @Test(arguments: Offer.Version.allCases) func clientSendsAndReceivesMegabytes(version: Offer.Version) throws {
        let file = try largeFile()
        let offer = Offer(version: version)
        let server = try Program.python.startServer(offer)
        let client = try startSafeTLSClient(server.port, ["--ca", authority()], input: .file(file))
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(isSame(outcome.output, Self.large))
        #expect(try server.child.waitForExit().text.contains("closed cleanly"))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func clientDownloadsFromOpenSSL(version: String) throws {
        let file = try largeFile()
        let identity = try identity()
        let child = try ChildProcess(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", identity.certificate.path, "-key", identity.key.path]
                + ["-WWW", version],
            input: .pipe,
            in: file.deletingLastPathComponent()
        )
        let client = try startSafeTLSClient(
            Program.port(in: child, after: "ACCEPT "),
            ["--ca", authority()]
        )
        try client.write("GET /large.bin HTTP/1.0\r\n\r\n")
        let outcome = try client.waitForExit()
        #expect(isSame(outcome.output.suffix(Self.large.count), Self.large), "\(outcome.errors)")
    }

    // MARK: HTTP

    @Test(arguments: ["--tlsv1.3", "--tlsv1.2"]) func curlFetchesTheStatusPage(version: String) throws {
        let server = try startSafeTLS(identities: [identity()], ["--www"])
        let outcome = try ChildProcess.run(
            "curl",
            ["--silent", "--show-error", "--max-time", "300", "--cacert", authority(), version]
                + (version == "--tlsv1.2" ? ["--tls-max", "1.2"] : []) + ["https://localhost:\(server.port)/"]
        )
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.contains(version == "--tlsv1.3" ? "TLSv1.3" : "TLSv1.2"))
    }

    @Test(arguments: ["--tls1.3", "--tls1.2"]) func headRequest(version: String) throws {
        let server = try startSafeTLS(identities: [identity()], ["--www", version])
        let outcome = try startSafeTLSClient(server.port, ["--ca", authority(), "--head"], input: .none).waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.hasPrefix("HTTP/1.1 200"))
    }

    // MARK: KeyUpdate (RFC 9846 §4.7.3)

    /// `K` asks for the server's update too, `k` does not.
    @Test func serverFollowsKeyUpdates() throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startOpenSSLClient(server.port, ["-tls1_3"])
        for (number, command) in ["K", "k", "K", "k"].enumerated() {
            try client.write("\(command)\n")
            // s_client takes commands only at the start of what it reads at once.
            try client.waitForText("KEYUPDATE", times: number + 1)
            try client.write("line \(number)\n")
            try client.waitForText("line \(number)\n")
        }
        try client.write("Q\n")
        #expect(try client.waitForExit().status == 0)
    }

    @Test func clientFollowsKeyUpdates() throws {
        let server = try startOpenSSL(identity(), ["-tls1_3", "-msg"])
        let client = try startSafeTLSClient(server.port, ["--ca", authority()])
        for (number, command) in ["K", "k", "K"].enumerated() {
            try client.write("from client \(number)\n")
            try server.child.waitForText("from client \(number)\n")
            try server.child.write("\(command)\n")
            // What follows must be read apart from the command.
            try server.child.waitForText(">>> TLS 1.3, Handshake [length 0005], KeyUpdate", times: number + 1)
            try server.child.write("from server \(number)\n")
            try client.waitForText("from server \(number)\n")
        }
        client.closeInput()
        #expect(try client.waitForExit().status == 0)
    }

    // MARK: Renegotiation, always refused

    @Test func serverRefusesRenegotiation() throws {
        let server = try startSafeTLS(identities: [identity()])
        let client = try startOpenSSLClient(server.port, ["-tls1_2"])
        try client.write("before\n")
        try client.waitForText("before\n")
        try client.write("R\n")
        try client.waitForText("RENEGOTIATING")
        let outcome = try client.waitForExit()
        #expect(client.transcript.contains("no renegotiation"), "\(outcome)")
    }

    // MARK: The end of a connection

    @Test(arguments: Offer.Version.allCases) func truncationIsNotTheEnd(version: Offer.Version) throws {
        let offer = Offer(version: version)
        let identity = try identity()
        let server = try ChildProcess(
            "python3",
            ["-c", PythonScripts.truncatingServer, identity.certificate.path, identity.key.path, offer.versionName]
        )
        let client = try startSafeTLSClient(
            Program.port(in: server, after: "listening on "),
            ["--ca", authority()]
        )
        let outcome = try client.waitForExit()
        #expect(outcome.status == 5, "\(outcome)")
        #expect(outcome.text.contains("half a message"))
        #expect(outcome.errors.contains("close_notify"), "\(outcome)")
    }
}
