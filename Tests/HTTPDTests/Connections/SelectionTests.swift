// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What is chosen where both sides have several: as by the modules that this one stands in for.
@Suite struct SelectionTests {
    private func server(_ face: HTTPServer.Face, _ directives: String) throws -> HTTPServer {
        let certificates = try TestCertificates.shared()
        let identities = [certificates.localhost(.rsa), certificates.localhost(.ecdsaP256)]
        return try HTTPServer(face: face) { port in
            """
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(face == .tls ? "" : "SSLEngine on")
                \(identities.map(face == .tls ? HTTPServer.certificateDirective : StandInTests.certificate).joined(separator: "\n"))
                \(directives)
            </VirtualHost>
            """
        }
    }

    private func connect(_ server: HTTPServer, _ options: [String]) throws -> String {
        try ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(server.port)", "-servername", "localhost"] + options
        ).text
    }

    /// mod_ssl takes one setting for suites and groups; rustls goes by its own order of groups.
    @Test(
        arguments: [
            (.ssl, "", "ECDH, prime256v1"), (.ssl, "SSLHonorCipherOrder off", "ECDH, prime256v1"),
            (.ssl, "SSLHonorCipherOrder on", "X25519"), (.tls, "", "X25519"),
            (.tls, "TLSHonorClientOrder off", "X25519"),
        ] as [(HTTPServer.Face, String, String)],
        ["-tls1_2", "-tls1_3"]
    )
    func groups(of choice: (face: HTTPServer.Face, directives: String, group: String), version: String) throws {
        let server = try server(choice.face, choice.directives)
        let text = try connect(server, [version, "-groups", "P-256:X25519"])
        // A client of OpenSSL sends one share, for its first group; of others TLS 1.3 makes no use then.
        let expected = version == "-tls1_3" ? "ECDH, prime256v1" : choice.group
        #expect(text.contains("Server Temp Key: \(expected)"), "\(text)")
        try server.stop()
    }

    /// The RSA certificate stands first.
    @Test(
        arguments: [(.ssl, "ECDSA"), (.tls, "RSA-PSS")] as [(HTTPServer.Face, String)],
        ["-tls1_2", "-tls1_3"]
    )
    func certificates(of choice: (face: HTTPServer.Face, type: String), version: String) throws {
        let server = try server(choice.face, "")
        // Who asks for RSA gets it.
        let rsa = try connect(server, [version, "-sigalgs", "rsa_pss_rsae_sha256"])
        #expect(rsa.contains("Peer signature type: RSA-PSS"), "\(rsa)")
        if version == "-tls1_3" {
            let text = try connect(server, [version])
            #expect(text.contains("Peer signature type: \(choice.type)"), "\(text)")
        }
        try server.stop()
    }
}
