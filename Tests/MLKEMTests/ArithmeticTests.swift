// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MLKEM

@Suite struct `Arithmetic modulo 3329` {
    static func power(_ exponent: Int) -> Int {
        (0..<exponent).reduce(1) { result, _ in result * 17 % 3329 }
    }

    static func reversed(_ number: Int) -> Int {
        (0..<7).reduce(0) { result, bit in result | (number >> bit & 1) << (6 - bit) }
    }

    /// A number modulo q, from 0 on.
    static func residue(_ number: Int) -> Int {
        (number % 3329 + 3329) % 3329
    }

    @Test func `The tables are the powers of 17`() {
        for i in 0..<128 {
            let root = Self.power(Self.reversed(i))
            #expect(Self.residue(Int(Roots.zeta(i).values[0])) == root * 65_536 % 3329)
            let factors = Roots.gammas(ofGroup: i / 8)
            let modulus = Self.power(2 * Self.reversed(i) + 1)
            #expect(Self.residue(Int(factors.values[i & 7])) == modulus * 65_536 % 3329)
            for (value, prepared) in [
                (factors.values[i & 7], factors.timesInverse[i & 7]),
                (Roots.zeta(i).values[0], Roots.zeta(i).timesInverse[0]),
                (Roots.zetas(ofGroup: i / 8).values[i & 7], Roots.zetas(ofGroup: i / 8).timesInverse[i & 7]),
            ] {
                #expect(abs(Int(value)) <= 1664)
                #expect(value == prepared &* 3329)
            }
            #expect(Roots.zetas(ofGroup: i / 8).values[i & 7] == Roots.zeta(i).values[0])
        }
    }

    @Test func `Every 16-bit number is reduced`() {
        for start in stride(from: -32_768, to: 32_768, by: 8) {
            var numbers = Coefficients.zero
            for lane in 0..<8 { numbers[lane] = Int16(start + lane) }
            let (centred, positive) = (Field().reduced(numbers), Field().canonical(numbers))
            for lane in 0..<8 {
                let residue = Self.residue(start + lane)
                guard Int(positive[lane]) == residue, abs(Int(centred[lane])) <= 1664,
                    Self.residue(Int(centred[lane])) == residue
                else {
                    Issue.record("\(start + lane) becomes \(centred[lane]) and \(positive[lane])")
                    return
                }
            }
        }
    }

