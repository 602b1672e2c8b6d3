// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Coefficients are signed and reduced late: each function says what goes in and what comes out. Nothing here branches,
/// divides or looks anything up by a coefficient.
typealias Coefficients = SIMD8<Int16>

/// FIPS 203 §2.3.
let modulus: Int16 = 3329

/// Arithmetic modulo q = 3329 on eight coefficients at once.
///
/// Its constants are values that the optimiser cannot see through: of the high halves of products with numbers that it knows it
/// makes seven instructions instead of one. For the same reason each turn of a loop takes one of these anew: what is widened
/// before a loop is no longer known as a 16-bit number within.
struct Field {
    private let modulus: Coefficients
    private let reciprocal: Coefficients
    private let zero: Int16

    @inline(__always)
    init() {
        zero = Int16(truncatingIfNeeded: MLKEM.zero.load(ordering: .relaxed))
        modulus = Coefficients(repeating: MLKEM.modulus &+ zero)
        // 2²⁶/q, rounded.
        reciprocal = Coefficients(repeating: 20159 &+ zero)
    }

    /// The same factor for all lanes.
    @inline(__always)
    func factors(_ number: Int16) -> Factors {
        Factors(Coefficients(repeating: number &+ zero))
    }

    /// A root for all lanes.
    @inline(__always)
    func zeta(_ index: Int) -> Factors {
        Roots.zeta(index &+ Int(zero))
    }

    /// a·b·2⁻¹⁶ modulo q, strictly between −q and q, where |a·b| < q·2¹⁵.
    @inline(__always)
    func product(_ a: Coefficients, _ b: Factors) -> Coefficients {
        let quotient = a &* b.timesInverse
        let (product, multiple) = (highProduct(a, b.values), highProduct(quotient, modulus))
        return product &- multiple
    }

    /// a·2⁻¹⁶ modulo q, strictly between −q and q, where |a| < q·2¹⁵.
    @inline(__always)
    func reduced(_ a: SIMD8<Int32>) -> Coefficients {
        let low = Coefficients(truncatingIfNeeded: a)
        let high = Coefficients(truncatingIfNeeded: a &>> SIMD8<Int32>(repeating: 16))
        let quotient = low &* Coefficients(repeating: -3327)
        let multiple = highProduct(quotient, modulus)
        return high &- multiple
    }

    /// a·2¹⁰/q, divided by 2 to the power `shift`: at most 1 away from what rounding gives.
    @inline(__always)
    func quotient(_ a: Coefficients, shift: Int16) -> Coefficients {
        let product = highProduct(a, reciprocal)
        let sum = product &+ Coefficients(repeating: 1 &<< (shift &- 1))
        return sum &>> Coefficients(repeating: shift)
    }

    /// a·q modulo 2¹⁶.
    @inline(__always)
    func multiple(_ a: Coefficients) -> Coefficients {
        a &* modulus
    }

    /// Any number modulo q, from −(q − 1)/2 to (q − 1)/2 (Barrett's reduction).
    @inline(__always)
    func reduced(_ a: Coefficients) -> Coefficients {
        let product = highProduct(a, reciprocal)
        let sum = product &+ Coefficients(repeating: 512)
        let quotient = sum &>> 10
        let multiple = quotient &* modulus
        return a &- multiple
    }

    /// Any number modulo q, from 0 to q − 1.
    @inline(__always)
    func canonical(_ a: Coefficients) -> Coefficients {
        let centred = reduced(a)
        let sign = centred &>> 15
        let addend = sign & modulus
        return centred &+ addend
    }
}

/// The high halves of the products; one instruction on processors with vectors. Lane by lane, since the optimiser joins all of it
/// again to what it knows by that instruction, where it has no vectors of wider numbers to take apart.
@inline(__always)
private func highProduct(_ a: Coefficients, _ b: Coefficients) -> Coefficients {
    @inline(__always) func high(_ lane: Int) -> Int16 {
        Int16(truncatingIfNeeded: (Int32(a[lane]) &* Int32(b[lane])) &>> 16)
    }
    return Coefficients(high(0), high(1), high(2), high(3), high(4), high(5), high(6), high(7))
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
