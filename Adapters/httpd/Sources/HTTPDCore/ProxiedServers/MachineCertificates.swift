// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import TLSCertificates

/// Certificates to show to proxied servers, from a text with any number of them and of keys, in any order: that of
/// `SSLProxyMachineCertificateFile`, `…Path` and `…ChainFile`, one behind the other.
public enum MachineCertificates {
    /// Every key with the certificate it fits, in the order of the keys. What is left are authorities: those above a
    /// certificate are sent behind it.
    public static func credentials(in pem: Span<UInt8>) throws(DirectiveError) -> [Credential] {
        let certificates: [Certificate]
        do throws(CertificateError) {
            certificates = try Certificate.certificates(fromPEM: pem)
        } catch {
            throw DirectiveError("\(error)")
        }
        var credentials: [Credential] = []
        var owners: Set<Certificate> = []
        for (number, range) in keys(in: pem).enumerated() {
            var reason: String?
            var found: Credential?
            // A key that stands there twice may be that of two certificates.
            for certificate in certificates.filter({ !owners.contains($0) }) + owners where found == nil {
                do throws(ConfigurationError) {
                    found = try credential(certificate, certificates, pem.extracting(range))
                } catch {
                    reason = reason ?? error.reason
                }
            }
            guard let found else {
                throw DirectiveError(
                    "key \(number + 1) of those for proxied servers: \(reason ?? "has no certificate")"
                )
            }
            if owners.insert(found.certificateChain[0]).inserted { credentials.append(found) }
        }
        guard !credentials.isEmpty else { throw DirectiveError("there is no key for the certificates") }
        return credentials
    }

    private static func credential(
        _ certificate: Certificate,
        _ others: [Certificate],
        _ key: Span<UInt8>
    ) throws(ConfigurationError) -> Credential {
        let chain = [certificate] + certificate.issuers(among: others)
        let text = Array(chain.map { PEMText.certificate($0.der) }.joined().utf8)
        return try Credential(certificateChainPEM: text.span, privateKeyPEM: key)
    }

    // MARK: - PEM (RFC 7468)

    private static let begin = Array("-----BEGIN ".utf8)
    private static let end = Array("-----END ".utf8)
    private static let key = Array("PRIVATE KEY-----".utf8)

    /// Where the keys are, each with its frame.
    private static func keys(in pem: Span<UInt8>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start: Int?
        var line = 0
        while line < pem.count {
            var next = line
            while next < pem.count, pem[next] != UInt8(ascii: "\n") { next += 1 }
            let text = pem.extracting(line..<next)
            if hasPrefix(text, begin) {
                start = contains(text, key) ? line : nil
            } else if let first = start, hasPrefix(text, end) {
                ranges.append(first..<next)
                start = nil
            }
            line = next + 1
        }
        return ranges
    }

    private static func hasPrefix(_ text: Span<UInt8>, _ prefix: [UInt8]) -> Bool {
        text.count >= prefix.count && prefix.indices.allSatisfy { text[$0] == prefix[$0] }
    }

    private static func contains(_ text: Span<UInt8>, _ word: [UInt8]) -> Bool {
        guard text.count >= word.count else { return false }
        return (0...text.count - word.count).contains { hasPrefix(text.extracting($0...), word) }
    }
}
