// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// Words of memory that several processes share, all 0 at first.
public protocol SharedWords: Sendable {
    /// How many there are.
    var count: Int { get }
    /// A word, in an order that all processes see alike.
    func load(_ index: Int) -> UInt64
    /// Replaces a word if it is still `old`; returns whether it was.
    func exchange(_ index: Int, from old: UInt64, to new: UInt64) -> Bool
}

/// A strike register in memory that processes share (RFC 9846 §8.2, "ClientHello recording"), without locks: a process
/// that ends in the middle of something leaves nothing behind that others wait for.
///
/// Bounded: a ClientHello for which there is no place is not the first of its kind. The memory has to be as old as the
/// keys of the tickets, else it could not know what was taken before.
///
/// The first word is the latest time seen. The others are buckets of sixteen; a ClientHello has a place in one of them,
/// as half a word of its binder and the time in seconds.
public struct ReplayRegister<Words: SharedWords>: ReplayProtection {
    private let words: Words

    /// A register in these words.
    public init(_ words: Words) { self.words = words }

    /// See `ReplayProtection`.
    public func isFirst(_ value: [UInt8], now: Int64, window: Int64) -> Bool {
        let buckets = (words.count - 1) / ReplayRegisterLayout.bucket
        guard buckets > 0, value.count >= 8, let seconds = UInt32(exactly: now), isLatest(seconds) else { return false }
        // What is taken now may have been expected as early as a window ago, and come as early as two. One more second
        // for the end of this one, one for clocks of other threads.
        let life = UInt64(2 * max(window, 1) + 2)
        let print = Self.number(value[0..<4])
        let start = 1 + Int(Self.number(value[4..<8]) % UInt64(buckets)) * ReplayRegisterLayout.bucket
        let slots = start..<start + ReplayRegisterLayout.bucket

        func isAlive(_ entry: UInt64) -> Bool { entry != 0 && UInt64(seconds) <= (entry & 0xFFFF_FFFF) + life }
        func isSame(_ entry: UInt64) -> Bool { entry >> 32 == print && isAlive(entry) }

        // Others may take places at the same time: as often as there are places.
        for _ in slots {
            var free: (index: Int, entry: UInt64)?
            for index in slots {
                let entry = words.load(index)
                if isSame(entry) { return false }
                if free == nil, !isAlive(entry) { free = (index, entry) }
            }
            guard let free else { return false }
            guard words.exchange(free.index, from: free.entry, to: print << 32 | UInt64(seconds)) else { continue }
            // Who saw another place end a moment earlier has put the same there: then at most one of us does not see it.
            guard !slots.contains(where: { $0 != free.index && isSame(words.load($0)) }) else { return false }
            // Who had to wait since its first look at the clock sees no more what others have let go of meanwhile.
            return isLatest(seconds)
        }
        return false
    }

    /// Whether the clock has not been set back, by which what is forgotten would come to life again. Threads that run a
    /// second late do no harm.
    private func isLatest(_ seconds: UInt32) -> Bool {
        var latest = words.load(0)
        while UInt64(seconds) > latest {
            if words.exchange(0, from: latest, to: UInt64(seconds)) { return true }
            latest = words.load(0)
        }
        return UInt64(seconds) + 1 >= latest
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// How a ``ReplayRegister`` lies in its words.
public enum ReplayRegisterLayout {
    /// Two lines of a processor's cache.
    static let bucket = 16
    /// A mebibyte: with the usual window enough for some 3000 connections with 0-RTT data a second.
    public static let words = 1 + 8192 * bucket
}
