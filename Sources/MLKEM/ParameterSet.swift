// SPDX-License-Identifier: Apache-2.0

/// A parameter set of ML-KEM (FIPS 203 §8), and with it the key encapsulation itself.
///
/// Memory is the caller's, who wipes it; nothing is allocated. What the operations leave on the stack they wipe: together they
/// need 48 KiB of it.
public enum ParameterSet: Sendable, Hashable, CaseIterable {
    /// ML-KEM-768, of security category 3.
    case mlKEM768
    /// ML-KEM-1024, of security category 5.
    case mlKEM1024

    /// The number of polynomials in a vector: k.
    var rank: Int {
        switch self {
        case .mlKEM768: 3
        case .mlKEM1024: 4
        }
    }

    /// Bits of a coefficient in the first part of a ciphertext: dᵤ.
    var vectorBits: Int {
        switch self {
        case .mlKEM768: 10
        case .mlKEM1024: 11
        }
    }

    /// Bits of a coefficient in the second part of a ciphertext: dᵥ.
    var lastBits: Int {
        switch self {
        case .mlKEM768: 4
        case .mlKEM1024: 5
        }
    }

    /// Bytes of a vector of transforms, the secret part of a decapsulation key.
    package var vectorLength: Int { 384 * rank }

    /// Bytes of an encapsulation key, which is public: 1184 or 1568.
    public var encapsulationKeyLength: Int { vectorLength + 32 }

    /// Bytes of a decapsulation key in the expanded form of FIPS 203: 2400 or 3168.
    public var decapsulationKeyLength: Int { vectorLength + encapsulationKeyLength + 64 }

    /// Bytes of a ciphertext: 1088 or 1568.
    public var ciphertextLength: Int { 32 * (vectorBits * rank + lastBits) }

    /// Bytes of the seed of a key, d and z of FIPS 203 one behind the other.
    public static let seedLength = 64

    /// Bytes of a message, which is what is random in an encapsulation.
    public static let messageLength = 32

    /// Bytes of a shared secret.
    public static let sharedSecretLength = 32
}

/// Why ML-KEM refuses a peer's bytes.
public enum KEMError: Error, Sendable {
    /// The key has the wrong length, or a coefficient that is not below q (FIPS 203 §7.2).
    case invalidEncapsulationKey
    /// The key has the wrong length, or its parts do not belong together (FIPS 203 §7.3).
    case invalidDecapsulationKey
    /// The ciphertext has the wrong length.
    case invalidCiphertext
}
