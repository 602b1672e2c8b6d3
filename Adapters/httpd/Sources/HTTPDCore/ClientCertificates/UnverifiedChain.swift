// SPDX-License-Identifier: Apache-2.0
public import TLSCertificates

/// The chain of a client that leads to no trusted authority, which `SSLVerifyClient optional_no_ca` lets pass.
///
/// It is followed by names only, as it proves nothing anyway.
struct UnverifiedChain {
    /// How many of the certificates that were sent stand above the client's own.
    let authorities: Int
    /// Whether it ends with a certificate that is its own issuer.
    private let isComplete: Bool

    init(_ chain: [Certificate]) {
        // By their names, the first one sent last: each is looked for once.
        var rest: [DistinguishedName: [Certificate]] = [:]
        for certificate in chain.dropFirst().reversed() { rest[certificate.subject, default: []].append(certificate) }
        var last = chain.first
        var authorities = 0
        while let certificate = last, !certificate.isSelfIssued, let next = rest[certificate.issuer]?.popLast() {
            last = next
            authorities += 1
        }
        self.authorities = authorities
        isComplete = last?.isSelfIssued ?? false
    }

    /// What OpenSSL says of it, and mod_ssl with TLS 1.3.
    var reason: String {
        switch (isComplete, authorities) {
        case (true, 0): "self-signed certificate"
        case (true, _): "self-signed certificate in certificate chain"
        case (false, 0): "unable to verify the first certificate"
        case (false, _): "unable to get local issuer certificate"
        }
    }
}

extension ServerPolicy {
    /// Whether a chain is taken although it was rejected: `optional_no_ca` takes those that lead to no trusted authority.
    ///
    /// - Parameter verification: What the server or a directory says of clients.
    public func takes(
        _ chain: [Certificate],
        rejectedFor rejection: CertificateRejection,
        under verification: ClientVerification
    ) -> Bool {
        guard verification == .optionalWithoutAuthority else { return false }
        return switch rejection.reason {
        case .unknownIssuer, .selfSigned: true
        // The search for an authority ended at the depth that the chain itself keeps to.
        case .workLimit: UnverifiedChain(chain).authorities <= verificationDepth
        default: false
        }
    }
}
