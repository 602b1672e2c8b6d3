// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What directories ask of clients: nothing that was shown for another one opens them, and what opens them cannot be made up.
@Suite struct AccessTests {
    /// Clients `direct`, of the authority `ca` itself, `deep`, of one below it, and `stranger`, of the authority `other`.
    private static let made = Result {
        let directory = try TemporaryDirectory.make("access")
        let script = """
            set -eu
            cd '\(directory.path)'
            authority='keyUsage=critical,keyCertSign,cRLSign\\nbasicConstraints=critical,CA:TRUE\\n'
            client='keyUsage=digitalSignature\\nbasicConstraints=CA:FALSE\\nextendedKeyUsage=clientAuth\\n'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make_root() {
                make_key $1
                openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem \
                    -addext keyUsage=critical,keyCertSign,cRLSign
            }
            issue() {
                make_key $1
                openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
                printf "$3" > $1.ext
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -set_serial $4 -days 30 -extfile $1.ext -out $1.pem
            }
            make_root ca
            make_root other
            issue below ca "$authority" 1
            issue direct ca "$client" 2
            issue deep below "$client" 3
            issue stranger other "$client" 4
            cat below.pem >> deep.pem
            cat ca.pem below.pem > both.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    static let modules = "/usr/lib/apache2/modules"

    static func server(_ host: String, global: String = "", more: String = "") throws -> HTTPServer {
        let clients = try made.get().path
        return try HTTPServer(face: .ssl) { port in
            """
            \(global)
            <VirtualHost *:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(clients)/ca.pem"
                \(host)
            </VirtualHost>
            \(more.replacingOccurrences(of: "PORT", with: "\(port)").replacingOccurrences(of: "CLIENTS", with: clients))
            """
        }
    }

    static func identity(_ name: String) throws -> [String] {
        let clients = try made.get().path
        return ["--tlsv1.3", "--http1.1", "--cert", "\(clients)/\(name).pem", "--key", "\(clients)/\(name).key"]
    }

    /// The statuses of requests on one connection, those before it was closed.
    static func statuses(_ options: [String], _ urls: [String]) throws -> [String] {
        let outputs = urls.flatMap { ["--output", "/dev/null", $0] }
        return try curl(options + ["--write-out", "%{http_code} "] + outputs).text.split(separator: " ").map(
            String.init
        )
        .filter { $0 != "000" }
    }

    // MARK: - SSLVerifyClient and SSLVerifyDepth

    /// A chain that is short enough for one directory is too long for another, whoever was first.
    @Test func depths() throws {
        let server = try Self.server(
            """
            SSLVerifyDepth 5
            SSLVerifyClient optional
            <Location "/a">
                SSLVerifyClient require
                SSLVerifyDepth 1
            </Location>
            <Location "/b">
                SSLVerifyClient require
            </Location>
            """
        )
        let urls = ["/", "/b/", "/a/"].map { server.url + $0 }
        #expect(try Self.statuses(Self.identity("direct"), urls) == ["200", "200", "200"])
        // The client shows the same again, and that is refused.
        #expect(try Self.statuses(Self.identity("deep"), urls) == ["200", "200"])
        try server.stop()
    }

    /// Many threads read the depth of an .htaccess file, and it counts.
    @Test func depthsOfFiles() throws {
        let server = try Self.server(
            "SSLVerifyDepth 5",
            global: "<Directory />\nAllowOverride AuthConfig\n</Directory>"
        )
        for (directory, depth) in [("a", 1), ("b", 2)] {
            try Data("SSLVerifyClient require\nSSLVerifyDepth \(depth)\n".utf8)
                .write(to: server.documents.appendingPathComponent("\(directory)/.htaccess"))
        }
        let urls = ["/b/", "/a/"].map { server.url + $0 }
        #expect(try Self.statuses(Self.identity("direct"), urls) == ["200", "200"])
        #expect(try Self.statuses(Self.identity("deep"), urls) == ["200"])
        for depth in 1...32 {
            try Data("SSLVerifyDepth \(depth)\n".utf8)
                .write(to: server.documents.appendingPathComponent("a/.htaccess"))
            let outcome = try curl(
                ["--parallel", "--parallel-immediate", "--parallel-max", "8"]
                    + (0..<8).flatMap { _ in ["--output", "/dev/null", server.url + "/a/"] }
            )
            #expect(outcome.status == 0, "\(outcome)")
        }
        try server.stop()
        #expect(
            server.complaints(except: "STLS0001", "STLS0004", "STLS0008", "STLS0011").isEmpty,
            "\(server.complaints)"
        )
    }

    /// An authority vouches for clients by its root only: alone it does not, and above it there is one more.
    @Test(arguments: [("below", 2, false), ("both", 1, false), ("both", 2, true)])
    func authoritiesThatAreNoRoots(file: String, depth: Int, isTaken: Bool) throws {
        let clients = try Self.made.get().path
        let server = try Self.server(
            "SSLVerifyClient require\nSSLVerifyDepth \(depth)\nSSLCACertificateFile \"\(clients)/\(file).pem\""
        )
        #expect(try Self.statuses(Self.identity("deep"), [server.url]) == (isTaken ? ["200"] : []))
        try server.stop()
    }

    /// A depth of 0 leaves room for no authority.
    @Test func depthZero() throws {
        let server = try Self.server("SSLVerifyClient require\nSSLVerifyDepth 0")
        #expect(try Self.statuses(Self.identity("direct"), [server.url]) == [])
        try server.stop()
    }

    /// Who has no certificate and need not is asked once, and its long bodies need not wait again.
    @Test func askedOnce() throws {
        let server = try Self.server(
            """
            <Location "/cgi-bin">
                SSLVerifyClient optional
                SSLRenegBufferSize 1000
            </Location>
            """
        )
        let body = try TemporaryDirectory.make("body").appendingPathComponent("body")
        try Data(repeating: 7, count: 5_000).write(to: body)
        let url = server.url + "/cgi-bin/digest"
        let outcome = try curl(
            ["--http1.1", "--tlsv1.3", "--output", "/dev/null", "--write-out", "%{http_code} ", url, "--next"]
                + (try curlOptions()) + ["--http1.1", "--tlsv1.3", "--data-binary", "@\(body.path)", url]
        )
        #expect(outcome.text.hasPrefix("200 ") && outcome.text.hasSuffix(" 5000\n"), "\(outcome)")
        try server.stop()
    }

    /// A client that cannot be asked need not wait with its body.
    @Test func askedNever() throws {
        let server = try Self.server(
            "<Location \"/cgi-bin\">\nSSLVerifyClient optional\nSSLRenegBufferSize 1000\n</Location>"
        )
        let script = """
            tls = connect()
            tls.sendall(b"POST /cgi-bin/digest HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n"
                        b"Content-Length: 5000\\r\\n\\r\\n" + bytes(5000))
            print(read_all(tls).decode())
            """
        let outcome = try python(script, server)
        #expect(outcome.text.contains(" 5000\n"), "\(outcome)")
        try server.stop()
    }

    /// A chain that is too long for a directory is no proof there, where the client cannot be asked for another.
    @Test func tooLongForProof() throws {
        let server = try Self.server(
            """
            SSLVerifyDepth 5
            SSLVerifyClient optional
            <Location "/a">
                SSLVerifyClient optional
                SSLVerifyDepth 1
            </Location>
            """
        )
        let urls = ["/", "/a/"].map { server.url + $0 }
        for (name, statuses) in [("direct", ["200", "200"]), ("deep", ["200", "403"])] {
            let options = try Self.identity(name).filter { $0 != "--tlsv1.3" } + ["--tls-max", "1.2"]
            #expect(try Self.statuses(options, urls) == statuses)
        }
        try server.stop()
    }

    /// `SSLVHostSNIPolicy insecure` lets requests go from host to host; a host's own `SSLVerifyClient` still counts there,
    /// and the authority of one host opens nothing of another's.
    @Test func hostsAskForThemselves() throws {
        let server = try Self.server(
            "<Location \"/a\">\nSSLVerifyClient require\n</Location>",
            global: "SSLVHostSNIPolicy insecure",
            more: """
                <VirtualHost *:PORT>
                    ServerName strict.example
                    SSLEngine on
                    \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                    SSLCACertificateFile "CLIENTS/other.pem"
                    SSLVerifyClient require
                </VirtualHost>
                """
        )
        func statuses(_ options: [String]) throws -> [String] {
            let other = ["--output", "/dev/null", "--header", "Host: strict.example", server.url]
            let own =
                try ["--next"] + curlOptions() + options + ["--output", "/dev/null", "--write-out", "%{http_code} "]
            return try curl(
                options + ["--write-out", "%{http_code} "] + other + own + [server.url + "/a/"]
            ).text.split(separator: " ").map(String.init)
        }
        let (nobody, old) = try (statuses(["--http1.1", "--tlsv1.3"]), statuses(["--http1.1", "--tls-max", "1.2"]))
        #expect(nobody == ["403", "403"])
        #expect(old == ["403", "403"])
        // Their authority is not that of the first host, which refuses the certificate.
        let stranger = try statuses(Self.identity("stranger"))
        #expect(stranger == ["200", "000"])
        try server.stop()
    }

    /// The body waits for the client's certificate, and then for an internal redirect.
    @Test func bodiesSurviveRedirects() throws {
        let server = try Self.server(
            """
            <Directory "${APACHE_LOG_DIR}/../htdocs/a">
                SSLVerifyClient require
                RewriteEngine on
                RewriteRule .* /cgi-bin/digest [END]
            </Directory>
            """,
            global: "LoadModule rewrite_module \(Self.modules)/mod_rewrite.so"
        )
        let options = try Self.identity("direct") + ["--data-binary", "fourteen bytes", server.url + "/a/index.html"]
        // Twice on one connection: what the first has read does not get in the way of the second.
        let lines = try curl(options + ["--next"] + curlOptions() + options).text.split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasSuffix(" 14") }, "\(lines)")
        try server.stop()
    }

    // MARK: - SSLRenegBufferSize

    /// Authors of .htaccess files do not decide how much memory a request takes.
    @Test func bodiesThatWait() throws {
        let server = try Self.server(
            """
            <Directory "${APACHE_LOG_DIR}/../cgi-bin">
                SSLVerifyClient require
                SSLRenegBufferSize 2000
                AllowOverride AuthConfig
            </Directory>
            """
        )
        let body = try TemporaryDirectory.make("body").appendingPathComponent("body")
        func status(_ count: Int) throws -> [String] {
            try Data(repeating: 7, count: count).write(to: body)
            let options = try Self.identity("direct") + ["--data-binary", "@\(body.path)"]
            return try Self.statuses(options, [server.url + "/cgi-bin/digest"])
        }
        #expect(try status(2000) == ["200"] && status(2001) == ["413"])
        let file = server.root.appendingPathComponent("cgi-bin/.htaccess")
        try Data("SSLRenegBufferSize 1000000\n".utf8).write(to: file)
        #expect(try status(2000) == ["200"] && status(2001) == ["413"])
        try Data("SSLRenegBufferSize 1000\n".utf8).write(to: file)
        #expect(try status(1000) == ["200"] && status(1001) == ["413"])
        try server.stop()
    }

    /// `SSLUserName` is that of the host a request is for, and `SSLRequire` knows the name.
    @Test func userNames() throws {
        let identity = StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256))
        let server = try Self.server(
            """
            SSLVerifyClient optional
            <Location "/a">
                SSLUserName SSL_CLIENT_S_DN_CN
                SSLRequire %{REMOTE_USER} eq "direct"
            </Location>
            """,
            more: """
                <VirtualHost *:PORT>
                    ServerName other.example
                    SSLEngine on
                    \(identity)
                    SSLCACertificateFile "CLIENTS/ca.pem"
                    SSLVerifyClient optional
                    SSLUserName SSL_CLIENT_I_DN_CN
                </VirtualHost>
                """
        )
        #expect(try Self.statuses(Self.identity("direct"), [server.url + "/a/"]) == ["200"])
        #expect(try Self.statuses(["--http1.1"], [server.url + "/a/"]) == ["403"])
        let page = try curl(
            Self.identity("direct") + ["--header", "Host: other.example", server.url + "/cgi-bin/environment"]
        ).text
        #expect(page.contains("\nREMOTE_USER=ca\n"), "\(page)")
        try server.stop()
    }

    /// `TLSUserName` as well.
    @Test func userNamesByTheOtherFace() throws {
        let clients = try Self.made.get().path
        let identity = HTTPServer.certificateDirective(try TestCertificates.shared().localhost(.ecdsaP256))
        let server = try HTTPServer { port in
            let hosts = [("localhost", "S"), ("other.example", "I")].map { name, letter in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(name)
                    \(identity)
                    TLSClientCertificate optional
                    TLSClientCA "\(clients)/ca.pem"
                    TLSUserName SSL_CLIENT_\(letter)_DN_CN
                </VirtualHost>
                """
            }
            return "TLSEngine 127.0.0.1:\(port)\n" + hosts.joined(separator: "\n")
        }
        for (host, name) in [("localhost", "direct"), ("other.example", "ca")] {
            let page = try curl(
                Self.identity("direct") + ["--header", "Host: \(host)", server.url + "/cgi-bin/environment"]
            ).text
            #expect(page.contains("\nREMOTE_USER=\(name)\n"), "\(page)")
        }
        try server.stop()
    }

    /// With `StrictRequire` a password does not stand in for a certificate, on HTTP/2 as little as on HTTP/1.1.
    @Test(arguments: ["--http1.1", "--http2"]) func strictness(http: String) throws {
        let server = try Self.server(
            """
            <Location "/a">
                SSLVerifyClient require
                SSLOptions +StrictRequire
                AuthType Basic
                AuthName here
                AuthBasicProvider file
                AuthUserFile "${APACHE_LOG_DIR}/../users"
                Require valid-user
                Satisfy any
            </Location>
            """,
            global: """
                LoadModule auth_basic_module \(Self.modules)/mod_auth_basic.so
                LoadModule authn_core_module \(Self.modules)/mod_authn_core.so
                LoadModule authn_file_module \(Self.modules)/mod_authn_file.so
                LoadModule authz_user_module \(Self.modules)/mod_authz_user.so
                LoadModule access_compat_module \(Self.modules)/mod_access_compat.so
                """
        )
        try Data("somebody:xxj31ZMTZzkVA\n".utf8).write(to: server.root.appendingPathComponent("users"))
        // Nor is anybody asked for one.
        for credentials in [["--user", "somebody:password"], []] {
            let statuses = try Self.statuses([http, "--tlsv1.3"] + credentials, [server.url + "/a/"])
            #expect(statuses == ["403"])
        }
        try server.stop()
    }
}
