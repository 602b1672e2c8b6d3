// SPDX-License-Identifier: Apache-2.0

/// What a parsed certificate consists of, mostly as positions in its encoding (RFC 5280 §4.1).
struct CertificateFields: Sendable {
    /// The signed part with its header.
    var signedPart = 0..<0
    /// 1, 2 or 3.
    var version = 1
    var serialNumber = 0..<0
    /// The AlgorithmIdentifier inside the signed part, and the one beside the signature.
    var innerSignatureAlgorithm = 0..<0
    var signatureAlgorithm = 0..<0
    var signature = 0..<0
    var issuer: DistinguishedName
    var subject: DistinguishedName
    var notBefore: Int64 = 0
    var notAfter: Int64 = 0
    var subjectPublicKeyInfo = 0..<0
    /// The contents of the list of extensions, empty without one.
    var extensionList = 0..<0
    var extensions = CertificateExtensions()
}

/// The extensions that path validation and name checks read (RFC 5280 §4.2.1).
struct CertificateExtensions: Sendable {
    struct BasicConstraints: Sendable {
        var isCertificateAuthority = false
        var pathLengthConstraint: Int?
    }

    struct NameConstraintPositions: Sendable {
        var permitted: [GeneralNamePosition] = []
        var excluded: [GeneralNamePosition] = []
        var isCritical = false
    }

    var subjectAlternativeNames: [GeneralNamePosition] = []
    var basicConstraints: BasicConstraints?
    var keyUsage: KeyUsage?
    var extendedKeyUsage: ExtendedKeyUsage?
    var nameConstraints: NameConstraintPositions?
    var subjectKeyIdentifier: Range<Int>?
    var authorityKeyIdentifier: Range<Int>?
    /// The contents of cRLDistributionPoints, which are only read when there are revocation lists.
    var distributionPoints: Range<Int>?
    /// The contents of authorityInfoAccess, which are only read when asked for.
    var authorityInformationAccess: Range<Int>?
    /// Whether the TLS feature status_request is there: a server has to staple an OCSP response (RFC 7633 §4.2.1).
    var requiresStapledStatus = false
    /// The identifier of the first critical extension that this module doesn't process.
    var unhandledCriticalExtension: Range<Int>?
}

/// Reads a certificate once, from front to back.
struct CertificateParser: ~Escapable {
    /// A certificate of more bytes than this is refused: several thousand names fit, and a list of them does no harm.
    static let maximumByteCount = 256 * 1024
    /// More extensions than this are refused; real certificates have about ten.
    static let maximumExtensionCount = 128

    private let bytes: Span<UInt8>
    /// The field being read, for the error message.
    private(set) var field = "its outer structure"

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// Reads the whole certificate.
    @_lifetime(self: copy self)
    mutating func parse() throws(DERError) -> CertificateFields {
        guard bytes.count <= Self.maximumByteCount else { throw .lengthTooLarge }
        var outer = DERReader(bytes)
        var certificate = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        let signedPart = try certificate.nextSequence()
        let signatureAlgorithm = try certificate.nextSequence()
        let signature = try certificate.nextOctetAlignedBitString()
        try certificate.finish()

        var reader = certificate.reader(in: signedPart)
        field = "the version"
        let version = try Self.version(&reader)
        field = "the serial number"
        let serialNumber = try reader.nextInteger()
        // RFC 5280 §4.1.2.2 allows 20 bytes; some issuers count without the leading zero. Zero and negative numbers
        // are to be handled gracefully.
        guard serialNumber.count <= 21 else { throw .invalidInteger }
        field = "the signature algorithm"
        let innerSignatureAlgorithm = try reader.nextSequence()
        field = "the issuer"
        let issuer = try DistinguishedName(reader.span(try reader.nextSequence().whole))
        field = "the validity"
        var validity = reader.reader(in: try reader.nextSequence())
        let notBefore = try validity.next()
        let notAfter = try validity.next()
        try validity.finish()
        let validFrom = try CertificateTime.parse(reader.span(notBefore.content), tag: notBefore.tag)
        let validTo = try CertificateTime.parse(reader.span(notAfter.content), tag: notAfter.tag)
        field = "the subject"
        let subject = try DistinguishedName(reader.span(try reader.nextSequence().whole))
        field = "the public key"
        let publicKey = try reader.nextSequence()

        var fields = CertificateFields(issuer: issuer, subject: subject)
        fields.signedPart = signedPart.whole
        fields.version = version
        fields.serialNumber = serialNumber
        fields.innerSignatureAlgorithm = innerSignatureAlgorithm.whole
        fields.signatureAlgorithm = signatureAlgorithm.whole
        fields.signature = signature
        fields.notBefore = validFrom
        fields.notAfter = validTo
        fields.subjectPublicKeyInfo = publicKey.whole

        // Unique identifiers came with version 2, extensions with version 3; nobody uses the former.
        field = "the unique identifiers"
        if version >= 2 {
            _ = try reader.nextIfPresent(DERTag.context(1))
            _ = try reader.nextIfPresent(DERTag.context(2))
        }
        if version == 3, let element = try reader.nextIfPresent(DERTag.constructedContext(3)) {
            field = "the extensions"
            var explicit = reader.reader(in: element)
            let list = try explicit.nextSequence()
            try explicit.finish()
            fields.extensionList = list.content
            fields.extensions = try extensions(in: list.content)
        }
        field = "the signed part"
        try reader.finish()
        return fields
    }

