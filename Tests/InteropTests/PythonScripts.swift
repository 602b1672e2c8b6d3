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
        with socket.create_connection(("127.0.0.1", int(port)), timeout=15) as plain:
            tls = context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
            print(tls.version(), tls.cipher()[0])
            tls.sendall(message.encode() + b"\\n")
            answer = b""
            while not answer.endswith(b"\\n"):
                answer += tls.recv(1000)
            print(answer.decode())
            tls.unwrap()  # raises unless the server answers close_notify
        """

    /// Arguments: certificate, key, version. Echoes one connection, then waits for close_notify.
    static let server = """
        import socket, ssl, sys
        certificate, key, version = sys.argv[1:]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        wanted = ssl.TLSVersion.TLSv1_3 if version == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
        context.minimum_version = context.maximum_version = wanted
        listener = socket.create_server(("127.0.0.1", 0))
        print("listening on 127.0.0.1:%d" % listener.getsockname()[1], flush=True)
        listener.settimeout(15)
        plain, _ = listener.accept()
        plain.settimeout(15)
        tls = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
        while True:
            data = tls.recv(65536)  # raises on an end without close_notify
            if not data:
                break
            tls.sendall(data)
        tls.unwrap()
        print("closed cleanly", flush=True)
        """
}
