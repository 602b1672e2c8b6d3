// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Encrypts and authenticates records of one direction with one key.
///
/// Per record nothing is allocated or copied.
public struct AEADSealer: ~Copyable, Sendable {
    var context: AEADContext

    /// The cipher.
    public var algorithm: AEADAlgorithm { context.algorithm }

    /// Prepares the cipher.
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)`` when the key's length is wrong, ``CryptoError/unsupported(_:)`` when
    ///   libcrypto lacks the cipher.
    public init(_ algorithm: AEADAlgorithm, key: Span<UInt8>) throws(CryptoError) {
        context = try AEADContext(algorithm, key: key, encrypts: true)
    }

    /// Prepares the cipher with the key of a TLS 1.3 traffic secret (RFC 9846 §7.3).
    ///
    /// - Throws: As ``init(_:key:)``.
    public init(
        _ algorithm: AEADAlgorithm,
        trafficSecret: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        context = try AEADContext(algorithm, trafficSecret: trafficSecret, &hash, encrypts: true)
    }

    /// Prepares the cipher with a key that HKDF-Expand derives (RFC 5869 §2.3), of at most one digest.
    ///
    /// - Throws: As ``init(_:key:)``.
    package init(
        _ algorithm: AEADAlgorithm,
        pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        context = try AEADContext(
            algorithm,
            pseudorandomKey: pseudorandomKey,
            info: info,
            &hash,
            encrypts: true
        )
    }

    /// Goes on with another key that HKDF-Expand derives, in the memory that is there.
    ///
    /// - Throws: ``CryptoError/internalFailure(_:)``; the cipher must not be used any more then.
    package mutating func replaceKey(
        pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        try context.replaceKey(pseudorandomKey: pseudorandomKey, info: info, &hash)
    }

    /// Goes on with the key of another traffic secret, in the memory that is there.
    ///
    /// - Throws: ``CryptoError/internalFailure(_:)``; the cipher must not be used any more then.
    public mutating func replaceKey(trafficSecret: Span<UInt8>, _ hash: inout KeyedHash) throws(CryptoError) {
        try context.replaceKey(trafficSecret: trafficSecret, &hash)
    }

    /// Writes ciphertext and tag at `output[offset...]`.
    ///
    /// - Parameters:
    ///   - plaintext: At most 2³⁰ bytes.
    ///   - trailer: A byte encrypted after the plaintext: TLS 1.3's inner content type (RFC 9846 §5.2).
    ///   - nonce: Never the same twice with one key.
    ///   - additionalData: Authenticated, not encrypted.
    ///   - output: Needs room for the plaintext, the trailer and 16 bytes of tag.
    ///   - offset: Where to write.
    /// - Returns: The number of bytes written.
    /// - Throws: ``CryptoError/internalFailure(_:)`` when the room is too small or the cipher fails.
    public mutating func seal(
        _ plaintext: Span<UInt8>,
        trailer: UInt8?,
        nonce: borrowing [12 of UInt8],
        additionalData: Span<UInt8>,
        into output: inout MutableSpan<UInt8>,
        at offset: Int
    ) throws(CryptoError) -> Int {
        guard plaintext.count <= 1 << 30, additionalData.count <= 1 << 30 else {
            throw .internalFailure("A record to be sealed is too long.")
        }
        let count = plaintext.count + (trailer == nil ? 0 : 1) + AEADAlgorithm.tagLength
        guard offset >= 0, offset <= output.count, count <= output.count - offset else {
            throw .internalFailure("There is no room for a sealed record.")
        }
        let (context, nonceByParameter) = unsafe (context.pointer, context.nonceByParameter)
        let trailing = trailer.map { CInt($0) } ?? -1
        let nonce = nonce.span
        let isSealed = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe plaintext.withUnsafeBufferPointer { plaintext in
                unsafe additionalData.withUnsafeBufferPointer { additionalData in
                    unsafe nonce.withUnsafeBufferPointer { nonce in
                        guard let target = output.baseAddress, let nonce = nonce.baseAddress else { return false }
                        return unsafe safetls_aead_seal(
                            context,
                            nonce,
                            additionalData.baseAddress,
                            additionalData.count,
                            plaintext.baseAddress,
                            plaintext.count,
                            trailing,
                            nonceByParameter,
                            target + offset
                        ) == 1
                    }
                }
            }
        }
        guard isSealed else {
            ErrorQueue.clear()
            throw .internalFailure("The cipher failed.")
        }
        return count
    }
}
