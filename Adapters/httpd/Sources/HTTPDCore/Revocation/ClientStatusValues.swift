// SPDX-License-Identifier: Apache-2.0

/// What the `SSLOCSP*` directives of one server say. Nil where nothing is said.
struct ClientStatusValues: Equatable {
    /// `SSLOCSPEnable`.
    var checking: ClientStatusChecking?
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
        return [0, checking.depth == .chain ? 1 : 0, checking.acceptsWithoutResponder ? 1 : 0]
    }

    /// What holds in a virtual host that says `self`, inside a server that says `outer`.
    func merged(onto outer: ClientStatusValues) -> ClientStatusValues {
        var merged = self
        merged.checking = checking ?? outer.checking
        merged.responder = responder ?? outer.responder
        merged.overridesResponders = overridesResponders ?? outer.overridesResponders
        merged.proxy = proxy ?? outer.proxy
        merged.responderFile = responderFile ?? outer.responderFile
        merged.timeout = timeout ?? outer.timeout
        merged.clockSkew = clockSkew ?? outer.clockSkew
        merged.maximumAge = maximumAge ?? outer.maximumAge
        merged.usesNonce = usesNonce ?? outer.usesNonce
        return merged
    }
}

/// `SSLOCSPEnable`.
struct ClientStatusChecking: Equatable {
    enum Depth { case none, leaf, chain }

    let depth: Depth
    /// Whether certificates about which nobody can be asked are good.
    let acceptsWithoutResponder: Bool

    init(_ arguments: [String]) throws(DirectiveError) {
        switch arguments.first?.lowercased() {
        case "off": depth = .none
        case "leaf": depth = .leaf
        case "on": depth = .chain
        default: throw DirectiveError("'\(arguments.first ?? "")' is not one of off, leaf and on")
        }
        switch arguments.dropFirst().map({ $0.lowercased() }) {
        case []: acceptsWithoutResponder = false
        case ["no_ocsp_for_cert_ok"]: acceptsWithoutResponder = true
        default: throw DirectiveError("unknown flag '\(arguments.dropFirst().joined(separator: " "))'")
        }
    }
}
