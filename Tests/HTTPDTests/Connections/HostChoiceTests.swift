// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Which virtual host a handshake and a request get: by odd names, without TLS of its own, or with nothing but a name.
@Suite struct HostChoiceTests {
    /// What a client gets that names one server in its handshake (nil for none) and another in its request: the status, and
    /// the subject of the certificate.
    private func visit(_ server: HTTPServer, _ name: String?, host: String) throws -> (status: String, subject: String)
    {
        let script = """
            name = sys.argv[3] if sys.argv[3] != "-" else None
            arguments = ["openssl", "s_client", "-connect", "127.0.0.1:" + sys.argv[1], "-ign_eof", "-tls1_3"]
            arguments += ["-servername", name] if name else ["-noservername"]
            request = "GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n" % sys.argv[4]
            text = subprocess.run(arguments, input=request.encode(), capture_output=True).stdout.decode("latin-1")
            for start in ["HTTP/1.1 ", "subject="]:
                lines = [line for line in text.splitlines() if line.startswith(start)]
                print(lines[0][len(start):] if lines else "-")
            """
        let outcome = try python("import subprocess\n" + script, server, [name ?? "-", host])
        let lines = outcome.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        try #require(lines.count >= 2, "\(outcome)")
        return (String(lines[0].prefix(3)), lines[1])
    }

    // MARK: Names

    /// Labels with hyphens at their ends, addresses and others that are no names of DNS.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func oddNames(face: HTTPServer.Face) throws {
        let certificates = try TestCertificates.shared()
        let own = certificates.named("b.example")
        let server = try HTTPServer(face: face) { port in
            let hosts = [
                ("localhost", certificates.localhost(.ecdsaP256)), ("127.0.0.1", own), ("-x.example", own),
                ("wild.example\n    ServerAlias *.wild.example", own),
            ].map { name, identity in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    \(face == .tls ? HTTPServer.certificateDirective(identity) : "SSLEngine on")
                    \(face == .tls ? "" : StandInTests.certificate(identity))
                    Header set X-Name "%{SSL_TLS_SNI}s"
                </VirtualHost>
                """
            }
            return "LogLevel \(face.rawValue):debug\n"
                + (face == .tls ? "TLSEngine 127.0.0.1:\(port)\n" : "") + hosts.joined(separator: "\n")
        }
        let long = String(repeating: "a", count: 64) + ".wild.example"
        for name in ["127.0.0.1", "-x.example", "-X.Example", "foo-.wild.example", long] {
            let (status, subject) = try visit(server, name, host: name)
            #expect(status == "200" && subject.contains("b.example"), "\(name): \(status) \(subject)")
        }
        // What nobody is called gets the first host, or with TLSStrictSNI nothing; an address is no name.
        let (status, subject) = try visit(server, "nobody-.example", host: "localhost")
        #expect(status == (face == .ssl ? "200" : "-"), "\(status) \(subject)")
        #expect(try visit(server, "10.1.2.3", host: "localhost").status == "200")
        // The log tells what was named, and nobody can write lines of their own into it.
        let (line, _) = try visit(server, "a\nb'-.example", host: face == .ssl ? "wild.example" : "x")
        #expect(line == (face == .ssl ? "421" : "-"))
        try server.stop()
        #expect(server.errorLog.contains("'a\\\\x0ab\\\\x27-.example'"), "\(server.errorLog)")
    }

    /// `SSL_TLS_SNI` is what was sent, as with mod_ssl.
    @Test func rawNames() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost 127.0.0.1:\(port)>
                SSLEngine on
                \(StandInTests.certificate(identity))
                Header set X-Name "%{SSL_TLS_SNI}s"
            </VirtualHost>
            """
        }
        let (status, _) = try visit(server, "LocalHost.", host: "localhost")
        #expect(status == "200")
        _ = try visit(server, "b\u{FC}-_.x", host: "localhost")
        try server.stop()
        #expect(server.accessLog.contains(" LocalHost. ") && server.accessLog.contains(" b\\xc3\\xbc-_.x "))
    }

    // MARK: Hosts without TLS of their own

