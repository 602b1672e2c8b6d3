// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What administrators see at the level that servers have in production, and where.
@Suite struct LogLevelTests {
    /// Clients `good`, `stranger`, `revoked` and `server`, which is for servers; lists `crl`, and `old`, which has expired.
    static let made = Result {
        let directory = try TemporaryDirectory.make("levels")
        let script = """
            set -eu
            cd '\(directory.path)'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make_root() {
                make_key $1
                openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem \
                    -addext keyUsage=critical,keyCertSign,cRLSign
            }
            issue() {
                make_key $1
                openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
                printf 'keyUsage=digitalSignature\\nbasicConstraints=CA:FALSE\\nextendedKeyUsage=%s\\n' $3 > $1.ext
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -set_serial $4 -days 30 -extfile $1.ext -out $1.pem
            }
            make_root ca
            make_root other
            issue good ca clientAuth 1
            issue stranger other clientAuth 2
            issue revoked ca clientAuth 3
            issue server ca serverAuth 4
            touch index.txt
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\ndefault_md=sha256\\ndefault_crl_days=20\\n' > ca.cnf
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out old.pem \
                -crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    /// A server that logs as in production, with a log of its own for the host.
    private func server(
        _ directives: String,
        level: String = "warn",
        global: String = "",
        more: String = ""
    ) throws -> HTTPServer {
        let files = try Self.made.get().path
        return try HTTPServer(face: .ssl) { port in
            """
            \(global)
            <VirtualHost *:\(port)>
                ServerName first.example
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
            </VirtualHost>
            <VirtualHost *:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                LogLevel \(level)
                ErrorLog "logs/host.log"
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(files)/ca.pem"
                \(directives.replacingOccurrences(of: "FILES", with: files))
            </VirtualHost>
            \(more.replacingOccurrences(of: "PORT", with: "\(port)"))
            """
        }
    }

    private func request(_ server: HTTPServer, _ client: String?, _ options: [String] = [], path: String = "/") throws {
        let files = try Self.made.get().path
        let shown = client.map { ["--cert", "\(files)/\($0).pem", "--key", "\(files)/\($0).key"] } ?? []
        _ = try curl(["--output", "/dev/null"] + shown + options + [server.url + path])
    }

    /// The host's log, without the warnings of the start.
    private func lines(_ server: HTTPServer) throws -> [String] {
        let text = try String(contentsOf: server.root.appendingPathComponent("logs/host.log"), encoding: .utf8)
        return text.split(separator: "\n").map(String.init).filter {
            $0.contains("STLS") && !$0.contains("STLS0008") && !$0.contains("STLS0019")
        }
    }

    /// What a client that asks once causes.
    struct Case: Sendable, CustomTestStringConvertible {
        let directives: String
        let client: String?
        var options: [String] = []
        /// What the one line has, nil for none.
        let words: String?

        var testDescription: String { "\(directives), \(client ?? "nothing") \(options)" }
    }

    private static let lists = "SSLCARevocationCheck leaf\nSSLVerifyClient require\nSSLCARevocationFile FILES/"
    private static let directory = "<Location \"/\">\nSSLVerifyClient require\n</Location>"
    private static let tls12 = ["--tls-max", "1.2"]

    @Test(arguments: [
        Case(directives: "SSLVerifyClient require", client: "good", words: nil),
        Case(directives: "SSLVerifyClient require", client: "stranger", words: "STLS0001"),
        Case(directives: "SSLVerifyClient require", client: "stranger", options: tls12, words: "STLS0001"),
        Case(directives: "SSLVerifyClient optional", client: "server", words: "clientAuth"),
        // A scanner.
        Case(directives: "SSLVerifyClient require", client: nil, words: nil),
        Case(directives: lists + "crl.pem", client: "good", words: nil),
        Case(directives: lists + "crl.pem", client: "revoked", words: "revoked"),
        Case(directives: lists + "old.pem", client: "good", words: "expired"),
        Case(
            directives: "SSLVerifyClient require\nSSLOCSPEnable on\nSSLOCSPDefaultResponder http://127.0.0.1:1/\n"
                + "SSLOCSPOverrideResponder on",
            client: "good",
            words: "STLS0001"
        ),
        Case(directives: directory, client: "good", words: nil),
        Case(directives: directory, client: nil, words: "STLS0011"),
        Case(directives: directory, client: nil, options: tls12, words: "renegotiation"),
        Case(directives: directory, client: "stranger", words: "STLS0004"),
        Case(
            directives: "<Location \"/\">\nSSLRequire %{SSL_CIPHER_USEKEYSIZE} > 256\n</Location>",
            client: nil,
            words: "SSLRequire"
        ),
        Case(directives: "", client: nil, options: ["--header", "Host: other.example"], words: "STLS0006"),
    ])
    func failures(of check: Case) throws {
        let server = try server(
            check.directives,
            more: """
                <VirtualHost *:PORT>
                    ServerName other.example
                    LogLevel warn
                    ErrorLog "logs/host.log"
                    SSLEngine on
                    SSLProtocol TLSv1.3
                    \(StandInTests.certificate(try TestCertificates.shared().named("a.example")))
                </VirtualHost>
                """
        )
        try request(server, check.client, check.options + ["--http1.1"])
        try server.stop()
        let lines = try lines(server)
        #expect(lines.count == (check.words == nil ? 0 : 1), "\(lines)\n\(server.errorLog)")
        if let words = check.words {
            #expect(lines.allSatisfy { $0.contains(":error]") && $0.contains(words) }, "\(lines)")
        }
    }

    /// The host is in the line, and the line in the host's log; what comes before a name is in the first one's.
    @Test func handshakeLinesNameTheHost() throws {
        let server = try server("SSLVerifyClient require", level: "info")
        try request(server, "stranger")
        try request(server, nil)
        _ = try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-noservername", "-alpn", "smtp"]
        )
        try server.stop()
        let lines = try lines(server).filter { $0.contains("STLS0001") }
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("(the client asked for 'localhost')") }, "\(lines)")
        let others = server.errorLog.split(separator: "\n").filter { $0.contains("STLS0001") }
        #expect(others.count == 1 && others.allSatisfy { !$0.contains("asked for") }, "\(others)")
    }

    /// Requests that are refused one behind the other on one connection are one line for administrators.
    @Test(arguments: ["--http1.1", "--http2"]) func oneLineOfOneConnection(http: String) throws {
        let server = try server("<Location \"/a\">\nSSLRequire false\n</Location>", level: "info")
        let urls = (0..<5).flatMap { _ in ["--output", "/dev/null", server.url + "/a/"] }
        #expect(try curl([http, "--write-out", "%{http_code} "] + urls).text == "403 403 403 403 403 ")
        try server.stop()
        let lines = try lines(server).filter { $0.contains("STLS0011") }
        #expect(lines.count == 5 && lines.filter { $0.contains(":error]") }.count == 1, "\(lines)")
    }

    /// What the log does not get uses up nothing: the first line that it gets is for administrators.
    @Test(arguments: ["--http1.1", "--http2"]) func onlyWhatIsLoggedCounts(http: String) throws {
        let server = try server(
            """
            <Location "/a">
                SSLRequire false
            </Location>
            <Location "/a/quiet">
                LogLevel crit
            </Location>
            """
        )
        let urls = ["quiet", "quiet", "", "", "quiet"].flatMap { ["--output", "/dev/null", server.url + "/a/" + $0] }
        #expect(try curl([http, "--write-out", "%{http_code} "] + urls).text == "403 403 403 403 403 ")
        try server.stop()
        let lines = try lines(server).filter { $0.contains("STLS0011") }
        #expect(lines.count == 1 && lines[0].contains(":error]"), "\(lines)")
    }

    /// Without TLS, too, where the requests of HTTP/2 have threads of their own.
    @Test(arguments: [false, true]) func oneLineOfOnePlainConnection(isHTTP2: Bool) throws {
        let plain = try LoopbackPort.free()
        let server = try server(
            "",
            global: """
                Listen 127.0.0.1:\(plain)
                Protocols h2 h2c http/1.1
                <Location "/a">
                    SSLRequireSSL
                </Location>
                """
        )
        let url = "http://127.0.0.1:\(plain)/a/"
        let options = ["--write-out", "%{http_code} ", "--output", "/dev/null", url, "--output", "/dev/null", url]
        for _ in 0..<2 {
            if isHTTP2 {
                let text = try ChildProcess.run("nghttp", ["--verbose", "--null-out", "--multiply=2", url]).text
                #expect(text.split(separator: "\n").filter { $0.contains(":status: 403") }.count == 2, "\(text)")
            } else {
                #expect(try curl(options).text == "403 403 ")
            }
        }
        try server.stop()
        let lines = server.errorLog.split(separator: "\n").filter { $0.contains("STLS0011") }
        #expect(lines.count == 4 && lines.filter { $0.contains(":error]") }.count == 2, "\(lines)")
    }

    /// A page for requests of HTTP, the end for everything else.
    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "STLS0005: a client speaks plain HTTP to the TLS port"),
        ("PROPFIND / HTTP/1.1\r\n\r\n", "400 Bad Request", "STLS0005: a client speaks plain HTTP to the TLS port"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "", "STLS0001: a client of the TLS port speaks SSH"),
        ("EHLO localhost\r\n", "", "STLS0001: a client of the TLS port speaks SMTP"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", "STLS0001: a client of the TLS port speaks HTTP/2 without TLS"),
        ("hello\r\n", "", "STLS0001: a client of the TLS port does not speak TLS"),
        ("A", "", "STLS0002: the client left before the TLS handshake was over"),
    ])
    func firstBytes(_ sent: String, _ answer: String, _ line: String) throws {
        let server = try HTTPServer()
        let outcome = try python(
            """
            connection = plain()
            for byte in sys.argv[3].encode():
                try: connection.sendall(bytes([byte]))
                except ConnectionError: break
            try: connection.shutdown(socket.SHUT_WR)
            except OSError: pass
            answer = b""
            try:
                while data := connection.recv(1000): answer += data
            except ConnectionError: pass
            print(answer.decode("latin-1"))
            """,
            server,
            [sent]
        )
        try server.stop()
        if answer.isEmpty {
            #expect(outcome.text == "\n", "\(outcome)")
        } else {
            #expect(outcome.text.contains(answer), "\(outcome)")
        }
        #expect(server.errorLog.contains(line), "\(server.errorLog)")
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }
}
