// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

@testable import SafeTLS

/// What a QUIC stack keeps of one side's handshake: secrets and CRYPTO bytes, in the order in which they came.
struct QUICStack {
    enum Event: Equatable {
        case secret(QUICLevel, QUICSecret.Direction)
        case messages(QUICLevel, [HandshakeType])
    }

    private(set) var secrets: [QUICSecret] = []
    private(set) var events: [Event] = []
    /// What the peer has not got.
    var waiting: [(level: QUICLevel, bytes: [UInt8])] = []

    /// Takes everything that a session has for its stack.
    mutating func collect<Session: QUICSession & ~Copyable>(_ session: inout Session) {
        while let secret = session.takeSecret() {
            secrets.append(secret)
            events.append(.secret(secret.level, secret.direction))
        }
        for level in QUICLevel.allCases {
            var bytes: [UInt8] = []
            session.moveOutput(at: level, appendingTo: &bytes)
            guard !bytes.isEmpty else { continue }
            let types = WireBytes.messages(bytes).map { HandshakeType(rawValue: $0[0]) }
            events.append(.messages(level, types))
            waiting.append((level, bytes))
        }
    }

    func secret(_ level: QUICLevel, _ direction: QUICSecret.Direction) -> [UInt8]? {
        secrets.first { $0.level == level && $0.direction == direction }?.copied
    }
}

extension QUICSecret {
    var copied: [UInt8] { withBytes { copyBytes($0) } }
}

/// Both sides of a QUIC connection's handshake.
struct QUICConnection: ~Copyable {
    var client: QUICClientSession
    var server: QUICServerSession
    var clientStack = QUICStack()
    var serverStack = QUICStack()

    static let clientParameters: [UInt8] = [1, 1, 42]
    static let serverParameters: [UInt8] = [0, 2, 7, 7]

    init(_ client: consuming QUICClientSession, _ server: consuming QUICServerSession) {
        self.client = client
        self.server = server
    }

    init(
        _ pair: Pair,
        client clientDeferring: DeferredRequests = [],
        server serverDeferring: DeferredRequests = []
    ) throws {
        self.init(
            try pair.makeQUICClient(deferring: clientDeferring),
            try pair.makeQUICServer(deferring: serverDeferring)
        )
    }

    /// A connection whose handshake is complete.
    static func complete(_ configure: (inout Pair) -> Void = { _ in }) throws -> QUICConnection {
        var pair = Pair.quic()
        configure(&pair)
        var connection = try QUICConnection(pair)
        try connection.run()
        return connection
    }

    /// Carries what the client has to the server. `change` may change it on the way.
    mutating func toServer(
        chunk: Int = .max,
        change: (QUICLevel, inout [UInt8]) throws -> Void = { _, _ in }
    ) throws {
        clientStack.collect(&client)
        defer { serverStack.collect(&server) }
        for (level, bytes) in clientStack.waiting {
            var bytes = bytes
            try change(level, &bytes)
            try Self.feed(&server, bytes, at: level, chunk: chunk)
        }
        clientStack.waiting = []
    }

    /// Carries what the server has to the client.
    mutating func toClient(
        chunk: Int = .max,
        change: (QUICLevel, inout [UInt8]) throws -> Void = { _, _ in }
    ) throws {
        serverStack.collect(&server)
        defer { clientStack.collect(&client) }
        for (level, bytes) in serverStack.waiting {
            var bytes = bytes
            try change(level, &bytes)
            try Self.feed(&client, bytes, at: level, chunk: chunk)
        }
        serverStack.waiting = []
    }

    /// Carries bytes until neither side has more to say.
    mutating func run(chunk: Int = .max) throws {
        for _ in 0..<8 {
            try toServer(chunk: chunk)
            try toClient(chunk: chunk)
        }
    }

    static func feed<Session: QUICSession & ~Copyable>(
        _ session: inout Session,
        _ bytes: [UInt8],
        at level: QUICLevel,
        chunk: Int = .max
    ) throws(TLSError) {
        var start = 0
        while start < bytes.count {
            let end = chunk < bytes.count - start ? start + chunk : bytes.count
            try session.receive(Array(bytes[start..<end]), at: level)
            start = end
        }
    }

    /// Gives bytes to a session that must refuse them.
    static func refusal<Session: QUICSession & ~Copyable>(
        _ session: inout Session,
        _ bytes: [UInt8],
        at level: QUICLevel
    ) -> TLSError? {
        do throws(TLSError) {
            try session.receive(bytes, at: level)
            return nil
        } catch {
            return error
        }
    }
}

extension Pair {
    /// Both sides agree on "h3".
    static func quic(seed: UInt64 = 1) -> Pair {
        var pair = Pair(seed: seed)
        pair.client.applicationProtocols = ["h3"]
        pair.server.applicationProtocols = ["h3"]
        return pair
    }

    func makeQUICClient(
        _ configuration: ClientConfiguration? = nil,
        deferring: DeferredRequests = []
    ) throws -> QUICClientSession {
        try QUICClientSession(
            configuration: try configuration ?? clientConfiguration(),
            serverName: .dns(serverName),
            transportParameters: QUICConnection.clientParameters,
            deferring: deferring
        )
    }

    func makeQUICServer(
        _ configuration: ServerConfiguration? = nil,
        deferring: DeferredRequests = []
    ) throws -> QUICServerSession {
        try QUICServerSession(
            configuration: try configuration ?? serverConfiguration(),
            transportParameters: QUICConnection.serverParameters,
            deferring: deferring
        )
    }
}
