// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// TLS from httpd to the servers that mod_proxy stands before.
@Suite struct ProxyTests {
    private static let modules = "/usr/lib/apache2/modules"
    private static let proxy = """
        LoadModule proxy_module \(modules)/mod_proxy.so
        LoadModule proxy_http_module \(modules)/mod_proxy_http.so
        """

    static func file(_ name: String) throws -> String { try TestCertificates.shared().file(name).path }

    /// A server of OpenSSL that answers every request with a page about its connection.
    static func backend(_ identity: String, _ options: [String] = []) throws -> (port: Int, ChildProcess) {
        let port = try LoopbackPort.free()
        let child = try ChildProcess(
            "openssl",
            [
                "s_server", "-accept", "127.0.0.1:\(port)", "-www", "-quiet", "-cert", try file("\(identity).pem"),
                "-cert_chain", try file("\(identity).pem"), "-key", try file("\(identity).key"),
            ] + options
        )
        try LoopbackPort.wait(for: port, by: child)
        return (port, child)
    }

    static func front(
        _ face: HTTPServer.Face,
        to backend: String,
        _ directives: String,
        section: String = ""
    ) throws -> HTTPServer {
        try HTTPServer(face: face) { port in
            """
            \(proxy)
            <VirtualHost *:\(port)>
                ServerName front.example
                ProxyPass / \(backend)
                \(directives)
                <Proxy \(backend)>
                    \(section)
                </Proxy>
            </VirtualHost>
            """
        }
    }

    static func status(_ server: HTTPServer) throws -> String {
        try curl([
            "--output", "/dev/null", "--write-out", "%{http_code}", "http://localhost:\(server.port)/",
        ]).text
    }

    /// What a proxied server shows, what the directives make of it, and what the log says then.
    struct Case: Sendable {
        let shown: String
        let directives: String
        let status: String
        let sentence: String
    }

    private static let authority = "SSLProxyVerify require\nSSLProxyCACertificateFile AUTHORITY"

    /// mod_ssl's directives: the name and the dates count, the authority where it is asked for.
    @Test(arguments: [
        Case(shown: "p256", directives: "", status: "200", sentence: ""),
        Case(shown: "p256", directives: authority, status: "200", sentence: ""),
        Case(shown: "rsa", directives: authority, status: "200", sentence: ""),
        Case(shown: "chained", directives: authority, status: "500", sentence: "STLS0001"),
        Case(shown: "chained", directives: authority + "\nSSLProxyVerifyDepth 2", status: "200", sentence: ""),
        Case(shown: "p256", directives: authority + "\nSSLProxyVerifyDepth 0", status: "500", sentence: "authority"),
        Case(shown: "a.example", directives: "", status: "500", sentence: "localhost"),
        Case(shown: "a.example", directives: "SSLProxyCheckPeerName off", status: "200", sentence: ""),
        Case(shown: "expired", directives: "", status: "500", sentence: "expired"),
        Case(shown: "expired", directives: "SSLProxyCheckPeerExpire off", status: "200", sentence: ""),
        Case(
            shown: "expired",
            directives: authority + "\nSSLProxyCheckPeerExpire off",
            status: "500",
            sentence: "expired"
        ),
        Case(
            shown: "p256",
            directives: "SSLProxyVerify require\nSSLProxyCACertificateFile UNKNOWN",
            status: "500",
            sentence: "STLS0001"
        ),
        Case(
            shown: "p256",
            directives: "SSLProxyVerify optional_no_ca\nSSLProxyCACertificateFile UNKNOWN",
            status: "200",
            sentence: ""
        ),
        Case(shown: "p256", directives: "SSLProxyProtocol TLSv1.2", status: "200", sentence: ""),
        Case(
            shown: "p256",
            directives: "SSLProxyCipherSuite ECDHE-RSA-AES128-GCM-SHA256\nSSLProxyProtocol TLSv1.2",
            status: "500",
            sentence: "STLS0001"
        ),
    ]) func verification(of check: Case) throws {
        let (port, backend) = try Self.backend(check.shown)
        defer { backend.terminate() }
        let directives = try check.directives
            .replacingOccurrences(of: "AUTHORITY", with: Self.file("ca.pem"))
            .replacingOccurrences(of: "UNKNOWN", with: Self.file("other-ca.pem"))
        // Once for the server, once for the section.
        for inSection in [false, true] {
            let server = try Self.front(
                .ssl,
                to: "https://localhost:\(port)/",
                "SSLProxyEngine on\n" + (inSection ? "" : directives),
                section: inSection ? directives : ""
            )
            #expect(try Self.status(server) == check.status, "\(server.errorLog)")
            try server.stop()
            #expect(check.sentence.isEmpty || server.errorLog.contains(check.sentence), "\(server.errorLog)")
        }
    }

