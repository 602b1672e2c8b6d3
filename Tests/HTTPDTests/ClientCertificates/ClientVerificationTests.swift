// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `SSLVerifyClient` in servers and in directories, with every kind of certificate that a client can show.
@Suite struct ClientVerificationTests {
    /// What clients show.
    enum Shown: String, CaseIterable {
        case nothing, valid, bare, expired, revoked, unknown, usage

        /// Whether a good verifier takes it. A bare one has no extensions: `openssl x509 -req` makes it, of version 1.
        var isGood: Bool { self == .valid || self == .bare }
    }

    private static let made = Result {
        let directory = try TemporaryDirectory.make("clients")
        let script = """
            set -eu
            cd '\(directory.path)'
            make_authority() {
                openssl ecparam -name prime256v1 -genkey -noout -out $1.key
                openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem \
                    -addext keyUsage=critical,keyCertSign,cRLSign
            }
            make_client() {
                openssl ecparam -name prime256v1 -genkey -noout -out $1.key
                openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
                printf 'keyUsage=digitalSignature\\nbasicConstraints=CA:FALSE\\nextendedKeyUsage=%s\\n' $3 > $1.ext
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -set_serial $4 -days 30 -extfile $1.ext -out $1.pem
            }
            make_authority ca
            make_authority other
            make_client valid ca clientAuth 1
            make_client revoked ca clientAuth 2
            make_client usage ca serverAuth 3
            make_client unknown other clientAuth 4
            openssl ecparam -name prime256v1 -genkey -noout -out bare.key
            openssl req -new -key bare.key -subj /CN=bare -out bare.csr
            openssl x509 -req -in bare.csr -CA ca.pem -CAkey ca.key -set_serial 6 -days 30 -out bare.pem
            openssl ecparam -name prime256v1 -genkey -noout -out expired.key
            openssl req -new -key expired.key -subj /CN=expired -out expired.csr
            touch index.txt
            printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index.txt\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\ndefault_crl_days=20\\n[p]\\ncommonName=supplied\\n' > ca.cnf
            echo 05 > serial
            openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in expired.csr -out expired.pem -notext \
                -startdate 20200101000000Z -enddate 20210101000000Z -extfile valid.ext
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -gencrl -out crl.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    private func server(_ hosts: String, _ directories: String = "") throws -> HTTPServer {
        let clients = try Self.made.get()
        return try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(clients.path)/ca.pem"
                SSLCARevocationFile "\(clients.path)/crl.pem"
                SSLCARevocationCheck leaf
                \(hosts)
                \(directories)
            </VirtualHost>
            """
        }
    }

    private func status(_ server: HTTPServer, _ shown: Shown, _ options: [String], path: String = "/") throws -> String
    {
        let clients = try Self.made.get().path
        let certificate =
            shown == .nothing ? [] : ["--cert", "\(clients)/\(shown).pem", "--key", "\(clients)/\(shown).key"]
        let outcome = try curl(
            options + certificate + ["--output", "/dev/null", "--write-out", "%{http_code}", server.url + path]
        )
        return outcome.status == 0 ? outcome.text : "refused"
    }

    private static let versions = [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]]

    @Test(arguments: ["none", "optional", "require", "optional_no_ca"]) func ofServers(mode: String) throws {
        let server = try server("SSLVerifyClient \(mode)")
        for version in Self.versions {
            for http in ["--http1.1", "--http2"] {
                for shown in Shown.allCases {
                    let isServed =
                        switch mode {
                        case "none": true
                        case "optional": shown == .nothing || shown.isGood
                        case "require": shown.isGood
                        default: shown == .nothing || shown.isGood || shown == .unknown
                        }
                    let found = try status(server, shown, version + [http])
                    #expect(found == (isServed ? "200" : "refused"), "\(mode), \(shown), \(version) \(http)")
                }
            }
        }
        try server.stop()
        #expect(
            server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
            "\(server.complaints)"
        )
    }

    @Test(arguments: ["none", "optional", "require", "optional_no_ca"]) func ofDirectories(mode: String) throws {
        let server = try server("", "<Location \"/a\">\nSSLVerifyClient \(mode)\n</Location>")
        for version in Self.versions {
            for shown in Shown.allCases {
                // The rest of the site asks for nothing.
                #expect(try status(server, shown, version) == "200")
                let expected: String =
                    switch mode {
                    case "none": "200"
                    // TLS 1.2 cannot ask again; those who may have a certificate are served without.
                    case "optional" where version.count > 1, "optional_no_ca" where version.count > 1: "200"
                    case "optional_no_ca" where shown == .unknown: "200"
                    case "optional", "optional_no_ca": shown == .nothing || shown.isGood ? "200" : "refused"
                    case _ where version.count > 1: "403"
                    default: shown == .nothing ? "403" : shown.isGood ? "200" : "refused"
                    }
                // On HTTP/2 nobody can be asked: curl comes back with HTTP/1.1, as it is told to.
                for http in ["--http1.1", "--http2"] {
                    let found = try status(server, shown, version + [http], path: "/a/")
                    // A client that is refused after its handshake gets an alert, or the end of the connection.
                    #expect(found == expected, "\(mode), \(shown), \(version), \(http)")
                }
            }
        }
        try server.stop()
        #expect(
            server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
            "\(server.complaints)"
        )
    }

    /// A certificate of an unknown authority is taken where a directory says so, in an .htaccess file, too, and is no proof.
    @Test func toleranceOfDirectories() throws {
        let clients = try Self.made.get().path
        let server = try server(
            "",
            """
            <Location "/cgi-bin">
                SSLVerifyClient optional_no_ca
            </Location>
            <Location "/b">
                SSLVerifyClient require
            </Location>
            <Directory "/">
                AllowOverride AuthConfig
            </Directory>
            """
        )
        try Data("SSLVerifyClient optional_no_ca\n".utf8)
            .write(to: server.documents.appendingPathComponent("a/.htaccess"))
        let shown = ["--http1.1", "--tlsv1.3", "--cert", "\(clients)/unknown.pem", "--key", "\(clients)/unknown.key"]
        let environment = try curl(shown + [server.url + "/cgi-bin/environment"]).text
        #expect(
            environment.contains("SSL_CLIENT_VERIFY=FAILED:unable to verify the first certificate\n"),
            "\(environment)\n\(server.errorLog)"
        )
        #expect(environment.contains("SSL_CLIENT_S_DN=CN=unknown\n"))
        #expect(try curl(shown + [server.url + "/a/"]).text == "This is a.example.\n", "\(server.errorLog)")
        // Not where it has to be good.
        #expect(try status(server, .unknown, ["--http1.1", "--tlsv1.3"], path: "/b/") == "refused")
        let both = try curl(shown + ["--write-out", "%{http_code}\n", server.url + "/a/", server.url + "/b/"])
        #expect(both.text.hasPrefix("This is a.example.\n200\n") && !both.text.contains("b.example"), "\(both)")
        // Once is enough.
        let outcome = try python(ClientScripts.askedOnce, server, ["\(clients)/unknown.pem", "\(clients)/unknown.key"])
        #expect(outcome.text == "asked 1 times\n", "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(
            server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
            "\(server.complaints)"
        )
    }

    /// Where any authority will do, none need be named.
    @Test func toleranceNeedsNoAuthorities() throws {
        let clients = try Self.made.get().path
        for inDirectory in [false, true] {
            let server = try HTTPServer(face: .ssl) { port in
                """
                <VirtualHost *:\(port)>
                    ServerName localhost
                    SSLEngine on
                    \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                    \(inDirectory ? "" : "SSLVerifyClient optional_no_ca")
                    <Location "/cgi-bin">
                        \(inDirectory ? "SSLVerifyClient optional_no_ca" : "")
                    </Location>
                    <Location "/b">
                        SSLVerifyClient require
                    </Location>
                    <Location "/a">
                        SSLVerifyClient optional
                    </Location>
                </VirtualHost>
                """
            }
            // Nobody could vouch for a client: none is asked.
            #expect(try status(server, .nothing, [], path: "/a/") == "200")
            for version in inDirectory ? ["1.3"] : ["1.2", "1.3"] {
                let tolerated = version == "1.2" ? "GENEROUS" : "FAILED:unable to verify the first certificate"
                for (shown, expected) in [("valid", tolerated), ("", "NONE"), ("expired", nil)] {
                    let certificate =
                        shown.isEmpty ? [] : ["--cert", "\(clients)/\(shown).pem", "--key", "\(clients)/\(shown).key"]
                    let options = ["--http1.1", "--tlsv\(version)", "--tls-max", version] + certificate
                    let found = try curl(options + [server.url + "/cgi-bin/environment"])
                    let isServed =
                        expected.map { found.text.contains("SSL_CLIENT_VERIFY=\($0)\n") } ?? (found.status != 0)
                    #expect(isServed, "\(shown), \(version), \(inDirectory): \(found)\n\(server.errorLog)")
                }
                #expect(try ["403", "refused"].contains(status(server, .valid, ["--tlsv\(version)"], path: "/b/")))
            }
            try server.stop()
            #expect(
                server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
                "\(server.complaints)"
            )
        }
    }

    /// What one virtual host tolerates, another one of the same address does not.
    @Test func hostsDoNotShareTolerance() throws {
        let clients = try Self.made.get()
        let server = try HTTPServer(face: .ssl) { port in
            try [("localhost", "optional_no_ca"), ("a.example", "require"), ("b.example", "optional_no_ca")].map {
                name,
                mode in
                """
                <VirtualHost *:\(port)>
                    ServerName \(name)
                    SSLEngine on
                    \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                    SSLCACertificateFile "\(clients.path)/ca.pem"
                    SSLVerifyClient \(mode)
                </VirtualHost>
                """
            }.joined(separator: "\n")
        }
        for version in Self.versions {
            for (name, shown, expected) in [
                ("localhost", Shown.unknown, "200"), ("a.example", .unknown, "refused"), ("b.example", .unknown, "200"),
                ("a.example", .valid, "200"), ("a.example", .nothing, "refused"), ("b.example", .expired, "refused"),
            ] {
                let certificate =
                    shown == .nothing
                    ? [] : ["--cert", "\(clients.path)/\(shown).pem", "--key", "\(clients.path)/\(shown).key"]
                let outcome = try curl(
                    version + certificate + ["--insecure", "--resolve", "\(name):\(server.port):127.0.0.1"]
                        + ["--output", "/dev/null", "--write-out", "%{http_code}", "https://\(name):\(server.port)/"]
                )
                #expect((outcome.status == 0 ? outcome.text : "refused") == expected, "\(name), \(shown), \(version)")
            }
        }
        try server.stop()
    }

    /// The same by the directives of mod_tls.
    @Test func byTheOtherFace() throws {
        let clients = try Self.made.get()
        let server = try HTTPServer { port in
            """
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(HTTPServer.certificateDirective(try TestCertificates.shared().localhost(.ecdsaP256)))
                TLSClientCertificate required
                TLSClientCA "\(clients.path)/ca.pem"
                TLSClientCRL "\(clients.path)/crl.pem"
                TLSUserName SSL_CLIENT_S_DN_CN
                TLSGroups secp256r1 x25519
            </VirtualHost>
            """
        }
        for version in Self.versions {
            for shown in Shown.allCases {
                let found = try status(server, shown, version)
                #expect(found == (shown.isGood ? "200" : "refused"), "\(shown), \(version)")
            }
        }
        let environment = try curl(
            ["--cert", "\(clients.path)/valid.pem", "--key", "\(clients.path)/valid.key"]
                + [server.url + "/cgi-bin/environment"]
        )
        #expect(environment.text.contains("REMOTE_USER=valid\n"), "\(environment)")
        try server.stop()
    }

    /// The body waits while the client is asked.
    @Test func bodiesSurvive() throws {
        let clients = try Self.made.get().path
        let server = try server(
            "",
            """
            <Location "/cgi-bin">
                SSLVerifyClient require
                SSLRenegBufferSize 20000
            </Location>
            """
        )
        let body = try TemporaryDirectory.make("body").appendingPathComponent("body")
        let content = Data((0..<18_000).map { UInt8(truncatingIfNeeded: $0) })
        try content.write(to: body)
        let options = ["--http1.1", "--tlsv1.3", "--cert", "\(clients)/valid.pem", "--key", "\(clients)/valid.key"]
        let digest = try ChildProcess.check("sha256sum", [body.path]).text.prefix(64)
        let outcome = try curl(options + ["--data-binary", "@\(body.path)", server.url + "/cgi-bin/digest"])
        #expect(outcome.text == "\(digest) 18000\n", "\(outcome)")
        try (content + content).write(to: body)
        let long = try curl(
            options + ["--data-binary", "@\(body.path)", "--output", "/dev/null", "--write-out", "%{http_code}"]
                + [server.url + "/cgi-bin/digest"]
        )
        #expect(long.text == "413", "\(long)")
    }

    /// A certificate that one location asked for does not open another that asks for another depth or mode later, and
    /// the connection goes on.
    @Test func oneConnectionManyLocations() throws {
        let clients = try Self.made.get().path
        let server = try server("", "<Location \"/a\">\nSSLVerifyClient require\n</Location>")
        let outcome = try curl(
            ["--http1.1", "--tlsv1.3", "--cert", "\(clients)/valid.pem", "--key", "\(clients)/valid.key"]
                + [server.url + "/", server.url + "/a/", server.url + "/b/", server.url + "/a/"]
        )
        #expect(outcome.text == "This is localhost.\nThis is a.example.\nThis is b.example.\nThis is a.example.\n")
    }
}

extension ClientScripts {
    /// Requests for a location that wants a certificate: how often is one asked for?
    fileprivate static let askedOnce = """
        import http.client
        count = 0
        def look(connection, direction, version, content, message, data):
            global count
            count += direction == "read" and getattr(message, "name", "") == "CERTIFICATE_REQUEST"
        context._msg_callback = look
        context.post_handshake_auth = True
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        tls = connect()
        for _ in range(4):
            tls.sendall(request("/cgi-bin/environment"))
            response = http.client.HTTPResponse(tls)
            response.begin()
            answer = response.read()
            assert b"SSL_CLIENT_VERIFY=FAILED:" in answer, answer
        print("asked", count, "times")
        """
}
