// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// libcrypto's key object.
///
/// `@unchecked`: the object is never changed after it was made, and libcrypto's own caches inside it (RSA blinding,
/// Montgomery forms) have locks.
@safe final class NativeKey: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Whether the halves of a private key are known to belong together.
    let isConsistent: Bool

    /// The context that verified a signature first, for others of the same algorithm: keys are used with one. To make a new
    /// one, libcrypto goes through the names of everything it has; a copy costs next to nothing.
    private let verification = LazyReference<PreparedVerification>()

    private final class PreparedVerification: Sendable {
        let algorithm: SignatureAlgorithm
        let context: SignatureContext

        init(_ algorithm: SignatureAlgorithm, _ context: SignatureContext) {
            self.algorithm = algorithm
            self.context = context
        }
    }

    /// Takes ownership of `pointer`.
    init(owning pointer: OpaquePointer, isConsistent: Bool = false) {
        unsafe self.pointer = unsafe pointer
        self.isConsistent = isConsistent
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    /// What the key is; nil for a kind this library does not use.
    var kind: KeyKind? {
        let bits = Int(unsafe EVP_PKEY_get_bits(pointer))
        switch unsafe EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_RSA: return .rsa(bits: bits)
        case EVP_PKEY_RSA_PSS: return .rsaPSS(bits: bits)
        case EVP_PKEY_ED25519: return .ed25519
        case EVP_PKEY_EC:
            switch unsafe safetls_key_curve(pointer) {
            case NID_X9_62_prime256v1: return .ecdsaP256
            case NID_secp384r1: return .ecdsaP384
            case NID_secp521r1: return .ecdsaP521
            default: return nil
            }
        default:
            // These have no number that headers of 3.0 would know.
            let set = MLDSAParameterSet.allCases.first { unsafe EVP_PKEY_is_a(pointer, $0.name) == 1 }
            return set.map { .mlDSA($0) }
        }
    }

    /// Whether a signature of a digest is one of this key; nil when the key is not fit for the algorithm.
    func verifies(_ signature: Span<UInt8>, digest: Span<UInt8>, algorithm: SignatureAlgorithm) -> Bool? {
        let prepared = verification.load()
        if let prepared, prepared.algorithm == algorithm {
            return unsafe digest.withUnsafeBufferPointer { digest in
                unsafe signature.withUnsafeBufferPointer { signature in
                    guard let digestBytes = digest.baseAddress, let bytes = signature.baseAddress else { return false }
                    return unsafe safetls_verify(
                        prepared.context.pointer,
                        digestBytes,
                        digest.count,
                        bytes,
                        signature.count
                    ) == 1
                }
            }
        }
        guard let context = context(for: algorithm, signing: false) else { return nil }
        let isValid = unsafe digest.withUnsafeBufferPointer { digest in
            unsafe signature.withUnsafeBufferPointer { signature in
                guard let bytes = signature.baseAddress else { return false }
                return unsafe EVP_PKEY_verify(
                    context.pointer,
                    bytes,
                    signature.count,
                    digest.baseAddress,
                    digest.count
                ) == 1
            }
        }
        // From here on it is only copied.
        if isValid, prepared == nil { _ = verification.storeIfNil(PreparedVerification(algorithm, context)) }
        return isValid
    }

    /// A context to sign or verify digests with `algorithm`; nil when the key is not fit for it.
    func context(for algorithm: SignatureAlgorithm, signing: Bool) -> SignatureContext? {
        let hash: String? =
            switch algorithm.hash {
            case .sha256: "SHA256"
            case .sha384: "SHA384"
            case .sha512: "SHA512"
            case .sha1, nil: nil
            }
        guard let hash else { return nil }
        let isSigning: CInt = signing ? 1 : 0
        guard let context = unsafe safetls_signature_context(pointer, isSigning, algorithm.padding, hash) else {
            ErrorQueue.clear()
            return nil
        }
        return unsafe SignatureContext(owning: context)
    }
}

/// libcrypto's prepared context of a signature operation.
///
/// `@unchecked`: a shared context is only ever duplicated, which reads it.
@safe final class SignatureContext: @unchecked Sendable {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe EVP_PKEY_CTX_free(pointer)
    }
}
