// SPDX-License-Identifier: Apache-2.0
import SafeTLS
public import TLSCertificates

/// What is odd about the certificates of a virtual host, for the administrator: httpd starts all the same.
public enum CertificateWarnings {
    /// How long before its end a certificate is spoken of, in seconds: 14 days, or a third of its life where that is shorter.
    /// Programs that renew certificates do so before, by the same third.
    static func notice(_ certificate: Certificate) -> Int64 {
        min(14 * 86_400, max(0, certificate.notAfter - certificate.notBefore) / 3)
    }

    /// Sentences about a server's certificate.
    ///
    /// - Parameters:
    ///   - host: The `ServerName`.
    ///   - now: UNIX seconds.
    public static func sentences(about certificate: Certificate, host: String, at now: Int64) -> [String] {
        var sentences: [String] = []
        if certificate.isCertificateAuthority {
            sentences.append("is that of an authority (basicConstraints): it is not meant for servers")
        }
        if let name = ServerName(host), !certificate.matches(name, inCommonName: true) {
            let names = certificate.dnsNames
            let others = names.isEmpty ? "" : ", only for \(names.prefix(4).joined(separator: ", "))"
            sentences.append("is not for '\(host)'\(others)\(names.count > 4 ? " and others" : "")")
        }
        if now > certificate.notAfter {
            sentences.append("has expired on \(CertificateDate.text(certificate.notAfter))")
        } else if now < certificate.notBefore {
            sentences.append("is not good before \(CertificateDate.text(certificate.notBefore))")
        } else if certificate.notAfter - now < notice(certificate) {
            sentences.append("expires on \(CertificateDate.text(certificate.notAfter)), soon")
        }
        return sentences.map { "the certificate '\(certificate)' \($0)" }
    }

    /// A sentence about a chain that next to nobody is shown (RFC 9846 §4.5.1.2); nil where there is nothing to say.
    public static func sentence(about chain: [Certificate], hasSHA1Signature: Bool) -> String? {
        guard hasSHA1Signature, let certificate = chain.first else { return nil }
        return
            "the chain of the certificate '\(certificate)' has SHA-1 signatures: clients that do not ask for them, as hardly "
            + "any does, are not shown it"
    }
}
