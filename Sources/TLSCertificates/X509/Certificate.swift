// SPDX-License-Identifier: Apache-2.0

public import TLSCrypto

/// An X.509 certificate (RFC 5280), parsed once and shared without copying.
///
/// Parsing checks the structure and the extensions that this module processes. Whether to trust what the certificate
/// says is another question, which ``CertificateVerifier`` answers. The public key is only looked at when asked for,
/// so that a certificate with a key of an unknown kind still parses.
public struct Certificate: Sendable {
    let storage: Storage

    /// The parsed certificate and its key once somebody has asked for it.
    final class Storage: Sendable {
        let der: [UInt8]
        let fields: CertificateFields
        /// See ``Certificate/init(lenientlyReading:)``.
        let isLenient: Bool
        let publicKey = LazyReference<PublicKey>()
        /// The issuer's signature, once it has been found good.
        let checkedSignature = LazyReference<CheckedSignature>()

        init(der: [UInt8], fields: CertificateFields, isLenient: Bool) {
            self.der = der
            self.fields = fields
            self.isLenient = isLenient
        }
    }

    /// Reads a certificate of at most 256 KiB from its DER encoding.
    ///
    /// - Throws: ``CertificateError`` that names the field that isn't well-formed.
    public init(der: [UInt8]) throws(CertificateError) {
        try self.init(der: der, isLenient: false)
    }

    /// Reads a certificate of at most 256 KiB of which nothing needs to be right but its structure, names and key, for
    /// applications that do not verify it, or by rules of their own.
    ///
    /// Taken are extensions with malformed contents, or twice; malformed times; empty lists of alternative names; serial
    /// numbers of any length; Booleans as BER has them. Of these, the first three are a flaw for which a
    /// ``CertificateVerifier`` refuses the certificate; the others it lets pass, as OpenSSL does.
    ///
    /// - Throws: ``CertificateError`` that names the field that isn't well-formed.
    public init(lenientlyReading der: [UInt8]) throws(CertificateError) {
        try self.init(der: der, isLenient: true)
    }

    private init(der: [UInt8], isLenient: Bool) throws(CertificateError) {
        var parser = CertificateParser(der.span, isLenient: isLenient)
        let fields: CertificateFields
        do throws(DERError) {
            fields = try parser.parse()
        } catch {
            throw CertificateError("the certificate is malformed in \(parser.field): \(error)")
        }
        storage = Storage(der: der, fields: fields, isLenient: isLenient)
    }

    /// Reads the certificates of a PEM text (RFC 7468), in their order; other kinds of blocks are passed over.
    ///
    /// - Throws: ``CertificateError`` if the text holds no certificate, or one that cannot be read.
    public static func certificates(fromPEM text: Span<UInt8>) throws(CertificateError) -> [Certificate] {
        let blocks: [PEM.Block]
        do {
            blocks = try PEM.blocks(in: text) { $0 == "CERTIFICATE" || $0 == "X509 CERTIFICATE" }
        } catch {
            throw CertificateError("the PEM text is malformed: \(error)")
        }
        var result: [Certificate] = []
        for block in blocks {
            do throws(CertificateError) {
                result.append(try Certificate(der: block.der))
            } catch {
                throw CertificateError("certificate \(result.count + 1) of the PEM text cannot be used: \(error)")
            }
        }
        guard !result.isEmpty else { throw CertificateError("the PEM text contains no CERTIFICATE block") }
        return result
    }
}

extension Certificate: Hashable {
    /// Two certificates are equal if their encodings are.
    public static func == (left: Certificate, right: Certificate) -> Bool {
        left.storage === right.storage || left.storage.der == right.storage.der
    }

    /// Feeds the encoding to the hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(storage.der)
    }
}

extension Certificate: CustomStringConvertible {
    /// The subject, or for a certificate without one its first alternative name or its serial number.
    public var description: String {
        let text: String
        if !subject.isEmpty {
            text = subject.description
        } else if let name = dnsNames.first {
            text = "DNS:" + name
        } else if let address = ipAddresses.first {
            text = "IP:" + IPAddress.describe(address)
        } else {
            text = "serial number " + serialNumber.map(hexadecimal).joined()
        }
        // A sentence, not a page: somebody else may have chosen the name.
        return text.shortened(to: 200)
    }
}

