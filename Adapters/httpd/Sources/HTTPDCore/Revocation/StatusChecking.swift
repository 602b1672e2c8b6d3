// SPDX-License-Identifier: Apache-2.0

/// Which certificates of a chain are looked up before they are believed: in revocation lists (`SSLCARevocationCheck`), or
/// with OCSP responders (`SSLOCSPEnable`).
struct StatusChecking: Equatable {
    enum Depth { case none, leaf, chain }

    let depth: Depth
    /// Whether certificates are good of which nothing can be known: no list speaks about them, no responder is named.
    let acceptsUnknown: Bool

    /// `SSLCARevocationCheck`.
    init(byLists arguments: [String]) throws(DirectiveError) {
        try self.init(arguments, ["none", "leaf", "chain"], leniently: "no_crl_for_cert_ok")
    }

    /// `SSLOCSPEnable`.
    init(byResponders arguments: [String]) throws(DirectiveError) {
        try self.init(arguments, ["off", "leaf", "on"], leniently: "no_ocsp_for_cert_ok")
    }

    /// - Parameter words: for no certificate, for the first, for all.
    private init(_ arguments: [String], _ words: [String], leniently flag: String) throws(DirectiveError) {
        switch words.firstIndex(of: arguments.first?.lowercased() ?? "") {
        case 0: depth = .none
        case 1: depth = .leaf
        case 2: depth = .chain
        default:
            throw DirectiveError("'\(arguments.first ?? "")' is not one of \(words[0]), \(words[1]) and \(words[2])")
        }
        switch arguments.dropFirst().map({ $0.lowercased() }) {
        case []: acceptsUnknown = false
        case [flag]: acceptsUnknown = true
        default: throw DirectiveError("unknown flag '\(arguments.dropFirst().joined(separator: " "))'")
        }
    }
}
