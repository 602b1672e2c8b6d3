// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// One end of a TLS 1.2 connection that does what a test tells it, also what no peer should.
struct Puppet: ~Copyable {
    /// What a session under test has sent.
    enum Event: Equatable {
        case message(HandshakeType, [UInt8])
        case changeCipherSpec
        case alert(AlertDescription)
        /// An alert that does not end the connection.
        case warning(AlertDescription)
        case data([UInt8])
    }

    let isClient: Bool
    var suite = CipherSuite.ecdheECDSAWithAES128GCMSHA256
    var randoms = Randoms(client: .init(repeating: 0xC1), server: .init(repeating: 0x5E))
    /// Every handshake message so far.
    private(set) var transcript: [UInt8] = []
    private var channel = Channel()
    private var key: KeyExchangePrivateKey?
    private var master: MasterSecretTLS12?
    /// The session whose keys come into force with a ServerHello.
    var session: ResumableSession?

    init(isClient: Bool) { self.isClient = isClient }

    // MARK: Records

    /// Everything that was sent and not carried yet.
    mutating func output() throws -> [UInt8] {
        try channel.flush()
        let bytes: [UInt8] = copyBytes(channel.output.pending)
        channel.discardOutput(bytes.count)
        return bytes
    }

    /// Adds a message to the flight and to the transcript.
    mutating func send(_ write: (inout ByteWriter) throws(EncodeError) -> Void) throws {
        let start = channel.flight.count
        try write(&channel.flight)
        transcript += channel.flight.bytes[start...]
    }

    /// Adds a message of any type and content.
    mutating func send(_ type: HandshakeType, body: [UInt8] = []) throws {
        try send { writer throws(EncodeError) in try HandshakeMessage.write(type, body: body.span, into: &writer) }
    }

    /// Adds a message that has no place in the transcript.
    mutating func sendOutsideTranscript(_ type: HandshakeType, body: [UInt8] = []) throws {
        try HandshakeMessage.write(type, body: body.span, into: &channel.flight)
    }

    mutating func sendRecord(_ type: ContentType, _ content: [UInt8]) throws {
        try channel.flush()
        try channel.write(content.span, type: type)
    }

    /// Takes what the session under test has sent.
    mutating func receive(_ bytes: [UInt8]) throws -> [Event] {
        var events: [Event] = []
        var buffer = bytes
        var offset = 0
        while offset < buffer.count {
            try #require(buffer.count >= offset + 5)
            let type = ContentType(rawValue: buffer[offset])
            let length = Int(buffer[offset + 3]) << 8 | Int(buffer[offset + 4])
            try #require(buffer.count >= offset + 5 + length)
            let content = try open(&buffer, offset + 5..<offset + 5 + length, type)
            offset += 5 + length
            switch type {
            case .handshake:
                channel.joiner.append(content.span)
                while let message = try channel.joiner.next() {
                    let type = HandshakeType(rawValue: message[0])
                    if type == .serverHello { for index in 0..<32 { randoms.server[index] = message[6 + index] } }
                    if type == .clientHello { for index in 0..<32 { randoms.client[index] = message[6 + index] } }
                    transcript += message
                    if type == .serverHello { resume() }
                    events.append(.message(type, message))
                }
            case .changeCipherSpec:
                #expect(content == [1])
                events.append(.changeCipherSpec)
                try installOpener()
            case .alert:
                let alert = AlertDescription(rawValue: content[1])
                events.append(content[0] == 1 && alert != .closeNotify ? .warning(alert) : .alert(alert))
            default: events.append(.data(content))
            }
        }
        return events
    }

    private mutating func open(
        _ buffer: inout [UInt8],
        _ range: Range<Int>,
        _ type: ContentType
    ) throws -> [UInt8] {
        let content: Range<Int>
        do {
            var span = buffer.mutableSpan
            content = try channel.receiving.open(&span, range: range, type: type).content
        }
        return Array(buffer[content])
    }

    // MARK: Keys