    /// Servers of an authority with lists: `good`, `revoked`, and some whose names stand in odd places.
    private static let made = Result {
        let directory = try TemporaryDirectory.make("proxied")
        let script = """
            set -eu
            cd '\(directory.path)'
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make_authority() {
                make_key $1
                openssl req -x509 -new -key $1.key -subj "/CN=$1" -days 30 -out $1.pem \
                    -addext keyUsage=critical,keyCertSign,cRLSign
                : > $1.txt
                printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=%s.txt\\ndefault_md=sha256\\ndefault_crl_days=20\\n' $1 > $1.cnf
            }
            sign() {
                make_key $1
                openssl req -new -key $1.key -subj "/CN=$2" -out $1.csr
                printf 'keyUsage=digitalSignature\\nextendedKeyUsage=serverAuth\\n%s\\n' "$3" > $1.ext
                openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -set_serial $4 -days 30 -extfile $1.ext -out $1.pem
            }
            make_authority ca
            make_authority other
            sign good localhost subjectAltName=DNS:localhost 1
            sign revoked localhost subjectAltName=DNS:localhost 2
            sign nameless localhost "" 3
            sign misnamed elsewhere.example "" 4
            sign contradictory localhost subjectAltName=DNS:elsewhere.example 5
            openssl ca -config ca.cnf -cert ca.pem -keyfile ca.key -revoke revoked.pem
            for name in ca other; do
                openssl ca -config $name.cnf -cert $name.pem -keyfile $name.key -gencrl -out $name.crl
            done
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        return directory
    }

    private static let verify = "SSLProxyVerify require\nSSLProxyCACertificateFile DIRECTORY/ca.pem\n"
    private static let list = verify + "SSLProxyCARevocationFile DIRECTORY/ca.crl\nSSLProxyCARevocationCheck "
    private static let otherList = verify + "SSLProxyCARevocationFile DIRECTORY/other.crl\nSSLProxyCARevocationCheck "

    /// Revocation lists, and names that stand in the subject only.
    @Test(arguments: [
        Case(shown: "good", directives: list + "leaf", status: "200", sentence: ""),
        Case(shown: "good", directives: list + "chain", status: "200", sentence: ""),
        Case(shown: "revoked", directives: list + "leaf", status: "500", sentence: "revoked"),
        Case(shown: "revoked", directives: list + "chain", status: "500", sentence: "revoked"),
        Case(shown: "revoked", directives: list + "leaf no_crl_for_cert_ok", status: "500", sentence: "revoked"),
        Case(shown: "revoked", directives: list + "none", status: "200", sentence: ""),
        Case(shown: "good", directives: otherList + "leaf", status: "500", sentence: "STLS0001"),
        Case(shown: "good", directives: otherList + "leaf no_crl_for_cert_ok", status: "200", sentence: ""),
        Case(
            shown: "revoked",
            directives: list.replacingOccurrences(of: "require", with: "optional_no_ca") + "leaf",
            status: "500",
            sentence: "revoked"
        ),
        Case(shown: "nameless", directives: verify, status: "200", sentence: ""),
        Case(shown: "misnamed", directives: verify, status: "500", sentence: "localhost"),
        Case(shown: "contradictory", directives: verify, status: "500", sentence: "localhost"),
    ]) func listsAndNames(of check: Case) throws {
        let directory = try Self.made.get().path
        let (port, backend) = try Self.backend(
            "p256",
            ["-cert", "\(directory)/\(check.shown).pem", "-key", "\(directory)/\(check.shown).key"]
        )
        defer { backend.terminate() }
        let directives = check.directives.replacingOccurrences(of: "DIRECTORY", with: directory)
        let server = try Self.front(.ssl, to: "https://localhost:\(port)/", "SSLProxyEngine on\n" + directives)
        #expect(try Self.status(server) == check.status, "\(server.errorLog)")
        try server.stop()
        #expect(check.sentence.isEmpty || server.errorLog.contains(check.sentence), "\(server.errorLog)")
    }

    /// mod_tls's directives: servers are verified, unless by the authorities named then by the system's.
    @Test func verificationByTLS() throws {
        let (port, backend) = try Self.backend("p256")
        defer { backend.terminate() }
        for (directives, status) in [
            ("TLSProxyCA \(try Self.file("ca.pem"))", "200"),
            ("TLSProxyCA \(try Self.file("ca.pem"))\nTLSProxyProtocol v1.3+", "200"),
            ("TLSProxyCA \(try Self.file("other-ca.pem"))", "500"),
            ("", "500"),
        ] {
            let server = try Self.front(.tls, to: "https://localhost:\(port)/", "TLSProxyEngine on\n" + directives)
            #expect(try Self.status(server) == status, "\(directives)\n\(server.errorLog)")
            try server.stop()
        }
    }

    /// A certificate of our own is shown when the proxied server asks for one of its authority.
    @Test func machineCertificates() throws {
        let (port, backend) = try Self.backend(
            "p256",
            ["-Verify", "2", "-CAfile", Self.file("ca.pem"), "-verify_return_error"]
        )
        defer { backend.terminate() }
        let pair = try TemporaryDirectory.make("machine")
        let pem = pair.appendingPathComponent("client.pem")
        try
            (Data(contentsOf: URL(fileURLWithPath: Self.file("client-p256.pem")))
            + Data(contentsOf: URL(fileURLWithPath: Self.file("client-p256.key")))).write(to: pem)
        for directive in [
            "", "SSLProxyMachineCertificateFile \(pem.path)", "SSLProxyMachineCertificatePath \(pair.path)",
        ] {
            let server = try Self.front(.ssl, to: "https://localhost:\(port)/", "SSLProxyEngine on\n" + directive)
            let status = try Self.status(server)
            #expect(
                directive.isEmpty ? status != "200" : status == "200",
                "\(directive): \(status)\n\(server.errorLog)"
            )
            try server.stop()
        }
    }

    /// Of several certificates in a file that is shown which comes from an authority of the server's, however far above.
    @Test(arguments: [HTTPServer.Face.ssl, .tls]) func machineCertificatesByAuthority(face: HTTPServer.Face) throws {
        let directory = try TemporaryDirectory.make("machines")
        let script = """
            set -eu
            cd '\(directory.path)'
            printf 'basicConstraints=critical,CA:TRUE\\n' > ca.ext
            printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > client.ext
            make_key() { openssl ecparam -name prime256v1 -genkey -noout -out $1.key; }
            make() {
                make_key $1
                openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
                openssl x509 -req -in $1.csr -CA $2.pem -CAkey $2.key -set_serial $4 -days 30 -extfile $3.ext -out $1.pem
            }
            for name in north south; do
                make_key $name
                openssl req -x509 -new -key $name.key -subj "/CN=$name" -days 30 -out $name.pem
            done
            make middle south ca 2
            make first north client 3
            make second middle client 4
            cat first.pem first.key second.key second.pem > machines.pem
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let path = directory.path
        let lines =
            face == .ssl
            ? """
            SSLProxyMachineCertificateFile \(path)/machines.pem
            SSLProxyMachineCertificateChainFile \(path)/middle.pem
            """
            : """
            TLSProxyCA \(try Self.file("ca.pem"))
            TLSProxyMachineCertificate \(path)/first.pem \(path)/first.key
            TLSProxyMachineCertificate \(path)/second.pem \(path)/second.key
            TLSProxyMachineCertificate \(path)/machines.pem \(path)/middle.pem
            """
        for (authority, name) in [("north", "first"), ("south", "second")] {
            for version in ["-tls1_2", "-tls1_3"] {
                let (port, backend) = try Self.backend(
                    "p256",
                    ["-Verify", "3", "-CAfile", "\(path)/\(authority).pem", "-verify_return_error", version]
                )
                defer { backend.terminate() }
                let server = try Self.front(
                    face,
                    to: "https://localhost:\(port)/",
                    "\(face.rawValue.uppercased())ProxyEngine on\n\(lines)"
                )
                let page = try curl(["http://localhost:\(server.port)/"]).text
                #expect(page.contains("CN = \(name)") || page.contains("CN=\(name)"), "\(page)\n\(server.errorLog)")
                try server.stop()
            }
        }
    }

