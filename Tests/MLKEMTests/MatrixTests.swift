// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MLKEM

@Suite struct `Streams side by side` {
    @Test func `Two states are permuted as each alone`() {
        var pair = KeccakPair()
        var states = (KeccakState(), KeccakState())
        for i in 0..<25 {
            states.0.lanes[i] = .random(in: 0 ... .max)
            states.1.lanes[i] = .random(in: 0 ... .max)
            pair.lanes[i] = LanePair(states.0.lanes[i], states.1.lanes[i])
        }
        pair.permute()
        states.0.permute()
        states.1.permute()
        for i in 0..<25 { #expect(pair.lanes[i] == LanePair(states.0.lanes[i], states.1.lanes[i])) }
        pair.permuteFirst()
        states.0.permute()
        for i in 0..<25 { #expect(pair.lanes[i] == LanePair(states.0.lanes[i], states.1.lanes[i])) }
    }

    /// FIPS 203 algorithm 7, by its words.
    static func entry(_ seed: [UInt8], _ first: Int, _ second: Int) -> [Int16] {
        let bytes = Sponge.output(.shake128, seed + [UInt8(first), UInt8(second)], count: 1_680)
        var numbers: [Int16] = []
        for i in stride(from: 0, to: bytes.count, by: 3) {
            let (a, b, c) = (Int16(bytes[i]), Int16(bytes[i + 1]), Int16(bytes[i + 2]))
            numbers += [a + (b & 15) * 256, (b >> 4) + c * 16].filter { $0 < 3329 }
        }
        return Array(numbers.prefix(256))
    }

    static func coefficients(_ polynomial: inout Polynomial) -> [Int16] {
        (0..<256).map { polynomial.vectors[$0 / 8][$0 % 8] }
    }

    /// Of so many entries some need a fourth block: one in a hundred does.
    @Test(arguments: [3, 4], [false, true])
    func `Entries alone, in pairs and beside a hash are those of the standard`(_ rank: Int, _ isTransposed: Bool) {
        for number in 0..<20 as Range<UInt8> {
            let seed = [UInt8](repeating: number, count: 31) + [UInt8(rank)]
            let expected = (0..<rank * rank).map { entry in
                let (row, column) = (entry / rank, entry % rank)
                return isTransposed ? Self.entry(seed, row, column) : Self.entry(seed, column, row)
            }
            var matrix = MatrixSampler(seed: seed.span, rank: rank, isTransposed: isTransposed)
            var a = Polynomial()
            var b = Polynomial()
            for entry in 0..<rank * rank - 1 {
                matrix.sample(entry, into: &a, andNextInto: &b)
                #expect(Self.coefficients(&a) == expected[entry])
                #expect(Self.coefficients(&b) == expected[entry + 1])
                matrix.sample(entry, into: &b)
                #expect(Self.coefficients(&b) == expected[entry])
            }
            let message = (0..<(rank == 3 ? 1_184 : 1_568)).map { UInt8(truncatingIfNeeded: $0 &* 7) ^ number }
            for (function, prefix) in [(.sha3256, 0), (.shake256, 32)] as [(KeccakFunction, Int)] {
                let bytes = message.span
                let blocks = MessageBlocks(
                    function,
                    bytes.extracting(first: prefix),
                    bytes.extracting(droppingFirst: prefix)
                )
                var row = PolynomialVector()
                var digest = InlineArray<32, UInt8>(repeating: 0)
                matrix.sampleLastRow(into: &row, hashing: blocks, digest: &digest)
                for i in 0..<rank { #expect(Self.coefficients(&row[i]) == expected[rank * (rank - 1) + i]) }
                #expect((0..<32).map { digest[$0] } == Sponge.output(function, message, count: 32))
            }
        }
    }
}
