// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS
@testable import TLSCertificates

@Suite struct RevocationAlertTests {
    /// RFC 9846 §6.2: the peer learns that its certificate was revoked, not that the lists here are incomplete.
    @Test func revocationHasItsAlert() {
        func alert(_ reason: CertificateRejection.Reason) -> AlertDescription? {
            TLSError.certificateRejected(CertificateRejection(certificate: "a", depth: 0, reason: reason)).alert
        }
        #expect(alert(.revoked(reason: .keyCompromise, date: 0)) == .certificateRevoked)
        #expect(alert(.revocationStatusUnknown(issuer: "b")) == .certificateUnknown)
        #expect(alert(.revocationListExpired(nextUpdate: 0, now: 1)) == .certificateUnknown)
        #expect(alert(.revocationListInvalid("c")) == .certificateUnknown)
    }
}
