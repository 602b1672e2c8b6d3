// SPDX-License-Identifier: Apache-2.0

extension Polynomial {
    /// An entry of the public matrix (FIPS 203 algorithm 7): coefficients below q from SHAKE-128, which are a transform.
    ///
    /// What is drawn is public, as are the seed and therefore the time it takes.
    @inline(never)
    static func sampleTransform(seed: Span<UInt8>, _ column: Int, _ row: Int, into polynomial: inout Polynomial) {
        var sponge = Sponge(.shake128)
        sponge.absorb(seed)
        sponge.absorb(UInt8(truncatingIfNeeded: column))
        sponge.absorb(UInt8(truncatingIfNeeded: row))
        sponge.finish()

        // A block gives 112 candidates; the last may be used in part.
        var accepted = InlineArray<368, Int16>(repeating: 0)
        var count = 0
        while true {
            for i in 0..<7 {
                let (a, b, c) = (
                    sponge.state.lanes[3 &* i], sponge.state.lanes[3 &* i &+ 1], sponge.state.lanes[3 &* i &+ 2]
                )
                let windows: InlineArray<4, UInt64> = [a, a &>> 48 | b &<< 16, b &>> 32 | c &<< 32, c &>> 16]
                for window in windows.indices {
                    for candidate in 0..<4 as Range<UInt64> {
                        let value = Int16(truncatingIfNeeded: windows[window] &>> (12 &* candidate) & 0xFFF)
                        accepted[count] = value
                        count &+= value < modulus ? 1 : 0
                    }
                }
            }
            if count >= 256 { break }
            sponge.state.permute()
        }
        for i in 0..<32 {
            let n = 8 &* i
            polynomial.vectors[i] = Coefficients(
                accepted[n],
                accepted[n &+ 1],
                accepted[n &+ 2],
                accepted[n &+ 3],
                accepted[n &+ 4],
                accepted[n &+ 5],
                accepted[n &+ 6],
                accepted[n &+ 7]
            )
        }
    }

    /// Small coefficients, from −2 to 2, from a secret seed (FIPS 203 §4.2.2, algorithm 8 with η = 2).
    @inline(never)
    static func sampleNoise(seed: Span<UInt8>, counter: Int, into polynomial: inout Polynomial) {
        var sponge = Sponge(.shake256)
        sponge.absorb(seed)
        sponge.absorb(UInt8(truncatingIfNeeded: counter))
        sponge.finish()
        for i in 0..<16 {
            // Each four bits are two sums of two bits, of which the difference is wanted.
            let bits = sponge.state.lanes[i]
            let sums = (bits & 0x5555_5555_5555_5555) &+ (bits &>> 1 & 0x5555_5555_5555_5555)
            polynomial.vectors[2 &* i] = differences(UInt32(truncatingIfNeeded: sums))
            polynomial.vectors[2 &* i &+ 1] = differences(UInt32(truncatingIfNeeded: sums &>> 32))
        }
    }
}

/// Eight differences of pairs of two-bit numbers.
@inline(__always)
private func differences(_ pairs: UInt32) -> Coefficients {
    let shifts: SIMD8<UInt32> = [0, 4, 8, 12, 16, 20, 24, 28]
    let nibbles = Coefficients(truncatingIfNeeded: (SIMD8<UInt32>(repeating: pairs) &>> shifts) & SIMD8(repeating: 15))
    return (nibbles & Coefficients(repeating: 3)) &- (nibbles &>> 2)
}
