// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import TLSCertificates
public import TLSCrypto

/// A certificate chain and the private key of its first certificate.
///
/// Immutable and shared by all sessions. The messages that carry the chain are serialised here, once.
public final class Credential: Sendable {
    /// The chain as it is sent: the end-entity certificate first, each next one certifies the one before.
    public let certificateChain: [Certificate]
    /// The key of the first certificate.
    let key: CredentialKey
    /// The schemes that the key signs with; nil for all that go with it.
    private let schemes: [SignatureScheme]?
    /// Whether sessions give their driver a ``SignatureRequest`` in any case.
    let defersSignatures: Bool
    /// The algorithms of the signatures in the chain; nil for one that is not supported.
    private let signatureAlgorithms: [SignatureAlgorithm?]
    /// Whether a certificate of the chain that is not self-signed has a SHA-1 signature: then it is shown only to peers that
    /// ask for SHA-1 (RFC 9846 §4.5.1.2).
    public let hasSHA1Signature: Bool
    private let currentStaple = Mutex(CertificateStaple())
    /// Whether there was ever a staple: servers without one do not take the lock.
    private let hasStaple = Atomic(false)
    /// What the key can sign with.
    let keyKind: KeyKind
    /// Whether the certificate's key is a compressed point, which clients of TLS 1.2 may want to know.
    let hasCompressedPoint: Bool
    /// The whole TLS 1.3 Certificate message with an empty request context (RFC 9846 §4.5.1).
    let certificateMessageTLS13: [UInt8]
    /// The whole TLS 1.2 Certificate message (RFC 5246 §7.4.2).
    let certificateMessageTLS12: [UInt8]

    /// Creates a credential from a parsed chain and key.
    ///
    /// - Throws: `ConfigurationError` when the chain is empty or too long, or the key is not that of the first
    ///   certificate.
    public convenience init(certificateChain: [Certificate], privateKey: PrivateKey) throws(ConfigurationError) {
        guard try Credential.publicKey(of: certificateChain).isSameKey(as: privateKey.publicKey) else {
            throw ConfigurationError(reason: "the private key does not belong to the first certificate")
        }
        try self.init(certificateChain: certificateChain, key: .here(privateKey), kind: privateKey.kind)
    }

    /// The key of a chain's first certificate.
    static func publicKey(of certificateChain: [Certificate]) throws(ConfigurationError) -> PublicKey {
        guard let leaf = certificateChain.first else {
            throw ConfigurationError(reason: "contains no certificate")
        }
        guard certificateChain.count <= TLSLimits.certificateChainLength else {
            throw ConfigurationError(
                reason: "has \(certificateChain.count) certificates, the limit is \(TLSLimits.certificateChainLength)"
            )
        }
        do throws(CertificateError) {
            return try leaf.publicKey()
        } catch {
            throw ConfigurationError(reason: "the first certificate's key cannot be used: \(error)")
        }
    }

    /// Creates a credential of what has been checked.
    ///
    /// - Parameters:
    ///   - certificateChain: At least one certificate, with this key.
    ///   - key: The key.
    ///   - kind: What it is.
    ///   - schemes: The schemes that it signs with; nil for all that go with its kind.
    ///   - defersSignatures: Whether sessions always ask their driver.
    init(
        certificateChain: [Certificate],
        key: CredentialKey,
        kind: KeyKind,
        schemes: [SignatureScheme]? = nil,
        defersSignatures: Bool = false
    ) throws(ConfigurationError) {
        let chain = certificateChain.map(\.der)
        var messageTLS13 = ByteWriter()
        var messageTLS12 = ByteWriter()
        do throws(EncodeError) {
            try CertificateMessage.writeTLS13(requestContext: Span(), chain: chain, into: &messageTLS13)
            try CertificateMessage.writeTLS12(chain: chain, into: &messageTLS12)
        } catch {
            throw ConfigurationError(reason: "the certificate chain is too long for a message")
        }
        self.certificateChain = certificateChain
        self.key = key
        self.schemes = schemes
        self.defersSignatures = defersSignatures
        keyKind = kind
        hasCompressedPoint = certificateChain.first?.hasCompressedPoint ?? false
        // The signature of an authority on itself is verified by nobody.
        let issued = certificateChain.filter { $0.subject != $0.issuer }
        signatureAlgorithms = issued.map(\.signatureAlgorithm)
        hasSHA1Signature = issued.contains { $0.hasSHA1Signature }
        certificateMessageTLS13 = messageTLS13.takeBytes()
        certificateMessageTLS12 = messageTLS12.takeBytes()
    }

