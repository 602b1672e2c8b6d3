// SPDX-License-Identifier: Apache-2.0

/// Clients and servers over Python's `ssl` module, given to `python3 -c`.
enum PythonScripts {
    /// Arguments: port, CA file, version, suite (TLS 1.2 only; may be empty), message.
    static let client = """
        import socket, ssl, sys
        port, authority, version, suite, message = sys.argv[1:]
        context = ssl.create_default_context(cafile=authority)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        if suite:
            context.set_ciphers(suite)
        with socket.create_connection(("127.0.0.1", int(port)), timeout=300) as plain:
            tls = context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
            print(tls.version(), tls.cipher()[0])
            tls.sendall(message.encode() + b"\\n")
            answer = b""
            while not answer.endswith(b"\\n"):
                answer += tls.recv(1000)
            print(answer.decode())
            tls.unwrap()  # raises unless the server answers close_notify
        """

    /// Arguments: certificate, key, version, suite (TLS 1.2 only; may be empty). Echoes one connection, then waits for
    /// close_notify.
    static let server = """
        import socket, ssl, sys
        certificate, key, version, suite = sys.argv[1:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if suite:
            context.set_ciphers(suite)
        context.load_cert_chain(certificate, key)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        listener = socket.create_server(("127.0.0.1", 0))
        print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
        listener.settimeout(300)
        plain, _ = listener.accept()
        plain.settimeout(300)
        tls = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
        while True:
            data = tls.recv(65536)  # raises on an end without close_notify
            if not data:
                break
            tls.sendall(data)
        tls.unwrap()
        print("closed cleanly", flush=True)
        """

    /// Arguments: port, CA file, version, file. Sends the file while reading its echo, and compares.
    static let bulkClient = """
        import socket, ssl, sys, threading
        port, authority, version, file = sys.argv[1:]
        context = ssl.create_default_context(cafile=authority)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        content = open(file, "rb").read()
        # A memory BIO lets one thread write while another reads.
        plain = socket.create_connection(("127.0.0.1", int(port)), timeout=300)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        lock = threading.Lock()
        def flush():
            data = outgoing.read()
            if data: plain.sendall(data)
        def feed():
            data = plain.recv(65536)
            with lock:
                incoming.write(data) if data else incoming.write_eof()
        while True:
            try: tls.do_handshake(); break
            except ssl.SSLWantReadError: flush(); feed()
        flush()
        def send():
            for start in range(0, len(content), 50000):
                with lock:
                    tls.write(content[start:start + 50000])
                    data = outgoing.read()
                plain.sendall(data)
        sender = threading.Thread(target=send)
        sender.start()
        answer = bytearray()
        while len(answer) < len(content):
            with lock:
                try: answer += tls.read(65536)
                except ssl.SSLWantReadError: data = None
                else: continue
            feed()
        sender.join()
        print("same" if answer == content else "different")
        """

    /// Arguments: certificate, key, version. Sends something and closes without close_notify.
    static let truncatingServer = """
        import socket, ssl, sys
        certificate, key, version = sys.argv[1:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        listener = socket.create_server(("127.0.0.1", 0))
        print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
        plain, _ = listener.accept()
        tls = context.wrap_socket(plain, server_side=True)
        tls.sendall(b"half a message")
        tls.shutdown(socket.SHUT_WR)  # the transport's end alone: Python sends close_notify only in unwrap()
        while tls.recv(1000): pass
        """

    /// Arguments: port, CA file, version. Connects three times and prints which connections resumed the one before.
    static let resumingClient = """
        import socket, ssl, sys
        port, authority, version = sys.argv[1:]
        context = ssl.create_default_context(cafile=authority)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        session, reused = None, []
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", int(port)), timeout=300) as plain:
                tls = context.wrap_socket(plain, server_hostname="localhost", session=session)
                tls.sendall(b"hello\\n")
                assert tls.recv(100) == b"hello\\n"
                reused.append(tls.session_reused)
                session = tls.session
                tls.unwrap()
        print(*reused)
        """
}
