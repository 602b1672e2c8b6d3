// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Certificates that wait in mod_md's store, where a process with clients has written them.
@Suite struct StagedCertificateTests {
    private let store: URL
    private let authority: OCSPAuthority
    private var staging: String { store.path + "/staging/localhost" }
    /// Of the keys that wait, as bytes and as mod_md writes it down.
    private static let passphrase = "0123456789abcdef0123456789abcdef0123456789abcdef"

    init() throws {
        store = try TemporaryDirectory.make("md-staged")
        authority = try OCSPAuthority()
        let old = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let key = Data(Self.passphrase.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
        try run(
            """
            mkdir -p domains/localhost && chmod 700 domains
            cp '\(old.chain)' domains/localhost/pubcert.secp256r1.pem
            cp '\(old.key)' domains/localhost/privkey.secp256r1.pem
            umask 077
            printf '{"store": {"version": 3.0}, "key": "\(key)"}' > md_store.json
            """
        )
    }

    private func run(_ script: String) throws {
        _ = try ChildProcess.check("/bin/sh", ["-c", "set -eu\ncd '\(store.path)'\n\(script)"])
    }

    /// Puts a certificate where mod_md would, and `job` last.
    private func stage(
        _ identity: OCSPAuthority.Identity,
        key: String? = nil,
        iterations: Int = 2048,
        append: String? = nil,
        job: String = #"{"log": {"entries": [{"detail": "\"finished\": false"}]}, "finished": true}"#
    ) throws {
        let owner = getuid() == 0 ? "chown -R www-data staging/localhost" : ""
        try run(
            """
            rm -rf staging/localhost && mkdir -p staging/localhost
            openssl pkcs8 -topk8 -v2 aes-256-cbc -iter \(iterations) -in '\(key ?? identity.key)' -passout 'pass:\(Self.passphrase)' \
                -out staging/localhost/privkey.secp256r1.pem
            cp '\(identity.chain)' staging/localhost/pubcert.secp256r1.pem
            \(append.map { "yes '' | head -c 65536 >> staging/localhost/\($0)" } ?? "")
            chmod -R a+rX staging/localhost
            \(owner)
            """
        )
        try Data(job.utf8).write(to: URL(fileURLWithPath: staging + "/job.json"))
    }

    /// - Parameter isAlone: Whether one process serves all connections.
    private func start(isAlone: Bool = false) throws -> HTTPServer {
        let store = store.path
        let one = """
            ServerLimit 1
            StartServers 1
            ThreadsPerChild 8
            MaxRequestWorkers 8
            MinSpareThreads 1
            MaxSpareThreads 8
            """
        return try HTTPServer(face: .ssl) { port in
            """
            \(isAlone ? one : "")
            LoadModule md_module /usr/lib/apache2/modules/mod_md.so
            MDStoreDir "\(store)"
            MDContactEmail admin@example.org
            MDCertificateAgreement accepted
            MDRenewMode manual
            MDPrivateKeys secp256r1
            MDomain localhost
            TLSReloadInterval 1
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                Header always set X-Serial "%{SSL_SERVER_M_SERIAL}s"
            </VirtualHost>
            """
        }
    }

    private func serial(_ server: HTTPServer) throws -> String {
        try curl(["--insecure", "--head", server.url]).text.split(separator: "\r\n")
            .first { $0.hasPrefix("X-Serial:") }.map { String($0.dropFirst(10)) } ?? ""
    }

    /// What is not good is said, and stays where it is; what is, comes into use. The parent does not look.
    @Test func onlyWhatIsGoodIsTaken() throws {
        let server = try start()
        #expect(try serial(server) == "07", "\(server.errorLog)")
        let good = try authority.issue("localhost", serial: "08", purpose: "serverAuth")
        let stranger = try authority.issue("other.example", serial: "09", purpose: "serverAuth")
        let client = try OCSPAuthority().issue("localhost", serial: "0A", purpose: "clientAuth")
        let unknown = try OCSPAuthority()
        let unsigned = try unknown.issue("localhost", serial: "0B", purpose: "serverAuth")
        try run("openssl dsaparam -genkey -noout -out dsa.key 1024")
        // The authority of another one stands behind it, with the same name.
        try run(
            "head -n $(grep -n 'END CERT' '\(unsigned.chain)' | head -n 1 | cut -d: -f1) '\(unsigned.chain)' > leaf"
        )
        try run("cat leaf '\(authority.authority)' > '\(unsigned.chain)'")
        let faults: [(String, () throws -> Void)] = [
            ("is not for 'localhost'", { try stage(stranger) }),
            ("does not belong", { try stage(good, key: stranger.key) }),
            ("extended key usage", { try stage(client) }),
            ("signature", { try stage(unsigned) }),
            // What a connection would wait for: one round too many, numbers of any length, bytes.
            ("at most 100000 are made", { try stage(good, iterations: 100_001) }),
            ("nor one for ML-DSA", { try stage(good, key: store.path + "/dsa.key") }),
            (
                "longer than 65536 bytes",
                { try stage(good, append: "privkey.secp256r1.pem") }
            ),
            ("longer than 65536 bytes", { try stage(good, append: "pubcert.secp256r1.pem") }),
            (
                "regular file",
                {
                    try stage(good); try run("cd staging/localhost; rm pub*; mkfifo pubcert.secp256r1.pem")
                }
            ),
        ]
        for (words, fault) in faults {
            let seen = server.errorLog.components(separatedBy: "renewed, cannot be used").count
            try fault()
            try Patience.wait(for: "the sentence '\(words)'", by: server.child, details: { server.errorLog }) {
                let current = try serial(server)
                #expect(current == "07")
                let lines = server.errorLog.components(separatedBy: "renewed, cannot be used")
                return lines.count > seen && lines.dropFirst(seen).contains { $0.contains(words) }
            }
        }
        try stage(good)
        try Patience.wait(for: "the change", by: server.child, details: { server.errorLog }) {
            try (0..<10).allSatisfy { _ in try serial(server) == "08" }
        }
        let lines = server.errorLog.split(separator: "\n").filter { $0.contains("pem, renewed, ") }
        #expect(!lines.isEmpty && !lines.contains { $0.contains("[pid \(server.process):") }, "\(lines)")
        try server.stop()
    }

    /// What cannot be read for a moment is read again, without another change.
    @Test func whatIsBusyIsReadAgain() throws {
        let server = try start(isAlone: true)
        #expect(try serial(server) == "07", "\(server.errorLog)")
        try stage(
            try authority.issue("localhost", serial: "08", purpose: "serverAuth"),
            job: #"{"finished": false}"#
        )
        let lease = try FileLease(staging + "/privkey.secp256r1.pem")
        try Data(#"{"finished": true, "a": 1}"#.utf8).write(to: URL(fileURLWithPath: staging + "/job.json"))
        try Patience.wait(for: "a look", by: server.child, details: { server.errorLog }) {
            _ = try serial(server)
            return server.errorLog.contains("privkey.secp256r1.pem: cannot be read (")
        }
        try lease.end()
        try Patience.wait(for: "the change", by: server.child, details: { server.errorLog }) {
            try serial(server) == "08"
        }
        try server.stop()
    }

    /// What is not complete, or whose time has not come (`MDActivationDelay`), waits.
    @Test func whatIsNotReadyWaits() throws {
        let server = try start()
        let next = try authority.issue("localhost", serial: "08", purpose: "serverAuth")
        try stage(next, job: #"{"finished": false, "valid-from": ""}"#)
        let first = try serial(server)
        // Long enough for looks of each process.
        for _ in 0..<30 {
            #expect(try serial(server) == first)
            Thread.sleep(forTimeInterval: 0.1)
        }
        let later = #"{"finished": true, "valid-from": "Tue, 01 Jan 2999 00:00:00 GMT"}"#
        try stage(next, job: later)
        for _ in 0..<30 {
            #expect(try serial(server) == "07")
            Thread.sleep(forTimeInterval: 0.1)
        }
        let last = try authority.issue("localhost", serial: "09", purpose: "serverAuth")
        let now =
            #"{"last": {"valid-from": "Tue, 01 Jan 2999 00:00:00 GMT"}, "valid-from": "Sun, 01 Nov 2026 00:00:00 GMT", "finished": true}"#
        try stage(last, job: now)
        try Patience.wait(for: "the change", by: server.child, details: { server.errorLog }) {
            try serial(server) == "09"
        }
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// A passphrase that somebody else could have written is not used, nor is one behind a link: then restarts take it up.
    @Test(arguments: ["chmod g+w md_store.json", "mv md_store.json x.json; ln -s x.json md_store.json"])
    func stores(spoil: String) throws {
        try run(spoil)
        let server = try start()
        try stage(try authority.issue("localhost", serial: "08", purpose: "serverAuth"))
        for _ in 0..<30 {
            #expect(try serial(server) == "07")
            Thread.sleep(forTimeInterval: 0.1)
        }
        #expect(!server.errorLog.contains("pem, renewed, "))
        try server.stop()
    }
}
