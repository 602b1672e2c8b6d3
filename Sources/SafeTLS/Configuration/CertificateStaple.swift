// SPDX-License-Identifier: Apache-2.0

/// What a server sends together with a certificate to clients that ask for it. It can be replaced at any time.
public struct CertificateStaple: Equatable, Sendable {
    /// An OCSP response for the first certificate of the chain, in DER (RFC 6066 §8, RFC 9846 §4.5.1.1). It is sent as it
    /// is; nil sends none.
    public var ocspResponse: [UInt8]?
    /// When the response stops to be of use, in UNIX seconds: it is not sent from then on. Nil: it is always sent.
    public var ocspExpiry: Int64?
    /// A SignedCertificateTimestampList with its length in front (RFC 6962 §3.3); nil sends none.
    public var signedCertificateTimestamps: [UInt8]?

    /// Creates a staple.
    public init(
        ocspResponse: [UInt8]? = nil,
        ocspExpiry: Int64? = nil,
        signedCertificateTimestamps: [UInt8]? = nil
    ) {
        self.ocspResponse = ocspResponse
        self.ocspExpiry = ocspExpiry
        self.signedCertificateTimestamps = signedCertificateTimestamps
    }

    /// What of it a client gets that asks as this hello does.
    func answer(to hello: borrowing ClientHello, at now: Int64) -> CertificateStaple {
        var answer = CertificateStaple()
        if hello.requestsOCSP, ocspExpiry ?? .max > now { answer.ocspResponse = ocspResponse }
        if hello.extensions.contains(.signedCertificateTimestamp) {
            answer.signedCertificateTimestamps = signedCertificateTimestamps
        }
        return answer
    }

    var isEmpty: Bool { ocspResponse == nil && signedCertificateTimestamps == nil }
}
