// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Synchronization
import TLSCertificates

/// The `SSL_SERVER_*` or `SSL_CLIENT_*` variables of one certificate, made when they are first asked for: of a thousand
/// hosts, few ever are.
public final class CertificateVariables: Sendable {
    private let made = AtomicLazyReference<Texts>()
    private let keyAlgorithm: KeyAlgorithm?
    private let prefix: String
    private let chain: [Certificate]
    private let now: Int64?

    /// The variables of a server's certificate.
    convenience init(server credential: Credential) {
        self.init("SSL_SERVER", credential.certificateChain)
    }

    /// The variables of a client's certificate.
    ///
    /// - Parameter now: In UNIX seconds.
    convenience init(client chain: [Certificate], now: Int64) {
        self.init("SSL_CLIENT", chain, now: now)
    }

    private init(_ prefix: String, _ chain: [Certificate], now: Int64? = nil) {
        self.prefix = prefix
        self.chain = chain
        self.now = now
        keyAlgorithm = chain.first.flatMap { KeyAlgorithm(subjectPublicKeyInfo: $0.subjectPublicKeyInfo) }
    }

    /// The variables that `StdEnvVars` sets.
    var standardNames: [String] { texts.names }

    private var values: [String: String] { texts.values }

    private var texts: Texts { made.load() ?? made.storeIfNil(Texts(makeValues())) }

    private final class Texts: Sendable {
        let values: [String: String]
        let names: [String]

        init(_ values: [String: String]) {
            self.values = values
            names = values.keys.sorted()
        }
    }

    private func makeValues() -> [String: String] {
        guard let certificate = chain.first else { return [:] }
        let serial = Self.serialNumber(certificate.serialNumber)
        var values = [
            "\(prefix)_M_VERSION": String(certificate.version),
            "\(prefix)_M_SERIAL": serial,
            "\(prefix)_V_START": CertificateDate.text(certificate.notBefore),
            "\(prefix)_V_END": CertificateDate.text(certificate.notAfter),
            "\(prefix)_S_DN": NameAttributes.text(certificate.subject),
            "\(prefix)_I_DN": NameAttributes.text(certificate.issuer),
        ]
        values["\(prefix)_A_KEY"] = keyAlgorithm?.rawValue
        values["\(prefix)_A_SIG"] = certificate.signatureAlgorithmName
        for (owner, name) in [("S", certificate.subject), ("I", certificate.issuer)] {
            for (attribute, value) in NameAttributes.variables(of: name) {
                values["\(prefix)_\(owner)_DN_\(attribute)"] = value
            }
        }
        for (name, value) in AlternativeNames.variables(of: certificate) { values["\(prefix)_SAN_\(name)"] = value }
        if let now {
            values["\(prefix)_V_REMAIN"] = String(max(0, (certificate.notAfter - now) / 86_400))
            let issuer = NameAttributes.text(certificate.issuer)
            let number = Self.decimal(certificate.serialNumber)
            values["\(prefix)_CERT_RFC4523_CEA"] =
                "{ serialNumber \(number), issuer rdnSequence:\"\(issuer)\" }"
        }
        return values
    }

    /// The distinguished names in OpenSSL's old form, by the variables that they then stand in.
    var legacyNames: [(name: String, value: String)] {
        guard let certificate = chain.first else { return [] }
        return [
            ("\(prefix)_S_DN", NameAttributes.oneLine(certificate.subject)),
            ("\(prefix)_I_DN", NameAttributes.oneLine(certificate.issuer)),
        ]
    }

    /// The value of a variable; those that hold whole certificates are made when they are asked for.
    func value(of name: String) -> String? {
        if let value = values[name] ?? Self.otherSpelling(name).flatMap({ values[$0] }) { return value }
        guard name.hasPrefix(prefix + "_CERT"), let leaf = chain.first else { return nil }
        let rest = name.dropFirst(prefix.count)
        if rest == "_CERT" { return PEMText.certificate(leaf.der) }
        // The chain begins behind the client's own certificate.
        guard rest.hasPrefix("_CERT_CHAIN_"), let index = Int(rest.dropFirst(12)), index >= 0, index < chain.count - 1
        else { return nil }
        return PEMText.certificate(chain[index + 1].der)
    }

