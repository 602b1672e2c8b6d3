// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// `SSLVerifyClient` in a directory of the server's configuration.
public struct DirectoryDemand: Equatable, Sendable {
    let wanted: ClientVerification
    let place: String

    /// - Parameter place: Where the directive stands, for a message: `line 3 of /etc/…`.
    public init(_ wanted: ClientVerification, at place: String) {
        self.wanted = wanted
        self.place = place
    }
}

extension ServerSettings {
    /// What is said of a directory that asks for certificates which its host does not ask for: TLS 1.2 could ask for them only
    /// by renegotiation. One sentence, however many directories there are.
    public var directoryWarning: String? {
        guard let policy, policy.verification == .none, policy.configuration.options.versions.contains(.tls12),
            let demand = directoryDemands.max(by: { $0.wanted < $1.wanted }), demand.wanted != .none
        else { return nil }
        let outcome = demand.wanted == .require ? "get 403" : "are served without one"
        return
            "a directory asks for client certificates (SSLVerifyClient, \(demand.place)), and the host does not: clients that "
            + "speak TLS 1.2 \(outcome). Set SSLVerifyClient optional in the virtual host, or SSLProtocol TLSv1.3"
    }
}
