// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What a client offers to resume in TLS 1.2, and what it takes for an answer (RFC 5077 §3, RFC 7627 §5.3).
@Suite("TLS 1.2 resumption, seen from the client")
struct ClientTicketTests {
    typealias Site = ResumptionTLS13Tests.Site

    private static let name = ServerName.dns("server.example")

    /// A client that has offered a session, and the server that it talks to.
    private struct Dialogue: ~Copyable {
        let site: Site
        let session: ResumableSession
        var client: ClientSession
        var server: Puppet
        var hello: PuppetServerHello

        init() throws {
            let site = try ResumptionTLS12Tests.site()
            _ = try site.connect()
            let session = try #require(ResumptionTLS12Tests.session(site))
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: ClientTicketTests.name)
            let output = Loopback.output(&client)
            try #require(output[43] == 32)
            let body = Array(output.dropFirst(9))
            let offered: [UInt8]? = copyBytes(try ClientHello(body.span).sessionTicket)
            #expect(offered == session.ticket)
            var hello = PuppetServerHello()
            hello.sessionID = Array(output[44..<76])
            hello.cipherSuite = session.cipherSuite
            var server = Puppet(isClient: false)
            _ = try server.receive(output)
            server.session = session
            server.resume()
            self.site = site
            self.session = session
            self.client = client
            self.server = server
            self.hello = hello
        }

        /// Ends the server's flight.
        mutating func finish(damage: UInt8 = 0) throws {
            try server.sendChangeCipherSpec()
            try server.sendFinished(damage: damage)
        }

        /// The client takes what the server has sent.
        mutating func answer() throws -> [Puppet.Event] {
            let bytes = try Loopback.exchange(&client, server.output())
            return try server.receive(bytes)
        }

        /// The client refuses what the server has sent.
        mutating func refusal() throws -> TLSError? {
            let bytes = try server.output()
            return Loopback.failure(&client, bytes)
        }

        var isResumed: Bool? { client.negotiated?.isResumed }

