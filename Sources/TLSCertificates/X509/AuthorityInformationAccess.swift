// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Where more about a certificate's issuer can be had (RFC 5280 §4.2.2.1).
enum AuthorityInformationAccess {
    /// More places than this are not looked at.
    private static let maximumCount = 16

    /// The addresses of an extension that belong to an access method.
    static func addresses(
        _ bytes: Span<UInt8>,
        in range: Range<Int>,
        method wanted: ObjectIdentifier
    ) throws(DERError) -> [String] {
        var outer = DERReader(bytes, in: range)
        var list = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        var result: [String] = []
        var count = 0
        while !list.isAtEnd, count < maximumCount {
            count += 1
            var description = list.reader(in: try list.nextSequence())
            let method = try description.nextObjectIdentifier().identifier
            let location = try description.next()
            try description.finish()
            guard method == wanted, location.tag == GeneralNameTag.uniformResourceIdentifier else { continue }
            let text = description.span(location.content)
            // Others are no addresses (RFC 3986 §2), and a caller may print what it gets.
            guard text.indices.allSatisfy({ (0x21...0x7E).contains(text[$0]) }) else { continue }
            result.append(String(decoding: copyBytes(text), as: UTF8.self))
        }
        return result
    }
}

extension Certificate {
    /// The addresses of OCSP responders that the issuer names, in their order (RFC 6960 §3.1). At most 16; those with
    /// characters that no address has are left out, and an extension that is malformed names none.
    public var ocspResponders: [String] {
        guard let range = storage.fields.extensions.authorityInformationAccess else { return [] }
        let der = der
        return (try? AuthorityInformationAccess.addresses(der.span, in: range, method: .ocspAccess)) ?? []
    }
}
