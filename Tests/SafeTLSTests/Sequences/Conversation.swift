// SPDX-License-Identifier: Apache-2.0

import TLSCertificateCompression
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// One piece with its bytes: a message with its header, or the content of a record of another type.
struct Step: Equatable {
    let piece: Piece
    let bytes: [UInt8]
    var epoch: Epoch

    var contentType: ContentType {
        switch piece {
        case .message, .helloRetryRequest: .handshake
        case .changeCipherSpec: .changeCipherSpec
        case .applicationData: .applicationData
        }
    }

    /// A message of any content under given keys.
    init(_ message: [UInt8], _ epoch: Epoch) {
        let type = HandshakeType(rawValue: message[0])
        let random = message.dropFirst(6).prefix(32)
        let isRetry = type == .serverHello && random.elementsEqual(ServerHello.helloRetryRequestRandom)
        self.init(isRetry ? .helloRetryRequest : .message(type), message, epoch)
    }

    init(_ piece: Piece, _ bytes: [UInt8], _ epoch: Epoch) {
        self.piece = piece
        self.bytes = bytes
        self.epoch = epoch
    }
}

/// A handshake that is the same each time it runs, recorded once: what one side received, and the keys.
///
/// Nothing in it is left to chance – clock, random numbers, Ed25519 signatures – so that the receiver, made anew, takes
/// the recorded pieces as if they were meant for it.
struct Conversation {
    let mode: Mode
    let version: ProtocolVersion
    let receiver: Receiver
    private(set) var steps: [Step] = []
    private let log = SecretLog()
    /// The session that a resumption goes back to.
    private var session: ResumableSession?
    private var randoms = Randoms(client: .init(repeating: 0), server: .init(repeating: 0))

    private static let tls12Suite = CipherSuite.ecdheECDSAWithChaCha20Poly1305SHA256

    init(_ mode: Mode, _ version: ProtocolVersion, _ receiver: Receiver) throws {
        self.mode = mode
        self.version = version
        self.receiver = receiver
        if mode.contains(.resumed) {
            // A ticket of TLS 1.2 that has half of its life behind it is renewed.
            let isRenewed = version == .tls12 && mode.contains(.tickets)
            let first = try configurations(
                at: TestCredentials.now - (isRenewed ? ServerOptions().ticketLifetime / 2 : 0)
            )
            try Self.connect(first.client, first.server)
            session = first.client.sessionCache.take(Self.name, versions: version...version, at: TestCredentials.now)
        }
        try record()
    }

    // MARK: The two sides

    static let name = ServerName.dns("server.example")

    func configurations(
        at time: Int64 = TestCredentials.now
    ) throws -> (client: ClientConfiguration, server: ServerConfiguration) {
        var pair = Pair(seed: 4)
        pair.client.clock = { time }
        pair.server.clock = { time }
        pair.restrict(to: version)
        pair.credentials = ["ed25519"]
        pair.server.cipherSuites = [version == .tls13 ? .aes128GCMSHA256 : Self.tls12Suite]
        if mode.contains(.retry) { pair.client.groups = [.secp256r1, .x25519] }
        pair.server.groups = [.x25519]
        if mode.contains(.tickets) || mode.contains(.resumed) {
            pair.client.sessionCacheCapacity = 1
            pair.server.ticketCount = 1
            let secret = [UInt8](repeating: 7, count: 32)
            pair.server.ticketKeys = try TicketKeys(sharedSecret: secret.span)
        }
        if mode.contains(.earlyData) {
            pair.client.offersEarlyData = true
            pair.server.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
        }
        pair.client.offersPostHandshakeAuthentication = asksLater
        // For drivers that choose certificates; nothing that is sent depends on it.
        pair.client.keepsSessionsWithDeferredCertificates = true
        if !mode.isDisjoint(with: [.clientCertificate, .laterCertificate]) {
            pair.client.credentials = [try TestCredentials.named("ed25519")]
        }
        if !mode.isDisjoint(with: [.clientCertificate, .noClientCertificate]) {
            pair.server.clientAuthentication = ClientAuthentication(.optional, trustAnchors: TestCredentials.anchors)
        }
        if mode.contains(.compressed) {
            pair.client.certificateCompressors = [SystemCompressor.zlib]
            pair.server.certificateCompressors = [SystemCompressor.zlib]
        }
        pair.client.keyLog = log
        // The response is none, which is no matter of order.
        var judge: (@Sendable ([Certificate]) -> Verdict)?
        if mode.contains(.staple) { judge = { chain in Verdict.accepted(path: chain) } }
        let client = try ClientConfiguration(
            trustAnchors: TestCredentials.anchors,
            options: pair.client,
            sharingSessionsWith: nil,
            judge: judge
        )
        if let session { client.sessionCache.insert(session, for: Self.name) }
        let server = try pair.serverConfiguration()
        if mode.contains(.staple) { try server.credentials[0].setStaple(CertificateStaple(ocspResponse: [1])) }
        return (client, server)
    }

