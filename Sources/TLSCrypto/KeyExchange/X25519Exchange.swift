// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// libcrypto's context for exchanges with one X25519 private key (RFC 7748).
@safe struct X25519Exchange: ~Copyable, Sendable {
    // Owned by this value alone.
    private nonisolated(unsafe) let context: OpaquePointer

    /// - Parameter scalar: 32 bytes.
    init(scalar: Span<UInt8>) throws(CryptoError) {
        precondition(scalar.count == 32)
        guard let maker = unsafe SharedGroup.x25519 else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks X25519.")
        }
        let context = unsafe scalar.withUnsafeBufferPointer { scalar -> OpaquePointer? in
            guard let scalar = scalar.baseAddress else { return nil }
            return unsafe safetls_x25519_begin(maker, scalar)
        }
        guard let context = unsafe context else {
            ErrorQueue.clear()
            throw .internalFailure("An X25519 key could not be made.")
        }
        unsafe self.context = unsafe context
    }

    deinit {
        unsafe EVP_PKEY_CTX_free(context)
    }

    /// The public key.
    func publicKey() throws(CryptoError) -> [UInt8] {
        guard let base = unsafe SharedGroup.x25519Base else {
            ErrorQueue.clear()
            throw .unsupported("This libcrypto lacks X25519.")
        }
        var publicKey = [UInt8](repeating: 0, count: 32)
        let result = unsafe publicKey.withUnsafeMutableBufferPointer { output in
            guard let output = output.baseAddress else { return CInt(0) }
            return unsafe safetls_x25519_multiply(context, base, output)
        }
        guard result == SAFETLS_AGREEMENT_DONE.rawValue else {
            ErrorQueue.clear()
            throw .internalFailure("An X25519 key could not be made.")
        }
        return publicKey
    }

    /// The secret shared with `peer`, a public key of 32 bytes.
    func sharedSecret(with peer: Span<UInt8>) throws(CryptoError) -> Secret {
        guard peer.count == 32 else { throw .invalidPeerKey }
        guard let maker = unsafe SharedGroup.x25519 else {
            throw .unsupported("This libcrypto lacks X25519.")
        }
        let key = unsafe peer.withUnsafeBufferPointer { peer -> OpaquePointer? in
            guard let peer = peer.baseAddress else { return nil }
            return unsafe safetls_x25519_key(maker, peer, 0)
        }
        guard let key = unsafe key else {
            ErrorQueue.clear()
            throw .internalFailure("An X25519 key could not be made.")
        }
        defer { unsafe EVP_PKEY_free(key) }
        var secret = Secret(zeroed: 32)
        var output = secret.mutableBytes
        let result = unsafe output.withUnsafeMutableBufferPointer { output in
            guard let output = output.baseAddress else { return CInt(0) }
            return unsafe safetls_x25519_multiply(context, key, output)
        }
        guard result == SAFETLS_AGREEMENT_DONE.rawValue else {
            ErrorQueue.clear()
            if result == SAFETLS_AGREEMENT_BAD_PEER.rawValue { throw .invalidPeerKey }
            throw .internalFailure("The X25519 exchange failed.")
        }
        return secret
    }
}
