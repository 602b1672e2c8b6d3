// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a parsed OCSP response consists of, mostly as positions in its encoding (RFC 6960 §4.2.1).
struct OCSPResponseFields: Sendable {
    enum Responder: Sendable {
        /// A Name.
        case name(Range<Int>)
        /// The SHA-1 of a public key.
        case key(Range<Int>)
    }

    /// tbsResponseData with its header.
    let signedPart: Range<Int>
    let signatureAlgorithm: SignatureAlgorithmIdentifier
    let signature: Range<Int>
    let responder: Responder
    let responses: [OCSPSingleResponse]
    /// The certificates that came along, each with its header.
    let certificates: [Range<Int>]
    /// The contents of the nonce extension.
    let nonce: Range<Int>?
}

/// What a response says of one certificate (RFC 6960 §4.2.1).
struct OCSPSingleResponse: Sendable {
    /// Nil for a hash that is not known: the response is about no certificate that could be recognised.
    let hash: HashAlgorithm?
    let issuerNameHash: Range<Int>
    let issuerKeyHash: Range<Int>
    let serialNumber: Range<Int>
    let status: OCSPResponse.Status
    let thisUpdate: Int64
    let nextUpdate: Int64?

    /// Until when it is up to date, in UNIX seconds, if it may be so old at most.
    func expiry(maximumAge: Int64?) -> Int64 {
        // RFC 6960 §4.2.2.1: without nextUpdate newer information is always available; an hour is new enough.
        let end = nextUpdate ?? thisUpdate + 3_600
        guard let maximumAge, maximumAge < end - thisUpdate else { return end }
        return thisUpdate + maximumAge
    }
}

/// Reads an OCSP response once, from front to back.
struct OCSPResponseParser: ~Escapable {
    private let bytes: Span<UInt8>
    /// The field being read, for the error message.
    private(set) var field = "its outer structure"

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// Reads the whole response.
    @_lifetime(self: copy self)
    mutating func parse() throws(DERError) -> OCSPResponseFields {
        guard bytes.count <= OCSPResponse.maximumByteCount else { throw .invalidValue("it has more than 64 KiB") }
        var outer = DERReader(bytes)
        var response = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        field = "the response status"
        let status = try response.nextSmallInteger(DERTag.enumerated)
        guard status == 0 else {
            let refusal = OCSPRefusal(rawValue: status).map { "\($0)" } ?? "status \(status)"
            throw .invalidValue("the responder gave no answer (\(refusal))")
        }
        field = "the response bytes"
        var explicit = response.reader(in: try response.next(DERTag.constructedContext(0)))
        try response.finish()
        var responseBytes = explicit.reader(in: try explicit.nextSequence())
        try explicit.finish()
        guard try responseBytes.nextObjectIdentifier().identifier == .basicOCSPResponse else {
            throw .invalidValue("its type is not id-pkix-ocsp-basic")
        }
        let basic = try responseBytes.next(DERTag.octetString)
        try responseBytes.finish()
        return try basicResponse(in: basic.content)
    }

    /// BasicOCSPResponse.
    @_lifetime(self: copy self)
    private mutating func basicResponse(in range: Range<Int>) throws(DERError) -> OCSPResponseFields {
        field = "the basic response"
        var outer = DERReader(bytes, in: range)
        var basic = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        let signedPart = try basic.nextSequence()
        let algorithm = try SignatureAlgorithmIdentifier(contentsOf: try basic.nextSequence(), in: basic)
        let signature = try basic.nextOctetAlignedBitString()
        field = "the certificates"
        var certificates: [Range<Int>] = []
        if let element = try basic.nextIfPresent(DERTag.constructedContext(0)) {
            var explicit = basic.reader(in: element)
            var list = explicit.reader(in: try explicit.nextSequence())
            try explicit.finish()
            while !list.isAtEnd {
                guard certificates.count < OCSPResponse.maximumCount else { throw .invalidValue("there are too many") }
                certificates.append(try list.nextSequence().whole)
            }
        }
        try basic.finish()

        var data = basic.reader(in: signedPart)
        field = "the version"
        if let element = try data.nextIfPresent(DERTag.constructedContext(0)) {
            var explicit = data.reader(in: element)
            guard try explicit.nextSmallInteger() == 0 else { throw .invalidValue("the version is not 1") }
            try explicit.finish()
        }
        field = "the responder's name"
        let responder: OCSPResponseFields.Responder
        if let element = try data.nextIfPresent(DERTag.constructedContext(1)) {
            var explicit = data.reader(in: element)
            responder = .name(try explicit.nextSequence().whole)
            try explicit.finish()
        } else {
            var explicit = data.reader(in: try data.next(DERTag.constructedContext(2)))
            responder = .key(try explicit.next(DERTag.octetString).content)
            try explicit.finish()
        }
        field = "producedAt"
        _ = try Self.time(&data)
        field = "the single responses"
        var responses: [OCSPSingleResponse] = []
        var list = data.reader(in: try data.nextSequence())
        while !list.isAtEnd {
            guard responses.count < OCSPResponse.maximumCount else { throw .invalidValue("there are too many") }
            responses.append(try Self.single(&list))
        }
        field = "the extensions"
        var nonce: Range<Int>?
        if let element = try data.nextIfPresent(DERTag.constructedContext(1)) {
            nonce = try Self.checkExtensions(in: element, of: data)
        }
        try data.finish()
        return OCSPResponseFields(
            signedPart: signedPart.whole,
            signatureAlgorithm: algorithm,
            signature: signature,
            responder: responder,
            responses: responses,
            certificates: certificates,
            nonce: nonce
        )
    }

