// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOSSL
import SafeTLS
import SafeTLSNIO
import TLSCertificates
import TestSupport
import Testing

/// BoringSSL in swift-nio-ssl's handlers as the peer of SafeTLSNIO's, in both roles.
@Suite("swift-nio-ssl as the peer")
struct NIOSSLPeerTests {
    /// Each role, in each version.
    static let all = Agreement.all

    static func pattern(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) ^ ($0 >> 16)) })
    }

    // MARK: Handshakes

    @Test("Version, protocol and name are agreed on", arguments: all)
    func agreement(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.protocols = (client: ["h2", "nio", "http/1.1"], server: ["nio", "http/1.1"])
        let link = try Link(agreement)
        try link.handshake()
        try link.client.wait(for: .handshake("nio"))
        try link.server.wait(for: .handshake("nio"))
        let info = try link.info()
        #expect(info.negotiated.version == agreement.version)
        #expect(info.negotiated.applicationProtocol == "nio")
        #expect(agreement.seenName.value == "localhost")
        let theirs = try link.boring.channel.nioSSL_tlsVersion().wait()
        #expect(theirs == (agreement.version == .tls12 ? .tlsv12 : .tlsv13))
    }

    @Test("Who has no protocol in common agrees on none, or refuses", arguments: all)
    func protocols(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.protocols = (client: ["h2"], server: ["nio"])
        let link = try Link(agreement)
        if agreement.safe == .server {
            // RFC 7301 §3.2
            try link.waitForEnd()
            #expect(link.safe.errors.contains { $0 is TLSError })
            #expect(!link.boring.errors.isEmpty)
        } else {
            try link.client.wait(for: .handshake(nil))
            try link.server.wait(for: .handshake(nil))
        }
    }

    @Test(
        "Groups of both",
        arguments: all,
        [NamedGroup.x25519, .secp256r1, .secp384r1, .secp521r1, .x25519MLKEM768]
    )
    func groups(_ agreement: Agreement, _ group: NamedGroup) throws {
        // There is no hybrid in TLS 1.2.
        guard agreement.version == .tls13 || group != .x25519MLKEM768 else { return }
        var agreement = agreement
        agreement.group = group
        // In TLS 1.2 groups also say which keys of certificates a client knows.
        agreement.key = .rsa
        let link = try Link(agreement)
        try link.handshake()
        #expect(try link.info().negotiated.group == group)
    }

    @Test(
        "Keys of both",
        arguments: all,
        [TestCertificates.KeyType.ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519, .rsa]
    )
    func keys(_ agreement: Agreement, _ key: TestCertificates.KeyType) throws {
        var agreement = agreement
        agreement.key = key
        let link = try Link(agreement)
        try link.handshake()
        try link.client.write(ByteBuffer(string: "ping"))
        try link.server.wait(forBytes: 4)
    }

    @Test(
        "Cipher suites of both",
        arguments: Role.allCases,
        [
            CipherSuite.ecdheECDSAWithAES128GCMSHA256, .ecdheECDSAWithAES256GCMSHA384,
            .ecdheECDSAWithChaCha20Poly1305SHA256, .aes128GCMSHA256, .aes256GCMSHA384, .chaCha20Poly1305SHA256,
        ]
    )
    func suites(_ role: Role, _ suite: CipherSuite) throws {
        let isTLS13 = suite.rawValue >> 8 == 0x13
        var agreement = Agreement(safe: role, version: isTLS13 ? .tls13 : .tls12)
        agreement.suite = suite
        let link = try Link(agreement)
        try link.handshake()
        try link.server.write(Self.pattern(100_000))
        try link.client.wait(forBytes: 100_000)
        #expect(try link.info().negotiated.cipherSuite == suite)
    }

    // MARK: Clients' certificates

    @Test("A client's certificate is verified", arguments: all)
    func clientCertificate(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.requiresClientCertificate = true
        agreement.clientKey = .ecdsaP256
        let link = try Link(agreement)
        try link.handshake()
        let certificate = try TestCertificates.shared().client(.ecdsaP256).certificate.path
        let expected = try NIOSSLCertificate.fromPEMFile(certificate)[0]
        if agreement.safe == .server {
            let peer = try link.info().peerCertificates
            #expect(try peer.first?.der == expected.toDERBytes())
        } else {
            #expect(try link.boring.channel.nioSSL_peerCertificate().wait() == expected)
        }
        try link.client.write(ByteBuffer(string: "ping"))
        try link.server.wait(forBytes: 4)
    }

    @Test("A client without one is refused, and hears of it", arguments: all)
    func missingClientCertificate(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.requiresClientCertificate = true
        let link = try Link(agreement)
        try link.waitForEnd()
        #expect(!link.server.happenings.contains(.handshake(nil)))
        #expect(!link.server.errors.isEmpty)
        #expect(!link.client.errors.isEmpty)
        if agreement.safe == .client {
            // BoringSSL says certificate_required in TLS 1.3, and handshake_failure in TLS 1.2.
            let alert = agreement.version == .tls13 ? AlertDescription.certificateRequired : .handshakeFailure
            #expect(link.safe.errors.first as? TLSError == .alertReceived(alert))
        }
    }

    // MARK: Verification that fails

    @Test("A client that does not trust the server's authority ends both", arguments: all)
    func untrustedServer(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.trustsServer = false
        let link = try Link(agreement)
        try link.waitForEnd()
        switch agreement.safe {
        case .client:
            guard case .certificateRejected = link.safe.errors.first as? TLSError else {
                Issue.record("\(link.safe.errors)")
                return
            }
            #expect(!link.boring.errors.isEmpty)
        case .server:
            #expect(link.boring.errors.contains { $0 is NIOSSLError })
            #expect(link.safe.errors.first as? TLSError == .alertReceived(.unknownCA))
        }
    }

    @Test("A server that has another name is refused", arguments: all)
    func wrongName(_ agreement: Agreement) throws {
        var agreement = agreement
        // swift-nio-ssl also takes a certificate of the address that it is connected to.
        agreement.certificateName = "a.example"
        agreement.serverName = "b.example"
        let link = try Link(agreement)
        try link.waitForEnd()
        #expect(!link.client.happenings.contains(.handshake(nil)))
        #expect(!link.client.errors.isEmpty)
        if agreement.safe == .client {
            guard case .certificateRejected = link.safe.errors.first as? TLSError else {
                Issue.record("\(link.safe.errors)")
                return
            }
        }
    }

    @Test("A server that does not trust the client's authority ends both", arguments: all)
    func untrustedClient(_ agreement: Agreement) throws {
        var agreement = agreement
        agreement.requiresClientCertificate = true
        agreement.clientKey = .ecdsaP256
        agreement.trustsClient = false
        let link = try Link(agreement)
        try link.waitForEnd()
        #expect(!link.server.happenings.contains(.handshake(nil)))
        #expect(!link.server.errors.isEmpty)
        #expect(!link.client.errors.isEmpty)
        if agreement.safe == .client {
            #expect(link.safe.errors.first as? TLSError == .alertReceived(.unknownCA))
        }
    }

    @Test("No version in common is an error on both sides", arguments: Role.allCases)
    func versions(_ role: Role) throws {
        var agreement = Agreement(safe: role, version: .tls13)
        agreement.otherVersion = .tls12
        let link = try Link(agreement)
        try link.waitForEnd()
        #expect(link.safe.errors.contains { $0 is TLSError })
        #expect(!link.boring.errors.isEmpty)
    }
}