    /// Large bodies both ways, through kept connections, between two servers of ours: HTTP/1.1 and HTTP/2.
    @Test(arguments: ["https", "h2"]) func bodies(scheme: String) throws {
        let inner = try HTTPServer()
        let large = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) })
        try large.write(to: inner.documents.appendingPathComponent("large"))
        let server = try HTTPServer(face: .ssl) { port in
            """
            \(Self.proxy)
            \(scheme == "h2" ? "LoadModule proxy_http2_module \(Self.modules)/mod_proxy_http2.so" : "")
            SSLProxyEngine on
            SSLProxyVerify require
            SSLProxyCACertificateFile \(try Self.file("ca.pem"))
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                ProxyPass / \(scheme)://localhost:\(inner.port)/
            </VirtualHost>
            """
        }
        let copy = server.root.appendingPathComponent("copy")
        for _ in 0..<3 {
            _ = try curl(["--output", copy.path, server.url + "/large"])
            #expect(try Data(contentsOf: copy) == large, "\(server.errorLog)\n\(inner.errorLog)")
            let outcome = try curl([
                "--data-binary", "@\(copy.path)", server.url + "/cgi-bin/digest",
            ])
            #expect(outcome.text.hasSuffix(" 3000000\n"), "\(outcome)\n\(server.errorLog)")
        }
        try server.stop()
        try inner.stop()
        #expect(server.complaints.isEmpty, "\(server.complaints)")
        #expect(inner.complaints.isEmpty, "\(inner.complaints)")
        #expect(inner.accessLog.contains(scheme == "h2" ? "HTTP/2.0" : "HTTP/1.1"))
    }

    /// Sessions are resumed: the second connection shows no certificate.
    @Test func sessions() throws {
        let (backendPort, backend) = try Self.backend("p256")
        defer { backend.terminate() }
        // Each process has its own sessions: there is one.
        let one = """
            ServerLimit 1
            StartServers 1
            ThreadsPerChild 8
            MaxRequestWorkers 8
            MinSpareThreads 1
            MaxSpareThreads 8
            """
        let server = try HTTPServer(face: .ssl) { port in
            """
            \(one)
            \(Self.proxy)
            LoadModule env_module \(Self.modules)/mod_env.so
            <VirtualHost *:\(port)>
                ServerName front.example
                ProxyPass / https://localhost:\(backendPort)/
                SSLProxyEngine on
                SetEnv proxy-nokeepalive 1
            </VirtualHost>
            """
        }
        var pages: [String] = []
        for _ in 0..<3 { pages.append(try curl(["http://localhost:\(server.port)/"]).text) }
        #expect(pages.allSatisfy { $0.contains("TLSv1.3") }, "\(pages)")
        #expect(pages.contains { $0.contains("Reused, TLSv1.3") }, "\(pages.last ?? "")")
        try server.stop()
    }

    /// mod_proxy_hcheck says no name of the servers that it looks after. Requests do.
    @Test func healthChecks() throws {
        let directory = try Self.made.get().path
        for (name, isGood) in [("good", true), ("misnamed", false)] {
            let (port, backend) = try Self.backend(
                "p256",
                ["-cert", "\(directory)/\(name).pem", "-key", "\(directory)/\(name).key"]
            )
            defer { backend.terminate() }
            let server = try HTTPServer(face: .ssl) { _ in
                """
                \(Self.proxy)
                LoadModule slotmem_shm_module \(Self.modules)/mod_slotmem_shm.so
                LoadModule proxy_balancer_module \(Self.modules)/mod_proxy_balancer.so
                LoadModule lbmethod_byrequests_module \(Self.modules)/mod_lbmethod_byrequests.so
                LoadModule proxy_hcheck_module \(Self.modules)/mod_proxy_hcheck.so
                LogLevel proxy_hcheck:debug
                SSLProxyEngine on
                <Proxy balancer://servers>
                    BalancerMember https://localhost:\(port) hcmethod=GET hcuri=/ hcinterval=1
                </Proxy>
                ProxyPass / balancer://servers/
                """
            }
            try Patience.wait(for: "health checks", by: server.child, details: { server.errorLog }) {
                server.errorLog.components(separatedBy: "Health check GET Status").count >= 4
            }
            #expect(try Self.status(server) == (isGood ? "200" : "500"), "\(server.errorLog)")
            #expect(server.errorLog.contains("Health check GET Status (0)"))
            try server.stop()
            #expect(server.errorLog.contains("STLS0001") != isGood, "\(server.errorLog)")
        }
    }

    @Test(arguments: [
        ("SSLProxyEngine on\nSSLProxyVerify require", "names an authority"),
        ("SSLProxyEngine on\nSSLProxyVerify sometimes", "sometimes"),
        ("SSLProxyEngine on\nSSLProxyMachineCertificateFile /nowhere.pem", "/nowhere.pem"),
        ("SSLProxyEngine on\nSSLProxyCACertificateFile /nowhere.pem", "/nowhere.pem"),
    ]) func mistakes(directives: String, sentence: String) {
        #expect {
            try Self.front(.ssl, to: "https://localhost:1/", directives)
        } throws: { "\($0)".contains(sentence) }
    }
}
