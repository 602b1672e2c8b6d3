// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a server's sessions need for resumption, made once with the configuration.
struct ServerResumption: Sendable {
    let keys: TicketKeys
    /// How many TLS 1.3 tickets a full handshake gives.
    let ticketCount: Int
    /// In seconds.
    let lifetime: UInt32
    /// Must be the same when a session is resumed as when it was made.
    let policy: [UInt8]
    private let authenticator: ClientAuthenticator?

    /// Nil when the options turn resumption off.
    init?(_ options: ServerOptions, _ authenticator: ClientAuthenticator?) throws(ConfigurationError) {
        guard options.ticketCount > 0 else { return nil }
        guard options.ticketCount <= TLSLimits.ticketsPerHandshake else {
            throw ConfigurationError(
                reason: "a handshake gives at most \(TLSLimits.ticketsPerHandshake) tickets, not \(options.ticketCount)"
            )
        }
        guard (1...604_800).contains(options.ticketLifetime) else {
            throw ConfigurationError(
                reason: "a ticket lives 1 to 604800 seconds (RFC 8446 §4.6.1), not \(options.ticketLifetime)"
            )
        }
        if let given = options.ticketKeys {
            keys = given
        } else {
            // A ticket can be read for one epoch at least: its whole life.
            keys = try TicketKeys(random: options.random, epochLength: max(60, options.ticketLifetime))
        }
        ticketCount = options.ticketCount
        lifetime = UInt32(min(options.ticketLifetime, keys.epochLength))
        self.authenticator = authenticator
        policy = try ResumptionPolicy(
            versions: options.versions,
            context: options.resumptionContext,
            clientAuthentication: authenticator?.fingerprint
        ).digest()
    }

    /// Reads the ticket that a client brings and judges whether it may resume, the binder apart.
    func session(
        _ ticket: Span<UInt8>,
        version: ProtocolVersion,
        serverName: String?,
        at now: Int64
    ) -> SessionState? {
        guard let bytes = keys.open(ticket, at: now) else { return nil }
        var state: SessionState
        do throws(DecodeError) {
            state = try SessionState.read(bytes)
        } catch {
            return nil
        }
        guard state.version == version, state.serverName == serverName, state.policy == policy,
            state.isAlive(at: now, limit: lifetime), let client = verified(state.client, at: now)
        else { return nil }
        state.client = client
        return state
    }

    /// The client, if a full handshake would accept it with the chain it once sent: certificates expire, and time
    /// goes over revocation lists.
    private func verified(_ client: PeerCertificates, at now: Int64) -> PeerCertificates? {
        guard let authenticator else { return client.sent.isEmpty ? client : nil }
        if client.sent.isEmpty { return authenticator.mode == .optional ? client : nil }
        switch authenticator.verification(client.sent, at: now).verdict() {
        case .accepted(let path): return PeerCertificates(sent: client.sent, verifiedPath: path)
        case .rejected: return nil
        }
    }

    /// How long a ticket made now may live, in seconds: resuming does not extend what a full handshake began.
    func lifetime(authenticatedAt: Int64, now: Int64) -> UInt32 {
        let age = max(0, now - authenticatedAt)
        return UInt32(max(0, min(Int64(lifetime), TLSLimits.sessionAge - age)))
    }
}

extension SessionState {
    /// Whether the state's lifetime and the age of its authentication allow to use it now.
    ///
    /// - Parameter limit: The longest lifetime that is allowed now, in seconds; it may have been longer before.
    func isAlive(at now: Int64, limit: UInt32) -> Bool {
        // A clock that was set back makes negative ages; those of a few seconds are differences between machines.
        let age = now - createdAt
        return age >= -10 && age <= Int64(min(lifetime, limit)) && now - authenticatedAt <= TLSLimits.sessionAge
    }
}