    private static func version(_ reader: inout DERReader) throws(DERError) -> Int {
        guard let element = try reader.nextIfPresent(DERTag.constructedContext(0)) else { return 1 }
        var explicit = reader.reader(in: element)
        let number = try explicit.nextSmallInteger()
        try explicit.finish()
        // Version 1 is the default, which DER leaves out (X.690 §11.5).
        guard number == 1 || number == 2 else { throw .invalidValue("the version is none of 1, 2 and 3") }
        return number + 1
    }

    @_lifetime(self: copy self)
    private mutating func extensions(in range: Range<Int>) throws(DERError) -> CertificateExtensions {
        var result = CertificateExtensions()
        var list = DERReader(bytes, in: range)
        guard !list.isAtEnd else { throw .invalidValue("the list of extensions is empty") }
        var seen: [Range<Int>] = []
        while !list.isAtEnd {
            var reader = list.reader(in: try list.nextSequence())
            let (identifier, name) = try reader.nextObjectIdentifier()
            // DER leaves out the default FALSE, many issuers write it; nothing hangs on that.
            let isCritical = reader.nextTag == DERTag.boolean ? try reader.nextBoolean() : false
            let value = try reader.next(DERTag.octetString).content
            try reader.finish()

            // RFC 5280 §4.2: one extension of each kind.
            for other in seen where areEqual(bytes.extracting(other), bytes.extracting(name)) {
                throw .invalidValue("the extension \(ObjectIdentifier.dotted(bytes.extracting(name))) occurs twice")
            }
            guard seen.count < Self.maximumExtensionCount else {
                throw .invalidValue("there are more than \(Self.maximumExtensionCount) extensions")
            }
            seen.append(name)

            if try !read(identifier, value, isCritical: isCritical, into: &result), isCritical,
                result.unhandledCriticalExtension == nil
            {
                result.unhandledCriticalExtension = name
            }
        }
        return result
    }

    /// Reads an extension; false if it isn't one that is processed here.
    ///
    /// Key identifiers only help to find an issuer. RFC 5280 §4.2.1.1 forbids to mark them critical; one that is
    /// counts as not processed.
    @_lifetime(self: copy self)
    private mutating func read(
        _ identifier: ObjectIdentifier,
        _ value: Range<Int>,
        isCritical: Bool,
        into result: inout CertificateExtensions
    ) throws(DERError) -> Bool {
        var reader = DERReader(bytes, in: value)
        let isHandled: Bool
        switch identifier {
        case .subjectAlternativeName:
            field = "the subjectAltName extension"
            result.subjectAlternativeNames = try Self.generalNames(&reader)
            isHandled = true
        case .basicConstraints:
            field = "the basicConstraints extension"
            result.basicConstraints = try Self.basicConstraints(&reader)
            isHandled = true
        case .keyUsage:
            field = "the keyUsage extension"
            result.keyUsage = KeyUsage(rawValue: try reader.nextNamedBits())
            isHandled = true
        case .extendedKeyUsage:
            field = "the extKeyUsage extension"
            result.extendedKeyUsage = try Self.extendedKeyUsage(&reader)
            isHandled = true
        case .nameConstraints:
            field = "the nameConstraints extension"
            result.nameConstraints = try Self.nameConstraints(&reader, isCritical: isCritical)
            isHandled = true
        case .certificatePolicies where isCritical:
            field = "the certificatePolicies extension"
            isHandled = try Self.hasOnlyKnownPolicyQualifiers(&reader)
        case .subjectKeyIdentifier:
            field = "the subjectKeyIdentifier extension"
            result.subjectKeyIdentifier = try reader.next(DERTag.octetString).content
            isHandled = false
        case .authorityKeyIdentifier:
            field = "the authorityKeyIdentifier extension"
            var identifier = reader.reader(in: try reader.nextSequence())
            result.authorityKeyIdentifier = try identifier.nextIfPresent(DERTag.context(0))?.content
            isHandled = false
        case .tlsFeature:
            field = "the TLS feature extension"
            var features = reader.reader(in: try reader.nextSequence())
            while !features.isAtEnd {
                // The number of the TLS extension status_request.
                if try features.nextSmallInteger() == 5 { result.requiresStapledStatus = true }
            }
            isHandled = true
        case .crlDistributionPoints:
            result.distributionPoints = value
            return false
        case .authorityInformationAccess:
            result.authorityInformationAccess = value
            return false
        default:
            return false
        }
        try reader.finish()
        field = "the extensions"
        return isHandled
    }
}

