// SPDX-License-Identifier: Apache-2.0

/// A seed of 32 bytes as lanes.
struct SeedLanes {
    var lanes: (UInt64, UInt64, UInt64, UInt64)

    init(_ seed: Span<UInt8>) {
        precondition(seed.count == 32)
        lanes = (lane(of: seed, at: 0), lane(of: seed, at: 8), lane(of: seed, at: 16), lane(of: seed, at: 24))
    }
}

extension KeccakPair {
    /// Starts a stream that is the output for a seed and what is counted behind it. The next permutation brings its first block.
    @inline(__always)
    mutating func start(_ stream: Int, _ function: KeccakFunction, _ seed: SeedLanes, _ counters: UInt64, bytes: Int) {
        lanes[0][stream] = seed.lanes.0
        lanes[1][stream] = seed.lanes.1
        lanes[2][stream] = seed.lanes.2
        lanes[3][stream] = seed.lanes.3
        lanes[4][stream] = counters | UInt64(function.suffix) &<< UInt64(8 &* bytes)
        for i in 5..<25 { lanes[i][stream] = 0 }
        lanes[(function.rate &>> 3) &- 1][stream] = 1 &<< 63
    }

    /// Writes the first 32 bytes of a stream.
    @inline(__always)
    mutating func take(_ stream: Int, _ bytes: inout InlineArray<32, UInt8>) {
        for i in 0..<32 {
            bytes[i] = UInt8(truncatingIfNeeded: lanes[i &>> 3][stream] &>> UInt64(8 &* (i & 7)))
        }
    }
}
