// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("Keys that lie elsewhere")
struct SigningKeyTests {
    /// A key behind something that counts, and may spoil what it signs.
    final class RemoteKey: SigningKey {
        enum Fault { case none, damaged, unreachable }

        struct Unreachable: Error, CustomStringConvertible {
            let description = "the key server does not answer"
        }

        let schemes: [SignatureScheme]
        let isDeferred: Bool
        private let key: PrivateKey
        private let fault: Fault
        private let asked = Mutex<[SignatureScheme]>([])

        init(_ key: PrivateKey, schemes: [SignatureScheme]? = nil, isDeferred: Bool = false, fault: Fault = .none) {
            self.key = key
            self.schemes = schemes ?? key.schemes
            self.isDeferred = isDeferred
            self.fault = fault
        }

        var requests: [SignatureScheme] { asked.withLock { $0 } }

        func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8] {
            asked.withLock { $0.append(scheme) }
            if fault == .unreachable { throw Unreachable() }
            var signature = try key.sign(message, scheme: scheme)
            if fault == .damaged { signature[signature.count - 1] ^= 1 }
            return signature
        }
    }

    private static let names = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsapss2048"]

    private static func remote(
        _ name: String,
        schemes: [SignatureScheme]? = nil,
        isDeferred: Bool = false,
        fault: RemoteKey.Fault = .none
    ) throws -> (Credential, RemoteKey) {
        let local = try TestCredentials.named(name)
        let key = RemoteKey(try local.privateKey, schemes: schemes, isDeferred: isDeferred, fault: fault)
        return (try Credential(certificateChain: local.certificateChain, signingWith: key), key)
    }

    /// Both sides sign with a key elsewhere.
    private static func pair(
        _ credential: Credential,
        _ version: ProtocolVersion,
        client clientCredential: Credential? = nil
    ) throws -> (client: ClientConfiguration, server: ServerConfiguration) {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.clientAuthentication = clientCredential.map { _ in
            ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        }
        pair.client.credentials = clientCredential.map { [$0] } ?? []
        return (
            try pair.clientConfiguration(),
            try ServerConfiguration(credentials: [credential], options: pair.server)
        )
    }

    private static var name: ServerName { .dns("server.example") }

    @Test("sign for servers and clients of both versions", arguments: names, [ProtocolVersion.tls12, .tls13])
    func handshake(name: String, version: ProtocolVersion) throws {
        let (credential, key) = try Self.remote(name)
        let (clientCredential, clientKey) = try Self.remote(name)
        let configurations = try Self.pair(credential, version, client: clientCredential)
        var client = try ClientSession(configuration: configurations.client, serverName: Self.name)
        var server = ServerSession(configuration: configurations.server)
        try Loopback.run(&client, &server)
        let (negotiated, chain) = (client.negotiated, server.peerCertificates)
        #expect(negotiated?.version == version && chain == clientCredential.certificateChain)
        #expect(key.requests == [try #require(negotiated?.signatureScheme)])
        #expect(clientKey.requests == [try #require(negotiated?.clientSignatureScheme)])
    }

    @Test("the session asks its driver for a deferred one", arguments: [ProtocolVersion.tls12, .tls13])
    func deferred(version: ProtocolVersion) throws {
        let (credential, key) = try Self.remote("p256", isDeferred: true)
        let (clientCredential, clientKey) = try Self.remote("rsa2048", isDeferred: true)
        let configurations = try Self.pair(credential, version, client: clientCredential)
        var client = try ClientSession(configuration: configurations.client, serverName: Self.name)
        var server = ServerSession(configuration: configurations.server)
        var (serverAnswers, clientAnswers) = (0, 0)
        for _ in 0..<8 {
            try Loopback.run(&client, &server)
            if case .signature(let request)? = server.request {
                #expect(key.requests.isEmpty)
                // Another key's signature is refused, and waited for on.
                let other = try TestCredentials.named("other").privateKey.sign(request.message, scheme: request.scheme)
                #expect(throws: TLSError.self) { try server.answer(signature: other) }
                #expect(server.failure == nil)
                try server.answer(signature: request.sign())
                serverAnswers += 1
            }
            if case .signature(let request)? = client.request {
                try client.answer(signature: request.sign())
                clientAnswers += 1
            }
        }
        let isComplete = client.negotiated != nil && server.negotiated != nil
        #expect(isComplete && serverAnswers == 1 && clientAnswers == 1)
        #expect(key.requests.count == 1 && clientKey.requests.count == 1)
    }

    @Test("a client is asked after the handshake, too")
    func postHandshake() throws {
        var pair = Pair.tls13()
        let (credential, key) = try Self.remote("p384", isDeferred: true)
        pair.client.credentials = [credential]
        pair.client.offersPostHandshakeAuthentication = true
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let authenticator = try ClientAuthenticator(
            ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        )
        try server.requestClientCertificate(authenticator)
        try Loopback.feed(&client, Loopback.output(&server))
        guard case .signature(let request)? = client.request else {
            Issue.record("no signature is asked for")
            return
        }
        try client.answer(signature: request.sign())
        try Loopback.feed(&server, Loopback.output(&client))
        let chain = server.peerCertificates
        #expect(chain == credential.certificateChain && key.requests.count == 1)
    }

    @Test(
        "a signature that does not verify is not sent",
        arguments: [RemoteKey.Fault.damaged, .unreachable],
        [ProtocolVersion.tls12, .tls13]
    )
    func faults(fault: RemoteKey.Fault, version: ProtocolVersion) throws {
        let (credential, _) = try Self.remote("rsa2048", fault: fault)
        let configurations = try Self.pair(credential, version)
        var client = try ClientSession(configuration: configurations.client, serverName: Self.name)
        var server = ServerSession(configuration: configurations.server)
        let words = "the certificate's key has not signed: the key server does not answer"
        let spoilt = "what the key has signed does not verify with the certificate's key"
        #expect(throws: TLSError.internalFailure(fault == .unreachable ? words : spoilt)) {
            try Loopback.feed(&server, Loopback.output(&client))
        }
        // Its alert is all that the client gets.
        #expect(throws: TLSError.alertReceived(.internalError)) {
            try Loopback.feed(&client, Loopback.output(&server))
        }
    }

    @Test("only the schemes that it has are used")
    func schemes() throws {
        let (credential, key) = try Self.remote("rsa2048", schemes: [.rsaPSSRSAESHA512, .ed25519])
        #expect(credential.canSign(with: .rsaPSSRSAESHA512, in: .tls13))
        #expect(!credential.canSign(with: .rsaPSSRSAESHA256, in: .tls13))
        #expect(!credential.canSign(with: .ed25519, in: .tls13))
        let configurations = try Self.pair(credential, .tls13)
        var client = try ClientSession(configuration: configurations.client, serverName: Self.name)
        var server = ServerSession(configuration: configurations.server)
        try Loopback.run(&client, &server)
        #expect(key.requests == [.rsaPSSRSAESHA512])
        // It stays so with other certificates behind the first.
        let other = try credential.replacingIssuers(by: [])
        #expect(
            !other.canSign(with: .rsaPSSRSAESHA256, in: .tls13) && other.canSign(with: .rsaPSSRSAESHA512, in: .tls12)
        )
    }

    @Test("a key without a scheme for the certificate makes no credential")
    func noScheme() throws {
        let local = try TestCredentials.named("p256")
        let key = RemoteKey(try local.privateKey, schemes: [.rsaPSSRSAESHA256, .ed25519])
        #expect(throws: ConfigurationError.self) {
            try Credential(certificateChain: local.certificateChain, signingWith: key)
        }
        #expect(throws: ConfigurationError(reason: "contains no certificate")) {
            try Credential(certificateChain: [], signingWith: key)
        }
        // PKCS #1 is of TLS 1.2 alone.
        let rsa = try Self.remote("rsa2048", schemes: [.rsaPKCS1SHA256]).0
        var options = ServerOptions()
        options.versions = .tls13 ... .tls13
        #expect(throws: ConfigurationError.self) { try ServerConfiguration(credentials: [rsa], options: options) }
    }

    @Test("files are named in errors")
    func files() throws {
        let key = try PrivateKey.read(file: "\(TestCredentials.directory)/p256.key")
        let file = "\(TestCredentials.directory)/p256.pem"
        #expect(
            try Credential(certificateFile: file, signingWith: RemoteKey(key)).canSign(
                with: .ecdsaSECP256R1SHA256,
                in: .tls13
            )
        )
        let other = RemoteKey(key, schemes: [.ed25519])
        let error = #expect(throws: ConfigurationError.self) {
            try Credential(certificateFile: file, signingWith: other)
        }
        #expect(error?.file == file && error?.reason.contains("no scheme") == true)
        let missing = #expect(throws: ConfigurationError.self) { try PrivateKey.read(file: "/nonexistent.key") }
        #expect(missing?.file == "/nonexistent.key")
    }

    @Test("a private key says which schemes it has")
    func schemesOfKeys() throws {
        #expect(try TestCredentials.named("ed25519").privateKey.schemes == [.ed25519])
        #expect(
            try TestCredentials.named("rsapss2048").privateKey.schemes
                == [.rsaPSSPSSSHA256, .rsaPSSPSSSHA384, .rsaPSSPSSSHA512]
        )
        #expect(throws: CryptoError.self) {
            try TestCredentials.named("ed25519").privateKey.sign([1], scheme: .rsaPSSRSAESHA256)
        }
    }
}
