// SPDX-License-Identifier: Apache-2.0

/// For which certificate policies a path has to be valid: the inputs (c) to (g) of RFC 5280 §6.1.1.
///
/// Without any of this, policies still count where an authority on the path requires some of what is below it, by its
/// policyConstraints extension.
public struct PolicyRequirements: Hashable, Sendable {
    /// The policies that are acceptable, as dotted object identifiers in the domain of the trust anchor
    /// (user-initial-policy-set); nil: any.
    public var acceptablePolicies: Set<String>?
    /// Whether the path has to be valid for one of them, though no authority requires it (initial-explicit-policy).
    public var requiresPolicy = false
    /// Whether mappings from one policy to another don't count (initial-policy-mapping-inhibit).
    public var inhibitsMapping = false
    /// Whether anyPolicy doesn't stand for all others (initial-any-policy-inhibit).
    public var inhibitsAnyPolicy = false

    /// Requires nothing.
    public init() {}

    /// Paths that are valid for one of these policies.
    ///
    /// - Parameter policies: Dotted object identifiers, as `2.16.840.1.101.3.2.1.3.13`. What is none accepts nothing.
    public init(requiringOneOf policies: Set<String>) {
        acceptablePolicies = policies
        requiresPolicy = true
    }
}
