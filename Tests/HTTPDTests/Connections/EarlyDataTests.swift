// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Requests that come with the ClientHello, in several processes, and those that come a second time.
@Suite struct EarlyDataTests {
    private static let log =
        "CustomLog logs/early.log \"%m %U %>s early=%{SSL_EARLY_DATA}x header=%{Early-Data}i %{SSL_SESSION_RESUMED}x\""

    /// A host that takes 0-RTT data, and `careful.example`, which does not.
    private func server(
        _ mpm: HTTPServer.MultiProcessing = .event,
        face: HTTPServer.Face = .tls,
        _ more: String = ""
    ) throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        let isTLS = face == .tls
        let identity = certificates.localhost(.ecdsaP256)
        let members = """
            SSLCACertificateFile "\(certificates.authority.path)"
            <Location /a>
                SSLVerifyClient require
            </Location>
            """
        let certificate = isTLS ? HTTPServer.certificateDirective(identity) : StandInTests.certificate(identity)
        return try HTTPServer(mpm, face: face) { port in
            """
            \(more)
            StartServers 4
            Protocols h2 http/1.1
            \(isTLS ? "TLSEngine 127.0.0.1:\(port)" : "SSLSessionCache shmcb:${APACHE_RUN_DIR}/ssl_scache(512000)")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(isTLS ? "TLSEarlyData on" : "SSLEngine on\nSSLEarlyData on\nSSLSessionTickets off\n\(members)")
                \(certificate)
                \(Self.log)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName careful.example
                \(isTLS ? "" : "SSLEngine on")
                \(certificate)
                \(Self.log)
            </VirtualHost>
            """
        }
    }

    private func run(_ script: String, _ server: HTTPServer) throws {
        let member = try TestCertificates.shared().client(.ecdsaP256)
        let arguments = [server.root.path, member.certificate.path, member.key.path]
        let outcome = try python(ClientScripts.earlyData + script, server, arguments)
        #expect(outcome.status == 0 && outcome.text.hasSuffix("done\n"), "\(outcome)\n\(server.errorLog)")
        try server.stop()
        // AH10159 and AH00484 are httpd's about few threads, and none.
        #expect(server.complaints(except: "STLS0008", "STLS0011", "AH10159", "AH00484").isEmpty, "\(server.complaints)")
    }

    /// The requests of whole connections: what may be repeated goes first and says so, what may not waits.
    @Test(arguments: [HTTPServer.Face.tls, .ssl], [HTTPServer.MultiProcessing.event, .prefork])
    func requestsOfWholeConnections(face: HTTPServer.Face, mpm: HTTPServer.MultiProcessing) throws {
        try run(ClientScripts.wholeConnections, try server(mpm, face: face))
    }

    /// The handshake ends long after the answer: the connection waits for it without a request, and goes on.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .prefork])
    func handshakesThatEndLate(mpm: HTTPServer.MultiProcessing) throws {
        try run(ClientScripts.lateFinished, try server(mpm))
    }

    /// A request that closes the connection is answered before the handshake is over, and its client gets tickets all the same.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .prefork])
    func connectionsThatCloseGiveTickets(mpm: HTTPServer.MultiProcessing) throws {
        try run(ClientScripts.closing, try server(mpm))
    }

    /// Clients that never end their handshakes do not hold all threads of a process for the time that one is waited for.
    @Test func fewThreadsWaitForTheEnd() throws {
        let more = "LogLevel tls:debug\nServerLimit 1\nThreadsPerChild 4\nMaxRequestWorkers 4\nTimeout 20"
        try run(ClientScripts.silentEnds, try server(.event, face: .tls, more))
    }

    /// A client that never ends its handshake gets the answer to a GET, and not to anything that changes something.
    @Test func firstFlightsOnly() throws {
        try run(ClientScripts.firstFlights, try server())
    }

    /// A directory that wants a certificate has the request wait, too: its client can be asked afterwards.
    @Test(arguments: [HTTPServer.MultiProcessing.event, .prefork])
    func directoriesThatAskClients(mpm: HTTPServer.MultiProcessing) throws {
        try run(ClientScripts.members, try server(mpm, face: .ssl))
    }

    /// The same first flight, sent again to whatever process takes the connection: one of them answers it.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func replaysAreSeenByAllProcesses(face: HTTPServer.Face) throws {
        try run(ClientScripts.replays, try server(.prefork, face: face))
    }
}

