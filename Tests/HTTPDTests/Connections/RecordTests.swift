// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// How responses are cut into records.
@Suite struct RecordTests {
    /// Head and body of a small response share a record, on connections that close, too: its length tells nothing of the head.
    @Test(arguments: [
        "GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n",
        "GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n",
        "GET / HTTP/1.0\\r\\n\\r\\n", "GET /missing HTTP/1.0\\r\\n\\r\\n", "HEAD / HTTP/1.0\\r\\n\\r\\n",
    ])
    func headAndBodyShareOne(request: String) throws {
        let server = try HTTPServer()
        let outcome = try python(ClientScripts.records, server, [request])
        #expect(outcome.text == "1\n", "\(outcome)")
        try server.stop()
    }

    /// What a slow program has written goes out at once, on a connection that is to close, too.
    @Test(arguments: ["1.0", "1.1"]) func streamsDoNotWait(http: String) throws {
        let server = try HTTPServer()
        let go = server.documents.appendingPathComponent("go")
        let outcome = try python(
            """
            tls = connect()
            tls.sendall(b"GET /cgi-bin/slow HTTP/" + sys.argv[3].encode() + b"\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            answer = b""
            while b"first" not in answer:
                data = tls.recv(65536)
                assert data, answer
                answer += data
            assert b"second" not in answer, answer
            open(sys.argv[4], "w").close()
            answer += read_all(tls)
            assert b"second" in answer, answer
            print("streamed")
            """,
            server,
            [http, go.path]
        )
        #expect(outcome.text == "streamed\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
    }
}

extension ClientScripts {
    /// Counts the records of application data in a response: the connection is one of TLS 1.2, where they can be told.
    fileprivate static let records = """
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        connection, incoming, outgoing = plain(), ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
        text = sys.argv[3].encode().decode("unicode_escape")
        tls.write(text.encode())
        connection.sendall(outgoing.read())
        if "HTTP/1.1" in text and "close" not in text:
            # The client says that it is done; the response comes all the same.
            try: tls.unwrap()
            except ssl.SSLWantReadError: pass
            connection.sendall(outgoing.read())
        received, count = b"", 0
        while data := connection.recv(65536):
            received += data
        while received:
            count += received[0] == 23
            received = received[5 + int.from_bytes(received[3:5], "big"):]
        print(count)
        """
}
