// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// HMAC (RFC 2104) and the key derivations made of it: HKDF (RFC 5869) and the TLS 1.2 PRF (RFC 5246 §5).
///
/// One value serves a whole key schedule; it allocates once and is wiped when it goes. It stays prepared for the key that
/// came last, of which a key schedule takes several secrets.
@safe public struct KeyedHash: ~Copyable, Sendable {
    // Owned by this value alone.
    private nonisolated(unsafe) let context: UnsafeMutablePointer<safetls_hmac>

    /// The hash function.
    public let algorithm: HashAlgorithm

    /// Prepares the computation of codes with `algorithm`.
    public init(_ algorithm: HashAlgorithm) throws(CryptoError) {
        self.algorithm = algorithm
        unsafe context = unsafe safetls_hmac_new()
    }

    deinit {
        unsafe safetls_hmac_free(context)
    }

    /// HMAC(key, message).
    public mutating func authenticate(key: Span<UInt8>, _ message: Span<UInt8>) throws(CryptoError) -> Digest {
        setKey(key)
        update(message)
        return unsafe Digest(count: algorithm.digestLength) { code in
            unsafe safetls_hmac_final(context, code, algorithm.digestLength)
        }
    }

    /// HKDF-Extract(salt, inputKeyMaterial) (RFC 5869 §2.2): a secret of the digest's length.
    ///
    /// An empty salt means a string of zeros.
    public mutating func extract(
        salt: Span<UInt8>,
        inputKeyMaterial: Span<UInt8>
    ) throws(CryptoError) -> Secret {
        var secret = Secret(zeroed: algorithm.digestLength)
        setKey(salt)
        update(inputKeyMaterial)
        finish(into: &secret, at: 0, count: algorithm.digestLength)
        return secret
    }

    /// HKDF-Expand(pseudorandomKey, info, count) (RFC 5869 §2.3).
    ///
    /// - Throws: ``CryptoError/unsupported(_:)`` when `count` is above 255 digests.
    public mutating func expand(
        _ pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        count: Int
    ) throws(CryptoError) -> Secret {
        let step = algorithm.digestLength
        guard count >= 0, count <= 255 * step else {
            throw .unsupported("HKDF-Expand gives at most \(255 * step) bytes; \(count) were asked for.")
        }
        var secret = Secret(zeroed: count)
        var output = secret.mutableBytes
        unsafe pseudorandomKey.withUnsafeBufferPointer { key in
            unsafe info.withUnsafeBufferPointer { info in
                unsafe output.withUnsafeMutableBufferPointer { output in
                    guard let target = output.baseAddress else { return }
                    unsafe safetls_hkdf_expand(
                        context,
                        algorithm.shimValue,
                        key.baseAddress,
                        key.count,
                        info.baseAddress,
                        info.count,
                        target,
                        count
                    )
                }
            }
        }
        return secret
    }

    /// PRF(secret, label, seed) of TLS 1.2 (RFC 5246 §5), the first `count` bytes.
    ///
    /// - Throws: ``CryptoError/unsupported(_:)`` when `count` is above 64 KiB.
    public mutating func tls12PRF(
        secret: Span<UInt8>,
        label: Span<UInt8>,
        seed: Span<UInt8>,
        count: Int
    ) throws(CryptoError) -> Secret {
        guard count >= 0, count <= 65536 else {
            throw .unsupported("The TLS 1.2 PRF gives at most 65536 bytes here; \(count) were asked for.")
        }
        var output = Secret(zeroed: count)
        var bytes = output.mutableBytes
        unsafe secret.withUnsafeBufferPointer { secret in
            unsafe label.withUnsafeBufferPointer { label in
                unsafe seed.withUnsafeBufferPointer { seed in
                    unsafe bytes.withUnsafeMutableBufferPointer { output in
                        guard let target = output.baseAddress else { return }
                        unsafe safetls_tls12_prf(
                            context,
                            algorithm.shimValue,
                            secret.baseAddress,
                            secret.count,
                            label.baseAddress,
                            label.count,
                            seed.baseAddress,
                            seed.count,
                            target,
                            count
                        )
                    }
                }
            }
        }
        return output
    }

    // MARK: - TLS 1.3

    /// HKDF-Expand-Label(secret, label, context, count) (RFC 9846 §7.1).
    ///
    /// - Parameters:
    ///   - secret: The secret of the key schedule that the output is derived from.
    ///   - label: Without its "tls13 ", at most 249 bytes.
    ///   - context: At most 255 bytes.
    ///   - count: How many bytes are wanted, at most 255 digests.
    /// - Throws: ``CryptoError/unsupported(_:)`` when one of these is longer, or `count` is above 255 digests.
    public mutating func expandLabel(
        _ secret: Span<UInt8>,
        _ label: String,
        context: Span<UInt8> = Span(),
        count: Int
    ) throws(CryptoError) -> Secret {
        guard count >= 0, count <= 255 * algorithm.digestLength else {
            throw .unsupported(
                "HKDF-Expand gives at most \(255 * algorithm.digestLength) bytes; \(count) were asked for."
            )
        }
        var output = Secret(zeroed: count)
        let isDone = unsafe output.withUnsafeMutableBytes(from: 0) { bytes -> Bool in
            guard let target = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            return unsafe expandLabel(secret, label, context: context, into: target, count: count)
        }
        guard isDone else { throw .unsupported("The label or the context of HKDF-Expand-Label is too long.") }
        return output
    }

