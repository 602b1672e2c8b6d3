// SPDX-License-Identifier: Apache-2.0

/// What the `SSLOCSP*` directives of one server say. Nil where nothing is said.
struct ClientStatusValues: Inheriting, Equatable {
    /// `SSLOCSPEnable`.
    var checking: StatusChecking?
    /// `SSLOCSPDefaultResponder`, `SSLOCSPOverrideResponder`, `SSLOCSPProxyURL`.
    var responder: ResponderAddress?
    var overridesResponders: Bool?
    var proxy: ResponderAddress?
    /// `SSLOCSPResponderCertificateFile`.
    var responderFile: String?
    /// `SSLOCSPResponderTimeout`, `SSLOCSPResponseTimeSkew`, `SSLOCSPResponseMaxAge`: seconds.
    var timeout: Int64?
    var clockSkew: Int64?
    var maximumAge: Int64?
    /// `SSLOCSPUseRequestNonce`.
    var usesNonce: Bool?

    /// Whether responders are asked.
    var asks: Bool { checking.map { $0.depth != .none } ?? false }

    /// What tells sessions apart whose clients were asked about in different ways; empty when nobody is asked.
    var resumptionContext: [UInt8] {
        guard let checking, checking.depth != .none else { return [] }
        // No name has such a byte.
        return [0, checking.depth == .chain ? 1 : 0, checking.acceptsUnknown ? 1 : 0]
    }

    /// What holds in a virtual host that says `self`, inside a server that says `outer`.
    func merged(onto outer: ClientStatusValues) -> ClientStatusValues {
        var merged = self
        merged.inherit(
            from: outer,
            \.checking,
            \.responder,
            \.overridesResponders,
            \.proxy,
            \.responderFile,
            \.timeout,
            \.clockSkew,
            \.maximumAge,
            \.usesNonce
        )
        return merged
    }
}