extension ClientScripts {
    /// One request in early data, with the end of the connection.
    fileprivate static let closing = """
        following = file("following")
        last = message("GET", "/", "Connection: close\\r\\n")
        # A client that is kept from running for the two seconds that the end of its handshake is waited for has no ticket.
        is_late = True
        while is_late:
            begin = time.monotonic()
            output = early(session(), last, b"", options=["-sess_out", following])
            assert "Early data was accepted" in output and "This is localhost." in output, output
            has_ticket = os.path.exists(following) and os.path.getsize(following)
            is_late = not has_ticket and time.monotonic() > begin + 2
        assert has_ticket, output
        output = early(following, last, b"")
        assert "Early data was accepted" in output and "This is localhost." in output, output
        print("done")
        """

    /// Several at a time who say no more than a request that ends the connection.
    fileprivate static let silentEnds = """
        def said():
            with open(root + "/logs/error.log") as log: return "is not waited for at the end" in log.read()
        request = message("GET", "/index.html", "Connection: close\\r\\n")
        rounds = 0
        # They have to come within the two seconds that one is waited for.
        while not said():
            sessions = [session() for _ in range(2)]
            begin = time.monotonic()
            flights = [flight(kept, request) for kept in sessions]
            # Whoever takes longer than ten seconds to come has no 0-RTT data.
            if time.monotonic() > begin + 8: continue
            rounds += 1
            assert rounds <= 100, "all are waited for"
            connections = [plain() for _ in flights]
            for connection, data in zip(connections, flights): connection.sendall(data)
            for connection in connections:
                received = b""
                try:
                    while data := connection.recv(65536): received += data
                except ConnectionError: pass
                # Each has its answer.
                assert len(received) > 400, received
                connection.close()
        print("done")
        """

    /// Clients with sessions, and what they send first.
    fileprivate static let earlyData = """
        import os, subprocess
        root = sys.argv[3]
        count = 0

        def file(name, data=None):
            path = "%s/%s" % (root, name)
            if data is not None:
                with open(path, "wb") as output: output.write(data)
            return path

        # With the group that all of them have: what is answered is told by its length.
        def client(options, to=port, name="localhost", alpn="http/1.1"):
            return subprocess.Popen(
                ["openssl", "s_client", "-connect", "127.0.0.1:%d" % to, "-servername", name, "-CAfile", authority,
                 "-tls1_3", "-alpn", alpn, "-ign_eof", "-groups", "X25519"] + options,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def message(method, path, more=""):
            return ("%s %s HTTP/1.1\\r\\nHost: localhost\\r\\n%s\\r\\n" % (method, path, more)).encode()

        # A session of a connection with one request.
        def session(name="localhost", alpn="http/1.1"):
            global count
            count += 1
            path = file("session-%d" % count)
            process = client(["-sess_out", path], name=name, alpn=alpn)
            end = time.monotonic() + 300
            content = b""
            while not content.endswith(b"-----END SSL SESSION PARAMETERS-----\\n"):
                assert time.monotonic() < end, "no session"
                time.sleep(0.02)
                if os.path.exists(path):
                    with open(path, "rb") as output: content = output.read()
            process.kill()
            process.communicate()
            # The next ticket may have been on its way into the file.
            return file("session-%d" % count, content)

        # The output of a client with early data, which then says something more.
        def early(path, data, more, name="localhost", options=[]):
            process = client(["-sess_in", path, "-early_data", file("early", data)] + options, name=name)
            return process.communicate(more, timeout=300)[0].decode()

        # The ClientHello of such a client and the record behind it, which reach no server.
        def flight(path, data, alpn="http/1.1"):
            listener = socket.create_server(("127.0.0.1", 0))
            process = client(
                ["-sess_in", path, "-early_data", file("early", data)], listener.getsockname()[1], alpn=alpn)
            connection, _ = listener.accept()
            connection.settimeout(300)
            received, types = b"", []
            while 23 not in types:
                part = connection.recv(65536)
                assert part, received
                received += part
                types, position = [], 0
                while position + 5 <= len(received):
                    end = position + 5 + int.from_bytes(received[position + 3:position + 5], "big")
                    if end <= len(received): types.append(received[position])
                    position = end
            process.kill()
            process.communicate()
            connection.close()
            listener.close()
            return received

        # What the server says to a flight behind which nothing comes: until it has been silent for a second, and so many requests
        # are logged. However long the first word takes.
        def answer(data, lines=0):
            connection = plain()
            connection.sendall(data)
            received = b""
            try:
                while part := connection.recv(65536):
                    received += part
                    log(lines)
                    connection.settimeout(1)
            except (TimeoutError, ConnectionError): pass
            connection.close()
            return received

        # The requests that are logged, at least so many.
        def log(lines=0, counts=lambda line: True):
            end = time.monotonic() + 300
            while True:
                with open(root + "/logs/early.log") as log: found = list(filter(counts, log.read().splitlines()))
                if len(found) >= lines or time.monotonic() > end: return found
                time.sleep(0.02)


        """

