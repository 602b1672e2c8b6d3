// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// The parts of a distinguished name as variables: `SSL_CLIENT_S_DN_OU`, `SSL_CLIENT_S_DN_OU_1` …
enum NameAttributes {
    /// By object identifier.
    private static let names = [
        "2.5.4.6": "C", "2.5.4.8": "ST", "2.5.4.7": "L", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN",
        "2.5.4.12": "T", "2.5.4.43": "I", "2.5.4.42": "G", "2.5.4.4": "S", "2.5.4.13": "D",
        "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "Email", "2.5.4.5": "SerialNumber",
    ]

    /// OpenSSL's short names where they are others than those of variables.
    private static let shortNames = [
        "2.5.4.12": "title", "2.5.4.43": "initials", "2.5.4.42": "GN", "2.5.4.4": "SN", "2.5.4.13": "description",
        "1.2.840.113549.1.9.1": "emailAddress", "2.5.4.5": "serialNumber", "2.5.4.9": "street",
        "2.5.4.17": "postalCode",
        "0.9.2342.19200300.100.1.25": "DC",
    ]

    /// A name in OpenSSL's old form, `/C=DE/O=Firm/CN=somebody`: what is not printable ASCII is hexadecimal.
    static func oneLine(_ name: DistinguishedName) -> String {
        let digits = Array("0123456789ABCDEF")
        return name.attributes.map { attribute in
            let type = shortNames[attribute.type] ?? names[attribute.type] ?? attribute.type
            let value = (attribute.value ?? "").utf8.map { byte in
                (0x20...0x7E).contains(byte)
                    ? String(Unicode.Scalar(byte)) : "\\x\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
            return "/\(type)=\(value.joined())"
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
            variables.append((count == 0 ? short : "\(short)_\(count)", value))
        }
        return variables
    }
}