    /// The same certificate and key, with other certificates behind the first. The new credential has no staple.
    ///
    /// - Throws: `ConfigurationError` when the chain is too long.
    public func replacingIssuers(by issuers: [Certificate]) throws(ConfigurationError) -> Credential {
        let chain = Array(certificateChain.prefix(1)) + issuers
        _ = try Credential.publicKey(of: chain)
        return try Credential(
            certificateChain: chain,
            key: key,
            kind: keyKind,
            schemes: schemes,
            defersSignatures: defersSignatures
        )
    }

    /// What is sent together with the certificate to clients that ask for it.
    public var staple: CertificateStaple {
        hasStaple.load(ordering: .acquiring) ? currentStaple.withLock { $0 } : CertificateStaple()
    }

    /// Replaces what is sent together with the certificate: at any time and from any thread. Handshakes that have begun
    /// keep what they had.
    ///
    /// - Throws: `ConfigurationError` when the OCSP response is empty or longer than a message, or the list of timestamps
    ///   breaks its syntax (RFC 6962 §3.3).
    public func setStaple(_ staple: CertificateStaple) throws(ConfigurationError) {
        if let response = staple.ocspResponse {
            guard (1...TLSLimits.ocspResponseLength).contains(response.count) else {
                throw ConfigurationError(
                    reason: "an OCSP response has 1 to \(TLSLimits.ocspResponseLength) bytes, not \(response.count)"
                )
            }
        }
        if let timestamps = staple.signedCertificateTimestamps {
            do throws(DecodeError) {
                var reader = ByteReader(timestamps.span)
                _ = try reader.readTimestampList()
            } catch {
                throw ConfigurationError(reason: "the list of certificate timestamps \(error)")
            }
        }
        currentStaple.withLock { $0 = staple }
        hasStaple.store(true, ordering: .releasing)
    }

    /// The TLS 1.3 Certificate message with a staple (RFC 9846 §4.5.1.1).
    func certificateTLS13(_ staple: CertificateStaple) throws(EncodeError) -> [UInt8] {
        guard !staple.isEmpty else { return certificateMessageTLS13 }
        var writer = ByteWriter()
        let chain = certificateChain.map(\.der)
        try CertificateMessage.writeTLS13(requestContext: Span(), chain: chain, into: &writer) { extensions in
            if let response = staple.ocspResponse { extensions.ocspResponse(response) }
            if let timestamps = staple.signedCertificateTimestamps {
                extensions.add(.signedCertificateTimestamp, body: timestamps.span)
            }
        }
        return writer.takeBytes()
    }

    /// Creates a credential from PEM text.
    ///
    /// The chain's text may hold the key as well; `privateKeyPEM` may then be the same bytes.
    public convenience init(
        certificateChainPEM: Span<UInt8>,
        privateKeyPEM: Span<UInt8>
    ) throws(ConfigurationError) {
        try self.init(
            certificateChain: Credential.chain(certificateChainPEM, file: nil),
            privateKey: Credential.key(privateKeyPEM, file: nil)
        )
    }

