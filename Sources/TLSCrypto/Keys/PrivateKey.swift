// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// A long-lived key that makes signatures; many threads may use it at once.
///
/// RSA of some 2048 to 8192 bits (see ``KeyLimits``), ECDSA on P-256, P-384 and P-521, Ed25519; ML-DSA where libcrypto has it.
public final class PrivateKey: Sendable {
    /// What the key is.
    public let kind: KeyKind

    /// The key's public half.
    public let publicKey: PublicKey

    private let key: NativeKey
    private let contexts: [SignatureAlgorithm: SignatureContext]
    private let signatureLength: Int

    /// Reads the first private key of a PEM text: PKCS#8, SEC1 or PKCS#1; other blocks, such as EC parameters and
    /// certificates, are skipped.
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)``, saying whether there is no key, it is encrypted or is not usable;
    ///   ``CryptoError/unsupported(_:)`` for an ML-DSA key that this libcrypto cannot read.
    public convenience init(pem: Span<UInt8>) throws(CryptoError) {
        try self.init(Self.parse(pem: pem))
    }

    /// Reads the first private key of a PEM text, which may be encrypted: as PKCS#8 (RFC 5958 §3) or in the old way of
    /// OpenSSL (RFC 1421).
    ///
    /// - Parameters:
    ///   - pem: The text.
    ///   - passphrase: What the key is encrypted with; not used for one that is not encrypted.
    ///   - derivationRounds: How many rounds the passphrase may take, of 0.3 to 1.3 µs each: the iterations of PBKDF2, N·r·p
    ///     of scrypt. Who has written the key chooses them, and they are counted before they are made.
    /// - Throws: ``CryptoError/invalidKey(_:)``, also for a wrong passphrase or one that takes more rounds;
    ///   ``CryptoError/unsupported(_:)`` for an ML-DSA key that this libcrypto cannot read.
    public convenience init(
        pem: Span<UInt8>,
        passphrase: Span<UInt8>,
        derivationRounds: Int = KeyLimits.derivationRounds
    ) throws(CryptoError) {
        try self.init(Self.parse(pem: pem, passphrase, rounds: derivationRounds))
    }

    /// Whether the first private key of a PEM text is encrypted.
    public static func isEncrypted(pem: Span<UInt8>) -> Bool {
        do throws(PEMError) {
            switch try PEM.secretBlock(in: pem, where: isKey) {
            case .some(let block): return block.isEncrypted || block.label == "ENCRYPTED PRIVATE KEY"
            case .none: return false
            }
        } catch {
            return false
        }
    }

    private static func isKey(_ label: String) -> Bool { label.hasSuffix("PRIVATE KEY") }

    /// Reads a private key in PKCS#8, SEC1 or PKCS#1 form.
    ///
    /// - Throws: ``CryptoError/invalidKey(_:)``.
    public convenience init(der: Span<UInt8>) throws(CryptoError) {
        try self.init(Self.parse(der: der))
    }

    init(_ key: NativeKey) throws(CryptoError) {
        self.key = key
        guard let kind = key.kind else {
            throw .invalidKey(Self.otherKind)
        }
        self.kind = kind
        signatureLength = Int(unsafe EVP_PKEY_get_size(key.pointer))
        publicKey = PublicKey(key, kind: kind)

        let hashes: [HashAlgorithm] = [.sha256, .sha384, .sha512]
        let algorithms: [SignatureAlgorithm]
        switch kind {
        case .rsa(let bits), .rsaPSS(let bits):
            guard (KeyLimits.trustedRSABits...KeyLimits.longestTrustedRSABits).contains(bits) else {
                throw Self.badLength(bits)
            }
            algorithms = hashes.map { .rsaPSS($0) } + hashes.map { .rsaPKCS1($0) }
        case .ecdsaP256, .ecdsaP384, .ecdsaP521:
            algorithms = hashes.map { .ecdsa($0) }
        case .ed25519:
            algorithms = []
        case .mlDSA(let set):
            guard MLDSAParameterSet.isAvailable else { throw set.unavailable }
            algorithms = []
        }
        var contexts: [SignatureAlgorithm: SignatureContext] = [:]
        for algorithm in algorithms where kind.supports(algorithm) {
            contexts[algorithm] = key.context(for: algorithm, signing: true)
        }
        self.contexts = contexts
        try check()
    }

    /// Signs `message`.
    ///
    /// - Throws: ``CryptoError/unsupported(_:)`` when the key's kind does not go with the algorithm.
    public func sign(_ message: Span<UInt8>, algorithm: SignatureAlgorithm) throws(CryptoError) -> [UInt8] {
        guard kind.supports(algorithm) else {
            throw .unsupported("The key cannot make signatures of this algorithm.")
        }
        let signature: [UInt8]
        if let hash = algorithm.hash {
            guard let context = contexts[algorithm] else {
                throw .unsupported("The key's parameters do not allow signatures of this algorithm.")
            }
            let digest = try HashState.hash(hash, message)
            signature = unsafe digest.bytes.withUnsafeBufferPointer { digest in
                unsafe [UInt8](unsafeUninitializedCapacity: signatureLength) { output, count in
                    guard let bytes = digest.baseAddress, let target = output.baseAddress else { return }
                    count = unsafe safetls_sign(context.pointer, bytes, digest.count, target, output.count)
                }
            }
        } else {
            signature = unsafe message.withUnsafeBufferPointer { message in
                unsafe [UInt8](unsafeUninitializedCapacity: signatureLength) { output, count in
                    guard let target = output.baseAddress else { return }
                    count = unsafe safetls_sign_message(
                        key.pointer,
                        message.baseAddress,
                        message.count,
                        target,
                        output.count
                    )
                }
            }
        }
        guard !signature.isEmpty else {
            ErrorQueue.clear()
            throw .internalFailure("The signature could not be made.")
        }
        return signature
    }

    private static func parse(pem: Span<UInt8>) throws(CryptoError) -> NativeKey {
        switch try firstKey(in: pem) {
        case .some(let block): return try parse(block)
        case .none: throw .invalidKey(noKey)
        }
    }

    private static func parse(
        pem: Span<UInt8>,
        _ passphrase: Span<UInt8>,
        rounds: Int
    ) throws(CryptoError) -> NativeKey {
        switch try firstKey(in: pem) {
        case .some(let block):
            if block.isEncrypted, block.label == "EC PRIVATE KEY" || block.label == "RSA PRIVATE KEY" {
                return try parse(decrypted: EncryptedKey.open(pem: pem, passphrase))
            }
            if !block.isEncrypted, block.label == "ENCRYPTED PRIVATE KEY" {
                return try parse(decrypted: EncryptedKey.open(block.der, passphrase, rounds: rounds))
            }
            guard !block.isEncrypted else { throw unsupported(block.label) }
            return try parse(block)
        case .none: throw .invalidKey(noKey)
        }
    }

    private static func firstKey(in pem: Span<UInt8>) throws(CryptoError) -> PEM.SecretBlock? {
        do throws(PEMError) {
            return try PEM.secretBlock(in: pem, where: isKey)
        } catch {
            throw .invalidKey(error.description)
        }
    }

    private static func parse(_ block: borrowing PEM.SecretBlock) throws(CryptoError) -> NativeKey {
        guard !block.isEncrypted, block.label != "ENCRYPTED PRIVATE KEY" else { throw .invalidKey(encrypted) }
        guard ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].contains(block.label) else {
            throw unsupported(block.label)
        }
        return try parse(der: block.der)
    }

    /// What a passphrase that is not right leads to may look like anything.
    private static func parse(decrypted key: consuming Secret) throws(CryptoError) -> NativeKey {
        do throws(CryptoError) {
            return try parse(der: key.bytes)
        } catch .invalidKey(damaged) {
            throw EncryptedKey.sealed
        } catch {
            throw error
        }
    }

    private static func parse(der: Span<UInt8>) throws(CryptoError) -> NativeKey {
        switch PrivateKeyShape(of: der) {
        case .isUsable: break
        case .isEncrypted: throw .invalidKey(encrypted)
        case .isTooLong(let bits): throw badLength(bits)
        case .isOfOtherKind: throw .invalidKey(otherKind)
        case .isUnknown: throw .invalidKey(damaged)
        }
        if let parts = ECPrivateKeyParts(of: der), let key = try parts.key(in: der) { return key }
        let pointer = unsafe der.withUnsafeBufferPointer { der -> OpaquePointer? in
            guard let bytes = der.baseAddress else { return nil }
            return unsafe KeyParser.parse(bytes, der.count)
        }
        ErrorQueue.clear()
        guard let pointer = unsafe pointer else {
            if !MLDSAParameterSet.isAvailable, let set = MLDSAParameterSet(ofPKCS8: der) { throw set.unavailable }
            throw .invalidKey(damaged)
        }
        return unsafe NativeKey(owning: pointer)
    }

    /// A key whose halves do not belong together is refused when it is loaded, not in a handshake. Where the numbers do not
    /// say it, one signature is made and verified, which takes a hundred times as long.
    ///
    /// That the primes of an RSA key are primes is taken for granted, as libssl does. To look would take 39 ms for 2048 bits and 270 for
    /// 4096 (`BN_check_prime`), and 0.6 and 3.6 with one round for each, as long as a signature: too long for each of a thousand hosts.
    /// With other numbers all may belong together, and no signature be right: whoever made the key meets that in the first handshake.
    private func check() throws(CryptoError) {
        let algorithm: SignatureAlgorithm? =
            switch kind {
            case .ed25519: .ed25519
            case .mlDSA(let set): .mlDSA(set)
            case .rsa, .rsaPSS, .ecdsaP256, .ecdsaP384, .ecdsaP521: contexts.keys.first
            }
        guard let algorithm else {
            throw .invalidKey("The private key's parameters allow no signature this library makes.")
        }
        guard !key.isConsistent, !isConsistentRSA else { return }
        let message = [UInt8](repeating: 0x5A, count: 32)
        do {
            let signature = try sign(message.span, algorithm: algorithm)
            try publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
        } catch {
            throw .invalidKey(Self.strangers)
        }
    }

    private var isConsistentRSA: Bool {
        switch kind {
        case .rsa, .rsaPSS: break
        default: return false
        }
        let isConsistent = unsafe safetls_rsa_is_consistent(key.pointer) == 1
        ErrorQueue.clear()
        return isConsistent
    }

    private static func badLength(_ bits: Int) -> CryptoError {
        .invalidKey("An RSA key of \(bits) bits is not accepted; 2048 to 8192 are.")
    }

    private static func unsupported(_ label: String) -> CryptoError {
        .invalidKey("A PEM block \(label) is not supported; PKCS#8, SEC1 and PKCS#1 keys are.")
    }

    static let strangers = "The private key's parts do not belong together."
    private static let noKey = "There is no private key in the PEM text."
    private static let damaged = "The private key is damaged or of an unknown kind."
    private static let otherKind =
        "The private key is not an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key, nor one for ML-DSA."
    private static let encrypted = "The private key is encrypted; decrypt it first, for example with \"openssl pkey\"."
}
