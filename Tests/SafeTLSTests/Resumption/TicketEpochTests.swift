// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Stateless tickets while their keys change under way.
@Suite("Tickets across epochs")
struct TicketEpochTests {
    /// Half of the time passes between a ticket and its use, so that many are made in one epoch and used in the next.
    @Test("10,000 sessions are resumed, none refused", arguments: [ProtocolVersion.tls12, .tls13], [1, 2])
    func thousands(version: ProtocolVersion, part: Int) throws {
        let clock = MovableClock()
        let keys = try TicketKeys(random: SeededRandom(seed: UInt64(part)), epochLength: 3_600)
        let site = try ResumptionTLS13Tests.Site { pair in
            pair.restrict(to: version)
            pair.credentials = ["ed25519"]
            pair.server.ticketKeys = keys
            pair.server.ticketCount = 1
            pair.server.ticketLifetime = 3_600
            pair.server.clock = { clock.now }
            pair.client.clock = { clock.now }
        }
        var resumed = 0
        var epochs: Set<Int64> = []
        for number in 0..<2_500 {
            // A session ends with its time, and another begins.
            if number.isMultiple(of: 50) {
                site.clientConfiguration = try ClientConfiguration(
                    trustAnchors: TestCredentials.anchors,
                    options: site.pair.client
                )
                try Self.connect(site)
            }
            clock.advance(by: 60)
            epochs.insert(clock.now / keys.epochLength)
            if try Self.connect(site) { resumed += 1 }
        }
        #expect(resumed == 2_500 && epochs.count > 40)
    }

    @discardableResult
    private static func connect(_ site: ResumptionTLS13Tests.Site) throws -> Bool {
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        try Loopback.run(&client, &server)
        return server.negotiated?.isResumed ?? false
    }
}
