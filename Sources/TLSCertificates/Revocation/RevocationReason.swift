// SPDX-License-Identifier: Apache-2.0

/// Why a certificate was revoked (RFC 5280 §5.3.1).
///
/// The raw values are those of the encoding. `removeFromCRL` is missing: only delta lists have it.
public enum RevocationReason: Int, Hashable, Sendable {
    /// The issuer gives no reason.
    case unspecified = 0
    /// The private key of a leaf is, or may be, in the hands of somebody else.
    case keyCompromise = 1
    /// The private key of a certificate authority is, or may be, in the hands of somebody else.
    case caCompromise = 2
    /// A name in the certificate is no longer right.
    case affiliationChanged = 3
    /// Another certificate has taken its place.
    case superseded = 4
    /// The certificate is no longer needed.
    case cessationOfOperation = 5
    /// The certificate is on hold, and may become valid again.
    case certificateHold = 6
    /// A privilege that the certificate states has been withdrawn.
    case privilegeWithdrawn = 9
    /// The key of an attribute authority is, or may be, in the hands of somebody else.
    case aaCompromise = 10
}

extension RevocationReason: CustomStringConvertible {
    /// The RFC's name of the reason.
    public var description: String {
        switch self {
        case .unspecified: "unspecified"
        case .keyCompromise: "keyCompromise"
        case .caCompromise: "cACompromise"
        case .affiliationChanged: "affiliationChanged"
        case .superseded: "superseded"
        case .cessationOfOperation: "cessationOfOperation"
        case .certificateHold: "certificateHold"
        case .privilegeWithdrawn: "privilegeWithdrawn"
        case .aaCompromise: "aACompromise"
        }
    }
}
