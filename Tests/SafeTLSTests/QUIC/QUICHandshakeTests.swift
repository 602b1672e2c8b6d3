// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Handshakes that QUIC carries (RFC 9001 §4).
@Suite("QUIC handshakes")
struct QUICHandshakeTests {
    /// Both sides have agreed, each has the other's transport parameters, and all secrets are the other side's.
    private func check(_ connection: borrowing QUICConnection) {
        let (client, server) = (connection.client.negotiated, connection.server.negotiated)
        #expect(client != nil && client == server)
        #expect(client?.version == .tls13)
        #expect(client?.applicationProtocol == "h3")
        let (ours, theirs) = (connection.client.peerTransportParameters, connection.server.peerTransportParameters)
        #expect(ours == QUICConnection.serverParameters)
        #expect(theirs == QUICConnection.clientParameters)
        let isComplete = connection.client.isHandshakeComplete && connection.server.isHandshakeComplete
        let isHandshaking = connection.client.isHandshaking || connection.server.isHandshaking
        #expect(isComplete && !isHandshaking)
        for level in [QUICLevel.handshake, .application] {
            let (sent, received) = (
                connection.clientStack.secret(level, .sending), connection.serverStack.secret(level, .receiving)
            )
            let (back, backReceived) = (
                connection.serverStack.secret(level, .sending), connection.clientStack.secret(level, .receiving)
            )
            #expect(sent != nil && sent == received && back != nil && back == backReceived && sent != back)
        }
        let (clientCount, serverCount) = (connection.clientStack.secrets.count, connection.serverStack.secrets.count)
        #expect(clientCount == 4 && serverCount == 4)
        let suites = Set((connection.clientStack.secrets + connection.serverStack.secrets).map(\.cipherSuite))
        #expect(suites == [client?.cipherSuite])
    }

    @Test(
        "In pieces of every kind, with every suite",
        arguments: CipherSuite.supported.filter(\.isTLS13),
        [Int.max, 1, 2, 3, 4, 5, 97, 1200]
    )
    func pieces(suite: CipherSuite, chunk: Int) throws {
        var pair = Pair.quic()
        pair.server.cipherSuites = [suite]
        pair.server.versions = .tls13 ... .tls13
        var connection = try QUICConnection(pair)
        try connection.run(chunk: chunk)
        check(connection)
        let lengths = Set(connection.clientStack.secrets.map(\.count))
        let hashes = Set(connection.clientStack.secrets.map(\.hash))
        #expect(lengths == [suite.hash?.digestLength] && hashes == [suite.hash])
    }

    /// The key log's secrets are those of RFC 8448's traces, and those that records are protected with elsewhere.
    @Test("Secrets are TLS's own")
    func secrets() throws {
        let log = SecretLog()
        let connection = try QUICConnection.complete { $0.client.keyLog = log }
        let stack = connection.clientStack
        #expect(stack.secret(.handshake, .sending) == log.secret(.clientHandshake))
        #expect(stack.secret(.handshake, .receiving) == log.secret(.serverHandshake))
        #expect(stack.secret(.application, .sending) == log.secret(.clientApplication))
        #expect(stack.secret(.application, .receiving) == log.secret(.serverApplication))
        // RFC 9001 §5.1: the labels of QUIC's keys are the stack's.
        let secret = try #require(stack.secrets.first)
        let key = try Self.expand(secret.copied, "quic key", 16, secret.hash)
        #expect(key.count == 16 && !stack.secrets.contains { $0.copied.starts(with: key) })
    }

    @Test("Certificates that are for TLS 1.2 alone are no reason to have no QUIC", arguments: ["p256", "rsa2048"])
    func certificatesOfTLS12(clients: String) throws {
        var pair = Pair.quic()
        pair.credentials = ["rsa2048", "p256"]
        pair.server.signatureSchemes = [.rsaPKCS1SHA256, .ecdsaSECP256R1SHA256]
        pair.client.credentials = [try TestCredentials.named(clients)]
        pair.client.signingSchemes = pair.server.signatureSchemes
        var connection = try QUICConnection(pair)
        try connection.run()
        check(connection)
        let scheme = connection.client.negotiated?.signatureScheme
        #expect(scheme == .ecdsaSECP256R1SHA256)
    }

