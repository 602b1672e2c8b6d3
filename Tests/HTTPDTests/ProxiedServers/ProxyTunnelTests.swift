// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Modules that pass bytes through, or ask by themselves, over connections that TLS protects on both sides.
@Suite struct ProxyTunnelTests {
    private static let modules = "/usr/lib/apache2/modules"

    private static func load(_ names: String...) -> String {
        names.map { "LoadModule \($0)_module \(modules)/mod_\($0).so" }.joined(separator: "\n")
    }

    private static func front(_ more: String, _ host: String) throws -> HTTPServer {
        try HTTPServer(face: .ssl) { port in
            """
            \(more)
            SSLProxyEngine on
            SSLProxyVerify require
            SSLProxyCACertificateFile \(try TestCertificates.shared().authority.path)
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                \(host)
            </VirtualHost>
            """
        }
    }

    /// A server that says yes to every upgrade and then repeats what it hears.
    private static let echo = """
        import socket, ssl, sys, threading
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        print("listening", flush=True)
        def serve(plain):
            with context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\\r\\n\\r\\n" not in head:
                    head += connection.recv(4096)
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n")
                while data := connection.recv(65536):
                    connection.sendall(data)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
        """

    private static let socketClient = """

        import random
        with connect() as connection:
            connection.sendall(b"GET /ws HTTP/1.1\\r\\nHost: localhost\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\n\\r\\n")
            head = b""
            while b"\\r\\n\\r\\n" not in head:
                part = connection.recv(1)
                assert part, head
                head += part
            assert head.startswith(b"HTTP/1.1 101 "), head
            for size in [1, 2, 100, 16384, 16385, 100000, 3]:
                data = random.randbytes(size)
                connection.sendall(data)
                answer = b""
                while len(answer) < size:
                    answer += connection.recv(65536)
                assert answer == data
        print("echoed")
        """

    @Test func webSockets() throws {
        let port = try LoopbackPort.free()
        let identity = try TestCertificates.shared().localhost(.rsa)
        let backend = try ChildProcess(
            "python3",
            ["-c", Self.echo, "\(port)", identity.certificate.path, identity.key.path]
        )
        defer { backend.terminate() }
        try backend.waitForText("listening")
        let server = try Self.front(
            Self.load("proxy", "proxy_http", "proxy_wstunnel"),
            "ProxyPass /ws wss://localhost:\(port)/ws"
        )
        let outcome = try python(Self.socketClient, server)
        #expect(outcome.text == "echoed\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// mod_proxy_hcheck asks from a process and a thread of its own, without a request of a client.
    @Test func healthChecks() throws {
        let inner = try HTTPServer()
        let server = try Self.front(
            Self.load(
                "proxy",
                "proxy_http",
                "proxy_balancer",
                "lbmethod_byrequests",
                "slotmem_shm",
                "proxy_hcheck"
            ),
            """
            <Proxy balancer://inner>
                BalancerMember https://localhost:\(inner.port) hcmethod=GET hcuri=/index.html?health hcinterval=1
            </Proxy>
            ProxyPass / balancer://inner/
            """
        )
        #expect(try curl([server.url]).text == "This is localhost.\n", "\(server.errorLog)")
        try Patience.wait(for: "a check", by: server.child, details: { server.errorLog + inner.errorLog }) {
            inner.accessLog.contains("?health")
        }
        #expect(try curl([server.url]).text == "This is localhost.\n", "\(server.errorLog)")
        try server.stop()
        try inner.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// A forward proxy that is reached by TLS, and TLS through it.
    @Test func connectMethod() throws {
        let inner = try HTTPServer()
        let server = try Self.front(
            Self.load("proxy", "proxy_connect"),
            "ProxyRequests on\nAllowCONNECT \(inner.port)"
        )
        let authority = try TestCertificates.shared().authority.path
        let outcome = try curl(["--proxy", server.url, "--proxy-cacert", authority, "--proxytunnel", inner.url])
        #expect(outcome.text == "This is localhost.\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        try inner.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// What is asked for by a forward proxy is not held to the names of hosts, but to what its host asks of clients.
    @Test func hostsThatAskAndHaveNoEngine() throws {
        let server = try HTTPServer(face: .ssl) { port in
            let certificates = try TestCertificates.shared()
            let asking = """
                SSLCACertificateFile \(certificates.authority.path)
                SSLVerifyClient require
                """
            return """
                \(Self.load("proxy", "proxy_http"))
                <VirtualHost *:\(port)>
                    ServerName localhost
                    SSLEngine on
                    \(StandInTests.certificate(certificates.localhost(.ecdsaP256)))
                </VirtualHost>
                \([("open.test", ""), ("asking.test", asking)].map { name, more in
                    """
                    <VirtualHost *:\(port)>
                        ServerName \(name)
                        ProxyRequests on
                        \(more)
                    </VirtualHost>
                    """
                }.joined(separator: "\n"))
                """
        }
        let authority = try TestCertificates.shared().authority.path
        func ask(_ host: String) throws -> String {
            try curl([
                "--proxy", server.url, "--proxy-cacert", authority, "--write-out", "%{http_code}", "--output",
                "/dev/null",
                "http://\(host)/",
            ]).text
        }
        // No name server knows it: that the proxy tries is enough.
        #expect(try ask("open.test") != "403", "\(server.errorLog)")
        #expect(try ask("asking.test") == "403", "\(server.errorLog)")
        try server.stop()
        let lines = server.errorLog.split(separator: "\n").filter { $0.contains("STLS0011") }
        #expect(
            lines.count == 1
                && lines[0].contains("its virtual host has an SSLVerifyClient of its own, and no SSLEngine on"),
            "\(server.errorLog)"
        )
    }

    /// What looks like the head of a response in a tunnel may be all that comes: nothing waits for more.
    @Test func headsInTunnels() throws {
        let script = """
            import http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def do_HEAD(self):
                    self.send_response(200)
                    self.send_header("X-Backend", "plain")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            print("listening on 127.0.0.1:%d" % server.server_port, flush=True)
            server.serve_forever()
            """
        let backend = try ChildProcess("python3", ["-c", script])
        defer { backend.terminate() }
        let text = try backend.waitForText("\n")
        let port = try #require(text.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) })
        let server = try Self.front(
            Self.load("proxy", "proxy_connect"),
            "Timeout 600\nProxyRequests on\nAllowCONNECT \(port)"
        )
        let authority = try TestCertificates.shared().authority.path
        let outcome = try curl([
            "--proxy", server.url, "--proxy-cacert", authority, "--proxytunnel", "--head",
            "http://127.0.0.1:\(port)/",
        ])
        #expect(outcome.text.contains("X-Backend: plain"), "\(outcome)\n\(server.errorLog)")
        try server.stop()
    }
}
