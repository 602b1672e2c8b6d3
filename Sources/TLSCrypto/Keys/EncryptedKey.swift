// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// Decrypts private keys: what comes out is in memory that is wiped, and has been looked at by nobody yet.
enum EncryptedKey {
    /// Why no key comes out.
    static let sealed = CryptoError.invalidKey(
        "The private key cannot be decrypted: the passphrase is not right, or the key is damaged."
    )

    /// Decrypts a key in PKCS#8 form.
    ///
    /// - Parameters:
    ///   - der: An EncryptedPrivateKeyInfo (RFC 5958 §3).
    ///   - rounds: How many rounds its function may take.
    static func open(_ der: Span<UInt8>, _ passphrase: Span<UInt8>, rounds: Int) throws(CryptoError) -> Secret {
        guard PrivateKeyShape(of: der) == .isEncrypted else { throw sealed }
        switch KeyDerivation(of: der) {
        case .takes(let needed) where needed > rounds:
            throw .invalidKey(
                "The private key cannot be decrypted: its passphrase takes \(needed) rounds, and at most \(rounds) are made."
            )
        case .takes: break
        case .isUnknown:
            throw .invalidKey("The private key cannot be decrypted: the way it is encrypted in is not supported.")
        }
        return try unsafe open(der, passphrase, with: KeyParser.open)
    }

    /// Decrypts the first key of a PEM text, which is encrypted in the old way of OpenSSL (RFC 1421): with one round.
    static func open(pem: Span<UInt8>, _ passphrase: Span<UInt8>) throws(CryptoError) -> Secret {
        guard pem.count <= longestText else { throw sealed }
        return try unsafe open(pem, passphrase, with: KeyParser.openTraditional)
    }

    /// Longest text that libcrypto decodes again, in bytes: a certificate chain may stand behind the key.
    private static let longestText = 1 << 22

    private static func open(
        _ bytes: Span<UInt8>,
        _ passphrase: Span<UInt8>,
        with function: KeyParser.Opener
    ) throws(CryptoError) -> Secret {
        var plain = Secret(zeroed: bytes.count)
        let count = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe passphrase.withUnsafeBufferPointer { passphrase in
                unsafe plain.withUnsafeMutableBytes(from: 0) { plain in unsafe function(bytes, passphrase, plain) }
            }
        }
        ErrorQueue.clear()
        guard count > 0 else { throw sealed }
        return Secret(copying: plain.bytes.extracting(0..<min(count, plain.count)))
    }
}
