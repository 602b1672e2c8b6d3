// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore
import SafeTLS
import Synchronization
import TLSCertificates

/// OCSP responses that another module provides (mod_md, `MDStapling on`), stapled to the certificates they are about.
final class ManagedStapling: Sendable {
    /// Seconds between two questions for the same certificate, per process.
    private static let interval: Int64 = 60

    /// A certificate that the other module has taken charge of.
    private struct Entry: Sendable {
        let credential: Credential
        let certificate: Certificate
        let issuer: Certificate
    }

    private let entries: [Entry]
    private let next = Atomic<Int64>(0)

    /// Tells the other module of a server's certificates. Nil when it takes charge of none.
    init?(
        _ settings: ServerSettings,
        of server: UnsafeMutablePointer<server_rec>,
        _ pool: Pool
    ) {
        var entries: [Entry] = []
        for credential in settings.certificates.map(\.credential) {
            let chain = credential.certificateChain
            guard chain.count > 1, chain[1].subject == chain[0].issuer else { continue }
            let pem = chain.prefix(2).map { PEMText.certificate($0.der) }.joined()
            let identifier = Self.identifier(of: chain[0])
            let status = unsafe identifier.withUnsafeBytes { bytes in
                unsafe ap_ssl_ocsp_prime(
                    server,
                    pool.pointer,
                    bytes.bindMemory(to: CChar.self).baseAddress,
                    apr_size_t(bytes.count),
                    pem
                )
            }
            guard status == APR_SUCCESS else { continue }
            entries.append(Entry(credential: credential, certificate: chain[0], issuer: chain[1]))
        }
        guard !entries.isEmpty else { return nil }
        self.entries = entries
    }

    /// Whether the other module has taken charge of a certificate.
    func manages(_ certificate: Certificate) -> Bool { entries.contains { $0.certificate == certificate } }

    /// What no two certificates share: the end of their signature.
    private static func identifier(of certificate: Certificate) -> [UInt8] { Array(certificate.der.suffix(32)) }

    /// Fetches what the other module has, if it was not asked lately. Called before a handshake's answer.
    func refresh(for server: UnsafeMutablePointer<server_rec>, _ record: UnsafeMutablePointer<conn_rec>) {
        let now = Int64(apr_time_now() / 1_000_000)
        let due = next.load(ordering: .relaxed)
        guard now >= due,
            next.compareExchange(expected: due, desired: now + Self.interval, ordering: .relaxed).exchanged
        else { return }
        for entry in entries {
            var response: [UInt8] = []
            let identifier = Self.identifier(of: entry.certificate)
            let status = unsafe identifier.withUnsafeBytes { bytes in
                unsafe withUnsafeMutablePointer(to: &response) { target in
                    unsafe ap_ssl_ocsp_get_resp(
                        server,
                        record,
                        bytes.bindMemory(to: CChar.self).baseAddress,
                        apr_size_t(bytes.count),
                        { der, count, target in
                            guard let der = unsafe der, let target = unsafe target else { return }
                            unsafe target.assumingMemoryBound(to: [UInt8].self).pointee =
                                Array(UnsafeBufferPointer(start: der, count: Int(count)))
                        },
                        target
                    )
                }
            }
            guard status == APR_SUCCESS, !response.isEmpty else { continue }
            unsafe staple(response, to: entry, at: now, record)
        }
    }

    /// What is not about the certificate, or out of date, is not sent: clients would refuse it.
    private func staple(_ der: [UInt8], to entry: Entry, at now: Int64, _ record: UnsafeMutablePointer<conn_rec>) {
        do {
            let response = try OCSPResponse(der: der)
            let status = try response.status(of: entry.certificate, issuedBy: entry.issuer, at: now)
            guard status != .unknown else { return }
            var staple = entry.credential.staple
            staple.ocspResponse = der
            staple.ocspExpiry = response.expiry(for: entry.certificate, issuedBy: entry.issuer)
            try entry.credential.setStaple(staple)
        } catch {
            unsafe log(record, .stapling, level: APLOG_INFO, "an OCSP response is not stapled: \(error)")
        }
    }
}
