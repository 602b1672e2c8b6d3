// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// A request to judge the peer's certificate chain.
public struct VerificationRequest: Sendable {
    /// The chain as the peer sent it, its own certificate first.
    public let certificateChain: [Certificate]
    /// The name the chain must be valid for; nil for the chain of a client, and for that of a server whose session was made
    /// without one.
    public let serverName: ServerName?
    /// The OCSP response that came with the peer's certificate, in DER and not looked at (RFC 6066 §8).
    public let ocspResponse: [UInt8]?
    /// The SignedCertificateTimestampList that came with it, with its length in front (RFC 6962 §3.3).
    public let signedCertificateTimestamps: [UInt8]?
    /// What is expected of the OCSP response.
    let statusPolicy: StatusPolicy
    let verifier: CertificateVerifier
    /// Whether the built-in answer leaves the name alone.
    var acceptsAnyName = false
    /// When the chain was received, in UNIX seconds, by the configuration's clock.
    public let time: Int64
    /// Judges in the verifier's place: that of ``ClientConfiguration/init(judge:options:)``.
    var judge: (@Sendable (VerificationRequest) -> Verdict)?

    enum StatusPolicy {
        /// None was asked for.
        case ignored
        /// It counts when it is there, and has to be when the certificate says so.
        case used
        /// It has to be there.
        case required
    }

    /// Judges with the configuration's trust anchors, revocation lists and clock: the built-in answer.
    ///
    /// - Returns: The path from the peer's certificate to the trust anchor.
    public func verify() throws(CertificateRejection) -> [Certificate] {
        let name = acceptsAnyName ? nil : serverName
        let path = try verifier.verify(certificateChain, serverName: name, at: time)
        if let reason = statusObjection(path) {
            throw CertificateRejection(certificate: path[0].description, depth: 0, reason: reason)
        }
        return path
    }

    /// What the OCSP response, or its absence, says against the peer's certificate.
    private func statusObjection(_ path: [Certificate]) -> CertificateRejection.Reason? {
        // A certificate that is an anchor itself has no issuer who could say something about it.
        guard statusPolicy != .ignored, path.count >= 2 else { return nil }
        if let ocspResponse {
            do throws(CertificateError) {
                let response = try OCSPResponse(der: ocspResponse)
                switch try response.status(of: path[0], issuedBy: path[1], at: time) {
                case .good: return nil
                case .revoked(let reason, let date): return .revoked(reason: reason, date: date)
                // As good as none.
                case .unknown: break
                }
            } catch {
                return .badStatusResponse(error.reason)
            }
        }
        return statusPolicy == .required || path[0].requiresStapledStatus ? .noStatusResponse : nil
    }
}

/// A driver's verdict on a certificate chain.
public enum Verdict: Equatable, Sendable {
    /// The chain is good for the name. The path is kept for the application to read.
    case accepted(path: [Certificate])
    /// The chain is refused for this reason.
    case rejected(CertificateRejection)
}
