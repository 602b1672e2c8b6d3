// SPDX-License-Identifier: Apache-2.0

/// Where the revocation lists about a certificate can be had, as its issuer says (RFC 5280 §4.2.1.13).
struct DistributionPoint {
    /// The general names, each with its header, of which any names the point; nil if it is named in another way.
    var names: [Range<Int>]?
    /// Whether the lists there are only about some reasons of revocation.
    var isForSomeReasons = false
    /// Whether somebody else than the certificate's issuer makes the lists.
    var hasOtherIssuer = false

    /// Reads a CRLDistributionPoints extension.
    static func points(_ bytes: Span<UInt8>, in range: Range<Int>) throws(DERError) -> [DistributionPoint] {
        var outer = DERReader(bytes, in: range)
        var list = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        var result: [DistributionPoint] = []
        while !list.isAtEnd {
            var reader = list.reader(in: try list.nextSequence())
            var point = DistributionPoint()
            if let element = try reader.nextIfPresent(DERTag.constructedContext(0)) {
                point.names = try fullName(element, in: reader)
            }
            point.isForSomeReasons = try reader.nextIfPresent(DERTag.context(1)) != nil
            point.hasOtherIssuer = try reader.nextIfPresent(DERTag.constructedContext(2)) != nil
            try reader.finish()
            result.append(point)
        }
        return result
    }

    /// The names in a DistributionPointName, nil if it is relative to the issuer's name, which nobody uses.
    static func fullName(_ element: DERElement, in outer: borrowing DERReader) throws(DERError) -> [Range<Int>]? {
        var choice = outer.reader(in: element)
        let name = try choice.next()
        try choice.finish()
        switch name.tag {
        case DERTag.constructedContext(0): break
        case DERTag.constructedContext(1): return nil
        default: throw .invalidValue("a distribution point has a name of unknown kind")
        }
        var names = outer.reader(in: name)
        var result: [Range<Int>] = []
        repeat {
            let name = try names.next()
            guard GeneralNameTag.isKnown(name.tag) else {
                throw .invalidValue("a general name has the unknown tag 0x\(hexadecimal(name.tag))")
            }
            result.append(name.whole)
        } while !names.isAtEnd
        return result
    }
}
