// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Mistakes that `apachectl configtest` must find, and name so that they can be mended.
@Suite struct ConfigurationTests {
    struct Mistake: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// The directives of the only virtual host.
        var directives: @Sendable (TestCertificates) -> [String]
        /// What one line of the complaint must contain.
        var words: @Sendable (TestCertificates) -> [String]
    }

    static let mistakes = [
        Mistake(
            testDescription: "missing certificate file",
            directives: { _ in ["TLSCertificate /nowhere/server.pem /nowhere/server.key"] },
            words: { _ in ["TLSCertificate", "/nowhere/server.pem"] }
        ),
        Mistake(
            testDescription: "missing key file",
            directives: { ["TLSCertificate \"\($0.localhost(.ecdsaP256).certificate.path)\" /nowhere/server.key"] },
            words: { _ in ["TLSCertificate", "/nowhere/server.key"] }
        ),
        Mistake(
            testDescription: "certificate that is a device",
            directives: { ["TLSCertificate /dev/zero \"\($0.localhost(.ecdsaP256).key.path)\""] },
            words: { _ in ["TLSCertificate", "/dev/zero", "not a regular file"] }
        ),
        Mistake(
            testDescription: "key of another certificate",
            directives: {
                let (mine, other) = ($0.localhost(.ecdsaP256).certificate.path, $0.localhost(.ecdsaP384).key.path)
                return ["TLSCertificate \"\(mine)\" \"\(other)\""]
            },
            words: { ["TLSCertificate", $0.localhost(.ecdsaP384).key.path] }
        ),
        Mistake(
            testDescription: "key file without a key",
            directives: {
                let certificate = $0.localhost(.ecdsaP256).certificate.path
                return ["TLSCertificate \"\(certificate)\" \"\($0.authority.path)\""]
            },
            words: { ["TLSCertificate", $0.authority.path] }
        ),
        Mistake(
            testDescription: "unknown cipher suite",
            directives: {
                [HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSCiphersPrefer TLS_MADE_UP_SHA256"]
            },
            words: { _ in ["TLSCiphersPrefer", "TLS_MADE_UP_SHA256"] }
        ),
        Mistake(
            testDescription: "unknown protocol",
            directives: { [HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSProtocol v1.9"] },
            words: { _ in ["TLSProtocol", "v1.9"] }
        ),
        Mistake(
            testDescription: "early data with tickets of other servers",
            directives: {
                [
                    HTTPServer.certificateDirective($0.localhost(.rsa)), "TLSEarlyData on",
                    "TLSTicketKeys \"\($0.authority.path)\"",
                ]
            },
            words: { _ in ["TLSEarlyData", "TLSTicketKeys"] }
        ),
    ]

    private func test(_ directives: [String]) throws -> ChildProcess.Outcome {
        let root = try HTTPServer.makeRoot()
        let port = try LoopbackPort.free()
        let hosts = """
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(directives.joined(separator: "\n    "))
            </VirtualHost>
            """
        let file = root.appendingPathComponent("httpd.conf")
        try Data(HTTPServer.configuration(.event, root: root, port: port, hosts: hosts).utf8).write(to: file)
        return try ChildProcess.run("/usr/sbin/apache2", ["-t", "-d", root.path, "-f", file.path])
    }

    @Test(arguments: mistakes) func mistakeIsNamed(_ mistake: Mistake) throws {
        let certificates = try TestCertificates.shared()
        let outcome = try test(mistake.directives(certificates))
        #expect(outcome.status != 0)
        let words = mistake.words(certificates)
        let lines = (outcome.text + outcome.errors).split(separator: "\n").filter { line in
            words.allSatisfy { line.contains($0) }
        }
        #expect(lines.count == 1, "\(outcome)")
    }

    /// One run of configtest on the directives of mod_ssl.
    private func test(standIn text: (Int) throws -> String) throws -> ChildProcess.Outcome {
        let root = try HTTPServer.makeRoot()
        let port = try LoopbackPort.free()
        let file = root.appendingPathComponent("httpd.conf")
        let hosts = try text(port)
        try Data(HTTPServer.configuration(.event, face: .ssl, root: root, port: port, hosts: hosts).utf8).write(
            to: file
        )
        return try ChildProcess.run("/usr/sbin/apache2", ["-t", "-d", root.path, "-f", file.path])
    }

    /// A file that many hosts include is said once to name what there is not.
    @Test func warningsOfIncludedFilesAreSaidOnce() throws {
        let certificate = StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256))
        let file = try TemporaryDirectory.make("included").appendingPathComponent("options.conf")
        let text = "SSLCipherSuite HIGH:AES128-SHA\nSSLProxyCipherSuite HIGH:AES128-SHA\n"
        try Data(text.utf8).write(to: file)
        let outcome = try test { port in
            (0..<5).map { number in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName \(number).test
                    SSLEngine on
                    \(certificate)
                    Include \(file.path)
                    \(number == 3 ? "SSLCipherSuite HIGH:AES256-SHA" : "")
                </VirtualHost>
                """
            }.joined(separator: "\n")
        }
        #expect(outcome.status == 0, "\(outcome)")
        let lines = outcome.errors.split(separator: "\n").filter { $0.contains("never used") }
        let first = "CipherSuite: not supported, and never used: AES128-SHA (line"
        #expect(lines.count == 3, "\(outcome)")
        for line in [
            "SSL\(first) 1 of \(file.path), and 4 more times)", "SSLProxy\(first) 2 of \(file.path), and 4 more times)",
        ] {
            #expect(lines.filter { $0.contains(" \(line)") }.count == 1, "\(outcome)")
        }
        #expect(lines.filter { $0.contains("AES256-SHA (line ") }.count == 1, "\(outcome)")
    }

    /// Every host with a mistake is named in one run, and every file that is named is read: those of hosts whose engine is
    /// off, lists that nothing uses, those of proxied servers.
    @Test func oneRunNamesEverything() throws {
        let certificates = try TestCertificates.shared()
        let good = StandInTests.certificate(certificates.localhost(.ecdsaP256))
        let hosts = [
            ("off", "SSLCertificateFile /nowhere/off.pem", "SSLCertificateFile /nowhere/off.pem"),
            (
                "list", "SSLEngine on\n\(good)\nSSLCARevocationFile /nowhere/list.crl",
                "SSLCARevocationFile /nowhere/list.crl"
            ),
            ("names", "SSLEngine on\n\(good)\nSSLCADNRequestFile /dev/null", "SSLCADNRequestFile /dev/null"),
            (
                "responder",
                "SSLEngine on\n\(good)\nSSLOCSPResponderCertificateFile \(certificates.localhost(.rsa).key.path)",
                "SSLOCSPResponderCertificateFile \(certificates.localhost(.rsa).key.path)"
            ),
            ("key", "SSLEngine on\nSSLCertificateFile \(certificates.localhost(.rsa).certificate.path)", "private key"),
            (
                "proxy", "SSLProxyEngine on\nSSLProxyCARevocationFile /nowhere/proxy.crl",
                "SSLProxyCARevocationFile /nowhere"
            ),
            ("directory", "SSLProxyCACertificatePath /nowhere/authorities", "SSLProxyCACertificatePath /nowhere"),
            ("verify", "SSLProxyEngine on\nSSLProxyVerify require", "for proxied servers"),
            (
                "unverified", "<Proxy https://y.test/>\nSSLProxyEngine on\nSSLProxyVerify require\n</Proxy>",
                "the <Proxy> section with line "
            ),
            (
                "section", "<Proxy https://x.test/>\nSSLProxyMachineCertificateFile /nowhere/machine.pem\n</Proxy>",
                "SSLProxyMachineCertificateFile /nowhere/machine.pem"
            ),
        ]
        let outcome = try test { port in
            "LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n"
                + hosts.map { "<VirtualHost 127.0.0.1:\(port)>\nServerName \($0.0).test\n\($0.1)\n</VirtualHost>" }
                .joined(separator: "\n")
        }
        #expect(outcome.status != 0)
        let lines = (outcome.text + outcome.errors).split(separator: "\n")
        for (name, _, words) in hosts {
            let found = lines.filter { $0.contains("virtual host \(name).test (line ") && $0.contains(words) }
            #expect(found.count == 1, "\(name): \(outcome)")
        }
        // The line of a file stands there, too.
        #expect(
            lines.contains {
                $0.contains("SSLCARevocationFile /nowhere/list.crl: cannot be read (No such file")
                    && $0.contains("(line ")
            }
        )
    }

    /// What is wrong inside a file that nothing uses is no reason not to start, and is said.
    @Test func unusedFilesAreWarnings() throws {
        let certificates = try TestCertificates.shared()
        let key = certificates.localhost(.rsa).key.path
        let outcome = try test { port in
            """
            <VirtualHost 127.0.0.1:\(port)>
                ServerName off.test
                SSLCACertificateFile \(key)
            </VirtualHost>
            """
        }
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            outcome.errors.contains("SSLCACertificateFile \(key): ")
                && outcome.errors.contains("not used, as SSLEngine")
        )
    }

    /// Lists that nothing looks into are mentioned, those of clients and those of proxied servers.
    @Test func unusedLists() throws {
        let directory = try TemporaryDirectory.make("lists")
        let script = """
            set -eu
            cd '\(directory.path)'
            touch index.txt
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca
            printf '[ca]\\ndefault_ca=x\\n[x]\\ndatabase=index.txt\\ndefault_md=sha256\\ndefault_crl_days=30\\n' > ca.cnf
            openssl ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -out list.crl
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let list = directory.path + "/list.crl"
        let certificate = StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256))
        let outcome = try test { port in
            """
            LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
            <VirtualHost 127.0.0.1:\(port)>
                ServerName clients.test
                SSLEngine on
                \(certificate)
                SSLCARevocationFile \(list)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName servers.test
                SSLEngine on
                \(certificate)
                SSLProxyEngine on
                SSLProxyCARevocationFile \(list)
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName section.test
                SSLEngine on
                \(certificate)
                <Proxy https://x.test/>
                    SSLProxyEngine on
                    SSLProxyCARevocationFile \(list)
                </Proxy>
            </VirtualHost>
            """
        }
        #expect(outcome.status == 0, "\(outcome)")
        for (name, directive) in [
            "clients": "SSLCARevocationCheck", "servers": "SSLProxyCARevocationCheck",
            "section": "SSLProxyCARevocationCheck",
        ] {
            let lines = outcome.errors.split(separator: "\n").filter {
                $0.contains("virtual host \(name).test (line ") && $0.contains("not used: \(directive) says")
            }
            #expect(lines.count == 1, "\(name): \(outcome)")
        }
    }

    /// The chain file with the system's authorities is what is wrong, not the server's certificate.
    @Test func chainFileIsNamed() throws {
        let certificates = try TestCertificates.shared()
        let many = try TemporaryDirectory.make("chain").appendingPathComponent("bundle.pem")
        let script = """
            set -eu
            openssl ecparam -name prime256v1 -genkey -noout -out '\(many.path).key'
            for number in $(seq 101); do
                openssl req -x509 -new -key '\(many.path).key' -days 30 -subj "/CN=$number" >> '\(many.path)'
            done
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let outcome = try test { port in
            """
            <VirtualHost 127.0.0.1:\(port)>
                SSLEngine on
                \(StandInTests.certificate(certificates.localhost(.ecdsaP256)))
                SSLCertificateChainFile \(many.path)
            </VirtualHost>
            """
        }
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("SSLCertificateChainFile \(many.path): has 101 certificates"), "\(outcome)")
        #expect(!outcome.errors.contains(certificates.localhost(.ecdsaP256).certificate.path), "\(outcome)")
    }

    /// More names of authorities than a message holds are an error where the handshake asks, and a warning where at most a
    /// directory does.
    @Test func namesOfAuthorities() throws {
        let certificates = try TestCertificates.shared()
        let directory = try TemporaryDirectory.make("authorities")
        let bundle = directory.appendingPathComponent("many.pem")
        let pad = String(repeating: "x", count: 60)
        let script = """
            set -eu
            cd '\(directory.path)'
            openssl ecparam -name prime256v1 -genkey -noout -out key
            for number in $(seq 120); do
                openssl req -x509 -new -key key -days 30 -subj "/O=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/OU=\(pad)/CN=$number" >> many.pem
            done
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        func outcome(_ more: String) throws -> ChildProcess.Outcome {
            try test { port in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    SSLEngine on
                    \(StandInTests.certificate(certificates.localhost(.ecdsaP256)))
                    SSLCACertificateFile \(bundle.path)
                    \(more)
                </VirtualHost>
                """
            }
        }
        let quiet = try outcome("")
        #expect(quiet.status == 0 && quiet.errors.contains("SSLCADNRequestFile says which"), "\(quiet)")
        let asking = try outcome("SSLVerifyClient optional")
        #expect(asking.status != 0 && asking.errors.contains("SSLCADNRequestFile says which"), "\(asking)")
        let named = try outcome("SSLVerifyClient optional\nSSLCADNRequestFile \(certificates.authority.path)")
        #expect(named.status == 0, "\(named)")
    }

    /// `apachectl -t -D DUMP_CERTS`, as certificate tools ask mod_ssl.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func certificatesAreListed(face: HTTPServer.Face) throws {
        let certificates = try TestCertificates.shared()
        let root = try HTTPServer.makeRoot()
        let port = try LoopbackPort.free()
        let identities = [certificates.localhost(.ecdsaP256), certificates.named("a.example")]
        let hosts = identities.enumerated().map { index, identity in
            """
            <VirtualHost 127.0.0.1:\(port)>
                ServerName host\(index).test
                \(face == .tls ? HTTPServer.certificateDirective(identity) : "SSLEngine on")
                \(face == .tls ? "" : StandInTests.certificate(identity))
            </VirtualHost>
            """
        }
        let text = (face == .tls ? "TLSEngine 127.0.0.1:\(port)\n" : "") + hosts.joined(separator: "\n")
        let file = root.appendingPathComponent("httpd.conf")
        try Data(HTTPServer.configuration(.event, face: face, root: root, port: port, hosts: text).utf8).write(to: file)
        let arguments = ["-t", "-d", root.path, "-f", file.path]
        let outcome = try ChildProcess.run("/usr/sbin/apache2", arguments + ["-D", "DUMP_CERTS"])
        // In the order in which httpd keeps its servers.
        let list = identities.reversed().map { "  \($0.certificate.path)\n" }.joined()
        #expect(outcome.text == "Server certificates:\n" + list, "\(outcome)")
        #expect(try ChildProcess.run("/usr/sbin/apache2", arguments).text == "")
    }

    @Test func soundConfigurationPasses() throws {
        let certificates = try TestCertificates.shared()
        let outcome = try test([
            HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256)),
            HTTPServer.certificateDirective(certificates.withIntermediate),
            "TLSProtocol v1.3+", "TLSHonorClientOrder off", "TLSStrictSNI on",
            "TLSCiphersPrefer TLS_CHACHA20_POLY1305_SHA256",
            "TLSCiphersSuppress ECDHE-RSA-AES128-GCM-SHA256",
        ])
        #expect(outcome.status == 0 && outcome.errors.contains("Syntax OK"), "\(outcome)")
    }

    /// Only a process that may read the key, as root may, can start: the children need not.
    @Test func keyIsReadBeforeTheChildrenStart() throws {
        let certificates = try TestCertificates.shared()
        let identity = certificates.localhost(.ecdsaP256)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: identity.key.path)
        let server = try HTTPServer()
        #expect(try curl([server.url]).text == "This is localhost.\n")
    }
}
