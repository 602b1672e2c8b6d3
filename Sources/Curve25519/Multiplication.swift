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
@inline(never)
func ladder(_ scalar: Scalar, _ u: FieldElement) -> Fraction {
    var (x2, z2) = (FieldElement(1), FieldElement(0))
    var (x3, z3) = (u, FieldElement(1))
    var previous: UInt64 = 0
    for place in stride(from: 254, through: 0, by: -1) {
        let bit = scalar.bit(place)
        let mask = 0 &- (bit ^ previous)
        FieldElement.exchange(&x2, &x3, where: mask)
        FieldElement.exchange(&z2, &z3, where: mask)
        previous = bit
        let (a, b, c, d) = (x2 + z2, x2 - z2, x3 + z3, x3 - z3)
        let (da, cb) = (d * a, c * b)
        let (aa, bb) = (a.squared(), b.squared())
        let e = aa - bb
        x3 = (da + cb).squared()
        z3 = u * (da - cb).squared()
        x2 = aa * bb
        z2 = e * (aa + e.multiplied(by: 121_665))
    }
    // The last bit of a scalar is 0: nothing is left to be exchanged.
    return Fraction(numerator: x2, denominator: z2)
}
