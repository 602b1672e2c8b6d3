// SPDX-License-Identifier: Apache-2.0

/// Numbers as 32 bytes, least significant first (RFC 7748 §5), which four words stand for here.
extension FieldElement {
    /// A number of 255 bits: reduced. The highest bit of the words is left out, and numbers from p on are what they are
    /// modulo p, as the RFC has it.
    @inline(__always)
    package init(_ words: SIMD4<UInt64>) {
        self.init(
            l0: words[0] & Self.mask,
            l1: (words[0] &>> 51 | words[1] &<< 13) & Self.mask,
            l2: (words[1] &>> 38 | words[2] &<< 26) & Self.mask,
            l3: (words[2] &>> 25 | words[3] &<< 39) & Self.mask,
            l4: words[3] &>> 12 & Self.mask
        )
    }

    /// The one number below p that a reduced number is modulo p.
    @inline(__always)
    package var canonical: SIMD4<UInt64> {
        // 1 when the number is not below p: its sum with 19 then has a bit 255.
        var isLarge = (l0 &+ 19) &>> 51
        isLarge = (l1 &+ isLarge) &>> 51
        isLarge = (l2 &+ isLarge) &>> 51
        isLarge = (l3 &+ isLarge) &>> 51
        isLarge = (l4 &+ isLarge) &>> 51
        let r0 = l0 &+ 19 &* isLarge
        let r1 = l1 &+ r0 &>> 51
        let r2 = l2 &+ r1 &>> 51
        let r3 = l3 &+ r2 &>> 51
        let r4 = l4 &+ r3 &>> 51
        let (m1, m2, m3, m4) = (r1 & Self.mask, r2 & Self.mask, r3 & Self.mask, r4 & Self.mask)
        return SIMD4(
            r0 & Self.mask | m1 &<< 51,
            m1 &>> 13 | m2 &<< 38,
            m2 &>> 26 | m3 &<< 25,
            m3 &>> 39 | m4 &<< 12
        )
    }

    /// The inverse, reduced, of a reduced number; zero of zero. The number to the power p − 2 = 2²⁵⁵ − 21.
    @inline(never)
    package func inverted() -> FieldElement {
        // Of `power(n)` the exponent is 2ⁿ − 1, a number of n ones.
        let two = squared()
        let nine = two.squared(times: 2) * self
        let eleven = nine * two
        let power5 = eleven.squared() * nine
        let power10 = power5.squared(times: 5) * power5
        let power20 = power10.squared(times: 10) * power10
        let power40 = power20.squared(times: 20) * power20
        let power50 = power40.squared(times: 10) * power10
        let power100 = power50.squared(times: 50) * power50
        let power200 = power100.squared(times: 100) * power100
        let power250 = power200.squared(times: 50) * power50
        return power250.squared(times: 5) * eleven
    }

    @inline(__always)
    private func squared(times count: Int) -> FieldElement {
        var result = self
        for _ in 0..<count { result = result.squared() }
        return result
    }
}

/// Reads 32 bytes.
@inline(__always)
func readWords(_ bytes: Span<UInt8>) -> SIMD4<UInt64> {
    precondition(bytes.count == 32)
    var words = SIMD4<UInt64>.zero
    for i in 0..<4 {
        var word: UInt64 = 0
        for j in 0..<8 { word |= UInt64(bytes[8 &* i &+ j]) &<< UInt64(8 &* j) }
        words[i] = word
    }
    return words
}

/// Writes 32 bytes.
@inline(__always)
func writeWords(_ words: SIMD4<UInt64>, into bytes: inout MutableSpan<UInt8>) {
    precondition(bytes.count == 32)
    for i in 0..<4 {
        for j in 0..<8 { bytes[8 &* i &+ j] = UInt8(truncatingIfNeeded: words[i] &>> UInt64(8 &* j)) }
    }
}
