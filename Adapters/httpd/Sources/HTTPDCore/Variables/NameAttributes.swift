// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// Distinguished names as variables: whole, and their parts, `SSL_CLIENT_S_DN_OU`, `SSL_CLIENT_S_DN_OU_1` …
enum NameAttributes {
    /// The names of variables, by object identifier.
    private static let names = [
        "2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.7": "L", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN",
        "2.5.4.12": "T", "2.5.4.43": "I", "2.5.4.42": "G", "2.5.4.4": "S", "2.5.4.13": "D",
        "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "Email", "2.5.4.5": "SerialNumber",
    ]

    /// OpenSSL's short names, by object identifier.
    private static let shortNames = [
        "2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.7": "L", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN",
        "2.5.4.12": "title", "2.5.4.43": "initials", "2.5.4.42": "GN", "2.5.4.4": "SN", "2.5.4.13": "description",
        "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "emailAddress", "2.5.4.5": "serialNumber",
        "0.9.2342.19200300.100.1.25": "DC", "2.5.4.9": "street", "2.5.4.17": "postalCode",
        "2.5.4.15": "businessCategory", "2.5.4.41": "name", "2.5.4.44": "generationQualifier",
        "2.5.4.45": "x500UniqueIdentifier", "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym",
        "2.5.4.97": "organizationIdentifier", "1.2.840.113549.1.9.2": "unstructuredName",
        "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL", "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
    ]

    /// A name in the form of RFC 2253 as OpenSSL writes it, `CN=somebody,O=Firm\, Inc.,C=DE`: everything in reverse.
    ///
    /// Not ``DistinguishedName/description``: what administrators compare names with was copied from mod_ssl, and has
    /// OpenSSL's names for the attributes.
    static func text(_ name: DistinguishedName) -> String {
        var text = ""
        var separator = ""
        for attribute in name.attributes.reversed() {
            text += separator
            if let type = shortNames[attribute.type], let value = attribute.value {
                text += "\(type)=\(escaped(value))"
            } else {
                text += "\(attribute.type)=#" + attribute.encoding.map(hexadecimal).joined()
            }
            separator = attribute.isFirstOfSet ? "," : "+"
        }
        return text
    }

    /// A name in OpenSSL's old form, `/C=DE/O=Firm/CN=somebody`: what is not printable ASCII is hexadecimal.
    ///
    /// The separators are escaped, so that no value can look like two attributes.
    static func oneLine(_ name: DistinguishedName) -> String {
        name.attributes.map { attribute in
            let value = (attribute.value ?? "").utf8.map { byte in
                switch byte {
                case UInt8(ascii: "/"), UInt8(ascii: "+"): "\\" + String(Unicode.Scalar(byte))
                case 0x20...0x7E: String(Unicode.Scalar(byte))
                default: "\\x" + hexadecimal(byte)
                }
            }
            let type = shortNames[attribute.type] ?? attribute.type
            return "\(attribute.isFirstOfSet ? "/" : "+")\(type)=\(value.joined())"
        }.joined()
    }

    /// The variables of a name, without what stands before `DN_`. The first of several goes without a number.
    static func variables(of name: DistinguishedName) -> [(String, String)] {
        var counts: [String: Int] = [:]
        var variables: [(String, String)] = []
        for attribute in name.attributes {
            guard let short = names[attribute.type], let value = attribute.value else { continue }
            let count = counts[short, default: 0]
            counts[short] = count + 1
            variables.append((count == 0 ? short : "\(short)_\(count)", escapingControls(value)))
        }
        return variables
    }

    /// A value whose control characters, and so the backslash too, are escaped: it may go into a header or a log, and
    /// does not end early where strings end with a NUL.
    static func escapingControls(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if let escape = control(scalar) {
                result.append(contentsOf: escape.unicodeScalars)
            } else {
                if scalar == "\\" { result.append(scalar) }
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// A value in the form of RFC 2253 §2.4, with control characters as there.
    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            if let escape = control(scalar) {
                result.append(contentsOf: escape.unicodeScalars)
                continue
            }
            let isFirst = index == 0
            switch scalar {
            case ",", "+", "\"", "\\", "<", ">", ";": result.append("\\")
            case "#" where isFirst, " " where isFirst || index == scalars.count - 1: result.append("\\")
            default: break
            }
            result.append(scalar)
        }
        return String(result)
    }

    private static func control(_ scalar: Unicode.Scalar) -> String? {
        scalar.value < 0x20 || scalar.value == 0x7F ? "\\" + hexadecimal(UInt8(scalar.value)) : nil
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}
