// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a parsed certificate consists of, mostly as positions in its encoding (RFC 5280 §4.1).
///
/// It is kept small, as a peer may send a hundred certificates of a few hundred bytes: what is known of one has to fit into
/// as many as it has.
///
/// The widest fields come first: then nothing is lost between them.
struct CertificateFields: Sendable {
    var notBefore: Int64 = 0
    var notAfter: Int64 = 0
    /// Why the certificate must not be on a path, though it was read: only where it is read leniently.
    var flaw: String?
    var extensions = CertificateExtensions()
    /// The signed part with its header.
    @Position var signedPart = 0..<0
    @Position var serialNumber = 0..<0
    /// The AlgorithmIdentifier inside the signed part, and the one beside the signature.
    @Position var innerSignatureAlgorithm = 0..<0
    @Position var signatureAlgorithm = 0..<0
    @Position var signature = 0..<0
    @Position var issuer = 0..<0
    @Position var subject = 0..<0
    @Position var subjectPublicKeyInfo = 0..<0
    /// The contents of the list of extensions, empty without one.
    @Position var extensionList = 0..<0
    /// 1, 2 or 3.
    var version: UInt8 = 1
    /// Whether issuer and subject are the same name (RFC 5280 §7.1), which path searches ask often.
    var isSelfIssued = false
}

/// The extensions that path validation and name checks read (RFC 5280 §4.2.1).
struct CertificateExtensions: Sendable {
    struct BasicConstraints: Sendable {
        var isCertificateAuthority = false
        @OptionalNumber var pathLengthConstraint: Int? = nil
    }

    /// An object, as few certificates have any.
    final class NameConstraintPositions: Sendable {
        let permitted: [GeneralNamePosition]
        let excluded: [GeneralNamePosition]
        let isCritical: Bool

        init(permitted: [GeneralNamePosition], excluded: [GeneralNamePosition], isCritical: Bool) {
            self.permitted = permitted
            self.excluded = excluded
            self.isCritical = isCritical
        }
    }

    /// PolicyConstraints (RFC 5280 §4.2.1.11): after how many certificates each begins, nil if never.
    struct PolicyConstraints: Sendable {
        @OptionalNumber var requireExplicitPolicy: Int? = nil
        @OptionalNumber var inhibitPolicyMapping: Int? = nil
    }

    var nameConstraints: NameConstraintPositions?
    /// The contents of subjectAltName's list, see ``AlternativeNames``.
    @Position var subjectAlternativeNames = 0..<0
    @OptionalPosition var subjectKeyIdentifier: Range<Int>? = nil
    @OptionalPosition var authorityKeyIdentifier: Range<Int>? = nil
    /// The contents of cRLDistributionPoints, which are only read when there are revocation lists.
    @OptionalPosition var distributionPoints: Range<Int>? = nil
    /// The contents of authorityInfoAccess, which are only read when asked for.
    @OptionalPosition var authorityInformationAccess: Range<Int>? = nil
    /// The contents of certificatePolicies and policyMappings, which are only read where policies matter.
    @OptionalPosition var certificatePolicies: Range<Int>? = nil
    @OptionalPosition var policyMappings: Range<Int>? = nil
    /// The identifier of the first critical extension that this module doesn't process.
    @OptionalPosition var unhandledCriticalExtension: Range<Int>? = nil
    var keyUsage: KeyUsage?
    var extendedKeyUsage: ExtendedKeyUsage?
    /// Whether the TLS feature status_request is there: a server has to staple an OCSP response (RFC 7633 §4.2.3.1).
    var requiresStapledStatus = false
    var basicConstraints = BasicConstraints()
    var policyConstraints = PolicyConstraints()
    /// How many certificates may follow until anyPolicy no longer stands for all policies (RFC 5280 §4.2.1.14).
    @OptionalNumber var inhibitAnyPolicy: Int? = nil
}

/// Reads a certificate once, from front to back.
struct CertificateParser: ~Escapable {
    /// A certificate of more bytes than this is refused: several thousand names fit, and a list of them does no harm.
    static let maximumByteCount = 256 * 1024
    /// More extensions than this are refused; real certificates have about ten.
    static let maximumExtensionCount = 128

