// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Curve25519

/// A number below p by the definition: bit by bit, and a subtraction where it is due.
private struct Residue: Equatable {
    static let modulus: SIMD4<UInt64> = [~0 - 18, ~0, ~0, ~0 >> 1]
    var words = SIMD4<UInt64>.zero

    init(_ words: SIMD4<UInt64> = .zero) {
        self.words = words
        reduce()
    }

    /// Of limbs, however large.
    init(_ element: FieldElement) {
        self.init()
        for limb in [element.l4, element.l3, element.l2, element.l1, element.l0] {
            for _ in 0..<51 { self = self + self }
            self = self + Residue([limb, 0, 0, 0])
        }
    }

    private mutating func reduce() {
        while true {
            var (rest, borrow) = (SIMD4<UInt64>.zero, false)
            for i in 0..<4 {
                let (first, one) = words[i].subtractingReportingOverflow(Self.modulus[i])
                let (second, two) = first.subtractingReportingOverflow(borrow ? 1 : 0)
                (rest[i], borrow) = (second, one || two)
            }
            guard !borrow else { return }
            words = rest
        }
    }

    static func + (a: Residue, b: Residue) -> Residue {
        // Both are below 2²⁵⁵: nothing is lost.
        var (sum, carry) = (SIMD4<UInt64>.zero, false)
        for i in 0..<4 {
            let (first, one) = a.words[i].addingReportingOverflow(b.words[i])
            let (second, two) = first.addingReportingOverflow(carry ? 1 : 0)
            (sum[i], carry) = (second, one || two)
        }
        return Residue(sum)
    }

    static func * (a: Residue, b: Residue) -> Residue {
        var product = Residue()
        for bit in (0..<255).reversed() {
            product = product + product
            if a.words[bit / 64] >> UInt64(bit % 64) & 1 == 1 { product = product + b }
        }
        return product
    }
}

@Suite struct `Arithmetic modulo 2^255 - 19` {
    static let largest: UInt64 = 1 << 54 - 1

    /// Limbs that carry as much as they may, and others.
    static let elements: [FieldElement] = {
        var draw = Draw(1)
        let ends: [UInt64] = [0, 1, 18, 19, 1 << 51 - 20, 1 << 51 - 19, 1 << 51 - 1, 1 << 51, largest]
        var elements = ends.map { FieldElement(l0: $0, l1: $0, l2: $0, l3: $0, l4: $0) }
        for _ in 0..<12 {
            let limbs = (0..<5).map { _ in draw.word() & largest }
            elements.append(FieldElement(l0: limbs[0], l1: limbs[1], l2: limbs[2], l3: limbs[3], l4: limbs[4]))
        }
        return elements
    }()

    private func isReduced(_ element: FieldElement) -> Bool {
        [element.l0, element.l1, element.l2, element.l3, element.l4].allSatisfy { $0 < 1 << 51 + 1 << 13 }
    }

    @Test func `Products and squares of numbers with the largest limbs`() {
        for a in Self.elements {
            let square = a.squared()
            #expect(isReduced(square))
            #expect(Residue(square) == Residue(a) * Residue(a))
            for b in Self.elements {
                let product = a * b
                #expect(isReduced(product))
                #expect(Residue(product) == Residue(a) * Residue(b))
            }
            #expect(Residue(a.multiplied(by: 121_665)) == Residue(a) * Residue([121_665, 0, 0, 0]))
            #expect(isReduced(a.multiplied(by: 1 << 17 - 1)))
        }
    }

    @Test func `Sums and differences`() {
        let reduced = Self.elements.map(\.reduced)
        for a in Self.elements {
            for b in reduced {
                #expect(Residue(a + b) == Residue(a) + Residue(b))
                #expect(Residue(a - (b + b)) + Residue(b) + Residue(b) == Residue(a))
            }
        }
        // The most that may be taken away.
        let top: UInt64 = 1 << 53 - 4
        let most = FieldElement(l0: top - 72, l1: top, l2: top, l3: top, l4: top)
        let difference = FieldElement(0) - most
        #expect(isReduced(difference))
        #expect(Residue(difference) == Residue())
    }

    @Test func `Inverses`() {
        for a in Self.elements.map(\.reduced) where Residue(a) != Residue() {
            #expect(Residue(a.inverted()) * Residue(a) == Residue([1, 0, 0, 0]))
        }
        #expect(Residue(FieldElement(0).inverted()) == Residue())
    }

    @Test func `Numbers are written below the modulus`() {
        let modulus = Residue.modulus
        for (number, expected) in [
            (SIMD4(0, 0, 0, 0), SIMD4(0, 0, 0, 0)), (modulus, SIMD4(0, 0, 0, 0)),
            (modulus &- SIMD4(1, 0, 0, 0), modulus &- SIMD4(1, 0, 0, 0)),
            (modulus &+ SIMD4(1, 0, 0, 0), SIMD4(1, 0, 0, 0)),
            (SIMD4(~0, ~0, ~0, ~0 >> 1), SIMD4(18, 0, 0, 0)), (SIMD4(~0, ~0, ~0, ~0), SIMD4(18, 0, 0, 0)),
        ] as [(SIMD4<UInt64>, SIMD4<UInt64>)] {
            #expect(FieldElement(number).canonical == expected)
        }
        var draw = Draw(2)
        for _ in 0..<50 {
            var words = draw.words()
            words[3] &= ~0 >> 1
            #expect(FieldElement(words).canonical == Residue(words).words)
        }
        for element in Self.elements { #expect(element.reduced.canonical == Residue(element).words) }
        let reduced: UInt64 = 1 << 51 + 1 << 13 - 1
        let largest = FieldElement(l0: reduced, l1: reduced, l2: reduced, l3: reduced, l4: reduced)
        #expect(largest.canonical == Residue(largest).words)
    }

    @Test func `Numbers are chosen by mask`() {
        let (a, b) = (Self.elements[9], Self.elements[10])
        #expect(Residue(FieldElement.choose(a, or: b, where: 0)) == Residue(a))
        #expect(Residue(FieldElement.choose(a, or: b, where: ~0)) == Residue(b))
    }
}
