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

    private static let gcmTakesNonceByParameter = gcmTakesNonceByParameter(
        isOpenSSL30: OPENSSL_version_major() == 3 && OPENSSL_version_minor() == 0,
        passesTrial: passesTrial
    )

    /// Whether a nonce is set as a parameter: of AES-GCM with OpenSSL 3.0, where that is the shorter way, and does the same.
    static func gcmTakesNonceByParameter(isOpenSSL30: Bool, passesTrial: (AEADAlgorithm) -> Bool) -> Bool {
        isOpenSSL30 && passesTrial(.aes128GCM) && passesTrial(.aes256GCM)
    }

    /// Whether a nonce that is set as a parameter is the same to a cipher as one that its context is initialised with.
    static func passesTrial(_ algorithm: AEADAlgorithm) -> Bool {
        guard let cipher = unsafe cipher(algorithm) else { return false }
        return unsafe safetls_aead_trial(cipher) == 1
    }

    static func takesNonceByParameter(_ algorithm: AEADAlgorithm) -> Bool {
        algorithm != .chaCha20Poly1305 && gcmTakesNonceByParameter
    }

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
    /// How the nonce is set, as C has it.
    var nonceByParameter: CInt

    init(_ algorithm: AEADAlgorithm, key: Span<UInt8>, encrypts: Bool) throws(CryptoError) {
        guard key.count == algorithm.keyLength else {
            throw .invalidKey("The cipher needs a key of \(algorithm.keyLength) bytes, not \(key.count).")
        }
        try unsafe self.init(algorithm, encrypts: encrypts) { start throws(CryptoError) in
            unsafe key.withUnsafeBufferPointer { key in unsafe start(key.baseAddress) }
        }
    }

    /// With the key of a traffic secret (RFC 9846 §7.3), which is nowhere else.
    init(
        _ algorithm: AEADAlgorithm,
        trafficSecret: Span<UInt8>,
        _ hash: inout KeyedHash,
        encrypts: Bool
    ) throws(CryptoError) {
        try unsafe self.init(algorithm, encrypts: encrypts) { start throws(CryptoError) in
            try unsafe hash.withKey(trafficSecret, "key", count: algorithm.keyLength) { key in unsafe start(key) }
        }
    }

    /// With a key that HKDF-Expand derives (RFC 5869 §2.3), which is nowhere else.
    init(
        _ algorithm: AEADAlgorithm,
        pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        _ hash: inout KeyedHash,
        encrypts: Bool
    ) throws(CryptoError) {
        try unsafe self.init(algorithm, encrypts: encrypts) { start throws(CryptoError) in
            try unsafe hash.withKey(pseudorandomKey, info: info, count: algorithm.keyLength) { key in unsafe start(key)
            }
        }
    }

    /// With the key that `lend` gives to what starts the cipher.
    private init(
        _ algorithm: AEADAlgorithm,
        encrypts: Bool,
        lend: ((UnsafePointer<UInt8>?) -> Bool) throws(CryptoError) -> Bool
    ) throws(CryptoError) {
        let context = try unsafe Self.make(algorithm)
        var isReady = false
        do throws(CryptoError) {
            isReady = try unsafe lend { key in
                unsafe EVP_CipherInit_ex(context, FetchedCipher.cipher(algorithm), nil, key, nil, encrypts ? 1 : 0) == 1
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
        nonceByParameter = FetchedCipher.takesNonceByParameter(algorithm) ? 1 : 0
    }

    /// Goes on with another key that HKDF-Expand derives.
    mutating func replaceKey(
        pseudorandomKey: Span<UInt8>,
        info: Span<UInt8>,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        try unsafe replaceKey { replace throws(CryptoError) in
            try unsafe hash.withKey(pseudorandomKey, info: info, count: algorithm.keyLength) { key in
                unsafe replace(key)
            }
        }
    }

    /// Goes on with the key of another traffic secret.
    mutating func replaceKey(trafficSecret: Span<UInt8>, _ hash: inout KeyedHash) throws(CryptoError) {
        try unsafe replaceKey { replace throws(CryptoError) in
            try unsafe hash.withKey(trafficSecret, "key", count: algorithm.keyLength) { key in unsafe replace(key) }
        }
    }

    private func replaceKey(
        lend: ((UnsafePointer<UInt8>) -> Bool) throws(CryptoError) -> Bool
    ) throws(CryptoError) {
        let isReady = try unsafe lend { key in
            unsafe EVP_CipherInit_ex(pointer, nil, nil, key, nil, encrypts ? 1 : 0) == 1
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
