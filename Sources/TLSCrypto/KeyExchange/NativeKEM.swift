// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto
internal import MLKEM

/// libcrypto's ML-KEM, which releases from 3.5 on have.
///
/// The plain KEM, not its combination with X25519: that takes longer than the two parts.
enum NativeKEM {
    /// libcrypto's name.
    private static func name(_ parameters: ParameterSet) -> String {
        switch parameters {
        case .mlKEM768: "ML-KEM-768"
        case .mlKEM1024: "ML-KEM-1024"
        }
    }

    // Made once, only ever duplicated, never freed.
    private nonisolated(unsafe) static let maker768 = unsafe maker(.mlKEM768)
    private nonisolated(unsafe) static let maker1024 = unsafe maker(.mlKEM1024)

    private static func maker(_ parameters: ParameterSet) -> OpaquePointer? {
        let maker = unsafe EVP_PKEY_CTX_new_from_name(nil, name(parameters), nil)
        // Older releases say that they do not know the name.
        ErrorQueue.clear()
        return unsafe maker
    }

    /// Whether this libcrypto has both parameter sets.
    static var isAvailable: Bool {
        unsafe maker768 != nil && maker1024 != nil
    }

    /// Whether both are the default provider's.
    static var isOfDefaultProvider: Bool {
        ParameterSet.allCases.allSatisfy { unsafe safetls_kem_is_of_default_provider(name($0)) == 1 }
    }

    private static func key(_ parameters: ParameterSet, _ bytes: Span<UInt8>, isSeed: Bool) -> NativeKey? {
        let maker =
            switch parameters {
            case .mlKEM768: unsafe maker768
            case .mlKEM1024: unsafe maker1024
            }
        guard let maker = unsafe maker else { return nil }
        let key = unsafe bytes.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            guard let start = bytes.baseAddress else { return nil }
            return unsafe safetls_raw_key(maker, name(parameters), start, bytes.count, isSeed ? 1 : 0)
        }
        guard let key = unsafe key else {
            ErrorQueue.clear()
            return nil
        }
        return unsafe NativeKey(owning: key)
    }

    /// The key pair of a seed of 64 bytes, and its encapsulation key.
    static func makeKey(
        _ parameters: ParameterSet,
        seed: Span<UInt8>
    ) throws(CryptoError) -> (key: NativeKey, encapsulationKey: [UInt8]) {
        guard let key = key(parameters, seed, isSeed: true) else {
            throw .internalFailure("An ML-KEM key could not be made.")
        }
        var encapsulationKey = [UInt8](repeating: 0, count: parameters.encapsulationKeyLength)
        let done = unsafe encapsulationKey.withUnsafeMutableBufferPointer { output in
            guard let start = output.baseAddress else { return CInt(0) }
            return unsafe safetls_raw_public_key(key.pointer, start, output.count)
        }
        guard done == 1 else {
            ErrorQueue.clear()
            throw .internalFailure("An ML-KEM key could not be made.")
        }
        return (key, encapsulationKey)
    }

    /// Encapsulates 32 random bytes.
    static func encapsulate(
        _ parameters: ParameterSet,
        to encapsulationKey: Span<UInt8>,
        message: Span<UInt8>
    ) throws(CryptoError) -> Encapsulation {
        guard encapsulationKey.count == parameters.encapsulationKeyLength,
            let key = key(parameters, encapsulationKey, isSeed: false)
        else {
            // libcrypto does not tell a key that is no key from its own failure.
            guard parameters.isValid(encapsulationKey: encapsulationKey) else { throw .invalidPeerKey }
            throw .internalFailure("An ML-KEM key could not be read.")
        }
        var ciphertext = [UInt8](repeating: 0, count: parameters.ciphertextLength)
        var secret = Secret(zeroed: ParameterSet.sharedSecretLength)
        var secretBytes = secret.mutableBytes
        let done = unsafe secretBytes.withUnsafeMutableBufferPointer { secret in
            unsafe ciphertext.withUnsafeMutableBufferPointer { output in
                unsafe message.withUnsafeBufferPointer { message in
                    guard message.count == 32, let randomness = message.baseAddress,
                        let start = output.baseAddress, let secret = secret.baseAddress
                    else { return CInt(0) }
                    return unsafe safetls_kem_encapsulate(key.pointer, randomness, start, output.count, secret)
                }
            }
        }
        guard done == 1 else {
            ErrorQueue.clear()
            throw .internalFailure("The ML-KEM encapsulation failed.")
        }
        return Encapsulation(ciphertext: ciphertext, sharedSecret: secret)
    }

    /// Takes the secret out of a ciphertext of the right length.
    static func decapsulate(_ ciphertext: Span<UInt8>, with key: NativeKey) throws(CryptoError) -> Secret {
        var secret = Secret(zeroed: ParameterSet.sharedSecretLength)
        var secretBytes = secret.mutableBytes
        let done = unsafe secretBytes.withUnsafeMutableBufferPointer { secret in
            unsafe ciphertext.withUnsafeBufferPointer { ciphertext in
                guard let start = ciphertext.baseAddress, let secret = secret.baseAddress else { return CInt(0) }
                return unsafe safetls_kem_decapsulate(key.pointer, start, ciphertext.count, secret)
            }
        }
        guard done == 1 else {
            ErrorQueue.clear()
            throw .internalFailure("The ML-KEM decapsulation failed.")
        }
        return secret
    }
}
