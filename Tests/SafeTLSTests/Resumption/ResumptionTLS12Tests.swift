// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Sessions of TLS 1.2 that go on by tickets (RFC 5077, RFC 5246 §7.3, RFC 7627 §5.3).
@Suite("TLS 1.2 resumption")
struct ResumptionTLS12Tests {
    typealias Site = ResumptionTLS13Tests.Site

    static func site(_ adjust: (inout Pair) -> Void = { _ in }) throws -> Site {
        try Site { pair in
            pair.restrict(to: .tls12)
            adjust(&pair)
        }
    }

    /// Looks at the session that the client would offer next.
    static func session(_ site: Site) -> ResumableSession? {
        let cache = site.clientConfiguration.sessionCache
        let name = ServerName.dns("server.example")
        let now = site.clientConfiguration.options.clock()
        guard let session = cache.take(name, versions: .tls12 ... .tls12, at: now) else { return nil }
        cache.insert(session, for: name)
        return session
    }

    @Test("A second connection resumes", arguments: CipherSuite.supported.filter(\.isTLS12))
    func resumes(suite: CipherSuite) throws {
        let site = try Self.site { pair in
            pair.server.cipherSuites = [suite]
            pair.credentials = ["p256", "rsa2048"]
            pair.client.applicationProtocols = ["h2"]
            pair.server.applicationProtocols = ["h2"]
        }
        let first = try site.connect()
        #expect(!first.client.isResumed && !first.server.isResumed)
        var tickets: Set<[UInt8]> = []
        for _ in 0..<3 {
            let session = try #require(Self.session(site))
            #expect(session.version == .tls12 && session.cipherSuite == suite && session.secret.count == 48)
            tickets.insert(session.ticket)
            let next = try site.connect()
            #expect(next.client.isResumed && next.server.isResumed)
            #expect(next.client == next.server)
            #expect(next.client.cipherSuite == suite && next.client.group == nil && next.client.signatureScheme == nil)
            #expect(next.client.applicationProtocol == "h2" && next.client.serverName == "server.example")
            #expect(next.path == first.path)
        }
        // A ticket serves again and again.
        #expect(tickets.count == 1)
    }

    @Test("A client that offers both versions resumes with a TLS 1.2 server")
    func bothVersions() throws {
        let site = try Self.site { $0.client.versions = .tls12 ... .tls13 }
        #expect(try !site.connect().client.isResumed)
        #expect(try site.connect().client.isResumed)
    }

    @Test("A ticket of TLS 1.2 does no harm in TLS 1.3, nor in its HelloRetryRequest", arguments: [false, true])
    func upgrade(retries: Bool) throws {
        let site = try Self.site { pair in
            pair.client.versions = .tls12 ... .tls13
            pair.client.groups = [.x25519, .secp256r1]
        }
        _ = try site.connect()
        #expect(Self.session(site) != nil)
        var options = site.pair.server
        options.versions = .tls12 ... .tls13
        if retries { options.groups = [.secp256r1] }
        site.server = try ServerConfiguration(credentials: site.server.credentials, options: options)
        let next = try site.connect()
        #expect(next.client.version == .tls13 && !next.client.isResumed)
        #expect(next.client.usedHelloRetryRequest == retries)
    }

    @Test("Every way to cut the bytes", arguments: [1, 2, 3, 5, 7, 100])
    func fragments(chunk: Int) throws {
        let site = try Self.site()
        _ = try site.connect()
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        try Loopback.run(&client, &server, chunk: chunk)
        let (ours, theirs) = (client.negotiated, server.negotiated)
        #expect(ours?.isResumed == true && ours == theirs)
    }

    @Test("The server is first, and each flight is one write with as few records as there can be")
    func flights() throws {
        let site = try Self.site()
        _ = try site.connect()
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        let hello = Loopback.output(&client)
        let answer = try Loopback.exchange(&server, hello)
        let end = try Loopback.exchange(&client, answer)
        let rest = try Loopback.exchange(&server, end)
        let types = [hello, answer, end, rest].map { bytes in WireBytes.records(bytes).map { $0[0] } }
        #expect(types == [[22], [22, 20, 22], [20, 22], []])
        let isHandshaking = client.isHandshaking || server.isHandshaking
        #expect(!isHandshaking)
    }

