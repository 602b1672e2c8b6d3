// SPDX-License-Identifier: Apache-2.0

/// Which certificates are checked for revocation, with which lists, and what happens if the lists don't tell.
///
/// By default nothing is let through: every certificate of the path but the trust anchor has to be covered by a list
/// that hasn't expired.
public struct RevocationPolicy: Sendable {
    /// Which certificates of a path are checked.
    public enum Checks: Hashable, Sendable {
        /// The leaf only.
        case leaf
        /// Every certificate but the trust anchor.
        case chain
    }

    /// What to do with a certificate that cannot be checked.
    public enum Decision: Hashable, Sendable {
        /// Reject it.
        case refuse
        /// Take it as if it were not revoked.
        case accept
    }

    /// The lists.
    public var lists: CertificateRevocationLists
    /// Which certificates are checked.
    public var checks: Checks
    /// What to do if no list is about a certificate. If there are some and none can be verified, it is refused in any
    /// case.
    public var unknownStatus: Decision
    /// What to do if the lists about a certificate have expired. What they revoke is refused in any case.
    public var expiredLists: Decision

    /// A policy with these lists.
    public init(
        lists: CertificateRevocationLists,
        checks: Checks = .chain,
        unknownStatus: Decision = .refuse,
        expiredLists: Decision = .refuse
    ) {
        self.lists = lists
        self.checks = checks
        self.unknownStatus = unknownStatus
        self.expiredLists = expiredLists
    }
}
