// SPDX-License-Identifier: Apache-2.0

/// Clients that do what no ordinary client does, for `python3 -c`. Arguments: port, CA file.
enum ClientScripts {
    static let prelude = """
        import socket, ssl, sys, threading, time
        port, authority = int(sys.argv[1]), sys.argv[2]
        context = ssl.create_default_context(cafile=authority)
        # Python would take any end for a good one.
        context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 1 << 7)

        def plain():
            connection = socket.create_connection(("127.0.0.1", port), timeout=300)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection

        def connect():
            return context.wrap_socket(plain(), server_hostname="localhost", suppress_ragged_eofs=False)

        def request(path="/", close=False):
            return ("GET %s HTTP/1.1\\r\\nHost: localhost\\r\\n%s\\r\\n"
                    % (path, "Connection: close\\r\\n" if close else "")).encode()

        def read_all(tls):
            answer = b""
            while data := tls.recv(65536):
                answer += data
            return answer


        """

    /// Forty requests in one write; the answers must come back in order.
    static let pipelined = """
        tls = connect()
        # Empty lines between requests are to be skipped (RFC 9112 §2.2).
        tls.sendall(b"\\r\\n".join(request("/missing-%d" % n if n % 2 else "/", n == 39) for n in range(40)))
        answer = read_all(tls)
        statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"404"] * 20, statuses
        print("40 answers in order")
        """

    /// Everything the client sends arrives byte by byte.
    static let byteByByte = """
        def trickle(connection, data):
            for value in data:
                connection.sendall(bytes([value]))

        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
            connection = plain()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            def step(action):
                while True:
                    try:
                        result = action()
                        trickle(connection, outgoing.read())
                        return result
                    except ssl.SSLWantReadError:
                        trickle(connection, outgoing.read())
                        data = connection.recv(65536)
                        incoming.write(data) if data else incoming.write_eof()
            step(tls.do_handshake)
            step(lambda: tls.write(request(close=True)))
            answer = b""
            while data := step(lambda: tls.read(65536)):
                answer += data
            assert answer.startswith(b"HTTP/1.1 200") and b"This is localhost." in answer, answer
            step(tls.unwrap)
        print("served")
        """

    /// Clients that leave at every point without a word.
    static let rude = """
        plain().close()
        for count in (1, 5, 50, 200):
            # The beginning of a ClientHello of some 500 bytes.
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
            try: tls.do_handshake()
            except ssl.SSLWantReadError: pass
            connection = plain()
            connection.sendall(outgoing.read()[:count])
            connection.close()
        connect().close()  # no request, no close_notify
        tls = connect()
        tls.sendall(request()[:20])
        tls.close()
        tls = connect()
        tls.sendall(request("/large.bin"))
        tls.recv(1000)
        tls.close()  # resets the connection: much is unread
        tls = connect()
        tls.sendall(request())
        tls.recv(65536)
        tls.unwrap()
        connection = plain()
        connection.sendall(bytes(range(256)) * 40)
        try:
            while connection.recv(1000): pass
        except ConnectionError: pass
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.load_verify_locations(authority)
        old.set_ciphers("AES128-SHA")
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        try: old.wrap_socket(plain(), server_hostname="localhost")
        except ssl.SSLError as error: print("refused", error.reason)
        tls = connect()
        tls.sendall(request(close=True))
        assert b"This is localhost." in read_all(tls)
        print("still serving")
        """

    /// Fetches a file that loses its contents half-way.
    static let shrinkingFile = """
        with open(sys.argv[3], "rb") as file: content = file.read()
        tls = connect()
        tls.sendall(request("/large.bin"))
        answer = tls.recv(1000)
        with open(sys.argv[3], "r+b") as file: file.truncate(0)
        try:
            while data := tls.recv(65536):
                answer += data
            print("ended as if it were whole")
        except (ssl.SSLError, ConnectionError): pass
        body = answer.partition(b"\\r\\n\\r\\n")[2]
        assert len(body) < len(content) and content.startswith(body), (len(body), body[-500:])
        print("cut off")
        """

    /// The server says close_notify before it closes, and takes ours as the end.
    static let closeNotify = """
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
            tls = connect()
            tls.sendall(request(close=True))
            answer = read_all(tls)  # raises on an end without close_notify
            assert b"This is localhost." in answer, answer
            tls = connect()
            tls.sendall(request())
            tls.recv(65536)
            tls.unwrap()  # raises unless the server answers
        print("closed cleanly")
        """

