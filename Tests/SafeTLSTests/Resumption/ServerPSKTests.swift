// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What a server makes of the pre-shared keys in a ClientHello (RFC 9846 §4.3.9, §4.3.11).
@Suite("TLS 1.3 resumption, seen from the server")
struct ServerPSKTests {
    typealias Site = ResumptionTLS13Tests.Site

    private static func offered(_ adjust: (inout Pair) -> Void = { _ in }) throws -> (site: Site, psk: OfferedPSK) {
        let site = try Site { pair in
            pair.server.cipherSuites = [.aes128GCMSHA256]
            adjust(&pair)
        }
        _ = try site.connect()
        return (site, try OfferedPSK(site))
    }

    @Test("A good ticket and binder resume")
    func good() throws {
        let (site, psk) = try Self.offered()
        #expect(try psk.answer(site.server) == .resumed(0))
    }

    @Test("A wrong binder is a decrypt_error", arguments: [0, 15, 31])
    func binder(position: Int) throws {
        let (site, psk) = try Self.offered()
        var message = try psk.message()
        message[message.count - 32 + position] ^= 0x80
        #expect(try OfferedPSK.answer(site.server, message) == .refused(.peerMisbehaved(.badBinder)))
        #expect(TLSError.peerMisbehaved(.badBinder).alert == .decryptError)
    }

    @Test("The binder covers the whole ClientHello before it")
    func bound() throws {
        let (site, psk) = try Self.offered()
        var message = try psk.message()
        // In the random.
        message[20] ^= 1
        #expect(try OfferedPSK.answer(site.server, message) == .refused(.peerMisbehaved(.badBinder)))
    }

    @Test("A ticket that was changed, cut or made elsewhere leads to a full handshake")
    func ticket() throws {
        let (site, good) = try Self.offered()
        var psk = good
        for index in stride(from: 0, to: good.identities[0].count, by: 7) {
            psk.identities[0] = good.identities[0]
            psk.identities[0][index] ^= 1
            #expect(try psk.answer(site.server) == .full, "byte \(index)")
        }
        for length in [1, 20, 21, 36, 37, 38, good.identities[0].count - 1] {
            psk.identities[0] = Array(good.identities[0].prefix(length))
            #expect(try psk.answer(site.server) == .full, "\(length) bytes")
        }
        let elsewhere = try site.pair.serverConfiguration()
        #expect(try good.answer(elsewhere) == .full)
    }

    @Test("The first identity that is good is taken, the sixth is not looked at")
    func identities() throws {
        let (site, good) = try Self.offered()
        var psk = good
        let junk: [UInt8] = [1, 2, 3]
        for before in 0...6 {
            psk.identities = [[UInt8]](repeating: junk, count: before) + good.identities + [junk]
            let expected: OfferedPSK.Answer = before < TLSLimits.pskIdentities ? .resumed(UInt16(before)) : .full
            #expect(try psk.answer(site.server) == expected)
        }
        psk.identities = [[UInt8]](repeating: junk, count: 300)
        #expect(try psk.answer(site.server) == .full)
    }

    @Test("Never without a fresh key exchange")
    func modes() throws {
        let (site, good) = try Self.offered()
        var psk = good
        psk.modes = [0]
        #expect(try psk.answer(site.server) == .full)
        psk.modes = [0, 1]
        #expect(try psk.answer(site.server) == .resumed(0))
        psk.modes = nil
        let missing = TLSError.peerMisbehaved(.missingExtension(.pskKeyExchangeModes))
        #expect(try psk.answer(site.server) == .refused(missing))
        psk.modes = [1]
        psk.hello.shares = nil
        #expect(try psk.answer(site.server) == .refused(.peerMisbehaved(.missingExtension(.keyShare))))
    }

    @Test("A certificate needs signature_algorithms, a pre-shared key does not")
    func withoutSignatureAlgorithms() throws {
        let (site, good) = try Self.offered()
        var psk = good
        psk.hello.schemes = nil
        #expect(try psk.answer(site.server) == .resumed(0))
        psk.identities[0][30] ^= 1
        let missing = TLSError.peerMisbehaved(.missingExtension(.signatureAlgorithms))
        #expect(try psk.answer(site.server) == .refused(missing))
    }

    @Test("Another name, or none, leads to a full handshake")
    func names() throws {
        let (site, good) = try Self.offered()
        var psk = good
        psk.hello.others = [(.serverName, OfferedPSK.serverName("SERVER.example"))]
        #expect(try psk.answer(site.server) == .resumed(0))
        psk.hello.others = [(.serverName, OfferedPSK.serverName("other.example"))]
        #expect(try psk.answer(site.server) == .full)
        psk.hello.others = []
        #expect(try psk.answer(site.server) == .full)
    }

