// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// What the connections of one test have in common.
struct Test {
    private let resumeCount: Int
    private var ticketKeys: TicketKeys?
    private let store = MemorySessionStore()
    private var clientConfiguration: ClientConfiguration?
    /// What holds when 0-RTT data are rejected.
    private let retried: Options

    init(resumeCount: Int, retried: Options) {
        self.resumeCount = resumeCount
        self.retried = retried
    }

    /// Runs one connection.
    mutating func run(_ options: Options) throws(ShimFailure) {
        if options.isServer {
            try runServer(options)
        } else {
            try runClient(options)
        }
        if options.resumptionDelay != 0 { Clock.advance(by: options.resumptionDelay) }
    }

    private mutating func runServer(_ options: Options) throws(ShimFailure) {
        if ticketKeys == nil {
            do throws(ConfigurationError) {
                ticketKeys = try TicketKeys()
            } catch {
                throw .configuration(error)
            }
        }
        // Nobody is asked for a certificate or a status alone: a test that fails there would prove nothing.
        if options.failsCertificateCallback || options.failsStatusCallback {
            throw .unimplemented("a callback of a server for its certificate or its status alone")
        }
        let (configuration, credential) = try options.serverConfiguration(ticketKeys: ticketKeys, store: store)
        let stored = store.count
        var deferring: DeferredRequests = options.isAsync ? [.clientHello, .signature] : .clientHello
        // Sessions whose chains a driver judged are not resumed, nor does a driver that judges resume any other: the verdict is deferred
        // only where no session is resumed.
        if options.rejectsPeer && !options.isResumption || options.isAsync && resumeCount == 0 {
            deferring.insert(.verification)
        }
        let answers = Answers(options: options, configuration: configuration, credential: credential)
        if options.usesQUIC {
            let quic: QUICServerSession
            do throws(TLSError) {
                quic = try QUICServerSession(
                    configuration: configuration,
                    transportParameters: options.transportParameters ?? [],
                    deferring: deferring
                )
            } catch {
                throw .tls(error)
            }
            _ = try Connection(QUICPackets(quic, isAsync: options.isAsync), answers).run()
            return
        }
        let session = ServerSession(
            configuration: configuration,
            deferring: deferring,
            fragmentLength: options.fragmentLength
        )
        _ = try Connection(session, answers).run()
        if let expected = options.expectsSessionID, !options.isResumption, expected != (store.count > stored) {
            throw .expectation("a session is\(expected ? " not" : "") kept under an ID")
        }
    }

    private mutating func runClient(_ options: Options) throws(ShimFailure) {
        let made = try options.clientConfiguration(after: clientConfiguration)
        clientConfiguration = made
        let configuration: ClientConfiguration
        do throws(TLSError) {
            // QUIC's sessions are kept apart.
            configuration = options.usesQUIC ? try made.forQUIC() : made
        } catch {
            throw .tls(error)
        }
        if options.isResumption && configuration.sessionCount(for: options.serverName) == 0 {
            throw .expectation("there is no session to offer")
        }
        // A client that judges chains itself keeps no sessions: the verdict is deferred only where none is needed.
        let defersVerdict =
            (options.rejectsPeer || options.failsStatusCallback) && !options.isResumption
            || options.isAsync && resumeCount == 0
        var deferring: DeferredRequests = options.isAsync ? .signature : []
        if defersVerdict { deferring.insert(.verification) }
        let asksForCertificate =
            options.expectedAuthorities != nil || options.expectedCertificateTypes != nil
            || options.failsCertificateCallback || !options.expectedPeerSchemes.isEmpty || options.isAsync
        if asksForCertificate && resumeCount == 0 { deferring.insert(.certificate) }
        let offered = configuration.newestSession(for: options.serverName)
        var answers = Answers(options: options)
        answers.clientCredential = try options.clientCredential
        answers.retried = retried
        answers.offersSession = offered != nil
        let negotiated = try run(options, made, deferring, answers)
        guard deferring.isDisjoint(with: [.verification, .certificate]) else { return }
        try checkSessions(
            options,
            negotiated,
            isNew: configuration.newestSession(for: options.serverName).map { $0 != offered } ?? false
        )
    }

    /// Makes the client's session and runs it.
    private func run(
        _ options: Options,
        _ configuration: ClientConfiguration,
        _ deferring: DeferredRequests,
        _ answers: Answers
    ) throws(ShimFailure) -> NegotiatedParameters {
        if options.usesQUIC {
            let session: QUICClientSession
            do throws(TLSError) {
                session = try QUICClientSession(
                    configuration: configuration,
                    serverName: options.serverName,
                    transportParameters: options.transportParameters ?? [],
                    deferring: deferring
                )
            } catch {
                throw .tls(error)
            }
            return try Connection(QUICPackets(session, isAsync: options.isAsync), answers).run()
        }
        let session: ClientSession
        do throws(TLSError) {
            session = try ClientSession(
                configuration: configuration,
                serverName: options.serverName,
                deferring: deferring,
                fragmentLength: options.fragmentLength
            )
        } catch {
            throw .tls(error)
        }
        return try Connection(session, answers).run()
    }

    /// Whether a session was kept, as the runner expects from every connection that reads the server's tickets.
    private func checkSessions(
        _ options: Options,
        _ negotiated: NegotiatedParameters,
        isNew: Bool
    ) throws(ShimFailure) {
        // How much is read behind close_notify is this shim's own affair.
        if negotiated.version == .tls13 && options.shutsDown { return }
        var expected = !options.expectsNoSession && negotiated.usesExtendedMasterSecret
        if negotiated.version == .tls12 && negotiated.isResumed && !options.expectsTicketRenewal { expected = false }
        if isNew, options.expectsTicketForEarlyData,
            clientConfiguration?.maximumEarlyData(for: options.serverName) ?? 0 == 0
        {
            throw .expectation("the ticket is not for 0-RTT data")
        }
        guard isNew == expected else {
            throw .expectation(isNew ? "there is a new session" : "there is no new session")
        }
    }
}
