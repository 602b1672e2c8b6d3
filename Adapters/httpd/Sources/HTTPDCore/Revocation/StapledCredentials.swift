// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import Synchronization
public import TLSCertificates

/// The certificates of a virtual host to which OCSP responses are stapled, and when to look for newer ones.
public final class StapledCredentials: Sendable {
    /// A certificate with its key, and where to ask about it.
    public struct Item: Sendable {
        /// What the server shows.
        public let credential: Credential
        /// What is asked about.
        public let subject: StapledCertificate
    }

    /// A certificate that nobody can be asked about.
    public struct Failure: Equatable, Sendable {
        /// The certificate.
        public let certificate: Certificate
        /// Why.
        public let reason: String
    }

    /// Seconds between two looks at what other processes have fetched, when there is something and when there is not.
    private static let (interval, shortInterval): (Int64, Int64) = (60, 1)

    /// How responses are fetched and judged.
    public let policy: StaplingPolicy
    /// The certificates that somebody can be asked about.
    public let items: [Item]
    /// The others.
    public let failures: [Failure]

    private let next = Atomic<Int64>(0)

    init(_ credentials: [Credential], _ policy: StaplingPolicy) {
        self.policy = policy
        var items: [Item] = []
        var failures: [Failure] = []
        for credential in credentials {
            do throws(DirectiveError) {
                let subject = try StapledCertificate(credential.certificateChain, policy)
                items.append(Item(credential: credential, subject: subject))
            } catch {
                guard let certificate = credential.certificateChain.first else { continue }
                failures.append(Failure(certificate: certificate, reason: "\(error)"))
            }
        }
        self.items = items
        self.failures = failures
    }

    /// Staples what is there, if it is time to look.
    ///
    /// - Parameter find: What is kept about a certificate; nil for nothing.
    public func refresh(at now: Int64, _ find: (StapledCertificate) -> Staple?) {
        let due = next.load(ordering: .relaxed)
        guard now >= due,
            next.compareExchange(expected: due, desired: now + min(Self.interval, policy.lifetime), ordering: .relaxed)
                .exchanged
        else { return }
        var isComplete = true
        for item in items {
            guard let found = find(item.subject), policy.allows(found, about: item.subject, at: now) else {
                isComplete = false
                continue
            }
            staple(found, to: item.credential, at: now)
            if found.kind != .good { isComplete = false }
        }
        if !isComplete { next.store(now + Self.shortInterval, ordering: .relaxed) }
    }

    /// What tells of an error replaces nothing that can still be sent, unless the certificate is revoked.
    private func staple(_ found: Staple, to credential: Credential, at now: Int64) {
        var staple = credential.staple
        if found.kind == .error, staple.ocspResponse != nil, now < staple.ocspExpiry ?? .max { return }
        let response = policy.sends(found) ? found.response : nil
        guard staple.ocspResponse != response || staple.ocspExpiry != found.expiry else { return }
        staple.ocspResponse = response
        staple.ocspExpiry = found.expiry
        // Responses that are longer than a message were not accepted.
        try? credential.setStaple(staple)
    }
}