        /// The ticket that the next connection offers.
        var nextTicket: [UInt8]? { ResumptionTLS12Tests.session(site)?.ticket }
    }

    private static func ticket(_ bytes: [UInt8], lifetime: UInt8 = 100) -> [UInt8] {
        [0, 0, 0, lifetime] + Hello.vector16(bytes)
    }

    enum Gift: CaseIterable {
        case nothing, emptyTicket, ticket, longTicket
    }

    @Test("A resumption with and without a new ticket", arguments: Gift.allCases)
    func resumes(gift: Gift) throws {
        var dialogue = try Dialogue()
        if gift != .nothing { dialogue.hello.other = (.sessionTicket, []) }
        try dialogue.server.sendServerHello(dialogue.hello)
        switch gift {
        case .nothing: break
        case .emptyTicket: try dialogue.server.send(.newSessionTicket, body: Self.ticket([]))
        case .ticket: try dialogue.server.send(.newSessionTicket, body: Self.ticket([1, 2, 3]))
        case .longTicket:
            let long = [UInt8](repeating: 1, count: TLSLimits.keptTicketLength + 1)
            try dialogue.server.send(.newSessionTicket, body: Self.ticket(long))
        }
        // The session is out of the cache until the connection stands.
        let meanwhile = dialogue.nextTicket
        #expect(meanwhile == nil)
        try dialogue.finish()
        let events = try dialogue.answer()
        #expect(events.count == 2 && events.first == .changeCipherSpec)
        let (isResumed, next) = (dialogue.isResumed, dialogue.nextTicket)
        #expect(isResumed == true)
        let old = dialogue.session.ticket
        #expect(next == (gift == .ticket ? [1, 2, 3] : old))
    }

    @Test("A server that takes no ticket gets a full handshake")
    func declined() throws {
        let site = try ResumptionTLS12Tests.site()
        _ = try site.connect()
        var options = site.pair.server
        options.ticketCount = 0
        site.server = try ServerConfiguration(credentials: site.server.credentials, options: options)
        #expect(try !site.connect().client.isResumed)
        // Its session is gone, and it gave no other.
        #expect(ResumptionTLS12Tests.session(site) == nil)
    }

    enum Answer: CaseIterable {
        case otherSuite, withoutExtendedMasterSecret, foreignExtension
    }

    @Test("An answer that does not fit the session", arguments: Answer.allCases)
    func inconsistent(answer: Answer) throws {
        var dialogue = try Dialogue()
        let alert: AlertDescription
        switch answer {
        case .otherSuite:
            dialogue.hello.cipherSuite = .ecdheRSAWithAES256GCMSHA384
            alert = .illegalParameter
        case .withoutExtendedMasterSecret:
            dialogue.hello.hasExtendedMasterSecret = false
            alert = .handshakeFailure
        case .foreignExtension:
            dialogue.hello.other = (.heartbeat, [])
            alert = .unsupportedExtension
        }
        try dialogue.server.sendServerHello(dialogue.hello)
        let error = try dialogue.refusal()
        #expect(error?.alert == alert)
    }

    @Test("The echo of a session ID is nothing without a TLS 1.2 session")
    func echoWithoutSession() throws {
        let site = try ResumptionTLS12Tests.site { $0.client.versions = .tls12 ... .tls13 }
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        let output = Loopback.output(&client)
        var server = Puppet(isClient: false)
        _ = try server.receive(output)
        var hello = PuppetServerHello()
        hello.sessionID = Array(output[44..<76])
        try server.sendServerHello(hello)
        let error = Loopback.failure(&client, try server.output())
        #expect(error?.alert == .illegalParameter)
    }

    enum Flight: CaseIterable {
        case wrongFinished, certificate, ticketWithoutPromise, changeWithoutTicket, finishedWithoutTicket
        case finishedWithoutChange, twoTickets, shortTicket, ticketUnderNewKeys, moreBehindFinished
    }

    @Test("What does not end the server's flight", arguments: Flight.allCases)
    func flights(flight: Flight) throws {
        var dialogue = try Dialogue()
        let promises: [Flight] = [.changeWithoutTicket, .finishedWithoutTicket, .twoTickets, .shortTicket]
        if promises.contains(flight) { dialogue.hello.other = (.sessionTicket, []) }
        try dialogue.server.sendServerHello(dialogue.hello)
        let ticket = Self.ticket([1, 2, 3])
        let alert: AlertDescription
        switch flight {
        case .wrongFinished:
            try dialogue.finish(damage: 1)
            alert = .decryptError
        case .certificate:
            try dialogue.server.sendCertificate("p256")
            alert = .unexpectedMessage
        case .ticketWithoutPromise:
            try dialogue.server.send(.newSessionTicket, body: ticket)
            alert = .unexpectedMessage
        case .changeWithoutTicket:
            try dialogue.finish()
            alert = .unexpectedMessage
        case .finishedWithoutTicket, .finishedWithoutChange:
            try dialogue.server.sendFinished()
            alert = .unexpectedMessage
        case .twoTickets:
            for _ in 0..<2 { try dialogue.server.send(.newSessionTicket, body: ticket) }
            alert = .unexpectedMessage
        case .shortTicket:
            try dialogue.server.send(.newSessionTicket, body: Array(ticket.dropLast()))
            alert = .decodeError
        case .ticketUnderNewKeys:
            try dialogue.server.sendChangeCipherSpec()
            try dialogue.server.send(.newSessionTicket, body: ticket)
            alert = .unexpectedMessage
        case .moreBehindFinished:
            try dialogue.finish()
            try dialogue.server.send(.newSessionTicket, body: ticket)
            alert = .unexpectedMessage
        }
        let error = try dialogue.refusal()
        #expect(error?.alert == alert)
        let isResumed = dialogue.isResumed
        #expect(isResumed == nil)
    }

    @Test("The session of a connection that failed is not offered again (RFC 5246 §7.2)")
    func failure() throws {
        let site = try ResumptionTLS12Tests.site()
        _ = try site.connect()
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        let error = Loopback.failure(&client, WireBytes.alert(.handshakeFailure))
        #expect(error == .alertReceived(.handshakeFailure))
        #expect(ResumptionTLS12Tests.session(site) == nil)
    }

    @Test("A ticket counts when the server's Finished is right, and has an end even if the server names none")
    func lifetime() throws {
        for (hint, lifetime) in [(UInt8(0), Int64(86_400)), (50, 50)] {
            var dialogue = try Dialogue()
            dialogue.hello.other = (.sessionTicket, [])
            try dialogue.server.sendServerHello(dialogue.hello)
            try dialogue.server.send(.newSessionTicket, body: Self.ticket([4], lifetime: hint))
            try dialogue.finish()
            _ = try dialogue.answer()
            let site = dialogue.site
            let session = try #require(ResumptionTLS12Tests.session(site))
            #expect(session.ticket == [4] && session.lifetime == lifetime)
        }
    }

    @Test("A ticket without the extended master secret is read and forgotten")
    func withoutExtendedMasterSecret() throws {
        for isExtended in [true, false] {
            let site = try ResumptionTLS12Tests.site()
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
            var server = Puppet(isClient: false)
            var hello = PuppetServerHello()
            hello.hasExtendedMasterSecret = isExtended
            hello.other = (.sessionTicket, [])
            let steps = TLS12ClientTests()
            try steps.sendFlight(&server, &client, hello)
            let rest = try steps.answer(&server, &client, extended: isExtended)
            _ = try server.receive(rest)
            try server.send(.newSessionTicket, body: Self.ticket([5]))
            try server.sendChangeCipherSpec()
            try server.sendFinished()
            try Loopback.feed(&client, server.output())
            let isResumed = client.negotiated?.isResumed
            #expect(isResumed == false)
            #expect(ResumptionTLS12Tests.session(site)?.ticket == (isExtended ? [5] : nil))
        }
    }
}
