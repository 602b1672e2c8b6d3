// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import SafeTLS
import SafeTLSNIO
import TLSCertificates

/// Configurations of both sides in both stacks, shared by all connections.
///
/// Both have their defaults where nothing is said here: servers give two tickets in TLS 1.3 and one in TLS 1.2, and clients take them.
/// swift-nio-ssl has no way to resume a session. So that SafeTLS does not, each connection has another name, of more than a client
/// keeps sessions for.
struct Contexts {
    private let server: ServerConfiguration
    private let client: ClientConfiguration
    private let boringServer: NIOSSLContext
    private let boringClient: NIOSSLContext
    private let names: [(text: String, name: ServerName)]
    private var next = 0

    init(_ setting: Setting, _ identity: Identity) throws {
        let credential = try Credential(certificateFile: identity.chain, keyFile: identity.key)
        let anchors = try TrustAnchors(pemFile: identity.root)
        server = try ServerConfiguration(
            credentials: [credential],
            options: Self.serverOptions(setting, anchors)
        )
        client = try ClientConfiguration(trustAnchors: anchors, options: Self.clientOptions(setting, credential))

        let chain = try NIOSSLCertificate.fromPEMFile(identity.chain).map { NIOSSLCertificateSource.certificate($0) }
        let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem))
        let roots = NIOSSLTrustRoots.certificates(try NIOSSLCertificate.fromPEMFile(identity.root))
        var boringServer = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        var boringClient = TLSConfiguration.makeClientConfiguration()
        boringClient.trustRoots = roots
        if setting.mode == .mutual {
            boringServer.certificateVerification = .noHostnameVerification
            boringServer.trustRoots = roots
            boringClient.certificateChain = chain
            boringClient.privateKey = key
        }
        self.boringServer = try NIOSSLContext(configuration: Self.adjusted(boringServer, setting))
        self.boringClient = try NIOSSLContext(configuration: Self.adjusted(boringClient, setting))
        names = try (0..<1_024).map { number in
            let text = "n\(number).bench.test"
            guard let name = ServerName(text) else { throw Failure("\(text) is no name") }
            return (text, name)
        }
    }

    private static func groups(_ setting: Setting) -> [NamedGroup] {
        if setting.mode == .hybrid { return [.x25519MLKEM768] }
        // In TLS 1.2 they also say which keys certificates may have.
        return setting.version == .tls12 ? [.x25519, .secp256r1] : [.x25519]
    }

    private static func serverOptions(_ setting: Setting, _ anchors: TrustAnchors) -> ServerOptions {
        var options = ServerOptions()
        options.versions = setting.version...setting.version
        options.cipherSuites = [.aes128GCMSHA256, .ecdheECDSAWithAES128GCMSHA256]
        options.groups = groups(setting)
        if setting.mode == .mutual {
            options.clientAuthentication = ClientAuthentication(.required, trustAnchors: anchors)
        }
        return options
    }

    private static func clientOptions(_ setting: Setting, _ credential: Credential) -> ClientOptions {
        var options = ClientOptions()
        options.versions = setting.version...setting.version
        options.cipherSuites = [.aes128GCMSHA256, .ecdheECDSAWithAES128GCMSHA256]
        options.groups = groups(setting)
        if setting.mode == .mutual { options.credentials = [credential] }
        if setting.mode == .stranger { options.limits.knownCertificates = 0 }
        return options
    }

    private static func adjusted(_ configuration: TLSConfiguration, _ setting: Setting) -> TLSConfiguration {
        var configuration = configuration
        configuration.minimumTLSVersion = setting.version == .tls12 ? .tlsv12 : .tlsv13
        configuration.maximumTLSVersion = setting.version == .tls12 ? .tlsv12 : .tlsv13
        configuration.curves = groups(setting).map { NIOTLSCurve(rawValue: $0.rawValue) }
        // Of TLS 1.2; those of TLS 1.3 are BoringSSL's choice: this one's sister, on a processor with instructions for AES.
        configuration.cipherSuiteValues = [.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
        return configuration
    }

    /// The next connection's name.
    mutating func nextName() -> (text: String, name: ServerName) {
        next = (next + 1) % names.count
        return names[next]
    }

    /// Adds a server's TLS to a pipeline.
    func addServer(_ stack: Stack, to pipeline: ChannelPipeline.SynchronousOperations) throws {
        switch stack {
        case .nio, .session: break
        case .safetls: try pipeline.addHandler(SafeTLSServerHandler(configuration: server))
        case .boringssl: try pipeline.addHandler(NIOSSLServerHandler(context: boringServer))
        }
    }

    /// Adds a client's TLS to a pipeline.
    func addClient(
        _ stack: Stack,
        _ name: (text: String, name: ServerName),
        to pipeline: ChannelPipeline.SynchronousOperations
    ) throws {
        switch stack {
        case .nio, .session: break
        case .safetls: try pipeline.addHandler(SafeTLSClientHandler(configuration: client, serverName: name.name))
        case .boringssl:
            try pipeline.addHandler(NIOSSLClientHandler(context: boringClient, serverHostname: name.text))
        }
    }

    func serverSession() -> ServerSession { ServerSession(configuration: server) }

    func clientSession(_ name: ServerName) throws -> ClientSession {
        try ClientSession(configuration: client, serverName: name)
    }
}
