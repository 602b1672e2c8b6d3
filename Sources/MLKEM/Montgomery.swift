// SPDX-License-Identifier: Apache-2.0

/// Arithmetic modulo q = 3329 on eight coefficients at once.
///
/// Coefficients are signed and reduced late: each function says what goes in and what comes out. Nothing here branches,
/// divides or looks anything up by a coefficient.
typealias Coefficients = SIMD8<Int16>

/// FIPS 203 §2.3.
let modulus: Int16 = 3329

/// The high halves of the products; one instruction on processors with vectors.
@inline(__always)
func highProduct(_ a: Coefficients, _ b: Coefficients) -> Coefficients {
    let product = SIMD8<Int32>(truncatingIfNeeded: a) &* SIMD8<Int32>(truncatingIfNeeded: b)
    return Coefficients(truncatingIfNeeded: product &>> SIMD8<Int32>(repeating: 16))
}

/// Factors with their products with q⁻¹ modulo 2¹⁶, which spare one multiplication of four.
struct Factors {
    var values: Coefficients
    var timesInverse: Coefficients
}

extension Factors {
    @inline(__always)
    init(_ values: Coefficients) {
        // q⁻¹ modulo 2¹⁶ is −3327.
        self.init(values: values, timesInverse: values &* Coefficients(repeating: -3327))
    }
}

/// a·b·2⁻¹⁶ modulo q, strictly between −q and q, where |a·b| < q·2¹⁵.
@inline(__always)
func montgomeryProduct(_ a: Coefficients, _ b: Factors) -> Coefficients {
    highProduct(a, b.values) &- highProduct(a &* b.timesInverse, Coefficients(repeating: modulus))
}

@inline(__always)
func montgomeryProduct(_ a: Coefficients, _ b: Coefficients) -> Coefficients {
    montgomeryProduct(a, Factors(b))
}

/// Any number modulo q, from −(q − 1)/2 to (q − 1)/2 (Barrett's reduction: 20159 is 2²⁶/q, rounded).
@inline(__always)
func reduced(_ a: Coefficients) -> Coefficients {
    let quotient = (highProduct(a, Coefficients(repeating: 20159)) &+ Coefficients(repeating: 512)) &>> 10
    return a &- quotient &* Coefficients(repeating: modulus)
}

/// Any number modulo q, from 0 to q − 1.
@inline(__always)
func canonical(_ a: Coefficients) -> Coefficients {
    let centred = reduced(a)
    return centred &+ ((centred &>> 15) & Coefficients(repeating: modulus))
}