    /// The variable that mod_ssl also finds by this name: parts of names have the number 0, or `_RAW` behind them, and the
    /// state is `SP` too. Nil for other names.
    private static func otherSpelling(_ name: String) -> String? {
        guard let owner = name.firstPlace(of: "_DN_")?.upperBound else { return nil }
        var part = name[owner...]
        if part.hasSuffix("_RAW") { part.removeLast(4) }
        if part.hasSuffix("_0") { part.removeLast(2) }
        if part == "SP" || part.hasPrefix("SP_") { part = "ST" + part.dropFirst(2) }
        return String(name[..<owner]) + String(part)
    }

    /// An extension of the certificate as text, by its name or dotted identifier.
    func extensionText(_ name: String) -> String? {
        chain.first.flatMap { ExtensionText.text(of: name, in: $0) }
    }

    /// The variables that `ExportCertData` sets.
    var dataNames: [String] {
        guard prefix == "SSL_CLIENT" else { return ["\(prefix)_CERT"] }
        return ["\(prefix)_CERT"] + chain.indices.dropLast().map { "\(prefix)_CERT_CHAIN_\($0)" }
    }

    /// Whether the certificate's key makes signatures of this scheme: so the connection's certificate is found.
    func signs(with scheme: SignatureScheme) -> Bool {
        let name = scheme.name
        return switch keyAlgorithm {
        case .rsa: name.hasPrefix("rsa_pkcs1") || name.hasPrefix("rsa_pss_rsae")
        case .rsaPSS: name.hasPrefix("rsa_pss_pss")
        case .ecdsa: name.hasPrefix("ecdsa_")
        case .ed25519: name == "ed25519"
        case .mlDSA44: name == "mldsa44"
        case .mlDSA65: name == "mldsa65"
        case .mlDSA87: name == "mldsa87"
        case nil: false
        }
    }

    /// Upper-case hexadecimal digits, two a byte, without a leading zero byte.
    private static func serialNumber(_ bytes: [UInt8]) -> String {
        let significant = bytes.count > 1 && bytes[0] == 0 ? bytes.dropFirst() : bytes[...]
        let digits = Array("0123456789ABCDEF")
        return String(significant.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// A big-endian number as decimal digits. Serial numbers have at most some twenty bytes.
    private static func decimal(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = [0]
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                carry += Int(digits[index]) * 256
                digits[index] = UInt8(carry % 10)
                carry /= 10
            }
            while carry > 0 {
                digits.append(UInt8(carry % 10))
                carry /= 10
            }
        }
        return String(decoding: digits.reversed().map { $0 + UInt8(ascii: "0") }, as: UTF8.self)
    }
}

extension CertificateVariables {
    /// Whether the first certificate of a PEM file has an RSA key; true also for a file that cannot be read.
    public static func isRSA(inFile path: String) -> Bool {
        guard let certificate = try? TrustAnchors(pemFile: path).certificates.first else { return true }
        return switch KeyAlgorithm(subjectPublicKeyInfo: certificate.subjectPublicKeyInfo) {
        case .rsa, .rsaPSS, nil: true
        case .ecdsa, .ed25519, .mlDSA44, .mlDSA65, .mlDSA87: false
        }
    }
}

/// Kinds of keys, by the names that OpenSSL and so `SSL_SERVER_A_KEY` has for them.
enum KeyAlgorithm: String, CaseIterable {
    case rsa = "rsaEncryption"
    case rsaPSS = "rsassaPss"
    case ecdsa = "id-ecPublicKey"
    case ed25519 = "ED25519"
    case mlDSA44 = "ML-DSA-44"
    case mlDSA65 = "ML-DSA-65"
    case mlDSA87 = "ML-DSA-87"

    private var objectIdentifier: [UInt8] {
        switch self {
        case .rsa: [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]
        case .rsaPSS: [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0A]
        case .ecdsa: [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01]
        case .ed25519: [0x06, 0x03, 0x2B, 0x65, 0x70]
        case .mlDSA44: [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11]
        case .mlDSA65: [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12]
        case .mlDSA87: [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13]
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
        for kind in KeyAlgorithm.allCases
        where bytes[position...].starts(with: kind.objectIdentifier) {
            self = kind
            return
        }
        return nil
    }
}