    /// Whether the server asks for a certificate when the handshake is complete.
    private var asksLater: Bool { !mode.isDisjoint(with: [.laterCertificate, .noLaterCertificate]) }

    private static func connect(_ client: ClientConfiguration, _ server: ServerConfiguration) throws {
        var client = try ClientSession(configuration: client, serverName: name)
        var server = ServerSession(configuration: server)
        try Loopback.run(&client, &server)
    }

    static func ask(_ server: inout ServerSession) throws {
        try server.requestClientCertificate(
            ClientAuthenticator(ClientAuthentication(.optional, trustAnchors: TestCredentials.anchors))
        )
    }

    // MARK: Recording

    private mutating func record() throws {
        let (clientConfiguration, serverConfiguration) = try configurations()
        var client = try ClientSession(configuration: clientConfiguration, serverName: Self.name)
        var server = ServerSession(configuration: serverConfiguration)
        var sent: [UInt8] = []
        var received: [UInt8] = []
        if mode.contains(.earlyData) {
            sent = [UInt8](repeating: 0, count: client.pendingOutputCount + 100)
            var span = sent.mutableSpan
            let data: [UInt8] = [1]
            let sealed = try client.sealEarlyData(data.span, into: &span)
            sent.removeLast(sent.count - sealed.written)
            try Loopback.feed(&server, sent)
        }
        var hasAsked = false
        while true {
            if asksLater, !server.isHandshaking, !hasAsked {
                try Self.ask(&server)
                hasAsked = true
            }
            let fromClient = Loopback.output(&client)
            let fromServer = Loopback.output(&server)
            if fromClient.isEmpty && fromServer.isEmpty { break }
            sent += fromClient
            received += fromServer
            try Loopback.feed(&server, fromClient)
            try Loopback.feed(&client, fromServer)
        }
        sent += try Loopback.seal(&client, [1])
        received += try Loopback.seal(&server, [1])
        for index in 0..<32 {
            // Behind record header, message header and version.
            randoms.client[index] = sent[11 + index]
            randoms.server[index] = received[11 + index]
        }
        try take(WireBytes.records(receiver == .server ? sent : received))
    }

    /// Opens records and cuts them into pieces.
    private mutating func take(_ records: [[UInt8]]) throws {
        let early = mode.contains(.earlyData) && receiver == .server ? try Protection(self, .early) : nil
        let handshake = version == .tls13 ? try Protection(self, .handshake) : nil
        let application = try Protection(self, .application)
        var epoch = Epoch.plain
        for record in records {
            let type = ContentType(rawValue: record[0])
            if type == .changeCipherSpec {
                steps.append(Step(.changeCipherSpec, [1], .plain))
                if version == .tls12 { epoch = .application }
                continue
            }
            var opened = Protection.Opened(type: type, content: Array(record.dropFirst(5)))
            if version == .tls13 && type == .applicationData {
                if epoch == .plain || epoch == .early, let content = try? early?.open(record) {
                    epoch = .early
                    opened = content
                } else if epoch != .application, let content = try? handshake?.open(record) {
                    epoch = .handshake
                    opened = content
                } else {
                    epoch = .application
                    opened = try application.open(record)
                }
            } else if epoch == .application {
                opened = try application.open(record)
            }
            if opened.type == .applicationData {
                steps.append(Step(.applicationData, opened.content, epoch))
            } else {
                for message in WireBytes.messages(opened.content) { steps.append(Step(message, epoch)) }
            }
        }
    }

