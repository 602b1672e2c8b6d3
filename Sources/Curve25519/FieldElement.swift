// SPDX-License-Identifier: Apache-2.0

/// A number modulo p = 2²⁵⁵ − 19 (RFC 7748 §4.1), in five limbs of 51 bits and a little more.
///
/// Limbs are reduced late. A number is *reduced* when each limb is below 2⁵¹ + 2¹³: products, squares and decoded numbers are.
/// Sums and differences of reduced numbers are not, and may be multiplied, which takes limbs below 2⁵⁴; each function says what
/// goes in and what comes out. Nothing here branches, divides or looks anything up by a limb.
package struct FieldElement {
    var l0: UInt64
    var l1: UInt64
    var l2: UInt64
    var l3: UInt64
    var l4: UInt64

    /// The lowest 51 bits.
    static let mask: UInt64 = 1 &<< 51 &- 1
}

extension FieldElement {
    /// A small number: reduced.
    @inline(__always)
    init(_ value: UInt64) {
        self.init(l0: value & Self.mask, l1: value &>> 51, l2: 0, l3: 0, l4: 0)
    }

    /// The sum; its limbs are the sums of the limbs.
    @inline(__always)
    static func + (a: FieldElement, b: FieldElement) -> FieldElement {
        FieldElement(l0: a.l0 &+ b.l0, l1: a.l1 &+ b.l1, l2: a.l2 &+ b.l2, l3: a.l3 &+ b.l3, l4: a.l4 &+ b.l4)
    }

    /// The difference, with 4p added, so that no limb is below zero; limbs of `b` below 2⁵³ − 76, which a sum of two reduced
    /// numbers has. Limbs of the result are up to 2⁵³ larger than those of `a`.
    @inline(__always)
    static func - (a: FieldElement, b: FieldElement) -> FieldElement {
        FieldElement(
            l0: a.l0 &+ 0x1F_FFFF_FFFF_FFB4 &- b.l0,
            l1: a.l1 &+ 0x1F_FFFF_FFFF_FFFC &- b.l1,
            l2: a.l2 &+ 0x1F_FFFF_FFFF_FFFC &- b.l2,
            l3: a.l3 &+ 0x1F_FFFF_FFFF_FFFC &- b.l3,
            l4: a.l4 &+ 0x1F_FFFF_FFFF_FFFC &- b.l4
        )
    }

    /// The product, reduced, of numbers with limbs below 2⁵⁴.
    @inline(__always)
    static func * (a: FieldElement, b: FieldElement) -> FieldElement {
        // 2²⁵⁵ is 19 modulo p.
        let b1 = b.l1 &* 19
        let b2 = b.l2 &* 19
        let b3 = b.l3 &* 19
        let b4 = b.l4 &* 19
        return FieldElement(
            carrying: wide(a.l0, b.l0) &+ wide(a.l1, b4) &+ wide(a.l2, b3) &+ wide(a.l3, b2) &+ wide(a.l4, b1),
            wide(a.l0, b.l1) &+ wide(a.l1, b.l0) &+ wide(a.l2, b4) &+ wide(a.l3, b3) &+ wide(a.l4, b2),
            wide(a.l0, b.l2) &+ wide(a.l1, b.l1) &+ wide(a.l2, b.l0) &+ wide(a.l3, b4) &+ wide(a.l4, b3),
            wide(a.l0, b.l3) &+ wide(a.l1, b.l2) &+ wide(a.l2, b.l1) &+ wide(a.l3, b.l0) &+ wide(a.l4, b4),
            wide(a.l0, b.l4) &+ wide(a.l1, b.l3) &+ wide(a.l2, b.l2) &+ wide(a.l3, b.l1) &+ wide(a.l4, b.l0)
        )
    }

    /// The square, reduced, of a number with limbs below 2⁵⁴.
    @inline(__always)
    func squared() -> FieldElement {
        let a0 = l0 &* 2
        let a1 = l1 &* 2
        let a3 = l3 &* 19
        let a4 = l4 &* 19
        return FieldElement(
            carrying: wide(l0, l0) &+ wide(a1, a4) &+ wide(l2 &* 2, a3),
            wide(a0, l1) &+ wide(l2 &* 2, a4) &+ wide(l3, a3),
            wide(a0, l2) &+ wide(l1, l1) &+ wide(l3 &* 2, a4),
            wide(a0, l3) &+ wide(a1, l2) &+ wide(l4, a4),
            wide(a0, l4) &+ wide(a1, l3) &+ wide(l2, l2)
        )
    }

    /// The product, reduced, of a number with limbs below 2⁵⁴ and one below 2¹⁷.
    @inline(__always)
    func multiplied(by factor: UInt64) -> FieldElement {
        FieldElement(
            carrying: wide(l0, factor),
            wide(l1, factor),
            wide(l2, factor),
            wide(l3, factor),
            wide(l4, factor)
        )
    }

    /// The same number, reduced, of one with limbs below 2⁵⁴.
    @inline(__always)
    var reduced: FieldElement { multiplied(by: 1) }

    /// The number of five limbs that are too large, reduced. The first four are below 2¹¹⁵ and the last below 2¹¹¹, as they
    /// are in products of numbers with limbs below 2⁵⁴: each carry then fits, and 19 times the last one, too.
    @inline(__always)
    private init(carrying r0: UInt128, _ r1: UInt128, _ r2: UInt128, _ r3: UInt128, _ r4: UInt128) {
        let s1 = r1 &+ carry(r0)
        let s4 = r4 &+ carry(r3)
        let s2 = r2 &+ carry(s1)
        let t0 = low(r0) &+ 19 &* UInt64(truncatingIfNeeded: carry(s4))
        let t3 = low(r3) &+ UInt64(truncatingIfNeeded: carry(s2))
        self.init(
            l0: t0 & Self.mask,
            l1: low(s1) &+ t0 &>> 51,
            l2: low(s2),
            l3: t3 & Self.mask,
            l4: low(s4) &+ t3 &>> 51
        )
    }

    /// The first number when `mask` is zero, the second when it is all ones.
    @inline(__always)
    static func choose(_ a: FieldElement, or b: FieldElement, where mask: UInt64) -> FieldElement {
        FieldElement(
            l0: a.l0 ^ (a.l0 ^ b.l0) & mask,
            l1: a.l1 ^ (a.l1 ^ b.l1) & mask,
            l2: a.l2 ^ (a.l2 ^ b.l2) & mask,
            l3: a.l3 ^ (a.l3 ^ b.l3) & mask,
            l4: a.l4 ^ (a.l4 ^ b.l4) & mask
        )
    }
}

/// The whole product; one instruction.
@inline(__always)
private func wide(_ a: UInt64, _ b: UInt64) -> UInt128 {
    UInt128(truncatingIfNeeded: a) &* UInt128(truncatingIfNeeded: b)
}

@inline(__always)
private func low(_ number: UInt128) -> UInt64 {
    UInt64(truncatingIfNeeded: number) & FieldElement.mask
}

/// What is beyond 51 bits, in 64 bits: with the upper half gone the addition is cheaper.
@inline(__always)
private func carry(_ number: UInt128) -> UInt128 {
    UInt128(truncatingIfNeeded: UInt64(truncatingIfNeeded: number &>> 51))
}
