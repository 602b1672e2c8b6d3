// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Where a server keeps the sessions that it does not give to its clients in tickets: TLS 1.2 session IDs (RFC 5246
/// §7.4.1.2), and TLS 1.3 tickets that are only a name of the session (RFC 9846 §4.7.1).
///
/// What is stored is sealed with the server's ``TicketKeys``: shared memory, memcached or Redis can hold it. The calls
/// come from the threads that drive the sessions and block them. Losing a session costs a full handshake, no more.
public protocol SessionStore: Sendable {
    /// Keeps a session under an identifier of 32 random bytes until a time in UNIX seconds.
    func store(_ session: [UInt8], for identifier: [UInt8], until expiry: Int64, now: Int64)

    /// The session under an identifier; nil when there is none or its time is over.
    func session(for identifier: [UInt8], now: Int64) -> [UInt8]?

    /// Removes a session.
    ///
    /// - Returns: Whether it was there. Of several callers at the same time only one may get true.
    func remove(_ identifier: [UInt8]) -> Bool
}

/// Sessions in the memory of one process.
///
/// Bounded in number and bytes: the oldest go first. The identifiers are spread over independent parts, so that threads
/// seldom wait for each other.
public final class MemorySessionStore: SessionStore {
    /// How many sessions are kept at most.
    public let capacity: Int
    private let shards: [Shard]

    private static let shardCount = 16
    /// Longest session kept, in bytes; longer ones are not stored. Client certificates make them long.
    private static let sessionLength = 16_384

    private final class Shard: Sendable {
        let state = Mutex(State())
    }

    private struct State {
        var sessions: [[UInt8]: Entry] = [:]
        /// Identifiers in the order they came, some of them gone since.
        var order: [[UInt8]] = []
        /// The first of `order` that counts.
        var oldest = 0
    }

    private struct Entry {
        let session: [UInt8]
        let expiry: Int64
    }

    /// Creates an empty store.
    ///
    /// - Parameter capacity: The most sessions kept, a few hundred bytes each. Default: 20,000.
    public init(capacity: Int = 20_000) {
        self.capacity = max(capacity, Self.shardCount)
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// How many sessions are there, those whose time is over included.
    public var count: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.sessions.count } } }

    private func shard(of identifier: [UInt8]) -> Shard { shards[Int(identifier.last ?? 0) % Self.shardCount] }

    /// See ``SessionStore``.
    public func store(_ session: [UInt8], for identifier: [UInt8], until expiry: Int64, now: Int64) {
        guard session.count <= Self.sessionLength, expiry > now else { return }
        let limit = capacity / Self.shardCount
        shard(of: identifier).state.withLock { state in
            if state.sessions.updateValue(Entry(session: session, expiry: expiry), forKey: identifier) == nil {
                state.order.append(identifier)
            }
            while state.sessions.count > limit, state.oldest < state.order.count {
                state.sessions[state.order[state.oldest]] = nil
                state.oldest += 1
            }
            // Identifiers of sessions that are gone would pile up.
            if state.order.count > 2 * limit + 16 {
                state.order = state.order[state.oldest...].filter { state.sessions[$0] != nil }
                state.oldest = 0
            }
        }
    }

    /// See ``SessionStore``.
    public func session(for identifier: [UInt8], now: Int64) -> [UInt8]? {
        shard(of: identifier).state.withLock { state in
            guard let entry = state.sessions[identifier] else { return nil }
            if entry.expiry > now { return entry.session }
            state.sessions[identifier] = nil
            return nil
        }
    }

    /// See ``SessionStore``.
    public func remove(_ identifier: [UInt8]) -> Bool {
        shard(of: identifier).state.withLock { $0.sessions.removeValue(forKey: identifier) != nil }
    }
}

/// The name of a stored session, by which a connection can forget it.
struct StoredSession: Sendable {
    let store: any SessionStore
    let identifier: [UInt8]

    /// RFC 5246 §7.2.2: the session of a connection that failed is not resumed.
    func forget() { _ = store.remove(identifier) }
}
