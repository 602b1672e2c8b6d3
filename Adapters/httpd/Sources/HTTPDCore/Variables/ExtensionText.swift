// SPDX-License-Identifier: Apache-2.0
import TLSCertificates

/// Extensions of certificates as text, for `PeerExtList()`: as OpenSSL writes those that it knows, and strings as they are.
///
/// What has no text here is no element of the list: a requirement that asks for it is not met.
enum ExtensionText {
    /// The text of an extension, by a name of OpenSSL's or by its dotted identifier.
    static func text(of name: String, in certificate: Certificate) -> String? {
        let known = Known.allCases.first { [$0.identifier, $0.rawValue, $0.longName].contains(name) }
        guard let value = certificate.extensionValue(known?.identifier ?? name),
            let text = known.map({ self.text($0, value, certificate) }) ?? string(value),
            // Who compares it would take a part for the whole.
            !text.unicodeScalars.contains("\0")
        else { return nil }
        return text
    }

    /// The extensions that OpenSSL has a form for which is more than a string.
    private enum Known: String, CaseIterable {
        case subjectKeyIdentifier, keyUsage, subjectAltName, basicConstraints, authorityKeyIdentifier, extendedKeyUsage
        case nsComment

        var identifier: String {
            switch self {
            case .subjectKeyIdentifier: "2.5.29.14"
            case .keyUsage: "2.5.29.15"
            case .subjectAltName: "2.5.29.17"
            case .basicConstraints: "2.5.29.19"
            case .authorityKeyIdentifier: "2.5.29.35"
            case .extendedKeyUsage: "2.5.29.37"
            case .nsComment: "2.16.840.1.113730.1.13"
            }
        }

        var longName: String {
            switch self {
            case .subjectKeyIdentifier: "X509v3 Subject Key Identifier"
            case .keyUsage: "X509v3 Key Usage"
            case .subjectAltName: "X509v3 Subject Alternative Name"
            case .basicConstraints: "X509v3 Basic Constraints"
            case .authorityKeyIdentifier: "X509v3 Authority Key Identifier"
            case .extendedKeyUsage: "X509v3 Extended Key Usage"
            case .nsComment: "Netscape Comment"
            }
        }
    }

    private static func text(_ known: Known, _ value: [UInt8], _ certificate: Certificate) -> String? {
        switch known {
        case .subjectKeyIdentifier: return certificate.subjectKeyIdentifier.map(colons)
        case .keyUsage: return certificate.keyUsage.map(keyUsage)
        case .subjectAltName: return alternativeNames(certificate.alternativeNames)
        case .basicConstraints:
            let limit = certificate.pathLengthConstraint.map { ", pathlen:\($0)" } ?? ""
            return (certificate.isCertificateAuthority ? "CA:TRUE" : "CA:FALSE") + limit
        case .authorityKeyIdentifier:
            // With the issuer's name and number it has another form.
            guard let identifier = certificate.authorityKeyIdentifier, value.count == identifier.count + 4 else {
                return nil
            }
            return colons(identifier)
        case .extendedKeyUsage: return purposes(value)
        case .nsComment: return string(value)
        }
    }

    private static func keyUsage(_ usage: KeyUsage) -> String {
        let names = [
            "Digital Signature", "Non Repudiation", "Key Encipherment", "Data Encipherment", "Key Agreement",
            "Certificate Sign", "CRL Sign", "Encipher Only", "Decipher Only",
        ]
        return names.enumerated().filter { usage.rawValue & (1 << (15 - $0.offset)) != 0 }.map(\.element)
            .joined(separator: ", ")
    }

    private static func purposes(_ value: [UInt8]) -> String? {
        guard let list = DERValue(value), list.tag == 0x30 else { return nil }
        var names: [String] = []
        var rest = list.content
        while !rest.isEmpty {
            guard let purpose = DERValue(first: &rest), purpose.tag == 0x06,
                let identifier = purpose.objectIdentifier
            else { return nil }
            names.append(purposeNames[identifier] ?? identifier)
        }
        return names.joined(separator: ", ")
    }

