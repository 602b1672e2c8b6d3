// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import TLSCertificates

extension TLSError {
    /// Whether those who run the server have to see the failure of a connection from a client: what they can mend, such as
    /// revocation lists that have expired and responders that are down, and certificates that were refused. What scanners
    /// cause, who show none, is not among it.
    public var concernsAdministrator: Bool {
        switch self {
        case .certificateRejected(let rejection): rejection.reason != .emptyChain
        case .internalFailure, .misuse: true
        default: false
        }
    }
}