    /// SingleResponse.
    private static func single(_ list: inout DERReader) throws(DERError) -> OCSPSingleResponse {
        var single = list.reader(in: try list.nextSequence())
        var identifier = single.reader(in: try single.nextSequence())
        var algorithm = identifier.reader(in: try identifier.nextSequence())
        let hash: HashAlgorithm? =
            switch try algorithm.nextObjectIdentifier().identifier {
            case .sha1: .sha1
            case .sha256: .sha256
            case .sha384: .sha384
            case .sha512: .sha512
            default: nil
            }
        let parameters = algorithm.isAtEnd ? nil : try algorithm.next()
        try algorithm.finish()
        guard isNullOrAbsent(parameters) else { throw .invalidValue("a hash has parameters") }
        let nameHash = try identifier.next(DERTag.octetString).content
        let keyHash = try identifier.next(DERTag.octetString).content
        let serialNumber = try identifier.nextInteger()
        try identifier.finish()
        let status = try status(&single)
        let thisUpdate = try time(&single)
        var nextUpdate: Int64?
        if let element = try single.nextIfPresent(DERTag.constructedContext(0)) {
            var explicit = single.reader(in: element)
            nextUpdate = try time(&explicit)
            try explicit.finish()
        }
        if let element = try single.nextIfPresent(DERTag.constructedContext(1)) {
            _ = try checkExtensions(in: element, of: single)
        }
        try single.finish()
        return OCSPSingleResponse(
            hash: hash,
            issuerNameHash: nameHash,
            issuerKeyHash: keyHash,
            serialNumber: serialNumber,
            status: status,
            thisUpdate: thisUpdate,
            nextUpdate: nextUpdate
        )
    }

    /// CertStatus.
    private static func status(_ single: inout DERReader) throws(DERError) -> OCSPResponse.Status {
        let element = try single.next()
        switch element.tag {
        case DERTag.context(0), DERTag.context(2):
            guard element.content.isEmpty else { throw .invalidValue("a status has contents") }
            return element.tag == DERTag.context(0) ? .good : .unknown
        case DERTag.constructedContext(1):
            var information = single.reader(in: element)
            let date = try time(&information)
            var reason: RevocationReason?
            if let element = try information.nextIfPresent(DERTag.constructedContext(0)) {
                var explicit = information.reader(in: element)
                reason = RevocationReason(rawValue: try explicit.nextSmallInteger(DERTag.enumerated))
                try explicit.finish()
            }
            try information.finish()
            return .revoked(reason: reason, date: date)
        default:
            throw .invalidValue("a status is none of good, revoked and unknown")
        }
    }

    /// GeneralizedTime.
    private static func time(_ reader: inout DERReader) throws(DERError) -> Int64 {
        let element = try reader.next(DERTag.generalizedTime)
        return try CertificateTime.parse(reader.span(element.content), tag: element.tag)
    }

    /// Extensions: none is needed, and a critical one that is not known makes the response useless (RFC 6960 §4.4).
    /// - Returns: Where the contents of a nonce stand.
    private static func checkExtensions(
        in element: DERElement,
        of outer: borrowing DERReader
    ) throws(DERError) -> Range<Int>? {
        var explicit = outer.reader(in: element)
        var list = explicit.reader(in: try explicit.nextSequence())
        try explicit.finish()
        var count = 0
        var nonce: Range<Int>?
        while !list.isAtEnd {
            count += 1
            guard count <= OCSPResponse.maximumCount else { throw .invalidValue("there are too many extensions") }
            var found = list.reader(in: try list.nextSequence())
            let identifier = try found.nextObjectIdentifier()
            let isCritical = found.nextTag == DERTag.boolean ? try found.nextBoolean() : false
            let value = try found.next(DERTag.octetString).content
            try found.finish()
            if identifier.identifier == .ocspNonce { nonce = value }
            guard !isCritical || identifier.identifier == .ocspNonce else {
                throw .invalidValue(
                    "the critical extension \(ObjectIdentifier.dotted(found.span(identifier.content))) is not supported"
                )
            }
        }
        return nonce
    }
}
