// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("Sessions of a client")
struct ClientSessionCacheTests {
    private static let now: Int64 = 1_800_000_000
    private static let all = ProtocolVersion.tls12 ... .tls13

    private static func session(
        _ ticket: UInt8,
        version: ProtocolVersion = .tls13,
        authenticatedAt: Int64 = now,
        receivedAt: Int64 = now,
        lifetime: Int64 = 1000,
        server: PeerCertificates = .none
    ) -> ResumableSession {
        let secret = [UInt8](repeating: 1, count: 32)
        return ResumableSession(
            version: version,
            cipherSuite: .aes128GCMSHA256,
            secret: Secret(copying: secret.span),
            ticket: [ticket],
            authenticatedAt: authenticatedAt,
            receivedAt: receivedAt,
            lifetime: lifetime,
            ageAdd: 0xFFFF_FFFF,
            applicationProtocol: nil,
            usesExtendedMasterSecret: true,
            server: server
        )
    }

    private static func take(_ cache: ClientSessionCache, _ name: String, at time: Int64 = now) -> UInt8? {
        cache.take(.dns(name), versions: all, at: time)?.ticket.first
    }

    @Test("The newest of a server comes first, each once, four at most")
    func order() {
        let cache = ClientSessionCache(capacity: 8)
        for number: UInt8 in 1...6 { cache.insert(Self.session(number), for: .dns("a.example")) }
        #expect(Self.take(cache, "b.example") == nil)
        #expect((0..<5).map { _ in Self.take(cache, "a.example") } == [6, 5, 4, 3, nil])

        for number: UInt8 in 1...2 { cache.insert(Self.session(number, version: .tls12), for: .dns("a.example")) }
        #expect((0..<3).map { _ in Self.take(cache, "a.example") } == [2, 1, nil])
    }

    @Test("The server that was not used for longest is forgotten")
    func capacity() {
        let cache = ClientSessionCache(capacity: 2)
        cache.insert(Self.session(1), for: .dns("a.example"))
        cache.insert(Self.session(2), for: .dns("a.example"))
        cache.insert(Self.session(3), for: .dns("b.example"))
        #expect(Self.take(cache, "a.example") == 2)
        cache.insert(Self.session(4), for: .dns("c.example"))
        #expect(Self.take(cache, "b.example") == nil)
        #expect(Self.take(cache, "a.example") == 1)
        #expect(Self.take(cache, "c.example") == 4)

        let none = ClientSessionCache(capacity: -1)
        none.insert(Self.session(1), for: .dns("a.example"))
        #expect(Self.take(none, "a.example") == nil)
    }

    @Test("Only sessions of the versions that are offered")
    func versions() {
        let cache = ClientSessionCache(capacity: 2)
        cache.insert(Self.session(1), for: .dns("a.example"))
        #expect(cache.take(.dns("a.example"), versions: .tls12 ... .tls12, at: Self.now) == nil)
    }

    @Test("A session lives as long as the server says, a week at most, and not before it began")
    func lifetimes() {
        let short = Self.session(1)
        #expect(short.isAlive(at: Self.now) && short.isAlive(at: Self.now + 999))
        #expect(!short.isAlive(at: Self.now + 1000) && !short.isAlive(at: Self.now - 1))
        let long = Self.session(1, lifetime: 4_294_967_295)
        #expect(long.isAlive(at: Self.now + 604_799) && !long.isAlive(at: Self.now + 604_800))
        #expect(!long.isAlive(at: .min) && !long.isAlive(at: .max))
        let future = Self.session(1, authenticatedAt: Self.now + 5)
        #expect(!future.isAlive(at: Self.now) && future.isAlive(at: Self.now + 5))
    }

    @Test("The age that is sent is in milliseconds and obfuscated")
    func age() {
        let now = Self.now * 1000
        #expect(Self.session(1).obfuscatedAge(at: now) == 0xFFFF_FFFF)
        #expect(Self.session(1).obfuscatedAge(at: now + 2) == 1)
        #expect(Self.session(1).obfuscatedAge(at: now + 2000) == 1999)
        #expect(Self.session(1).obfuscatedAge(at: now - 2) == 0xFFFF_FFFF)
    }

    /// A second may begin a moment after the ticket has come: GnuTLS refuses 0-RTT data of a ticket that is older than it knows.
    @Test("The age is that of the system's clock in milliseconds, and of another clock in its seconds")
    func clocks() {
        var options = ClientOptions()
        let (before, now, after) = (options.clock(), options.milliseconds(), options.clock())
        #expect(before * 1000 <= now && now < (after + 1) * 1000)
        options.clock = { 7 }
        #expect(options.milliseconds() == 7000)
    }

    @Test("A ticket's time of arrival in milliseconds is kept")
    func arrival() throws {
        var pair = Pair()
        pair.server.ticketCount = 1
        pair.client.sessionCacheCapacity = 4
        pair.client.milliseconds = { Self.now * 1000 + 999 }
        let (name, configuration) = (ServerName.dns(pair.serverName), try pair.clientConfiguration())
        var client = try ClientSession(configuration: configuration, serverName: name)
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let cache = configuration.sessionCache
        let session = try #require(cache.take(name, versions: Self.all, at: TestCredentials.now))
        #expect(session.receivedMilliseconds == Self.now * 1000 + 999)
        #expect(session.obfuscatedAge(at: Self.now * 1000 + 1004) &- session.ageAdd == 5)
    }

    @Test("The first certificate of the path that expires ends it, be it the anchor")
    func certificates() throws {
        let early = try TestCredentials.named("p256").certificateChain[0]
        let authority = try FileBytes.read("\(TestCredentials.directory)/ca.pem", limit: 65_536)
        let late = try #require(try Certificate.certificates(fromPEM: authority.span).first)
        let end = early.notAfter
        #expect(end < late.notAfter)
        for path in [[early, late], [late, early], [early]] {
            let session = Self.session(
                1,
                authenticatedAt: end - 10,
                receivedAt: end - 10,
                server: PeerCertificates(sent: Array(path.prefix(1)), verifiedPath: path)
            )
            #expect(session.isAlive(at: end) && !session.isAlive(at: end + 1))
        }
    }
}