    /// RFC 9001 §6.5: old keys and their secrets are discarded, also those of which newer ones are made.
    @Test("What protects packets is forgotten, and not what exporters and tickets are made of")
    func forgottenSecrets() throws {
        let connection = try QUICConnection.complete()
        let isHeld = (connection.client.holdsTrafficSecrets, connection.server.holdsTrafficSecrets)
        #expect(isHeld == (false, false))
        let exported = (
            try connection.client.exportKeyingMaterial(label: "EXPORTER-a", context: nil, count: 32),
            try connection.server.exportKeyingMaterial(label: "EXPORTER-a", context: nil, count: 32)
        )
        #expect(exported.0 == exported.1)
    }

    private static func expand(
        _ secret: [UInt8],
        _ label: String,
        _ count: Int,
        _ algorithm: HashAlgorithm
    ) throws -> [UInt8] {
        var hash = try KeyedHash(algorithm)
        let expanded = try hash.expandLabel(secret.span, label, count: count)
        return copyBytes(expanded.bytes)
    }

    @Test("Secrets and messages come in the order in which they count")
    func order() throws {
        var pair = Pair.quic()
        pair.server.ticketCount = 2
        pair.client.sessionCacheCapacity = 8
        var connection = try QUICConnection(pair)
        try connection.run()
        let (client, server) = (connection.clientStack.events, connection.serverStack.events)
        #expect(
            server == [
                .secret(.handshake, .sending), .secret(.handshake, .receiving), .secret(.application, .sending),
                .messages(.initial, [.serverHello]),
                .messages(.handshake, [.encryptedExtensions, .certificate, .certificateVerify, .finished]),
                .secret(.application, .receiving),
                .messages(.application, [.newSessionTicket, .newSessionTicket]),
            ]
        )
        // All of the server's flight is here before the client is asked for what it has.
        #expect(
            client == [
                .messages(.initial, [.clientHello]),
                .secret(.handshake, .receiving), .secret(.handshake, .sending),
                .secret(.application, .receiving), .secret(.application, .sending),
                .messages(.handshake, [.finished]),
            ]
        )
    }

    @Test("A client has the secrets of a level as soon as the server's messages need them")
    func clientSecrets() throws {
        var connection = try QUICConnection(Pair.quic())
        try connection.toServer()
        let flight = connection.serverStack.waiting
        #expect(flight.map(\.level) == [.initial, .handshake])
        try connection.client.receive(flight[0].bytes, at: .initial)
        connection.clientStack.collect(&connection.client)
        #expect(connection.clientStack.secrets.map(\.level) == [.handshake, .handshake])
        let level = connection.client.receivingLevel
        #expect(level == .handshake)
        // All but the last byte of the Finished.
        try connection.client.receive(Array(flight[1].bytes.dropLast()), at: .handshake)
        connection.clientStack.collect(&connection.client)
        #expect(connection.clientStack.secrets.count == 2)
        try connection.client.receive([flight[1].bytes[flight[1].bytes.count - 1]], at: .handshake)
        connection.clientStack.collect(&connection.client)
        let isComplete = connection.client.isHandshakeComplete
        #expect(connection.clientStack.secrets.count == 4 && isComplete)
        // RFC 9001 §5.7: a server does not read 1-RTT packets before the client's Finished.
        let (before, sending) = (
            connection.serverStack.secret(.application, .receiving),
            connection.serverStack.secret(.application, .sending)
        )
        #expect(before == nil && sending != nil)
        let (isEarly, known) = (connection.server.isHandshakeComplete, connection.server.peerTransportParameters)
        #expect(!isEarly && known == QUICConnection.clientParameters)
    }

    @Test("HelloRetryRequest stays in Initial packets", arguments: [Int.max, 1, 50])
    func retry(chunk: Int) throws {
        var pair = Pair.quic()
        pair.client.groups = [.x25519, .secp256r1]
        pair.server.groups = [.secp256r1]
        // Without meaning in QUIC.
        pair.server.sendsRetryCookie = true
        var connection = try QUICConnection(pair)
        try connection.run(chunk: chunk)
        check(connection)
        let negotiated = connection.client.negotiated
        #expect(negotiated?.usedHelloRetryRequest == true && negotiated?.group == .secp256r1)
        #expect(
            connection.clientStack.events.prefix(2) == [
                .messages(.initial, [.clientHello]), .messages(.initial, [.clientHello]),
            ]
        )
    }

    @Test("With every group", arguments: NamedGroup.supported)
    func groups(group: NamedGroup) throws {
        var pair = Pair.quic()
        pair.client.groups = [group]
        pair.server.groups = [group, .secp256r1]
        pair.client.versions = .tls13 ... .tls13
        var connection = try QUICConnection(pair)
        try connection.run()
        check(connection)
        let negotiated = connection.server.negotiated
        #expect(negotiated?.group == group)
    }

    @Test("Both sides show certificates", arguments: [Int.max, 1])
    func mutual(chunk: Int) throws {
        var pair = Pair.quic()
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        pair.client.credentials = [try TestCredentials.named("ed25519")]
        var connection = try QUICConnection(pair)
        try connection.run(chunk: chunk)
        check(connection)
        let (chain, path) = (connection.server.peerCertificates, connection.server.verifiedPath)
        #expect(chain == (try TestCredentials.named("ed25519").certificateChain) && path.count > 1)
    }

    @Test("A client without a certificate is refused where one is required")
    func noCertificate() throws {
        var pair = Pair.quic()
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        var connection = try QUICConnection(pair)
        try connection.toServer()
        try connection.toClient()
        #expect(throws: TLSError.peerMisbehaved(.noClientCertificate(.tls13))) { try connection.toServer() }
        let code = connection.server.failure?.quicErrorCode
        #expect(code == 0x0174)
    }

    @Test("Exporters agree")
    func exporters() throws {
        let connection = try QUICConnection.complete()
        let client = try connection.client.exportKeyingMaterial(label: "EXPORTER-test", context: nil, count: 32)
        let server = try connection.server.exportKeyingMaterial(label: "EXPORTER-test", context: [], count: 32)
        #expect(client == server && client.count == 32)
    }

    @Test("A driver answers every request", arguments: [Int.max, 1, 64])
    func deferred(chunk: Int) throws {
        var pair = Pair.quic()
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        let credential = try TestCredentials.named("ed25519")
        let configuration = try pair.serverConfiguration()
        // What the session is created with could not answer: the driver has another one.
        var other = pair
        other.server.applicationProtocols = ["other"]
        var connection = QUICConnection(
            try pair.makeQUICClient(deferring: [.verification, .certificate, .signature]),
            try other.makeQUICServer(deferring: [.clientHello, .verification, .signature])
        )
        var asked: [String] = []
        for _ in 0..<8 {
            try connection.toServer(chunk: chunk)
            while let request = connection.server.pendingRequest {
                switch request {
                case .clientHello(let info):
                    asked.append("hello")
                    #expect(info.quicTransportParameters == QUICConnection.clientParameters)
                    #expect(info.ja4?.hasPrefix("q13d") == true)
                    try connection.server.answer(
                        configuration: configuration,
                        transportParameters: QUICConnection.serverParameters
                    )
                default:
                    asked.append("server")
                    try connection.server.answer(try .builtIn(to: request))
                }
            }
            try connection.toClient(chunk: chunk)
            while let request = connection.client.pendingRequest {
                switch request {
                case .certificate:
                    asked.append("certificate")
                    try connection.client.answer(.credential(credential))
                default:
                    asked.append("client")
                    try connection.client.answer(try .builtIn(to: request))
                }
            }
        }
        check(connection)
        #expect(asked == ["hello", "server", "client", "certificate", "client", "server"])
        let chain = connection.server.peerCertificates
        #expect(chain == credential.certificateChain)
    }

    @Test("A server gives its transport parameters with its answer")
    func answeredParameters() throws {
        let pair = Pair.quic()
        var connection = try QUICConnection(pair, server: .clientHello)
        try connection.toServer()
        let configuration = try pair.serverConfiguration()
        let tooLong = [UInt8](repeating: 0, count: TLSLimits.quicTransportParametersLength + 1)
        #expect(throws: TLSError.self) {
            try connection.server.answer(configuration: configuration, transportParameters: tooLong)
        }
        try connection.server.answer(configuration: configuration, transportParameters: [9, 9])
        try connection.run()
        let parameters = connection.client.peerTransportParameters
        #expect(parameters == [9, 9])
    }

    @Test("Messages are observed, and those of later levels as encrypted")
    func observed() throws {
        let seen = Seen()
        let connection = try QUICConnection.complete { $0.client.messageObserver = { seen.add($0) } }
        let isComplete = connection.client.isHandshakeComplete
        #expect(isComplete)
        let texts = seen.messages.map { "\($0.direction) \($0.kind) \($0.isProtected)" }
        #expect(
            texts == [
                "sent client_hello false", "received server_hello false", "received encrypted_extensions true",
                "received certificate true", "received certificate_verify true", "received finished true",
                "sent finished true",
            ]
        )
    }
}

/// Collects messages.
private final class Seen: Sendable {
    private let list = Mutex<[ObservedMessage]>([])

    var messages: [ObservedMessage] { list.withLock { $0 } }

    func add(_ message: ObservedMessage) { list.withLock { $0.append(message) } }
}
