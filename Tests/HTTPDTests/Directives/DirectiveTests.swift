// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the directives do to connections.
@Suite struct DirectiveTests {
    /// An httpd whose only virtual host has these directives.
    private func server(_ directives: String...) throws -> HTTPServer {
        let certificate = HTTPServer.certificateDirective(try TestCertificates.shared().localhost(.ecdsaP256))
        return try HTTPServer { port in
            """
            TLSEngine 127.0.0.1:\(port)
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                Protocols h2 http/1.1
                \(certificate)
                Header set X-Cipher "%{SSL_CIPHER}s"
                \(directives.joined(separator: "\n    "))
            </VirtualHost>
            """
        }
    }

    private func cipher(_ server: HTTPServer, _ options: String...) throws -> String? {
        let outcome = try curl(options + ["--http1.1", "--include", server.url])
        #expect(outcome.status == 0, "\(outcome)\n\(server.errorLog)")
        return outcome.text.components(separatedBy: "\r\n").first { $0.hasPrefix("X-Cipher: ") }
            .map { String($0.dropFirst("X-Cipher: ".count)) }
    }

    @Test func protocolTLS13() throws {
        let server = try server("TLSProtocol v1.3+")
        #expect(try curl(["--tlsv1.3", server.url]).text == "This is localhost.\n")
        let old = try curl(["--tlsv1.2", "--tls-max", "1.2", server.url])
        #expect(old.status == 35 && old.errors.contains("protocol version"), "\(old)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    @Test func ciphersPreferred() throws {
        let server = try server(
            "TLSHonorClientOrder off",
            "TLSCiphersPrefer TLS_CHACHA20_POLY1305_SHA256 ECDHE-ECDSA-AES256-GCM-SHA384"
        )
        #expect(try cipher(server, "--tlsv1.3") == "TLS_CHACHA20_POLY1305_SHA256")
        #expect(try cipher(server, "--tls-max", "1.2") == "ECDHE-ECDSA-AES256-GCM-SHA384")
    }

    @Test func clientOrderHonored() throws {
        let server = try server("TLSHonorClientOrder on")
        #expect(
            try cipher(server, "--tls13-ciphers", "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256")
                == "TLS_CHACHA20_POLY1305_SHA256"
        )
        #expect(
            try cipher(server, "--tls13-ciphers", "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256")
                == "TLS_AES_256_GCM_SHA384"
        )
    }

    @Test func ciphersSuppressed() throws {
        let server = try server("TLSCiphersSuppress TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256")
        #expect(try cipher(server, "--tlsv1.3") == "TLS_AES_128_GCM_SHA256")
        let none = try curl(["--tlsv1.3", "--tls13-ciphers", "TLS_AES_256_GCM_SHA384", server.url])
        #expect(none.status == 35, "\(none)")
    }

    @Test func unknownNameWithoutStrictSNI() throws {
        let server = try server("TLSStrictSNI off")
        let outcome = try curl([
            "--insecure", "--resolve", "unknown.example:\(server.port):127.0.0.1",
            "https://unknown.example:\(server.port)/",
        ])
        #expect(outcome.text == "This is localhost.\n", "\(outcome)")
    }

    @Test func engineAtEveryAddress() throws {
        let certificate = HTTPServer.certificateDirective(try TestCertificates.shared().localhost(.ecdsaP256))
        let server = try HTTPServer { port in
            """
            TLSEngine 0.0.0.0:\(port)
            <VirtualHost *:\(port)>
                ServerName localhost
                \(certificate)
            </VirtualHost>
            """
        }
        #expect(try curl([server.url]).text == "This is localhost.\n")
    }

    /// A port without TLSEngine stays what it was.
    @Test func plainPortBeside() throws {
        let plain = try LoopbackPort.free()
        let server = try server("</VirtualHost>\nListen 127.0.0.1:\(plain)\n<VirtualHost 127.0.0.1:\(plain)>")
        let page = try curl(["http://127.0.0.1:\(plain)/cgi-bin/environment"])
        #expect(page.status == 0 && !page.text.contains("HTTPS=on") && !page.text.contains("SSL_"), "\(page)")
        #expect(try curl([server.url]).text == "This is localhost.\n")
    }

    /// mod_reqtimeout counts the handshake's time below this module.
    @Test func handshakeTimeout() throws {
        // Enough for a handshake on a busy machine.
        let server = try server("RequestReadTimeout handshake=8 header=2-4,MinRate=500")
        let outcome = try python(ClientScripts.silent, server)
        #expect(outcome.status == 0, "\(outcome)\n\(server.errorLog)")
        try server.stop()
        #expect(server.complaints.isEmpty)
    }

    @Test func longHeaderLines() throws {
        let server = try server("LimitRequestFieldSize 60000")
        let long = String(repeating: "x", count: 50_000)
        let page = try curl(["--http1.1", "--header", "X-Long: \(long)", server.url])
        #expect(page.text == "This is localhost.\n", "\(page)")
        let tooLong = try curl([
            "--http1.1", "--write-out", "%{http_code}", "--output", "/dev/null", "--header", "X-Long: \(long)\(long)",
            server.url,
        ])
        #expect(tooLong.text == "400", "\(tooLong)")
    }

    @Test func clientWithoutALPN() throws {
        let server = try server()
        let outcome = try curl(["--no-alpn", "--write-out", "%{http_version}", server.url])
        #expect(outcome.text == "This is localhost.\n1.1", "\(outcome)")
    }
}
