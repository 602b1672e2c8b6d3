// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Chains with SHA-1 signatures are for peers that ask for them (RFC 9846 §4.5.1.2).
@Suite("Chains with SHA-1 signatures")
struct SHA1ChainTests {
    /// The credential of a vector whose certificate says that it is signed with SHA-1. Nobody here verifies that.
    private static func credential(_ name: String = "p256-by-rsa") throws -> Credential {
        let good = try TestCredentials.named(name)
        return try Credential(
            certificateChain: good.certificateChain.map { try Certificate(der: Self.withSHA1($0.der)) },
            privateKey: good.privateKey
        )
    }

    /// sha1WithRSAEncryption in place of sha256WithRSAEncryption (RFC 8017 appendix C): their last bytes differ.
    private static func withSHA1(_ der: [UInt8]) -> [UInt8] {
        let object: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11]
        var der = der
        for start in 0...(der.count - object.count) where der[start..<start + object.count] == object[...] {
            der[start + object.count - 1] = 5
        }
        return der
    }

    private static func server(_ credentials: [Credential]) throws -> ServerSession {
        ServerSession(configuration: try ServerConfiguration(credentials: credentials, options: Pair().server))
    }

    private static func hello(
        _ version: ProtocolVersion,
        _ schemes: [SignatureScheme],
        forCertificates: [SignatureScheme]?
    ) -> Hello {
        var hello = Hello(versions: [version])
        hello.cipherSuites += [.ecdheECDSAWithAES128GCMSHA256]
        hello.groups = [.x25519, .secp256r1]
        hello.schemes = schemes
        if let forCertificates {
            hello.others = [(.signatureAlgorithmsCert, Hello.list16(forCertificates.map(\.rawValue)))]
        }
        return hello
    }

    private static let schemes: [SignatureScheme] = [.ecdsaSECP256R1SHA256]

    @Test(
        "a server shows one to clients that say so, and refuses others",
        arguments: [
            (schemes, nil, false), (schemes + [.rsaPKCS1SHA256], nil, false), (schemes + [.rsaPKCS1SHA1], nil, true),
            (schemes + [.ecdsaSHA1], nil, true), (schemes, [.rsaPKCS1SHA1], true),
            (schemes + [.rsaPKCS1SHA1], [.rsaPKCS1SHA256], false),
        ] as [([SignatureScheme], [SignatureScheme]?, Bool)],
        [ProtocolVersion.tls13, .tls12]
    )
    func server(
        _ asked: (schemes: [SignatureScheme], forCertificates: [SignatureScheme]?, isTaken: Bool),
        version: ProtocolVersion
    ) throws {
        let hello = Self.hello(version, asked.schemes, forCertificates: asked.forCertificates)
        var server = try Self.server([Self.credential()])
        let error = try Loopback.refusal(&server, hello.record())
        #expect(error == (asked.isTaken ? nil : .nothingInCommon(.signatureScheme)))
        #expect(error?.alert == (asked.isTaken ? nil : .handshakeFailure))
        // One that has another certificate shows that.
        var other = try Self.server([Self.credential(), TestCredentials.named("p256")])
        #expect(try Loopback.refusal(&other, hello.record()) == nil)
    }

    @Test("a chain that is signed with what the client does not verify is still shown, if it is not SHA-1")
    func fallback() throws {
        var server = try Self.server([TestCredentials.named("p256-by-rsa")])
        #expect(try Loopback.refusal(&server, Self.hello(.tls13, Self.schemes, forCertificates: nil).record()) == nil)
    }

    @Test("the signature of an authority on itself does not count")
    func selfSigned() throws {
        let leaf = try TestCredentials.named("p256")
        let root = try TestCredentials.certificate("sha1-root")
        #expect(root.hasSHA1Signature)
        let chain = try Credential(certificateChain: leaf.certificateChain + [root], privateKey: leaf.privateKey)
        #expect(!chain.hasSHA1Signature)
        let outdated = try Self.credential().certificateChain[0]
        let mixed = try Credential(certificateChain: leaf.certificateChain + [outdated], privateKey: leaf.privateKey)
        #expect(mixed.hasSHA1Signature)
    }

    @Test("a client shows none instead", arguments: [ProtocolVersion.tls13, .tls12])
    func client(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.clientAuthentication = ClientAuthentication(.optional, trustAnchors: TestCredentials.anchors)
        pair.client.credentials = [try Self.credential()]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let (negotiated, chain) = (server.negotiated, server.peerCertificates)
        #expect(negotiated != nil && chain.isEmpty)

        // What the driver brings is no exception.
        pair.client.credentials = []
        client = try pair.makeClient(deferring: .certificate)
        server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let credential = try Self.credential()
        #expect(throws: TLSError.self) { try client.answer(credential: credential) }
        let failure = client.failure
        #expect(failure == nil)
        try client.answer(credential: nil)
        try Loopback.run(&client, &server)
        let late = server.negotiated
        #expect(late != nil)
    }

    @Test("a client shows it where the server asks for SHA-1")
    func request() throws {
        var options = Pair().client
        options.credentials = [try Self.credential()]
        let configuration = try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: options)
        for (schemes, isShown) in [(Self.schemes, false), (Self.schemes + [.rsaPKCS1SHA1], true)] {
            let list = WireBytes.extensions([(.signatureAlgorithms, Hello.list16(schemes.map(\.rawValue)))])
            let request = try RequestedCertificate(tls13: WireBytes.message(.certificateRequest, [0] + list))
            #expect((configuration.credential(for: request) != nil) == isShown)
        }
    }
}
