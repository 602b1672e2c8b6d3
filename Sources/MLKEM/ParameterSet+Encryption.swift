// SPDX-License-Identifier: Apache-2.0

/// K-PKE, the encryption inside ML-KEM (FIPS 203 §5). It is not to be used by itself.
extension ParameterSet {
    /// The two seeds of a key: the public one of the matrix, and the secret one (the first line of algorithm 13).
    package func expand(
        _ seed: Span<UInt8>,
        matrixSeed: inout InlineArray<32, UInt8>,
        noiseSeed: inout InlineArray<32, UInt8>
    ) {
        var sponge = Sponge(.sha3512)
        sponge.absorb(seed)
        sponge.absorb(UInt8(truncatingIfNeeded: rank))
        sponge.finish()
        sponge.take(first: &matrixSeed, second: &noiseSeed)
    }

    /// Algorithm 13 after its first line: writes the encapsulation key, and the secret vector at the start of the decapsulation
    /// key.
    package func makeKey(
        matrixSeed: Span<UInt8>,
        noiseSeed: Span<UInt8>,
        encapsulationKey: inout MutableSpan<UInt8>,
        decapsulationKey: inout MutableSpan<UInt8>
    ) {
        var secret = PolynomialVector()
        var entry = Polynomial()
        var noise = Polynomial()
        for i in 0..<rank {
            Polynomial.sampleNoise(seed: noiseSeed, counter: i, into: &secret[i])
            secret[i].transform()
            secret[i].encode(into: &decapsulationKey, at: 384 * i)
        }
        for i in 0..<rank {
            var sum = Polynomial()
            for j in 0..<rank {
                Polynomial.sampleTransform(seed: matrixSeed, j, i, into: &entry)
                sum.addProduct(secret[j], entry)
            }
            sum.removeMontgomeryFactor()
            Polynomial.sampleNoise(seed: noiseSeed, counter: rank + i, into: &noise)
            noise.transform()
            sum.add(noise)
            sum.encode(into: &encapsulationKey, at: 384 * i)
        }
        for i in 0..<32 { encapsulationKey[vectorLength + i] = matrixSeed[i] }
    }

    /// Algorithm 14.
    ///
    /// - Parameters:
    ///   - encapsulationKey: Public, of this set's length; its coefficients were checked where it came from a peer.
    ///   - message: 32 secret bytes.
    ///   - seed: 32 secret bytes.
    func encrypt(
        _ message: Span<UInt8>,
        to encapsulationKey: Span<UInt8>,
        seed: Span<UInt8>,
        ciphertext: inout MutableSpan<UInt8>
    ) {
        let matrixSeed = encapsulationKey.extracting(vectorLength..<vectorLength + 32)
        var noise = PolynomialVector()
        var entry = Polynomial()
        var error = Polynomial()
        var last = Polynomial()
        for i in 0..<rank {
            Polynomial.sampleNoise(seed: seed, counter: i, into: &noise[i])
            noise[i].transform()
        }
        for i in 0..<rank {
            var sum = Polynomial()
            for j in 0..<rank {
                Polynomial.sampleTransform(seed: matrixSeed, i, j, into: &entry)
                sum.addProduct(noise[j], entry)
            }
            sum.transformBack()
            Polynomial.sampleNoise(seed: seed, counter: rank + i, into: &error)
            sum.add(error)
            sum.compress(bits: vectorBits, into: &ciphertext, at: 32 * vectorBits * i)
            entry.decode(encapsulationKey, at: 384 * i)
            last.addProduct(noise[i], entry)
        }
        last.transformBack()
        Polynomial.sampleNoise(seed: seed, counter: 2 * rank, into: &error)
        last.add(error)
        entry.decodeMessage(message)
        last.add(entry)
        last.compress(bits: lastBits, into: &ciphertext, at: 32 * vectorBits * rank)
    }

    /// Algorithm 15.
    ///
    /// - Parameters:
    ///   - ciphertext: Of this set's length.
    ///   - decapsulationKey: Starts with the secret vector.
    func decrypt(_ ciphertext: Span<UInt8>, with decapsulationKey: Span<UInt8>, message: inout MutableSpan<UInt8>) {
        var secret = Polynomial()
        var part = Polynomial()
        var sum = Polynomial()
        for i in 0..<rank {
            part.decompress(ciphertext, bits: vectorBits, at: 32 * vectorBits * i)
            part.transform()
            secret.decode(decapsulationKey, at: 384 * i)
            sum.addProduct(secret, part)
        }
        sum.transformBack()
        part.decompress(ciphertext, bits: lastBits, at: 32 * vectorBits * rank)
        sum.subtract(from: part)
        sum.encodeMessage(into: &message)
    }
}
