// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the module refuses although the handshake would work, and what it must not get in the way of.
@Suite struct PolicyTests {
    /// `localhost` with two hosts beside it: one that shares its certificate and one with a certificate of its own.
    private func server(_ more: String = "") throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        let shared = HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256))
        let own = HTTPServer.certificateDirective(certificates.named("a.example"))
        return try HTTPServer { port in
            """
            TLSEngine 127.0.0.1:\(port)
            \(more)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                \(shared)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName shared.example
                Protocols h2 http/1.1
                \(shared)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName a.example
                ServerAlias *.A.example
                Protocols h2 http/1.1
                \(own)
            </VirtualHost>
            """
        }
    }

    private func status(_ options: [String]) throws -> String {
        try curl(options + ["--output", "/dev/null", "--write-out", "%{http_code}"]).text
    }

    @Test(arguments: ["--http1.1", "--http2"]) func requestsGoOnlyToHostsWithTheSamePolicy(http: String) throws {
        let server = try server()
        #expect(try status([http, "--header", "Host: shared.example", server.url]) == "200")
        #expect(try status([http, "--header", "Host: a.example", server.url]) == "421")
        try server.stop()
        #expect(server.complaints(except: "STLS0006").isEmpty)
    }

    @Test func clientWithoutNameGetsNoOtherHost() throws {
        let strict = try server()
        #expect(try status(["--header", "Host: shared.example", "https://127.0.0.1:\(strict.port)/"]) == "403")
        #expect(strict.errorLog.contains("STLS0007") && strict.errorLog.contains("(TLSStrictSNI)"))
        let lenient = try server("TLSStrictSNI off")
        #expect(try status(["--header", "Host: shared.example", "https://127.0.0.1:\(lenient.port)/"]) == "200")
        #expect(try status(["--header", "Host: a.example", "https://127.0.0.1:\(lenient.port)/"]) == "421")
    }

    /// The same hosts by mod_ssl's directives, and one more that wants client certificates.
    private func standIn(_ more: String) throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        let shared = StandInTests.certificate(certificates.localhost(.ecdsaP256))
        let authority = certificates.authority.path
        return try HTTPServer(face: .ssl) { port in
            let hosts = [
                ("localhost", shared), ("shared.example", shared),
                ("a.example", StandInTests.certificate(certificates.named("a.example"))),
                ("clients.example", shared + "\nSSLCACertificateFile \(authority)\nSSLVerifyClient optional"),
            ].map { name, directives in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    Protocols h2 http/1.1
                    SSLEngine on
                    \(directives)
                </VirtualHost>
                """
            }
            return more + "\n" + hosts.joined(separator: "\n")
        }
    }

    /// `SSLVHostSNIPolicy` in its four forms: which hosts a request may be for whose handshake was for `localhost`.
    @Test(
        arguments: [
            ("", ["200", "421", "421"]), ("SSLVHostSNIPolicy secure", ["200", "421", "421"]),
            ("SSLVHostSNIPolicy strict", ["421", "421", "421"]),
            ("SSLVHostSNIPolicy authonly", ["200", "200", "421"]),
            ("SSLVHostSNIPolicy insecure", ["200", "200", "200"]),
        ],
        ["--http1.1", "--http2"]
    )
    func policies(of policy: (line: String, statuses: [String]), http: String) throws {
        let server = try standIn(policy.line)
        for (host, expected) in zip(["shared.example", "a.example", "clients.example"], policy.statuses) {
            #expect(try status([http, "--header", "Host: \(host)", server.url]) == expected, "\(policy.line): \(host)")
        }
        #expect(try status([http, server.url]) == "200")
        try server.stop()
    }

    @Test func strictnessOfTheStandIn() throws {
        let strict = try standIn("SSLStrictSNIVHostCheck on")
        #expect(try status(["https://127.0.0.1:\(strict.port)/"]) == "403")
        #expect(try status([strict.url]) == "200")
        // A name in the handshake and none in the request.
        let nameless = try status(["--http1.0", "--header", "Host:", strict.url])
        #expect(nameless == "400", "\(strict.accessLog)")
        try strict.stop()
        #expect(strict.errorLog.contains("STLS0007") && !strict.errorLog.contains("TLSStrictSNI"))
        #expect(strict.errorLog.contains("(SSLStrictSNIVHostCheck)"))
        let lenient = try standIn("")
        #expect(try status(["https://127.0.0.1:\(lenient.port)/"]) == "200")
        try lenient.stop()
    }

    @Test func unknownNameGetsTheFirstHostWithoutStrictness() throws {
        let server = try server("TLSStrictSNI off")
        let address = "unknown.example:\(server.port)"
        let code = try status(["--insecure", "--resolve", "\(address):127.0.0.1", "https://\(address)/"])
        #expect(code == "200")
    }

    @Test func aliasesMatchInAnyCase() throws {
        let server = try server()
        let output = try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "X.y.a.EXAMPLE"]
        )
        #expect(output.text.contains("CN = a.example"), "\(output)")
    }

    /// RFC 7301 §3.2.
    @Test func foreignApplicationProtocolIsRefused() throws {
        let server = try server()
        let outcome = try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-alpn", "smtp"]
        )
        #expect((outcome.text + outcome.errors).contains("no application protocol"), "\(outcome)")
    }

    /// Clients send two or three names; who sends thousands must not have httpd copy them all.
    @Test func manyApplicationProtocols() throws {
        let server = try server()
        let script = """
            context.check_hostname = False
            for count in (63, 64, 5000):
                context.set_alpn_protocols(["x%d" % number for number in range(count)] + ["http/1.1"])
                try: print(visit())
                except ssl.SSLError as error: print("no application protocol" in str(error).replace("_", " ").lower())
            """
        let visit = """
            def visit():
                with context.wrap_socket(plain(), server_hostname="localhost") as tls: return tls.selected_alpn_protocol()

            """
        let outcome = try python(visit + script, server)
        #expect(outcome.text == "http/1.1\nTrue\nTrue\n", "\(outcome)")
        // The names are not all in the log either.
        #expect(server.errorLog.utf8.count < 20_000)
    }

    @Test func errorDocumentTakesThePlaceOfThePlainHTTPPage() throws {
        let server = try server("ErrorDocument 400 /plain.html")
        try Data("use https\n".utf8).write(to: server.documents.appendingPathComponent("plain.html"))
        let outcome = try curl(["--include", "http://127.0.0.1:\(server.port)/"])
        #expect(outcome.text.hasPrefix("HTTP/1.1 400 Bad Request"), "\(outcome)")
        #expect(outcome.text.hasSuffix("\r\n\r\nuse https\n"), "\(outcome)")
    }

    /// Tunnels never flush: what they pass on must not wait for a full record.
    @Test func tunnelsDoNotStall() throws {
        let modules = "/usr/lib/apache2/modules"
        let backend = try LoopbackPort.free()
        let server = try server(
            """
            LoadModule proxy_module \(modules)/mod_proxy.so
            LoadModule proxy_http_module \(modules)/mod_proxy_http.so
            LoadModule proxy_wstunnel_module \(modules)/mod_proxy_wstunnel.so
            ProxyPass /echo ws://127.0.0.1:\(backend)/echo
            """
        )
        let outcome = try python(ClientScripts.webSocketEcho, server, ["\(backend)"])
        #expect(outcome.status == 0 && outcome.text == "echoed\n", "\(outcome)\n\(server.errorLog)")
    }
}

extension ClientScripts {
    /// A back end that answers an upgrade and then echoes, and a client that sends pieces of many sizes through httpd.
    fileprivate static let webSocketEcho = """
        listener = socket.create_server(("127.0.0.1", int(sys.argv[3])))
        listener.settimeout(300)

        def echo():
            peer, _ = listener.accept()
            head = b""
            while b"\\r\\n\\r\\n" not in head:
                head += peer.recv(4096)
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n")
            while data := peer.recv(65536):
                peer.sendall(data)

        threading.Thread(target=echo, daemon=True).start()
        tls = connect()
        tls.sendall(b"GET /echo HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n")
        head = b""
        while b"\\r\\n\\r\\n" not in head:
            head += tls.recv(1)
        assert b" 101 " in head, head
        for size in (1, 2, 100, 4096, 16384, 70000, 3):
            tls.sendall(b"x" * size)
            left = size
            while left > 0:
                data = tls.recv(65536)
                assert data, "the tunnel was closed"
                left -= len(data)
        print("echoed")
        """
}