    @Test func `Products lose 2 to the power 16`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let a = Int16.random(in: -32_768...32_767, using: &generator)
            let b = Int16.random(in: -3328...3328, using: &generator)
            let product = Int(Field().product(Coefficients(repeating: a), Factors(Coefficients(repeating: b)))[3])
            #expect(abs(product) < 3329)
            #expect(Self.residue(product * 65_536) == Self.residue(Int(a) * Int(b)))
        }
    }

    @Test func `A transform and back is the factor 2 to the power 16`() {
        var polynomial = Polynomial()
        var original: [Int] = []
        for i in 0..<256 {
            let coefficient = Int16.random(in: -3328...3328)
            original.append(Int(coefficient))
            polynomial.vectors[i / 8][i % 8] = coefficient
        }
        polynomial.transform()
        polynomial.transformBack()
        for i in 0..<256 {
            #expect(Self.residue(Int(polynomial.vectors[i / 8][i % 8])) == Self.residue(original[i] * 65_536))
        }
    }

    @Test func `Products of transforms are products modulo X to the power 256 plus 1`() {
        var (first, second): ([Int], [Int]) = ([], [])
        var a = Polynomial()
        var b = Polynomial()
        for i in 0..<256 {
            let (x, y) = (Int16.random(in: -3328...3328), Int16.random(in: -3328...3328))
            first.append(Int(x))
            second.append(Int(y))
            a.vectors[i / 8][i % 8] = x
            b.vectors[i / 8][i % 8] = y
        }
        a.transform()
        b.transform()
        var factor = PreparedFactor()
        factor.prepare(&b)
        var sum = ProductSum()
        sum.add(&a, times: &factor)
        var product = Polynomial()
        sum.reduce(into: &product)
        product.transformBack()
        for i in 0..<256 {
            var expected = 0
            for j in 0..<256 {
                expected += first[j] * second[(i - j + 256) % 256] * (j > i ? -1 : 1)
            }
            #expect(Self.residue(Int(product.vectors[i / 8][i % 8])) == Self.residue(expected))
        }
    }

    @Test func `Four of the largest products do not overflow`() {
        for value in [-1664, 1664] as [Int16] {
            var a = Polynomial()
            var b = Polynomial()
            for i in 0..<32 {
                a.vectors[i] = Coefficients(repeating: 4095)
                b.vectors[i] = Coefficients(repeating: value)
            }
            var factor = PreparedFactor()
            factor.prepare(&b)
            var sum = ProductSum()
            for _ in 0..<4 { sum.add(&a, times: &factor) }
            var product = Polynomial()
            sum.reduce(into: &product)
            for i in 0..<128 {
                let gamma = Self.power(2 * Self.reversed(i) + 1)
                let (even, odd) = (product.vectors[i / 4][2 * i % 8], product.vectors[i / 4][2 * i % 8 + 1])
                let square = 4 * 4095 * Int(value)
                #expect(Self.residue(Int(even) * 65_536) == Self.residue(square * (1 + gamma)))
                #expect(Self.residue(Int(odd) * 65_536) == Self.residue(2 * square))
                #expect(abs(Int(even)) < 3329 && abs(Int(odd)) < 3329)
            }
        }
    }

    /// FIPS 203 §4.2.1: all coefficients, by the definition in whole numbers.
    @Test(arguments: [4, 5, 10, 11]) func `Compression rounds`(_ bits: Int) {
        for start in stride(from: 0, to: 3329, by: 256) {
            var polynomial = Polynomial()
            for i in 0..<256 { polynomial.vectors[i / 8][i % 8] = Int16((start + i) % 3329) }
            var bytes = [UInt8](repeating: 0, count: 32 * bits)
            var output = bytes.mutableSpan
            polynomial.compress(bits: bits, into: &output, at: 0)
            var decompressed = Polynomial()
            decompressed.decompress(bytes.span, bits: bits, at: 0)
            for i in 0..<256 {
                let coefficient = (start + i) % 3329
                let compressed = ((coefficient << (bits + 1)) + 3329) / 6658 % (1 << bits)
                let read = (0..<bits).reduce(0) { number, bit in
                    let place = i * bits + bit
                    return number | Int(bytes[place / 8] >> UInt8(place % 8) & 1) << bit
                }
                #expect(read == compressed)
                let back = (compressed * 3329 * 2 + (1 << bits)) / (1 << (bits + 1))
                #expect(Int(decompressed.vectors[i / 8][i % 8]) == back)
            }
        }
    }

    @Test func `Messages round to the nearest bit`() {
        for start in stride(from: 0, to: 3329, by: 256) {
            var polynomial = Polynomial()
            for i in 0..<256 { polynomial.vectors[i / 8][i % 8] = Int16((start + i) % 3329) }
            var message = [UInt8](repeating: 0, count: 32)
            var output = message.mutableSpan
            polynomial.encodeMessage(into: &output)
            for i in 0..<256 {
                let coefficient = (start + i) % 3329
                #expect(message[i / 8] >> UInt8(i % 8) & 1 == (coefficient > 832 && coefficient < 2497 ? 1 : 0))
            }
            var decoded = Polynomial()
            decoded.decodeMessage(message.span)
            for i in 0..<256 {
                #expect(decoded.vectors[i / 8][i % 8] == Int16(message[i / 8] >> UInt8(i % 8) & 1) * 1665)
            }
        }
    }
}
