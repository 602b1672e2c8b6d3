// SPDX-License-Identifier: Apache-2.0

/// ML-KEM (FIPS 203 §6 and §7).
extension ParameterSet {
    /// Makes a key pair of a seed (algorithms 16 and 19).
    ///
    /// - Parameters:
    ///   - seed: 64 random bytes, d and then z.
    ///   - encapsulationKey: As long as ``encapsulationKeyLength`` says.
    ///   - decapsulationKey: As long as ``decapsulationKeyLength`` says; secret.
    public func generateKey(
        seed: Span<UInt8>,
        encapsulationKey: inout MutableSpan<UInt8>,
        decapsulationKey: inout MutableSpan<UInt8>
    ) {
        precondition(seed.count == Self.seedLength)
        precondition(encapsulationKey.count == encapsulationKeyLength)
        precondition(decapsulationKey.count == decapsulationKeyLength)
        generate(seed, &encapsulationKey, &decapsulationKey)
        wipeStack()
    }

    /// Makes a shared secret and the ciphertext that brings it to the holder of the key (algorithms 17 and 20).
    ///
    /// - Parameters:
    ///   - encapsulationKey: A peer's key, public.
    ///   - message: 32 random bytes.
    ///   - ciphertext: As long as ``ciphertextLength`` says.
    ///   - sharedSecret: 32 bytes; secret.
    /// - Throws: ``KEMError/invalidEncapsulationKey``.
    public func encapsulate(
        to encapsulationKey: Span<UInt8>,
        message: Span<UInt8>,
        ciphertext: inout MutableSpan<UInt8>,
        sharedSecret: inout MutableSpan<UInt8>
    ) throws(KEMError) {
        precondition(message.count == Self.messageLength)
        precondition(ciphertext.count == ciphertextLength && sharedSecret.count == Self.sharedSecretLength)
        guard encapsulationKey.count == encapsulationKeyLength,
            encapsulateUnwiped(encapsulationKey, message, &ciphertext, &sharedSecret)
        else { throw .invalidEncapsulationKey }
        wipeStack()
    }

    /// Takes the shared secret out of a ciphertext (algorithms 18 and 21). A ciphertext that nobody made for this key gives a
    /// secret that nobody else has, in the same time.
    ///
    /// - Parameters:
    ///   - ciphertext: A peer's.
    ///   - decapsulationKey: One of ``generateKey(seed:encapsulationKey:decapsulationKey:)``, or one that was
    ///     checked with ``isValid(decapsulationKey:)``.
    ///   - sharedSecret: 32 bytes; secret.
    /// - Throws: ``KEMError/invalidCiphertext`` for the wrong length.
    public func decapsulate(
        _ ciphertext: Span<UInt8>,
        with decapsulationKey: Span<UInt8>,
        sharedSecret: inout MutableSpan<UInt8>
    ) throws(KEMError) {
        precondition(decapsulationKey.count == decapsulationKeyLength)
        precondition(sharedSecret.count == Self.sharedSecretLength)
        guard ciphertext.count == ciphertextLength else { throw .invalidCiphertext }
        decapsulateUnchecked(ciphertext, decapsulationKey, &sharedSecret)
        wipeStack()
    }

    /// Whether a key has the right length and all coefficients are below q (FIPS 203 §7.2).
    public func isValid(encapsulationKey: Span<UInt8>) -> Bool {
        guard encapsulationKey.count == encapsulationKeyLength else { return false }
        var vector = PolynomialVector()
        return decode(encapsulationKey, into: &vector)
    }

    /// Whether a decapsulation key in expanded form has the right length, and the hash in it is that of the encapsulation key in
    /// it (FIPS 203 §7.3).
    public func isValid(decapsulationKey: Span<UInt8>) -> Bool {
        guard decapsulationKey.count == decapsulationKeyLength else { return false }
        var digest = InlineArray<32, UInt8>(repeating: 0)
        hash(decapsulationKey.extracting(vectorLength..<vectorLength + encapsulationKeyLength), into: &digest)
        var difference: UInt8 = 0
        for i in 0..<32 { difference |= digest[i] ^ decapsulationKey[vectorLength + encapsulationKeyLength + i] }
        return difference == 0
    }
}

extension ParameterSet {
    @inline(never)
    private func generate(
        _ seed: Span<UInt8>,
        _ encapsulationKey: inout MutableSpan<UInt8>,
        _ decapsulationKey: inout MutableSpan<UInt8>
    ) {
        var matrixSeed = InlineArray<32, UInt8>(repeating: 0)
        var noiseSeed = InlineArray<32, UInt8>(repeating: 0)
        expand(seed.extracting(first: 32), matrixSeed: &matrixSeed, noiseSeed: &noiseSeed)
        makeKey(
            matrixSeed: matrixSeed.span,
            noiseSeed: noiseSeed.span,
            encapsulationKey: &encapsulationKey,
            decapsulationKey: &decapsulationKey
        )
        complete(&decapsulationKey, encapsulationKey: encapsulationKey.span, rejectionSeed: seed.extracting(last: 32))
    }