    /// Derives the keys from ``session`` and the randoms as they are now.
    mutating func resume() {
        guard let session else { return }
        suite = session.cipherSuite
        master = MasterSecretTLS12(resuming: session.secret, cipherSuite: session.cipherSuite, randoms: randoms)
    }

    private func keyedHash() throws -> KeyedHash { try KeyedHash(try #require(suite.hash)) }

    private func digest() throws -> Digest { try HashState.hash(try #require(suite.hash), transcript.span) }

    private mutating func installOpener() throws {
        switch master {
        case .some(let master):
            var hash = try keyedHash()
            let keys = try master.keyBlock(&hash)
            try channel.install(opener: keys.opener(isClient ? .server : .client))
        case .none: Issue.record("change_cipher_spec before there are keys")
        }
    }

    /// Makes a key of a group.
    ///
    /// - Returns: The public key.
    mutating func makeKey(_ group: NamedGroup) throws -> [UInt8] {
        let exchange = try #require(group.keyExchangeGroup)
        let made = try KeyExchangePrivateKey(exchange, random: SeededRandom(seed: 77))
        let publicKey = made.publicKey
        key = consume made
        return publicKey
    }

    /// Derives the keys from the transcript as it is now.
    mutating func agree(with peerKey: [UInt8], extended: Bool) throws {
        guard let key = key.take() else {
            Issue.record("there is no key")
            return
        }
        let premaster = PremasterSecret(try key.sharedSecret(with: peerKey.span), cipherSuite: suite)
        var hash = try keyedHash()
        master =
            extended
            ? try premaster.masterSecret(sessionHash: try digest(), randoms, &hash)
            : try premaster.masterSecret(randoms, &hash)
    }

    /// Starts to send under the keys, without saying so.
    mutating func installSealer() throws {
        switch master {
        case .some(let master):
            var hash = try keyedHash()
            let keys = try master.keyBlock(&hash)
            try channel.install(sealer: keys.sealer(isClient ? .client : .server))
        case .none: Issue.record("there are no keys")
        }
    }

    mutating func sendChangeCipherSpec() throws {
        try channel.writeChangeCipherSpec()
        try installSealer()
    }

    /// Sends a Finished; `damage` changes its first byte.
    mutating func sendFinished(damage: UInt8 = 0) throws {
        var verifyData: [UInt8] = []
        switch master {
        case .some(let master):
            var hash = try keyedHash()
            let secret = try master.verifyData(of: isClient ? .client : .server, transcript: try digest(), &hash)
            verifyData = copyBytes(secret.bytes)
        case .none: Issue.record("there are no keys")
        }
        verifyData[0] ^= damage
        try send(.finished, body: verifyData)
    }
}

/// What a test's ClientHello says.
struct PuppetClientHello {
    var cipherSuites = CipherSuite.supported.filter(\.isTLS12)
    var sessionID: [UInt8] = []
    var groups: [NamedGroup]? = [.x25519, .secp256r1]
    var signatureSchemes: [SignatureScheme]? = SignatureScheme.supported
    var hasExtendedMasterSecret = true
    var renegotiationInfo: [UInt8]? = []
    var pointFormats: [UInt8]? = [0]
    var serverName: String?
    var applicationProtocols: [String] = []
    var sessionTicket: [UInt8]?
}

/// What a test's ServerHello says.
struct PuppetServerHello {
    var cipherSuite = CipherSuite.ecdheECDSAWithAES128GCMSHA256
    var sessionID: [UInt8] = []
    var hasExtendedMasterSecret = true
    var renegotiationInfo: [UInt8]? = []
    var pointFormats: [UInt8]?
    var applicationProtocols: [String] = []
    /// Any other, with its body.
    var other: (ExtensionType, [UInt8])?
}

extension Puppet {
    mutating func sendClientHello(_ hello: PuppetClientHello = PuppetClientHello()) throws {
        let random = randoms.client
        try send { writer throws(EncodeError) in
            try ClientHello.write(
                random: random.span,
                legacySessionID: hello.sessionID.span,
                cipherSuites: hello.cipherSuites,
                into: &writer
            ) { extensions in
                if let name = hello.serverName { extensions.serverName(name) }
                if hello.hasExtendedMasterSecret { extensions.addEmpty(.extendedMasterSecret) }
                if let info = hello.renegotiationInfo { extensions.add(.renegotiationInfo) { $0.vector8(info) } }
                if let formats = hello.pointFormats { extensions.add(.ecPointFormats) { $0.vector8(formats) } }
                if let ticket = hello.sessionTicket { extensions.add(.sessionTicket, body: ticket.span) }
                if let groups = hello.groups { extensions.supportedGroups(groups) }
                if let schemes = hello.signatureSchemes { extensions.signatureAlgorithms(schemes) }
                if !hello.applicationProtocols.isEmpty {
                    extensions.applicationProtocols(hello.applicationProtocols)
                }
            }
        }
    }

    mutating func sendServerHello(_ hello: PuppetServerHello = PuppetServerHello()) throws {
        suite = hello.cipherSuite
        let random = randoms.server
        try send { writer throws(EncodeError) in
            try ServerHello.write(
                random: random.span,
                legacySessionID: hello.sessionID.span,
                cipherSuite: hello.cipherSuite,
                into: &writer
            ) { extensions in
                if hello.hasExtendedMasterSecret { extensions.addEmpty(.extendedMasterSecret) }
                if let info = hello.renegotiationInfo { extensions.add(.renegotiationInfo) { $0.vector8(info) } }
                if let formats = hello.pointFormats { extensions.add(.ecPointFormats) { $0.vector8(formats) } }
                if !hello.applicationProtocols.isEmpty {
                    extensions.applicationProtocols(hello.applicationProtocols)
                }
                if let (type, body) = hello.other { extensions.add(type, body: body.span) }
            }
        }
    }

    /// Answers a server's flight: ClientKeyExchange, and keys.
    mutating func sendClientKeyExchange(to flight: [Event], extended: Bool = true) throws {
        var peerKey: [UInt8] = []
        for case .message(.serverKeyExchange, let message) in flight {
            let exchange = try ServerKeyExchange(message.span.extracting(droppingFirst: 4))
            peerKey = copyBytes(exchange.publicKey)
            let publicKey = try makeKey(exchange.group)
            try send { writer throws(EncodeError) in
                try ClientKeyExchange.write(publicKey: publicKey, into: &writer)
            }
        }
        try agree(with: peerKey, extended: extended)
    }

    mutating func sendCertificate(_ name: String) throws {
        let credential = try TestCredentials.named(name)
        try send { writer throws(EncodeError) in writer.append(credential.certificateMessageTLS12) }
    }

    /// Sends a ServerKeyExchange signed with the key of a credential.
    mutating func sendServerKeyExchange(
        _ name: String,
        _ scheme: SignatureScheme,
        group: NamedGroup = .x25519,
        publicKey: [UInt8]? = nil,
        changing change: (inout [UInt8]) -> Void = { _ in }
    ) throws {
        let made = group.keyExchangeGroup == nil ? [UInt8](repeating: 9, count: 32) : try makeKey(group)
        let parameters = try ServerKeyExchange.parameters(group: group, publicKey: publicKey ?? made)
        let request = SignatureRequest(
            scheme: scheme,
            credential: try TestCredentials.named(name),
            message: randoms.signedContent(parameters: parameters.span)
        )
        var signature = try request.sign()
        change(&signature)
        try send { writer throws(EncodeError) in
            try ServerKeyExchange.write(parameters: parameters, scheme: scheme, signature: signature, into: &writer)
        }
    }
}

extension Loopback {
    /// Gives bytes to a session.
    ///
    /// - Returns: The error that it failed with, if it did.
    static func failure<Session: TLSSession & ~Copyable>(_ session: inout Session, _ bytes: [UInt8]) -> TLSError? {
        do throws(TLSError) {
            try feed(&session, bytes)
            return nil
        } catch {
            return error
        }
    }

    /// Gives bytes to a session and takes its answer.
    static func exchange<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ bytes: [UInt8]
    ) throws(TLSError) -> [UInt8] {
        try feed(&session, bytes)
        return output(&session)
    }
}