    fileprivate static let wholeConnections = """
        last = message("GET", "/cgi-bin/environment", "Connection: close\\r\\n")
        output = early(session(), message("GET", "/cgi-bin/environment"), last)
        assert "Early data was accepted" in output, output
        first, second = output.split("HTTP/1.1 200 OK")[1:]
        for line in ("SSL_EARLY_DATA=1", "HTTP_EARLY_DATA=1", "HTTPS=on", "SSL_SESSION_RESUMED=Resumed"):
            assert line + "\\n" in first.replace("\\r", ""), (line, first)
        assert "EARLY_DATA" not in second and "SSL_SESSION_RESUMED=Resumed" in second, second

        # A body that is early in part, and a request behind it.
        body = b"0123456789" * 20
        request = message("POST", "/cgi-bin/digest", "Content-Length: 200\\r\\n") + body[:50]
        output = early(session(), request, body[50:] + last)
        assert "Early data was accepted" in output, output
        import hashlib
        assert hashlib.sha256(body).hexdigest() + " 200" in output and "EARLY_DATA" not in output, output

        # A GET that is answered at once, and a POST behind it that waits.
        request = message("GET", "/index.html") + message("POST", "/cgi-bin/digest", "Content-Length: 3\\r\\n") + b"abc"
        output = early(session(), request, last)
        assert output.index("This is localhost.") < output.index(hashlib.sha256(b"abc").hexdigest()), output

        # A host that takes none, and a session that was made there.
        path = session("careful.example")
        for name in ("careful.example", "localhost"):
            output = early(path, message("GET", "/index.html"), last.replace(b"localhost", name.encode()), name)
            assert "Early data was rejected" in output or "Early data was not sent" in output, output
            assert "HTTP/1.1 200 OK" in output and "EARLY_DATA" not in output, output
        print("done")
        """

    fileprivate static let lateFinished = """
        # Passes everything on, but what the client says after its first flight only after a second.
        def relay(listener):
            client, _ = listener.accept()
            server = plain()
            answered = threading.Event()
            def back():
                try:
                    while data := server.recv(65536):
                        answered.set()
                        client.sendall(data)
                except OSError: pass
                try: client.shutdown(socket.SHUT_WR)
                except OSError: pass
            threading.Thread(target=back, daemon=True).start()
            held = False
            try:
                while data := client.recv(65536):
                    if not held and answered.is_set():
                        held = True
                        time.sleep(1)
                    server.sendall(data)
            except OSError: pass
            server.close()

        def visit(first, second):
            path = session()
            listener = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=relay, args=(listener,), daemon=True).start()
            process = client(["-sess_in", path, "-early_data", file("early", first)], listener.getsockname()[1])
            time.sleep(2.5)
            output = process.communicate(second, timeout=300)[0].decode()
            listener.close()
            return output

        last = message("GET", "/index.html", "Connection: close\\r\\n")
        output = visit(message("GET", "/cgi-bin/environment"), last)
        assert "SSL_EARLY_DATA=1" in output and "This is localhost." in output, output
        output = visit(message("GET", "/cgi-bin/environment", "Connection: close\\r\\n"), b"")
        assert "SSL_EARLY_DATA=1" in output and "HTTP/1.1 200 OK" in output, output
        output = visit(message("POST", "/cgi-bin/digest", "Content-Length: 0\\r\\n"), last)
        assert output.count("HTTP/1.1 200 OK") == 2, output

        # The answer to a request does not wait with the next one.
        both = flight(session(), message("GET", "/index.html") + message("DELETE", "/index.html"))
        received = answer(both, len(log()) + 1)
        assert len(received) > 400, received
        print("done")
        """

