// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Peers that must not be talked to, and what is said about them.
@Suite struct RefusalTests {
    private func certificates() throws -> TestCertificates { try TestCertificates.shared() }

    // MARK: The client refuses

    struct BadServer: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var isExpired = false
        var options: [String] = []
        var trustsUnknownAuthority = false
        /// Words of the sentence that the command prints.
        var words: [String]
        /// The alert as `openssl s_server` names it.
        var alert: String
    }

    static let badServers = [
        BadServer(
            testDescription: "wrong name",
            options: ["--servername", "wrong.example"],
            words: ["wrong.example", "localhost"],
            alert: "bad certificate"
        ),
        BadServer(testDescription: "expired", isExpired: true, words: ["expired"], alert: "certificate expired"),
        BadServer(
            testDescription: "unknown authority",
            trustsUnknownAuthority: true,
            words: ["issue"],
            alert: "unknown ca"
        ),
    ]

    @Test(arguments: badServers, ["-tls1_2", "-tls1_3"]) func clientRefuses(_ bad: BadServer, version: String) throws {
        let certificates = try certificates()
        let server = try startOpenSSL(
            bad.isExpired ? certificates.expired : certificates.localhost(.ecdsaP256),
            ["-rev", version]
        )
        let authority = bad.trustsUnknownAuthority ? certificates.unknownAuthority : certificates.authority
        let outcome = try startSafeTLSClient(server.port, ["--ca", authority.path] + bad.options, input: .none)
            .waitForExit()
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.output.isEmpty)
        for word in bad.words {
            #expect(outcome.errors.contains(word), "\(outcome)")
        }
        try server.child.waitForText("alert \(bad.alert)")
    }

    /// Certificate policies, and names that are written differently.
    @Test(arguments: PathCertificates.chains) func clientFollowsPoliciesAndNames(_ chain: PathCertificates.Chain) throws
    {
        let certificates = try PathCertificates.shared()
        let server = try startOpenSSL(certificates.identity(chain.name), ["-rev"])
        let outcome = try startSafeTLSClient(server.port, ["--ca", certificates.authority.path], input: .none)
            .waitForExit()
        #expect((outcome.status == 0) == (chain.words == nil), "\(outcome)")
        if let words = chain.words { #expect(outcome.errors.contains(words), "\(outcome)") }
    }

    @Test func clientRefusesAServerThatIsNotTLS() throws {
        let script = """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
            plain, _ = listener.accept()
            plain.recv(1000)
            plain.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
            plain.recv(1000)
            """
        let server = try ChildProcess("python3", ["-c", script])
        let outcome = try startSafeTLSClient(
            Program.port(in: server, after: "listening on "),
            ["--ca", certificates().authority.path],
            input: .none
        ).waitForExit()
        #expect(outcome.status == 3, "\(outcome)")
    }

    @Test func clientRefusesTLS11() throws {
        let server = try startOpenSSL(
            certificates().localhost(.rsa),
            ["-rev", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        )
        let outcome = try startSafeTLSClient(server.port, ["--ca", certificates().authority.path], input: .none)
            .waitForExit()
        #expect(outcome.status == 3, "\(outcome)")
    }

    @Test func clientReportsWhenNothingListens() throws {
        let port = try LoopbackPort.free()
        let outcome = try startSafeTLSClient(port, ["--ca", certificates().authority.path], input: .none).waitForExit()
        #expect(outcome.status == 2 && outcome.errors.contains("refused"), "\(outcome)")
    }

    // MARK: The server refuses

    @Test(
        arguments: [
            (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "alert protocol version"),
            (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "alert handshake failure"),
            (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "alert handshake failure"),
            (["-tls1_3", "-groups", "X448"], "alert handshake failure"),
            (["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], "alert handshake failure"),
            (["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"], "alert handshake failure"),
        ])
    func serverRefuses(options: [String], alert: String) throws {
        let server = try startSafeTLS(identities: [certificates().localhost(.ecdsaP256)])
        let client = try startOpenSSLClient(server.port, options)
        let outcome = try client.waitForExit()
        #expect(outcome.status != 0)
        #expect(client.transcript.contains(alert), "\(outcome)")
        // The server is not disturbed.
        let transcript = try Program.openssl.connect(to: server.port, Offer(version: .tls13))
        #expect(transcript.contains(Program.message))
    }

    @Test func serverSurvivesPlainHTTPAndNoise() throws {
        let server = try startSafeTLS(identities: [certificates().localhost(.ecdsaP256)])
        let curl = try ChildProcess.run(
            "curl",
            ["--silent", "--max-time", "300", "http://127.0.0.1:\(server.port)/"]
        )
        #expect(curl.status != 0)
        let noise = """
            import random, socket, sys
            generator = random.Random(20)
            for length in (0, 1, 4, 5, 6, 100, 5000, 40000):
                with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as plain:
                    try:
                        plain.sendall(generator.randbytes(length))
                        plain.shutdown(socket.SHUT_WR)
                        while plain.recv(1000): pass
                    except OSError: pass
            """
        try ChildProcess.check("python3", ["-c", noise, "\(server.port)"])
        let transcript = try Program.openssl.connect(to: server.port, Offer(version: .tls12))
        #expect(transcript.contains(Program.message))
    }
}