    @Test("Exporters and key logs agree, and differ from those of the first connection")
    func secrets() throws {
        let (ours, theirs) = (SecretLog(), SecretLog())
        let site = try Self.site { pair in
            pair.client.keyLog = ours
            pair.server.keyLog = theirs
        }
        var exported: Set<[UInt8]> = []
        for _ in 0..<2 {
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
            var server = ServerSession(configuration: site.server)
            try Loopback.run(&client, &server)
            let one = try client.exportKeyingMaterial(label: "EXPORTER-test", context: [1], count: 32)
            let other = try server.exportKeyingMaterial(label: "EXPORTER-test", context: [1], count: 32)
            #expect(one == other)
            exported.insert(one)
        }
        #expect(exported.count == 2)
        #expect(ours.lines.count == 2 && ours.lines == theirs.lines)
        // The same secret under another random.
        let words = ours.lines.map { $0.split(separator: " ") }
        #expect(words.allSatisfy { $0.count == 3 && $0[0] == "CLIENT_RANDOM" })
        #expect(words[0][1] != words[1][1] && words[0][2] == words[1][2])
    }

    @Test("Not for another name, another server's tickets, other versions, another context or without the suite")
    func policy() throws {
        let keys = try TicketKeys(random: SeededRandom(seed: 5))
        let site = try Self.site { $0.server.ticketKeys = keys }
        _ = try site.connect("server.example")
        #expect(try !site.connect("a.wild.example").client.isResumed)

        let suite = try site.connect().client.cipherSuite
        let changes: [(inout ServerOptions) -> Void] = [
            { $0.ticketKeys = nil },
            { $0.versions = .tls12 ... .tls13 },
            { $0.resumptionContext = [1] },
            { $0.ticketCount = 0 },
            { $0.cipherSuites.removeAll { $0 == suite } },
        ]
        for (index, change) in changes.enumerated() {
            _ = try site.connect()
            let before = site.server
            #expect(try site.connect().client.isResumed)
            var options = site.pair.server
            change(&options)
            site.server = try ServerConfiguration(credentials: before.credentials, options: options)
            #expect(try !site.connect().client.isResumed, "change \(index)")
            site.server = before
        }
    }

    @Test(
        "Resumption does not renew what a full handshake began, as either side counts",
        arguments: [true, false],
        [86_400, 604_800]
    )
    func authenticationAge(isClient: Bool, lifetime: Int64) throws {
        let clock = MovableClock()
        let site = try Self.site { pair in
            pair.server.ticketLifetime = lifetime
            // For the other side no time passes.
            if isClient { pair.client.clock = { clock.now } } else { pair.server.clock = { clock.now } }
        }
        var resumed: [Bool] = []
        for _ in 0..<9 {
            resumed.append(try site.connect().client.isResumed)
            clock.advance(by: 86_000)
        }
        if lifetime == 604_800 {
            #expect(resumed == [false, true, true, true, true, true, true, true, false])
        } else {
            #expect(resumed == [false, true, false, true, false, true, false, true, false])
        }
    }

    @Test("A driver that judges certificates itself neither uses sessions nor leaves any")
    func deferredVerification() throws {
        let site = try Self.site()
        _ = try site.connect()
        let before = try #require(Self.session(site)).ticket
        var client = try ClientSession(
            configuration: site.clientConfiguration,
            serverName: .dns("server.example"),
            deferring: .verification
        )
        var server = ServerSession(configuration: site.server)
        let output = Loopback.output(&client)
        let body = Array(output.dropFirst(9))
        let asks = try ClientHello(body.span).sessionTicket != nil
        #expect(!asks)
        try Loopback.feed(&server, output)
        try Loopback.run(&client, &server)
        try client.answer(verification: .accepted(path: []))
        try Loopback.run(&client, &server)
        let resumed = client.negotiated?.isResumed
        #expect(resumed == false)
        #expect(Self.session(site)?.ticket == before)
    }

    @Test("A driver that chooses the configuration decides first, and has nothing to sign")
    func deferredAnswers() throws {
        let site = try Self.site()
        _ = try site.connect()
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server, deferring: [.clientHello, .signature])
        try Loopback.feed(&server, Loopback.output(&client))
        guard case .clientHello = server.request else {
            Issue.record("no request")
            return
        }
        try server.answer(configuration: site.server)
        try Loopback.run(&client, &server)
        let (ours, theirs) = (client.negotiated, server.negotiated)
        #expect(ours?.isResumed == true && ours == theirs)
    }
}
