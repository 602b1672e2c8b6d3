// SPDX-License-Identifier: Apache-2.0

import CSockets
import SafeTLS
import SafeTLSSockets

/// What the server does with what clients send.
enum Service {
    case echo
    case statusPage
}

/// One client of the server, from its first byte until both sides have closed.
final class ServerConnection {
    private var connection: SocketConnection<ServerSession>
    private let service: Service
    private let authenticator: ClientAuthenticator?
    /// Whether the client was asked for its certificate after the handshake, and has not answered.
    private var isAuthenticating = false
    private let peer: String
    private var request: [UInt8] = []
    private var phase = Phase.handshake
    private(set) var deadline: UInt64

    private enum Phase {
        case handshake, open
        /// Everything is sent; the client may still be reading. Closing now could reset the connection under it.
        case lingering
        case finished
    }

    /// A client that makes no progress for this many milliseconds is dropped.
    private static let patience: UInt64 = 30_000
    private static let lingering: UInt64 = 2_000
    private static let longestRequest = 16384

    init(
        _ configuration: ServerConfiguration,
        service: Service,
        authenticator: ClientAuthenticator?,
        socket: consuming Socket,
        now: UInt64
    ) throws {
        self.service = service
        self.authenticator = authenticator
        peer = socket.name(ofPeer: true)
        connection = SocketConnection(ServerSession(configuration: configuration), over: socket)
        deadline = now + Self.patience
    }

    var isFinished: Bool { phase == .finished }

    /// A client that does not read its answers is not read from either.
    var interest: cs_interest {
        cs_interest(
            connection.socket.descriptor,
            read: phase == .lingering || !connection.hasOutput,
            write: phase != .lingering && connection.hasOutput
        )
    }

    func advance(canRead: Bool, canWrite: Bool, now: UInt64) {
        guard canRead || canWrite || now >= deadline else { return }
        guard now < deadline else {
            if phase != .lingering { note("\(peer) timed out") }
            phase = .finished
            return
        }
        do {
            if phase == .lingering {
                if try connection.socket.discardInput() { phase = .finished }
                return
            }
            deadline = now + Self.patience
            if canRead { try serve(connection.read()) }
            try connection.checkFailure()
            try connection.flush()
            try reportHandshake()
            if connection.session.isPeerClosed { connection.session.close() }
            try connection.flush()
            if connection.session.isClosed, !connection.hasOutput { linger(now) }
        } catch  where phase == .lingering {
            // A client that resets the connection after its answer has missed nothing.
            phase = .finished
        } catch {
            note("\(peer) \(error)")
            // The alert that says why.
            try? connection.flush()
            linger(now)
        }
    }

    private func serve(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { return }
        switch service {
        case .echo: try connection.write(bytes)
        case .statusPage:
            request += bytes
            guard let parameters = connection.session.negotiated, !connection.session.isClosed else { return }
            guard let end = endOfHead(in: request) else {
                guard request.count < Self.longestRequest else {
                    throw Failure(.broken, "sent a request that is too long")
                }
                return
            }
            try connection.write(statusPage(for: request[..<end], parameters))
            connection.session.close()
        }
    }

    private func reportHandshake() throws {
        if isAuthenticating && !connection.session.isClientCertificatePending {
            isAuthenticating = false
            reportCertificates()
        }
        guard phase == .handshake, let parameters = connection.session.negotiated else { return }
        phase = .open
        note(peer + " " + parameters.lines.map(\.value).joined(separator: " "))
        for remark in connection.session.remarks { note("\(peer) \(remark.name) \(remark.value)") }
        reportCertificates()
        if let authenticator, connection.session.offersPostHandshakeAuthentication {
            try connection.session.requestClientCertificate(authenticator)
            isAuthenticating = true
        }
    }

    private func reportCertificates() {
        for certificate in connection.session.peerCertificates { note(peer + " " + certificate.summary) }
    }

    private func linger(_ now: UInt64) {
        connection.socket.shutdownWriting()
        phase = .lingering
        deadline = now + Self.lingering
    }
}
