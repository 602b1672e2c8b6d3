// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What a server makes of the tickets in a ClientHello of TLS 1.2 (RFC 5077 §3, RFC 7627 §5.3).
@Suite("TLS 1.2 resumption, seen from the server")
struct ServerTicketTests {
    typealias Site = ResumptionTLS13Tests.Site

    enum Answer: Equatable {
        case full(givesTicket: Bool)
        case resumed(givesTicket: Bool)
        case refused(TLSError)
    }

    /// A site, a session with it, and a ClientHello that offers the session.
    private static func offered(
        _ adjust: (inout Pair) -> Void = { _ in }
    ) throws -> (site: Site, session: ResumableSession, hello: PuppetClientHello) {
        let site = try ResumptionTLS12Tests.site(adjust)
        _ = try site.connect()
        let session = try #require(ResumptionTLS12Tests.session(site))
        var hello = PuppetClientHello()
        hello.serverName = "server.example"
        hello.sessionID = [UInt8](repeating: 7, count: 32)
        hello.sessionTicket = session.ticket
        return (site, session, hello)
    }

    /// What a server of this configuration answers.
    private static func answer(_ configuration: ServerConfiguration, _ hello: PuppetClientHello) throws -> Answer {
        var client = Puppet(isClient: true)
        try client.sendClientHello(hello)
        var server = ServerSession(configuration: configuration)
        if let error = Loopback.failure(&server, try client.output()) { return .refused(error) }
        let first = try #require(WireBytes.records(Loopback.output(&server)).first)
        let messages = WireBytes.messages(Array(first.dropFirst(5)))
        let body = Array(try #require(messages.first).dropFirst(4))
        let answer = try ServerHello(body.span)
        let givesTicket = answer.extensions.contains(.sessionTicket)
        let sessionID: [UInt8] = copyBytes(answer.legacySessionID)
        let isPlain = !answer.extensions.contains(.serverName) && answer.hasExtendedMasterSecret
        let types = messages.map { HandshakeType(rawValue: $0[0]) }
        if types.contains(.certificate) {
            #expect(sessionID == [])
            return .full(givesTicket: givesTicket)
        }
        #expect(types == (givesTicket ? [.serverHello, .newSessionTicket] : [.serverHello]))
        #expect(sessionID == hello.sessionID && isPlain)
        return .resumed(givesTicket: givesTicket)
    }

    /// Resumes up to the server's Finished.
    private static func start(
        _ site: Site,
        _ session: ResumableSession,
        _ hello: PuppetClientHello,
        _ client: inout Puppet,
        _ server: inout ServerSession
    ) throws {
        client.session = session
        try client.sendClientHello(hello)
        let events = try client.receive(Loopback.exchange(&server, client.output()))
        try #require(events.count == 3 && events[1] == .changeCipherSpec)
    }

    @Test("A good ticket resumes, with and without a session ID", arguments: [0, 1, 32])
    func good(sessionID: Int) throws {
        let (site, session, offer) = try Self.offered()
        var hello = offer
        hello.sessionID = [UInt8](repeating: 9, count: sessionID)
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))