    /// The protection of what the receiver gets.
    final class Protection {
        typealias Opened = Forger.Opened
        private let forger: Forger

        init(_ conversation: Conversation, _ epoch: Epoch) throws {
            let fromServer = conversation.receiver == .client
            if conversation.version == .tls13 {
                let label: KeyLogLabel =
                    switch (epoch, fromServer) {
                    case (.early, _): .clientEarly
                    case (.handshake, true): .serverHandshake
                    case (.handshake, false): .clientHandshake
                    case (_, true): .serverApplication
                    case (_, false): .clientApplication
                    }
                forger = try Forger(conversation.log, label)
            } else {
                let secret = conversation.log.secret(.tls12)
                let master = MasterSecretTLS12(
                    resuming: Secret(copying: secret.span),
                    cipherSuite: Conversation.tls12Suite,
                    randoms: conversation.randoms
                )
                var hash = try KeyedHash(.sha256)
                let keys = try master.keyBlock(&hash)
                let sender: SenderTLS12 = fromServer ? .server : .client
                forger = Forger(sealer: try keys.sealer(sender), opener: try keys.opener(sender))
            }
        }

        func open(_ record: [UInt8]) throws -> Opened { try forger.open(record) }

        func seal(_ step: Step) throws -> [UInt8] { try forger.seal(step.bytes, step.contentType) }
    }

    // MARK: Replaying

    /// How a receiver reacts to a sequence.
    struct Reaction: Equatable {
        /// The step that it refused; nil when it took them all.
        var refused: Int?
        var alert: AlertDescription?
        var isConnected = false
    }

    /// Sends steps to a receiver made anew.
    func react(to steps: [Step]) throws -> Reaction {
        let (clientConfiguration, serverConfiguration) = try configurations()
        switch receiver {
        case .client:
            var client = try ClientSession(configuration: clientConfiguration, serverName: Self.name)
            return try react(&client, to: steps) { _ in }
        case .server:
            var server = ServerSession(configuration: serverConfiguration)
            return try react(&server, to: steps) { server in
                if asksLater { try Self.ask(&server) }
            }
        }
    }

    /// What seals the pieces, for each kind of keys.
    func protections() throws -> [Epoch: Protection] {
        var protections: [Epoch: Protection] = [.application: try Protection(self, .application)]
        if version == .tls13 { protections[.handshake] = try Protection(self, .handshake) }
        if mode.contains(.earlyData) { protections[.early] = try Protection(self, .early) }
        return protections
    }

    private func react<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        to steps: [Step],
        whenConnected: (inout Session) throws -> Void
    ) throws -> Reaction {
        var wasConnected = false
        let protections = try protections()
        var waiting: [UInt8] = []
        for (index, step) in steps.enumerated() {
            var record = WireBytes.record(step.contentType, step.bytes)
            if let protection = protections[step.epoch] { record = try protection.seal(step) }
            do throws(TLSError) {
                try Loopback.feed(&session, record, keeping: &waiting)
            } catch {
                return Reaction(refused: index, alert: error.alert, isConnected: session.negotiated != nil)
            }
            if !wasConnected && session.negotiated != nil {
                wasConnected = true
                try whenConnected(&session)
            }
            _ = Loopback.output(&session)
        }
        return Reaction(isConnected: session.negotiated != nil)
    }
}
