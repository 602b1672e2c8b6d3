// SPDX-License-Identifier: Apache-2.0

import CSockets
import SafeTLS
import SafeTLSSockets

/// One thread that serves many connections: it waits until any of them can go on.
struct Server: ~Copyable {
    private let configuration: ServerConfiguration
    private let service: Service
    /// Asks clients for certificates after the handshake.
    private let authenticator: ClientAuthenticator?
    private let listener: Socket
    /// How many more connections to take; nil for any number.
    private var remaining: Int?
    private var connections: [ServerConnection] = []

    /// More clients than this wait in the system's queue.
    private static let mostConnections = 512

    init(
        _ configuration: ServerConfiguration,
        service: Service,
        authenticator: ClientAuthenticator?,
        listener: consuming Socket,
        limit: Int?
    ) {
        self.configuration = configuration
        self.service = service
        self.authenticator = authenticator
        self.listener = listener
        remaining = limit
    }

    mutating func run() throws {
        while remaining != 0 || !connections.isEmpty {
            let hasRoom = connections.count < Self.mostConnections && remaining != 0
            var interests = [cs_interest(listener.descriptor, read: hasRoom)] + connections.map(\.interest)
            _ = try cs_interest.wait(for: &interests, milliseconds: timeout())
            let now = cs_milliseconds()
            for (connection, interest) in zip(connections, interests.dropFirst()) {
                connection.advance(canRead: interest.can_read, canWrite: interest.can_write, now: now)
            }
            connections.removeAll { $0.isFinished }
            if interests[0].can_read { accept(now: now) }
        }
    }

    private mutating func accept(now: UInt64) {
        guard let socket = listener.accept() else { return }
        remaining = remaining.map { $0 - 1 }
        do {
            let connection = try ServerConnection(
                configuration,
                service: service,
                authenticator: authenticator,
                socket: socket,
                now: now
            )
            connections.append(connection)
        } catch {
            note("\(error)")
        }
    }

    /// Milliseconds until the next connection has been silent for too long.
    private func timeout() -> Int32 {
        guard let next = connections.map(\.deadline).min() else { return -1 }
        let now = cs_milliseconds()
        return next > now ? Int32(clamping: next - now) : 0
    }
}
