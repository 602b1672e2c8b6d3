// SPDX-License-Identifier: Apache-2.0

/// One factor of several products of transforms: an operation multiplies each polynomial of its secret vector with a column of
/// the matrix.
struct PreparedFactor: ~Copyable {
    /// b₀, b₁·γ, b₂, b₃·γ' …, which give the even coefficients of a product; then b₁, b₀, b₃, b₂ …, which give the odd ones.
    fileprivate var forEven = InlineArray<32, Coefficients>(repeating: .zero)
    fileprivate var forOdd = InlineArray<32, Coefficients>(repeating: .zero)

    /// - Parameter polynomial: Coefficients below q.
    @inline(never)
    mutating func prepare(_ polynomial: inout Polynomial) {
        for i in 0..<16 {
            let field = Field()
            // 2¹⁶ modulo q, with which a product is the other factor.
            let one = field.factors(-1044)
            let gammas = Roots.gammas(ofGroup: i)
            let (first, second) = joined(one.values, gammas.values)
            let (firstTimesInverse, secondTimesInverse) = joined(one.timesInverse, gammas.timesInverse)
            forEven[2 &* i] = field.product(
                polynomial.vectors[2 &* i],
                Factors(values: first, timesInverse: firstTimesInverse)
            )
            forEven[2 &* i &+ 1] = field.product(
                polynomial.vectors[2 &* i &+ 1],
                Factors(values: second, timesInverse: secondTimesInverse)
            )
            forOdd[2 &* i] = exchangedNeighbours(polynomial.vectors[2 &* i])
            forOdd[2 &* i &+ 1] = exchangedNeighbours(polynomial.vectors[2 &* i &+ 1])
        }
    }
}

/// A sum of products of transforms (FIPS 203 §4.3.1: 128 products modulo X² − γ each), reduced once at its end.
struct ProductSum: ~Copyable {
    private var even = InlineArray<32, SIMD4<Int32>>(repeating: .zero)
    private var odd = InlineArray<32, SIMD4<Int32>>(repeating: .zero)

    /// Adds a product, of which there may be four: with coefficients of 12 bits on one side, and below q on the other, the sum
    /// stays below q·2¹⁵.
    @inline(never)
    mutating func add(_ a: inout Polynomial, times b: inout PreparedFactor) {
        for i in 0..<32 {
            even[i] &+= sumsOfProducts(a.vectors[i], b.forEven[i])
            odd[i] &+= sumsOfProducts(a.vectors[i], b.forOdd[i])
        }
    }

    /// Gives the sum times 2⁻¹⁶, strictly between −q and q.
    @inline(never)
    mutating func reduce(into polynomial: inout Polynomial) {
        for i in 0..<32 {
            let field = Field()
            let sum = field.reduced(SIMD8(lowHalf: even[i], highHalf: odd[i]))
            polynomial.vectors[i] = joined(sum)
        }
    }
}

/// As many as the larger parameter set needs, as of polynomials.
typealias FactorVector = InlineArray<4, PreparedFactor>
typealias SumVector = InlineArray<4, ProductSum>

extension FactorVector {
    // What it is put together from stays out of the caller's frame.
    @inline(never)
    init() {
        self.init { _ in PreparedFactor() }
    }
}

extension SumVector {
    // What it is put together from stays out of the caller's frame.
    @inline(never)
    init() {
        self.init { _ in ProductSum() }
    }
}

/// The products of neighbours, added; one instruction on x86-64.
@inline(__always)
func sumsOfProducts(_ a: Coefficients, _ b: Coefficients) -> SIMD4<Int32> {
    let products = SIMD8<Int32>(truncatingIfNeeded: a) &* SIMD8<Int32>(truncatingIfNeeded: b)
    let (first, second) = (products.evenHalf, products.oddHalf)
    return first &+ second
}

@inline(__always)
private func exchangedNeighbours(_ a: Coefficients) -> Coefficients {
    Coefficients(a[1], a[0], a[3], a[2], a[5], a[4], a[7], a[6])
}

/// The first and the last four by turns.
@inline(__always)
func joined(_ a: Coefficients) -> Coefficients {
    Coefficients(a[0], a[4], a[1], a[5], a[2], a[6], a[3], a[7])
}