    /// What mod_ssl answers in its four policies, for handshake and request: named first and asked for second, and so on.
    @Test(
        arguments: [
            ("", ["421", "200", "421", "421", "200", "421"]),
            ("SSLVHostSNIPolicy strict", ["421", "200", "421", "421", "200", "421"]),
            ("SSLVHostSNIPolicy secure", ["421", "200", "421", "421", "200", "421"]),
            ("SSLVHostSNIPolicy authonly", ["421", "200", "421", "421", "200", "421"]),
            ("SSLVHostSNIPolicy insecure", ["200", "200", "200", "200", "200", "200"]),
        ]
    )
    func hostsWithoutEngine(policy: (line: String, statuses: [String])) throws {
        let certificates = try TestCertificates.shared()
        let hosts = [
            "": "plain", "SSLEngine off": "off", StandInTests.certificate(certificates.named("b.example")): "own",
        ]
        let server = try HTTPServer(face: .ssl) { port in
            let others = hosts.map { "<VirtualHost 127.0.0.1:\(port)>\nServerName \($1).test\n\($0)\n</VirtualHost>" }
            return """
                \(policy.line)
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName first.test
                    SSLEngine on
                    \(StandInTests.certificate(certificates.named("a.example")))
                </VirtualHost>
                \(others.joined(separator: "\n"))
                """
        }
        for name in hosts.values {
            let visits: [(String?, String)] = [
                ("first.test", "\(name).test"), ("\(name).test", "\(name).test"), ("\(name).test", "first.test"),
                (nil, "\(name).test"), (nil, "first.test"), ("unknown.test", "\(name).test"),
            ]
            for (visit, expected) in zip(visits, policy.statuses) {
                let answer = try self.visit(server, visit.0, host: visit.1)
                #expect(answer.status == expected, "\(policy.line) \(visit)")
                #expect(answer.subject.contains("a.example"), "\(policy.line) \(visit)")
            }
        }
        try server.stop()
        let warnings = server.errorLog.split(separator: "\n").filter { $0.contains("has no SSLEngine on") }
        for name in hosts.values {
            let host = warnings.filter { $0.contains("virtual host \(name).test (line ") }
            #expect(!host.isEmpty && host.allSatisfy { $0.contains("TLS of the first host there") }, "\(warnings)")
        }
    }

    /// No policy lets anybody reach a host that wants client certificates and cannot ask for them.
    @Test(arguments: ["", "SSLVHostSNIPolicy insecure"]) func hostsWithoutEngineThatAskClients(policy: String) throws {
        let certificates = try TestCertificates.shared()
        let server = try HTTPServer(face: .ssl) { port in
            """
            \(policy)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName first.test
                SSLEngine on
                \(StandInTests.certificate(certificates.named("a.example")))
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName clients.test
                SSLVerifyClient require
                SSLCACertificateFile \(certificates.authority.path)
            </VirtualHost>
            """
        }
        for name in ["clients.test", "first.test", nil] {
            #expect(try visit(server, name, host: "clients.test").status == "421")
        }
        try server.stop()
        #expect(server.errorLog.contains("its SSLVerifyClient cannot be carried out"), "\(server.errorLog)")
    }

    /// The first host of an address decides whether TLS is spoken there.
    @Test func firstHostWithoutEngine() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost 127.0.0.1:\(port)>
                ServerName first.test
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName second.test
                SSLEngine on
                \(StandInTests.certificate(identity))
            </VirtualHost>
            """
        }
        #expect(try curl(["http://127.0.0.1:\(server.port)/"]).text == "This is localhost.\n")
        try server.stop()
        #expect(
            server.errorLog.contains("virtual host first.test") && server.errorLog.contains("nobody speaks TLS there")
        )
    }

    // MARK: mod_tls

    /// Hosts that say nothing of TLS take everything from the main server, and go by their own names.
    @Test func hostsWithNothingButNames() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try HTTPServer { port in
            """
            TLSEngine 127.0.0.1:\(port)
            \(HTTPServer.certificateDirective(identity))
            <VirtualHost 127.0.0.1:\(port)>
                ServerName one.test
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName two.test
                DocumentRoot "${APACHE_LOG_DIR}/../htdocs/b"
            </VirtualHost>
            """
        }
        for (name, text) in ["one.test": "localhost", "two.test": "b.example"] {
            let address = "\(name):\(server.port)"
            let page = try curl(["--insecure", "--resolve", "\(address):127.0.0.1", "https://\(address)/"])
            #expect(page.text == "This is \(text).\n", "\(page) \(server.errorLog)")
        }
        #expect(try visit(server, "three.test", host: "one.test").status == "-")
        try server.stop()
    }

    /// `TLSEngine` may stand in a virtual host, and may name a port that has no certificate yet.
    @Test func engines() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let bare = try LoopbackPort.free()
        let server = try HTTPServer { port in
            """
            Listen 127.0.0.1:\(bare)
            TLSEngine 127.0.0.1:\(bare)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                TLSEngine \(port)
                \(HTTPServer.certificateDirective(identity))
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(bare)>
                ServerName localhost
            </VirtualHost>
            """
        }
        #expect(try curl([server.url]).text == "This is localhost.\n")
        #expect(try curl(["https://localhost:\(bare)/"]).status != 0)
        // Not without TLS either.
        #expect(try curl(["http://localhost:\(bare)/"]).text == "")
        try server.stop()
        #expect(server.errorLog.contains("no virtual host for it has a TLSCertificate yet"), "\(server.errorLog)")
    }
}
