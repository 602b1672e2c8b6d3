// SPDX-License-Identifier: Apache-2.0

internal import MLKEM

/// Whose ML-KEM does the work.
enum KEMImplementation: Sendable, CaseIterable {
    /// The module `MLKEM`.
    case own
    /// libcrypto's, of 3.5 and later.
    case libcrypto

    /// Ours, unless libcrypto is configured to have another provider than its default one do ML-KEM, as for FIPS 140-3 or with
    /// a device: then that, if it does what ours does.
    ///
    /// OpenSSL's own is there from 3.5 on, and takes 1.5 to 2 times as long.
    static let preferred = preferred(
        isOfAnotherProvider: NativeKEM.isAvailable && !NativeKEM.isOfDefaultProvider,
        agrees: agree
    )

    /// - Parameter agrees: Asked of another provider's. The name alone is no promise: providers of other makers register it,
    ///   too, and know neither seeds nor a message that is given.
    static func preferred(isOfAnotherProvider: Bool, agrees: (ParameterSet) -> Bool) -> KEMImplementation {
        isOfAnotherProvider && agrees(.mlKEM768) && agrees(.mlKEM1024) ? .libcrypto : .own
    }

    /// Whether both implementations make the same of the same randomness.
    static func agree(_ parameters: ParameterSet) -> Bool {
        do throws(CryptoError) {
            let ours = try KEMPrivateKey(parameters, random: RepeatedByte(), by: .own)
            let theirs = try KEMPrivateKey(parameters, random: RepeatedByte(), by: .libcrypto)
            guard ours.publicKey == theirs.publicKey else { return false }
            let key = ours.publicKey.span
            let one = try Encapsulation.encapsulate(parameters, to: key, random: RepeatedByte(), by: .own)
            let other = try Encapsulation.encapsulate(parameters, to: key, random: RepeatedByte(), by: .libcrypto)
            guard one.ciphertext == other.ciphertext else { return false }
            let secret = try theirs.decapsulate(one.ciphertext.span)
            return isEqual(one.sharedSecret.bytes, other.sharedSecret.bytes)
                && isEqual(one.sharedSecret.bytes, secret.bytes)
        } catch {
            return false
        }
    }

    /// For a key that protects nothing.
    private struct RepeatedByte: RandomSource {
        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            for index in bytes.indices { bytes[index] = 0x5A }
        }
    }
}

/// A ciphertext and the secret in it.
struct Encapsulation: ~Copyable, Sendable {
    let ciphertext: [UInt8]
    let sharedSecret: Secret

    /// Takes the shared secret out.
    consuming func takeSharedSecret() -> Secret {
        sharedSecret
    }

    /// Draws 32 bytes and encapsulates them.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey`` for a key of the wrong length or with a coefficient that is not reduced
    ///   (FIPS 203 §7.2); ``CryptoError/randomUnavailable``.
    static func encapsulate(
        _ parameters: ParameterSet,
        to encapsulationKey: Span<UInt8>,
        random: some RandomSource,
        by implementation: KEMImplementation = .preferred
    ) throws(CryptoError) -> Encapsulation {
        guard encapsulationKey.count == parameters.encapsulationKeyLength else { throw .invalidPeerKey }
        var message = Secret(zeroed: ParameterSet.messageLength)
        var messageBytes = message.mutableBytes
        try random.fill(&messageBytes)
        switch implementation {
        case .libcrypto:
            return try NativeKEM.encapsulate(parameters, to: encapsulationKey, message: message.bytes)
        case .own:
            var ciphertext = [UInt8](repeating: 0, count: parameters.ciphertextLength)
            var secret = Secret(zeroed: ParameterSet.sharedSecretLength)
            do {
                var output = ciphertext.mutableSpan
                var secretBytes = secret.mutableBytes
                try parameters.encapsulate(
                    to: encapsulationKey,
                    message: message.bytes,
                    ciphertext: &output,
                    sharedSecret: &secretBytes
                )
            } catch {
                throw .invalidPeerKey
            }
            return Encapsulation(ciphertext: ciphertext, sharedSecret: secret)
        }
    }
}

/// An ML-KEM key pair.
struct KEMPrivateKey: ~Copyable, Sendable {
    /// The encapsulation key.
    let publicKey: [UInt8]

    private let parameters: ParameterSet
    /// The decapsulation key of our own implementation.
    private let expanded: Secret?
    private let native: NativeKey?

    /// Makes a key from one draw of 64 bytes: d and z of FIPS 203.
    ///
    /// - Throws: ``CryptoError/randomUnavailable``.
    init(
        _ parameters: ParameterSet,
        random: some RandomSource,
        by implementation: KEMImplementation = .preferred
    ) throws(CryptoError) {
        self.parameters = parameters
        var seed = Secret(zeroed: ParameterSet.seedLength)
        var seedBytes = seed.mutableBytes
        try random.fill(&seedBytes)
        switch implementation {
        case .libcrypto:
            let (key, encapsulationKey) = try NativeKEM.makeKey(parameters, seed: seed.bytes)
            (native, publicKey) = (key, encapsulationKey)
            expanded = nil
        case .own:
            var encapsulationKey = [UInt8](repeating: 0, count: parameters.encapsulationKeyLength)
            var decapsulationKey = Secret(zeroed: parameters.decapsulationKeyLength)
            var publicBytes = encapsulationKey.mutableSpan
            var secretBytes = decapsulationKey.mutableBytes
            parameters.generateKey(
                seed: seed.bytes,
                encapsulationKey: &publicBytes,
                decapsulationKey: &secretBytes
            )
            publicKey = encapsulationKey
            expanded = consume decapsulationKey
            native = nil
        }
    }

    /// The secret in `ciphertext`.
    ///
    /// - Throws: ``CryptoError/invalidPeerKey`` for the wrong length. Anything else gives a secret, though perhaps
    ///   one that nobody else has (FIPS 203 §6.3).
    borrowing func decapsulate(_ ciphertext: Span<UInt8>) throws(CryptoError) -> Secret {
        guard ciphertext.count == parameters.ciphertextLength else { throw .invalidPeerKey }
        if let native { return try NativeKEM.decapsulate(ciphertext, with: native) }
        var secret = Secret(zeroed: ParameterSet.sharedSecretLength)
        var secretBytes = secret.mutableBytes
        switch expanded {
        case .none: throw .internalFailure("The ML-KEM key is missing.")
        case .some(let key):
            do {
                try parameters.decapsulate(ciphertext, with: key.bytes, sharedSecret: &secretBytes)
            } catch {
                throw .invalidPeerKey
            }
        }
        return secret
    }
}
