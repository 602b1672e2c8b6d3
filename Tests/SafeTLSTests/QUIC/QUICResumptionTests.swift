// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// Sessions that QUIC connections resume (RFC 9001 §4.5), and none but such.
@Suite("QUIC resumption")
struct QUICResumptionTests {
    /// One configuration of each side, for connections of both kinds.
    private struct Site {
        let pair: Pair
        let client: ClientConfiguration
        let server: ServerConfiguration

        init(_ adjust: (inout Pair) -> Void = { _ in }) throws {
            var pair = Pair.quic()
            pair.server.ticketCount = 1
            pair.client.sessionCacheCapacity = 8
            adjust(&pair)
            self.pair = pair
            client = try pair.clientConfiguration()
            server = try pair.serverConfiguration()
        }

        func connect(chunk: Int = .max) throws -> QUICConnection {
            var connection = QUICConnection(try pair.makeQUICClient(client), try pair.makeQUICServer(server))
            try connection.run(chunk: chunk)
            return connection
        }

        /// Whether a connection with records is resumed.
        func connectWithRecords() throws -> Bool {
            var client = try ClientSession(configuration: client, serverName: .dns(pair.serverName))
            var server = ServerSession(configuration: server)
            try Loopback.run(&client, &server)
            let (ours, theirs) = (client.negotiated, server.negotiated)
            #expect(ours != nil && ours == theirs)
            return ours?.isResumed ?? false
        }
    }

    @Test("A second connection resumes", arguments: [Int.max, 1], [TicketForm.stateless, .stateful])
    func resumes(chunk: Int, form: TicketForm) throws {
        let site = try Site { pair in
            pair.server.ticketForm = form
            pair.server.sessionStore = MemorySessionStore()
        }
        let first = try site.connect(chunk: chunk)
        let isFirstResumed = first.client.negotiated?.isResumed
        #expect(isFirstResumed == false)
        for _ in 0..<3 {
            let next = try site.connect(chunk: chunk)
            let (client, server) = (next.client.negotiated, next.server.negotiated)
            #expect(client?.isResumed == true && client == server)
            let (ours, theirs) = (next.client.peerTransportParameters, next.server.peerTransportParameters)
            #expect(ours == QUICConnection.serverParameters && theirs == QUICConnection.clientParameters)
            #expect(next.serverStack.secrets.count == 4)
        }
    }

    @Test("A client's certificate is resumed with its session")
    func clientCertificate() throws {
        let credential = try TestCredentials.named("p384")
        let site = try Site { pair in
            pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
            pair.client.credentials = [credential]
        }
        _ = try site.connect()
        let next = try site.connect()
        let (isResumed, chain) = (next.server.negotiated?.isResumed, next.server.peerCertificates)
        #expect(isResumed == true && chain == credential.certificateChain)
    }

    @Test("Tickets and ClientHellos are without 0-RTT data, whatever the options")
    func noEarlyData() throws {
        let site = try Site { pair in
            pair.client.offersEarlyData = true
            pair.server.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
        }
        _ = try site.connect()
        let size = try site.client.forQUIC().maximumEarlyData(for: .dns(site.pair.serverName))
        #expect(size == 0)
        // Nor does the client take up what another server would allow.
        var connection = try site.connect()
        try connection.client.receive(QUICMessages.ticket(earlyData: .max), at: .application)
        var client = try site.pair.makeQUICClient(site.client)
        var hello: [UInt8] = []
        client.moveOutput(at: .initial, appendingTo: &hello)
        let types = try QUICMessages.types(inHello: hello)
        #expect(types.contains(.preSharedKey) && !types.contains(.earlyData))
    }

    @Test(
        "A ticket for any number of bytes of 0-RTT data but 2^32 - 1 is a violation",
        arguments: [0, 1, 16_384, .max - 1]
    )
    func earlyDataSize(size: UInt32) throws {
        var connection = try QUICConnection.complete()
        let error = QUICConnection.refusal(
            &connection.client,
            QUICMessages.ticket(earlyData: size),
            at: .application
        )
        #expect(error == .peerMisbehaved(.quic(.earlyDataSize(size))))
        #expect(error?.quicErrorCode == 0x0A)
    }

    @Test("Clients keep sessions of QUIC and others apart")
    func apart() throws {
        let site = try Site()
        _ = try site.connect()
        #expect(try !site.connectWithRecords())
        #expect(try site.connectWithRecords())
        let (quic, other) = (
            try site.client.forQUIC().sessionCount(for: .dns(site.pair.serverName)),
            site.client.sessionCount(for: .dns(site.pair.serverName))
        )
        #expect(quic == 1 && other == 1)
        let next = try site.connect()
        let isResumed = next.client.negotiated?.isResumed
        #expect(isResumed == true)
    }

    @Test("Servers take no ticket of the other kind", arguments: [TicketForm.stateless, .stateful])
    func bound(form: TicketForm) throws {
        let keys = try TicketKeys()
        let site = try Site { pair in
            pair.restrict(to: .tls13)
            pair.server.ticketKeys = keys
            pair.server.ticketForm = form
            pair.server.sessionStore = MemorySessionStore()
        }
        let name = ServerName.dns(site.pair.serverName)
        let versions = ProtocolVersion.tls13 ... .tls13
        let (own, quic) = (site.client.sessionCache, try site.client.forQUIC().sessionCache)
        // A ticket of QUIC, offered with records.
        _ = try site.connect()
        own.insert(try #require(quic.take(name, versions: versions, at: TestCredentials.now)), for: name)
        #expect(try !site.connectWithRecords())
        // And the other way round.
        quic.insert(try #require(own.take(name, versions: versions, at: TestCredentials.now)), for: name)
        let next = try site.connect()
        let (client, server) = (next.client.negotiated, next.server.negotiated)
        #expect(client?.isResumed == false && client == server)
        // Each is good where it belongs.
        own.insert(try #require(quic.take(name, versions: versions, at: TestCredentials.now)), for: name)
        quic.insert(try #require(own.take(name, versions: versions, at: TestCredentials.now)), for: name)
        let last = try site.connect()
        let isResumed = last.client.negotiated?.isResumed
        #expect(isResumed == true)
    }

    @Test("The server's certificate policy of other connections holds for QUIC's")
    func sameKeys() throws {
        let configuration = try Pair.quic().serverConfiguration()
        let (first, second) = (try configuration.forQUIC(), try configuration.forQUIC())
        #expect(first === second && first.isQUIC && !configuration.isQUIC)
        #expect(first.options.versions == .tls13 ... .tls13)
    }

    @Test("Any number of tickets is taken, and a bounded number is kept")
    func manyTickets() throws {
        let site = try Site { $0.server.ticketCount = 0 }
        var connection = try site.connect()
        for number in 0..<UInt8(TLSLimits.consecutiveSessionTickets + 8) {
            try connection.client.receive(QUICMessages.ticket(number), at: .application)
        }
        let failure = connection.client.failure
        #expect(failure == nil)
        #expect(try site.client.forQUIC().sessionCount(for: .dns(site.pair.serverName)) == 4)
        let last = try site.client.forQUIC().newestSession(for: .dns(site.pair.serverName))
        #expect(last == [9, 9, UInt8(TLSLimits.consecutiveSessionTickets - 1)])
    }
}
