// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The face that stands in for mod_ssl, with configurations that were written for mod_ssl.
@Suite(.serialized) struct StandInTests {
    /// Where the files of Debian's packages lie.
    private static let debian = Result {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("debian-configuration.sh")
        let outcome = try ChildProcess.check("/bin/bash", [script.path])
        return outcome.text.trimmingCharacters(in: .newlines)
    }

    private static func identity() throws -> TestCertificates.Identity {
        try TestCertificates.shared().localhost(.ecdsaP256)
    }

    static func certificate(_ identity: TestCertificates.Identity) -> String {
        "SSLCertificateFile \"\(identity.certificate.path)\"\nSSLCertificateKeyFile \"\(identity.key.path)\""
    }

    private func expectPages(_ server: HTTPServer, versions: [String] = ["1.2", "1.3"], _ options: [String] = []) throws
    {
        for version in versions {
            let outcome = try curl(options + ["--tlsv\(version)", "--tls-max", version, server.url])
            #expect(outcome.text == "This is localhost.\n", "TLS \(version): \(outcome)")
        }
    }

    /// Starts httpd on a port that is not its own: another run of the tests on this machine may have it just now.
    private static func start(
        onPort port: Int?,
        _ hosts: @escaping @Sendable (_ port: Int) throws -> String
    ) throws -> HTTPServer {
        guard let port else { return try HTTPServer(face: .ssl, hosts: hosts) }
        return try Patience.wait(for: "port \(port)") {
            guard !LoopbackPort.isListening(port) else { return nil }
            do {
                return try HTTPServer(face: .ssl, port: port, hosts: hosts)
            } catch let error as ChildProcessError where error.description.contains("Address already in use") {
                return nil
            }
        }
    }

    /// Debian's own files, as they are; httpd's start lines are the tests'. Who is root gets port 443 and the certificate
    /// of Debian's package ssl-cert, as an administrator would, others a copy with another port and certificate.
    @Test func debianDefaultSite() throws {
        let debian = try Self.debian.get()
        let isRoot = getuid() == 0
        let names = ["mods-available/ssl.conf", "sites-available/default-ssl.conf"]
        let server = try Self.start(onPort: isRoot ? 443 : nil) { port in
            guard !isRoot else { return names.map { "Include \(debian)/etc/apache2/\($0)" }.joined(separator: "\n") }
            let identity = try Self.identity()
            return try names.map { name in
                try String(contentsOfFile: "\(debian)/etc/apache2/\(name)", encoding: .utf8)
                    .replacingOccurrences(of: ":443>", with: ":\(port)>")
                    .replacingOccurrences(of: "/etc/ssl/certs/ssl-cert-snakeoil.pem", with: identity.certificate.path)
                    .replacingOccurrences(of: "/etc/ssl/private/ssl-cert-snakeoil.key", with: identity.key.path)
            }.joined(separator: "\n")
        }
        for version in ["1.2", "1.3"] {
            // The site's pages are Debian's, if there are any: what counts is that it answers.
            let outcome = try curl([
                "--insecure", "--tlsv\(version)", "--tls-max", version, "--output", "/dev/null", "--write-out",
                "%{http_code} %{scheme}", server.url,
            ])
            #expect(["200 HTTPS", "403 HTTPS", "404 HTTPS"].contains(outcome.text), "\(outcome)")
        }
        try server.stop()
        // Debian's site names the host of the machine; httpd says so itself.
        #expect(server.complaints.filter { $0.contains("[ssl:") }.isEmpty, "\(server.complaints)")
    }

    @Test(arguments: ["current", "old"]) func certbot(kind: String) throws {
        let file = "certbot_apache/_internal/tls_configs/\(kind)-options-ssl-apache.conf"
        let path = "\(try Self.debian.get())/usr/lib/python3/dist-packages/\(file)"
        let server = try HTTPServer(face: .ssl) { port in
            """
            <IfModule mod_ssl.c>
            <VirtualHost *:\(port)>
                ServerName localhost
                \(Self.certificate(try Self.identity()))
                Include \(path)
            </VirtualHost>
            </IfModule>
            """
        }
        try expectPages(server)
        try server.stop()
        // Its list names suites of finite fields.
        let sentence = "STLS0008: SSLCipherSuite: not supported, and never used: DHE-RSA-AES128-GCM-SHA256, "
        #expect(server.complaints.allSatisfy { $0.contains(sentence) }, "\(server.complaints)")
        #expect(!server.complaints.isEmpty)
    }

    static let intermediate = """
        SSLProtocol -all +TLSv1.2 +TLSv1.3
        SSLOpenSSLConfCmd Curves X25519MLKEM768:X25519:prime256v1:secp384r1
        SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
        SSLHonorCipherOrder off
        SSLSessionTickets off
        SSLUseStapling On
        SSLStaplingCache "shmcb:logs/ssl_stapling(32768)"
        """

