// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// The alternative names of a certificate as variables: `SSL_CLIENT_SAN_Email_0`, `…_DNS_0`, `…_OTHER_msUPN_0`.
enum AlternativeNames {
    /// Microsoft's user principal name, 1.3.6.1.4.1.311.20.2.3, and the service name of RFC 4985, 1.3.6.1.5.5.7.8.7.
    private static let otherNames: [(identifier: [UInt8], name: String)] = [
        ([0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x14, 0x02, 0x03], "OTHER_msUPN"),
        ([0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x07], "OTHER_dnsSRV"),
    ]

    /// More names than this in one certificate are no variables: requests copy them all, and a client's certificate has
    /// room for thousands. Real ones have a few, those of servers up to a hundred.
    static let maximumCount = 256

    /// The variables, without what stands before `SAN_`.
    static func variables(of certificate: Certificate) -> [(String, String)] {
        variables(of: certificate.alternativeNames)
    }

    static func variables(of names: [GeneralName]) -> [(String, String)] {
        var counts: [String: Int] = [:]
        var variables: [(String, String)] = []
        for name in names where variables.count < maximumCount {
            guard let (kind, value) = variable(name) else { continue }
            let count = counts[kind, default: 0]
            counts[kind] = count + 1
            variables.append(("\(kind)_\(count)", NameAttributes.escapingControls(value)))
        }
        return variables
    }

    private static func variable(_ name: GeneralName) -> (String, String)? {
        switch name {
        case .dnsName(let name): return ("DNS", name)
        case .other(tag: 1, let value): return String(validating: value, as: UTF8.self).map { ("Email", $0) }
        case .other(tag: 0, let value):
            guard let (identifier, name) = otherNames.first(where: { value.starts(with: $0.identifier) }),
                let text = text(value.dropFirst(identifier.count))
            else { return nil }
            return (name, text)
        default: return nil
        }
    }

    /// The text in `[0] { UTF8String }`, or in an IA5String there; short ones only (RFC 5280 §4.2.1.6).
    private static func text(_ value: ArraySlice<UInt8>) -> String? {
        let bytes = Array(value)
        guard bytes.count >= 4, bytes[0] == 0xA0, Int(bytes[1]) == bytes.count - 2, bytes[1] < 0x80,
            bytes[2] == 0x0C || bytes[2] == 0x16, Int(bytes[3]) == bytes.count - 4
        else { return nil }
        return String(validating: bytes[4...], as: UTF8.self)
    }
}
