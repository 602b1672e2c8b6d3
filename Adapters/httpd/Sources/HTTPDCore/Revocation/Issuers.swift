// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import TLSCertificates

extension Certificate {
    /// The authorities above a certificate, to be sent behind it. A root is not sent: who does not know it does not trust
    /// it either.
    func issuers(among others: [Certificate]) -> [Certificate] {
        var chain = [self]
        var current = self
        while !current.isSelfIssued, chain.count < TLSLimits.certificateChainLength {
            let issuers = others.filter { $0.subject == current.issuer && !$0.isSelfIssued && !chain.contains($0) }
            let identifier = current.authorityKeyIdentifier
            guard let next = issuers.first(where: { $0.subjectKeyIdentifier == identifier }) ?? issuers.first else {
                break
            }
            chain.append(next)
            current = next
        }
        return Array(chain.dropFirst())
    }
}
