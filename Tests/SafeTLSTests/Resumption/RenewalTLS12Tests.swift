// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// When a TLS 1.2 server gives a new ticket for one that a client brings (RFC 5077 §3.3).
@Suite("TLS 1.2 ticket renewal")
struct RenewalTLS12Tests {
    private static let epoch: Int64 = 3_600

    /// A site whose time starts with an epoch of its ticket keys.
    private static func site(_ clock: MovableClock, lifetime: Int64) throws -> ResumptionTLS13Tests.Site {
        clock.advance(by: epoch - clock.now % epoch)
        let keys = try TicketKeys(random: SeededRandom(seed: 5), epochLength: epoch)
        return try ResumptionTLS12Tests.site { pair in
            pair.server.ticketKeys = keys
            pair.server.ticketLifetime = lifetime
            pair.server.clock = { clock.now }
            pair.client.clock = { clock.now }
        }
    }

    /// Resumes, and gives the types of the messages in the server's flight and the ticket that the client now has.
    private static func resume(_ site: ResumptionTLS13Tests.Site) throws -> (flight: [HandshakeType], ticket: [UInt8]) {
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        try Loopback.feed(&server, Loopback.output(&client))
        let answer = Loopback.output(&server)
        let plain = WireBytes.records(answer).filter { $0[0] == ContentType.handshake.rawValue }
        // The last one is the protected Finished.
        let flight = plain.dropLast().flatMap { WireBytes.messages(Array($0.dropFirst(5))) }
        try Loopback.feed(&client, answer)
        try Loopback.run(&client, &server)
        let isResumed = server.negotiated?.isResumed
        #expect(isResumed == true)
        let session = try #require(ResumptionTLS12Tests.session(site))
        return (flight.map { HandshakeType(rawValue: $0[0]) }, session.ticket)
    }

    @Test("a fresh ticket is not renewed: the client goes on with the one that it has")
    func fresh() throws {
        let clock = MovableClock()
        let site = try Self.site(clock, lifetime: 3_600)
        _ = try site.connect()
        let first = try #require(ResumptionTLS12Tests.session(site)).ticket
        for _ in 0..<3 {
            clock.advance(by: 500)
            let (flight, ticket) = try Self.resume(site)
            #expect(flight == [.serverHello])
            #expect(ticket == first)
        }
    }

    @Test("a ticket with half of its life behind it is", arguments: [299, 300])
    func old(age: Int64) throws {
        let clock = MovableClock()
        let site = try Self.site(clock, lifetime: 600)
        _ = try site.connect()
        let first = try #require(ResumptionTLS12Tests.session(site)).ticket
        clock.advance(by: age)
        let (flight, ticket) = try Self.resume(site)
        #expect(flight == (age < 300 ? [.serverHello] : [.serverHello, .newSessionTicket]))
        #expect((ticket == first) == (age < 300))
    }

    @Test("so is one of the key before")
    func otherEpoch() throws {
        let clock = MovableClock()
        let site = try Self.site(clock, lifetime: 3_600)
        clock.advance(by: 3_590)
        _ = try site.connect()
        let first = try #require(ResumptionTLS12Tests.session(site)).ticket
        clock.advance(by: 9)
        #expect(try Self.resume(site).ticket == first)
        clock.advance(by: 1)
        let (flight, second) = try Self.resume(site)
        #expect(flight == [.serverHello, .newSessionTicket])
        #expect(second != first)
        #expect(try Self.resume(site).ticket == second)
    }
}
