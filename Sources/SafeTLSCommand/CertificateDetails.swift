// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates
import TLSCrypto

/// What `--showcerts` and `--json` say of a certificate.
struct CertificateDetails {
    let certificate: Certificate

    /// The text: lines with names and values, then PEM.
    func text(depth: Int) -> String {
        let names = alternativeNames
        let lines: [(String, String)] = [
            ("subject", "\(certificate.subject)"),
            ("issuer", "\(certificate.issuer)"),
            ("names", names.isEmpty ? "none" : names.map { "\($0.kind):\($0.value)" }.joined(separator: ", ")),
            ("serial", serialNumber),
            (
                "valid",
                "\(date(certificate.notBefore)) to \(date(certificate.notAfter)), \(certificate.remaining(at: WallClock.now()))"
            ),
            ("key", key.description),
            ("signature", certificate.signatureAlgorithmName ?? "unknown"),
            ("SHA-256", fingerprint(digest(.sha256))),
            ("SHA-1", fingerprint(digest(.sha1))),
        ]
        let shown = lines.map { name, value in
            "  " + name + String(repeating: " ", count: 11 - name.count) + printable(value) + "\n"
        }
        return "certificate \(depth)\n" + shown.joined() + pem(certificate.der)
    }

    /// The object; its names are documented in `Documentation/Command.md`.
    var json: JSON {
        let names = alternativeNames
        return .object([
            ("subject", .string("\(certificate.subject)")),
            ("issuer", .string("\(certificate.issuer)")),
            (
                "alternativeNames",
                .array(names.map { .object([("kind", .string($0.kind)), ("value", .string($0.value))]) })
            ),
            ("serialNumber", .string(serialNumber)),
            ("notBefore", .string(date(certificate.notBefore))),
            ("notAfter", .string(date(certificate.notAfter))),
            (
                "key",
                .object([
                    ("algorithm", .string(key.algorithm)), ("size", key.size.map { .number(Int64($0)) } ?? .null),
                    ("name", .string(key.description)),
                ])
            ),
            ("signatureAlgorithm", JSON(certificate.signatureAlgorithmName)),
            ("sha256", .string(fingerprint(digest(.sha256)))),
            ("sha1", .string(fingerprint(digest(.sha1)))),
            ("isCertificateAuthority", .bool(certificate.isCertificateAuthority)),
            ("pem", .string(pem(certificate.der))),
        ])
    }

    /// As a number is written: without the zero that DER puts before a first bit.
    private var serialNumber: String {
        let bytes = certificate.serialNumber
        return fingerprint(bytes.count > 1 && bytes[0] == 0 ? Array(bytes.dropFirst()) : bytes)
    }

    private func digest(_ algorithm: HashAlgorithm) -> [UInt8] {
        guard let digest = try? HashState.hash(algorithm, certificate.der.span) else { return [] }
        return (0..<digest.count).map { digest.bytes[$0] }
    }

    /// All alternative names, of any kind.
    private var alternativeNames: [(kind: String, value: String)] {
        certificate.alternativeNames.map { name in
            switch name {
            case .dnsName(let name): ("DNS", name)
            case .ipAddress(let bytes): ("IP", Self.address(bytes))
            case .directoryName(let name): ("directory", "\(name)")
            case .other(tag: 1, let value): ("email", String(decoding: value, as: UTF8.self))
            case .other(tag: 6, let value): ("URI", String(decoding: value, as: UTF8.self))
            case .other(let tag, let value): ("tag \(tag)", fingerprint(value))
            }
        }
    }

    private static func address(_ bytes: [UInt8]) -> String {
        switch bytes.count {
        case 4: ServerName.ipv4(bytes.reduce(0) { $0 << 8 | UInt32($1) }).description
        case 16: ServerName.ipv6(bytes.reduce(0) { $0 << 8 | UInt128($1) }).description
        default: fingerprint(bytes)
        }
    }

    /// The kind of the key, and its size in bits where the kind does not say it.
    private var key: (algorithm: String, size: Int?, description: String) {
        switch certificate.publicKeyKind {
        case .rsa(let bits)?: ("RSA", bits, "RSA, \(bits) bits")
        case .rsaPSS(let bits)?: ("RSA-PSS", bits, "RSA-PSS, \(bits) bits")
        case .ecdsaP256?: ("ECDSA", 256, "ECDSA, P-256")
        case .ecdsaP384?: ("ECDSA", 384, "ECDSA, P-384")
        case .ecdsaP521?: ("ECDSA", 521, "ECDSA, P-521")
        case .ed25519?: ("Ed25519", 256, "Ed25519")
        case .mlDSA(let set)?: ("ML-DSA", nil, set.name)
        case nil: ("unknown", nil, "of a kind that is not supported")
        }
    }
}
