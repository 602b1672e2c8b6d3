// SPDX-License-Identifier: Apache-2.0

import MLKEM

/// What 10,000 keys come to. It needs nothing but the module: `make processors` has it run on others.
enum RoundTripResults {
    /// The hash over all results; nil when the sides disagree.
    static func digest(of set: ParameterSet) -> [UInt8]? {
        var draw = Draw("")
        var results = Sponge(.shake128)
        var buffers = Buffers(set)
        for _ in 0..<10_000 {
            draw.fill(&buffers.seed)
            draw.fill(&buffers.message)
            let foreign = draw.bytes(set.ciphertextLength)
            buffers.generate()
            buffers.encapsulate()
            let secret = buffers.secret
            results.absorb(buffers.encapsulationKey.span)
            results.absorb(buffers.decapsulationKey.span)
            results.absorb(buffers.ciphertext.span)
            results.absorb(secret.span)
            buffers.decapsulate()
            guard buffers.secret == secret else { return nil }
            buffers.ciphertext = foreign
            buffers.decapsulate()
            results.absorb(buffers.secret.span)
        }
        results.finish()
        var digest = [UInt8](repeating: 0, count: 32)
        var span = digest.mutableSpan
        results.squeeze(into: &span, at: 0, count: 32)
        return digest
    }
}
