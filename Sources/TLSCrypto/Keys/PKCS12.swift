// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

/// What a PKCS #12 file holds: private keys and certificates, protected by a passphrase.
///
/// libcrypto reads it: the caller's own file, once, at configuration time.
public struct PKCS12: Sendable {
    /// The private keys, in the file's order.
    public let privateKeys: [PrivateKey]
    /// The certificates in DER, in the file's order.
    public let certificates: [[UInt8]]

    /// The most iterations of its key derivations that a file may ask for, all together: some five seconds. Common are 2,048 to
    /// 600,000 for each of two or three derivations. Where PBKDF2 takes a hash that is shorter than the key, such as SHA-1, each
    /// is made two to four times.
    public static let longestDerivation: UInt64 = 10_000_000

    /// Reads a file.
    ///
    /// Protected by PBES2 with PBKDF2, or by the older ways that libcrypto's default provider has, which RC2 is not among. Bags in
    /// bags, revocation lists and other secrets are passed over. A file without a code that authenticates it, and with a key that
    /// is not encrypted, opens with any passphrase.
    ///
    /// - Parameters:
    ///   - der: The file, less than 16 MiB.
    ///   - passphrase: In UTF-8; empty for none.
    /// - Throws: ``CryptoError/invalidKey(_:)``, also for a wrong passphrase, for more than 8 keys or 64 certificates, and when
    ///   deriving keys would take more than ``longestDerivation``; as `PrivateKey.init(der:)` for keys that cannot be used.
    public init(der: Span<UInt8>, passphrase: Span<UInt8>) throws(CryptoError) {
        var contents = safetls_pkcs12()
        defer { unsafe safetls_pkcs12_free(&contents) }
        let status = Self.open(der, passphrase, &contents)
        ErrorQueue.clear()
        switch Int(status) {
        case SAFETLS_PKCS12_OK: break
        case SAFETLS_PKCS12_PROTECTED:
            throw .invalidKey(
                "The PKCS #12 file cannot be opened: the passphrase is not right, or what protects it is not supported."
            )
        case SAFETLS_PKCS12_ITERATIONS:
            throw .invalidKey(
                "The PKCS #12 file takes more than \(Self.longestDerivation) iterations to open, which is too long."
            )
        case SAFETLS_PKCS12_FULL: throw .invalidKey("The PKCS #12 file has more than 8 keys or 64 certificates.")
        default: throw .invalidKey("The file is no PKCS #12 file, or it is damaged.")
        }
        privateKeys = try Self.privateKeys(&contents)
        certificates = Self.certificates(&contents)
    }

    private static func open(
        _ der: Span<UInt8>,
        _ passphrase: Span<UInt8>,
        _ contents: inout safetls_pkcs12
    ) -> CInt {
        guard der.count < 1 << 24 else { return CInt(SAFETLS_PKCS12_DAMAGED) }
        return unsafe der.withUnsafeBufferPointer { der in
            unsafe passphrase.withUnsafeBufferPointer { words in
                unsafe KeyParser.openPKCS12(der, words, iterations: longestDerivation, into: &contents)
            }
        }
    }

    /// The keys, each looked at before it is parsed, as any other.
    private static func privateKeys(_ contents: inout safetls_pkcs12) throws(CryptoError) -> [PrivateKey] {
        var keys: [PrivateKey] = []
        for index in 0..<contents.key_count {
            var der = Secret(zeroed: unsafe safetls_pkcs12_private_key(&contents, index, nil))
            unsafe der.withUnsafeMutableBytes(from: 0) { output in
                _ = unsafe safetls_pkcs12_private_key(&contents, index, output.baseAddress)
            }
            keys.append(try PrivateKey(der: der.bytes))
        }
        return keys
    }

    private static func certificates(_ contents: inout safetls_pkcs12) -> [[UInt8]] {
        (0..<contents.certificate_count).map { index in
            let count = unsafe safetls_pkcs12_certificate(&contents, index, nil)
            return unsafe [UInt8](unsafeUninitializedCapacity: count) { output, written in
                guard count > 0, let target = output.baseAddress else { return }
                written = unsafe safetls_pkcs12_certificate(&contents, index, target)
            }
        }
    }
}
