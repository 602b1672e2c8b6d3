// SPDX-License-Identifier: Apache-2.0

import MLKEM
import Testing

@Suite struct `Key encapsulation` {
    @Test(arguments: ParameterSet.allCases) func `Lengths are those of FIPS 203`(_ set: ParameterSet) {
        let lengths = [set.encapsulationKeyLength, set.decapsulationKeyLength, set.ciphertextLength]
        #expect(lengths == (set == .mlKEM768 ? [1184, 2400, 1088] : [1568, 3168, 1568]))
    }

    @Test(arguments: ParameterSet.allCases) func `Another implementation's values`(_ set: ParameterSet) throws {
        let cases = KEMVectors.all[set].cases
        #expect(cases.count == 3)
        for vector in cases {
            let key = set.key(seed: hex(vector.seed))
            #expect(key.encapsulation == hex(vector.encapsulation_key))
            #expect(Sponge.output(.sha3256, key.decapsulation, count: 32) == hex(vector.decapsulation_key_sha3))
            #expect(set.accepts(encapsulationKey: key.encapsulation))
            #expect(set.accepts(decapsulationKey: key.decapsulation))
            var (ciphertext, secret) = try set.encapsulation(to: key.encapsulation, message: hex(vector.message))
            #expect(ciphertext == hex(vector.ciphertext))
            #expect(secret == hex(vector.secret))
            #expect(try set.secret(in: ciphertext, with: key.decapsulation) == secret)
            ciphertext[ciphertext.count / 2] ^= 1
            #expect(try set.secret(in: ciphertext, with: key.decapsulation) == hex(vector.secret_of_corrupted))
        }
    }

    /// Random values derived from SHAKE-128 of nothing; one hash over all results.
    @Test(arguments: ParameterSet.allCases) func `Accumulated values of another implementation`(_ set: ParameterSet)
        throws
    {
        let accumulated = KEMVectors.all[set].accumulated
        let length = 96 + set.ciphertextLength
        let random = Sponge.output(.shake128, [], count: accumulated.count * length)
        var results = Sponge(.shake128)
        for test in 0..<accumulated.count {
            let part = Array(random[test * length..<(test + 1) * length])
            let key = set.key(seed: Array(part[0..<64]))
            let (ciphertext, secret) = try set.encapsulation(to: key.encapsulation, message: Array(part[64..<96]))
            #expect(try set.secret(in: ciphertext, with: key.decapsulation) == secret)
            let rejected = try set.secret(in: Array(part[96...]), with: key.decapsulation)
            for value in [key.encapsulation, key.decapsulation, ciphertext, secret, rejected] {
                results.absorb(value.span)
            }
        }
        results.finish()
        var hash = [UInt8](repeating: 0, count: 32)
        var bytes = hash.mutableSpan
        results.squeeze(into: &bytes, at: 0, count: 32)
        #expect(hash == hex(accumulated.hash))
    }

    @Test(arguments: ParameterSet.allCases) func `Published edge cases`(_ set: ParameterSet) throws {
        let unlucky = KEMVectors.all[set].unlucky
        let key = hex(unlucky.decapsulation_key)
        #expect(set.accepts(decapsulationKey: key))
        #expect(try set.secret(in: hex(unlucky.ciphertext), with: key) == hex(unlucky.secret))
        let start = key.count - 64 - set.encapsulationKeyLength
        let (ciphertext, secret) = try set.encapsulation(
            to: Array(key[start..<start + set.encapsulationKeyLength]),
            message: hex(unlucky.message ?? "")
        )
        #expect(ciphertext == hex(unlucky.ciphertext))
        #expect(secret == hex(unlucky.secret))

        let strings = KEMVectors.all[set].strings
        let rejected = try set.secret(in: hex(strings.ciphertext), with: hex(strings.decapsulation_key))
        #expect(rejected == hex(strings.secret))
    }