    /// The same with a key that may be encrypted, as PKCS #8 or in OpenSSL's old way.
    ///
    /// - Parameters:
    ///   - certificateChainPEM: The chain, the certificate of the key first.
    ///   - privateKeyPEM: The key; the first one of the text counts.
    ///   - passphrase: What it is encrypted with; not used for a key that is not encrypted.
    ///   - derivationRounds: How many rounds the passphrase may take, of 0.3 to 1.3 µs each. Who has written the key chooses them,
    ///     and they are counted before they are made.
    /// - Throws: `ConfigurationError`, also for a wrong passphrase, and for one that takes more rounds.
    public convenience init(
        certificateChainPEM: Span<UInt8>,
        privateKeyPEM: Span<UInt8>,
        passphrase: Span<UInt8>,
        derivationRounds: Int = KeyLimits.derivationRounds
    ) throws(ConfigurationError) {
        try self.init(
            certificateChain: Credential.chain(certificateChainPEM, file: nil),
            privateKey: Credential.key(privateKeyPEM, passphrase, rounds: derivationRounds, file: nil)
        )
    }

    /// Reads a credential from PEM files.
    ///
    /// - Parameters:
    ///   - certificateFile: The file of the chain, the certificate of the key first.
    ///   - keyFile: The key's file; nil when the certificate's file holds the key too.
    /// - Throws: `ConfigurationError` that names the file the mistake is in.
    public convenience init(certificateFile: String, keyFile: String? = nil) throws(ConfigurationError) {
        let chainPEM = try Credential.readSecret(certificateFile)
        let chain = try Credential.chain(chainPEM.bytes, file: certificateFile)
        let keyPath = keyFile ?? certificateFile
        let key = try Credential.readKey(keyPath)
        do throws(ConfigurationError) {
            try self.init(certificateChain: chain, privateKey: key)
        } catch {
            throw ConfigurationError(file: certificateFile, reason: "\(error.reason) (key file \(keyPath))")
        }
    }

    /// Reads a credential from PEM files, the chain from several: the first certificate of the first file is the one that
    /// the key belongs to.
    ///
    /// - Throws: `ConfigurationError` that names the file the mistake is in.
    public convenience init(certificateFiles: [String], keyFile: String) throws(ConfigurationError) {
        try self.init(certificateFiles: certificateFiles, keyFile: keyFile, key: Credential.readKey(keyFile))
    }

    /// The same with a key that is encrypted, as PKCS #8 or in OpenSSL's old way.
    ///
    /// - Throws: `ConfigurationError` that names the file the mistake is in, also for a wrong passphrase.
    public convenience init(
        certificateFiles: [String],
        keyFile: String,
        passphrase: Span<UInt8>
    ) throws(ConfigurationError) {
        let pem = try Credential.readSecret(keyFile)
        let key = try Credential.key(pem.bytes, passphrase, rounds: KeyLimits.derivationRounds, file: keyFile)
        try self.init(certificateFiles: certificateFiles, keyFile: keyFile, key: key)
    }

    /// Whether the key in a PEM file is encrypted; false also for a file that cannot be read.
    public static func isKeyEncrypted(inFile path: String) -> Bool {
        guard let pem = try? readSecret(path) else { return false }
        return PrivateKey.isEncrypted(pem: pem.bytes)
    }

    private convenience init(
        certificateFiles: [String],
        keyFile: String,
        key: PrivateKey
    ) throws(ConfigurationError) {
        var chain: [Certificate] = []
        for file in certificateFiles {
            let pem = try Credential.readSecret(file)
            for certificate in try Credential.chain(pem.bytes, file: file) where !chain.contains(certificate) {
                chain.append(certificate)
            }
        }
        do throws(ConfigurationError) {
            try self.init(certificateChain: chain, privateKey: key)
        } catch {
            throw ConfigurationError(
                file: certificateFiles.first,
                reason: "\(error.reason) (key file \(keyFile))"
            )
        }
    }

    static func readKey(_ path: String) throws(ConfigurationError) -> PrivateKey {
        let pem = try readSecret(path)
        return try key(pem.bytes, file: path)
    }