// MARK: - Contents of extensions

extension CertificateParser {
    /// GeneralNames (RFC 5280 §4.2.1.6).
    private static func generalNames(_ reader: inout DERReader) throws(DERError) -> [GeneralNamePosition] {
        var names = reader.reader(in: try reader.nextSequence())
        var result: [GeneralNamePosition] = []
        repeat { result.append(try generalName(&names)) } while !names.isAtEnd
        return result
    }

    private static func generalName(_ reader: inout DERReader) throws(DERError) -> GeneralNamePosition {
        let element = try reader.next()
        guard GeneralNameTag.isKnown(element.tag) else {
            throw .invalidValue("a general name has the unknown tag 0x\(hexadecimal(element.tag))")
        }
        if element.tag == GeneralNameTag.directoryName {
            // The Name is a CHOICE and so explicitly tagged.
            _ = try DistinguishedName(reader.span(element.content))
        }
        return GeneralNamePosition(tag: element.tag, content: element.content)
    }

    /// BasicConstraints (RFC 5280 §4.2.1.9).
    private static func basicConstraints(
        _ reader: inout DERReader
    ) throws(DERError) -> CertificateExtensions.BasicConstraints {
        var constraints = reader.reader(in: try reader.nextSequence())
        var result = CertificateExtensions.BasicConstraints()
        if constraints.nextTag == DERTag.boolean { result.isCertificateAuthority = try constraints.nextBoolean() }
        if constraints.nextTag == DERTag.integer { result.pathLengthConstraint = try constraints.nextSmallInteger() }
        try constraints.finish()
        return result
    }

    /// ExtKeyUsageSyntax (RFC 5280 §4.2.1.12).
    private static func extendedKeyUsage(_ reader: inout DERReader) throws(DERError) -> ExtendedKeyUsage {
        var purposes = reader.reader(in: try reader.nextSequence())
        var result: ExtendedKeyUsage = []
        repeat {
            result.insert(ExtendedKeyUsage(try purposes.nextObjectIdentifier().identifier))
        } while !purposes.isAtEnd
        return result
    }

    /// Whether the qualifiers in CertificatePolicies are of the two kinds that are defined (RFC 5280 §4.2.1.4).
    ///
    /// Policies restrict nothing here: any is acceptable and none is required (RFC 5280 §6.1.1 (c), (e)), and what
    /// could require one, the policyConstraints extension, is critical and not processed. So there is nothing to
    /// interpret but the statements and notices that are meant for people.
    private static func hasOnlyKnownPolicyQualifiers(_ reader: inout DERReader) throws(DERError) -> Bool {
        var policies = reader.reader(in: try reader.nextSequence())
        var areKnown = true
        repeat {
            var policy = policies.reader(in: try policies.nextSequence())
            _ = try policy.nextObjectIdentifier()
            guard !policy.isAtEnd else { continue }
            var qualifiers = policy.reader(in: try policy.nextSequence())
            try policy.finish()
            repeat {
                var qualifier = qualifiers.reader(in: try qualifiers.nextSequence())
                switch try qualifier.nextObjectIdentifier().identifier {
                case .certificationPracticeStatement, .userNotice: break
                default: areKnown = false
                }
                _ = try qualifier.next()
                try qualifier.finish()
            } while !qualifiers.isAtEnd
        } while !policies.isAtEnd
        return areKnown
    }

    /// NameConstraints (RFC 5280 §4.2.1.10).
    private static func nameConstraints(
        _ reader: inout DERReader,
        isCritical: Bool
    ) throws(DERError) -> CertificateExtensions.NameConstraintPositions {
        var constraints = reader.reader(in: try reader.nextSequence())
        var result = CertificateExtensions.NameConstraintPositions(isCritical: isCritical)
        if let permitted = try constraints.nextIfPresent(DERTag.constructedContext(0)) {
            result.permitted = try subtrees(permitted, in: constraints)
        }
        if let excluded = try constraints.nextIfPresent(DERTag.constructedContext(1)) {
            result.excluded = try subtrees(excluded, in: constraints)
        }
        try constraints.finish()
        guard !result.permitted.isEmpty || !result.excluded.isEmpty else {
            throw .invalidValue("there is neither a permitted nor an excluded subtree")
        }
        return result
    }

    private static func subtrees(
        _ element: DERElement,
        in outer: borrowing DERReader
    ) throws(DERError) -> [GeneralNamePosition] {
        var list = outer.reader(in: element)
        var result: [GeneralNamePosition] = []
        repeat {
            var subtree = list.reader(in: try list.nextSequence())
            result.append(try generalName(&subtree))
            // RFC 5280 §4.2.1.10: minimum is the default 0, which DER leaves out, and maximum is absent.
            guard subtree.isAtEnd else { throw .invalidValue("a subtree has a minimum or maximum distance") }
        } while !list.isAtEnd
        return result
    }
}
