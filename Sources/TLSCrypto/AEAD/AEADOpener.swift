// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Checks and decrypts records of one direction with one key, in place or to another one.
///
/// Per record nothing is allocated or copied.
public struct AEADOpener: ~Copyable, Sendable {
    var context: AEADContext

    /// The cipher.
    public var algorithm: AEADAlgorithm { context.algorithm }

    /// Prepares the cipher.
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)`` when the key's length is wrong, ``CryptoError/unsupported(_:)`` when
    ///   libcrypto lacks the cipher.
    public init(_ algorithm: AEADAlgorithm, key: Span<UInt8>) throws(CryptoError) {
        context = try AEADContext(algorithm, key: key, encrypts: false)
    }

    /// Prepares the cipher with the key of a TLS 1.3 traffic secret (RFC 9846 §7.3).
    ///
    /// - Throws: As ``init(_:key:)``.
    public init(
        _ algorithm: AEADAlgorithm,
        trafficSecret: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        context = try AEADContext(algorithm, trafficSecret: trafficSecret, &hash, encrypts: false)
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
            encrypts: false
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

    /// Decrypts ciphertext and tag at `buffer[range]` in place; the plaintext starts where the ciphertext did.
    ///
    /// When the tag is wrong the range is wiped: no unauthenticated plaintext is left.
    ///
    /// - Returns: The plaintext's length: the range's less the 16 bytes of tag.
    /// - Throws: ``CryptoError/authenticationFailed``, also when the range is too short to hold a tag;
    ///   ``CryptoError/internalFailure(_:)`` when the range is not within the buffer.
    public mutating func open(
        _ buffer: inout MutableSpan<UInt8>,
        range: Range<Int>,
        nonce: borrowing [12 of UInt8],
        additionalData: Span<UInt8>
    ) throws(CryptoError) -> Int {
        guard range.lowerBound >= 0, range.upperBound <= buffer.count else {
            throw .internalFailure("A record to be opened is not within its buffer.")
        }
        guard range.count >= AEADAlgorithm.tagLength, range.count <= 1 << 30, additionalData.count <= 1 << 30 else {
            throw .authenticationFailed
        }
        let count = range.count - AEADAlgorithm.tagLength
        let (context, nonceByParameter) = unsafe (context.pointer, context.nonceByParameter)
        let nonce = nonce.span
        let isAuthentic = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            unsafe additionalData.withUnsafeBufferPointer { additionalData in
                unsafe nonce.withUnsafeBufferPointer { nonce in
                    guard let base = buffer.baseAddress, let nonce = nonce.baseAddress else { return false }
                    return unsafe safetls_aead_open(
                        context,
                        nonce,
                        additionalData.baseAddress,
                        additionalData.count,
                        base + range.lowerBound,
                        count,
                        nonceByParameter,
                        base + range.lowerBound
                    ) == 1
                }
            }
        }
        guard isAuthentic else { throw .authenticationFailed }
        return count
    }

    /// Decrypts ciphertext and tag at `input[range]` to the front of `output`.
    ///
    /// When the tag is wrong what was written is wiped: no unauthenticated plaintext is left.
    ///
    /// - Returns: The plaintext's length: the range's less the 16 bytes of tag.
    /// - Throws: ``CryptoError/authenticationFailed``, also when the range is too short to hold a tag;
    ///   ``CryptoError/internalFailure(_:)`` when the range is not within the input, or the plaintext finds no room.
    public mutating func open(
        _ input: Span<UInt8>,
        range: Range<Int>,
        nonce: borrowing [12 of UInt8],
        additionalData: Span<UInt8>,
        into output: inout MutableSpan<UInt8>
    ) throws(CryptoError) -> Int {
        guard range.lowerBound >= 0, range.upperBound <= input.count else {
            throw .internalFailure("A record to be opened is not within its buffer.")
        }
        guard range.count >= AEADAlgorithm.tagLength, range.count <= 1 << 30, additionalData.count <= 1 << 30 else {
            throw .authenticationFailed
        }
        let count = range.count - AEADAlgorithm.tagLength
        guard output.count >= count, output.count > 0 else {
            throw .internalFailure("A record to be opened finds no room.")
        }
        let (context, nonceByParameter) = unsafe (context.pointer, context.nonceByParameter)
        let nonce = nonce.span
        let isAuthentic = unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe additionalData.withUnsafeBufferPointer { additionalData in
                    unsafe nonce.withUnsafeBufferPointer { nonce in
                        guard let target = output.baseAddress, let source = input.baseAddress,
                            let nonce = nonce.baseAddress
                        else { return false }
                        return unsafe safetls_aead_open(
                            context,
                            nonce,
                            additionalData.baseAddress,
                            additionalData.count,
                            source + range.lowerBound,
                            count,
                            nonceByParameter,
                            target
                        ) == 1
                    }
                }
            }
        }
        guard isAuthentic else { throw .authenticationFailed }
        return count
    }
}
