// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What mod_md, which manages certificates, asks of the module that speaks TLS.
@Suite struct ManagedDomainTests {
    private static let modules = "/usr/lib/apache2/modules"

    /// A name whose certificate is in files, so that nobody is asked for one.
    private static func domain(store: URL, _ identity: (certificate: String, key: String)) -> String {
        """
        LoadModule md_module \(modules)/mod_md.so
        MDStoreDir "\(store.path)"
        MDContactEmail admin@example.org
        MDPrivateKeys RSA 2048
        <MDomain localhost>
            MDCertificateFile "\(identity.certificate)"
            MDCertificateKeyFile "\(identity.key)"
        </MDomain>
        """
    }

    /// The smallest configuration of mod_md's manual: hosts that say nothing of certificates, `mod_tls.so` nothing of TLS.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func smallestConfiguration(face: HTTPServer.Face) throws {
        let store = try TemporaryDirectory.make("md")
        let identity = files(try TestCertificates.shared().localhost(.ecdsaP256))
        let server = try HTTPServer(face: face) { port in
            """
            \(Self.domain(store: store, identity))
            MDomain later.example
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(face == .tls ? "" : "SSLEngine on")
            </VirtualHost>
            <VirtualHost 127.0.0.1:\(port)>
                ServerName later.example
                \(face == .tls ? "" : "SSLEngine on")
            </VirtualHost>
            """
        }
        #expect(try curl([server.url]).text == "This is localhost.\n", "\(server.errorLog)")
        // That one's certificate is still to come.
        let address = "later.example:\(server.port)"
        let status = try curl([
            "--insecure", "--resolve", "\(address):127.0.0.1", "--output", "/dev/null", "--write-out", "%{http_code}",
            "https://\(address)/",
        ])
        #expect(status.text == "503", "\(status) \(server.errorLog)")
        try server.stop()
    }

    private func files(_ identity: TestCertificates.Identity) -> (certificate: String, key: String) {
        (identity.certificate.path, identity.key.path)
    }

    /// An authority that speaks `acme-tls/1` sees the certificate of the challenge, everybody else the usual one.
    @Test(arguments: [HTTPServer.Face.tls, .ssl]) func challenge(face: HTTPServer.Face) throws {
        let certificates = try TestCertificates.shared()
        let store = try TemporaryDirectory.make("md")
        let challenge = store.appendingPathComponent("challenges/localhost")
        try FileManager.default.createDirectory(at: challenge, withIntermediateDirectories: true)
        let script = """
            set -eu
            cd '\(challenge.path)'
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=challenge \
                -addext subjectAltName=DNS:localhost -addext 1.3.6.1.5.5.7.1.31=critical,DER:0420\(String(repeating: "ab", count: 32)) \
                -keyout acme-tls-alpn-01-privkey.pem -out acme-tls-alpn-01-pubcert.pem
            chmod -R a+rX '\(store.path)'
            """
        _ = try ChildProcess.check("/bin/sh", ["-c", script])
        let server = try HTTPServer(face: face) { port in
            """
            \(Self.domain(store: store, files(certificates.localhost(.ecdsaP256))))
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                Protocols acme-tls/1 h2 http/1.1
                \(face == .tls ? HTTPServer.certificateDirective(certificates.localhost(.ecdsaP256)) : "SSLEngine on")
            </VirtualHost>
            """
        }
        func subject(_ protocols: String) throws -> String {
            let outcome = try ChildProcess.run(
                "openssl",
                [
                    "s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-alpn", protocols,
                ]
            )
            return outcome.text.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init) ?? ""
        }
        #expect(try subject("acme-tls/1") == "subject=CN = challenge", "\(server.errorLog)")
        #expect(try subject("http/1.1") == "subject=O = SafeTLS tests, CN = localhost")
        #expect(try curl([server.url]).text == "This is localhost.\n")
        try server.stop()
    }

    /// The OCSP response that mod_md has fetched is stapled.
    @Test func stapling() throws {
        let store = try TemporaryDirectory.make("md")
        let authority = try OCSPAuthority()
        let identity = try authority.issue("localhost", serial: "07", purpose: "serverAuth")
        let (chain, key) = (identity.chain, identity.key)
        _ = try ChildProcess.check("chmod", ["-R", "a+rX", store.path])
        try authority.start(["07": .good])
        let server = try HTTPServer(face: .ssl) { port in
            """
            \(Self.domain(store: store, (chain, key)))
            MDStapling on
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                SSLEngine on
            </VirtualHost>
            """
        }
        try Patience.wait(for: "a staple", by: server.child, details: { server.errorLog }) {
            let outcome = try ChildProcess.run(
                "openssl",
                ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost", "-status"]
            )
            if outcome.text.contains("Cert Status: good") { return true }
            #expect(outcome.text.contains("OCSP response: no response sent"), "\(outcome)")
            return false
        }
        try server.stop()
    }
}
