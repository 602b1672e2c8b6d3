// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A server's answer to a ClientHello of TLS 1.2 whose ticket is good: ServerHello, NewSessionTicket,
/// change_cipher_spec and Finished in one flight, before the client's (RFC 5077 §3.1, RFC 5246 §7.3).
enum ResumptionTLS12 {
    /// The session that this client may resume; nil for a full handshake.
    static func session(
        _ context: ServerContext,
        _ hello: borrowing ClientHello
    ) throws(TLSError) -> SessionState? {
        guard let resumption = context.configuration.resumption else { return nil }
        let now = context.options.clock()
        let found: SessionState?
        if let ticket = hello.sessionTicket, !ticket.isEmpty {
            // RFC 5077 §3.4: beside a ticket the session ID is a mark for its acceptance, and names nothing.
            guard resumption.identifier(ticket) == nil else { return nil }
            found = resumption.session(ticket, version: .tls12, serverName: hello.sessionName, at: now)
        } else {
            guard resumption.store != nil, resumption.identifier(hello.legacySessionID) != nil else { return nil }
            found = resumption.session(hello.legacySessionID, version: .tls12, serverName: hello.sessionName, at: now)
        }
        guard let state = found else { return nil }
        // RFC 5246 §7.4.1.3: the suite is the session's, whatever either side now prefers.
        let suite = state.cipherSuite
        guard suite.isTLS12, context.options.cipherSuites.contains(suite), hello.cipherSuites.contains(suite) else {
            return nil
        }
        // RFC 7627 §5.3: no resumption without the extended master secret, and no way back to a handshake without it.
        guard state.usesExtendedMasterSecret else { return nil }
        guard hello.hasExtendedMasterSecret else {
            throw .nothingInCommon(.requiredExtension(.extendedMasterSecret))
        }
        return state
    }

    /// Writes the flight.
    static func resume(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ session: consuming SessionState,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        let suite = session.cipherSuite
        guard let algorithm = suite.hash else { throw .internalFailure("\(suite) has no hash") }
        let negotiated = NegotiatedParameters(
            version: .tls12,
            cipherSuite: suite,
            group: nil,
            signatureScheme: nil,
            // RFC 7301 §3.1: a session does not bind its application protocol.
            applicationProtocol: try context.applicationProtocol(hello),
            serverName: hello.dnsName,
            usedHelloRetryRequest: false,
            isResumed: true,
            unusualName: hello.unusualName
        )
        // A session that goes by its ID keeps it.
        let isStored = hello.sessionTicket?.isEmpty ?? true
        let ticket =
            isStored || !isRenewalDue(context, hello, session)
            ? nil : TicketIssueTLS12(context, hello, authenticatedAt: session.authenticatedAt)
        var stored: StoredSession?
        if isStored, let store = context.configuration.resumption?.store {
            stored = StoredSession(store: store, identifier: copyBytes(hello.legacySessionID))
        }
        let client = PeerAuthenticated(resuming: session)
        let randoms = Randoms(
            client: ServerHelloTLS13.random(hello),
            server: try ServerHelloTLS12.random(context)
        )
        var transcript = try Transcript(algorithm)
        transcript.update(message)
        let limits = RecordLimits(answering: hello, context.options.records, version: .tls12)
        limits.apply(to: &channel)
        try writeServerHello(hello, negotiated, randoms, limits, givesTicket: ticket != nil, &transcript, &channel)

        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let master = MasterSecretTLS12(resuming: session.secret, cipherSuite: suite, randoms: randoms)
        if let keyLog = context.options.keyLog { master.log(to: keyLog) }
        if let ticket {
            try ticket.send(
                master,
                negotiated,
                client: client.certificates,
                random: context.options.random,
                &transcript,
                &channel
            )
        }
        let keys = try master.keyBlock(&hash)
        let verifyData = try master.verifyData(of: .server, transcript: transcript.digest(), &hash)
        try channel.writeChangeCipherSpec()
        try channel.install(sealer: keys.sealer(.server))
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        let expected = try master.verifyData(of: .client, transcript: transcript.digest(), &hash)
        return .handshaking(
            .expectResumingChangeCipherSpec(
                ExpectResumingChangeCipherSpec(
                    opener: try keys.opener(.client),
                    expected: expected,
                    connected: Connected(
                        negotiated: negotiated,
                        peer: client.certificates,
                        stored: stored,
                        secrets: master.connectionSecrets(isClient: false)
                    )
                )
            )
        )
    }

    /// Whether the client needs another ticket than the one it brings: when this one will soon be unreadable, because
    /// the key has changed or half of its life is over. A ticket of TLS 1.2 may be used many times (RFC 5077 §3.3).
    private static func isRenewalDue(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ session: borrowing SessionState
    ) -> Bool {
        guard let resumption = context.configuration.resumption, let ticket = hello.sessionTicket else { return false }
        let now = context.options.clock()
        return !resumption.keys.isCurrent(ticket, at: now)
            || now - session.createdAt >= Int64(min(session.lifetime, resumption.lifetime)) / 2
    }

