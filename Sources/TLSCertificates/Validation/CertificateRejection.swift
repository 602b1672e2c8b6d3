// SPDX-License-Identifier: Apache-2.0

/// Why a certificate chain isn't accepted: one certificate and the rule that it breaks.
public struct CertificateRejection: Error, Hashable, Sendable {
    /// The subject of the certificate that breaks the rule, or another of its names if it has no subject.
    public let certificate: String
    /// How far from the leaf the certificate stands: 0 is the leaf itself.
    public let depth: Int
    /// The rule.
    public let reason: Reason

    /// A verdict of the application's own, see `VerificationRequest` of SafeTLS.
    public init(certificate: String, depth: Int, reason: Reason) {
        self.certificate = certificate
        self.depth = depth
        self.reason = reason
    }

    /// The rules of path validation (RFC 5280 §6.1) and name checks (RFC 9525 §6) that a chain can break.
    @nonexhaustive
    public enum Reason: Hashable, Sendable {
        /// The peer sent no certificate.
        case emptyChain
        /// The validity period has ended; times are seconds since 1970.
        case expired(notAfter: Int64, now: Int64)
        /// The validity period hasn't begun; times are seconds since 1970.
        case notYetValid(notBefore: Int64, now: Int64)
        /// No trust anchor and none of the sent certificates has the issuer's name.
        /// If one of these has a name that looks like the issuer's, `difference` says in words where they differ.
        case unknownIssuer(issuer: String, difference: String? = nil)
        /// The certificate is its own issuer and no trust anchor.
        case selfSigned
        /// No alternative name stands for the server that was asked for.
        case wrongName(expected: ServerName, presented: [String])
        /// The signature was not made with the key of the issuer.
        case badSignature(issuer: String)
        /// A certificate that isn't a certificate authority's has been used to issue another.
        case notACertificateAuthority
        /// More certificate authorities follow than the certificate allows.
        case pathLengthExceeded(limit: Int)
        /// The key usage lacks what the certificate is used for.
        case keyUsage(required: String)
        /// The extended key usage lacks the purpose.
        case extendedKeyUsage(required: String)
        /// A name isn't one that an issuer may certify, or the issuer's constraints cannot be applied.
        case nameConstraint(String)
        /// The path isn't valid for a certificate policy that is required (RFC 5280 §6.1).
        case policy(String)
        /// A critical extension isn't known here; its dotted identifier.
        case unhandledCriticalExtension(String)
        /// The signature algorithm is unknown, too weak, or not one of the issuer's key.
        case unsupportedSignatureAlgorithm(String)
        /// The public key cannot be used.
        case unsupportedKey(String)
        /// The RSA key is too short.
        case weakKey(bits: Int)
        /// The certificate breaks a rule of its format.
        case malformed(String)
        /// The issuer has revoked the certificate; the date is in seconds since 1970.
        case revoked(reason: RevocationReason?, date: Int64)
        /// No revocation list of the issuer is about the certificate.
        case revocationStatusUnknown(issuer: String)
        /// The revocation lists about the certificate should have been replaced; times are seconds since 1970.
        case revocationListExpired(nextUpdate: Int64, now: Int64)
        /// A revocation list about the certificate cannot be believed.
        case revocationListInvalid(String)
        /// The OCSP response that came with the certificate is malformed, about another certificate or not signed by a
        /// responder of the issuer.
        case badStatusResponse(String)
        /// The certificate or the configuration asks for an OCSP response, and none came that is of use.
        case noStatusResponse
        /// The OCSP responder that was asked does not say that the certificate is good; the words say why.
        case statusUnknown(String)
        /// Validation would have taken more work than the limits allow.
        case workLimit(String)
        /// A rule of the application; the words follow the certificate's name, as in "is not of this workload".
        case applicationRule(String)
    }
}

extension CertificateRejection: CustomStringConvertible {
    /// The rejection as a sentence that an administrator can act on.
    public var description: String {
        if case .emptyChain = reason { return "The peer sent no certificate." }
        return "The \(role) “\(certificate)” \(reason)."
    }

    private var role: String {
        depth == 0 ? "certificate" : "issuing certificate"
    }
}

