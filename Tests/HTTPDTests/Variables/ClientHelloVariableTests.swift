// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The ClientHello in variables: what a client sent is what a script sees, where the host wants it.
@Suite struct ClientHelloVariableTests {
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func scriptSeesWhatTheClientSent(face: HTTPServer.Face) throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let server = try HTTPServer(face: face) { port in
            let hosts = [("localhost", "on"), ("other.example", "off")].map { name, word in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    \(face == .tls ? "TLSClientHelloVars" : "SSLEngine on\nSSLClientHelloVars") \(word)
                    \(face == .tls ? HTTPServer.certificateDirective(identity) : StandInTests.certificate(identity))
                    CustomLog logs/hello.log "%{SSL_CLIENTHELLO_JA4}x %{SSL_CLIENTHELLO_VERSION}x"
                </VirtualHost>
                """
            }
            return (face == .tls ? "TLSEngine 127.0.0.1:\(port)\n" : "") + hosts.joined(separator: "\n")
        }
        let outcome = try python(ClientScripts.ownClientHello, server)
        #expect(outcome.status == 0 && outcome.text.hasPrefix("seen t1"), "\(outcome)\n\(server.errorLog)")
        try server.stop()
        let fingerprint = outcome.text.split(separator: "\n")[0].dropFirst(5)
        let log = try String(contentsOf: server.root.appendingPathComponent("logs/hello.log"), encoding: .utf8)
        #expect(log == "\(fingerprint) 0303\n- -\n")
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }
}

extension ClientScripts {
    fileprivate static let ownClientHello = """
        import hashlib
        context.check_hostname = False
        context.set_alpn_protocols(["http/1.1", "x"])

        def number(data): return int.from_bytes(data, "big")

        # The variables of a ClientHello, by another hand.
        def describe(hello):
            hello = hello[5 + 4:]
            found = {"VERSION": hello[:2].hex()}
            hello = hello[35 + hello[34]:]
            length = number(hello[:2])
            suites, hello = hello[2:2 + length], hello[2 + length:]
            found["CIPHERS"] = suites.hex()
            hello = hello[1 + hello[0] + 2:]
            names = {10: ("GROUPS", 2), 11: ("EC_FORMATS", 1), 13: ("SIG_ALGOS", 2), 16: ("ALPN", 2), 43: ("VERSIONS", 1)}
            types = []
            while hello:
                kind, length = number(hello[:2]), number(hello[2:4])
                types.append("%04x" % kind)
                if kind in names: found[names[kind][0]] = hello[4 + names[kind][1]:4 + length].hex()
                hello = hello[4 + length:]
            found["EXTENSIONS"] = "".join(types)
            pairs = lambda text: [text[n:n + 4] for n in range(0, len(text), 4)]
            short = lambda text: hashlib.sha256(text.encode()).hexdigest()[:12]
            found["JA4"] = "t13d%02d%02dh1_%s_%s" % (
                len(suites) // 2, len(types), short(",".join(sorted(pairs(found["CIPHERS"])))),
                short(",".join(sorted(set(types) - {"0000", "0010"})) + "_" + ",".join(pairs(found["SIG_ALGOS"]))))
            return {"SSL_CLIENTHELLO_" + name: value for name, value in found.items()}

        def visit(name):
            connection = plain()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
            sent = b""
            def step(action):
                nonlocal sent
                while True:
                    try:
                        return action()
                    except ssl.SSLWantReadError:
                        data = outgoing.read()
                        sent = sent or data
                        connection.sendall(data)
                        incoming.write(connection.recv(65536))
                    finally:
                        if sent and outgoing.pending: connection.sendall(outgoing.read())
            step(tls.do_handshake)
            tls.write(("GET /cgi-bin/environment HTTP/1.1\\r\\nHost: %s\\r\\nConnection: close\\r\\n\\r\\n" % name).encode())
            connection.sendall(outgoing.read())
            answer = b""
            try:
                while data := step(lambda: tls.read(65536)): answer += data
            except ssl.SSLZeroReturnError: pass
            lines = answer.decode().replace("\\r", "").split("\\n")
            seen = dict(line.split("=", 1) for line in lines if line.startswith("SSL_CLIENTHELLO_"))
            return describe(sent), seen

        expected, seen = visit("localhost")
        assert seen == expected, (seen, expected)
        _, none = visit("other.example")
        assert none == {}, none
        print("seen", seen["SSL_CLIENTHELLO_JA4"])
        """
}
