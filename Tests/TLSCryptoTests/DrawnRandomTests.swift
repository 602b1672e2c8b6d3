// SPDX-License-Identifier: Apache-2.0

import CMLKEMCheck
import Synchronization
import Testing

@testable import TLSCrypto

@Suite("Random bytes that are drawn at once")
struct DrawnRandomTests {
    /// 1, 2, 3 … 255, 1 …
    private final class CountedBytes: RandomSource {
        private let state = Mutex((given: 0, calls: 0))
        private let isWatched: Bool

        /// - Parameter isWatched: Whether the place is kept in mind that bytes go to: of one source at a time.
        init(isWatched: Bool = false) { self.isWatched = isWatched }

        var calls: Int { state.withLock { $0.calls } }
        var given: Int { state.withLock { $0.given } }

        static func bytes(_ range: Range<Int>) -> [UInt8] { range.map { UInt8($0 % 255 + 1) } }

        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            let count = bytes.count
            let start = state.withLock { state in
                state.calls += 1
                state.given += count
                return state.given - count
            }
            for index in 0..<count { bytes[index] = UInt8((start + index) % 255 + 1) }
            if isWatched { Self.remember(&bytes) }
        }

        private static func remember(_ bytes: inout MutableSpan<UInt8>) {
            check_remember(&bytes)
        }
    }

    private static func bytes(_ count: Int, _ random: some RandomSource) throws -> [UInt8] {
        var bytes = zeros(count)
        var span = bytes.mutableSpan
        try random.fill(&span)
        return bytes
    }

    @Test("are those of the source, in their order, and then new ones")
    func order() throws {
        let source = CountedBytes()
        let random = try DrawnRandom(count: 40, from: source)
        #expect(source.calls == 1 && source.given == 40)
        #expect(try Self.bytes(8, random) == CountedBytes.bytes(0..<8))
        #expect(try Self.bytes(32, random) == CountedBytes.bytes(8..<40))
        #expect(source.calls == 1)
        #expect(try Self.bytes(1, random) == CountedBytes.bytes(40..<41))
        #expect(source.calls == 2)
    }

    /// A random, a session ID and a key that had bytes in common would tell of each other.
    @Test("are given once each, whatever is asked for in which order", arguments: [0, 1, 100, 320, 321, 1000, -1])
    func once(drawn: Int) throws {
        let source = CountedBytes()
        let random = try DrawnRandom(count: drawn, from: source)
        // More than there is room for is not drawn ahead.
        #expect(source.given == min(max(drawn, 0), 320))
        var (next, fresh) = (0, source.given)
        let ahead = source.given
        for count in [32, 0, 32, 90, 200, 10, 32, 1, 64, 7, 320, 5] {
            let range: Range<Int>
            if count <= ahead - next {
                range = next..<next + count
                next = range.upperBound
            } else {
                range = fresh..<fresh + count
                fresh = range.upperBound
            }
            #expect(try Self.bytes(count, random) == CountedBytes.bytes(range))
        }
        #expect(source.given == fresh)
    }

    @Test("are wiped with what is left over")
    func wiped() throws {
        let bytes = CountedBytes.bytes(0..<100)
        let random = Mutex<DrawnRandom?>(try DrawnRandom(count: 100, from: CountedBytes(isWatched: true)))
        // That the search finds what there is.
        let before = check_remembered(bytes.span)
        let taken = try random.withLock { random in try random.map { try Self.bytes(32, $0) } }
        // What was taken went to an array; the source was not asked.
        let between = check_remembered(bytes.span)
        random.withLock { $0 = nil }
        let behind = check_remembered(bytes.span)
        #expect(before == 100 && between == 100 && behind == 0)
        #expect(taken == Array(bytes.prefix(32)))
    }
}
