// SPDX-License-Identifier: Apache-2.0

import SafeTLS

/// What the connections of one test have in common.
struct Test {
    private let resumeCount: Int
    private var ticketKeys: TicketKeys?
    private var clientConfiguration: ClientConfiguration?
    private var negotiated: NegotiatedParameters?

    init(resumeCount: Int) { self.resumeCount = resumeCount }

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
        let configuration = try options.serverConfiguration(ticketKeys: ticketKeys)
        let session = ServerSession(
            configuration: configuration,
            deferring: options.isAsync ? [.clientHello, .signature] : .clientHello,
            fragmentLength: options.fragmentLength
        )
        _ = try Connection(session, Answers(options: options, configuration: configuration)).run()
    }

    private mutating func runClient(_ options: Options) throws(ShimFailure) {
        let configuration = try options.clientConfiguration(after: clientConfiguration)
        clientConfiguration = configuration
        if options.isResumption && configuration.sessionCount(for: options.serverName) == 0 {
            throw .expectation("there is no session to offer")
        }
        // A client that judges chains itself keeps no sessions: the verdict is deferred only where none is needed.
        let defersVerdict = options.rejectsPeer && !options.isResumption || options.isAsync && resumeCount == 0
        let session: ClientSession
        do throws(TLSError) {
            session = try ClientSession(
                configuration: configuration,
                serverName: options.serverName,
                deferring: defersVerdict ? .verification : [],
                fragmentLength: options.fragmentLength
            )
        } catch {
            throw .tls(error)
        }
        let offered = configuration.sessionCount(for: options.serverName)
        let negotiated = try Connection(session, Answers(options: options)).run()
        self.negotiated = negotiated
        guard !defersVerdict else { return }
        try checkSessions(
            options,
            negotiated,
            newSessions: configuration.sessionCount(for: options.serverName) - offered
        )
    }

    /// Whether a session was kept, as the runner expects from every connection that reads the server's tickets.
    private func checkSessions(
        _ options: Options,
        _ negotiated: NegotiatedParameters,
        newSessions: Int
    ) throws(ShimFailure) {
        // How much is read behind close_notify is this shim's own affair.
        guard negotiated.version == .tls13, !options.shutsDown else { return }
        guard (newSessions > 0) != options.expectsNoSession else {
            throw .expectation("\(newSessions) new sessions")
        }
    }
}