    /// The `verify_data` of a Finished message: HMAC of the transcript's hash with the key that is derived from `secret`
    /// for that (RFC 9846 §4.5.3).
    public mutating func verifyData(_ secret: Span<UInt8>, transcript: Span<UInt8>) throws(CryptoError) -> Digest {
        let length = algorithm.digestLength
        let hmac = unsafe context
        let algorithm = algorithm.shimValue
        return try unsafe withKey(secret, "finished", count: length) { key in
            unsafe transcript.withUnsafeBufferPointer { transcript in
                unsafe safetls_hmac_set_key(hmac, algorithm, key, length)
                unsafe safetls_hmac_update(hmac, transcript.baseAddress, transcript.count)
            }
            return unsafe Digest(count: length) { code in unsafe safetls_hmac_final(hmac, code, length) }
        }
    }

    // MARK: - Steps

    /// Runs HKDF-Expand-Label into memory that the caller vouches for.
    @unsafe mutating func expandLabel(
        _ secret: Span<UInt8>,
        _ label: String,
        context: Span<UInt8>,
        into output: UnsafeMutablePointer<UInt8>,
        count: Int
    ) -> Bool {
        var label = label
        let hmac = unsafe self.context
        let algorithm = algorithm.shimValue
        return label.withUTF8 { label in
            unsafe secret.withUnsafeBufferPointer { secret in
                unsafe context.withUnsafeBufferPointer { context in
                    unsafe safetls_hkdf_expand_label(
                        hmac,
                        algorithm,
                        secret.baseAddress,
                        secret.count,
                        label.baseAddress,
                        label.count,
                        context.baseAddress,
                        context.count,
                        output,
                        count
                    ) == 1
                }
            }
        }
    }

    /// Derives a key that goes no further than `use`, and is wiped behind it.
    mutating func withKey<Result>(
        _ secret: Span<UInt8>,
        _ label: String,
        count: Int,
        _ use: (UnsafePointer<UInt8>) -> Result
    ) throws(CryptoError) -> Result {
        try unsafe withKey(count: count, use) { hash, output in
            unsafe hash.expandLabel(secret, label, context: Span(), into: output, count: count)
        }
    }

    /// Derives a key with HKDF-Expand, of at most one digest, that goes no further than `use`, and is wiped behind it.
    mutating func withKey<Result>(
        _ pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        count: Int,
        _ use: (UnsafePointer<UInt8>) -> Result
    ) throws(CryptoError) -> Result {
        try unsafe withKey(count: count, use) { hash, output in
            unsafe pseudorandomKey.withUnsafeBufferPointer { key in
                unsafe info.withUnsafeBufferPointer { info in
                    unsafe safetls_hkdf_expand(
                        hash.context,
                        hash.algorithm.shimValue,
                        key.baseAddress,
                        key.count,
                        info.baseAddress,
                        info.count,
                        output,
                        count
                    )
                }
            }
            return true
        }
    }

    /// Lends a key to `use`, in this value's own memory, and wipes it afterwards.
    ///
    /// - Parameter derive: Writes the key, or says that it cannot.
    private mutating func withKey<Result>(
        count: Int,
        _ use: (UnsafePointer<UInt8>) -> Result,
        derive: (inout KeyedHash, UnsafeMutablePointer<UInt8>) -> Bool
    ) throws(CryptoError) -> Result {
        guard count >= 0, count <= algorithm.digestLength else {
            throw .internalFailure("A key is longer than one digest.")
        }
        let output = unsafe safetls_hmac_output(context)
        defer { unsafe OPENSSL_cleanse(output, count) }
        guard unsafe derive(&self, output) else { throw .internalFailure("A label is too long.") }
        return unsafe use(UnsafePointer(output))
    }

    private mutating func setKey(_ key: Span<UInt8>) {
        unsafe key.withUnsafeBufferPointer { buffer in
            unsafe safetls_hmac_set_key(context, algorithm.shimValue, buffer.baseAddress, buffer.count)
        }
    }

    private mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe safetls_hmac_update(context, buffer.baseAddress, buffer.count)
        }
    }

    private mutating func finish(into secret: inout Secret, at offset: Int, count: Int) {
        var bytes = secret.mutableBytes
        precondition(offset >= 0 && count >= 0 && count <= algorithm.digestLength && offset + count <= bytes.count)
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress {
                unsafe safetls_hmac_final(context, base + offset, count)
            }
        }
    }
}
