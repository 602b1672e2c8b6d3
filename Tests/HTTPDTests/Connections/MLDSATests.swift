// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// ML-DSA certificates of hosts and clients, with an OpenSSL that has them and with the system's.
@Suite struct MLDSATests {
    private static func host(
        _ scheme: String,
        _ lines: String...,
        face: HTTPServer.Face = .ssl
    ) throws -> @Sendable (Int) -> String {
        let identity = try MLDSACertificates.shared().identity(scheme)
        let certificate =
            face == .ssl
            ? "SSLEngine on\nSSLCertificateFile \(identity.certificate.path)\nSSLCertificateKeyFile \(identity.key.path)"
            : "TLSCertificate \(identity.certificate.path) \(identity.key.path)"
        return { port in
            """
            \(face == .tls ? "TLSEngine 127.0.0.1:\(port)" : "")
            <VirtualHost 127.0.0.1:\(port)>
                ServerName localhost
                \(certificate)
                \(lines.joined(separator: "\n"))
                Header set X-Server "%{SSL_SERVER_A_KEY}s, %{SSL_SERVER_A_SIG}s"
                Header set X-Client "%{SSL_CLIENT_A_KEY}s, %{SSL_CLIENT_S_DN_CN}s"
            </VirtualHost>
            """
        }
    }

    private static func get(_ server: HTTPServer, showing identity: TestCertificates.Identity? = nil) throws -> String {
        let authority = try MLDSACertificates.shared().authority.path
        let request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r"
        let shown = identity.map { [$0.certificate.path, $0.key.path] } ?? []
        return try Peer.openssl.run(["client", "\(server.port)", authority, "", request] + shown)
    }

    @Test(arguments: [HTTPServer.Face.ssl, .tls], MLDSACertificates.schemes)
    func served(face: HTTPServer.Face, scheme: String) throws {
        let server = try HTTPServer(
            face: face,
            environment: NewOpenSSL.environment(),
            hosts: Self.host(scheme, face: face)
        )
        let text = try Self.get(server)
        #expect(text.contains("key ML-DSA-\(scheme.suffix(2))"), "\(text)")
        #expect(text.contains("X-Server: ML-DSA-\(scheme.suffix(2)), ML-DSA-65"), "\(text)")
        #expect(server.complaints.isEmpty, "\(server.errorLog)")
        try server.stop()
    }

    @Test(arguments: MLDSACertificates.schemes) func shownByClients(scheme: String) throws {
        let certificates = try MLDSACertificates.shared()
        let server = try HTTPServer(
            face: .ssl,
            environment: NewOpenSSL.environment(),
            hosts: Self.host(
                "mldsa44",
                "SSLVerifyClient require",
                "SSLCACertificateFile \(certificates.authority.path)",
                "SSLOpenSSLConfCmd SignatureAlgorithms mldsa44:ecdsa_secp256r1_sha256",
                "SSLOpenSSLConfCmd ClientSignatureAlgorithms mldsa44:mldsa65:mldsa87:ECDSA+SHA256"
            )
        )
        let text = try Self.get(server, showing: certificates.identity(scheme))
        #expect(text.contains("X-Client: ML-DSA-\(scheme.suffix(2)), \(scheme)"), "\(text)")
        #expect(server.complaints.isEmpty, "\(server.errorLog)")
        try server.stop()
    }

    // MARK: - With the system's OpenSSL

    private static func configtest(_ host: (Int) throws -> String) throws -> ChildProcess.Outcome {
        let root = try HTTPServer.makeRoot()
        let port = try LoopbackPort.free()
        let file = root.appendingPathComponent("httpd.conf")
        let text = HTTPServer.configuration(.event, face: .ssl, root: root, port: port, hosts: try host(port))
        try Data(text.utf8).write(to: file)
        return try ChildProcess.run("/usr/sbin/apache2", ["-t", "-d", root.path, "-f", file.path])
    }

    private static let words = "takes an OpenSSL that has it, 3.5 or later, and this is OpenSSL 3."

    @Test(
        .disabled(if: NewOpenSSL.isUsual, "the system's OpenSSL has ML-DSA"),
        arguments: MLDSACertificates.schemes
    )
    func refused(scheme: String) throws {
        let outcome = try Self.configtest(Self.host(scheme))
        #expect(outcome.status != 0)
        #expect("\(outcome)".contains("\(scheme).key: ML-DSA-\(scheme.suffix(2)) \(Self.words)"), "\(outcome)")
    }

    @Test(
        .disabled(if: NewOpenSSL.isUsual, "the system's OpenSSL has ML-DSA")
    )
    func names() throws {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
        func outcome(_ list: String) throws -> ChildProcess.Outcome {
            try Self.configtest { port in
                """
                <VirtualHost 127.0.0.1:\(port)>
                    ServerName localhost
                    SSLEngine on
                    SSLCertificateFile \(identity.certificate.path)
                    SSLCertificateKeyFile \(identity.key.path)
                    SSLOpenSSLConfCmd SignatureAlgorithms \(list)
                </VirtualHost>
                """
            }
        }
        let warned = try outcome("mldsa65:ECDSA+SHA256")
        #expect(warned.status == 0 && "\(warned)".contains("never used: mldsa65 (ML-DSA-65 \(Self.words)"), "\(warned)")
        let silent = try outcome("?mldsa65:ECDSA+SHA256")
        #expect(silent.status == 0 && !"\(silent)".contains("ML-DSA"), "\(silent)")
        let nothing = try outcome("mldsa44")
        #expect(nothing.status != 0 && "\(nothing)".contains("ML-DSA-44 \(Self.words)"), "\(nothing)")
    }
}
