// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOSSL
import SafeTLS
import SafeTLSNIO
import Synchronization
import TLSCertificates
import TestSupport

/// Which side SafeTLS is; swift-nio-ssl is the other.
enum Role: CaseIterable, Sendable {
    case server, client
}

/// What two sides are to agree on, or not, in words that both stacks have.
struct Agreement: Sendable {
    var safe: Role
    var version: ProtocolVersion
    /// swift-nio-ssl's version, if it is another.
    var otherVersion: ProtocolVersion?
    var key = TestCertificates.KeyType.ecdsaP256
    var serverName = "localhost"
    /// The name of which the server's certificate is, instead of `localhost` and its addresses.
    var certificateName: String?
    var protocols = (client: [String](), server: [String]())
    /// The client's certificate, if it has one.
    var clientKey: TestCertificates.KeyType?
    var requiresClientCertificate = false
    var trustsServer = true
    var trustsClient = true
    var group: NamedGroup?
    var suite: CipherSuite?
    /// What the server was told by SNI.
    let seenName = Seen<String>()

    static let all: [Agreement] = Role.allCases.flatMap { role in
        [ProtocolVersion.tls12, .tls13].map { Agreement(safe: role, version: $0) }
    }

    init(safe: Role, version: ProtocolVersion) {
        self.safe = safe
        self.version = version
    }

    // MARK: Certificates

    private func identity() throws -> TestCertificates.Identity {
        let certificates = try TestCertificates.shared()
        return certificateName.map { certificates.named($0) } ?? certificates.localhost(key)
    }

    private func clientIdentity() throws -> TestCertificates.Identity? {
        try clientKey.map { try TestCertificates.shared().client($0) }
    }

    private func authority(_ isTrusted: Bool) throws -> String {
        let certificates = try TestCertificates.shared()
        return (isTrusted ? certificates.authority : certificates.unknownAuthority).path
    }

    // MARK: SafeTLS

    func safeServer() throws -> SafeTLSServerHandler {
        var options = ServerOptions()
        options.versions = version...version
        options.applicationProtocols = protocols.server
        if let group { options.groups = [group] }
        if let suite { options.cipherSuites = [suite] }
        if requiresClientCertificate {
            let anchors = try TrustAnchors(pemFile: authority(trustsClient))
            options.clientAuthentication = ClientAuthentication(.required, trustAnchors: anchors)
        }
        let identity = try identity()
        let credential = try Credential(
            certificateFile: identity.certificate.path,
            keyFile: identity.key.path
        )
        let configuration = try ServerConfiguration(credentials: [credential], options: options)
        var handler = ServerHandlerOptions()
        handler.chooseConfiguration = .immediate { [seenName] hello in
            seenName.set(hello.serverName)
            return ServerChoice(configuration)
        }
        return SafeTLSServerHandler(configuration: configuration, options: handler)
    }

    func safeClientConfiguration() throws -> ClientConfiguration {
        var options = ClientOptions()
        options.versions = version...version
        options.applicationProtocols = protocols.client
        if let group { options.groups = [group] }
        if let suite { options.cipherSuites = [suite] }
        if let identity = try clientIdentity() {
            options.credentials = [
                try Credential(certificateFile: identity.certificate.path, keyFile: identity.key.path)
            ]
        }
        return try ClientConfiguration(
            trustAnchors: TrustAnchors(pemFile: authority(trustsServer)),
            options: options
        )
    }

    // MARK: swift-nio-ssl

    func boringServer() throws -> NIOSSLContext {
        let identity = try identity()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try Self.chain(identity),
            privateKey: try Self.privateKey(identity)
        )
        adjust(&configuration)
        configuration.applicationProtocols = protocols.server
        if requiresClientCertificate {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .file(try authority(trustsClient))
        }
        configuration.sslContextCallback = { [seenName] values, promise in
            seenName.set(values.serverHostname)
            promise.succeed(.noChanges)
        }
        return try NIOSSLContext(configuration: configuration)
    }

    func boringClient() throws -> NIOSSLClientHandler {
        var configuration = TLSConfiguration.makeClientConfiguration()
        adjust(&configuration)
        configuration.applicationProtocols = protocols.client
        configuration.trustRoots = .file(try authority(trustsServer))
        if let identity = try clientIdentity() {
            configuration.certificateChain = try Self.chain(identity)
            configuration.privateKey = try Self.privateKey(identity)
        }
        return try NIOSSLClientHandler(
            context: NIOSSLContext(configuration: configuration),
            serverHostname: serverName
        )
    }

    private func adjust(_ configuration: inout TLSConfiguration) {
        let theirs: TLSVersion = (otherVersion ?? version) == .tls12 ? .tlsv12 : .tlsv13
        configuration.minimumTLSVersion = theirs
        configuration.maximumTLSVersion = theirs
        // In TLS 1.2 they also say which keys of certificates a client knows; P-521 is none of its defaults.
        configuration.curves =
            group.map { [NIOTLSCurve(rawValue: $0.rawValue)] } ?? [.x25519, .secp256r1, .secp384r1, .secp521r1]
        // Those of TLS 1.3 are BoringSSL's own choice.
        if let suite, version == .tls12 { configuration.cipherSuiteValues = [NIOTLSCipher(suite.rawValue)] }
        let schemes: [NIOSSL.SignatureAlgorithm] = [
            .ed25519, .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512, .rsaPssRsaeSha256,
        ]
        configuration.verifySignatureAlgorithms = schemes
    }

    private static func chain(_ identity: TestCertificates.Identity) throws -> [NIOSSLCertificateSource] {
        try NIOSSLCertificate.fromPEMFile(identity.certificate.path).map { .certificate($0) }
    }

    private static func privateKey(_ identity: TestCertificates.Identity) throws -> NIOSSLPrivateKeySource {
        .privateKey(try NIOSSLPrivateKey(file: identity.key.path, format: .pem))
    }
}

/// A value that an event loop sets and a test reads.
final class Seen<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    func set(_ value: Value?) { state.withLock { $0 = value } }

    var value: Value? { state.withLock { $0 } }
}
