// SPDX-License-Identifier: Apache-2.0

/// The contents of extensions.
extension CertificateParser {
    /// GeneralNames (RFC 5280 §4.2.1.6): where the names stand, all of them well-formed.
    static func generalNames(
        _ reader: inout DERReader,
        mayBeEmpty: Bool
    ) throws(DERError) -> Range<Int> {
        let list = try reader.nextSequence()
        var names = reader.reader(in: list)
        if mayBeEmpty, names.isAtEnd { return list.content }
        var count = 0
        repeat {
            guard count < GeneralNamePosition.maximumCount else { throw tooManyNames }
            _ = try generalName(&names)
            count += 1
        } while !names.isAtEnd
        return list.content
    }

    private static let tooManyNames = DERError.invalidValue(
        "there are more than \(GeneralNamePosition.maximumCount) names"
    )

    private static func generalName(_ reader: inout DERReader) throws(DERError) -> GeneralNamePosition {
        let element = try reader.next()
        guard GeneralNameTag.isKnown(element.tag) else {
            throw .invalidValue("a general name has the unknown tag 0x\(hexadecimal(element.tag))")
        }
        if element.tag == GeneralNameTag.directoryName {
            // The Name is a CHOICE and so explicitly tagged.
            try DistinguishedName.check(reader.span(element.content))
        }
        return GeneralNamePosition(tag: element.tag, content: element.content)
    }

    /// BasicConstraints (RFC 5280 §4.2.1.9).
    static func basicConstraints(
        _ reader: inout DERReader,
        isLenient: Bool
    ) throws(DERError) -> CertificateExtensions.BasicConstraints {
        var constraints = reader.reader(in: try reader.nextSequence())
        var result = CertificateExtensions.BasicConstraints()
        if constraints.nextTag == DERTag.boolean {
            result.isCertificateAuthority = try constraints.nextBoolean(isLenient: isLenient)
        }
        if constraints.nextTag == DERTag.integer { result.pathLengthConstraint = try constraints.nextSmallInteger() }
        try constraints.finish()
        return result
    }

    /// ExtKeyUsageSyntax (RFC 5280 §4.2.1.12).
    static func extendedKeyUsage(_ reader: inout DERReader) throws(DERError) -> ExtendedKeyUsage {
        var purposes = reader.reader(in: try reader.nextSequence())
        var result: ExtendedKeyUsage = []
        repeat {
            result.insert(ExtendedKeyUsage(try purposes.nextObjectIdentifier().identifier))
        } while !purposes.isAtEnd
        return result
    }

    /// PolicyConstraints (RFC 5280 §4.2.1.11).
    static func policyConstraints(
        _ reader: inout DERReader
    ) throws(DERError) -> CertificateExtensions.PolicyConstraints {
        var constraints = reader.reader(in: try reader.nextSequence())
        var result = CertificateExtensions.PolicyConstraints()
        if constraints.nextTag == DERTag.context(0) {
            result.requireExplicitPolicy = try constraints.nextSmallInteger(DERTag.context(0))
        }
        if constraints.nextTag == DERTag.context(1) {
            result.inhibitPolicyMapping = try constraints.nextSmallInteger(DERTag.context(1))
        }
        try constraints.finish()
        guard result.requireExplicitPolicy != nil || result.inhibitPolicyMapping != nil else {
            throw .invalidValue("there is no constraint")
        }
        return result
    }

    /// NameConstraints (RFC 5280 §4.2.1.10).
    static func nameConstraints(
        _ reader: inout DERReader,
        isCritical: Bool
    ) throws(DERError) -> CertificateExtensions.NameConstraintPositions {
        var constraints = reader.reader(in: try reader.nextSequence())
        var permitted: [GeneralNamePosition] = []
        var excluded: [GeneralNamePosition] = []
        if let element = try constraints.nextIfPresent(DERTag.constructedContext(0)) {
            permitted = try subtrees(element, in: constraints)
        }
        if let element = try constraints.nextIfPresent(DERTag.constructedContext(1)) {
            excluded = try subtrees(element, in: constraints)
        }
        try constraints.finish()
        guard !permitted.isEmpty || !excluded.isEmpty else {
            throw .invalidValue("there is neither a permitted nor an excluded subtree")
        }
        return CertificateExtensions.NameConstraintPositions(
            permitted: permitted,
            excluded: excluded,
            isCritical: isCritical
        )
    }

    private static func subtrees(
        _ element: DERElement,
        in outer: borrowing DERReader
    ) throws(DERError) -> [GeneralNamePosition] {
        var list = outer.reader(in: element)
        var result: [GeneralNamePosition] = []
        repeat {
            guard result.count < GeneralNamePosition.maximumCount else { throw tooManyNames }
            var subtree = list.reader(in: try list.nextSequence())
            result.append(try generalName(&subtree))
            // RFC 5280 §4.2.1.10: minimum is the default 0, which DER leaves out, and maximum is absent.
            guard subtree.isAtEnd else { throw .invalidValue("a subtree has a minimum or maximum distance") }
        } while !list.isAtEnd
        return result
    }
}
