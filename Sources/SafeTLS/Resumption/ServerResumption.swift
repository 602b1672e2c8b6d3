// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a server's sessions need for resumption, made once with the configuration.
final class ServerResumption: Sendable {
    let keys: TicketKeys
    /// How many TLS 1.3 tickets a handshake gives; 0 gives none in either version.
    let ticketCount: Int
    let ticketForm: TicketForm
    let store: (any SessionStore)?
    /// In seconds.
    let lifetime: UInt32
    /// The most seconds from a full handshake to the last resumption that goes back to it.
    private let sessionAge: Int64
    /// What must be the same when a session is resumed as when it was made.
    private let policy: [UInt8]
    /// The same where the driver judges the certificates of clients.
    private let driversPolicy: [UInt8]
    private let authenticator: ClientAuthenticator?

    /// Nil when the options turn resumption off.
    init?(
        _ options: ServerOptions,
        _ authenticator: ClientAuthenticator?,
        isQUIC: Bool = false
    ) throws(ConfigurationError) {
        guard options.ticketCount > 0 || options.sessionStore != nil else { return nil }
        if options.ticketForm == .stateful && options.sessionStore == nil {
            throw ConfigurationError(reason: "stateful tickets need a session store")
        }
        guard options.ticketCount >= 0 else {
            throw ConfigurationError(reason: "the count of tickets is negative")
        }
        guard options.ticketCount <= TLSLimits.ticketsPerHandshake else {
            throw ConfigurationError(
                reason: "a handshake gives at most \(TLSLimits.ticketsPerHandshake) tickets, not \(options.ticketCount)"
            )
        }
        guard (1...604_800).contains(options.ticketLifetime) else {
            throw ConfigurationError(
                reason: "a ticket lives 1 to 604800 seconds (RFC 9846 §4.7.1), not \(options.ticketLifetime)"
            )
        }
        if let given = options.ticketKeys {
            keys = given
        } else {
            // A ticket can be read for one epoch at least: its whole life.
            keys = try TicketKeys(random: options.random, epochLength: max(60, options.ticketLifetime))
        }
        ticketCount = options.ticketCount
        ticketForm = options.ticketForm
        store = options.sessionStore
        lifetime = UInt32(min(options.ticketLifetime, keys.epochLength))
        sessionAge = max(0, min(options.authenticationLifetime, TLSLimits.sessionAge))
        self.authenticator = authenticator
        var policy = ResumptionPolicy(
            versions: options.versions,
            context: options.resumptionContext,
            clientAuthentication: authenticator?.fingerprint,
            requiresPostQuantum: options.requiresPostQuantum,
            isQUIC: isQUIC
        )
        self.policy = try policy.digest()
        policy.isJudgedByDriver = authenticator != nil
        driversPolicy = try policy.digest()
    }

    /// What must be the same when a session is resumed as when it was made.
    func policy(_ deferring: DeferredRequests) -> [UInt8] {
        deferring.contains(.verification) ? driversPolicy : policy
    }

    /// Reads the ticket that a client brings, or what the store has under it, and judges whether it may resume, the
    /// binder apart.
    func session(
        _ ticket: Span<UInt8>,
        version: ProtocolVersion,
        serverName: [UInt8]?,
        deferring: DeferredRequests,
        at now: Int64
    ) -> SessionState? {
        // Whoever gives no tickets takes none; session IDs are another matter.
        guard let identifier = identifier(ticket) else {
            guard ticketCount > 0 else { return nil }
            return open(ticket, version, serverName, policy(deferring), at: now)
        }
        guard version == .tls12 || ticketCount > 0, let stored = store?.session(for: identifier, now: now) else {
            return nil
        }
        return open(stored.span, version, serverName, policy(deferring), at: now)
    }

    /// The identifier that a ticket or session ID is; nil for a sealed ticket, which is longer.
    func identifier(_ ticket: Span<UInt8>) -> [UInt8]? {
        guard ticket.count == Self.identifierLength else { return nil }
        let identifier: [UInt8] = copyBytes(ticket)
        return identifier
    }

    /// Bytes of an identifier: those of the longest session ID (RFC 5246 §7.4.1.2).
    private static let identifierLength = 32

    /// Keeps a session in the store.
    ///
    /// - Returns: Its identifier.
    func keep(
        _ state: borrowing SessionState,
        as identifier: [UInt8]? = nil,
        at now: Int64,
        random: any RandomSource
    ) throws(CryptoError) -> [UInt8] {
        guard let store else { throw .internalFailure("there is no session store") }
        var name = identifier ?? zeros(Self.identifierLength)
        if identifier == nil {
            var span = name.mutableSpan
            try random.fill(&span)
        }
        let bytes = state.serialised()
        let sealed = try keys.seal(bytes.bytes, at: now, random: random)
        store.store(sealed, for: name, until: now + Int64(state.lifetime), now: now)
        return name
    }

    private func open(
        _ sealed: Span<UInt8>,
        _ version: ProtocolVersion,
        _ serverName: [UInt8]?,
        _ policy: [UInt8],
        at now: Int64
    ) -> SessionState? {
        guard let bytes = keys.open(sealed, at: now) else { return nil }
        var state: SessionState
        do throws(DecodeError) {
            state = try SessionState.read(bytes)
        } catch {
            return nil
        }
        guard state.version == version, state.serverName == serverName, state.policy == policy,
            state.isAlive(at: now, limit: lifetime, sessionAge: sessionAge),
            let client = verified(state.client, at: now)
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
    func lifetime(authenticatedAt: Int64, now: Int64, version: ProtocolVersion) -> UInt32 {
        let age = max(0, now - authenticatedAt)
        // In TLS 1.2 the keys of all resumptions come from one master secret.
        let end = version == .tls12 ? min(Int64(lifetime), sessionAge) : sessionAge
        return UInt32(max(0, min(Int64(lifetime), end - age)))
    }

    /// How many tickets a client gets (RFC 9149 §3).
    func ticketCount(requested: TicketRequest?, isResumed: Bool) -> Int {
        guard let requested, ticketCount > 0 else { return ticketCount }
        return min(
            Int(isResumed ? requested.resumptionCount : requested.newSessionCount),
            TLSLimits.ticketsPerHandshake
        )
    }
}

extension SessionState {
    /// Whether the state's lifetime and the age of its authentication allow to use it now.
    ///
    /// - Parameters:
    ///   - limit: The longest lifetime that is allowed now, in seconds; it may have been longer before.
    ///   - sessionAge: The longest time since the full handshake, the same way.
    func isAlive(at now: Int64, limit: UInt32, sessionAge: Int64) -> Bool {
        // A clock that was set back makes negative ages; those of a few seconds are differences between machines.
        let age = now - createdAt
        let end = version == .tls12 ? min(Int64(limit), sessionAge) : sessionAge
        return age >= -10 && age <= Int64(min(lifetime, limit)) && now - authenticatedAt <= end
    }
}
