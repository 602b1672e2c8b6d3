// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `SSLOCSPEnable`: responders are asked about the certificates of clients.
@Suite struct ClientStatusTests {
    private static let versions = [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]]

    private func server(_ authority: OCSPAuthority, _ directives: String, directory: String = "") throws -> HTTPServer {
        let file = authority.authority
        return try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(file)"
                SSLOCSPResponderTimeout 300
                \(directives)
                \(directory)
            </VirtualHost>
            """
        }
    }

    private func status(
        _ server: HTTPServer,
        _ client: OCSPAuthority.Identity?,
        _ options: [String],
        path: String = "/"
    ) throws -> String {
        let certificate = client.map { ["--cert", $0.chain, "--key", $0.key] } ?? []
        let outcome = try curl(
            options + certificate + ["--output", "/dev/null", "--write-out", "%{http_code}", server.url + path]
        )
        return outcome.status == 0 ? outcome.text : "refused"
    }

    @Test func statuses() throws {
        let authority = try OCSPAuthority()
        let good = try authority.issue("good", serial: "01", purpose: "clientAuth", behind: "ldap://127.0.0.1/")
        let revoked = try authority.issue("revoked", serial: "02", purpose: "clientAuth")
        let unknown = try authority.issue("unknown", serial: "03", purpose: "clientAuth")
        let mute = try authority.issue("mute", serial: "04", purpose: "clientAuth", namesResponder: false)
        try authority.start(["01": .good, "02": .revoked, "04": .good])
        let server = try server(authority, "SSLVerifyClient optional\nSSLOCSPEnable leaf")
        for version in Self.versions {
            #expect(try status(server, good, version) == "200")
            #expect(try status(server, nil, version) == "200")
            #expect(try status(server, revoked, version) == "refused")
            #expect(try status(server, unknown, version) == "refused")
            #expect(try status(server, mute, version) == "refused")
        }
        for words in [
            "'CN=revoked' was revoked by its issuer on 2026-01-01 00:00:00 UTC (keyCompromise)",
            "'CN=unknown' may have been revoked: its responder does not know it",
            "'CN=mute' may have been revoked: it names no OCSP responder, and there is no SSLOCSPDefaultResponder",
        ] {
            #expect(server.errorLog.contains(words))
        }
        // Nobody can be asked any more.
        authority.stop()
        for version in Self.versions { #expect(try status(server, good, version) == "refused") }
        #expect(server.errorLog.contains("http://127.0.0.1:\(authority.port)/: it cannot be reached"))
        #expect(server.complaints(except: "STLS0001") == [])
        try server.stop()
    }

    /// Who was not asked about does not resume where clients are.
    @Test(arguments: ["-tls1_2", "-tls1_3"]) func resumption(version: String) throws {
        let authority = try OCSPAuthority()
        let revoked = try authority.issue("revoked", serial: "02", purpose: "clientAuth")
        try authority.start(["02": .revoked])
        let keys = authority.directory.appendingPathComponent("tickets").path
        let session = authority.directory.appendingPathComponent("session").path
        try Data((0..<48).map { UInt8($0) }).write(to: URL(fileURLWithPath: keys))
        let shared = "SSLVerifyClient require\nSSLSessionTicketKeyFile \"\(keys)\""
        func connect(_ server: HTTPServer, _ arguments: [String]) throws -> String {
            let script = """
                printf 'GET / HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' | openssl s_client -connect 127.0.0.1:\(server.port) \
                    -servername localhost -cert "\(revoked.chain)" -key "\(revoked.key)" -ign_eof \(version) \
                    \(arguments.joined(separator: " "))
                """
            return try ChildProcess.run("/bin/sh", ["-c", script]).text
        }
        let tolerant = try server(authority, shared)
        #expect(try connect(tolerant, ["-sess_out", session]).contains("This is localhost."))
        #expect(try connect(tolerant, ["-sess_in", session]).contains("Reused, TLSv1"))
        try tolerant.stop()
        let server = try server(authority, shared + "\nSSLOCSPEnable leaf")
        let text = try connect(server, ["-sess_in", session])
        #expect(!text.contains("Reused, TLSv1") && !text.contains("This is localhost."))
        #expect(server.errorLog.contains("'CN=revoked' was revoked by its issuer"))
        try server.stop()
    }

    /// In a directory, after the handshake.
    @Test func ofDirectories() throws {
        let authority = try OCSPAuthority()
        let good = try authority.issue("good", serial: "01", purpose: "clientAuth")
        let revoked = try authority.issue("revoked", serial: "02", purpose: "clientAuth")
        try authority.start(["01": .good, "02": .revoked])
        let server = try server(
            authority,
            "SSLOCSPEnable on",
            directory: "<Location \"/a\">\nSSLVerifyClient require\n</Location>"
        )
        let options = ["--tlsv1.3", "--http1.1"]
        #expect(try status(server, revoked, options) == "200")
        #expect(try status(server, good, options, path: "/a/") == "200")
        #expect(try status(server, revoked, options, path: "/a/") == "refused")
        #expect(server.errorLog.contains("'CN=revoked' was revoked by its issuer"))
        try server.stop()
    }

    @Test func certificatesWithoutResponder() throws {
        let authority = try OCSPAuthority()
        let mute = try authority.issue("mute", serial: "04", purpose: "clientAuth", namesResponder: false)
        let good = try authority.issue("good", serial: "01", purpose: "clientAuth")
        try authority.start(["04": .revoked, "01": .good])
        let address = "http://127.0.0.1:\(authority.port)/"
        let tolerant = try server(authority, "SSLVerifyClient require\nSSLOCSPEnable leaf no_ocsp_for_cert_ok")
        #expect(try status(tolerant, mute, []) == "200")
        try tolerant.stop()
        let strict = try server(
            authority,
            "SSLVerifyClient require\nSSLOCSPEnable leaf\nSSLOCSPDefaultResponder \(address)"
        )
        #expect(try status(strict, mute, []) == "refused")
        #expect(try status(strict, good, []) == "200")
        #expect(strict.errorLog.contains("'CN=mute' was revoked by its issuer"))
        try strict.stop()
        // Another responder than the certificate's own, which nobody listens on.
        let other = try server(
            authority,
            """
            SSLVerifyClient require
            SSLOCSPEnable leaf
            SSLOCSPOverrideResponder on
            SSLOCSPDefaultResponder http://127.0.0.1:1/
            """
        )
        #expect(try status(other, good, []) == "refused")
        #expect(other.errorLog.contains("http://127.0.0.1:1/: it cannot be reached"))
        try other.stop()
    }

    /// A certificate of no known authority cannot be asked about: `optional_no_ca` does not help it.
    @Test func unknownAuthority() throws {
        let authority = try OCSPAuthority()
        let stranger = try OCSPAuthority().issue("stranger", serial: "01", purpose: "clientAuth")
        let tolerant = try self.server(authority, "SSLVerifyClient optional_no_ca")
        #expect(try status(tolerant, stranger, []) == "200", "\(tolerant.errorLog)")
        try tolerant.stop()
        let server = try server(authority, "SSLVerifyClient optional_no_ca\nSSLOCSPEnable leaf")
        #expect(try status(server, stranger, []) == "refused")
        #expect(server.errorLog.contains("leads to no authority, whose responder could be asked"))
        try server.stop()
    }

    /// A responder that nobody has certified is believed if an administrator names it.
    @Test func trustedResponder() throws {
        let (authority, other) = (try OCSPAuthority(), try OCSPAuthority())
        let good = try authority.issue("good", serial: "01", purpose: "clientAuth")
        let key = other.directory.appendingPathComponent("ca.key").path
        try authority.start(["01": .good], arguments: ["-ndays", "2", "-rsigner", other.authority, "-rkey", key])
        let directives = "SSLVerifyClient require\nSSLOCSPEnable leaf"
        let careful = try server(authority, directives)
        #expect(try status(careful, good, []) == "refused")
        #expect(careful.errorLog.contains("not signed by the issuer or a responder of its choice"))
        try careful.stop()
        let trusting = try server(authority, directives + "\nSSLOCSPResponderCertificateFile \"\(other.authority)\"")
        #expect(try status(trusting, good, []) == "200")
        try trusting.stop()
    }

    /// A response that was made before, for somebody else's request, does not answer one with a nonce; without one it will
    /// do.
    @Test func nonces() throws {
        let authority = try OCSPAuthority()
        let good = try authority.issue("good", serial: "01", purpose: "clientAuth")
        try authority.start(["01": .good])
        let address = "http://127.0.0.1:\(authority.port)/"
        // A responder that repeats itself, whom `openssl ocsp` helps once; also in the place of a proxy.
        let port = try LoopbackPort.free()
        let script = """
            import http.server, subprocess, sys
            directory = sys.argv[1]
            answer = directory + "/answer.der"
            subprocess.run(["openssl", "ocsp", "-issuer", directory + "/ca.pem", "-cert", directory + "/good.crt",
                "-url", "\(address)", "-noverify", "-respout", answer], check=True)
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    open(directory + "/asked", "a").write(self.path + "\\n")
                    body = open(answer, "rb").read()
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
            http.server.HTTPServer(("127.0.0.1", \(port)), Handler).serve_forever()
            """
        let repeating = try ChildProcess("python3", ["-c", script, authority.directory.path])
        defer { repeating.terminate() }
        try LoopbackPort.wait(for: port, by: repeating)
        let directives = "SSLVerifyClient require\nSSLOCSPEnable leaf\nSSLOCSPProxyURL http://127.0.0.1:\(port)"
        let careful = try server(authority, directives)
        #expect(try status(careful, good, []) == "refused")
        #expect(careful.errorLog.contains("the response lacks the request's nonce"))
        try careful.stop()
        let trusting = try server(authority, directives + "\nSSLOCSPUseRequestNonce off")
        #expect(try status(trusting, good, []) == "200")
        try trusting.stop()
        // The proxy was told whom to ask.
        let asked = try String(contentsOf: authority.directory.appendingPathComponent("asked"), encoding: .utf8)
        #expect(asked == "\(address)\n\(address)\n")
    }
}
