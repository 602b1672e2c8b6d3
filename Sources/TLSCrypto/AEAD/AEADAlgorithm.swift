// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// An authenticated cipher of TLS (RFC 5116, RFC 8439).
public enum AEADAlgorithm: Sendable, Hashable {
    /// AES-128-GCM.
    case aes128GCM
    /// AES-256-GCM.
    case aes256GCM
    /// ChaCha20-Poly1305.
    case chaCha20Poly1305

    /// The key's length, in bytes.
    public var keyLength: Int {
        switch self {
        case .aes128GCM: 16
        case .aes256GCM, .chaCha20Poly1305: 32
        }
    }

    /// The nonce's length, in bytes.
    public static let nonceLength = 12

    /// The tag's length, in bytes.
    public static let tagLength = 16
}

/// libcrypto's ciphers, each fetched once: a fetch per use would cost more than a small record.
///
/// Immutable and reference-counted inside; never freed.
enum FetchedCipher {
    nonisolated(unsafe) static let aes128GCM = unsafe EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    nonisolated(unsafe) static let aes256GCM = unsafe EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    nonisolated(unsafe) static let chaCha20Poly1305 = unsafe EVP_CIPHER_fetch(nil, "ChaCha20-Poly1305", nil)
}

/// One direction's cipher context with its key; only the nonce changes from record to record.
@safe struct AEADContext: ~Copyable, Sendable {
    // Owned by this value alone.
    nonisolated(unsafe) let pointer: OpaquePointer

    init(_ algorithm: AEADAlgorithm, key: Span<UInt8>, encrypts: Bool) throws(CryptoError) {
        guard key.count == algorithm.keyLength else {
            throw .invalidKey("The cipher needs a key of \(algorithm.keyLength) bytes, not \(key.count).")
        }
        let cipher =
            switch algorithm {
            case .aes128GCM: unsafe FetchedCipher.aes128GCM
            case .aes256GCM: unsafe FetchedCipher.aes256GCM
            case .chaCha20Poly1305: unsafe FetchedCipher.chaCha20Poly1305
            }
        guard let cipher = unsafe cipher else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks the cipher.")
        }
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            ErrorQueue.clear()
            throw .internalFailure("No memory for a cipher context.")
        }
        let isReady = unsafe key.withUnsafeBufferPointer { key in
            unsafe EVP_CipherInit_ex(context, cipher, nil, key.baseAddress, nil, encrypts ? 1 : 0) == 1
        }
        guard isReady else {
            unsafe EVP_CIPHER_CTX_free(context)
            ErrorQueue.clear()
            throw .internalFailure("The cipher could not be started.")
        }
        unsafe pointer = unsafe context
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(pointer)
    }
}