    static let modern = """
        SSLProtocol -all +TLSv1.3
        SSLOpenSSLConfCmd Curves X25519MLKEM768:X25519:prime256v1:secp384r1
        SSLHonorCipherOrder off
        SSLSessionTickets off
        """

    /// What Mozilla's generator writes: the virtual host first, the protocol for all of them behind it.
    @Test(arguments: [(intermediate, ["1.2", "1.3"]), (modern, ["1.3"])])
    func mozilla(text: String, versions: [String]) throws {
        let server = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                SSLEngine on
                \(Self.certificate(try Self.identity()))
                Protocols h2 http/1.1
                Header always set Strict-Transport-Security "max-age=63072000"
            </VirtualHost>
            \(text)
            """
        }
        try expectPages(server, versions: versions, ["--http2"])
        if versions.count == 1 {
            #expect(try curl(["--tls-max", "1.2", server.url]).status != 0)
        }
        try server.stop()
    }

    @Test func whatIsNotSupportedStopsTheStart() throws {
        let mistakes = [
            ("SSLEngine optional", "insecure"), ("SSLProtocol TLSv1.1", "neither TLSv1.2 nor TLSv1.3"),
            ("SSLCipherSuite RC4-MD5", "selects no cipher suite"),
            ("SSLOCSPNoVerify on", "SSLOCSPResponderCertificateFile"),
            ("SSLVerifyClient require", "SSLCACertificateFile"),
            ("SSLOpenSSLConfCmd Nonsense x", "supported are Curves"), ("SSLFIPS on", "FIPS"),
            ("SSLInsecureRenegotiation on", "renegotiation"), ("SSLProtocol +SSLv3", "SSLv3"),
        ]
        for (line, reason) in mistakes {
            let error = #expect(throws: ChildProcessError.self, "\(line)") {
                try HTTPServer(face: .ssl) { port in
                    // What is for the whole server stands outside.
                    let isGlobal = line.hasPrefix("SSLFIPS")
                    return """
                        \(isGlobal ? line : "")
                        <VirtualHost *:\(port)>
                            SSLEngine on
                            \(Self.certificate(try Self.identity()))
                            \(isGlobal ? "" : line)
                        </VirtualHost>
                        """
                }
            }
            #expect(error.map { "\($0)".contains(reason) } == true, "\(line): \(error.map { "\($0)" } ?? "")")
        }
    }

    /// certbot chooses its options file by a version that it looks for in the module.
    @Test func certbotFindsAVersion() throws {
        let module = try Data(contentsOf: HTTPServer.Face.ssl.module)
        #expect(module.range(of: Data("OpenSSL 3.0.0 ".utf8)) != nil)
    }

    /// Mutexes that only mod_ssl has, and names of certificates before their conversion to UTF-8.
    @Test func oddsAndEnds() throws {
        let server = try HTTPServer(face: .ssl) { port in
            """
            Mutex default ssl-stapling
            Mutex default ssl-stapling-refresh
            Mutex default ssl-cache
            <VirtualHost *:\(port)>
                SSLEngine on
                \(Self.certificate(try Self.identity()))
                Header set X-Name "%{SSL_SERVER_S_DN_CN_RAW}s"
            </VirtualHost>
            """
        }
        #expect(try curl(["--head", server.url]).text.contains("X-Name: localhost\r\n"))
        try server.stop()
    }

    @Test func accessRules() throws {
        let server = try HTTPServer(face: .ssl) { port in
            let identity = try TestCertificates.shared().localhost(.ecdsaP256)
            return """
                <VirtualHost *:\(port)>
                    ServerName localhost
                    SSLEngine on
                    \(Self.certificate(identity))
                    <Location "/a">
                        SSLRequireSSL
                        Require ssl
                    </Location>
                    <Location "/b">
                        SSLRequire %{SSL_PROTOCOL} eq "TLSv1.3" and %{SSL_CIPHER_USEKEYSIZE} >= 128
                    </Location>
                    <Location "/missing">
                        Require ssl-verify-client
                    </Location>
                </VirtualHost>
                """
        }
        func status(_ path: String, _ options: [String] = []) throws -> String {
            try curl(options + ["--output", "/dev/null", "--write-out", "%{http_code}", server.url + path]).text
        }
        #expect(try status("/a/") == "200")
        #expect(try status("/b/") == "200")
        #expect(try status("/b/", ["--tls-max", "1.2"]) == "403")
        #expect(try status("/missing/") == "403")
        try server.stop()
    }
}
