// SPDX-License-Identifier: Apache-2.0

/// The state of Keccak-f[1600] (FIPS 202 §3): 25 lanes, lane (x, y) at x + 5y.
struct KeccakState {
    var lanes = InlineArray<25, UInt64>(repeating: 0)

    /// The constants of the step ι (FIPS 202 §3.2.5).
    static let roundConstants: InlineArray<24, UInt64> = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    /// The 24 rounds, two at a time, so that no lane moves from one variable to another between them.
    @inline(never)
    mutating func permute() {
        var a = lanes
        Self.complement(&a)
        for pair in 0..<12 {
            var b = InlineArray<25, UInt64>(repeating: 0)
            Self.round(&a, into: &b, Self.roundConstants[2 &* pair])
            Self.round(&b, into: &a, Self.roundConstants[2 &* pair &+ 1])
        }
        Self.complement(&a)
        lanes = a
    }

    /// Six lanes are kept complemented from round to round, which leaves five complements of the step χ of 25: ¬a ∧ b is a ∧ b where a
    /// is complemented, and ¬(a ∨ b) where b is.
    @inline(__always)
    private static func complement(_ lanes: inout InlineArray<25, UInt64>) {
        lanes[1] = ~lanes[1]
        lanes[2] = ~lanes[2]
        lanes[8] = ~lanes[8]
        lanes[12] = ~lanes[12]
        lanes[17] = ~lanes[17]
        lanes[20] = ~lanes[20]
    }

    /// One round. The moves of the step π are which lanes a row is made of.
    @inline(__always)
    private static func round(
        _ a: inout InlineArray<25, UInt64>,
        into next: inout InlineArray<25, UInt64>,
        _ constant: UInt64
    ) {
        let c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
        let c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
        let c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
        let c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
        let c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
        let d0 = c4 ^ rotated(c1, 1)
        let d1 = c0 ^ rotated(c2, 1)
        let d2 = c1 ^ rotated(c3, 1)
        let d3 = c2 ^ rotated(c4, 1)
        let d4 = c3 ^ rotated(c0, 1)

        var (b0, b1, b2) = (a[0] ^ d0, rotated(a[6] ^ d1, 44), rotated(a[12] ^ d2, 43))
        var (b3, b4) = (rotated(a[18] ^ d3, 21), rotated(a[24] ^ d4, 14))
        next[0] = b0 ^ (b1 | b2) ^ constant
        next[1] = b1 ^ (~b2 | b3)
        next[2] = b2 ^ (b3 & b4)
        next[3] = b3 ^ (b4 | b0)
        next[4] = b4 ^ (b0 & b1)

        (b0, b1, b2) = (rotated(a[3] ^ d3, 28), rotated(a[9] ^ d4, 20), rotated(a[10] ^ d0, 3))
        (b3, b4) = (rotated(a[16] ^ d1, 45), rotated(a[22] ^ d2, 61))
        next[5] = b0 ^ (b1 | b2)
        next[6] = b1 ^ (b2 & b3)
        next[7] = b2 ^ (b3 | ~b4)
        next[8] = b3 ^ (b4 | b0)
        next[9] = b4 ^ (b0 & b1)

        (b0, b1, b2) = (rotated(a[1] ^ d1, 1), rotated(a[7] ^ d2, 6), rotated(a[13] ^ d3, 25))
        (b3, b4) = (rotated(a[19] ^ d4, 8), rotated(a[20] ^ d0, 18))
        next[10] = b0 ^ (b1 | b2)
        next[11] = b1 ^ (b2 & b3)
        next[12] = b2 ^ (~b3 & b4)
        next[13] = ~b3 ^ (b4 | b0)
        next[14] = b4 ^ (b0 & b1)

        (b0, b1, b2) = (rotated(a[4] ^ d4, 27), rotated(a[5] ^ d0, 36), rotated(a[11] ^ d1, 10))
        (b3, b4) = (rotated(a[17] ^ d2, 15), rotated(a[23] ^ d3, 56))
        next[15] = b0 ^ (b1 & b2)
        next[16] = b1 ^ (b2 | b3)
        next[17] = b2 ^ (~b3 | b4)
        next[18] = ~b3 ^ (b4 & b0)
        next[19] = b4 ^ (b0 | b1)

        (b0, b1, b2) = (rotated(a[2] ^ d2, 62), rotated(a[8] ^ d3, 55), rotated(a[14] ^ d4, 39))
        (b3, b4) = (rotated(a[15] ^ d0, 41), rotated(a[21] ^ d1, 2))
        next[20] = b0 ^ (~b1 & b2)
        next[21] = ~b1 ^ (b2 | b3)
        next[22] = b2 ^ (b3 & b4)
        next[23] = b3 ^ (b4 | b0)
        next[24] = b4 ^ (b0 & b1)
    }
}

@inline(__always)
private func rotated(_ lane: UInt64, _ count: UInt64) -> UInt64 {
    lane &<< count | lane &>> (64 &- count)
}
