// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The system's OpenSSL configuration, which mod_ssl obeys by way of libssl.
@Suite struct SystemPolicyTests {
    @Test(
        arguments: [
            (.ssl, "", "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256"),
            (.ssl, "SSLProtocol TLSv1.2", "TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384"),
            (.tls, "", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        ] as [(HTTPServer.Face, String, String)]
    )
    func isObeyedByTheStandIn(face: HTTPServer.Face, directives: String, expected: String) throws {
        let file = try TemporaryDirectory.make("system").appendingPathComponent("openssl.cnf")
        let text = """
            openssl_conf = start
            [start]
            ssl_conf = contexts
            [contexts]
            system_default = policy
            [policy]
            MinProtocol = TLSv1.3
            Ciphersuites = TLS_CHACHA20_POLY1305_SHA256
            CipherString = ECDHE-ECDSA-AES256-GCM-SHA384
            """
        try Data(text.utf8).write(to: file)
        let server = try HTTPServer(face: face, environment: ["OPENSSL_CONF": file.path]) { port in
            let identity = try TestCertificates.shared().localhost(.ecdsaP256)
            return """
                \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName localhost
                    \(face == .tls ? HTTPServer.certificateDirective(identity) : "SSLEngine on\n" + StandInTests.certificate(identity))
                    \(directives)
                </VirtualHost>
                """
        }
        _ = try curl(["--output", "/dev/null", server.url])
        #expect(try server.waitForAccessLog(lines: 1)[0].hasPrefix(expected), "\(server.accessLog)")
        if face == .ssl, directives.isEmpty {
            #expect(try curl(["--tls-max", "1.2", server.url]).status != 0)
        }
        try server.stop()
    }
}