        var client = Puppet(isClient: true)
        var server = ServerSession(configuration: site.server)
        try Self.start(site, session, hello, &client, &server)
        try client.sendChangeCipherSpec()
        try client.sendFinished()
        let rest = try Loopback.exchange(&server, client.output())
        #expect(rest.isEmpty)
        let resumed = server.negotiated?.isResumed
        #expect(resumed == true)
        let data = try client.receive(Loopback.seal(&server, [1, 2, 3]))
        #expect(data == [.data([1, 2, 3])])
    }

    @Test("A ticket that was changed, cut or made elsewhere leads to a full handshake and a new ticket")
    func ticket() throws {
        let (site, session, offer) = try Self.offered()
        var hello = offer
        for index in stride(from: 0, to: session.ticket.count, by: 7) {
            hello.sessionTicket = session.ticket
            hello.sessionTicket?[index] ^= 1
            #expect(try Self.answer(site.server, hello) == .full(givesTicket: true), "byte \(index)")
        }
        for length in [0, 1, 20, 21, 37, session.ticket.count - 1] {
            hello.sessionTicket = Array(session.ticket.prefix(length))
            #expect(try Self.answer(site.server, hello) == .full(givesTicket: true), "\(length) bytes")
        }
        #expect(try Self.answer(site.pair.serverConfiguration(), offer) == .full(givesTicket: true))
        hello.sessionTicket = nil
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: false))
    }

    @Test("A ticket of TLS 1.3 is none of TLS 1.2")
    func otherVersion() throws {
        let keys = try TicketKeys(random: SeededRandom(seed: 8))
        let newer = try Site { pair in
            pair.server.versions = .tls12 ... .tls13
            pair.server.ticketKeys = keys
        }
        _ = try newer.connect()
        let cache = newer.clientConfiguration.sessionCache
        let taken = cache.take(.dns("server.example"), versions: .tls13 ... .tls13, at: TestCredentials.now)
        var hello = PuppetClientHello()
        hello.serverName = "server.example"
        hello.sessionTicket = try #require(taken).ticket
        #expect(try Self.answer(newer.server, hello) == .full(givesTicket: true))
    }

    @Test("Another name, or none, or a hello without the suite leads to a full handshake")
    func choices() throws {
        let (site, session, offer) = try Self.offered()
        var hello = offer
        hello.serverName = "SERVER.example"
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
        hello.serverName = "other.example"
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: true))
        hello.serverName = nil
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: true))
        hello = offer
        hello.cipherSuites.removeAll { $0 == session.cipherSuite }
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: true))
        // The session's suite counts, not the server's preference.
        hello.cipherSuites = CipherSuite.supported.filter { $0.isTLS12 }.reversed()
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
    }

    @Test("A resumption needs no signature scheme")
    func withoutSignatureAlgorithms() throws {
        let (site, _, offer) = try Self.offered()
        var hello = offer
        hello.signatureSchemes = nil
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
    }

    @Test("The application protocol is negotiated again")
    func applicationProtocol() throws {
        let (site, _, offer) = try Self.offered { $0.server.applicationProtocols = ["h2"] }
        var hello = offer
        hello.applicationProtocols = ["spdy/3"]
        #expect(try Self.answer(site.server, hello) == .refused(.nothingInCommon(.applicationProtocol)))
        hello.applicationProtocols = ["h2"]
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
    }

    // MARK: The extended master secret

    @Test("A session with the extended master secret is not resumed without it")
    func withoutExtension() throws {
        let (site, _, offer) = try Self.offered()
        var hello = offer
        hello.hasExtendedMasterSecret = false
        let error = TLSError.nothingInCommon(.requiredExtension(.extendedMasterSecret))
        #expect(try Self.answer(site.server, hello) == .refused(error))
        #expect(error.alert == .handshakeFailure)
        // Without a ticket there is nothing to refuse, and no ticket to give.
        hello.sessionTicket = []
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: false))
    }

    @Test("A session without the extended master secret is never resumed", arguments: [false, true])
    func withoutExtendedSession(isExtended: Bool) throws {
        let (site, session, offer) = try Self.offered()
        let resumption = try #require(site.server.resumption)
        let state = SessionState(
            version: .tls12,
            cipherSuite: session.cipherSuite,
            secret: session.secret.copy(),
            authenticatedAt: TestCredentials.now,
            createdAt: TestCredentials.now,
            lifetime: 100,
            ageAdd: 0,
            policy: resumption.policy([]),
            serverName: Array("server.example".utf8),
            applicationProtocol: nil,
            usesExtendedMasterSecret: isExtended,
            client: .none
        )
        let bytes = state.serialised()
        var hello = offer
        hello.sessionTicket = try resumption.keys.seal(
            bytes.bytes,
            at: TestCredentials.now,
            random: SeededRandom(seed: 9)
        )
        let expected: Answer = isExtended ? .resumed(givesTicket: false) : .full(givesTicket: true)
        #expect(try Self.answer(site.server, hello) == expected)
        if !isExtended {
            hello.hasExtendedMasterSecret = false
            #expect(try Self.answer(site.server, hello) == .full(givesTicket: false))
        }
    }

    // MARK: Time

    @Test("A ticket expires with its lifetime, and with the server's when that became shorter")
    func lifetimes() throws {
        let clock = MovableClock()
        let keys = try TicketKeys(random: SeededRandom(seed: 6))
        let (site, _, hello) = try Self.offered { pair in
            pair.server.clock = { clock.now }
            pair.server.ticketKeys = keys
            pair.server.ticketLifetime = 3600
        }
        var stricter = site.pair.server
        stricter.ticketLifetime = 60
        let changed = try ServerConfiguration(credentials: site.server.credentials, options: stricter)
        (stricter.ticketLifetime, stricter.authenticationLifetime) = (3600, 60)
        let careful = try ServerConfiguration(credentials: site.server.credentials, options: stricter)
        clock.advance(by: 60)
        #expect(try Self.answer(careful, hello) == .resumed(givesTicket: false))
        clock.advance(by: 1)
        #expect(try Self.answer(changed, hello) == .full(givesTicket: true))
        #expect(try Self.answer(careful, hello) == .full(givesTicket: true))
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
        clock.advance(by: 3540)
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: true))
    }

    @Test("No new ticket at the end of a week")
    func lastTicket() throws {
        let clock = MovableClock()
        let (site, _, hello) = try Self.offered { pair in
            pair.server.clock = { clock.now }
            pair.server.ticketLifetime = 604_800
        }
        clock.advance(by: 604_799)
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: true))
        clock.advance(by: 1)
        #expect(try Self.answer(site.server, hello) == .resumed(givesTicket: false))
        clock.advance(by: 1)
        #expect(try Self.answer(site.server, hello) == .full(givesTicket: true))
    }

    // MARK: The client's end of the handshake

    enum Ending: CaseIterable {
        case wrongFinished, withoutChange, secondChange, clientKeyExchange, dataBeforeFinished
    }

    @Test("What does not end a resumption", arguments: Ending.allCases)
    func endings(ending: Ending) throws {
        let (site, session, hello) = try Self.offered()
        var client = Puppet(isClient: true)
        var server = ServerSession(configuration: site.server)
        try Self.start(site, session, hello, &client, &server)
        let expected: TLSError
        switch ending {
        case .wrongFinished:
            try client.sendChangeCipherSpec()
            try client.sendFinished(damage: 0x80)
            expected = .peerMisbehaved(.badFinished)
        case .withoutChange:
            try client.sendFinished()
            expected = .unexpected(.finished, expected: "change_cipher_spec")
        case .secondChange:
            try client.sendChangeCipherSpec()
            try client.sendRecord(.changeCipherSpec, [1])
            expected = .peerMisbehaved(.unexpectedRecord("a record of type change_cipher_spec"))
        case .clientKeyExchange:
            try client.send(.clientKeyExchange, body: [1, 2])
            expected = .unexpected(.clientKeyExchange, expected: "change_cipher_spec")
        case .dataBeforeFinished:
            try client.sendChangeCipherSpec()
            try client.sendRecord(.applicationData, [1])
            expected = .peerMisbehaved(.unexpectedRecord("application data"))
        }
        #expect(Loopback.failure(&server, try client.output()) == expected)
        let negotiated = server.negotiated
        #expect(negotiated == nil)
    }
}
