// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Sessions that go on in a second connection, and those that must not.
@Suite struct ResumptionTests {
    /// `localhost`, a host that has all its directives, and one with another certificate.
    private func server(_ mpm: HTTPServer.MultiProcessing = .event, _ more: String = "") throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        let shared = HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256))
        let own = HTTPServer.certificateDirective(certificates.named("a.example"))
        return try HTTPServer(mpm) { port in
            let hosts = [("localhost", shared), ("shared.example", shared), ("a.example", own)].map {
                name,
                certificate in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    \(certificate)
                    Header set X-Session "%{SSL_SESSION_RESUMED}s"
                    Header set X-Subject "%{SSL_SERVER_S_DN}s"
                    CustomLog logs/access.log "%P %{SSL_SESSION_RESUMED}x"
                </VirtualHost>
                """
            }
            return "TLSEngine 127.0.0.1:\(port)\n\(more)\n\(hosts.joined(separator: "\n"))"
        }
    }

    @Test func sessionsStayWithinTheirVirtualHost() throws {
        let server = try server()
        let outcome = try python(ClientScripts.visits + ClientScripts.sessionsOfHosts, server)
        #expect(outcome.status == 0 && outcome.text == "resumed\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    /// Every child serves one connection, so each visit is another child's; the later ones start after the first ended.
    @Test func childrenShareTheTicketKeys() throws {
        let server = try server(.prefork, "MaxConnectionsPerChild 1")
        let outcome = try python(ClientScripts.visits + ClientScripts.manyVisits, server)
        #expect(outcome.status == 0 && outcome.text == "resumed\n", "\(outcome)\n\(server.errorLog)")
        let lines = try server.waitForAccessLog(lines: 9)
        #expect(Set(lines).count == 9, "nine processes: \(lines)")
        #expect(lines.filter { $0.hasSuffix(" Resumed") }.count == 8, "\(lines)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    /// The stand-in for mod_ssl as Debian configures it: no tickets, a cache in shared memory. Each visit is another child's.
    @Test(arguments: ["TLSv1_2", "TLSv1_3"]) func childrenShareACache(version: String) throws {
        let server = try HTTPServer(.prefork, face: .ssl) { port in
            let hosts = try [("localhost", ""), ("other.example", "SSLVerifyClient optional")].map { name, more in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    SSLEngine on
                    \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                    SSLCACertificateFile "\(try TestCertificates.shared().authority.path)"
                    \(more)
                    Header set X-Session "%{SSL_SESSION_RESUMED}s"
                    Header set X-Subject "%{SSL_SERVER_S_DN}s"
                    CustomLog logs/access.log "%P %{SSL_SESSION_RESUMED}x"
                </VirtualHost>
                """
            }
            return """
                SSLSessionCache shmcb:${APACHE_RUN_DIR}/ssl_scache(512000)
                SSLSessionCacheTimeout 300
                SSLSessionTickets off
                MaxConnectionsPerChild 1
                \(hosts.joined(separator: "\n"))
                """
        }
        let outcome = try python(
            "context.maximum_version = ssl.TLSVersion.\(version)\ncontext.options |= ssl.OP_NO_TICKET\n"
                + ClientScripts.visits + ClientScripts.manyVisits + ClientScripts.otherHost,
            server
        )
        #expect(outcome.status == 0 && outcome.text == "resumed\nstayed\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }

    /// A cache in files works, and it is said that its provider reads as root what others can write.
    @Test func cacheInFiles() throws {
        let server = try HTTPServer(face: .ssl) { port in
            """
            LoadModule socache_dbm_module /usr/lib/apache2/modules/mod_socache_dbm.so
            SSLSessionCache dbm:logs/sessions
            SSLSessionTickets off
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                Header set X-Session "%{SSL_SESSION_RESUMED}s"
            </VirtualHost>
            """
        }
        let outcome = try python(ClientScripts.visits + ClientScripts.manyVisits, server)
        #expect(outcome.status == 0 && outcome.text == "resumed\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.allSatisfy { $0.contains("STLS0008: dbm:logs/sessions: what processes") })
        #expect(!server.complaints.isEmpty)
    }

    @Test func restartMakesNewTicketKeys() throws {
        let server = try server()
        let authority = try TestCertificates.shared().authority.path
        let client = try ChildProcess(
            "python3",
            ["-c", ClientScripts.prelude + ClientScripts.visits + ClientScripts.visitAfterRestart]
                + ["\(server.port)", authority],
            input: .pipe
        )
        try client.waitForText("has a session\n")
        try server.restartGracefully()
        try client.write("restarted\n")
        let outcome = try client.waitForExit()
        #expect(outcome.status == 0 && outcome.text.hasSuffix("\nserved anew\n"), "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }
}

extension ClientScripts {
    /// `visit` returns the connection and the headers that tell of the session.
    fileprivate static let visits = """
        context.check_hostname = False  # shared.example is not in the certificate

        def visit(name="localhost", session=None):
            tls = context.wrap_socket(
                plain(), server_hostname=name, session=session, suppress_ragged_eofs=False)
            tls.sendall(("GET / HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n" % name).encode())
            head = read_all(tls).decode().split("\\r\\n\\r\\n")[0].split("\\r\\n")
            assert " 200 " in head[0], head
            fields = dict(line.split(": ", 1) for line in head[1:])
            assert fields["X-Session"] == ("Resumed" if tls.session_reused else "Initial"), fields
            return tls, fields


        """

    fileprivate static let sessionsOfHosts = """
        first, fields = visit()
        assert not first.session_reused
        second, again = visit(session=first.session)
        assert second.session_reused
        assert again["X-Subject"] == fields["X-Subject"] != "(null)", (fields, again)
        third, _ = visit(session=second.session)
        assert third.session_reused, "the resumed connection gave no ticket"
        for name in ("shared.example", "a.example"):
            for session in (first.session, third.session):
                other, fields = visit(name, session)
                assert not other.session_reused, name
            back, _ = visit(session=other.session)
            assert not back.session_reused, name
        print("resumed")
        """

    fileprivate static let manyVisits = """
        tls, _ = visit()
        for _ in range(8):
            tls, _ = visit(session=tls.session)
            assert tls.session_reused
        print("resumed")
        """

    /// A session does not go on in a host that treats its clients otherwise.
    fileprivate static let otherHost = """

        other, _ = visit("other.example", tls.session)
        assert not other.session_reused
        print("stayed")
        """

    fileprivate static let visitAfterRestart = """
        first, _ = visit()
        assert visit(session=first.session)[0].session_reused
        print("has a session", flush=True)
        sys.stdin.readline()
        # Until the last child of the old configuration is gone, it may still take a connection.
        end = time.monotonic() + 300
        while visit(session=first.session)[0].session_reused:
            assert time.monotonic() < end
        while not visit(session=visit()[0].session)[0].session_reused:
            assert time.monotonic() < end
        print("served anew")
        """
}
