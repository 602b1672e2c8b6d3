// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates
public import TLSCrypto

/// A private key that signs handshakes, wherever it lies: in a hardware module, in another process, on another machine.
///
/// ```swift
/// struct KeyServer: SigningKey {
///     let schemes: [SignatureScheme] = [.ecdsaSECP256R1SHA256]
///     func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8] {
///         try ask(message, scheme)
///     }
/// }
/// let credential = try Credential(certificateChain: chain, signingWith: KeyServer())
/// ```
///
/// Every signature is verified with the certificate's key before it is sent: one that a fault has spoilt could give the key
/// away (RFC 9846 appendix C.3).
public protocol SigningKey: Sendable {
    /// The schemes that it makes signatures of. Asked once, when a ``Credential`` is made.
    var schemes: [SignatureScheme] { get }

    /// Whether a session that needs a signature stops and gives its driver a ``SignatureRequest``, as with
    /// ``DeferredRequests/signature``, so that no thread waits for the key. Asked once. Default: false, the session calls
    /// ``sign(_:scheme:)`` and waits.
    var isDeferred: Bool { get }

    /// Makes a signature. Many threads may call it at once.
    ///
    /// - Parameters:
    ///   - message: What is signed: not a digest. Some 150 bytes; a client of TLS 1.2 signs all of its handshake, which may be
    ///     some hundred kilobytes.
    ///   - scheme: One of ``schemes``. The signature has its form: DER for ECDSA, a salt as long as the hash for RSA-PSS, and
    ///     for Ed25519 and ML-DSA no hash before.
    /// - Throws: Anything; its description becomes a part of the ``TLSError/internalFailure(_:)`` that ends the handshake.
    func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8]
}

extension SigningKey {
    /// False: the session waits for the signature.
    public var isDeferred: Bool { false }
}

/// A key in this process is one, too: a process that signs for others needs nothing else.
extension PrivateKey: SigningKey {
    /// The schemes of both versions that go with the key.
    public var schemes: [SignatureScheme] {
        SignatureScheme.supported.filter { $0.isUsable(with: kind, in: .tls12) || $0.isUsable(with: kind, in: .tls13) }
    }

    /// Signs a message by the scheme's algorithm.
    ///
    /// - Throws: `CryptoError`, `unsupported` when the key does not go with the scheme.
    public func sign(_ message: [UInt8], scheme: SignatureScheme) throws(CryptoError) -> [UInt8] {
        guard let algorithm = scheme.algorithm else { throw .unsupported("The signature scheme is not supported.") }
        return try sign(message.span, algorithm: algorithm)
    }
}

extension PrivateKey {
    /// Reads the first private key of a PEM file.
    ///
    /// - Throws: `ConfigurationError` that names the file.
    public static func read(file path: String) throws(ConfigurationError) -> PrivateKey { try Credential.readKey(path) }
}

/// The key of a credential.
enum CredentialKey: Sendable {
    case here(PrivateKey)
    /// Somewhere else, with what verifies its signatures.
    case elsewhere(any SigningKey, PublicKey)
}

extension Credential {
    /// Creates a credential whose key is not in this process.
    ///
    /// Nothing is signed yet: whether the key belongs to the certificate shows with the first handshake.
    ///
    /// - Throws: `ConfigurationError` when the chain is empty or too long, the kind of its first certificate's key is not one
    ///   that can be used, or none of the key's schemes goes with it.
    public convenience init(
        certificateChain: [Certificate],
        signingWith key: any SigningKey
    ) throws(ConfigurationError) {
        let publicKey = try Credential.publicKey(of: certificateChain)
        switch publicKey.kind {
        case .rsa(let bits), .rsaPSS(let bits):
            guard (KeyLimits.trustedRSABits...KeyLimits.longestTrustedRSABits).contains(bits) else {
                throw ConfigurationError(reason: "an RSA key of \(bits) bits is not accepted; 2048 to 8192 are")
            }
        case .ecdsaP256, .ecdsaP384, .ecdsaP521, .ed25519, .mlDSA: break
        }
        let schemes = key.schemes.filter { scheme in
            [.tls12, .tls13].contains { scheme.isUsable(with: publicKey.kind, in: $0) }
        }
        guard !schemes.isEmpty else {
            throw ConfigurationError(reason: "the key signs with no scheme that goes with the first certificate")
        }
        try self.init(
            certificateChain: certificateChain,
            key: .elsewhere(key, publicKey),
            kind: publicKey.kind,
            schemes: schemes,
            defersSignatures: key.isDeferred
        )
    }

    /// Reads the chain of such a credential from a PEM file, the certificate of the key first.
    ///
    /// - Throws: `ConfigurationError` that names the file, see ``init(certificateChain:signingWith:)``.
    public convenience init(certificateFile: String, signingWith key: any SigningKey) throws(ConfigurationError) {
        let pem = try Credential.readSecret(certificateFile)
        let chain = try Credential.chain(pem.bytes, file: certificateFile)
        do throws(ConfigurationError) {
            try self.init(certificateChain: chain, signingWith: key)
        } catch {
            throw ConfigurationError(file: certificateFile, reason: error.reason)
        }
    }
}