    @Test("A suite of another hash leads to a full handshake")
    func otherHash() throws {
        let (site, good) = try Self.offered { $0.server.cipherSuites = [.aes256GCMSHA384, .aes128GCMSHA256] }
        #expect(good.session.cipherSuite == .aes256GCMSHA384)
        var psk = good
        psk.hello.cipherSuites = [.aes128GCMSHA256]
        #expect(try psk.answer(site.server) == .full)
    }

    @Test("A ticket expires with its lifetime, and with the server's when that became shorter")
    func lifetimes() throws {
        let clock = MovableClock()
        let keys = try TicketKeys(random: SeededRandom(seed: 6))
        let (site, psk) = try Self.offered { pair in
            pair.server.clock = { clock.now }
            pair.server.ticketKeys = keys
            pair.server.ticketLifetime = 3600
        }
        var stricter = site.pair.server
        stricter.ticketLifetime = 60
        let changed = try ServerConfiguration(credentials: site.server.credentials, options: stricter)
        clock.advance(by: 61)
        #expect(try psk.answer(changed) == .full)
        #expect(try psk.answer(site.server) == .resumed(0))
        clock.advance(by: 3540)
        #expect(try psk.answer(site.server) == .full)
        clock.advance(by: -3600 - 12)
        #expect(try psk.answer(site.server) == .full)
    }

    @Test("Resumptions of resumptions end when the client has to show again who it is")
    func authenticationLifetime() throws {
        let clock = MovableClock()
        let keys = try TicketKeys(random: SeededRandom(seed: 6))
        let site = try Site { pair in
            pair.client.clock = { clock.now }
            pair.server.clock = { clock.now }
            pair.server.ticketKeys = keys
            pair.server.ticketLifetime = 300
            pair.server.authenticationLifetime = 500
        }
        for (seconds, isResumed) in [(0, false), (250, true), (240, true), (20, false), (250, true)] as [(Int64, Bool)]
        {
            clock.advance(by: seconds)
            #expect(try site.connect().server.isResumed == isResumed, "after \(seconds) seconds more")
        }
        #expect(try OfferedPSK(site).session.lifetime == 250)
        // One that allowed more before.
        var options = site.pair.server
        options.authenticationLifetime = 200
        site.server = try ServerConfiguration(credentials: site.server.credentials, options: options)
        #expect(try !site.connect().server.isResumed)
    }

    @Test("Servers that share a secret resume each other's sessions")
    func shared() throws {
        let secret = [UInt8](repeating: 0x5C, count: 32)
        let keys = try TicketKeys(sharedSecret: secret.span)
        let (site, psk) = try Self.offered { $0.server.ticketKeys = keys }
        var options = site.pair.server
        options.ticketKeys = try TicketKeys(sharedSecret: secret.span)
        options.random = SeededRandom(seed: 77)
        let second = try ServerConfiguration(credentials: site.server.credentials, options: options)
        #expect(try psk.answer(second) == .resumed(0))
    }

    @Test("A long ticket lifetime holds with keys of the server's own")
    func longLifetime() throws {
        let clock = MovableClock()
        let (site, psk) = try Self.offered { pair in
            pair.server.clock = { clock.now }
            pair.server.ticketLifetime = 604_800
        }
        clock.advance(by: 600_000)
        #expect(try psk.answer(site.server) == .resumed(0))
    }

    @Test("A retry by cookie in another session resumes, and the binder covers the retry")
    func statelessRetry() throws {
        let site = try Site { pair in
            pair.client.groups = [.x25519, .secp256r1]
            pair.server.groups = [.secp256r1]
            pair.server.cipherSuites = [.aes128GCMSHA256]
            pair.server.sendsRetryCookie = true
        }
        _ = try site.connect()
        let name = ServerName.dns("server.example")
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: name)
        var first = ServerSession(configuration: site.server)
        try Loopback.feed(&first, Loopback.output(&client))
        try Loopback.feed(&client, Loopback.output(&first))
        let second = Loopback.output(&client)
        var server = ServerSession(configuration: site.server)
        try Loopback.feed(&server, second)
        try Loopback.run(&client, &server)
        let (ours, theirs) = (client.negotiated, server.negotiated)
        #expect(ours == theirs && ours?.isResumed == true && ours?.usedHelloRetryRequest == true)

        // Without resumption in between, the hello before the retry and the one behind it have other binders.
        _ = try site.connect()
        var again = try ClientSession(configuration: site.clientConfiguration, serverName: name)
        var third = ServerSession(configuration: site.server)
        let hello = Loopback.output(&again)
        try Loopback.feed(&third, hello)
        try Loopback.feed(&again, Loopback.output(&third))
        let records = WireBytes.records(Loopback.output(&again))
        var retried = try #require(records.last)
        let length = 32
        for index in 1...length { retried[retried.count - index] = hello[hello.count - index] }
        #expect(Loopback.refusal(&third, retried) == .peerMisbehaved(.badBinder))
    }
}
