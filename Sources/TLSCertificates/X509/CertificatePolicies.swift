// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The extensions certificatePolicies and policyMappings (RFC 5280 §4.2.1.4, §4.2.1.5).
///
/// Policies are compared by the contents of their encodings, whatever their length.
enum CertificatePolicies {
    /// More policies or mappings in one certificate than this are an error. Bridges between authorities have some 60.
    static let maximumCount = 256

    /// anyPolicy, 2.5.29.32.0.
    static let anyPolicy: [UInt8] = [0x55, 0x1D, 0x20, 0x00]

    /// From a policy of the issuer's to one of the subject's that stands for it.
    struct Mapping {
        let issuerDomain: [UInt8]
        let subjectDomain: [UInt8]
    }

    /// The policies of a certificate, without their qualifiers.
    static func policies(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) -> [[UInt8]] {
        var outer = DERReader(bytes, in: range)
        var list = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        var result: [[UInt8]] = []
        repeat {
            guard result.count < maximumCount else { throw .invalidValue("there are more than \(maximumCount)") }
            var policy = list.reader(in: try list.nextSequence())
            result.append(copyBytes(policy.span(try policy.nextObjectIdentifier().content)))
        } while !list.isAtEnd
        return result
    }

    /// The mappings of a certificate. RFC 5280 §6.1.4 (a): anyPolicy is neither mapped nor mapped to.
    static func mappings(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) -> [Mapping] {
        var outer = DERReader(bytes, in: range)
        var list = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        var result: [Mapping] = []
        repeat {
            guard result.count < maximumCount else { throw .invalidValue("there are more than \(maximumCount)") }
            var mapping = list.reader(in: try list.nextSequence())
            let issuerDomain = try mapping.nextObjectIdentifier().content
            let subjectDomain = try mapping.nextObjectIdentifier().content
            try mapping.finish()
            let found = Mapping(
                issuerDomain: copyBytes(mapping.span(issuerDomain)),
                subjectDomain: copyBytes(mapping.span(subjectDomain))
            )
            guard found.issuerDomain != anyPolicy, found.subjectDomain != anyPolicy else {
                throw .invalidValue("anyPolicy is mapped")
            }
            result.append(found)
        } while !list.isAtEnd
        return result
    }

    /// Whether the qualifiers in CertificatePolicies are of the two kinds that are defined: statements and notices that are
    /// meant for people, so that there is nothing in them to process.
    static func haveKnownQualifiers(_ reader: inout DERReader) throws(DERError) -> Bool {
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
}
