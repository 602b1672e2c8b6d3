// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a parsed revocation list consists of, mostly as positions in its encoding (RFC 5280 §5.1).
struct RevocationListFields: Sendable {
    /// The signed part with its header.
    var signedPart = 0..<0
    var signature = 0..<0
    let signatureAlgorithm: SignatureAlgorithmIdentifier
    let issuer: DistinguishedName
    var thisUpdate: Int64 = 0
    var nextUpdate: Int64 = 0
    /// Where the entries start, one position for each.
    var entries: [UInt32] = []
    var extensions = RevocationListExtensions()
}

/// The extensions of a list that are read (RFC 5280 §5.2).
struct RevocationListExtensions: Sendable {
    var number: Range<Int>?
    var authorityKeyIdentifier: Range<Int>?
    /// The whole issuingDistributionPoint: lists of one issuer with the same bytes have the same scope.
    var issuingDistributionPoint: Range<Int>?
    /// The general names of the distribution point, each a GeneralName with its header.
    var distributionPointNames: [Range<Int>]?
    var onlyContainsUserCertificates = false
    var onlyContainsAuthorityCertificates = false
}

/// One entry of a revocation list (RFC 5280 §5.1.2.6, §5.3).
struct RevocationListEntry {
    var date: Int64
    var reason: RevocationReason?
}

/// Reads a revocation list once, from front to back.
struct RevocationListParser: ~Escapable {
    /// A list of more bytes than this is refused: it has room for more than a million entries.
    static let maximumByteCount = 64 * 1024 * 1024
    /// More extensions than this are refused, of the list or of an entry; real lists have about five, entries one.
    static let maximumExtensionCount = 32

    private let bytes: Span<UInt8>
    /// The field being read, for the error message.
    private(set) var field = "its outer structure"

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    /// Reads the whole list.
    @_lifetime(self: copy self)
    mutating func parse() throws(DERError) -> RevocationListFields {
        guard bytes.count <= Self.maximumByteCount else { throw .invalidValue("it has more than 64 MiB") }
        var outer = DERReader(bytes)
        var list = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        let signedPart = try list.nextSequence()
        let outerAlgorithm = try list.nextSequence()
        let signature = try list.nextOctetAlignedBitString()
        try list.finish()

        var reader = list.reader(in: signedPart)
        field = "the version"
        // RFC 5280 §5: complete lists of both versions are to be processed. Version 1 has no extensions.
        let hasExtensions = reader.nextTag == DERTag.integer
        if hasExtensions {
            guard try reader.nextSmallInteger() == 1 else { throw .invalidValue("the version is neither 1 nor 2") }
        }
        field = "the signature algorithm"
        let innerAlgorithm = try reader.nextSequence()
        guard isEqual(bytes.extracting(innerAlgorithm.whole), bytes.extracting(outerAlgorithm.whole)) else {
            throw .invalidValue("it differs from the one beside the signature")
        }
        let algorithm = try SignatureAlgorithmIdentifier(contentsOf: innerAlgorithm, in: reader)
        field = "the issuer"
        let issuer = try DistinguishedName(reader.span(try reader.nextSequence().whole))
        guard !issuer.isEmpty else { throw .invalidValue("it has no name") }

        var fields = RevocationListFields(signatureAlgorithm: algorithm, issuer: issuer)
        fields.signedPart = signedPart.whole
        fields.signature = signature
        field = "thisUpdate"
        let thisUpdate = try reader.next()
        fields.thisUpdate = try CertificateTime.parse(reader.span(thisUpdate.content), tag: thisUpdate.tag)
        field = "nextUpdate"
        // RFC 5280 §5.1.2.5 requires it. A list without it would never expire, however old it is.
        guard let tag = reader.nextTag, tag == DERTag.utcTime || tag == DERTag.generalizedTime else {
            throw .invalidValue("it is missing")
        }
        let nextUpdate = try reader.next()
        fields.nextUpdate = try CertificateTime.parse(reader.span(nextUpdate.content), tag: nextUpdate.tag)

        if let element = try reader.nextIfPresent(DERTag.sequence) {
            field = "the revoked certificates"
            fields.entries = try entries(in: element, hasExtensions: hasExtensions)
        }
        if hasExtensions, let element = try reader.nextIfPresent(DERTag.constructedContext(0)) {
            field = "the extensions"
            var explicit = reader.reader(in: element)
            let list = try explicit.nextSequence()
            try explicit.finish()
            fields.extensions = try extensions(in: list.content)
        }
        field = "the signed part"
        try reader.finish()
        return fields
    }