    private static let purposeNames = [
        "2.5.29.37.0": "Any Extended Key Usage", "1.3.6.1.5.5.7.3.1": "TLS Web Server Authentication",
        "1.3.6.1.5.5.7.3.2": "TLS Web Client Authentication", "1.3.6.1.5.5.7.3.3": "Code Signing",
        "1.3.6.1.5.5.7.3.4": "E-mail Protection", "1.3.6.1.5.5.7.3.8": "Time Stamping",
        "1.3.6.1.5.5.7.3.9": "OCSP Signing", "1.3.6.1.4.1.311.20.2.2": "Microsoft Smartcard Login",
    ]

    private static func alternativeNames(_ names: [GeneralName]) -> String? {
        var texts: [String] = []
        for name in names {
            guard let text = alternativeName(name) else { return nil }
            texts.append(text)
        }
        return texts.joined(separator: ", ")
    }

    private static func alternativeName(_ name: GeneralName) -> String? {
        switch name {
        case .dnsName(let name): return "DNS:\(name)"
        case .ipAddress(let bytes) where bytes.count == 4:
            return "IP Address:" + bytes.map(String.init).joined(separator: ".")
        case .ipAddress(let bytes) where bytes.count == 16:
            let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
            return "IP Address:" + groups.map { String($0, radix: 16, uppercase: true) }.joined(separator: ":")
        case .ipAddress: return nil
        case .directoryName(let name): return "DirName:" + NameAttributes.oneLine(name)
        case .other(tag: 1, let value): return "email:" + latin(value)
        case .other(tag: 6, let value): return "URI:" + latin(value)
        case .other: return nil
        }
    }

    private static func colons(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF")
        return bytes.map { String([digits[Int($0 >> 4)], digits[Int($0 & 15)]]) }.joined(separator: ":")
    }

    /// The strings that mod_ssl reads: UTF8String, IA5String, VisibleString and BMPString.
    private static func string(_ value: [UInt8]) -> String? {
        guard let element = DERValue(value) else { return nil }
        let content = Array(element.content)
        switch element.tag {
        case 0x0C: return String(validating: content, as: UTF8.self)
        case 0x16, 0x1A: return latin(content)
        case 0x1E:
            guard content.count.isMultiple(of: 2) else { return nil }
            let units = stride(from: 0, to: content.count, by: 2).map {
                UInt16(content[$0]) << 8 | UInt16(content[$0 + 1])
            }
            return String(validating: units, as: UTF16.self)
        default: return nil
        }
    }

    private static func latin(_ bytes: [UInt8]) -> String {
        String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}

/// One value in DER: its tag and its contents.
struct DERValue {
    let tag: UInt8
    let content: ArraySlice<UInt8>

    /// The value that these bytes are.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        self.init(first: &rest)
        guard rest.isEmpty else { return nil }
    }

    /// Takes the first of several values.
    init?(first rest: inout ArraySlice<UInt8>) {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            // Longer than a certificate may be.
            guard first > 0x80, first <= 0x83, rest.count >= Int(first & 0x7F) else { return nil }
            length = rest.prefix(Int(first & 0x7F)).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(Int(first & 0x7F))
        }
        guard rest.count >= length else { return nil }
        self.tag = tag
        content = rest.prefix(length)
        rest = rest.dropFirst(length)
    }

    /// The contents as an object identifier in dotted form; nil for arcs that are longer than anybody's.
    var objectIdentifier: String? {
        var arcs: [UInt64] = []
        var value: UInt64 = 0
        for byte in content {
            guard value < 1 << 56 else { return nil }
            value = value << 7 | UInt64(byte & 0x7F)
            guard byte < 0x80 else { continue }
            if arcs.isEmpty {
                let first = min(value / 40, 2)
                arcs = [first, value - first * 40]
            } else {
                arcs.append(value)
            }
            value = 0
        }
        return arcs.isEmpty ? nil : arcs.map(String.init).joined(separator: ".")
    }
}
