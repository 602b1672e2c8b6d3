// SPDX-License-Identifier: Apache-2.0

/// The number-theoretic transform (FIPS 203 §4.3). Layers whose halves are at least eight coefficients apart take whole vectors;
/// the last two work within vectors, on two of them at a time. Eight vectors go through as many layers as there are before
/// others are loaded.
extension Polynomial {
    /// Transforms. Coefficients go in between −q and q, and come out between −(q − 1)/2 and (q − 1)/2.
    @inline(never)
    mutating func transform() {
        // Each layer adds less than q, which makes 8q at the end: that fits 16 bits.
        for i in 0..<8 { transformFar(i) }
        for block in 0..<4 { transformNear(block) }
    }

    /// The first two layers of four vectors.
    @inline(__always)
    private mutating func transformFar(_ i: Int) {
        let field = Field()
        let root = field.zeta(1)
        butterfly(i, i &+ 16, root, field)
        butterfly(i &+ 8, i &+ 24, root, field)
        butterfly(i, i &+ 8, field.zeta(2), field)
        butterfly(i &+ 16, i &+ 24, field.zeta(3), field)
    }

    /// The other layers of eight vectors.
    @inline(__always)
    private mutating func transformNear(_ block: Int) {
        let field = Field()
        let start = 8 &* block
        let first = field.zeta(4 &+ block)
        butterfly(start, start &+ 4, first, field)
        butterfly(start &+ 1, start &+ 5, first, field)
        butterfly(start &+ 2, start &+ 6, first, field)
        butterfly(start &+ 3, start &+ 7, first, field)
        let second = field.zeta(8 &+ 2 &* block)
        butterfly(start, start &+ 2, second, field)
        butterfly(start &+ 1, start &+ 3, second, field)
        let third = field.zeta(9 &+ 2 &* block)
        butterfly(start &+ 4, start &+ 6, third, field)
        butterfly(start &+ 5, start &+ 7, third, field)
        let halves = Roots.zetas(ofGroup: 4 &+ block).doubled
        transformWithin(2 &* block, halves.0, field)
        transformWithin(2 &* block &+ 1, halves.1, field)
    }

    /// The last three layers of four vectors.
    @inline(__always)
    private mutating func transformWithin(_ half: Int, _ halves: Factors, _ field: Field) {
        let (first, second) = halves.doubled
        let pairs = Roots.zetas(ofGroup: 8 &+ half).doubled
        transformWithin(2 &* half, first, pairs.0, field)
        transformWithin(2 &* half &+ 1, second, pairs.1, field)
    }

    /// The same of two.
    @inline(__always)
    private mutating func transformWithin(_ pair: Int, _ halves: Factors, _ pairs: Factors, _ field: Field) {
        butterfly(2 &* pair, 2 &* pair &+ 1, field.zeta(16 &+ pair), field)
        var (a, b) = exchangedHalves(vectors[2 &* pair], vectors[2 &* pair &+ 1])
        (a, b) = field.butterfly(a, b, halves)
        (a, b) = exchangedPairs(a, b)
        (a, b) = field.butterfly(a, b, pairs)
        (a, b) = exchangedPairs(a, b)
        (a, b) = exchangedHalves(a, b)
        vectors[2 &* pair] = field.reduced(a)
        vectors[2 &* pair &+ 1] = field.reduced(b)
    }

    /// Transforms back, and takes away the factor 2⁻¹⁶ of products. Any coefficients go in; they come out between −q and q.
    @inline(never)
    mutating func transformBack() {
        // The roots of a layer in descending order are those of the way there, inverted and negated.
        for block in 0..<4 { transformBackNear(block) }
        for i in 0..<8 { transformBackFar(i) }
    }

