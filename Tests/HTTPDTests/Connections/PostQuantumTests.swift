// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// X25519MLKEM768 from Debian's httpd, whatever OpenSSL that has, to clients that have it.
@Suite struct PostQuantumTests {
    /// What a virtual host has to say of groups; nil says nothing.
    private static let lines: [String?] = [
        nil, "SSLOpenSSLConfCmd Curves X25519MLKEM768:X25519:prime256v1:secp384r1",
        "SSLOpenSSLConfCmd Groups ?*X25519MLKEM768/?*X25519:?secp256r1/?X448:?secp384r1:?secp521r1/?ffdhe2048:?ffdhe3072",
    ]

    private static func host(_ lines: String..., face: HTTPServer.Face = .ssl) throws -> @Sendable (Int) -> String {
        let identity = try TestCertificates.shared().localhost(.ecdsaP256)
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
                Header set X-Group "%{SSL_GROUP}s"
            </VirtualHost>
            """
        }
    }

    @Test(arguments: [HTTPServer.Face.ssl, .tls], Peer.allCases)
    func unconfigured(face: HTTPServer.Face, peer: Peer) throws {
        let server = try HTTPServer(face: face, hosts: Self.host(face: face))
        try Self.expect("X25519MLKEM768", of: server, peer)
    }

    @Test(arguments: lines.dropFirst(), Peer.allCases)
    func configured(line: String?, peer: Peer) throws {
        let server = try HTTPServer(face: .ssl, hosts: Self.host(line ?? ""))
        try Self.expect("X25519MLKEM768", of: server, peer)
        #expect(server.complaints.isEmpty)
    }

    @Test func directiveOfItsOwn() throws {
        let server = try HTTPServer(hosts: Self.host("TLSGroups SecP384r1MLKEM1024 x25519", face: .tls))
        try Self.expect("SecP384r1MLKEM1024", of: server, .openssl, groups: "X25519MLKEM768:SecP384r1MLKEM1024")
        try Self.expect("x25519", of: server, .openssl, groups: "*X25519:SecP384r1MLKEM1024")
    }

    /// Behind a slash stands what is wanted less: worth a round trip. Without one, it is not.
    @Test(arguments: ["X25519MLKEM768:X25519", "X25519MLKEM768/X25519"])
    func tiers(groups: String) throws {
        let server = try HTTPServer(face: .ssl, hosts: Self.host("SSLOpenSSLConfCmd Groups \(groups)"))
        let expected = groups.contains("/") ? "X25519MLKEM768" : "x25519"
        try Self.expect(expected, of: server, .openssl, groups: "X25519MLKEM768:*X25519")
    }

    /// Systems without ML-KEM get what they always got.
    @Test func systemsClient() throws {
        let server = try HTTPServer(face: .ssl, hosts: Self.host())
        let authority = try TestCertificates.shared().authority.path
        let answer = try ChildProcess.check("curl", ["-sS", "-i", "--cacert", authority, server.url]).text
        let group = NewOpenSSL.isUsual ? "x25519mlkem768" : "x25519"
        #expect(answer.lowercased().contains("x-group: \(group)\r"), "\(answer)")
    }

    private static func expect(
        _ group: String,
        of server: HTTPServer,
        _ peer: Peer,
        groups: String = ""
    ) throws {
        let authority = try TestCertificates.shared().authority.path
        let request = "GET / HTTP/1.0\r\nHost: localhost\r\n\r"
        let text =
            peer == .chromium
            ? try peer.run([server.url, authority])
            : try peer.run(["client", "\(server.port)", authority, groups, request])
        let lines = text.lowercased().split(whereSeparator: \.isNewline)
        #expect(lines.contains("x-group: \(group.lowercased())"), "\(text)")
        // What the peer says of itself; Chromium's client says nothing.
        if peer != .chromium { #expect(lines.first?.hasSuffix("group \(group.lowercased())") == true || peer == .go) }
        print("\(peer.rawValue) to httpd: \(group)")
    }
}
