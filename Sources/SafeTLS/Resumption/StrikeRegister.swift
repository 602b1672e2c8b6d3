// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import TLSCrypto

/// What keeps 0-RTT data from being accepted twice (RFC 9846 §8.2).
///
/// It must be shared by all servers that can read the same tickets; one that sees only a part of the ClientHellos
/// recognises only a part of the replays. An implementation over shared memory or a network service may stand in for
/// ``StrikeRegister``.
public protocol ReplayProtection: Sendable {
    /// Records a value that is unique for a ClientHello.
    ///
    /// - Parameters:
    ///   - value: 32 or 48 bytes, the binder of the pre-shared key.
    ///   - now: The time in UNIX seconds.
    ///   - window: For how many seconds before and after its expected time a ClientHello is taken. It has to be
    ///     remembered for twice as long.
    /// - Returns: Whether the value was not seen before. False, too, when that cannot be told: the early data are
    ///   rejected then, and the handshake goes on.
    func isFirst(_ value: [UInt8], now: Int64, window: Int64) -> Bool
}

/// A strike register in the memory of one process (RFC 9846 §8.2, "ClientHello recording").
///
/// Bounded: when it is full, nothing more is accepted until the oldest values may be forgotten. A new register accepts
/// nothing for the time of a window, since it cannot know what was accepted before a restart. The values are spread
/// over independent parts, so that threads seldom wait for each other.
public final class StrikeRegister: ReplayProtection {
    private let capacity: Int
    private let start: Int64
    private let shards: [Shard]

    private static let shardCount = 16

    private final class Shard: Sendable {
        let state = Mutex(Generations())
    }

    /// What was seen lately, and what was seen before that.
    private struct Generations {
        var current: Set<[UInt8]> = []
        var previous: Set<[UInt8]> = []
        /// When `current` began, in UNIX seconds.
        var begin = Int64.min

        /// Forgets what is older than a generation.
        mutating func advance(to now: Int64, length: Int64) {
            guard begin != .min else {
                begin = now
                return
            }
            guard now - begin >= length else { return }
            previous = now - begin < 2 * length ? current : []
            current = []
            begin = now
        }
    }

    /// Creates an empty register.
    ///
    /// - Parameters:
    ///   - capacity: How many ClientHellos with 0-RTT data are remembered at a time, some 100 bytes each.
    ///   - start: When this process or machine started to accept tickets, in UNIX seconds. Default: now.
    public init(capacity: Int = 100_000, start: Int64 = WallClock.now()) {
        self.capacity = max(capacity, Self.shardCount)
        self.start = start
        shards = (0..<Self.shardCount).map { _ in Shard() }
    }

    /// See ``ReplayProtection``.
    public func isFirst(_ value: [UInt8], now: Int64, window: Int64) -> Bool {
        // What is taken now may have been expected as early as a window ago, and come as early as two.
        let length = 2 * max(window, 1) + 1
        guard now - start >= length else { return false }
        let limit = capacity / Self.shardCount / 2
        return shards[Int(value.last ?? 0) % Self.shardCount].state.withLock { state in
            // A clock that was set back would bring back what is forgotten.
            guard state.begin == .min || now >= state.begin else { return false }
            state.advance(to: now, length: length)
            guard !state.previous.contains(value), state.current.count < max(limit, 1) else { return false }
            return state.current.insert(value).inserted
        }
    }
}
