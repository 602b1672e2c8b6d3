// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The name of a certificate's subject or issuer: an X.501 Name (RFC 5280 §4.1.2.4).
///
/// Two names are equal if RFC 5280 §7.1 has them so: in ASCII the case of letters, the kind of string and the number of
/// spaces don't matter. Other characters have to be the same.
public struct DistinguishedName: Sendable {
    /// What holds the encoding: the encoding itself, or that of the certificate in which it stands. A copy for each of a
    /// certificate's two names would be longer than many a name.
    private let storage: [UInt8]
    /// Where in it the encoding stands; nil for all of it.
    @OptionalPosition private var position: Range<Int>?

    /// One attribute of a name: its type and its value as they are encoded.
    struct Attribute {
        var type: Range<Int>
        var identifier: ObjectIdentifier
        var valueTag: UInt8
        var value: DERElement
        var isFirstOfSet: Bool
    }

    /// Reads the DER encoding of a Name.
    ///
    /// - Throws: ``CertificateError`` if the encoding isn't a Name.
    public init(der: [UInt8]) throws(CertificateError) {
        self.init(holding: der)
        do throws(DERError) {
            try Self.check(der.span)
        } catch {
            throw CertificateError("the distinguished name is malformed: \(error)")
        }
    }

    init(_ der: Span<UInt8>) throws(DERError) {
        self.init(holding: copyBytes(der))
        try Self.check(der)
    }

    /// A name at a position in a certificate, where its parser has checked it: nothing is copied, and the name keeps the
    /// certificate's encoding alive.
    init(at position: Range<Int>, inCertificate der: [UInt8]) {
        self.init(holding: der, at: position)
    }

    private init(holding storage: [UInt8], at position: Range<Int>? = nil) {
        self.storage = storage
        self.position = position
    }

    /// The DER encoding of the Name, a SEQUENCE.
    public var der: [UInt8] { position == nil ? storage : copyBytes(bytes) }

    /// The encoding where it lies.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = storage.span
            return bytes.extracting((position ?? 0..<bytes.count).clamped(to: 0..<bytes.count))
        }
    }

    /// Whether the name has no attributes.
    public var isEmpty: Bool { bytes.count <= 2 }

    /// One attribute of a name, as text.
    public struct TextAttribute: Hashable, Sendable {
        /// The attribute's type as a dotted object identifier, for instance `2.5.4.3`.
        public let type: String
        /// The value; nil when it is no string.
        public let value: String?
        /// The value as it is encoded, in DER.
        public let encoding: [UInt8]
        /// Whether the attribute begins a set: nearly always, as most sets have one attribute only.
        public let isFirstOfSet: Bool
    }

    /// The attributes in the order in which they are encoded.
    public var attributes: [TextAttribute] {
        var result: [TextAttribute] = []
        forEachAttribute { attribute in
            result.append(
                TextAttribute(
                    type: ObjectIdentifier.dotted(bytes.extracting(attribute.type)),
                    value: Self.text(of: bytes.extracting(attribute.value.content), tag: attribute.valueTag),
                    encoding: copyBytes(bytes.extracting(attribute.value.whole)),
                    isFirstOfSet: attribute.isFirstOfSet
                )
            )
        }
        return result
    }

    /// The common names as Unicode text, in their order.
    public var commonNames: [String] {
        var result: [String] = []
        forEachAttribute { attribute in
            guard attribute.identifier == AttributeType.commonName,
                let text = Self.text(of: bytes.extracting(attribute.value.content), tag: attribute.valueTag)
            else { return }
            result.append(text)
        }
        return result
    }

    /// The last common name, as Unicode text.
    public var commonName: String? {
        var result: String?
        forEachAttribute { attribute in
            guard attribute.identifier == AttributeType.commonName else { return }
            result = Self.text(of: bytes.extracting(attribute.value.content), tag: attribute.valueTag)
        }
        return result
    }

    /// The values of the e-mail address attributes, as they are encoded.
    var mailAddresses: [[UInt8]] {
        var result: [[UInt8]] = []
        forEachAttribute { attribute in
            guard attribute.identifier == AttributeType.emailAddress else { return }
            result.append(copyBytes(bytes.extracting(attribute.value.content)))
        }
        return result
    }

    /// Checks that an encoding is a Name.
    static func check(_ der: Span<UInt8>) throws(DERError) {
        try forEachAttribute(of: der) { _ in }
    }

    static func forEachAttribute(
        of der: Span<UInt8>,
        _ body: (Attribute) -> Void
    ) throws(DERError) {
        var outer = DERReader(der)
        var sets = outer.reader(in: try outer.nextSequence())
        try outer.finish()
        while !sets.isAtEnd {
            var attributes = sets.reader(in: try sets.next(DERTag.set))
            var isFirst = true
            repeat {
                var attribute = attributes.reader(in: try attributes.nextSequence())
                let type = try attribute.nextObjectIdentifier()
                let value = try attribute.next()
                try attribute.finish()
                body(
                    Attribute(
                        type: type.content,
                        identifier: type.identifier,
                        valueTag: value.tag,
                        value: value,
                        isFirstOfSet: isFirst
                    )
                )
                isFirst = false
            } while !attributes.isAtEnd
        }
    }

    func forEachAttribute(_ body: (Attribute) -> Void) {
        // Checked when the name was made.
        try? Self.forEachAttribute(of: bytes, body)
    }
}

