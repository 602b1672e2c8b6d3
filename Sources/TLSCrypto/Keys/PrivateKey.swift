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
    /// - Throws: ``CryptoError/invalidKey(_:)``, also for a wrong passphrase; ``CryptoError/unsupported(_:)`` for an ML-DSA
    ///   key that this libcrypto cannot read.
    public convenience init(pem: Span<UInt8>, passphrase: Span<UInt8>) throws(CryptoError) {
        guard Self.isEncrypted(pem: pem) else {
            try self.init(pem: pem)
            return
        }
        let pointer = unsafe pem.withUnsafeBufferPointer { pem -> OpaquePointer? in
            unsafe passphrase.withUnsafeBufferPointer { passphrase in
                guard let bytes = pem.baseAddress else { return nil }
                return unsafe safetls_decrypt_private_key(
                    bytes,
                    pem.count,
                    passphrase.baseAddress,
                    passphrase.count
                )
            }
        }
        ErrorQueue.clear()
        guard let pointer = unsafe pointer else {
            if let set = Self.sealedKind(pem, passphrase), !MLDSAParameterSet.isAvailable { throw set.unavailable }
            throw .invalidKey(
                "The private key cannot be decrypted: the passphrase is not right, or the key is damaged."
            )
        }
        try unsafe self.init(NativeKey(owning: pointer))
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

    /// The parameter set of an encrypted key for ML-DSA; nil for all other keys.
    private static func sealedKind(_ pem: Span<UInt8>, _ passphrase: Span<UInt8>) -> MLDSAParameterSet? {
        do throws(PEMError) {
            switch try PEM.secretBlock(in: pem, where: { $0 == "ENCRYPTED PRIVATE KEY" }) {
            case .some(let block): return MLDSAParameterSet(objectIdentifier: algorithm(block.der, passphrase).span)
            case .none: return nil
            }
        } catch {
            return nil
        }
    }

    /// The object identifier of an encrypted key's algorithm; empty when the key cannot be decrypted.
    private static func algorithm(_ der: Span<UInt8>, _ passphrase: Span<UInt8>) -> [UInt8] {
        let identifier = unsafe der.withUnsafeBufferPointer { der in
            unsafe passphrase.withUnsafeBufferPointer { passphrase in
                unsafe [UInt8](unsafeUninitializedCapacity: 16) { output, count in
                    guard let bytes = der.baseAddress, let words = passphrase.baseAddress,
                        let target = output.baseAddress
                    else { return }
                    count = unsafe safetls_encrypted_key_algorithm(
                        bytes,
                        der.count,
                        words,
                        passphrase.count,
                        target,
                        output.count
                    )
                }
            }
        }
        ErrorQueue.clear()
        return identifier
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
            throw .invalidKey(
                "The private key is not an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key, nor one for ML-DSA."
            )
        }
        self.kind = kind
        signatureLength = Int(unsafe EVP_PKEY_get_size(key.pointer))
        publicKey = PublicKey(key, kind: kind)

        let hashes: [HashAlgorithm] = [.sha256, .sha384, .sha512]
        let algorithms: [SignatureAlgorithm]
        switch kind {
        case .rsa(let bits), .rsaPSS(let bits):
            guard (KeyLimits.trustedRSABits...KeyLimits.longestTrustedRSABits).contains(bits) else {
                throw .invalidKey("An RSA key of \(bits) bits is not accepted; 2048 to 8192 are.")
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
        let found: PEM.SecretBlock?
        do throws(PEMError) {
            found = try PEM.secretBlock(in: pem, where: isKey)
        } catch {
            throw .invalidKey(error.description)
        }
        switch consume found {
        case .some(let block):
            guard !block.isEncrypted, block.label != "ENCRYPTED PRIVATE KEY" else { throw .invalidKey(encrypted) }
            guard ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"].contains(block.label) else {
                throw .invalidKey("A PEM block \(block.label) is not supported; PKCS#8, SEC1 and PKCS#1 keys are.")
            }
            return try parse(der: block.der)
        case .none:
            throw .invalidKey("There is no private key in the PEM text.")
        }
    }

    private static func parse(der: Span<UInt8>) throws(CryptoError) -> NativeKey {
        // libcrypto parses: the caller's own file, once, at configuration time.
        let (pointer, isEncrypted) = unsafe der.withUnsafeBufferPointer { der -> (OpaquePointer?, Bool) in
            guard let bytes = der.baseAddress, der.count < 1 << 16 else { return (nil, false) }
            if unsafe safetls_is_encrypted_key(bytes, der.count) == 1 { return (nil, true) }
            return unsafe (KeyParser.parse(bytes, der.count), false)
        }
        ErrorQueue.clear()
        guard !isEncrypted else { throw .invalidKey(encrypted) }
        guard let pointer = unsafe pointer else {
            if let set = MLDSAParameterSet(ofPKCS8: der), !MLDSAParameterSet.isAvailable { throw set.unavailable }
            throw .invalidKey("The private key is damaged or of an unknown kind.")
        }
        return unsafe NativeKey(owning: pointer)
    }

    /// Makes and verifies one signature: a key whose halves do not belong together is refused when it is loaded,
    /// not in a handshake.
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
        let message = [UInt8](repeating: 0x5A, count: 32)
        do {
            let signature = try sign(message.span, algorithm: algorithm)
            try publicKey.verify(signature: signature.span, message: message.span, algorithm: algorithm)
        } catch {
            throw .invalidKey("The private key's parts do not belong together.")
        }
    }

    private static let encrypted = "The private key is encrypted; decrypt it first, for example with \"openssl pkey\"."
}
