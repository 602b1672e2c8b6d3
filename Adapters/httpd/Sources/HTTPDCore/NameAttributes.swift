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