    private func entries(in element: DERElement, hasExtensions: Bool) throws(DERError) -> [UInt32] {
        var list = DERReader(bytes, in: element.content)
        var result: [UInt32] = []
        while !list.isAtEnd {
            // Positions fit: the whole list has less than 4 GiB.
            result.append(UInt32(truncatingIfNeeded: list.offset))
            _ = try Self.entry(&list, hasExtensions: hasExtensions)
        }
        return result
    }

    @_lifetime(self: copy self)
    private mutating func extensions(in range: Range<Int>) throws(DERError) -> RevocationListExtensions {
        var result = RevocationListExtensions()
        var list = DERReader(bytes, in: range)
        guard !list.isAtEnd else { throw .invalidValue("the list of extensions is empty") }
        var seen: [Range<Int>] = []
        while !list.isAtEnd {
            let found = try Self.nextExtension(&list, seen: &seen)
            var reader = DERReader(bytes, in: found.value)
            switch found.identifier {
            case .crlNumber:
                field = "the cRLNumber extension"
                let number = try reader.nextInteger()
                // RFC 5280 §5.2.3: not negative, at most 20 bytes; one more for a leading zero.
                guard number.count <= 21, bytes[number.lowerBound] < 0x80 else { throw .invalidInteger }
                result.number = number
            case .authorityKeyIdentifier:
                field = "the authorityKeyIdentifier extension"
                var identifier = reader.reader(in: try reader.nextSequence())
                result.authorityKeyIdentifier = try identifier.nextIfPresent(DERTag.context(0))?.content
            case .issuingDistributionPoint:
                field = "the issuingDistributionPoint extension"
                result.issuingDistributionPoint = found.value
                try Self.issuingDistributionPoint(&reader, into: &result)
            case .deltaCRLIndicator:
                throw .invalidValue("the list is a delta list, which is not supported")
            default:
                guard !found.isCritical else { throw Self.unhandled(found.name, in: bytes) }
                continue
            }
            try reader.finish()
            field = "the extensions"
        }
        return result
    }
}

// MARK: - Extensions

extension RevocationListParser {
    private struct FoundExtension {
        var identifier: ObjectIdentifier
        var name: Range<Int>
        var isCritical: Bool
        var value: Range<Int>
    }

    private static func nextExtension(
        _ list: inout DERReader,
        seen: inout [Range<Int>]
    ) throws(DERError) -> FoundExtension {
        var reader = list.reader(in: try list.nextSequence())
        let (identifier, name) = try reader.nextObjectIdentifier()
        let isCritical = reader.nextTag == DERTag.boolean ? try reader.nextBoolean() : false
        let value = try reader.next(DERTag.octetString).content
        try reader.finish()
        for other in seen where isEqual(list.span(other), list.span(name)) {
            throw .invalidValue("the extension \(ObjectIdentifier.dotted(list.span(name))) occurs twice")
        }
        guard seen.count < maximumExtensionCount else {
            throw .invalidValue("there are more than \(maximumExtensionCount) extensions")
        }
        seen.append(name)
        return FoundExtension(identifier: identifier, name: name, isCritical: isCritical, value: value)
    }

