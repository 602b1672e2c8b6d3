// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What a client offers to resume, and what it takes for an answer (RFC 9846 §4.3.11, §4.7.1).
@Suite("TLS 1.3 resumption, seen from the client")
struct ClientPSKTests {
    typealias Site = ResumptionTLS13Tests.Site

    private static let name = ServerName.dns("server.example")

    /// A site whose client has two sessions with SHA-256.
    private static func site(_ adjust: (inout Pair) -> Void = { _ in }) throws -> Site {
        let site = try Site { pair in
            pair.server.cipherSuites = [.aes128GCMSHA256]
            adjust(&pair)
        }
        _ = try site.connect()
        return site
    }

    /// The ClientHello message in the output of a client.
    private static func hello(_ client: inout ClientSession) throws -> [UInt8] {
        let records = WireBytes.records(Loopback.output(&client)).filter { $0[0] == ContentType.handshake.rawValue }
        return records.flatMap { $0.dropFirst(5) }
    }

    private static func offersPSK(_ hello: [UInt8]) throws -> Bool {
        let body = Array(hello.dropFirst(4))
        return try ClientHello(body.span).hasPreSharedKey
    }

    /// A ServerHello for a ClientHello.
    private static func answer(
        _ hello: [UInt8],
        suite: CipherSuite = .aes128GCMSHA256,
        random: [UInt8] = [UInt8](repeating: 0x33, count: 32),
        _ extensions: [(ExtensionType, [UInt8])]
    ) throws -> [UInt8] {
        let body = Array(hello.dropFirst(4))
        let sessionID: [UInt8] = copyBytes(try ClientHello(body.span).legacySessionID)
        var answer: [UInt8] = [3, 3]
        answer += random
        answer += [UInt8(sessionID.count)] + sessionID
        answer += Hello.values([suite.rawValue])
        answer += [0]
        answer += WireBytes.extensions([(.supportedVersions, [3, 4])] + extensions)
        return WireBytes.record(.handshake, WireBytes.message(.serverHello, answer))
    }

    private static func share() throws -> (ExtensionType, [UInt8]) {
        let key = try Hello.key(.x25519).publicKey
        return (.keyShare, Hello.values([NamedGroup.x25519.rawValue]) + Hello.vector16(key))
    }

    enum Answer: CaseIterable {
        case secondIdentity, otherHash, withoutShare
    }

    @Test("An answer that does not fit the offer is an illegal_parameter", arguments: Answer.allCases)
    func inconsistent(answer: Answer) throws {
        let site = try Self.site { $0.client.groups = [.x25519] }
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        let hello = try Self.hello(&client)
        #expect(try Self.offersPSK(hello))
        let share = try Self.share()
        let record =
            switch answer {
            case .secondIdentity: try Self.answer(hello, [share, (.preSharedKey, [0, 1])])
            case .otherHash: try Self.answer(hello, suite: .aes256GCMSHA384, [share, (.preSharedKey, [0, 0])])
            case .withoutShare: try Self.answer(hello, [(.preSharedKey, [0, 0])])
            }
        #expect(Loopback.plainAlert(&client, record) == .illegalParameter)
    }

    @Test("A pre-shared key that nobody offered is an unsupported_extension")
    func notOffered() throws {
        let site = try Site { $0.client.groups = [.x25519] }
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        let hello = try Self.hello(&client)
        #expect(try !Self.offersPSK(hello))
        let record = try Self.answer(hello, [try Self.share(), (.preSharedKey, [0, 0])])
        #expect(Loopback.plainAlert(&client, record) == .unsupportedExtension)
    }

    @Test("After a HelloRetryRequest with another hash the offer is gone, and cannot be answered")
    func retryWithOtherHash() throws {
        for (suite, offers) in [(CipherSuite.aes128GCMSHA256, true), (.aes256GCMSHA384, false)] {
            let site = try Self.site { $0.client.groups = [.x25519, .secp256r1] }
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
            let first = try Self.hello(&client)
            #expect(try Self.offersPSK(first))
            let retry = try Self.answer(
                first,
                suite: suite,
                random: ServerHello.helloRetryRequestRandom,
                [(.keyShare, Hello.values([NamedGroup.secp256r1.rawValue]))]
            )
            try Loopback.feed(&client, retry)
            let second = try Self.hello(&client)
            #expect(try Self.offersPSK(second) == offers)
            if offers { continue }
            let key = try Hello.key(.secp256r1).publicKey
            let share = Hello.values([NamedGroup.secp256r1.rawValue]) + Hello.vector16(key)
            let answer = try Self.answer(second, suite: suite, [(.keyShare, share), (.preSharedKey, [0, 0])])
            #expect(Loopback.plainAlert(&client, answer) == .unsupportedExtension)
        }
    }

