// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension Certificate {
    /// The value of an extension, as the contents of its OCTET STRING; nil if the certificate has none of that kind.
    ///
    /// - Parameter identifier: The object identifier in dotted form, as `2.5.29.14`.
    public func extensionValue(_ identifier: String) -> [UInt8]? {
        guard let wanted = ObjectIdentifier.encoded(identifier) else { return nil }
        let der = der
        var list = DERReader(der.span, in: storage.fields.extensionList)
        do throws(DERError) {
            while !list.isAtEnd {
                var reader = list.reader(in: try list.nextSequence())
                let (_, name) = try reader.nextObjectIdentifier()
                guard isEqual(reader.span(name), wanted.span) else { continue }
                _ = try reader.nextIfPresent(DERTag.boolean)
                return bytes(try reader.next(DERTag.octetString).content)
            }
        } catch {
            // The parser has read them all.
        }
        return nil
    }
}

extension ObjectIdentifier {
    /// The contents of the encoding of an identifier in dotted form (X.690 §8.19); nil if it is none.
    static func encoded(_ dotted: String) -> [UInt8]? {
        var arcs: [UInt64] = []
        for part in dotted.split(separator: ".", omittingEmptySubsequences: false) {
            guard part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let arc = UInt64(part)
            else { return nil }
            arcs.append(arc)
        }
        // The first two share a number.
        guard arcs.count >= 2, arcs[0] <= 2, arcs[0] == 2 || arcs[1] < 40, arcs[1] < UInt64.max - 80 else { return nil }
        arcs.replaceSubrange(0..<2, with: [arcs[0] * 40 + arcs[1]])
        var content: [UInt8] = []
        for arc in arcs {
            var digits = [UInt8(arc & 0x7F)]
            var rest = arc >> 7
            while rest > 0 {
                digits.append(UInt8(rest & 0x7F) | 0x80)
                rest >>= 7
            }
            content += digits.reversed()
        }
        return content
    }
}
