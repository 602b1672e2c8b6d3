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

    static func cipher(_ algorithm: AEADAlgorithm) -> OpaquePointer? {
        switch algorithm {
        case .aes128GCM: unsafe aes128GCM
        case .aes256GCM: unsafe aes256GCM
        case .chaCha20Poly1305: unsafe chaCha20Poly1305
        }
    }
}

/// One direction's cipher context with its key; only the nonce changes from record to record.
@safe struct AEADContext: ~Copyable, Sendable {
    // Owned by this value alone.
    nonisolated(unsafe) let pointer: OpaquePointer
    let algorithm: AEADAlgorithm
    private let encrypts: Bool

    init(_ algorithm: AEADAlgorithm, key: Span<UInt8>, encrypts: Bool) throws(CryptoError) {
        guard key.count == algorithm.keyLength else {
            throw .invalidKey("The cipher needs a key of \(algorithm.keyLength) bytes, not \(key.count).")
        }
        let context = try unsafe Self.make(algorithm)
        let isReady = unsafe key.withUnsafeBufferPointer { key in
            unsafe Self.start(context, algorithm, key: key.baseAddress, encrypts: encrypts)
        }
        guard isReady else {
            unsafe EVP_CIPHER_CTX_free(context)
            ErrorQueue.clear()
            throw .internalFailure("The cipher could not be started.")
        }
        unsafe pointer = unsafe context
        self.algorithm = algorithm
        self.encrypts = encrypts
    }

    /// With the key of a traffic secret (RFC 9846 §7.3), which is nowhere else.
    init(
        _ algorithm: AEADAlgorithm,
        trafficSecret: Span<UInt8>,
        _ hash: inout KeyedHash,
        encrypts: Bool
    ) throws(CryptoError) {
        let context = try unsafe Self.make(algorithm)
        var isReady = false
        do throws(CryptoError) {
            isReady = try unsafe hash.withKey(trafficSecret, "key", count: algorithm.keyLength) { key in
                unsafe Self.start(context, algorithm, key: key, encrypts: encrypts)
            }
        } catch {
            unsafe EVP_CIPHER_CTX_free(context)
            throw error
        }
        guard isReady else {
            unsafe EVP_CIPHER_CTX_free(context)
            ErrorQueue.clear()
            throw .internalFailure("The cipher could not be started.")
        }
        unsafe pointer = unsafe context
        self.algorithm = algorithm
        self.encrypts = encrypts
    }

    /// Goes on with the key of another traffic secret.
    mutating func replaceKey(trafficSecret: Span<UInt8>, _ hash: inout KeyedHash) throws(CryptoError) {
        let (context, encrypts) = unsafe (pointer, encrypts)
        let isReady = try unsafe hash.withKey(trafficSecret, "key", count: algorithm.keyLength) { key in
            unsafe EVP_CipherInit_ex(context, nil, nil, key, nil, encrypts ? 1 : 0) == 1
        }
        guard isReady else {
            ErrorQueue.clear()
            throw .internalFailure("The cipher could not be started anew.")
        }
    }

    private static func make(_ algorithm: AEADAlgorithm) throws(CryptoError) -> OpaquePointer {
        guard unsafe FetchedCipher.cipher(algorithm) != nil else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks the cipher.")
        }
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            ErrorQueue.clear()
            throw .internalFailure("No memory for a cipher context.")
        }
        return unsafe context
    }

    private static func start(
        _ context: OpaquePointer,
        _ algorithm: AEADAlgorithm,
        key: UnsafePointer<UInt8>?,
        encrypts: Bool
    ) -> Bool {
        unsafe EVP_CipherInit_ex(context, FetchedCipher.cipher(algorithm), nil, key, nil, encrypts ? 1 : 0) == 1
    }

    deinit {
        unsafe EVP_CIPHER_CTX_free(pointer)
    }
}

extension KeyedHash {
    /// The static IV that belongs to the key of a traffic secret (RFC 9846 §7.3).
    public mutating func staticIV(trafficSecret: Span<UInt8>) throws(CryptoError) -> [12 of UInt8] {
        let count = AEADAlgorithm.nonceLength
        return try unsafe withKey(trafficSecret, "iv", count: count) { bytes in
            var iv: [12 of UInt8] = .init(repeating: 0)
            for index in 0..<count { iv[index] = unsafe bytes[index] }
            return iv
        }
    }
}
