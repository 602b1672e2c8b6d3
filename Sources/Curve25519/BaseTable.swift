// SPDX-License-Identifier: Apache-2.0

/// Multiples of the base point: (j + 1)·256ⁱ times it, for i below 32 and j below 8, in 24 KiB.
///
/// Made when a process first needs it, in the time of twenty public keys. In the source it would be three thousand numbers that nobody
/// can read.
package struct BaseTable: Sendable {
    /// A point's coordinates below p, four words each.
    struct Entry: Sendable {
        var sum: SIMD4<UInt64>
        var difference: SIMD4<UInt64>
        var product: SIMD4<UInt64>
    }

    package static let shared = BaseTable()

    private let entries: [Entry]

    private init() {
        var firsts = [EdwardsPoint.base]
        while firsts.count < 32 {
            var point = firsts[firsts.count - 1]
            for _ in 0..<8 { point.double() }
            firsts.append(point)
        }
        var points: [EdwardsPoint] = []
        for (point, first) in zip(firsts, Self.added(firsts)) {
            var multiple = point
            points.append(multiple)
            for _ in 1..<8 {
                multiple.add(first)
                points.append(multiple)
            }
        }
        entries = Self.added(points).map { point in
            Entry(
                sum: point.sum.reduced.canonical,
                difference: point.difference.reduced.canonical,
                product: point.product.canonical
            )
        }
    }

    /// The points as they are added to others, with one inversion for all: that of the product of each z and those before it
    /// tells, with the product of those before it, the inverse of z.
    private static func added(_ points: [EdwardsPoint]) -> [AddedPoint] {
        var product = FieldElement(1)
        let before = points.map { point in
            defer { product = product * point.z }
            return product
        }
        var inverse = product.inverted()
        return zip(points, before).reversed().map { point, before in
            let (x, y) = (point.x * (inverse * before), point.y * (inverse * before))
            inverse = inverse * point.z
            return AddedPoint(sum: y + x, difference: y - x, product: x * y * EdwardsPoint.twiceD)
        }.reversed()
    }

    /// `digit`·256ⁱ times the base point, of a digit from −8 to 8, which is secret: all of the eight entries are read, and
    /// what is not wanted is masked.
    @inline(__always)
    borrowing func multiple(_ digit: Int, at i: Int) -> AddedPoint {
        let entries = entries.span
        let sign = digit &>> 63
        let magnitude = UInt64(truncatingIfNeeded: (digit ^ sign) &- sign)
        // Zero times a point is (0, 1).
        let one = SIMD4<UInt64>(1 & isEqual(magnitude, 0), 0, 0, 0)
        var sum = one
        var difference = one
        var product = SIMD4<UInt64>.zero
        for j in 0..<8 {
            let mask = SIMD4<UInt64>(repeating: isEqual(magnitude, UInt64(j &+ 1)))
            let entry = entries[8 &* i &+ j]
            sum |= entry.sum & mask
            difference |= entry.difference & mask
            product |= entry.product & mask
        }
        // The opposite of (x, y) is (−x, y).
        let isNegative = UInt64(bitPattern: Int64(sign))
        let swapped = (sum ^ difference) & SIMD4(repeating: isNegative)
        let positive = FieldElement(product)
        let negative = FieldElement(0) - positive
        return AddedPoint(
            sum: FieldElement(sum ^ swapped),
            difference: FieldElement(difference ^ swapped),
            product: FieldElement.choose(positive, or: negative, where: isNegative)
        )
    }
}

/// All ones for equal numbers below 2⁶³, zero for others.
@inline(__always)
private func isEqual(_ a: UInt64, _ b: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(bitPattern: (a ^ b) &- 1) &>> 63)
}