    private static func writeServerHello(
        _ hello: borrowing ClientHello,
        _ negotiated: NegotiatedParameters,
        _ randoms: Randoms,
        _ limits: RecordLimits,
        givesTicket: Bool,
        _ transcript: inout Transcript,
        _ channel: inout Channel
    ) throws(TLSError) {
        let sessionID = hello.legacySessionID
        let supportsSecureRenegotiation = hello.supportsSecureRenegotiation
        try channel.send(&transcript) { writer throws(EncodeError) in
            try ServerHello.write(
                random: randoms.server.span,
                // RFC 5077 §3.4: the echo of its session ID tells the client that its ticket was accepted.
                legacySessionID: sessionID,
                cipherSuite: negotiated.cipherSuite,
                into: &writer
            ) { extensions in
                // RFC 6066 §3: server_name is not answered in a resumption. Point formats are for key exchanges.
                if supportsSecureRenegotiation { extensions.renegotiationInfo() }
                extensions.addEmpty(.extendedMasterSecret)
                extensions.recordLimits(limits)
                if givesTicket { extensions.addEmpty(.sessionTicket) }
                if let applicationProtocol = negotiated.applicationProtocol {
                    extensions.applicationProtocols([applicationProtocol])
                }
            }
        }
    }
}

/// The server has resumed a session and changed its keys; the client's change comes next (RFC 5246 §7.1).
struct ExpectResumingChangeCipherSpec: ~Copyable {
    /// Protection of the client's records behind the change.
    fileprivate let opener: RecordOpener
    /// The `verify_data` that the client must send.
    fileprivate let expected: Secret
    fileprivate let connected: Connected

    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        try channel.install(opener: opener)
        return .handshaking(
            .expectResumingFinished(ExpectResumingFinished(expected: expected, connected: connected))
        )
    }
}

/// The client's Finished completes the resumption: it proves that the client knows the session's master secret
/// (RFC 5246 §7.4.9).
struct ExpectResumingFinished: ~Copyable {
    fileprivate let expected: Secret
    fileprivate let connected: Connected

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        try FinishedCheck.verify(message, expected: expected.bytes)
        return .connected(connected)
    }
}

/// The ticket that a TLS 1.2 server promises in its ServerHello and gives in its last flight (RFC 5077 §3.3).
struct TicketIssueTLS12 {
    private let resumption: ServerResumption
    /// When a full handshake last made a master secret, in UNIX seconds.
    private let authenticatedAt: Int64
    private let now: Int64
    /// In seconds.
    private let lifetime: UInt32

    /// Nil when the client wants no ticket, or may not have one.
    ///
    /// - Parameter authenticatedAt: Nil in a full handshake.
    init?(_ context: ServerContext, _ hello: borrowing ClientHello, authenticatedAt: Int64? = nil) {
        // RFC 7627 §5.4: a session without the extended master secret is not to be resumed.
        guard let resumption = context.configuration.resumption, resumption.ticketCount > 0,
            resumption.ticketForm == .stateless, hello.extensions.contains(.sessionTicket),
            hello.hasExtendedMasterSecret
        else { return nil }
        let now = context.options.clock()
        let began = authenticatedAt ?? now
        let lifetime = resumption.lifetime(authenticatedAt: began, now: now, version: .tls12)
        guard lifetime > 0 else { return nil }
        self.resumption = resumption
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
        _ channel: inout Channel
    ) throws(TLSError) {
        let state = SessionState(
            tls12: master,
            negotiated,
            client: client,
            authenticatedAt: authenticatedAt,
            createdAt: now,
            lifetime: lifetime,
            policy: resumption.policy
        )
        let bytes = state.serialised()
        let ticket = try sealed(bytes.bytes, random)
        let lifetime = lifetime
        try channel.send(&transcript) { writer throws(EncodeError) in
            try TLS12NewSessionTicket.write(lifetimeHint: lifetime, ticket: ticket.span, into: &writer)
        }
    }

    /// Writes the ticket that was promised and cannot be given: an empty one (RFC 5077 §3.3).
    func sendNone(_ transcript: inout Transcript, _ channel: inout Channel) throws(TLSError) {
        try channel.send(&transcript) { writer throws(EncodeError) in
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
    /// The ID that ServerHello gives the session.
    let identifier: [UInt8]

    /// Nil when the session cannot be resumed by an ID.
    init?(_ context: ServerContext, _ hello: borrowing ClientHello, ticket: TicketIssueTLS12?) throws(TLSError) {
        // RFC 7627 §5.4: a session without the extended master secret is not to be resumed.
        guard ticket == nil, let resumption = context.configuration.resumption, resumption.store != nil,
            hello.hasExtendedMasterSecret
        else { return nil }
        self.resumption = resumption
        identifier = try copyBytes(context.random32().span)
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
            policy: resumption.policy
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
