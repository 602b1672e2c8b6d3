// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// Keys that have sealed as much as they may, and connections that have no more of them (RFC 9846 §4.7.3, §5.5).
@Suite("TLS 1.3 limits on keys")
struct KeyLimitTests {
    private static let usedUp = TLSError.misuse(.keysUsedUp)

    /// A connection whose server may replace its key so often.
    private static func connection(keyUpdates: UInt64, recordsPerKey: UInt64 = TLSLimits.recordsPerKey) throws -> Both {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.client.keyLog = log
        var channel = Channel()
        channel.sending.keyUpdateLimit = keyUpdates
        channel.sending.recordsPerKey = recordsPerKey
        var client = try pair.makeClient()
        var server = ServerSession(configuration: try pair.serverConfiguration(), channel: channel)
        try Loopback.run(&client, &server)
        return Both(client: client, server: server, log: log)
    }

    private struct Both: ~Copyable {
        var client: ClientSession
        var server: ServerSession
        let log: SecretLog

        mutating func works() throws(TLSError) -> Bool {
            let up = try Loopback.feed(&server, Loopback.seal(&client, [1, 2]))
            let down = try Loopback.feed(&client, Loopback.seal(&server, [3]))
            return up == [1, 2] && down == [3]
        }
    }

    @Test("the default is what the RFC allows")
    func defaults() {
        #expect(TLSLimits.keyUpdates == 0xFFFF_FFFF_FFFF)
        #expect(SendingProtection(fragmentLength: 1).keyUpdateLimit == TLSLimits.keyUpdates)
    }

    @Test("a session replaces its keys so often and not more", arguments: [0, 1, 3] as [UInt64])
    func updates(limit: UInt64) throws {
        var both = try Self.connection(keyUpdates: limit)
        for _ in 0..<limit { try both.server.updateKeys(requestingPeer: false) }
        #expect(throws: Self.usedUp) { try both.server.updateKeys(requestingPeer: false) }
        #expect(try both.works())
        // Its peer may go on.
        for _ in 0..<5 {
            try both.client.updateKeys(requestingPeer: false)
            #expect(try both.works())
        }
    }

    @Test("requests for more are ignored", arguments: [false, true])
    func requests(isOwed: Bool) throws {
        var both = try Self.connection(keyUpdates: 1)
        let request = WireBytes.message(.keyUpdate, [1])
        if isOwed {
            // The only update there is answers this one, too.
            try Loopback.feed(&both.server, Forger(both.log, .clientApplication).seal(request))
            try both.server.updateKeys(requestingPeer: true)
        } else {
            try both.server.updateKeys(requestingPeer: false)
            try Loopback.feed(&both.server, Forger(both.log, .clientApplication).seal(request))
        }
        #expect(WireBytes.records(Loopback.output(&both.server)).count == 1)
        let records = WireBytes.records(try Loopback.seal(&both.server, [1]))
        #expect(records.count == 1)
        #expect(try Forger(both.log, .serverApplication, updates: 1).open(records[0]).content == [1])
    }

    @Test("the last key seals its share; then the connection can only be closed")
    func lastKey() throws {
        var both = try Self.connection(keyUpdates: 1, recordsPerKey: 2)
        let data = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var received: [UInt8] = []
        var error: TLSError?
        for _ in 0..<10 where error == nil {
            let rest = Array(data[received.count...])
            var output = [UInt8](repeating: 0, count: both.server.sealedByteCount(for: rest.count))
            var span = output.mutableSpan
            do throws(TLSError) {
                let sealed = try both.server.seal(rest.span, into: &span)
                received += try Loopback.feed(&both.client, Array(output.prefix(sealed.written)))
            } catch let refusal {
                error = refusal
            }
        }
        #expect(error == Self.usedUp)
        // Two records under each of two keys.
        #expect(received == Array(data.prefix(4 * RecordSize.plaintext)))
        #expect(try Loopback.seal(&both.server, []).isEmpty)
        let failure = both.server.failure
        #expect(failure == nil)
        both.server.close()
        try Loopback.feed(&both.client, Loopback.output(&both.server))
        let isClosed = both.client.isPeerClosed
        #expect(isClosed)
    }

    @Test("early data end where their key does")
    func earlyData() throws {
        let site = try AcceptedEarlyDataTests.Site()
        var channel = Channel()
        channel.sending.recordsPerKey = 2
        var client = try ClientSession(
            configuration: site.site.clientConfiguration,
            serverName: .dns("server.example"),
            channel: channel
        )
        var sent: [UInt8] = []
        for byte: UInt8 in [1, 2] {
            let capacity = client.earlyDataCapacity
            #expect(capacity > 0)
            sent += try Self.sealEarly(&client, [byte])
        }
        let capacity = client.earlyDataCapacity
        #expect(capacity == 0)
        #expect(throws: Self.usedUp) { try Self.sealEarly(&client, [3]) }
        #expect(try Self.sealEarly(&client, []).isEmpty)
        var served = try site.serve(sent)
        let early = served.data
        #expect(early == [1, 2])
        try Loopback.run(&client, &served.server)
        let status = client.earlyData
        #expect(status == .accepted)
        #expect(try Loopback.feed(&served.server, Loopback.seal(&client, [3])) == [3])
    }

    private static func sealEarly(_ client: inout ClientSession, _ data: [UInt8]) throws(TLSError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: client.pendingOutputCount + data.count + 100)
        var span = output.mutableSpan
        let written = try client.sealEarlyData(data.span, into: &span).written
        return Array(output.prefix(written))
    }

    @Test("answers to early data wait for the end of the handshake when their key is worn out")
    func halfRTT() throws {
        let site = try AcceptedEarlyDataTests.Site()
        var offered = try site.offer([1])
        var channel = Channel()
        channel.sending.recordsPerKey = 2
        var server = ServerSession(configuration: site.site.server, channel: channel)
        #expect(try Loopback.feed(&server, offered.sent) == [1])
        let flight = Loopback.output(&server)
        let answers = try Loopback.seal(&server, [2]) + Loopback.seal(&server, [3])
        #expect(throws: Self.usedUp) { try Loopback.seal(&server, [4]) }
        #expect(try Loopback.feed(&offered.client, flight + answers) == [2, 3])
        try Loopback.run(&offered.client, &server)
        #expect(try Loopback.feed(&offered.client, Loopback.seal(&server, [4])) == [4])
    }
}