// MARK: - Text

/// The attribute types that have a short name.
private enum AttributeType {
    static let commonName = packed(3)
    static let emailAddress = packed([0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01])

    /// Names of RFC 4514 §3 and those registered with LDAP that certificates use; `emailAddress` is what everybody
    /// calls PKCS #9's attribute.
    static let names: [ObjectIdentifier: String] = [
        packed(3): "CN", packed(4): "SN", packed(5): "serialNumber", packed(6): "C", packed(7): "L", packed(8): "ST",
        packed(9): "STREET", packed(10): "O", packed(11): "OU", packed(12): "title", packed(15): "businessCategory",
        packed(17): "postalCode", packed(42): "givenName", packed(43): "initials", packed(46): "dnQualifier",
        packed(97): "organizationIdentifier",
        packed([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x01]): "UID",
        packed([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19]): "DC",
        emailAddress: "emailAddress",
    ]

    /// An attribute below 2.5.4.
    private static func packed(_ number: UInt8) -> ObjectIdentifier { packed([0x55, 0x04, number]) }

    private static func packed(_ content: [UInt8]) -> ObjectIdentifier {
        (try? ObjectIdentifier(content.span)) ?? .other
    }
}

extension DistinguishedName: CustomStringConvertible {
    /// The string form of RFC 4514: last attribute first, special characters escaped.
    ///
    /// Control characters are escaped too, so that the text can go into a log as it is.
    public var description: String {
        var parts: [(text: String, isFirstOfSet: Bool)] = []
        forEachAttribute { attribute in
            let value = bytes.extracting(attribute.value.content)
            let text: String
            if let name = AttributeType.names[attribute.identifier],
                let words = Self.text(of: value, tag: attribute.valueTag)
            {
                text = name + "=" + Self.escaped(words)
            } else {
                // An unknown type is dotted, and its value is the encoding in hexadecimal (RFC 4514 §2.4).
                let encoding = bytes.extracting(attribute.value.whole)
                text = ObjectIdentifier.dotted(bytes.extracting(attribute.type)) + "=#" + Self.hexadecimals(encoding)
            }
            parts.append((text, attribute.isFirstOfSet))
        }
        var result = ""
        var index = parts.count
        while index > 0 {
            // A set of several attributes keeps its order, joined by "+".
            var start = index - 1
            while start > 0, !parts[start].isFirstOfSet { start -= 1 }
            if !result.isEmpty { result += "," }
            result += parts[start..<index].map(\.text).joined(separator: "+")
            index = start
        }
        return result
    }

    private static func hexadecimals(_ bytes: Span<UInt8>) -> String {
        var result = ""
        for index in bytes.indices { result += hexadecimal(bytes[index]) }
        return result
    }

    /// A string value as Unicode; nil for what isn't a string.
    static func text(of value: Span<UInt8>, tag: UInt8) -> String? {
        var scalars = String.UnicodeScalarView()
        let width: Int
        switch tag {
        case DERTag.utf8String, DERTag.printableString, DERTag.ia5String, DERTag.numericString, DERTag.visibleString:
            return String(decoding: copyBytes(value), as: UTF8.self)
        // T.61 was always read as Latin-1 by everybody.
        case DERTag.teletexString: width = 1
        case DERTag.bmpString: width = 2
        case DERTag.universalString: width = 4
        default: return nil
        }
        guard value.count % width == 0 else { return nil }
        for start in stride(from: 0, to: value.count, by: width) {
            var code: UInt32 = 0
            for index in start..<start + width { code = code << 8 | UInt32(value[index]) }
            scalars.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(scalars)
    }

    /// Escapes a value as RFC 4514 §2.4 says.
    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "\"", "+", ",", ";", "<", ">", "\\":
                result.append("\\")
                result.append(scalar)
            case " " where index == 0 || index == scalars.count - 1, "#" where index == 0:
                result.append("\\")
                result.append(scalar)
            case _ where isInvisible(scalar):
                for byte in String(scalar).utf8 { result.append(contentsOf: ("\\" + hexadecimal(byte)).unicodeScalars) }
            default:
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// Controls, line separators and characters that change the direction of what is shown around them.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