    /// Reads a file that holds a key, or may do so beside its certificates.
    static func readSecret(_ path: String) throws(ConfigurationError) -> Secret {
        do throws(FileError) {
            return try FileBytes.readSecret(path, limit: TLSLimits.certificateFileLength)
        } catch {
            throw ConfigurationError(file: error.path, reason: "cannot be read: \(error.reason)")
        }
    }

    static func chain(_ pem: Span<UInt8>, file: String?) throws(ConfigurationError) -> [Certificate] {
        do throws(CertificateError) {
            let chain = try Certificate.certificates(fromPEM: pem)
            if !chain.isEmpty { return chain }
        } catch {
            throw ConfigurationError(file: file, reason: "\(error)")
        }
        throw ConfigurationError(file: file, reason: "contains no certificate in PEM form")
    }

    private static func key(_ pem: Span<UInt8>, file: String?) throws(ConfigurationError) -> PrivateKey {
        try key(file) { () throws(CryptoError) in try PrivateKey(pem: pem) }
    }

    private static func key(
        _ pem: Span<UInt8>,
        _ passphrase: Span<UInt8>,
        rounds: Int,
        file: String?
    ) throws(ConfigurationError) -> PrivateKey {
        try key(file) { () throws(CryptoError) in
            try PrivateKey(pem: pem, passphrase: passphrase, derivationRounds: rounds)
        }
    }

    private static func key(
        _ file: String?,
        _ read: () throws(CryptoError) -> PrivateKey
    ) throws(ConfigurationError) -> PrivateKey {
        do throws(CryptoError) {
            return try read()
        } catch .invalidKey(let reason) {
            throw ConfigurationError(file: file, reason: reason)
        } catch .unsupported(let reason) {
            throw ConfigurationError(file: file, reason: reason)
        } catch {
            throw ConfigurationError(file: file, reason: "contains no private key that can be used")
        }
    }

    /// The first of `schemes` that this credential can sign with in answer to a server's request.
    func signatureScheme(
        for request: RequestedCertificate,
        preferred schemes: [SignatureScheme]
    ) -> SignatureScheme? {
        // RFC 5246 §7.4.4: rsa_sign is 1, ecdsa_sign 64, which Ed25519 goes by, too (RFC 8422 §5.5).
        if request.version == .tls12 {
            guard let authentication = CipherSuite.Authentication(keyKind),
                request.certificateTypes.contains(authentication == .rsa ? 1 : 64)
            else { return nil }
        }
        let accepted = request.signatureSchemes
        return schemes.first { canSign(with: $0, in: request.version) && accepted.contains($0) }
    }

    /// Whether the key can make handshake signatures of a scheme in a version.
    public func canSign(with scheme: SignatureScheme, in version: ProtocolVersion) -> Bool {
        (schemes?.contains(scheme) ?? true) && scheme.isUsable(with: keyKind, in: version)
    }

    /// Whether the signatures in the chain are of schemes that a peer verifies. The one of an authority on itself does not
    /// count (RFC 9846 §4.5.1.2).
    func isSigned(with schemes: [SignatureScheme]) -> Bool {
        signatureAlgorithms.allSatisfy { algorithm in
            algorithm != nil && schemes.contains { $0.algorithm == algorithm }
        }
    }

    /// Whether the chain may be shown to a peer that names these schemes for certificates: also one that it does not verify,
    /// as long as that is not for SHA-1 (RFC 9846 §4.5.1.2).
    func isPresentable(to schemes: [SignatureScheme]) -> Bool {
        !hasSHA1Signature || schemes.contains(.rsaPKCS1SHA1) || schemes.contains(.ecdsaSHA1)
    }

    /// The first of `schemes` that this credential can sign with and the peer accepts.
    func signatureScheme(
        in version: ProtocolVersion,
        preferred schemes: [SignatureScheme],
        peer: borrowing CodePointList<SignatureScheme>
    ) -> SignatureScheme? {
        for scheme in schemes where canSign(with: scheme, in: version) && peer.contains(scheme) {
            return scheme
        }
        return nil
    }
}
