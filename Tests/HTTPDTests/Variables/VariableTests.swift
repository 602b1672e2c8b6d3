// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The variables of scripts, as mod_ssl of Debian's httpd gives them for the same certificates.
@Suite struct VariableTests {
    /// An authority, a server and a client whose names have everything that names can have.
    private static func certificates() throws -> URL {
        let directory = try TemporaryDirectory.make("variables")
        let script = """
            set -eu
            cd '\(directory.path)'
            export LC_ALL=C.UTF-8
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 59 -sha256 \
                -subj '/C=US/ST=California/L=San Francisco/O=Test Org/OU=CA Unit/CN=Test Root CA'
            openssl ecparam -name prime256v1 -genkey -noout -out server.key
            openssl req -new -key server.key -subj '/CN=localhost' -out server.csr
            printf 'subjectAltName=DNS:localhost\\nkeyUsage=digitalSignature\\nbasicConstraints=CA:FALSE\\n' > server.ext
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial 0x0123ABCDEF4567 -days 59 -sha256 \
                -extfile server.ext -out server.pem
            openssl req -newkey rsa:2048 -nodes -keyout client.key -utf8 -out client.csr -subj \
                '/C=DE/ST=Bayern/L=München/O=Kunde, GmbH/OU=Eins/OU=Zwei/CN=client one/emailAddress=c1@example.com'
            printf '%s\\n' 'subjectAltName=email:c1@example.com,otherName:msUPN;UTF8:upn@example.com,DNS:c1.example.com' \
                'extendedKeyUsage=clientAuth' 'basicConstraints=CA:FALSE' > client.ext
            openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -set_serial 0x0123ABCDEF4567 -days 59 -sha256 \
                -extfile client.ext -out client.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    /// What mod_ssl gives and does not name the implementation, a time or a key.
    private static let common = [
        "HTTPS": "on", "REQUEST_SCHEME": "https", "SSL_CIPHER_ALGKEYSIZE": "256", "SSL_CIPHER_EXPORT": "false",
        "SSL_CIPHER_USEKEYSIZE": "256", "SSL_COMPRESS_METHOD": "NULL", "SSL_SECURE_RENEG": "true",
        "SSL_SERVER_A_KEY": "id-ecPublicKey", "SSL_SERVER_A_SIG": "sha256WithRSAEncryption",
        "SSL_SERVER_I_DN": "CN=Test Root CA,OU=CA Unit,O=Test Org,L=San Francisco,ST=California,C=US",
        "SSL_SERVER_I_DN_C": "US", "SSL_SERVER_I_DN_CN": "Test Root CA", "SSL_SERVER_I_DN_L": "San Francisco",
        "SSL_SERVER_I_DN_O": "Test Org", "SSL_SERVER_I_DN_OU": "CA Unit", "SSL_SERVER_I_DN_ST": "California",
        "SSL_SERVER_M_SERIAL": "0123ABCDEF4567", "SSL_SERVER_M_VERSION": "3", "SSL_SERVER_SAN_DNS_0": "localhost",
        "SSL_SERVER_S_DN": "CN=localhost", "SSL_SERVER_S_DN_CN": "localhost", "SSL_SESSION_RESUMED": "Initial",
        "SSL_TLS_SNI": "localhost",
    ]

    private static let client = [
        "AUTH_TYPE": "ClientCert", "REMOTE_USER": "client one", "SSL_CLIENT_A_KEY": "rsaEncryption",
        "SSL_CLIENT_A_SIG": "sha256WithRSAEncryption", "SSL_CLIENT_CERT": "-----BEGIN CERTIFICATE-----",
        "SSL_CLIENT_CERT_CHAIN_0": "-----BEGIN CERTIFICATE-----", "SSL_SERVER_CERT": "-----BEGIN CERTIFICATE-----",
        "SSL_CLIENT_CERT_RFC4523_CEA":
            "{ serialNumber 320695778100583, issuer rdnSequence:"
            + "\"CN=Test Root CA,OU=CA Unit,O=Test Org,L=San Francisco,ST=California,C=US\" }",
        "SSL_CLIENT_I_DN": "CN=Test Root CA,OU=CA Unit,O=Test Org,L=San Francisco,ST=California,C=US",
        "SSL_CLIENT_I_DN_C": "US", "SSL_CLIENT_I_DN_CN": "Test Root CA", "SSL_CLIENT_I_DN_L": "San Francisco",
        "SSL_CLIENT_I_DN_O": "Test Org", "SSL_CLIENT_I_DN_OU": "CA Unit", "SSL_CLIENT_I_DN_ST": "California",
        "SSL_CLIENT_M_SERIAL": "0123ABCDEF4567", "SSL_CLIENT_M_VERSION": "3",
        "SSL_CLIENT_SAN_DNS_0": "c1.example.com", "SSL_CLIENT_SAN_Email_0": "c1@example.com",
        "SSL_CLIENT_SAN_OTHER_msUPN_0": "upn@example.com",
        "SSL_CLIENT_S_DN":
            "emailAddress=c1@example.com,CN=client one,OU=Zwei,OU=Eins,O=Kunde\\, GmbH,L=München,ST=Bayern,C=DE",
        "SSL_CLIENT_S_DN_C": "DE", "SSL_CLIENT_S_DN_CN": "client one", "SSL_CLIENT_S_DN_Email": "c1@example.com",
        "SSL_CLIENT_S_DN_L": "München", "SSL_CLIENT_S_DN_O": "Kunde, GmbH", "SSL_CLIENT_S_DN_OU": "Eins",
        "SSL_CLIENT_S_DN_OU_1": "Zwei", "SSL_CLIENT_S_DN_ST": "Bayern", "SSL_CLIENT_VERIFY": "SUCCESS",
    ]

    private func server(_ certificates: URL) throws -> HTTPServer {
        try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(certificates.path)/server.pem"
                SSLCertificateKeyFile "\(certificates.path)/server.key"
                SSLCACertificateFile "\(certificates.path)/ca.pem"
                SSLVerifyClient optional
                SSLHonorCipherOrder on
                SSLCipherSuite HIGH:!aNULL
                <Location "/cgi-bin">
                    SSLOptions +StdEnvVars +ExportCertData
                    SSLUserName SSL_CLIENT_S_DN_CN
                </Location>
                RequestHeader set X-CDN "%{SSL_CLIENT_S_DN}s"
                Header set X-Prot "%{SSL_PROTOCOL}s"
                CustomLog logs/names.log "%{version}c|%{clientcert}c|%{cacert}c|%{errcode}c|%{SSL_CLIENT_S_DN_CN}x"
            </VirtualHost>
            """
        }
    }

    private func variables(_ server: HTTPServer, _ certificates: URL, _ options: [String]) throws -> [String: String] {
        let outcome = try ChildProcess.check(
            "curl",
            ["--silent", "--show-error", "--max-time", "300", "--cacert", certificates.path + "/ca.pem", "--http1.1"]
                + options + [server.url + "/cgi-bin/environment"]
        )
        var variables: [String: String] = [:]
        for line in outcome.text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        return variables
    }

    private func compare(_ found: [String: String], _ expected: [String: String]) {
        for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(found[name] == value, "\(name)")
        }
        // Nothing that mod_ssl has not, but for names of the implementation, times and what belongs to the keys.
        let variable = ["SSL_VERSION_", "SSL_SESSION_ID", "SSL_SERVER_V_", "SSL_CLIENT_V_"]
        for name in found.keys.sorted() where name.hasPrefix("SSL_") && expected[name] == nil {
            #expect(variable.contains { name.hasPrefix($0) }, "\(name)=\(found[name] ?? "")")
        }
        #expect(found["SSL_SESSION_ID"]?.count == 64)
        for name in ["SSL_SERVER_V_START", "SSL_SERVER_V_END"] {
            #expect(found[name]?.hasSuffix(" GMT") == true && found[name]?.count == 24)
        }
    }

    /// The variables of mod_ssl that say nothing of TLS, in a host with TLS and in one without.
    @Test func variablesOfRequests() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        let plain = try LoopbackPort.free()
        let names = [
            "HTTP_ACCEPT", "HTTP_COOKIE", "HTTP_FORWARDED", "HTTP_HOST", "HTTP_PROXY_CONNECTION", "HTTP_REFERER",
            "HTTP_USER_AGENT", "HTTP:X-Own", "http:x-own", "HTTP:X-None", "ENV:OWN", "ENV:NONE", "THE_REQUEST",
            "REQUEST_METHOD", "REQUEST_SCHEME", "REQUEST_URI", "REQUEST_FILENAME", "SCRIPT_FILENAME", "PATH_INFO",
            "QUERY_STRING", "DOCUMENT_ROOT", "REMOTE_ADDR", "remote_addr", "REMOTE_HOST", "REMOTE_IDENT", "REMOTE_USER",
            "AUTH_TYPE", "IS_SUBREQ", "SERVER_ADMIN", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTPS",
            "API_VERSION", "NONSENSE", "TIME_NONSENSE",
        ]
        let times = [
            "TIME", "TIME_YEAR", "TIME_MON", "TIME_DAY", "TIME_HOUR", "TIME_MIN", "TIME_SEC", "TIME_WDAY", "TIME",
        ]
        let server = try HTTPServer(face: .ssl) { port in
            """
            Listen 127.0.0.1:\(plain)
            ServerAdmin me@example.org
            SetEnvIf Request_Method . OWN=own
            LogFormat "\(names.map { "\($0)=%{\($0)}x" }.joined(separator: "|"))" names
            LogFormat "\((times + ["SERVER_SOFTWARE"]).map { "%{\($0)}x" }.joined(separator: "|"))" times
            CustomLog "${APACHE_LOG_DIR}/names.log" names
            CustomLog "${APACHE_LOG_DIR}/times.log" times
            Header set X-Address "%{REMOTE_ADDR}s"
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(identity))
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(plain)>
                ServerName localhost
            </VirtualHost>
            """
        }
        let request = [
            "--head", "--user-agent", "agent \"x\"", "--cookie", "a=b", "--referer", "http://x.test/", "--header",
            "X-Own: one",
        ]
        for (url, port, scheme) in [(server.url, server.port, "https"), ("http://localhost:\(plain)", plain, "http")] {
            let head = try curl(request + [url + "/index.html?q=1"]).text
            #expect(head.contains("X-Address: 127.0.0.1"), "\(head)")
            func log(_ name: String) throws -> [String] {
                try Patience.wait(for: "the log", by: server.child) {
                    let file = server.root.appendingPathComponent("logs/\(name).log")
                    let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
                    return lines.count == (scheme == "https" ? 1 : 2) ? String(lines[lines.count - 1]) : nil
                }.split(separator: "|").map(String.init)
            }
            let root = server.documents.path
            #expect(
                try log("names") == [
                    "HTTP_ACCEPT=*/*", "HTTP_COOKIE=a=b", "HTTP_FORWARDED=-", "HTTP_HOST=localhost:\(port)",
                    "HTTP_PROXY_CONNECTION=-", "HTTP_REFERER=http://x.test/", "HTTP_USER_AGENT=agent \\\"x\\\"",
                    "HTTP:X-Own=one", "http:x-own=one", "HTTP:X-None=-", "ENV:OWN=own", "ENV:NONE=-",
                    "THE_REQUEST=HEAD /index.html?q=1 HTTP/1.1", "REQUEST_METHOD=HEAD", "REQUEST_SCHEME=\(scheme)",
                    "REQUEST_URI=/index.html", "REQUEST_FILENAME=\(root)/index.html",
                    "SCRIPT_FILENAME=\(root)/index.html",
                    "PATH_INFO=-", "QUERY_STRING=q=1", "DOCUMENT_ROOT=\(root)", "REMOTE_ADDR=127.0.0.1",
                    "remote_addr=127.0.0.1", "REMOTE_HOST=127.0.0.1", "REMOTE_IDENT=-", "REMOTE_USER=-", "AUTH_TYPE=-",
                    "IS_SUBREQ=false", "SERVER_ADMIN=me@example.org", "SERVER_NAME=localhost", "SERVER_PORT=\(port)",
                    "SERVER_PROTOCOL=HTTP/1.1", "HTTPS=\(scheme == "https" ? "on" : "off")", "API_VERSION=20120211",
                    "NONSENSE=-", "TIME_NONSENSE=-",
                ]
            )
            let parts = try log("times")
            try #require(parts.count == 10)
            // Each looks at the clock, on which a second may have ended.
            #expect(parts[0] != parts[8] || parts[0] == parts[1...6].joined(), "\(parts)")
            #expect(parts[0].utf8.count == 14, "\(parts)")
            #expect(parts[1].hasPrefix("20") && parts[1...6].dropFirst().allSatisfy { $0.utf8.count == 2 })
            #expect(("0"..."6").contains(parts[7]) && parts[9].hasPrefix("Apache/2.4"), "\(parts)")
        }
        try server.stop()
    }

    @Test func withoutClientCertificate() throws {
        let certificates = try Self.certificates()
        let server = try server(certificates)
        var expected = Self.common
        expected["SSL_PROTOCOL"] = "TLSv1.3"
        expected["SSL_CIPHER"] = "TLS_AES_256_GCM_SHA384"
        expected["SSL_CLIENT_VERIFY"] = "NONE"
        expected["SSL_CLIENT_CERT"] = ""
        var found = try variables(server, certificates, ["--tlsv1.3"])
        // ExportCertData sets these whatever there is.
        #expect(found["SSL_SERVER_CERT"] == "-----BEGIN CERTIFICATE-----")
        found["SSL_SERVER_CERT"] = nil
        compare(found, expected)
        #expect(found["REMOTE_USER"] == nil)
    }

    /// A client's certificate as a user with a password, and nobody else as one.
    @Test func fakeBasicAuthentication() throws {
        let certificates = try Self.certificates()
        // {SHA} of "password".
        let name = "/C=DE/ST=Bayern/L=M\\xC3\\xBCnchen/O=Kunde, GmbH/OU=Eins/OU=Zwei/CN=client one"
        try Data("\(name)/emailAddress=c1@example.com:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n".utf8)
            .write(to: certificates.appendingPathComponent("users"))
        let modules = "/usr/lib/apache2/modules"
        let server = try HTTPServer(face: .ssl) { port in
            """
            LoadModule auth_basic_module \(modules)/mod_auth_basic.so
            LoadModule authn_core_module \(modules)/mod_authn_core.so
            LoadModule authn_file_module \(modules)/mod_authn_file.so
            LoadModule authz_user_module \(modules)/mod_authz_user.so
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                SSLCertificateFile "\(certificates.path)/server.pem"
                SSLCertificateKeyFile "\(certificates.path)/server.key"
                SSLCACertificateFile "\(certificates.path)/ca.pem"
                SSLVerifyClient optional
                <Location "/cgi-bin">
                    SSLOptions +FakeBasicAuth +StdEnvVars +LegacyDNStringFormat
                    AuthType Basic
                    AuthName "certificates"
                    AuthUserFile "\(certificates.path)/users"
                    Require valid-user
                </Location>
            </VirtualHost>
            """
        }
        let client = ["--cert", certificates.path + "/client.pem", "--key", certificates.path + "/client.key"]
        let found = try variables(server, certificates, client)
        #expect(found["REMOTE_USER"] == name + "/emailAddress=c1@example.com")
        #expect(found["SSL_CLIENT_S_DN"] == name + "/emailAddress=c1@example.com")
        #expect(found["SSL_SERVER_S_DN"] == "/CN=localhost")
        for credentials in [[], ["--user", "\(name)/emailAddress=c1@example.com:password"]] {
            let outcome = try ChildProcess.check(
                "curl",
                ["--silent", "--max-time", "300", "--cacert", certificates.path + "/ca.pem", "--output", "/dev/null"]
                    + ["--write-out", "%{http_code}"] + credentials + [server.url + "/cgi-bin/environment"]
            )
            #expect(outcome.text == (credentials.isEmpty ? "401" : "403"))
        }
        try server.stop()
    }

    @Test(arguments: ["1.2", "1.3"]) func withClientCertificate(version: String) throws {
        let certificates = try Self.certificates()
        let server = try server(certificates)
        var expected = Self.common.merging(Self.client) { $1 }
        expected["SSL_PROTOCOL"] = "TLSv\(version)"
        expected["SSL_CIPHER"] = version == "1.3" ? "TLS_AES_256_GCM_SHA384" : "ECDHE-ECDSA-AES256-GCM-SHA384"
        let found = try variables(
            server,
            certificates,
            ["--tlsv\(version)", "--tls-max", version, "--cert", certificates.path + "/client.pem", "--key"]
                + [certificates.path + "/client.key"]
        )
        compare(found, expected)
        // Of 59 days a second has passed, or none.
        #expect(["58", "59"].contains(found["SSL_CLIENT_V_REMAIN"]))
        #expect(found["HTTP_X_CDN"] == expected["SSL_CLIENT_S_DN"])
        // Log lines hold what clients say about themselves: nothing in them may look like another line.
        try server.stop()
        let log = server.root.appendingPathComponent("logs/names.log")
        let subject =
            "emailAddress=c1@example.com,CN=client one,OU=Zwei,OU=Eins,O=Kunde\\\\, GmbH,L=M\\xc3\\xbcnchen,ST=Bayern,C=DE"
        let issuer = "CN=Test Root CA,OU=CA Unit,O=Test Org,L=San Francisco,ST=California,C=US"
        let line = try String(contentsOf: log, encoding: .utf8)
        #expect(line == "TLSv\(version)|\(subject)|\(issuer)|-|client one\n")
        #expect(server.complaints.isEmpty, "\(server.complaints)")
    }
}
