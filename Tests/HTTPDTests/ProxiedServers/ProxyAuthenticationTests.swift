// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Servers that ask the proxy for a certificate below one path only, after the handshake.
extension ProxyTests {
    /// What the proxy has to show, the answer, and what the proxy's log says.
    struct Shown: Sendable {
        let client: String?
        let status: String
        let sentence: String?
    }

    @Test(
        arguments: [
            Shown(client: "good", status: "200", sentence: nil),
            Shown(
                client: nil,
                status: "403",
                sentence: "STLS0018: the proxied server asks for a certificate, and there is none"
            ),
            Shown(
                client: "stranger",
                status: "403",
                sentence: "STLS0018: the proxied server asks for a certificate, and accepts none"
            ),
        ],
        [HTTPServer.Face.ssl, .tls]
    )
    func postHandshakeAuthentication(of shown: Shown, face: HTTPServer.Face) throws {
        let files = try LogLevelTests.made.get()
        let backend = try HTTPServer(face: .ssl) { port in
            """
            <VirtualHost *:\(port)>
                ServerName localhost
                SSLEngine on
                \(StandInTests.certificate(try TestCertificates.shared().localhost(.ecdsaP256)))
                SSLCACertificateFile "\(files.path)/ca.pem"
                <Location "/a">
                    SSLVerifyClient require
                </Location>
            </VirtualHost>
            """
        }
        var directives = face == .ssl ? "SSLProxyEngine on" : "TLSProxyEngine on\nTLSProxyCA \(try Self.file("ca.pem"))"
        if let client = shown.client {
            let both = files.appendingPathComponent("\(client)-\(face)-both.pem")
            let parts = try ["pem", "key"].map { try Data(contentsOf: files.appendingPathComponent("\(client).\($0)")) }
            try (parts[0] + parts[1]).write(to: both, options: .atomic)
            directives +=
                face == .ssl
                ? "\nSSLProxyMachineCertificateFile \(both.path)" : "\nTLSProxyMachineCertificate \(both.path)"
        }
        let front = try Self.front(face, to: "https://localhost:\(backend.port)/", directives)
        for (path, expected) in [("", "200"), ("a/", shown.status)] {
            let status = try curl([
                "--output", "/dev/null", "--write-out", "%{http_code}", "http://localhost:\(front.port)/\(path)",
            ]).text
            #expect(status == expected, "\(front.errorLog)\n\(backend.errorLog)")
        }
        try front.stop()
        try backend.stop()
        #expect(front.complaints.count == (shown.sentence == nil ? 0 : 1), "\(front.complaints)")
        if let sentence = shown.sentence {
            #expect(
                front.complaints.allSatisfy { $0.contains(":warn]") && $0.contains(sentence) },
                "\(front.complaints)"
            )
        }
    }
}
