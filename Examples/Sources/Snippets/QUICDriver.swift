// SPDX-License-Identifier: Apache-2.0

import SafeTLS

// The driver of the article "Handshakes for QUIC".

/// What the handshake needs of a QUIC stack.
protocol PacketLayer: AnyObject {
    func install(_ secret: QUICSecret)
    func send(_ crypto: Span<UInt8>, at level: QUICLevel)
    func completeHandshake(_ transportParameters: [UInt8], isServer: Bool)
    func close(_ code: UInt64)
}

final class QUICHandshake<Session: QUICSession & ~Copyable> {
    private var session: Session
    private let packets: any PacketLayer
    private let isServer: Bool
    private var isComplete = false
    private var isClosed = false

    init(_ session: consuming Session, over packets: any PacketLayer, isServer: Bool) {
        self.session = session
        self.packets = packets
        self.isServer = isServer
        handOver()  // a client speaks first
    }

    /// Takes the bytes of CRYPTO frames: in order, and each of them once.
    func receive(_ crypto: [UInt8], at level: QUICLevel) {
        do {
            try session.receive(crypto, at: level)
            while let request = session.pendingRequest { try session.answer(.builtIn(to: request)) }
            handOver()
        } catch {
            // A step that fails by itself, as a key that cannot be asked, is not the session's failure yet.
            if session.failure == nil { session.reject(.internalError, reason: "\(error)") }
            close(error)
        }
    }

    private func close(_ error: any Error) {
        guard !isClosed, let code = session.failure?.quicErrorCode else { return }
        isClosed = true
        print("the handshake failed: \(error)")
        packets.close(code)
    }

    private func handOver() {
        while let secret = session.takeSecret() { packets.install(secret) }
        for level in QUICLevel.allCases {
            session.takeOutput(at: level) { packets.send($0, at: level) }
        }
        guard session.isHandshakeComplete, !isComplete else { return }
        isComplete = true
        packets.completeHandshake(session.peerTransportParameters ?? [], isServer: isServer)
    }
}

func quicServer(
    _ credential: Credential,
    _ transportParameters: [UInt8],
    _ packets: any PacketLayer
) throws -> QUICHandshake<QUICServerSession> {
    var options = ServerOptions()
    options.applicationProtocols = ["h3"]
    let configuration = try ServerConfiguration(credentials: [credential], options: options)
    let session = try QUICServerSession(configuration: configuration, transportParameters: transportParameters)
    return QUICHandshake(session, over: packets, isServer: true)
}

func derive(_ secret: QUICSecret, _ expand: (Span<UInt8>, _ label: String, HashAlgorithm, _ count: Int) -> [UInt8]) {
    let iv = secret.withBytes { bytes in expand(bytes, "quic iv", secret.hash, 12) }
    print("\(secret.level), \(secret.direction), \(secret.cipherSuite): a nonce of \(iv.count) bytes")
}
