// SPDX-License-Identifier: Apache-2.0

/// The number-theoretic transform (FIPS 203 §4.3). Layers whose halves are at least eight coefficients apart take
/// whole vectors; the last two work within vectors, on two of them at a time.
extension Polynomial {
    /// Transforms. Coefficients go in between −q and q, and come out between −(q − 1)/2 and (q − 1)/2.
    @inline(never)
    mutating func transform() {
        // Each layer adds less than q, which makes 8q at the end: that fits 16 bits.
        for layer in 0..<5 {
            let shift = 4 &- layer
            for i in 0..<16 {
                let (low, high) = Self.pair(i, shift)
                let product = montgomeryProduct(vectors[high], Roots.zeta((16 &+ i) &>> shift))
                let sum = vectors[low]
                vectors[low] = sum &+ product
                vectors[high] = sum &- product
            }
        }
        for i in 0..<16 {
            var (a, b) = exchangedHalves(vectors[2 &* i], vectors[2 &* i &+ 1])
            (a, b) = Self.butterfly(a, b, Roots.twoZetas(from: 32 &+ 2 &* i))
            (a, b) = exchangedPairs(a, b)
            (a, b) = Self.butterfly(a, b, Roots.fourZetas(from: 64 &+ 4 &* i))
            (a, b) = exchangedPairs(a, b)
            (a, b) = exchangedHalves(a, b)
            vectors[2 &* i] = reduced(a)
            vectors[2 &* i &+ 1] = reduced(b)
        }
    }

    /// Transforms back, and takes away the factor 2⁻¹⁶ of products. Any coefficients go in; they come out between −q and q.
    @inline(never)
    mutating func transformBack() {
        for i in 0..<16 {
            // Sums double in each of four layers, from (q − 1)/2 to below 8q, and are then reduced again.
            var (a, b) = exchangedHalves(reduced(vectors[2 &* i]), reduced(vectors[2 &* i &+ 1]))
            (a, b) = exchangedPairs(a, b)
            (a, b) = Self.backButterfly(a, b, Roots.fourZetas(from: 127 &- 4 &* i, step: -1))
            (a, b) = exchangedPairs(a, b)
            (a, b) = Self.backButterfly(a, b, Roots.twoZetas(from: 63 &- 2 &* i, step: -1))
            (a, b) = exchangedHalves(a, b)
            vectors[2 &* i] = a
            vectors[2 &* i &+ 1] = b
        }
        for shift in 0..<5 {
            for i in 0..<16 {
                let (low, high) = Self.pair(i, shift)
                // The roots of a layer in descending order are those of the way there, inverted and negated.
                let root = (32 &>> shift) &- 1 &- (i &>> shift)
                let (sum, product) = Self.backButterfly(vectors[low], vectors[high], Roots.zeta(root))
                vectors[low] = shift == 1 ? reduced(sum) : sum
                vectors[high] = product
            }
        }
        for i in 0..<32 {
            // 2³²/128 modulo q.
            vectors[i] = montgomeryProduct(vectors[i], Factors(Coefficients(repeating: 1441)))
        }
    }

    /// Where the pair `i` of 16 is in a layer whose halves are 2 to the power `shift` vectors apart.
    @inline(__always)
    private static func pair(_ i: Int, _ shift: Int) -> (low: Int, high: Int) {
        let distance = 1 &<< shift
        let low = ((i & ~(distance &- 1)) &<< 1 | i & (distance &- 1)) & 31
        return (low, (low | distance) & 31)
    }

    @inline(__always)
    private static func butterfly(
        _ a: Coefficients,
        _ b: Coefficients,
        _ root: Factors
    ) -> (Coefficients, Coefficients) {
        let product = montgomeryProduct(b, root)
        return (a &+ product, a &- product)
    }

    @inline(__always)
    private static func backButterfly(
        _ a: Coefficients,
        _ b: Coefficients,
        _ root: Factors
    ) -> (Coefficients, Coefficients) {
        (a &+ b, montgomeryProduct(b &- a, root))
    }
}

/// Exchanges the high half of the first with the low half of the second; undoes itself.
@inline(__always)
private func exchangedHalves(_ a: Coefficients, _ b: Coefficients) -> (Coefficients, Coefficients) {
    (
        Coefficients(lowHalf: a.lowHalf, highHalf: b.lowHalf),
        Coefficients(lowHalf: a.highHalf, highHalf: b.highHalf)
    )
}

/// The same for the pairs of each half.
@inline(__always)
private func exchangedPairs(_ a: Coefficients, _ b: Coefficients) -> (Coefficients, Coefficients) {
    (
        Coefficients(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]),
        Coefficients(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7])
    )
}