    /// Writes what follows the secret vector in a decapsulation key (algorithm 16).
    package func complete(
        _ decapsulationKey: inout MutableSpan<UInt8>,
        encapsulationKey: Span<UInt8>,
        rejectionSeed: Span<UInt8>
    ) {
        var digest = InlineArray<32, UInt8>(repeating: 0)
        hash(encapsulationKey, into: &digest)
        for i in encapsulationKey.indices { decapsulationKey[vectorLength + i] = encapsulationKey[i] }
        let end = vectorLength + encapsulationKeyLength
        for i in 0..<32 {
            decapsulationKey[end + i] = digest[i]
            decapsulationKey[end + 32 + i] = rejectionSeed[i]
        }
    }

    /// Algorithm 17.
    ///
    /// - Returns: Whether the key's coefficients are below q. If not, nothing is written.
    @inline(never)
    package func encapsulateUnwiped(
        _ encapsulationKey: Span<UInt8>,
        _ message: Span<UInt8>,
        _ ciphertext: inout MutableSpan<UInt8>,
        _ sharedSecret: inout MutableSpan<UInt8>
    ) -> Bool {
        var key = PolynomialVector()
        guard decode(encapsulationKey, into: &key) else { return false }
        var matrix = transposedMatrix(of: encapsulationKey)
        var lastRow = PolynomialVector()
        var digest = InlineArray<32, UInt8>(repeating: 0)
        // H of FIPS 203 §4.1.
        let blocks = MessageBlocks(.sha3256, encapsulationKey.extracting(first: 0), encapsulationKey)
        matrix.sampleLastRow(into: &lastRow, hashing: blocks, digest: &digest)

        var secret = InlineArray<32, UInt8>(repeating: 0)
        var seed = InlineArray<32, UInt8>(repeating: 0)
        derive(message, digest.span, secret: &secret, seed: &seed)
        encrypt(
            message,
            to: &key,
            seed: seed.span,
            matrix: &matrix,
            lastRow: &lastRow,
            ciphertext: &ciphertext
        )
        for i in 0..<32 { sharedSecret[i] = secret[i] }
        return true
    }

    /// Algorithm 18.
    @inline(never)
    private func decapsulateUnchecked(
        _ ciphertext: Span<UInt8>,
        _ decapsulationKey: Span<UInt8>,
        _ sharedSecret: inout MutableSpan<UInt8>
    ) {
        let end = vectorLength + encapsulationKeyLength
        let encapsulationKey = decapsulationKey.extracting(vectorLength..<end)
        let digest = decapsulationKey.extracting(end..<end + 32)
        let rejectionSeed = decapsulationKey.extracting(end + 32..<end + 64)

        var message = InlineArray<32, UInt8>(repeating: 0)
        var messageSpan = message.mutableSpan
        decrypt(ciphertext, with: decapsulationKey, message: &messageSpan)
        var secret = InlineArray<32, UInt8>(repeating: 0)
        var seed = InlineArray<32, UInt8>(repeating: 0)
        derive(message.span, digest, secret: &secret, seed: &seed)

        var matrix = transposedMatrix(of: encapsulationKey)
        var lastRow = PolynomialVector()
        var rejected = InlineArray<32, UInt8>(repeating: 0)
        // J of FIPS 203 §4.1.
        let blocks = MessageBlocks(.shake256, rejectionSeed, ciphertext)
        matrix.sampleLastRow(into: &lastRow, hashing: blocks, digest: &rejected)

        var key = PolynomialVector()
        _ = decode(encapsulationKey, into: &key)
        var again = InlineArray<1568, UInt8>(repeating: 0)
        var whole = again.mutableSpan
        var expected = whole._mutatingExtracting(first: ciphertextLength)
        encrypt(
            message.span,
            to: &key,
            seed: seed.span,
            matrix: &matrix,
            lastRow: &lastRow,
            ciphertext: &expected
        )
        var difference: UInt8 = 0
        for i in ciphertext.indices { difference |= ciphertext[i] ^ expected[i] }
        // All ones where there is a difference, without a branch.
        let mask = UInt8(truncatingIfNeeded: (0 &- UInt32(difference)) &>> 8)
        for i in 0..<32 { sharedSecret[i] = secret[i] ^ (mask & (secret[i] ^ rejected[i])) }
    }

    private func transposedMatrix(of encapsulationKey: Span<UInt8>) -> MatrixSampler {
        let seed = encapsulationKey.extracting(vectorLength..<vectorLength + 32)
        return MatrixSampler(seed: seed, rank: rank, isTransposed: true)
    }

    /// H of FIPS 203 §4.1.
    private func hash(_ bytes: Span<UInt8>, into digest: inout InlineArray<32, UInt8>) {
        var sponge = Sponge(.sha3256)
        sponge.absorb(bytes)
        sponge.finish()
        sponge.take(&digest)
    }

    /// G of FIPS 203 §4.1: the shared secret, and the seed of the encryption.
    private func derive(
        _ message: Span<UInt8>,
        _ digest: Span<UInt8>,
        secret: inout InlineArray<32, UInt8>,
        seed: inout InlineArray<32, UInt8>
    ) {
        var sponge = Sponge(.sha3512)
        sponge.absorb(message)
        sponge.absorb(digest)
        sponge.finish()
        sponge.take(first: &secret, second: &seed)
    }
}
