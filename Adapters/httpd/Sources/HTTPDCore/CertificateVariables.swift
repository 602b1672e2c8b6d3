// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates

/// The `SSL_SERVER_*` variables of one certificate, made when the server starts.
public struct CertificateVariables: Sendable {
    private let values: [String: String]
    /// The variables that `StdEnvVars` sets.
    let standardNames: [String]
    private let keyAlgorithm: KeyAlgorithm?

    init(_ credential: Credential) {
        guard let certificate = credential.certificateChain.first else {
            values = [:]
            standardNames = []
            keyAlgorithm = nil
            return
        }
        keyAlgorithm = KeyAlgorithm(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo)
        var values = [
            "SSL_SERVER_M_VERSION": String(certificate.version),
            "SSL_SERVER_M_SERIAL": Self.serialNumber(certificate.serialNumber),
            "SSL_SERVER_V_START": CertificateDate.text(certificate.notBefore),
            "SSL_SERVER_V_END": CertificateDate.text(certificate.notAfter),
            "SSL_SERVER_S_DN": certificate.subject.description,
            "SSL_SERVER_I_DN": certificate.issuer.description,
        ]
        values["SSL_SERVER_S_DN_CN"] = certificate.subject.commonName
        values["SSL_SERVER_I_DN_CN"] = certificate.issuer.commonName
        values["SSL_SERVER_A_KEY"] = keyAlgorithm?.rawValue
        for (index, name) in certificate.dnsNames.enumerated() {
            values["SSL_SERVER_SAN_DNS_\(index)"] = name
        }
        standardNames = values.keys.sorted()
        values["SSL_SERVER_CERT"] = PEMText.certificate(certificate.der)
        self.values = values
    }

    func value(of name: String) -> String? { values[name] }

    /// Whether the certificate's key makes signatures of this scheme: so the connection's certificate is found.
    func signs(with scheme: SignatureScheme) -> Bool {
        let name = scheme.name
        return switch keyAlgorithm {
        case .rsa: name.hasPrefix("rsa_pkcs1") || name.hasPrefix("rsa_pss_rsae")
        case .rsaPSS: name.hasPrefix("rsa_pss_pss")
        case .ecdsa: name.hasPrefix("ecdsa_")
        case .ed25519: name == "ed25519"
        case nil: false
        }
    }

    /// Upper-case hexadecimal digits, two a byte, without a leading zero byte.
    private static func serialNumber(_ bytes: [UInt8]) -> String {
        let significant = bytes.count > 1 && bytes[0] == 0 ? bytes.dropFirst() : bytes[...]
        let digits = Array("0123456789ABCDEF")
        return String(significant.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// Kinds of keys, by the names that OpenSSL and so `SSL_SERVER_A_KEY` has for them.
private enum KeyAlgorithm: String {
    case rsa = "rsaEncryption"
    case rsaPSS = "rsassaPss"
    case ecdsa = "id-ecPublicKey"
    case ed25519 = "ED25519"

    private var objectIdentifier: [UInt8] {
        switch self {
        case .rsa: [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
        case .rsaPSS: [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]
        case .ecdsa: [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        case .ed25519: [0x06, 0x03, 0x2B, 0x65, 0x70]
        }
    }

    /// Two sequences begin the structure, then comes the identifier (RFC 5280 §4.1).
    init?(subjectPublicKeyInfo bytes: [UInt8]) {
        var position = 0
        for _ in 0..<2 {
            guard position + 1 < bytes.count, bytes[position] == 0x30 else { return nil }
            let length = bytes[position + 1]
            position += 2 + (length & 0x80 == 0 ? 0 : Int(length & 0x7F))
        }
        guard position < bytes.count else { return nil }
        for kind in [KeyAlgorithm.rsa, .rsaPSS, .ecdsa, .ed25519]
        where bytes[position...].starts(with: kind.objectIdentifier) {
            self = kind
            return
        }
        return nil
    }
}
