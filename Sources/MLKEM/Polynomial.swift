// SPDX-License-Identifier: Apache-2.0

/// 256 coefficients modulo q, of a polynomial or of its number-theoretic transform (FIPS 203 §2.4).
///
/// It cannot be copied, so that none of its two kinds of secrets – keys and errors – is where nobody looks for it. Functions take
/// `inout` also what they only read: an element of a borrowed inline array is read out of a copy of the whole.
struct Polynomial: ~Copyable {
    var vectors = InlineArray<32, Coefficients>(repeating: .zero)

    /// Adds coefficients; the sums must fit 16 bits.
    @inline(__always)
    mutating func add(_ other: inout Polynomial) {
        for i in 0..<32 { vectors[i] &+= other.vectors[i] }
    }

    /// Takes coefficients away from those of `other`; the differences must fit 16 bits.
    @inline(__always)
    mutating func subtract(from other: inout Polynomial) {
        for i in 0..<32 { vectors[i] = other.vectors[i] &- vectors[i] }
    }

    /// Takes the factor 2⁻¹⁶ away that products have. Coefficients come out between −q and q.
    @inline(__always)
    mutating func removeMontgomeryFactor() {
        for i in 0..<32 {
            let field = Field()
            // 2³² modulo q.
            vectors[i] = field.product(vectors[i], field.factors(1353))
        }
    }
}

/// As many polynomials as the larger parameter set needs; the smaller one leaves the last unused.
typealias PolynomialVector = InlineArray<4, Polynomial>

extension PolynomialVector {
    // What it is put together from stays out of the caller's frame.
    @inline(never)
    init() {
        self.init { _ in Polynomial() }
    }
}

/// The lanes of both by turns.
@inline(__always)
func joined(_ even: Coefficients, _ odd: Coefficients) -> (Coefficients, Coefficients) {
    (
        Coefficients(even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3]),
        Coefficients(even[4], odd[4], even[5], odd[5], even[6], odd[6], even[7], odd[7])
    )
}