    fileprivate static let firstFlights = """
        received = answer(flight(session(), message("GET", "/index.html")), 1)
        assert log(1) == ["GET /index.html 200 early=1 header=1 Resumed"], log(1)
        assert len(received) > 400, received
        # Nothing but a request that may come twice.
        for number, request in enumerate([
            message("POST", "/cgi-bin/digest", "Content-Length: 3\\r\\n") + b"abc",
            message("DELETE", "/index.html"),
            message("GET", "/", "Content-Length: 3\\r\\n") + b"abc",
            # What follows is not a request any more.
            message("GET", "/", "Connection: Upgrade\\r\\nUpgrade: websocket\\r\\n"),
            # Proxies would not pass on what it is.
            message("GET", "/index.html", "Connection: keep-alive, early-data\\r\\n"),
            # Its host takes none.
            message("GET", "/index.html").replace(b"localhost", b"careful.example"),
        ]):
            received = answer(flight(session(), request))
            line = log(2 + number)[-1]
            assert " 400 early=- header=- " in line, line
            assert len(received) < 400, received

        # HTTP/2: a request for stream 1 without and with :method POST, and :scheme, :path, :authority.
        def frame(kind, flags, stream, payload=b""):
            return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
        def begin(method, name=b"localhost", body=b""):
            headers = bytes([method, 0x87, 0x85, 0x41, len(name)]) + name
            data = frame(1, 4, 1, headers) + frame(0, 1, 1, body) if body else frame(1, 5, 1, headers)
            return b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n" + frame(4, 0, 0) + data
        for number, (first, line) in enumerate([
            (begin(0x82), "GET /index.html 200 early=1 header=1 Resumed"),
            (begin(0x83), "POST /index.html 425 early=- header=- Resumed"),
            (begin(0x82, b"careful.example"), "GET /index.html 425 early=- header=- Resumed"),
            (begin(0x82, body=b"abc"), "GET /index.html 425 early=- header=- Resumed"),
        ]):
            answer(flight(session(alpn="h2"), first, "h2"), 8 + number)
            assert log(8 + number)[-1] == line, log(8 + number)
        print("done")
        """

    fileprivate static let members = """
        last = message("GET", "/index.html", "Connection: close\\r\\n")
        member = ["-enable_pha", "-cert", sys.argv[4], "-key", sys.argv[5]]
        output = early(session(), message("GET", "/a/index.html"), last, options=member)
        assert "Early data was accepted" in output, output
        assert "This is a.example." in output and "This is localhost." in output, output
        # Who has none, cannot be asked, or is not there.
        for options in (["-enable_pha"], []):
            output = early(session(), message("GET", "/a/index.html"), last, options=options)
            assert "Early data was accepted" in output and "This is a.example." not in output, output
        received = answer(flight(session(), message("GET", "/a/index.html")))
        assert len(received) < 400, received
        print("done")
        """

    fileprivate static let replays = """
        flights = []
        for _ in range(3):
            # Whoever takes longer than ten seconds to come has no 0-RTT data.
            flights.append(flight(session(), message("GET", "/index.html")))
            threads = [threading.Thread(target=answer, args=(flights[-1],)) for _ in range(12)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        for data in flights: answer(data)
        # httpd itself speaks HTTP to processes that it wakes.
        served = log(3, lambda line: not line.startswith("GET / 400"))
        assert served == ["GET /index.html 200 early=1 header=1 Resumed"] * 3, served
        print("done")
        """
}
