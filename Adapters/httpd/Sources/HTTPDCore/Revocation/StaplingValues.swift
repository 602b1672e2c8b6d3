// SPDX-License-Identifier: Apache-2.0

/// What the `SSLStapling*` directives of one server say. Nil where nothing is said.
struct StaplingValues: Inheriting {
    /// `SSLUseStapling`.
    var isOn: Bool?
    /// `SSLStaplingForceURL`.
    var responder: ResponderAddress?
    /// `SSLStaplingResponderTimeout`, `SSLStaplingStandardCacheTimeout`, `SSLStaplingErrorCacheTimeout`,
    /// `SSLStaplingResponseTimeSkew`, `SSLStaplingResponseMaxAge`: seconds.
    var responderTimeout: Int64?
    var lifetime: Int64?
    var errorLifetime: Int64?
    var clockSkew: Int64?
    var maximumAge: Int64?
    /// `SSLStaplingReturnResponderErrors`, `SSLStaplingFakeTryLater`.
    var passesErrorsOn: Bool?
    var inventsErrors: Bool?

    /// What holds in a virtual host that says `self`, inside a server that says `outer`.
    func merged(onto outer: StaplingValues) -> StaplingValues {
        var merged = self
        merged.inherit(
            from: outer,
            \.isOn,
            \.responder,
            \.responderTimeout,
            \.lifetime,
            \.errorLifetime,
            \.clockSkew,
            \.maximumAge,
            \.passesErrorsOn,
            \.inventsErrors
        )
        return merged
    }
}