    private static func unhandled(_ name: Range<Int>, in bytes: Span<UInt8>) -> DERError {
        .invalidValue("the critical extension \(ObjectIdentifier.dotted(bytes.extracting(name))) is not supported")
    }

    /// IssuingDistributionPoint (RFC 5280 §5.2.5).
    private static func issuingDistributionPoint(
        _ reader: inout DERReader,
        into result: inout RevocationListExtensions
    ) throws(DERError) {
        var point = reader.reader(in: try reader.nextSequence())
        if let element = try point.nextIfPresent(DERTag.constructedContext(0)) {
            guard let names = try DistributionPoint.fullName(element, in: point) else {
                throw .invalidValue("the distribution point is named relative to the issuer, which is not supported")
            }
            result.distributionPointNames = names
        }
        result.onlyContainsUserCertificates = try flag(1, &point)
        result.onlyContainsAuthorityCertificates = try flag(2, &point)
        if try point.nextIfPresent(DERTag.context(3)) != nil {
            throw .invalidValue("the list is for some reasons only, which is not supported")
        }
        if try flag(4, &point) { throw .invalidValue("the list is an indirect one, which is not supported") }
        if try flag(5, &point) {
            throw .invalidValue("the list is for attribute certificates, which are not supported")
        }
        try point.finish()
        guard !result.onlyContainsUserCertificates || !result.onlyContainsAuthorityCertificates else {
            throw .invalidValue("the list says to be for leaves only and for certificate authorities only")
        }
    }

    /// An implicitly tagged BOOLEAN that is FALSE by default.
    private static func flag(_ number: UInt8, _ reader: inout DERReader) throws(DERError) -> Bool {
        guard let element = try reader.nextIfPresent(DERTag.context(number)) else { return false }
        guard element.content.count == 1 else { throw .invalidBoolean }
        switch reader.bytes[element.content.lowerBound] {
        case 0x00: return false
        case 0xFF: return true
        default: throw .invalidBoolean
        }
    }
}

// MARK: - Entries

extension RevocationListParser {
    /// The next entry of the list of revoked certificates (RFC 5280 §5.1.2.6).
    static func entry(_ list: inout DERReader, hasExtensions: Bool) throws(DERError) -> RevocationListEntry {
        var reader = list.reader(in: try list.nextSequence())
        let serialNumber = try reader.nextInteger()
        // The limit of certificates, which it has to match.
        guard serialNumber.count <= 21 else { throw .invalidInteger }
        let date = try reader.next()
        var entry = RevocationListEntry(date: try CertificateTime.parse(reader.span(date.content), tag: date.tag))
        if hasExtensions, !reader.isAtEnd {
            var extensions = reader.reader(in: try reader.nextSequence())
            guard !extensions.isAtEnd else { throw .invalidValue("the list of an entry’s extensions is empty") }
            var seen: [Range<Int>] = []
            while !extensions.isAtEnd {
                let found = try nextExtension(&extensions, seen: &seen)
                switch found.identifier {
                case .reasonCode:
                    entry.reason = try reason(reader.bytes, in: found.value)
                // RFC 5280 §5.3.3: the entry is about a certificate of somebody else.
                case .certificateIssuer:
                    throw .invalidValue("the list is an indirect one, which is not supported")
                default:
                    guard !found.isCritical else { throw unhandled(found.name, in: reader.bytes) }
                }
            }
        }
        try reader.finish()
        return entry
    }

    /// CRLReason (RFC 5280 §5.3.1).
    private static func reason(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) -> RevocationReason {
        var reader = DERReader(bytes, in: range)
        let number = try reader.nextSmallInteger(DERTag.enumerated)
        try reader.finish()
        guard number != 8 else { throw .invalidValue("an entry has the reason removeFromCRL, as in a delta list") }
        guard let reason = RevocationReason(rawValue: number) else {
            throw .invalidValue("an entry has the unknown reason \(number)")
        }
        return reason
    }
}
