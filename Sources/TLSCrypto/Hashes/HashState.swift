// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// A hash in progress whose value can be read and copied on the way, such as a handshake's transcript hash.
///
/// It uses no heap.
public struct HashState: ~Copyable, Sendable {
    private var state: safetls_hash

    /// The hash function.
    public let algorithm: HashAlgorithm

    /// Starts a hash.
    public init(_ algorithm: HashAlgorithm) throws(CryptoError) {
        self.algorithm = algorithm
        state = safetls_hash()
        guard unsafe safetls_hash_init(&state, algorithm.shimValue) == 1 else {
            ErrorQueue.clear()
            throw .internalFailure("The hash could not be started.")
        }
    }

    private init(_ algorithm: HashAlgorithm, state: safetls_hash) {
        self.algorithm = algorithm
        self.state = state
    }

    /// Appends `bytes` to what is hashed.
    public mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe safetls_hash_update(&state, buffer.baseAddress, buffer.count)
        }
    }

    /// The digest of everything so far; the hash goes on.
    public mutating func currentDigest() throws(CryptoError) -> Digest {
        var copy = state
        return unsafe Digest(count: algorithm.digestLength) { digest in
            unsafe safetls_hash_final(&copy, digest)
        }
    }

    /// A second hash that has seen the same bytes.
    public func copy() throws(CryptoError) -> HashState {
        HashState(algorithm, state: state)
    }

    /// The digest of `bytes`.
    public static func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) throws(CryptoError) -> Digest {
        var state = try HashState(algorithm)
        state.update(bytes)
        return try state.currentDigest()
    }
}
