// SPDX-License-Identifier: Apache-2.0

/// The product of a scalar and the base point.
///
/// On the Edwards curve, where the multiples are in a table: the digits at odd places are added up, and 16 times their sum
/// and the digits at even places (Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security signatures", section 4).
@inline(never)
func basePointProduct(_ scalar: Scalar) -> Fraction {
    let digits = scalar.digits
    let table = BaseTable.shared
    var point = EdwardsPoint.identity
    for i in 0..<32 { point.add(table.multiple(digits[2 &* i &+ 1], at: i)) }
    for _ in 0..<4 { point.double() }
    for i in 0..<32 { point.add(table.multiple(digits[2 &* i], at: i)) }
    // u = (1 + y)/(1 − y) (RFC 7748 §4.1). y is not 1: no scalar is a multiple of the order.
    return Fraction(numerator: (point.z + point.y).reduced, denominator: (point.z - point.y).reduced)
}

/// The product of a scalar and the point with a u-coordinate (RFC 7748 §5); reduced.
///
/// Of the two points in each step one is doubled, and the other becomes their sum. The sum does not depend on which of them is which:
/// where the RFC exchanges the points, it is enough here to choose the one that is doubled.
@inline(never)
func ladder(_ scalar: Scalar, _ u: FieldElement) -> Fraction {
    // After bit 254, which is 1.
    var sum = Fraction(numerator: u, denominator: FieldElement(1))
    var double = doubled(u + FieldElement(1), u - FieldElement(1))
    var previous: UInt64 = 1
    var place = 253
    while place > 2 {
        let bit = scalar.bit(place)
        let (a, b) = (double.numerator + double.denominator, double.numerator - double.denominator)
        let (c, d) = (sum.numerator + sum.denominator, sum.numerator - sum.denominator)
        let (da, cb) = (d * a, c * b)
        let mask = 0 &- (bit ^ previous)
        double = doubled(FieldElement.choose(a, or: c, where: mask), FieldElement.choose(b, or: d, where: mask))
        sum = Fraction(numerator: (da + cb).squared(), denominator: u * (da - cb).squared())
        previous = bit
        place &-= 1
    }
    // The last three bits are 0.
    let mask = 0 &- previous
    var result = Fraction(
        numerator: FieldElement.choose(double.numerator, or: sum.numerator, where: mask),
        denominator: FieldElement.choose(double.denominator, or: sum.denominator, where: mask)
    )
    for _ in 0..<3 {
        result = doubled(result.numerator + result.denominator, result.numerator - result.denominator)
    }
    return result
}

/// The double of x/z, of x + z and x − z.
@inline(__always)
private func doubled(_ sum: FieldElement, _ difference: FieldElement) -> Fraction {
    let (aa, bb) = (sum.squared(), difference.squared())
    let e = aa - bb
    return Fraction(numerator: aa * bb, denominator: e * (aa + e.multiplied(by: 121_665)))
}
