// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// The flight of a TLS 1.2 server that resumes a session, a step for each message.
struct ResumingFlightTLS12: ~Copyable, ~Escapable {
    private let received: ReceivedClientHello
    private let negotiated: NegotiatedParameters
    private let client: PeerAuthenticated
    /// The ticket that replaces the client's, nil when it may keep that.
    private let ticket: TicketIssueTLS12?
    /// What a server keeps of the session under its ID.
    private let stored: StoredSession?
    /// The hash of transcript and PRF.
    private let algorithm: HashAlgorithm
    private let randoms: Randoms
    private let master: MasterSecretTLS12
    private var transcript: Transcript

    @_lifetime(copy received)
    init(_ received: consuming ReceivedClientHello, _ session: borrowing SessionState) throws(TLSError) {
        let suite = session.cipherSuite
        guard let algorithm = suite.hash else { throw .internalFailure("\(suite) has no hash") }
        // RFC 7301 §3.1: a session does not bind its application protocol.
        let applicationProtocol = try received.context.applicationProtocol(received.hello)
        let randoms = Randoms(client: received.clientRandom, server: try ServerHelloTLS12.random(received.context))
        var transcript = try Transcript(algorithm)
        transcript.update(received.message)
        let name = received.hello.dnsName
        negotiated = NegotiatedParameters(
            version: .tls12,
            cipherSuite: suite,
            group: nil,
            signatureScheme: nil,
            applicationProtocol: applicationProtocol,
            serverName: name,
            usedHelloRetryRequest: false,
            isResumed: true,
            unusualName: received.hello.unusualName(besides: name)
        )
        // A session that goes by its ID keeps it.
        if received.hello.sessionTicket?.isEmpty ?? true {
            let identifier: [UInt8] = copyBytes(received.hello.legacySessionID)
            let store = received.context.configuration.resumption?.store
            stored = store.map { StoredSession(store: $0, identifier: identifier) }
            ticket = nil
        } else {
            stored = nil
            ticket =
                Self.isRenewalDue(received, session)
                ? TicketIssueTLS12(received, authenticatedAt: session.authenticatedAt) : nil
        }
        client = PeerAuthenticated(resuming: session)
        master = MasterSecretTLS12(resuming: session.secret, cipherSuite: suite, randoms: randoms)
        self.algorithm = algorithm
        self.randoms = randoms
        self.transcript = transcript
        self.received = received
    }

    /// Whether the client needs another ticket than the one it brings: when this one will soon be unreadable, because
    /// the key has changed or half of its life is over. A ticket of TLS 1.2 may be used many times (RFC 5077 §3.3).
    private static func isRenewalDue(
        _ received: borrowing ReceivedClientHello,
        _ session: borrowing SessionState
    ) -> Bool {
        guard let resumption = received.context.configuration.resumption, let ticket = received.hello.sessionTicket
        else { return false }
        let now = received.options.clock()
        return !resumption.keys.isCurrent(ticket, at: now)
            || now - session.createdAt >= Int64(min(session.lifetime, resumption.lifetime)) / 2
    }

    /// RFC 5246 §7.4.1.3.
    mutating func sendServerHello(_ channel: inout Channel) throws(TLSError) {
        let limits = RecordLimits(answering: received.hello, received.options.records, version: .tls12)
        limits.apply(to: &channel)
        let sessionID = received.hello.legacySessionID
        let supportsSecureRenegotiation = received.hello.supportsSecureRenegotiation
        let givesTicket = ticket != nil
        let (negotiated, randoms) = (negotiated, randoms)
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

    /// RFC 5077 §3.3.
    mutating func sendTicket(_ flight: inout ByteWriter) throws(TLSError) {
        if let keyLog = received.options.keyLog { master.log(to: keyLog) }
        guard let ticket else { return }
        let random = received.options.random
        try ticket.send(master, negotiated, client: client.certificates, random: random, &transcript, &flight)
    }

    /// Changes the keys (RFC 5246 §7.1) and writes Finished (§7.4.9).
    consuming func finish(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        let algorithm = algorithm
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
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