extension CertificateRejection.Reason: CustomStringConvertible {
    /// The rule in words that follow the certificate's name.
    public var description: String {
        switch self {
        case .emptyChain:
            "is missing"
        case .expired(let notAfter, let now):
            "expired on \(CertificateTime.describe(notAfter)); it is now \(CertificateTime.describe(now))"
        case .notYetValid(let notBefore, let now):
            "is not valid before \(CertificateTime.describe(notBefore)); it is now \(CertificateTime.describe(now))"
        case .unknownIssuer(let issuer, let difference):
            "was issued by “\(issuer)”, which is neither a trust anchor nor among the certificates that were sent"
                + (difference.map { "; the name of one of these looks the same, and differs \($0)" } ?? "")
        case .selfSigned:
            "is self-signed and not a trust anchor"
        case .wrongName(let expected, let presented) where presented.isEmpty:
            "is not for \(expected): it has no alternative names of DNS or IP kind"
        case .wrongName(let expected, let presented):
            "is not for \(expected), only for \(Self.list(presented))" + Self.note(on: expected, presented)
        case .badSignature(let issuer):
            "has a signature that was not made with the key of “\(issuer)”"
        case .notACertificateAuthority:
            "is not a certificate authority’s and must not issue certificates"
        case .pathLengthExceeded(let limit):
            "allows \(limit) certificate authorities below it, and there are more"
        case .keyUsage(let required):
            "has a key usage without \(required)"
        case .extendedKeyUsage(let required):
            "has an extended key usage without \(required)"
        case .nameConstraint(let words), .policy(let words):
            words
        case .unhandledCriticalExtension(let identifier):
            "has the critical extension \(identifier), which is not supported"
        case .unsupportedSignatureAlgorithm(let words):
            "is signed with \(words), which is not accepted"
        case .unsupportedKey(let words):
            "has a public key that cannot be used: \(words)"
        case .weakKey(let bits):
            "has an RSA key of \(bits) bits, which is too short: 2048 are usual"
        case .malformed(let words):
            "is malformed: \(words)"
        case .revoked(let reason, let date):
            "was revoked by its issuer on \(CertificateTime.describe(date))" + (reason.map { " (\($0))" } ?? "")
        case .revocationStatusUnknown(let issuer):
            "may have been revoked: there is no revocation list of “\(issuer)” that is about it"
        case .revocationListExpired(let nextUpdate, let now):
            "may have been revoked: the newest revocation list of its issuer expired on "
                + "\(CertificateTime.describe(nextUpdate)); it is now \(CertificateTime.describe(now))"
        case .revocationListInvalid(let words):
            "may have been revoked: \(words)"
        case .badStatusResponse(let words):
            "may have been revoked: \(words)"
        case .noStatusResponse:
            "has to come with an OCSP response of today, and came without"
        case .statusUnknown(let words):
            "may have been revoked: \(words)"
        case .workLimit(let words):
            "was not verified: \(words)"
        case .applicationRule(let words):
            words
        }
    }

    /// What to make of a name that is presented, is spelled like the one expected and yet isn't it.
    private static func note(on expected: ServerName, _ presented: [String]) -> String {
        guard presented.contains(where: { $0 == expected.description }) else { return "" }
        return expected.isDNS
            ? ", which is no DNS name that certificates can have"
            : ", which stands there as a DNS name and not as an address"
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).map { $0.shortened(to: 100) }.joined(separator: ", ")
        return names.count > 8 ? shown + " and \(names.count - 8) others" : shown
    }
}

extension CertificateRejection.Reason {
    /// How much a rejection says when several paths fail: the path that came closest is the one to mend.
    enum Relevance: Int, Comparable {
        /// Least, for every dead end has one.
        case unknownIssuer
        /// Usually the issuer has another key of the same name, in another certificate.
        case badSignature
        case workLimit
        case rule
        /// What most often breaks an otherwise good path.
        case validity
        /// The path is good but for what the revocation lists say, or don't say.
        case revocationStatus
        case revocation

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    var relevance: Relevance {
        switch self {
        case .emptyChain, .unknownIssuer, .selfSigned: .unknownIssuer
        case .badSignature: .badSignature
        case .workLimit: .workLimit
        case .expired, .notYetValid: .validity
        case .revocationStatusUnknown, .revocationListExpired, .revocationListInvalid,
            .badStatusResponse, .noStatusResponse, .statusUnknown:
            .revocationStatus
        case .revoked: .revocation
        default: .rule
        }
    }
}