    /// FIPS 203 §7.2: each coefficient is checked, at either of its two places in three bytes.
    @Test(arguments: ParameterSet.allCases) func `Keys with a coefficient of q or more are refused`(_ set: ParameterSet)
        throws
    {
        let good = hex(KEMVectors.all[set].cases[0].encapsulation_key)
        for coefficient in stride(from: 0, to: (set.encapsulationKeyLength - 32) * 2 / 3, by: 37) {
            for value in [3329, 4095] {
                var key = good
                let place = coefficient / 2 * 3
                if coefficient.isMultiple(of: 2) {
                    key[place] = UInt8(value & 0xFF)
                    key[place + 1] = key[place + 1] & 0xF0 | UInt8(value >> 8)
                } else {
                    key[place + 1] = key[place + 1] & 0x0F | UInt8(value & 15) << 4
                    key[place + 2] = UInt8(value >> 4)
                }
                #expect(!set.accepts(encapsulationKey: key))
                #expect(throws: KEMError.invalidEncapsulationKey) {
                    try set.encapsulation(to: key, message: [UInt8](repeating: 1, count: 32))
                }
            }
        }
        // q − 1 is the greatest that is reduced.
        var key = good
        key[0] = 0x00
        key[1] = key[1] & 0xF0 | 0x0D
        #expect(set.accepts(encapsulationKey: key))
    }

    @Test(arguments: ParameterSet.allCases) func `Wrong lengths are refused`(_ set: ParameterSet) {
        let vector = KEMVectors.all[set].cases[0]
        let (good, ciphertext) = (hex(vector.encapsulation_key), hex(vector.ciphertext))
        let key = set.key(seed: hex(vector.seed))
        for wrong in [[], Array(good.dropLast()), good + [0]] {
            #expect(throws: KEMError.invalidEncapsulationKey) {
                try set.encapsulation(to: wrong, message: [UInt8](repeating: 1, count: 32))
            }
        }
        for wrong in [[], Array(ciphertext.dropLast()), ciphertext + [0]] {
            #expect(throws: KEMError.invalidCiphertext) { try set.secret(in: wrong, with: key.decapsulation) }
        }
        let short = Array(key.decapsulation.dropLast())
        #expect(!set.accepts(decapsulationKey: short))
    }

    /// FIPS 203 §7.3.
    @Test(arguments: ParameterSet.allCases) func `Decapsulation keys whose hash is another's are refused`(
        _ set: ParameterSet
    ) {
        let good = set.key(seed: hex(KEMVectors.all[set].cases[0].seed)).decapsulation
        #expect(set.accepts(decapsulationKey: good))
        for place in [384 * (set == .mlKEM768 ? 3 : 4), good.count - 65, good.count - 64, good.count - 33] {
            var key = good
            key[place] ^= 0x10
            #expect(!set.accepts(decapsulationKey: key))
        }
        // The secret vector and the last seed are not hashed.
        for place in [0, good.count - 32, good.count - 1] {
            var key = good
            key[place] ^= 1
            #expect(set.accepts(decapsulationKey: key))
        }
    }

    @Test(arguments: ParameterSet.allCases) func `Every corrupted ciphertext gives a secret of its own`(
        _ set: ParameterSet
    ) throws {
        let vector = KEMVectors.all[set].cases[1]
        let key = set.key(seed: hex(vector.seed))
        let ciphertext = hex(vector.ciphertext)
        var secrets: Set<[UInt8]> = [hex(vector.secret)]
        let places = Array(stride(from: 0, to: ciphertext.count, by: 97)) + [ciphertext.count - 1]
        for place in places {
            var corrupted = ciphertext
            corrupted[place] ^= 1 << UInt8(place % 8)
            let secret = try set.secret(in: corrupted, with: key.decapsulation)
            // FIPS 203 algorithm 18: SHAKE-256 of z and the ciphertext.
            #expect(secret == Sponge.output(.shake256, key.decapsulation.suffix(32) + corrupted, count: 32))
            secrets.insert(secret)
        }
        #expect(secrets.count == places.count + 1)
    }

    @Test(arguments: ParameterSet.allCases) func `Random keys and messages agree`(_ set: ParameterSet) throws {
        for _ in 0..<20 {
            let key = set.key(seed: (0..<64).map { _ in UInt8.random(in: 0...255) })
            let message = (0..<32).map { _ in UInt8.random(in: 0...255) }
            let (ciphertext, secret) = try set.encapsulation(to: key.encapsulation, message: message)
            #expect(try set.secret(in: ciphertext, with: key.decapsulation) == secret)
        }
    }
}
