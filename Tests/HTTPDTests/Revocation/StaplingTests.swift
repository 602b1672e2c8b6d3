// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `SSLUseStapling`: OCSP responses that are fetched ahead of handshakes.
@Suite struct StaplingTests {
    private static func host(_ port: Int, _ identity: OCSPAuthority.Identity, _ more: String = "") -> String {
        """
        SSLUseStapling on
        SSLStaplingCache shmcb:logs/staples(128000)
        SSLStaplingErrorCacheTimeout 1
        SSLStaplingResponderTimeout 300
        \(more)
        <VirtualHost 127.0.0.1:\(port)>
            ServerName localhost
            SSLEngine on
            SSLCertificateFile "\(identity.chain)"
            SSLCertificateKeyFile "\(identity.key)"
        </VirtualHost>
        """
    }

    /// What a client sees of the response.
    private func status(_ server: HTTPServer) throws -> String {
        let outcome = try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-status"]
        )
        let lines = outcome.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        return lines.first { $0.hasPrefix("Cert Status:") }
            ?? lines.first { $0.hasPrefix("OCSP Response Status:") || $0.hasPrefix("OCSP response: no") } ?? "none"
    }

    private func wait(_ server: HTTPServer, _ sentence: String, _ condition: () throws -> Bool) throws {
        try Patience.wait(for: sentence, by: server.child, details: { server.errorLog }, until: condition)
    }

    private let none = "OCSP response: no response sent"

    /// A good response is fetched and stapled, by all processes, and after a graceful restart at once: even if the
    /// responder is gone.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .prefork]) func good(mpm: HTTPServer.MultiProcessing) throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue(
            "localhost",
            serial: "07",
            purpose: "serverAuth",
            behind: "ldap://127.0.0.1/"
        )
        let (chain, key) = (identity.chain, identity.key)
        try authority.start(["07": .good])
        let server = try HTTPServer(mpm, face: .ssl) { Self.host($0, .init(chain: chain, key: key)) }
        try wait(server, "nothing is stapled") { try status(server) == "Cert Status: good" }
        // Every process, which looks once a second.
        try wait(server, "the staple of every process") {
            try (0..<10).allSatisfy { _ in try status(server) == "Cert Status: good" }
        }
        #expect(server.complaints == [])
        authority.stop()
        try server.restartGracefully()
        for _ in 0..<5 { #expect(try status(server) == "Cert Status: good") }
        #expect(try curl(["--cacert", authority.authority, server.url]).text == "This is localhost.\n")
        try server.stop()
    }

    /// What says anything else than good is stapled if an administrator asks for it.
    @Test(arguments: [OCSPAuthority.Status.revoked, .unknown]) func bad(status wanted: OCSPAuthority.Status) throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let (chain, key) = (identity.chain, identity.key)
        try authority.start(["07": wanted])
        let server = try HTTPServer(face: .ssl) { Self.host($0, .init(chain: chain, key: key)) }
        try wait(server, "nothing is logged") { server.errorLog.contains("STLS0015") }
        let reason =
            wanted == .revoked
            ? "the certificate is revoked (keyCompromise)"
            : "the response is out of date, or the responder does not know the certificate"
        #expect(server.errorLog.contains("about 'CN=localhost' from http://127.0.0.1:\(authority.port)/: \(reason)"))
        #expect(try status(server) == none)
        try server.stop()
        let honest = try HTTPServer(face: .ssl) {
            Self.host($0, .init(chain: chain, key: key), "SSLStaplingReturnResponderErrors on")
        }
        try wait(honest, "nothing is stapled") { try status(honest) == "Cert Status: \(wanted.rawValue)" }
        #expect(honest.errorLog.contains("/: \(reason)"))
        // Good news is taken soon.
        try authority.start(["07": .good])
        try wait(honest, "the old is stapled") { try status(honest) == "Cert Status: good" }
        try honest.stop()
    }

    /// A certificate that was good is revoked: what says that it is good is not sent any more.
    @Test(arguments: ["off", "on"]) func revokedLater(passesOn: String) throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let (chain, key) = (identity.chain, identity.key)
        try authority.start(["07": .good])
        let server = try HTTPServer(face: .ssl) {
            Self.host(
                $0,
                .init(chain: chain, key: key),
                "SSLStaplingStandardCacheTimeout 1\nSSLStaplingReturnResponderErrors \(passesOn)"
            )
        }
        try wait(server, "nothing is stapled") { try status(server) == "Cert Status: good" }
        try authority.start(["07": .revoked])
        try wait(server, "nothing is logged") { server.errorLog.contains("/: the certificate is revoked") }
        try wait(server, "the old is stapled") {
            try status(server) == (passesOn == "on" ? "Cert Status: revoked" : none)
        }
        // Every process, which looks once a second.
        try wait(server, "the new answer of every process") {
            try (0..<5).allSatisfy { _ in try status(server) != "Cert Status: good" }
        }
        try server.stop()
    }

    /// Nobody is there to answer: handshakes do not wait, and clients are told if an administrator asks for it.
    @Test func unreachable() throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let (chain, key) = (identity.chain, identity.key)
        let server = try HTTPServer(face: .ssl) { Self.host($0, .init(chain: chain, key: key)) }
        try wait(server, "nothing is logged") { server.errorLog.contains("it cannot be reached") }
        #expect(try status(server) == none)
        try server.stop()
        for (directive, expected) in [("on", "OCSP Response Status: trylater (0x3)"), ("off", none)] {
            let server = try HTTPServer(face: .ssl) {
                Self.host(
                    $0,
                    .init(chain: chain, key: key),
                    "SSLStaplingReturnResponderErrors on\nSSLStaplingFakeTryLater \(directive)"
                )
            }
            try wait(server, "nothing is logged") { server.errorLog.contains("it cannot be reached") }
            try wait(server, "not as asked for") { try status(server) == expected }
            try server.stop()
        }
    }

    /// A responder that takes the connection and says nothing does not keep httpd from serving or ending.
    @Test func silence() throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let (chain, key) = (identity.chain, identity.key)
        let silent = try ChildProcess(
            "python3",
            [
                "-c",
                """
                import socket, time
                listener = socket.create_server(("127.0.0.1", \(authority.port)))
                kept = []
                while True: kept.append(listener.accept())
                """,
            ]
        )
        defer { silent.terminate() }
        let server = try HTTPServer(face: .ssl) {
            Self.host($0, .init(chain: chain, key: key), "SSLStaplingResponderTimeout 1")
        }
        for _ in 0..<5 { #expect(try status(server) == none) }
        try wait(server, "nothing is logged") { server.errorLog.contains("it takes too long") }
        try server.stop()
    }

    /// `SSLStaplingForceURL` is asked, and certificates about which nobody can be asked are named once.
    @Test func addresses() throws {
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth", namesResponder: false)
        let (chain, key, port) = (identity.chain, identity.key, authority.port)
        try authority.start(["07": .good])
        let server = try HTTPServer(face: .ssl) {
            Self.host($0, .init(chain: chain, key: key), "SSLStaplingForceURL http://127.0.0.1:\(port)")
        }
        try wait(server, "nothing is stapled") { try status(server) == "Cert Status: good" }
        try server.stop()
        let other = try HTTPServer(face: .ssl) { Self.host($0, .init(chain: chain, key: key)) }
        #expect(
            other.errorLog.contains(
                """
                STLS0015: no OCSP response can be stapled to the certificate 'CN=localhost': it names no OCSP responder, \
                and there is no SSLStaplingForceURL
                """
            )
        )
        #expect(try status(other) == none)
        try other.stop()
    }

    /// mod_ssl does not start either.
    @Test func withoutCache() throws {
        let certificates = try TestCertificates.shared()
        let error = #expect(throws: ChildProcessError.self) {
            try HTTPServer(face: .ssl) { port in
                let identity = certificates.localhost(.ecdsaP256)
                let own = OCSPAuthority.Identity(chain: identity.certificate.path, key: identity.key.path)
                return Self.host(port, own).replacingOccurrences(of: "SSLStaplingCache", with: "#")
            }
        }
        #expect("\(try #require(error))".contains("no SSLStaplingCache says where OCSP responses are kept"))
    }
}