    /// How long the server waits for our close_notify, and whether it sends its own, by name of the browser.
    static let endings = """
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version

            def ask(browser, close, path="/"):
                head = "GET %s HTTP/1.1\\r\\nHost: localhost\\r\\nUser-Agent: %s\\r\\n" % (path, browser)
                tls.sendall((head + ("Connection: close\\r\\n\\r\\n" if close else "\\r\\n")).encode())

            def end():
                answer = b""
                try:
                    while data := tls.recv(65536):
                        answer += data
                    return answer, "notified"
                except ssl.SSLError as error:
                    assert error.reason == "UNEXPECTED_EOF_WHILE_READING", error
                    return answer, "cut"

            # How long it takes from a request to the end of the server's side, which is shut after its wait: until then the
            # socket has nothing more to say.
            def lingers(browser, expected, answers=False):
                global tls
                tls = connect()
                start = time.monotonic()
                ask(browser, True)
                answer, how = end()
                assert b"This is localhost." in answer and how == expected, (browser, answer, how)
                raw = socket.fromfd(tls.fileno(), socket.AF_INET, socket.SOCK_STREAM)
                raw.settimeout(300)
                try:
                    if answers: tls.unwrap()
                except OSError: pass
                try:
                    assert raw.recv(1) == b""
                except ConnectionError: pass
                tls.close()
                return time.monotonic() - start

            # A server that waits always does. On a busy machine one that does not may be slow, now and then.
            def is_quick(*arguments):
                return any(lingers(*arguments) < 1 for _ in range(30))

            assert is_quick("plain", "notified") and is_quick("unclean", "cut")
            assert lingers("accurate", "notified") > 1
            # Whoever answers is not waited for.
            assert is_quick("accurate", "notified", True)

            # The first request counts.
            tls = connect()
            ask("unclean", False)
            tls.recv(65536)
            ask("plain", True)
            assert end()[1] == "cut"
            tls = connect()
            ask("plain", False)
            tls.recv(65536)
            ask("unclean", True)
            assert end()[1] == "notified"
        print("ended as was said")
        """

    /// New connections from two threads for some seconds; prints how many were served and what failed.
    static let manyConnections = """
        failures, served, end = [], [0, 0], time.monotonic() + float(sys.argv[3])
        def work(index):
            # As long as it takes on a slow machine.
            while time.monotonic() < end or sum(served) <= 20 and not failures:
                try:
                    tls = connect()
                    tls.sendall(request(close=True))
                    answer = read_all(tls)
                    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"This is localhost.\\n"), answer
                    served[index] += 1
                except Exception as error:
                    failures.append(repr(error))
        threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print("served" if sum(served) > 20 else "served too few", sum(served), "failed", len(failures), failures[:3])
        """

    /// A client that stops in its ClientHello, and one that stops in its request, are shown out.
    static let silent = """
        connection = plain()
        begin = time.monotonic()
        connection.sendall(bytes([22]))  # httpd accepts no connection that has sent nothing
        assert connection.recv(1000) == b""
        assert 0.5 < time.monotonic() - begin < 60
        begin = time.monotonic()
        tls = connect()
        tls.sendall(request()[:20])
        answer = read_all(tls)
        assert answer == b"" or b" 408 " in answer.split(b"\\r\\n")[0], answer
        assert 0.5 < time.monotonic() - begin < 60
        """

    /// Five hundred clients that send a byte of their ClientHello each second, and one that wants to be served.
    static let slowHandshakes = """
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        try: tls.do_handshake()
        except ssl.SSLWantReadError: pass
        hello = outgoing.read()
        slow = [plain() for _ in range(500)]
        stop = threading.Event()
        def trickle():
            position = 0
            while not stop.is_set():
                for connection in slow:
                    connection.sendall(hello[position:position + 1])
                position += 1
                stop.wait(1)
        trickling = threading.Thread(target=trickle)
        trickling.start()
        try:
            time.sleep(1.5)
            for _ in range(30):
                # A slow machine takes its time; who had to wait for the others would wait for ever.
                with connect() as tls:
                    tls.sendall(request(close=True))
                    assert b"200 OK" in read_all(tls)
                time.sleep(0.1)
        finally:
            stop.set()
            trickling.join()
        # httpd is to be stopped when it has seen them leave: stopping closes the sockets of threads at work, and
        # sometimes those that such a thread has just closed itself.
        for connection in slow:
            connection.close()
        def held():
            with open("/proc/net/tcp") as table:
                connections = [line.split()[1:4] for line in table][1:]
            # Established, or closed by the client alone.
            return [one for one in connections if one[0].endswith(":%04X" % port) and one[2] in ("01", "08")]
        end = time.monotonic() + 300
        while held() and time.monotonic() < end:
            time.sleep(0.1)
        print("others were served at once")
        """
}
