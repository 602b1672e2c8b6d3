// SPDX-License-Identifier: Apache-2.0

/// A point of edwards25519 (RFC 7748 §4.1), −x² + y² = 1 + d·x²·y², as X/Z and Y/Z, with T/Z their product; all reduced.
///
/// The formulas are those of Hisil, Wong, Carter and Dawson, which have no exceptions on this curve: the identity and equal points
/// are added as any others.
package struct EdwardsPoint {
    var x: FieldElement
    var y: FieldElement
    var z: FieldElement
    var t: FieldElement

    /// (0, 1).
    package static var identity: EdwardsPoint {
        EdwardsPoint(x: FieldElement(0), y: FieldElement(1), z: FieldElement(1), t: FieldElement(0))
    }

    /// The point that RFC 7748 maps to u = 9.
    package static var base: EdwardsPoint {
        let x = FieldElement([
            0xC956_2D60_8F25_D51A, 0x692C_C760_9525_A7B2, 0xC0A4_E231_FDD6_DC5C, 0x2169_36D3_CD6E_53FE,
        ])
        let y = FieldElement([
            0x6666_6666_6666_6658, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666, 0x6666_6666_6666_6666,
        ])
        return EdwardsPoint(x: x, y: y, z: FieldElement(1), t: x * y)
    }

    /// 2d, d being −121665/121666.
    package static var twiceD: FieldElement {
        FieldElement([0xEBD6_9B94_26B2_F159, 0x00E0_149A_8283_B156, 0x198E_80F2_EEF3_D130, 0x2406_D9DC_56DF_FCE7])
    }

    @inline(__always)
    package mutating func double() {
        let xx = x.squared()
        let yy = y.squared()
        let zz = z.squared()
        let sum = yy + xx
        let difference = yy - xx
        let product = (x + y).squared() - sum
        let rest = zz + zz + xx - yy
        self = EdwardsPoint(x: product * rest, y: sum * difference, z: difference * rest, t: product * sum)
    }

    /// Adds a point whose z is 1.
    @inline(__always)
    package mutating func add(_ other: AddedPoint) {
        let a = (y + x) * other.sum
        let b = (y - x) * other.difference
        let c = t * other.product
        let zz = z + z
        let (e, f, g, h) = (a - b, zz - c, zz + c, a + b)
        self = EdwardsPoint(x: e * f, y: h * g, z: f * g, t: e * h)
    }
}

/// A point (x, y) in the form in which it is added to others; limbs below 2⁵⁴.
package struct AddedPoint {
    /// y + x.
    var sum: FieldElement
    /// y − x.
    var difference: FieldElement
    /// 2d·x·y.
    var product: FieldElement
}
