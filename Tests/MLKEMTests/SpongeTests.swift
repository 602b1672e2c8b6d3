// SPDX-License-Identifier: Apache-2.0

import MLKEM
import Testing

@Suite struct `Functions of FIPS 202` {
    static let functions: [(KeccakFunction, [String: String])] = [
        (.sha3256, KEMVectors.all.hashes.sha3_256), (.sha3512, KEMVectors.all.hashes.sha3_512),
        (.shake128, KEMVectors.all.hashes.shake_128), (.shake256, KEMVectors.all.hashes.shake_256),
    ]

    @Test(arguments: 0..<4) func `They agree with another implementation at every edge of their blocks`(_ index: Int) {
        let (function, digests) = Self.functions[index]
        let message = hex(KEMVectors.all.hashes.message)
        #expect(digests.count == 15)
        for (length, digest) in digests {
            let part = Array(message.prefix(Int(length) ?? 0))
            #expect(Sponge.output(function, part, count: digest.utf8.count / 2) == hex(digest))
        }
    }

    @Test(arguments: [KeccakFunction.sha3256, .sha3512, .shake128, .shake256])
    func `Pieces give what the whole gives`(_ function: KeccakFunction) {
        let message = hex(KEMVectors.all.hashes.message)
        let whole = Sponge.output(function, message, count: 300)
        for cut in [1, 7, 8, 9, 71, 72, 135, 136, 167, 168, 350] {
            var sponge = Sponge(function)
            let first = Array(message.prefix(cut))
            let second = Array(message.dropFirst(cut))
            sponge.absorb(first.span)
            sponge.absorb(second.span)
            sponge.finish()
            var output = [UInt8](repeating: 0, count: 300)
            var bytes = output.mutableSpan
            sponge.squeeze(into: &bytes, at: 0, count: cut % 300)
            sponge.squeeze(into: &bytes, at: cut % 300, count: 300 - cut % 300)
            #expect(output == whole)
        }
    }
}
