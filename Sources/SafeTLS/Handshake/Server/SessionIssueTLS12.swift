// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// The ticket that a TLS 1.2 server promises in its ServerHello and gives in its last flight (RFC 5077 §3.3).
struct TicketIssueTLS12 {
    private let resumption: ServerResumption
    private let policy: [UInt8]
    /// When a full handshake last made a master secret, in UNIX seconds.
    private let authenticatedAt: Int64
    private let now: Int64
    /// In seconds.
    private let lifetime: UInt32

    /// Nil when the client wants no ticket, or may not have one.
    ///
    /// - Parameter authenticatedAt: Nil in a full handshake.
    init?(_ received: borrowing ReceivedClientHello, authenticatedAt: Int64? = nil) {
        // RFC 7627 §5.4: a session without the extended master secret is not to be resumed.
        guard let resumption = received.context.configuration.resumption, resumption.ticketCount > 0,
            resumption.ticketForm == .stateless, received.hello.extensions.contains(.sessionTicket),
            received.hello.hasExtendedMasterSecret
        else { return nil }
        let now = received.options.clock()
        let began = authenticatedAt ?? now
        let lifetime = resumption.lifetime(authenticatedAt: began, now: now, version: .tls12)
        guard lifetime > 0 else { return nil }
        self.resumption = resumption
        policy = resumption.policy(received.context.deferring)
        self.authenticatedAt = began
        self.now = now
        self.lifetime = lifetime
    }

    /// Writes the NewSessionTicket. Finished covers it.
    func send(
        _ master: borrowing MasterSecretTLS12,
        _ negotiated: NegotiatedParameters,
        client: PeerCertificates,
        random: any RandomSource,
        _ transcript: inout Transcript,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        let state = SessionState(
            tls12: master,
            negotiated,
            client: client,
            authenticatedAt: authenticatedAt,
            createdAt: now,
            lifetime: lifetime,
            policy: policy
        )
        let bytes = state.serialised()
        let ticket = try sealed(bytes.bytes, random)
        let lifetime = lifetime
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try TLS12NewSessionTicket.write(lifetimeHint: lifetime, ticket: ticket.span, into: &writer)
        }
    }

    /// Writes the ticket that was promised and cannot be given: an empty one (RFC 5077 §3.3).
    func sendNone(_ transcript: inout Transcript, _ flight: inout ByteWriter) throws(TLSError) {
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try TLS12NewSessionTicket.write(lifetimeHint: 0, ticket: Span(), into: &writer)
        }
    }

    private func sealed(_ state: Span<UInt8>, _ random: any RandomSource) throws(TLSError) -> [UInt8] {
        do throws(CryptoError) {
            return try resumption.keys.seal(state, at: now, random: random)
        } catch {
            throw TLSError(error)
        }
    }
}

/// A session that a TLS 1.2 server keeps under an ID (RFC 5246 §7.4.1.3): for clients that get no ticket.
struct SessionIDIssue {
    private let resumption: ServerResumption
    private let policy: [UInt8]
    /// The ID that ServerHello gives the session.
    let identifier: [UInt8]

    /// Nil when the session cannot be resumed by an ID.
    init?(_ received: borrowing ReceivedClientHello, ticket: TicketIssueTLS12?) throws(TLSError) {
        // RFC 7627 §5.4: a session without the extended master secret is not to be resumed.
        guard ticket == nil, let resumption = received.context.configuration.resumption, resumption.store != nil,
            received.hello.hasExtendedMasterSecret
        else { return nil }
        self.resumption = resumption
        policy = resumption.policy(received.context.deferring)
        identifier = try copyBytes(received.context.random32().span)
    }

    /// Stores the session when the client's Finished is verified.
    func keep(
        _ master: borrowing MasterSecretTLS12,
        _ negotiated: NegotiatedParameters,
        client: PeerCertificates,
        _ options: ServerOptions
    ) throws(TLSError) -> StoredSession? {
        guard let store = resumption.store else { return nil }
        let now = options.clock()
        let state = SessionState(
            tls12: master,
            negotiated,
            client: client,
            authenticatedAt: now,
            createdAt: now,
            lifetime: resumption.lifetime(authenticatedAt: now, now: now, version: .tls12),
            policy: policy
        )
        do throws(CryptoError) {
            _ = try resumption.keep(state, as: identifier, at: now, random: options.random)
        } catch {
            throw TLSError(error)
        }
        return StoredSession(store: store, identifier: identifier)
    }
}

extension SessionState {
    /// The state of a TLS 1.2 session.
    fileprivate init(
        tls12 master: borrowing MasterSecretTLS12,
        _ negotiated: NegotiatedParameters,
        client: PeerCertificates,
        authenticatedAt: Int64,
        createdAt: Int64,
        lifetime: UInt32,
        policy: [UInt8]
    ) {
        self.init(
            version: .tls12,
            cipherSuite: negotiated.cipherSuite,
            secret: master.sessionSecret(),
            authenticatedAt: authenticatedAt,
            createdAt: createdAt,
            lifetime: lifetime,
            ageAdd: 0,
            policy: policy,
            serverName: negotiated.sessionName,
            applicationProtocol: negotiated.applicationProtocol,
            usesExtendedMasterSecret: true,
            client: client
        )
    }
}
