// SPDX-License-Identifier: Apache-2.0

/// 256 coefficients modulo q, of a polynomial or of its number-theoretic transform (FIPS 203 §2.4).
///
/// It cannot be copied, so that none of its two kinds of secrets – keys and errors – is where nobody looks for it.
struct Polynomial: ~Copyable {
    var vectors = InlineArray<32, Coefficients>(repeating: .zero)

    /// Adds coefficients; the sums must fit 16 bits.
    @inline(__always)
    mutating func add(_ other: borrowing Polynomial) {
        for i in 0..<32 { vectors[i] &+= other.vectors[i] }
    }

    /// Takes coefficients away from those of `other`; the differences must fit 16 bits.
    @inline(__always)
    mutating func subtract(from other: borrowing Polynomial) {
        for i in 0..<32 { vectors[i] = other.vectors[i] &- vectors[i] }
    }

    /// Brings every coefficient between −(q − 1)/2 and (q − 1)/2.
    @inline(__always)
    mutating func reduce() {
        for i in 0..<32 { vectors[i] = reduced(vectors[i]) }
    }

    /// Takes the factor 2⁻¹⁶ away that products have. Coefficients come out between −q and q.
    @inline(__always)
    mutating func removeMontgomeryFactor() {
        // 2³² modulo q.
        for i in 0..<32 {
            vectors[i] = montgomeryProduct(vectors[i], Factors(Coefficients(repeating: 1353)))
        }
    }

    /// Adds the product of two transforms times 2⁻¹⁶ (FIPS 203 §4.3.1): 128 products modulo X² − γ.
    ///
    /// Coefficients of `a` are arbitrary, those of `b` are below q; each sum grows by less than 2q.
    @inline(never)
    mutating func addProduct(_ a: borrowing Polynomial, _ b: borrowing Polynomial) {
        for i in 0..<16 {
            let (aEven, aOdd) = separated(a.vectors[2 &* i], a.vectors[2 &* i &+ 1])
            let (bEven, bOdd) = separated(b.vectors[2 &* i], b.vectors[2 &* i &+ 1])
            let squares = montgomeryProduct(montgomeryProduct(aOdd, bOdd), Roots.gammas(from: 8 &* i))
            let (first, second) = joined(
                montgomeryProduct(aEven, bEven) &+ squares,
                montgomeryProduct(aEven, bOdd) &+ montgomeryProduct(aOdd, bEven)
            )
            vectors[2 &* i] &+= first
            vectors[2 &* i &+ 1] &+= second
        }
    }
}

/// As many polynomials as the larger parameter set needs; the smaller one leaves the last unused.
typealias PolynomialVector = InlineArray<4, Polynomial>

extension PolynomialVector {
    @inline(__always)
    init() {
        self.init { _ in Polynomial() }
    }
}

/// The coefficients at even and at odd places of sixteen.
@inline(__always)
func separated(_ a: Coefficients, _ b: Coefficients) -> (even: Coefficients, odd: Coefficients) {
    (
        Coefficients(lowHalf: a.evenHalf, highHalf: b.evenHalf),
        Coefficients(lowHalf: a.oddHalf, highHalf: b.oddHalf)
    )
}

/// Undoes ``separated(_:_:)``.
@inline(__always)
func joined(_ even: Coefficients, _ odd: Coefficients) -> (Coefficients, Coefficients) {
    (
        Coefficients(even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3]),
        Coefficients(even[4], odd[4], even[5], odd[5], even[6], odd[6], even[7], odd[7])
    )
}
