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
        var noise = NoiseVector()
        noise.sample(seed: noiseSeed, number: 2 * rank)
        for i in 0..<2 * rank { noise[i].transform() }
        for i in 0..<rank { noise[i].encode(into: &decapsulationKey, at: 384 * i) }

        var factors = FactorVector()
        for i in 0..<rank { factors[i].prepare(&noise[i]) }
        var matrix = MatrixSampler(seed: matrixSeed, rank: rank, isTransposed: false)
        var sums = SumVector()
        addProducts(of: &matrix, entries: rank * rank, times: &factors, to: &sums)
        var part = Polynomial()
        for i in 0..<rank {
            sums[i].reduce(into: &part)
            part.removeMontgomeryFactor()
            part.add(&noise[rank + i])
            part.encode(into: &encapsulationKey, at: 384 * i)
        }
        for i in 0..<32 { encapsulationKey[vectorLength + i] = matrixSeed[i] }
    }

    /// Adds the products of the first entries of a matrix with a vector to the sums of their rows.
    private func addProducts(
        of matrix: inout MatrixSampler,
        entries: Int,
        times vector: inout FactorVector,
        to sums: inout SumVector
    ) {
        var first = Polynomial()
        var second = Polynomial()
        for entry in stride(from: 0, to: entries, by: 2) {
            let next = entry + 1
            if next < entries {
                matrix.sample(entry, into: &first, andNextInto: &second)
                sums[next / rank].add(&second, times: &vector[next % rank])
            } else {
                matrix.sample(entry, into: &first)
            }
            sums[entry / rank].add(&first, times: &vector[entry % rank])
        }
    }

    /// Reads an encapsulation key.
    ///
    /// - Returns: Whether all its coefficients are below q.
    func decode(_ encapsulationKey: Span<UInt8>, into vector: inout PolynomialVector) -> Bool {
        var areReduced = true
        for i in 0..<rank {
            let isReduced = vector[i].decode(encapsulationKey, at: 384 * i)
            areReduced = areReduced && isReduced
        }
        return areReduced
    }

    /// Algorithm 14.
    ///
    /// - Parameters:
    ///   - key: The encapsulation key's vector.
    ///   - message: 32 secret bytes.
    ///   - seed: 32 secret bytes.
    ///   - matrix: The key's, transposed.
    ///   - lastRow: The last row of the matrix.
    func encrypt(
        _ message: Span<UInt8>,
        to key: inout PolynomialVector,
        seed: Span<UInt8>,
        matrix: inout MatrixSampler,
        lastRow: inout PolynomialVector,
        ciphertext: inout MutableSpan<UInt8>
    ) {
        var noise = NoiseVector()
        noise.sample(seed: seed, number: 2 * rank + 1)
        for i in 0..<rank { noise[i].transform() }

        var factors = FactorVector()
        for i in 0..<rank { factors[i].prepare(&noise[i]) }
        var sums = SumVector()
        addProducts(of: &matrix, entries: rank * (rank - 1), times: &factors, to: &sums)
        for i in 0..<rank { sums[rank - 1].add(&lastRow[i], times: &factors[i]) }
        var part = Polynomial()
        for i in 0..<rank {
            sums[i].reduce(into: &part)
            part.transformBack()
            part.add(&noise[rank + i])
            part.compress(bits: vectorBits, into: &ciphertext, at: 32 * vectorBits * i)
        }

        var sum = ProductSum()
        for i in 0..<rank { sum.add(&key[i], times: &factors[i]) }
        var last = Polynomial()
        sum.reduce(into: &last)
        last.transformBack()
        last.add(&noise[2 * rank])
        part.decodeMessage(message)
        last.add(&part)
        last.compress(bits: lastBits, into: &ciphertext, at: 32 * vectorBits * rank)
    }

    /// Algorithm 15.
    ///
    /// - Parameters:
    ///   - ciphertext: Of this set's length.
    ///   - decapsulationKey: Starts with the secret vector.
    func decrypt(_ ciphertext: Span<UInt8>, with decapsulationKey: Span<UInt8>, message: inout MutableSpan<UInt8>) {
        var part = Polynomial()
        var factor = PreparedFactor()
        var sum = ProductSum()
        for i in 0..<rank {
            part.decompress(ciphertext, bits: vectorBits, at: 32 * vectorBits * i)
            part.transform()
            factor.prepare(&part)
            part.decode(decapsulationKey, at: 384 * i)
            sum.add(&part, times: &factor)
        }
        var last = Polynomial()
        sum.reduce(into: &last)
        last.transformBack()
        part.decompress(ciphertext, bits: lastBits, at: 32 * vectorBits * rank)
        last.subtract(from: &part)
        last.encodeMessage(into: &message)
    }
}