    @Test(
        "A server that resumes shows no certificate and asks for none",
        arguments: [HandshakeType.certificate, .certificateRequest, .certificateVerify]
    )
    func messages(type: HandshakeType) throws {
        let log = SecretLog()
        let site = try Self.site { $0.server.keyLog = log }
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        var server = ServerSession(configuration: site.server)
        try Loopback.feed(&server, Loopback.output(&client))
        let records = WireBytes.records(Loopback.output(&server))
        let forger = try Forger(log, .serverHandshake)
        let flight = WireBytes.messages(try forger.open(try #require(records.last)).content)
        // EncryptedExtensions and Finished are all there is.
        #expect(flight.map(\.first) == [HandshakeType.encryptedExtensions.rawValue, HandshakeType.finished.rawValue])
        let forged = try forger.seal(flight[0] + WireBytes.message(type, [0, 0, 0, 0]))
        let error = Loopback.refusal(&client, records.dropLast().flatMap { $0 } + forged)
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("A driver that judges certificates itself neither uses sessions nor leaves any")
    func deferredVerification() throws {
        let site = try Self.site()
        var client = try ClientSession(
            configuration: site.clientConfiguration,
            serverName: Self.name,
            deferring: .verification
        )
        let hello = try Self.hello(&client)
        #expect(try !Self.offersPSK(hello))
        var server = ServerSession(configuration: site.server)
        try Loopback.feed(&server, WireBytes.record(.handshake, hello, version: 0x0301))
        try Loopback.run(&client, &server)
        try client.answer(verification: .accepted(path: []))
        try Loopback.run(&client, &server)
        let resumed = client.negotiated?.isResumed
        #expect(resumed == false)

        let cache = site.clientConfiguration.sessionCache
        let left = (0..<3).map { _ in cache.take(Self.name, versions: .tls13 ... .tls13, at: TestCredentials.now) }
        #expect(left.map { $0 != nil } == [true, true, false])
    }

    @Test("A ticket is offered once, even when the connection fails")
    func singleUse() throws {
        let site = try Self.site()
        var tickets: Set<[UInt8]> = []
        for _ in 0..<2 {
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
            let body = Array(try Self.hello(&client).dropFirst(4))
            let hello = try ClientHello(body.span)
            guard let offer = hello.preSharedKey, let identity = offer.identity(at: 0) else {
                Issue.record("no session is offered")
                return
            }
            let ticket: [UInt8] = copyBytes(identity.identity)
            tickets.insert(ticket)
        }
        #expect(tickets.count == 2)
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: Self.name)
        #expect(try !Self.offersPSK(Self.hello(&client)))
    }

    @Test("A server that always resumes is verified again after a week")
    func authenticationAge() throws {
        let clock = MovableClock()
        let site = try Self.site { $0.client.clock = { clock.now } }
        var resumed: [Bool] = []
        for _ in 0..<8 {
            clock.advance(by: 86_000)
            resumed.append(try site.connect().client.isResumed)
        }
        #expect(resumed == [true, true, true, true, true, true, true, false])
        #expect(try site.connect().client.isResumed)
    }

    @Test("A session ends with the server's certificate")
    func expired() throws {
        let leaf = try TestCredentials.named("p256").certificateChain[0]
        let clock = MovableClock(leaf.notAfter - 10)
        let site = try Self.site { pair in
            pair.client.clock = { clock.now }
            pair.server.clock = { clock.now }
        }
        clock.advance(by: 10)
        #expect(try site.connect().client.isResumed)
        clock.advance(by: 1)
        #expect {
            _ = try site.connect()
        } throws: { error in
            guard case .certificateRejected(let rejection) = error as? TLSError else { return false }
            if case .expired = rejection.reason { return true }
            return false
        }
    }
}
