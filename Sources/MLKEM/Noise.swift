// SPDX-License-Identifier: Apache-2.0

/// The small polynomials of an operation, one behind the other.
typealias NoiseVector = InlineArray<9, Polynomial>

extension NoiseVector {
    // What it is put together from stays out of the caller's frame.
    @inline(never)
    init() {
        self.init { _ in Polynomial() }
    }

    /// Draws small coefficients, from −2 to 2, from a secret seed (FIPS 203 §4.2.2, algorithm 8 with η = 2): the first `number`
    /// polynomials, with the counters from 0 on, two at a time.
    @inline(never)
    mutating func sample(seed: Span<UInt8>, number: Int) {
        let seed = SeedLanes(seed)
        var pair = KeccakPair()
        for counter in stride(from: 0, to: number, by: 2) {
            pair.start(0, .shake256, seed, UInt64(counter), bytes: 1)
            if counter &+ 1 < number {
                pair.start(1, .shake256, seed, UInt64(counter &+ 1), bytes: 1)
                pair.permute()
                self[counter &+ 1].takeNoise(from: &pair, 1)
            } else {
                pair.permuteFirst()
            }
            self[counter].takeNoise(from: &pair, 0)
        }
    }
}

extension Polynomial {
    @inline(never)
    fileprivate mutating func takeNoise(from pair: inout KeccakPair, _ stream: Int) {
        for i in 0..<16 {
            // Each four bits are two sums of two bits, of which the difference is wanted, here as four bits with a sign.
            let bits = pair.lanes[i][stream]
            let sums = (bits & 0x5555_5555_5555_5555) &+ (bits &>> 1 & 0x5555_5555_5555_5555)
            let subtrahends = sums &>> 2 & 0x3333_3333_3333_3333
            let differences = (sums & 0x3333_3333_3333_3333 | 0x8888_8888_8888_8888) &- subtrahends
            let signed = differences ^ 0x8888_8888_8888_8888
            vectors[2 &* i] = eightNumbers(UInt32(truncatingIfNeeded: signed))
            vectors[2 &* i &+ 1] = eightNumbers(UInt32(truncatingIfNeeded: signed &>> 32))
        }
    }
}

/// Eight numbers of four bits, of which one is a sign.
@inline(__always)
private func eightNumbers(_ bits: UInt32) -> Coefficients {
    let (low, high) = (Int16(truncatingIfNeeded: bits), Int16(truncatingIfNeeded: bits &>> 16))
    let copies = Coefficients(lowHalf: SIMD4(repeating: low), highHalf: SIMD4(repeating: high))
    // Each goes to the highest bits of its lane, and comes back with its sign.
    let places: Coefficients = [4096, 256, 16, 1, 4096, 256, 16, 1]
    let highest = copies &* places
    return highest &>> 12
}