    private let bytes: Span<UInt8>
    /// Whether what signatures don't need may be wrong: extensions whose contents are malformed, times, long serial
    /// numbers, Booleans as BER has them. What OpenSSL would not have on a path either is kept as a flaw.
    let isLenient: Bool
    private var flaw: String?
    /// The field being read, for the error message.
    private(set) var field = "its outer structure"

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, isLenient: Bool = false) {
        self.bytes = bytes
        self.isLenient = isLenient
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
        guard serialNumber.count <= 21 || isLenient else { throw .invalidInteger }
        field = "the signature algorithm"
        let innerSignatureAlgorithm = try reader.nextSequence()
        field = "the issuer"
        let issuer = try reader.nextSequence().whole
        try DistinguishedName.check(reader.span(issuer))
        field = "the validity"
        var validity = reader.reader(in: try reader.nextSequence())
        let notBefore = try validity.next()
        let notAfter = try validity.next()
        try validity.finish()
        let validFrom = try time(notBefore)
        let validTo = try time(notAfter)
        field = "the subject"
        let subject = try reader.nextSequence().whole
        try DistinguishedName.check(reader.span(subject))
        field = "the public key"
        let publicKey = try reader.nextSequence()

        var fields = CertificateFields()
        fields.issuer = issuer
        fields.subject = subject
        fields.isSelfIssued = DistinguishedName.isEqual(bytes.extracting(subject), bytes.extracting(issuer))
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
        fields.flaw = flaw
        return fields
    }

    /// A time, or the beginning of 1970 where it is malformed and that may be: then the certificate is never valid.
    @_lifetime(self: copy self)
    private mutating func time(_ element: DERElement) throws(DERError) -> Int64 {
        do throws(DERError) {
            return try CertificateTime.parse(bytes.extracting(element.content), tag: element.tag)
        } catch {
            try tolerate(error)
            return 0
        }
    }

    /// Keeps an error as a flaw, or throws it.
    @_lifetime(self: copy self)
    private mutating func tolerate(_ error: DERError) throws(DERError) {
        guard isLenient else { throw error }
        flaw = flaw ?? "\(field) is malformed: \(error)"
    }

    private static func version(_ reader: inout DERReader) throws(DERError) -> UInt8 {
        guard let element = try reader.nextIfPresent(DERTag.constructedContext(0)) else { return 1 }
        var explicit = reader.reader(in: element)
        let number = try explicit.nextSmallInteger()
        try explicit.finish()
        // Version 1 is the default, which DER leaves out (X.690 §11.5).
        guard number == 1 || number == 2 else { throw .invalidValue("the version is none of 1, 2 and 3") }
        return number == 1 ? 2 : 3
    }

    @_lifetime(self: copy self)
    private mutating func extensions(in range: Range<Int>) throws(DERError) -> CertificateExtensions {
        var result = CertificateExtensions()
        var list = DERReader(bytes, in: range)
        if list.isAtEnd { try tolerate(.invalidValue("the list of extensions is empty")) }
        var seen: [Range<Int>] = []
        while !list.isAtEnd {
            var reader = list.reader(in: try list.nextSequence())
            let (identifier, name) = try reader.nextObjectIdentifier()
            // DER leaves out the default FALSE, many issuers write it; nothing hangs on that.
            let isCritical = reader.nextTag == DERTag.boolean ? try reader.nextBoolean(isLenient: isLenient) : false
            let value = try reader.next(DERTag.octetString).content
            try reader.finish()

            // RFC 5280 §4.2: one extension of each kind.
            for other in seen where isEqual(bytes.extracting(other), bytes.extracting(name)) {
                let identifier = ObjectIdentifier.dotted(bytes.extracting(name))
                try tolerate(.invalidValue("the extension \(identifier) occurs twice"))
            }
            guard seen.count < Self.maximumExtensionCount else {
                throw .invalidValue("there are more than \(Self.maximumExtensionCount) extensions")
            }
            seen.append(name)

            do throws(DERError) {
                if try !read(identifier, value, isCritical: isCritical, into: &result), isCritical,
                    result.unhandledCriticalExtension == nil
                {
                    result.unhandledCriticalExtension = name
                }
            } catch {
                try tolerate(error)
            }
            field = "the extensions"
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
            result.subjectAlternativeNames = try Self.generalNames(&reader, mayBeEmpty: isLenient)
            isHandled = true
        case .basicConstraints:
            field = "the basicConstraints extension"
            result.basicConstraints = try Self.basicConstraints(&reader, isLenient: isLenient)
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
        case .certificatePolicies:
            result.certificatePolicies = value
            guard isCritical else { return false }
            field = "the certificatePolicies extension"
            isHandled = try CertificatePolicies.haveKnownQualifiers(&reader)
        case .policyMappings:
            result.policyMappings = value
            return true
        case .policyConstraints:
            field = "the policyConstraints extension"
            result.policyConstraints = try Self.policyConstraints(&reader)
            isHandled = true
        case .inhibitAnyPolicy:
            field = "the inhibitAnyPolicy extension"
            result.inhibitAnyPolicy = try reader.nextSmallInteger()
            isHandled = true
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
            field = "the cRLDistributionPoints extension"
            // One that is critical has to be understood; what isn't points to no list.
            if isCritical { _ = try DistributionPoint.points(bytes, in: value) }
            return true
        // RFC 6960 §4.2.2.2.1: nobody is asked about responders here, whether they say so or not.
        case .ocspNoCheck:
            return true
        case .authorityInformationAccess:
            result.authorityInformationAccess = value
            return false
        default:
            return false
        }
        try reader.finish()
        return isHandled
    }
}
