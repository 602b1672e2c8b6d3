// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// HMAC (RFC 2104) and the key derivations made of it: HKDF (RFC 5869) and the TLS 1.2 PRF (RFC 5246 §5).
///
/// One value serves a whole key schedule; it allocates once and is wiped when it goes.
@safe public struct KeyedHash: ~Copyable, Sendable {
    // Owned by this value alone.
    private nonisolated(unsafe) let context: UnsafeMutablePointer<safetls_hmac>

    /// The hash function.
    public let algorithm: HashAlgorithm

    /// Prepares the computation of codes with `algorithm`.
    public init(_ algorithm: HashAlgorithm) throws(CryptoError) {
        self.algorithm = algorithm
        unsafe context = .allocate(capacity: 1)
        unsafe context.initialize(to: safetls_hmac())
    }

    deinit {
        unsafe OPENSSL_cleanse(context, MemoryLayout<safetls_hmac>.size)
        unsafe context.deallocate()
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
        setKey(pseudorandomKey)
        var written = 0
        var counter = [1 of UInt8](repeating: 0)
        while written < count {
            if written > 0 {
                update(secret.bytes.extracting(written - step..<written))
            }
            update(info)
            counter[0] += 1
            update(counter.span)
            let part = min(step, count - written)
            finish(into: &secret, at: written, count: part)
            written += part
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
        let step = algorithm.digestLength
        guard count >= 0, count <= 65536 else {
            throw .unsupported("The TLS 1.2 PRF gives at most 65536 bytes here; \(count) were asked for.")
        }
        var output = Secret(zeroed: count)
        var a = Secret(zeroed: step)
        setKey(secret)
        // A(1) = HMAC(secret, label || seed)
        update(label)
        update(seed)
        finish(into: &a, at: 0, count: step)
        var written = 0
        while written < count {
            update(a.bytes)
            update(label)
            update(seed)
            let part = min(step, count - written)
            finish(into: &output, at: written, count: part)
            written += part
            if written < count {
                update(a.bytes)
                finish(into: &a, at: 0, count: step)
            }
        }
        return output
    }

    // MARK: - Steps

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
