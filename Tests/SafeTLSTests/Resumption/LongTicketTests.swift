// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

@Suite("Tickets of any length")
struct LongTicketTests {
    @Test("a ticket too long for a ClientHello does no harm", arguments: [1, 16_384, 16_385, 65_000, 65_500])
    func longTicket(length: Int) throws {
        var pair = Pair.tls13()
        pair.client.sessionCacheCapacity = 8
        let log = SecretLog()
        pair.server.keyLog = log
        let configuration = try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: pair.client)
        var client = try ClientSession(configuration: configuration, serverName: .dns(pair.serverName))
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)

        var body: [UInt8] = [0, 0, 14, 16, 1, 2, 3, 4, 1, 0]
        body += [UInt8(length >> 8), UInt8(length & 255)] + [UInt8](repeating: 7, count: length) + [0, 0]
        var rest = WireBytes.message(.newSessionTicket, body)[...]
        let forger = try Forger(log, .serverApplication)
        while !rest.isEmpty {
            try Loopback.feed(&client, forger.seal(Array(rest.prefix(16_384))))
            rest = rest.dropFirst(16_384)
        }
        let failure = client.failure
        #expect(failure == nil)
        // The next connection is made, and the server, which does not know the ticket, goes on in full.
        var next = try ClientSession(configuration: configuration, serverName: .dns(pair.serverName))
        var other = try pair.makeServer()
        try Loopback.run(&next, &other)
        let negotiated = next.negotiated
        #expect(negotiated?.isResumed == false)
    }
}
