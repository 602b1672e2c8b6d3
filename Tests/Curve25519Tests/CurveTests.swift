// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Curve25519

/// A point by its two coordinates, added by the law of the curve, with divisions.
private struct AffinePoint: Equatable {
    let x: SIMD4<UInt64>
    let y: SIMD4<UInt64>

    init(_ x: FieldElement, _ y: FieldElement) {
        (self.x, self.y) = (x.reduced.canonical, y.reduced.canonical)
    }

    init(_ point: EdwardsPoint) {
        let inverse = point.z.inverted()
        self.init(point.x * inverse, point.y * inverse)
    }

    /// −121665/121666 (RFC 7748 §4.1).
    static var d: FieldElement {
        (FieldElement(0) - FieldElement(121_665)) * FieldElement(121_666).inverted()
    }

    static func + (a: AffinePoint, b: AffinePoint) -> AffinePoint {
        let (x1, y1, x2, y2) = (FieldElement(a.x), FieldElement(a.y), FieldElement(b.x), FieldElement(b.y))
        let both = d * x1 * x2 * y1 * y2
        let x = (x1 * y2 + x2 * y1) * (FieldElement(1) + both).reduced.inverted()
        let y = (y1 * y2 + x1 * x2) * (FieldElement(1) - both).reduced.inverted()
        return AffinePoint(x, y)
    }

    var isOnCurve: Bool {
        let (xx, yy) = (FieldElement(x).squared(), FieldElement(y).squared())
        return (yy - xx).reduced.canonical == (FieldElement(1) + Self.d * xx * yy).reduced.canonical
    }
}

@Suite struct `The curve and its table` {
    private let base = AffinePoint(.base)

    @Test func `Parameters are those of RFC 7748`() {
        #expect(EdwardsPoint.twiceD.canonical == (AffinePoint.d + AffinePoint.d).reduced.canonical)
        #expect(base.isOnCurve)
        let y = FieldElement(base.y)
        #expect(base.y == (FieldElement(4) * FieldElement(5).inverted()).canonical)
        let u = (FieldElement(1) + y) * (FieldElement(1) - y).reduced.inverted()
        #expect(u.canonical == [9, 0, 0, 0])
        // Of the two x the RFC takes the even one, −x being p − x.
        #expect(base.x[0] & 1 == 0)
        #expect(EdwardsPoint.base.t.canonical == (FieldElement(base.x) * y).canonical)
    }

    @Test func `The table has the multiples`() {
        let table = BaseTable.shared
        var first = base
        for i in 0..<32 {
            var expected = first
            for digit in 1...8 {
                for sign in [1, -1] {
                    let point = table.multiple(digit * sign, at: i)
                    let half = FieldElement(2).inverted()
                    let x = (point.sum - point.difference.reduced).reduced * half
                    let y = (point.sum + point.difference) * half
                    let found = AffinePoint(sign > 0 ? x : FieldElement(0) - x, y)
                    #expect(found == expected)
                    #expect(point.product.reduced.canonical == (EdwardsPoint.twiceD * x * y).canonical)
                }
                expected = expected + first
            }
            let zero = table.multiple(0, at: i)
            #expect(zero.sum.canonical == [1, 0, 0, 0] && zero.difference.canonical == [1, 0, 0, 0])
            #expect(zero.product.reduced.canonical == .zero)
            for _ in 0..<8 { first = first + first }
        }
    }

    @Test func `Points are doubled and added as the law says`() {
        let table = BaseTable.shared
        var point = EdwardsPoint.identity
        var expected = AffinePoint(.identity)
        point.add(table.multiple(0, at: 3))
        #expect(AffinePoint(point) == expected)
        for step in 0..<40 {
            // Equal points and opposite ones are among them.
            let digit = [1, 1, -2, 8, -8, 0, 5][step % 7]
            point.add(table.multiple(digit, at: 0))
            for _ in 0..<abs(digit) {
                expected =
                    expected
                    + (digit > 0 ? base : AffinePoint(FieldElement(0) - FieldElement(base.x), FieldElement(base.y)))
            }
            #expect(AffinePoint(point) == expected)
            if step % 3 == 0 {
                point.double()
                expected = expected + expected
                #expect(AffinePoint(point) == expected)
            }
            #expect((point.x * point.y).canonical == (point.z * point.t).canonical)
        }
    }

    @Test func `Digits make up the scalar`() {
        var draw = Draw(3)
        let keys =
            [0x00, 0xFF, 0x77, 0x88, 0x80, 0x08].map { [UInt8](repeating: $0, count: 32) }
            + (0..<20).map { _ in draw.key() }
        for key in keys {
            let scalar = Scalar(key.span)
            let digits = (0..<64).map { scalar.digits[$0] }
            #expect(digits.dropLast().allSatisfy { (-8...7).contains($0) } && (4...8).contains(digits[63]))
            // From the least significant on, with what is carried.
            var carry = 0
            for (place, digit) in digits.enumerated() {
                let bits = (0..<4).reduce(0) { sum, bit in
                    let number = 4 * place + bit
                    return sum | (number < 255 ? Int(scalar.bit(number)) << bit : 0)
                }
                #expect((digit + carry) & 15 == bits)
                carry = (digit + carry - bits) >> 4
            }
            #expect(carry == 0)
            #expect(scalar.bit(0) | scalar.bit(1) | scalar.bit(2) == 0 && scalar.bit(254) == 1)
        }
    }
}
