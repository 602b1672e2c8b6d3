// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What httpd tells of connections beyond mod_ssl's variables.
@Suite struct StatusTests {
    private static let modules = "/usr/lib/apache2/modules"

    /// The page of mod_status counts the handshakes of all processes.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func statusPage(face: HTTPServer.Face) throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try HTTPServer(face: face) { port in
            """
            LoadModule status_module \(Self.modules)/mod_status.so
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)\nTLSSessionCache" : "SSLSessionCache") shmcb:${APACHE_RUN_DIR}/cache(512000)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(face == .tls ? HTTPServer.certificateDirective(identity) : "SSLEngine on")
                \(face == .tls ? "" : StandInTests.certificate(identity))
                <Location /status>
                    SetHandler server-status
                </Location>
            </VirtualHost>
            """
        }
        for _ in 0..<4 { _ = try curl([server.url]) }
        // One that does not trust us.
        let stranger = try ChildProcess.run(
            "curl",
            ["--silent", "--cacert", TestCertificates.shared().unknownAuthority.path, server.url]
        )
        #expect(stranger.status != 0)
        // And one that comes back with its session twice.
        let friend = try python(ClientScripts.returning, server)
        #expect(friend.status == 0, "\(friend)")
        // Who looks is counted, too.
        var count = 7
        func rate() -> String { String(format: "%.1f", 200 / Double(count)) }
        // That one has failed is known to the process that it spoke with, when this comes to it.
        let text = try Patience.wait(for: "the count", by: server.child, details: { server.errorLog }) {
            count += 1
            let text = try curl([server.url + "/status?auto"]).text
            return text.contains("TLSFailed: 0\n") ? nil : text
        }
        #expect(text.contains("TLSHandshakes: \(count)\nTLSResumed: 2\n"), "\(text)")
        #expect(text.contains("TLSFailed: 1\nTLSResumptionRate: \(rate())\n"), "\(text)")
        #expect(text.contains("\nTLSSessionCacheStatus\nCacheType: SHMCB"), "\(text)")
        let page = try curl([server.url + "/status"]).text
        count += 1
        let sentence = "<p>Handshakes: \(count), of which resumed: 2, failed: 1, resumption rate: \(rate()) %"
        #expect(page.contains(sentence), "\(page)")
        try server.stop()
    }

    /// The page is still there when a restart has taken TLS away.
    @Test func statusPageWithoutTLS() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let plain = try LoopbackPort.free()
        let server = try HTTPServer(face: .ssl) { port in
            """
            LoadModule status_module \(Self.modules)/mod_status.so
            Listen 127.0.0.1:\(plain)
            <Location /status>
                SetHandler server-status
            </Location>
            <VirtualHost 127.0.0.1:\(port)>
                SSLEngine on
                \(StandInTests.certificate(identity))
            </VirtualHost>
            """
        }
        let url = "http://localhost:\(plain)/status?auto"
        #expect(try curl([url]).text.contains("TLSHandshakes: 0\n"))
        let file = server.root.appendingPathComponent("httpd.conf")
        let configuration = try String(contentsOf: file, encoding: .utf8)
        try Data(configuration.replacingOccurrences(of: "SSLEngine on", with: "SSLEngine off").utf8).write(to: file)
        try server.restartGracefully()
        // A child that is told to end may take one more connection.
        try Patience.wait(for: "a page without TLS", by: server.child) {
            let text = try curl([url]).text
            return text.contains("ServerUptime") && !text.contains("TLSHandshakes")
        }
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// Groups and signature schemes as variables, and `SSL()` in expressions.
    @Test func expressions() throws {
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                Header set X-Handshake "%{SSL_GROUP}s %{SSL_SIGALG}s"
                <Directory />
                    Require expr "SSL('SSL_PROTOCOL') == 'TLSv1.3'"
                </Directory>
            </VirtualHost>
            """
        }
        let head = try curl(["--head", "--curves", "X25519", server.url]).text
        #expect(head.hasPrefix("HTTP/1.1 200"), "\(head)")
        #expect(head.contains("X-Handshake: x25519 ecdsa_secp256r1_sha256"), "\(head)")
        #expect(try curl(["--head", "--tls-max", "1.2", server.url]).text.hasPrefix("HTTP/1.1 403"))
        try server.stop()
    }
}

extension ClientScripts {
    /// Three connections, of which the second and the third resume the first one's session.
    fileprivate static let returning = """
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        session = None
        for number in range(3):
            tls = context.wrap_socket(plain(), server_hostname="localhost", session=session)
            tls.sendall(request(close=True))
            assert b"200 OK" in read_all(tls)
            assert tls.session_reused == (number > 0)
            session = session or tls.session
        """
}
