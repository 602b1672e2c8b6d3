// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What a client makes of a server that takes its 0-RTT data in another connection than it offered them for
/// (RFC 9846 §4.3.10).
@Suite("0-RTT data under other parameters")
struct EarlyDataAnswerTests {
    /// What the client's view of the session is changed to. The server's is in the ticket.
    enum Change: CaseIterable {
        case nothing, applicationProtocol, noApplicationProtocol, cipherSuite
    }

    @Test("are refused by the client", arguments: Change.allCases)
    func other(change: Change) throws {
        let site = try AcceptedEarlyDataTests.Site { pair in
            pair.server.applicationProtocols = ["h2"]
            pair.client.applicationProtocols = ["h2", "http/1.1"]
            pair.server.cipherSuites = [.aes128GCMSHA256, .chaCha20Poly1305SHA256]
        }
        let cache = site.site.clientConfiguration.sessionCache
        let name = ServerName.dns("server.example")
        let session = try #require(cache.take(name, versions: .tls13 ... .tls13, at: site.clock.now))
        #expect(session.cipherSuite == .aes128GCMSHA256 && session.applicationProtocol == "h2")
        let applicationProtocol: String? =
            switch change {
            case .applicationProtocol: "http/1.1"
            case .noApplicationProtocol: nil
            default: session.applicationProtocol
            }
        cache.insert(
            ResumableSession(
                version: .tls13,
                cipherSuite: change == .cipherSuite ? .chaCha20Poly1305SHA256 : session.cipherSuite,
                secret: session.secret.copy(),
                ticket: session.ticket,
                authenticatedAt: session.authenticatedAt,
                receivedAt: session.receivedAt,
                lifetime: session.lifetime,
                ageAdd: session.ageAdd,
                applicationProtocol: applicationProtocol,
                usesExtendedMasterSecret: true,
                maximumEarlyData: session.maximumEarlyData,
                server: session.server
            ),
            for: name
        )
        var client = try ClientSession(configuration: site.site.clientConfiguration, serverName: name)
        var server = ServerSession(configuration: site.site.server)
        try Loopback.feed(&server, Loopback.output(&client))
        // The server sees nothing wrong.
        let status = server.earlyData
        #expect(status == .accepted)
        let error = Loopback.refusal(&client, Loopback.output(&server))
        #expect((error == nil) == (change == .nothing))
        #expect(error?.alert == (change == .nothing ? nil : .illegalParameter))
        let known = client.earlyData
        #expect((known == .accepted) == (change == .nothing))
    }

    @Test("a ticket's age that says another time, either way", arguments: [-30, -11, -10, 0, 10, 11, 30])
    func freshness(skew: Int64) throws {
        let site = try AcceptedEarlyDataTests.Site()
        // The ticket is old enough that a clock which goes back does not come before it.
        site.clock.advance(by: 100)
        let offered = try site.offer([1])
        site.clock.advance(by: skew)
        let served = try site.serve(offered.sent)
        let isFresh = abs(skew) <= 10
        let (data, status) = (served.data, served.server.earlyData)
        #expect(data == (isFresh ? [1] : []))
        #expect(status == (isFresh ? .accepted : .rejected(.ticketAge)))
    }

    @Test("a replay is found out across the generations of the register", arguments: 1..<21)
    func generations(second: Int) {
        let register = StrikeRegister(start: 0)
        // The first value begins a generation of 21 seconds; ours comes late in it, and its window reaches into the next.
        #expect(register.isFirst([0, 16], now: 1_000, window: 10))
        #expect(register.isFirst([1, 16], now: 1_000 + Int64(second), window: 10))
        #expect(register.isFirst([2, 16], now: 1_021, window: 10))
        for now in Int64(1_021)..<1_021 + Int64(second) {
            #expect(!register.isFirst([1, 16], now: now, window: 10))
        }
    }

    @Test("a register whose clock goes back takes nothing, and goes on when the time has come again")
    func clockGoesBack() {
        let register = StrikeRegister(start: 0)
        #expect(register.isFirst([1, 16], now: 1_000, window: 10))
        #expect(!register.isFirst([1, 16], now: 999, window: 10))
        #expect(!register.isFirst([2, 16], now: 999, window: 10))
        #expect(register.isFirst([2, 16], now: 1_000, window: 10))
        #expect(!register.isFirst([1, 16], now: 1_000, window: 10))
    }
}