    /// The last two layers of four vectors, and the factor.
    @inline(__always)
    private mutating func transformBackFar(_ i: Int) {
        let field = Field()
        backButterfly(i, i &+ 8, field.zeta(3), field)
        backButterfly(i &+ 16, i &+ 24, field.zeta(2), field)
        let root = field.zeta(1)
        backButterfly(i, i &+ 16, root, field)
        backButterfly(i &+ 8, i &+ 24, root, field)
        // 2³²/128 modulo q.
        let factor = field.factors(1441)
        vectors[i] = field.product(vectors[i], factor)
        vectors[i &+ 8] = field.product(vectors[i &+ 8], factor)
        vectors[i &+ 16] = field.product(vectors[i &+ 16], factor)
        vectors[i &+ 24] = field.product(vectors[i &+ 24], factor)
    }

    /// The other layers of eight vectors.
    @inline(__always)
    private mutating func transformBackNear(_ block: Int) {
        let field = Field()
        let start = 8 &* block
        let halves = Roots.zetas(ofGroup: 7 &- block).reversed.doubled
        transformBackWithin(2 &* block, halves.0, field)
        transformBackWithin(2 &* block &+ 1, halves.1, field)
        let root = field.zeta(7 &- block)
        backButterfly(start, start &+ 4, root, field)
        backButterfly(start &+ 1, start &+ 5, root, field)
        backButterfly(start &+ 2, start &+ 6, root, field)
        backButterfly(start &+ 3, start &+ 7, root, field)
    }

    /// The first four layers of four vectors.
    @inline(__always)
    private mutating func transformBackWithin(_ half: Int, _ halves: Factors, _ field: Field) {
        let (first, second) = halves.doubled
        let pairs = Roots.zetas(ofGroup: 15 &- half).reversed.doubled
        transformBackWithin(2 &* half, first, pairs.0, field)
        transformBackWithin(2 &* half &+ 1, second, pairs.1, field)
        let root = field.zeta(15 &- half)
        let low = 4 &* half
        backButterfly(low, low &+ 2, root, field)
        backButterfly(low &+ 1, low &+ 3, root, field)
        vectors[low] = field.reduced(vectors[low])
        vectors[low &+ 1] = field.reduced(vectors[low &+ 1])
    }

    /// The first three of two.
    @inline(__always)
    private mutating func transformBackWithin(_ pair: Int, _ halves: Factors, _ pairs: Factors, _ field: Field) {
        // Sums double in each of four layers, from (q − 1)/2 to below 8q, and are then reduced again.
        var (a, b) = (field.reduced(vectors[2 &* pair]), field.reduced(vectors[2 &* pair &+ 1]))
        (a, b) = exchangedHalves(a, b)
        (a, b) = exchangedPairs(a, b)
        (a, b) = field.backButterfly(a, b, pairs)
        (a, b) = exchangedPairs(a, b)
        (a, b) = field.backButterfly(a, b, halves)
        (vectors[2 &* pair], vectors[2 &* pair &+ 1]) = exchangedHalves(a, b)
        backButterfly(2 &* pair, 2 &* pair &+ 1, field.zeta(31 &- pair), field)
    }

    @inline(__always)
    private mutating func butterfly(_ low: Int, _ high: Int, _ root: Factors, _ field: Field) {
        (vectors[low], vectors[high]) = field.butterfly(vectors[low], vectors[high], root)
    }

    @inline(__always)
    private mutating func backButterfly(_ low: Int, _ high: Int, _ root: Factors, _ field: Field) {
        (vectors[low], vectors[high]) = field.backButterfly(vectors[low], vectors[high], root)
    }
}

extension Field {
    @inline(__always)
    fileprivate func butterfly(_ a: Coefficients, _ b: Coefficients, _ root: Factors) -> (Coefficients, Coefficients) {
        let product = product(b, root)
        let sum = a &+ product
        let difference = a &- product
        return (sum, difference)
    }

    @inline(__always)
    fileprivate func backButterfly(
        _ a: Coefficients,
        _ b: Coefficients,
        _ root: Factors
    ) -> (Coefficients, Coefficients) {
        let sum = a &+ b
        let difference = b &- a
        return (sum, product(difference, root))
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
