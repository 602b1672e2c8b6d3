// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto

/// Reproducible bytes (SplitMix64): the same seed gives the same handshake.
final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    init(seed: UInt64) { state = Mutex(seed) }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    /// A number below `bound`.
    func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: next()) }
    }
}

/// Gives out prepared bytes in order: the keys and randoms of a recorded handshake. Several may be drawn at once, none in part.
final class ScriptedRandom: RandomSource {
    private let queue: Mutex<[[UInt8]]>

    init(_ chunks: [[UInt8]]) { queue = Mutex(chunks) }

    func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
        let count = bytes.count
        let drawn = queue.withLock { queue -> [UInt8] in
            var drawn: [UInt8] = []
            while drawn.count < count, !queue.isEmpty { drawn += queue.removeFirst() }
            return drawn
        }
        guard drawn.count == count else { throw .randomUnavailable }
        for index in bytes.indices { bytes[index] = drawn[index] }
    }
}