// MARK: - Fields

extension Certificate {
    /// The certificate's encoding.
    public var der: [UInt8] { storage.der }

    /// The X.509 version: 1, 2 or 3.
    public var version: Int { Int(storage.fields.version) }

    /// The name of whom the certificate is about; empty if only alternative names say it.
    public var subject: DistinguishedName { name(at: storage.fields.subject) }

    /// The name of who signed the certificate.
    public var issuer: DistinguishedName { name(at: storage.fields.issuer) }

    /// The serial number's two's complement bytes.
    public var serialNumber: [UInt8] { bytes(storage.fields.serialNumber) }

    /// The first second of the validity period, in seconds since 1970-01-01T00:00:00Z.
    public var notBefore: Int64 { storage.fields.notBefore }

    /// The last second of the validity period, in seconds since 1970-01-01T00:00:00Z.
    public var notAfter: Int64 { storage.fields.notAfter }

    /// The DER encoding of the public key with its algorithm, a SubjectPublicKeyInfo.
    public var subjectPublicKeyInfo: [UInt8] { bytes(storage.fields.subjectPublicKeyInfo) }

    /// Whether the basic constraints say that the subject may issue certificates (RFC 5280 §4.2.1.9).
    public var isCertificateAuthority: Bool {
        storage.fields.extensions.basicConstraints.isCertificateAuthority
    }

    /// How many certificate authorities may follow this one on the way to a leaf, not counting self-issued ones.
    public var pathLengthConstraint: Int? { storage.fields.extensions.basicConstraints.pathLengthConstraint }

    /// What the key may be used for, nil if the certificate doesn't say.
    public var keyUsage: KeyUsage? { storage.fields.extensions.keyUsage }

    /// The purposes the certificate may be used for, nil if it doesn't say.
    public var extendedKeyUsage: ExtendedKeyUsage? { storage.fields.extensions.extendedKeyUsage }

    /// Whether a server has to send an OCSP response together with the certificate ("must staple", RFC 7633 §4.2.3.1).
    public var requiresStapledStatus: Bool { storage.fields.extensions.requiresStapledStatus }

    /// The names that a certificate authority may certify, nil if it isn't constrained.
    public var nameConstraints: NameConstraints? {
        guard let positions = storage.fields.extensions.nameConstraints else { return nil }
        return NameConstraints(
            permittedSubtrees: positions.permitted.map(generalName),
            excludedSubtrees: positions.excluded.map(generalName),
            isCritical: positions.isCritical
        )
    }

    /// The key identifier that the subject's certificates carry (RFC 5280 §4.2.1.2), nil if absent.
    public var subjectKeyIdentifier: [UInt8]? { storage.fields.extensions.subjectKeyIdentifier.map(bytes) }

    /// The key identifier of the issuer (RFC 5280 §4.2.1.1), nil if absent.
    public var authorityKeyIdentifier: [UInt8]? { storage.fields.extensions.authorityKeyIdentifier.map(bytes) }

    /// Whether subject and issuer are the same name.
    public var isSelfIssued: Bool { storage.fields.isSelfIssued }

    func bytes(_ range: Range<Int>) -> [UInt8] {
        let der = der
        return copyBytes(der.span.extracting(range))
    }

    /// A name that the parser has checked.
    func name(at position: Range<Int>) -> DistinguishedName {
        DistinguishedName(at: position, inCertificate: storage.der)
    }

    func generalName(_ position: GeneralNamePosition) -> GeneralName {
        switch position.tag {
        case GeneralNameTag.dnsName:
            return .dnsName(String(decoding: bytes(position.content), as: UTF8.self))
        case GeneralNameTag.ipAddress:
            return .ipAddress(bytes(position.content))
        case GeneralNameTag.directoryName:
            return .directoryName(name(at: position.content))
        default:
            break
        }
        return .other(tag: position.tag & 0x1F, value: bytes(position.content))
    }
}

// MARK: - Key and signature

