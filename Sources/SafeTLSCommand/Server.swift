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
    /// Until when no connection is taken, since the system has no descriptor for it.
    private var pause: Pause?

    private struct Pause {
        var end: UInt64
        var length: UInt64
    }

    /// How many milliseconds the first pause lasts, and each further one twice as long as the one before, up to a second: nothing
    /// tells when somebody gives a descriptor back, except that one of ours does.
    private static let pauses: ClosedRange<UInt64> = 50...1000

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
            let start = cs_milliseconds()
            let isPaused = pause.map { start < $0.end } ?? false
            let hasRoom = connections.count < Self.mostConnections && remaining != 0 && !isPaused
            var interests = [cs_interest(listener.descriptor, read: hasRoom)] + connections.map(\.interest)
            _ = try cs_interest.wait(for: &interests, milliseconds: timeout(from: start))
            let now = cs_milliseconds()
            for (connection, interest) in zip(connections, interests.dropFirst()) {
                connection.advance(canRead: interest.can_read, canWrite: interest.can_write, now: now)
            }
            let count = connections.count
            connections.removeAll { $0.isFinished }
            // Their descriptors are free now.
            if connections.count < count { pause?.end = now }
            if interests[0].can_read { accept(now: now) }
        }
    }

    private mutating func accept(now: UInt64) {
        let socket: Socket
        do {
            guard let next = try listener.acceptWaiting() else { return }
            socket = next
        } catch {
            // Whoever waits is still there, and the listener would be ready at once, again and again. One message for all of it.
            if pause == nil { note("\(error); waiting until there is room for more") }
            let length = pause.map { min(2 * $0.length, Self.pauses.upperBound) } ?? Self.pauses.lowerBound
            pause = Pause(end: now + length, length: length)
            return
        }
        pause = nil
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

    /// Milliseconds from now until the next connection has been silent for too long, or the pause is over.
    private func timeout(from now: UInt64) -> Int32 {
        let ends = connections.map(\.deadline) + (pause.map { [$0.end] } ?? []).filter { $0 > now }
        guard let next = ends.min() else { return -1 }
        return next > now ? Int32(clamping: next - now) : 0
    }
}
