// SPDX-License-Identifier: Apache-2.0

/// The same lane of two states.
typealias LanePair = SIMD2<UInt64>

/// Two states of Keccak-f[1600] (FIPS 202 §3) side by side, which one permutation moves on at once: with vectors of two lanes,
/// as every x86-64 and every 64-bit ARM has them, that takes little longer than one.
///
/// Streams that have nothing to do with each other share a pair, also a public one and a secret one.
struct KeccakPair {
    /// Lane (x, y) of both at x + 5y.
    var lanes = InlineArray<25, LanePair>(repeating: .zero)

    /// The 24 rounds, by turns from here to there and back.
    mutating func permute() {
        var others = InlineArray<25, LanePair>(repeating: .zero)
        for round in 0..<12 {
            Self.round(&lanes, into: &others, KeccakState.roundConstants[2 &* round])
            Self.round(&others, into: &lanes, KeccakState.roundConstants[2 &* round &+ 1])
        }
    }

    /// The same of the first state alone, where there is nothing for the second.
    mutating func permuteFirst() {
        var state = KeccakState()
        for i in 0..<25 { state.lanes[i] = lanes[i][0] }
        state.permute()
        for i in 0..<25 { lanes[i][0] = state.lanes[i] }
    }

    /// One round. It stays a function of its own, from memory to memory: of several in a row, what a register has is lost among
    /// fifty names. Each row needs five lanes and no more.
    @inline(never)
    private static func round(
        _ a: inout InlineArray<25, LanePair>,
        into next: inout InlineArray<25, LanePair>,
        _ constant: UInt64
    ) {
        let c0 = sum(a[0], a[5], a[10], a[15], a[20])
        let c1 = sum(a[1], a[6], a[11], a[16], a[21])
        let c2 = sum(a[2], a[7], a[12], a[17], a[22])
        let c3 = sum(a[3], a[8], a[13], a[18], a[23])
        let c4 = sum(a[4], a[9], a[14], a[19], a[24])
        let d0 = sum(c4, rotated(c1, 1))
        let d1 = sum(c0, rotated(c2, 1))
        let d2 = sum(c1, rotated(c3, 1))
        let d3 = sum(c2, rotated(c4, 1))
        let d4 = sum(c3, rotated(c0, 1))
        row(
            0,
            of: &next,
            sum(a[0], d0),
            moved(a[6], d1, 44),
            moved(a[12], d2, 43),
            moved(a[18], d3, 21),
            moved(a[24], d4, 14)
        )
        next[0] = sum(next[0], LanePair(repeating: constant))
        row(
            5,
            of: &next,
            moved(a[3], d3, 28),
            moved(a[9], d4, 20),
            moved(a[10], d0, 3),
            moved(a[16], d1, 45),
            moved(a[22], d2, 61)
        )
        row(
            10,
            of: &next,
            moved(a[1], d1, 1),
            moved(a[7], d2, 6),
            moved(a[13], d3, 25),
            moved(a[19], d4, 8),
            moved(a[20], d0, 18)
        )
        row(
            15,
            of: &next,
            moved(a[4], d4, 27),
            moved(a[5], d0, 36),
            moved(a[11], d1, 10),
            moved(a[17], d2, 15),
            moved(a[23], d3, 56)
        )
        row(
            20,
            of: &next,
            moved(a[2], d2, 62),
            moved(a[8], d3, 55),
            moved(a[14], d4, 39),
            moved(a[15], d0, 41),
            moved(a[21], d1, 2)
        )
    }

    /// The steps θ, ρ and π of one lane.
    @inline(__always)
    private static func moved(_ lane: LanePair, _ parity: LanePair, _ count: UInt64) -> LanePair {
        rotated(sum(lane, parity), count)
    }

    /// The step χ of five lanes.
    @inline(__always)
    private static func row(
        _ start: Int,
        of next: inout InlineArray<25, LanePair>,
        _ b0: LanePair,
        _ b1: LanePair,
        _ b2: LanePair,
        _ b3: LanePair,
        _ b4: LanePair
    ) {
        next[start] = sum(b0, masked(b2, unless: b1))
        next[start &+ 1] = sum(b1, masked(b3, unless: b2))
        next[start &+ 2] = sum(b2, masked(b4, unless: b3))
        next[start &+ 3] = sum(b3, masked(b0, unless: b4))
        next[start &+ 4] = sum(b4, masked(b1, unless: b0))
    }
}

// One operation an expression: the operators are then those of this very type, which are vector instructions. In longer ones the
// compiler takes the generic ones, lane by lane, and its optimiser leaves rotations so.

@inline(__always)
private func sum(_ a: LanePair, _ b: LanePair) -> LanePair { a ^ b }

@inline(__always)
private func sum(_ a: LanePair, _ b: LanePair, _ c: LanePair, _ d: LanePair, _ e: LanePair) -> LanePair {
    sum(sum(sum(a, b), sum(c, d)), e)
}

@inline(__always)
private func masked(_ a: LanePair, unless b: LanePair) -> LanePair {
    let mask = ~b
    return a & mask
}

@inline(__always)
private func rotated(_ a: LanePair, _ count: UInt64) -> LanePair {
    // A shift; `&<<` is generic, and joins the other shift to two scalar rotations.
    let high = product(a, LanePair(repeating: 1 &<< count))
    let low = LanePair(a[0] &>> (64 &- count), a[1] &>> (64 &- count))
    return high | low
}

@inline(__always)
private func product(_ a: LanePair, _ b: LanePair) -> LanePair { a &* b }