extension Certificate {
    /// The kind of the public key, nil if it isn't supported or is malformed.
    public var publicKeyKind: KeyKind? {
        let der = der
        return try? SubjectPublicKeyInfo(der.span, in: storage.fields.subjectPublicKeyInfo).kind
    }

    /// Whether the public key is a compressed point of an elliptic curve (RFC 5480 §2.2).
    package var hasCompressedPoint: Bool {
        guard case .success(let info) = publicKeyInfo else { return false }
        return info.isCompressed
    }

    /// The public key, built when first asked for and kept.
    ///
    /// - Throws: ``CertificateError`` if the key is malformed or of an unsupported kind.
    public func publicKey() throws(CertificateError) -> PublicKey {
        do throws(DERError) {
            return try usableKey()
        } catch {
            throw CertificateError("the public key of “\(self)” cannot be used: \(error)")
        }
    }

    /// The public key; errors are short and don't name the certificate, since a search may meet many.
    func usableKey() throws(DERError) -> PublicKey {
        if let key = storage.publicKey.load() { return key }
        let der = der
        let bytes = der.span
        let info = try SubjectPublicKeyInfo(bytes, in: storage.fields.subjectPublicKeyInfo)
        let key: PublicKey
        do throws(CryptoError) {
            key = try info.publicKey(in: bytes)
        } catch {
            switch error {
            case .invalidKey(let why), .unsupported(let why), .internalFailure(let why):
                // It becomes part of a sentence.
                throw .invalidValue(why.hasSuffix(".") ? String(why.dropLast()) : why)
            case .authenticationFailed, .invalidPeerKey, .invalidSignature, .randomUnavailable:
                throw .invalidValue("the key is not valid")
            }
        }
        return storage.publicKey.storeIfNil(key)
    }

    /// The algorithm of the issuer's signature on this certificate, nil if it isn't supported.
    public var signatureAlgorithm: SignatureAlgorithm? {
        if case .supported(let algorithm) = signatureAlgorithmIdentifier { algorithm } else { nil }
    }

    /// The name of the signature's algorithm as OpenSSL spells it, for instance `sha256WithRSAEncryption`; nil if it isn't
    /// supported.
    public var signatureAlgorithmName: String? {
        switch signatureAlgorithm {
        case .rsaPKCS1(let hash): "\(Self.name(of: hash))WithRSAEncryption"
        case .rsaPSS: "rsassaPss"
        case .ecdsa(let hash): "ecdsa-with-\(Self.name(of: hash).uppercased())"
        case .ed25519: "ED25519"
        case .mlDSA(let set): set.name
        case nil: nil
        }
    }

    private static func name(of hash: HashAlgorithm) -> String {
        switch hash {
        case .sha1: "sha1"
        case .sha256: "sha256"
        case .sha384: "sha384"
        case .sha512: "sha512"
        }
    }

    /// Whether the issuer's signature is over a SHA-1 digest, which nobody verifies unless he says so (RFC 9846 §4.5.1.2).
    package var hasSHA1Signature: Bool {
        let der = der
        var reader = DERReader(der.span, in: storage.fields.signatureAlgorithm)
        do throws(DERError) {
            let element = try reader.nextSequence()
            return try SignatureAlgorithmIdentifier.usesSHA1(contentsOf: element, in: reader)
        } catch {
            return false
        }
    }

    var signatureAlgorithmIdentifier: SignatureAlgorithmIdentifier {
        let der = der
        var reader = DERReader(der.span, in: storage.fields.signatureAlgorithm)
        do throws(DERError) {
            let element = try reader.nextSequence()
            return try SignatureAlgorithmIdentifier(contentsOf: element, in: reader)
        } catch {
            return .unsupported("an algorithm identifier that is malformed: \(error)")
        }
    }

    /// Whether the signature algorithm inside the signed part is the one beside the signature (RFC 5280 §4.1.1.2).
    var hasConsistentSignatureAlgorithm: Bool {
        let der = der
        let bytes = der.span
        return isEqual(
            bytes.extracting(storage.fields.signatureAlgorithm),
            bytes.extracting(storage.fields.innerSignatureAlgorithm)
        )
    }
}
