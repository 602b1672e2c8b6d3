// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("TLS 1.3 key updates")
struct KeyUpdateTests {
    static let update: [UInt8] = WireBytes.message(.keyUpdate, [0])
    static let request: [UInt8] = WireBytes.message(.keyUpdate, [1])

    @Test("in both directions, with data before and after", arguments: [false, true], [false, true])
    func update(fromClient: Bool, requesting: Bool) throws {
        var connection = try Connection()
        for _ in 0..<3 {
            #expect(try connection.works())
            if fromClient {
                try connection.client.updateKeys(requestingPeer: requesting)
            } else {
                try connection.server.updateKeys(requestingPeer: requesting)
            }
            try Loopback.run(&connection.client, &connection.server)
            #expect(try connection.works())
        }
        // The keys are those of RFC 9846 §7.2: a forger with the third generation is understood.
        let generation = fromClient || requesting ? 3 : 0
        let forger = try connection.clientForger(updates: generation)
        _ = try forger.seal([1], .applicationData)
        let record = try forger.seal([5, 6], .applicationData)
        // Each `works` seals one record; the last two were under the current keys when there was an update.
        for _ in 0..<(generation == 0 ? 4 : 0) { _ = try forger.seal([1], .applicationData) }
        let next = generation == 0 ? try forger.seal([5, 6], .applicationData) : record
        #expect(try Loopback.feed(&connection.server, next) == [5, 6])
    }

    @Test("requests to a silent session get one answer, before its next data")
    func oneAnswer() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        let first = try forger.seal(Self.request)
        let second = try connection.clientForger(updates: 1).seal(Self.request)
        try Loopback.feed(&connection.server, first + second)
        #expect(Loopback.output(&connection.server).isEmpty)
        try Loopback.feed(&connection.server, connection.clientForger(updates: 2).seal(Self.request))
        let records = WireBytes.records(try Loopback.seal(&connection.server, [1]))
        #expect(records.count == 2)
        #expect(try connection.serverForger().open(records[0]).content == Self.update)
        // Once it is sent, the next request gets its own answer.
        try Loopback.feed(&connection.server, connection.clientForger(updates: 3).seal(Self.request))
        let others = WireBytes.records(try Loopback.seal(&connection.server, [2]))
        #expect(others.count == 2)
        let forgerOfAnswer = try connection.serverForger(updates: 1)
        _ = try forgerOfAnswer.open(records[1])
        #expect(try forgerOfAnswer.open(others[0]).content == Self.update)
    }

    @Test("the answer goes out before the next data, under the old key")
    func answerBeforeData() throws {
        var connection = try Connection()
        try Loopback.feed(&connection.server, connection.clientForger().seal(Self.request))
        let records = WireBytes.records(try Loopback.seal(&connection.server, [1, 2, 3]))
        #expect(records.count == 2)
        #expect(try connection.serverForger().open(records[0]).content == Self.update)
        #expect(try connection.serverForger(updates: 1).open(records[1]).content == [1, 2, 3])
    }

    @Test("the peer is asked once, until it has changed its keys (RFC 9846 §4.7.3)", arguments: [false, true])
    func oneRequest(isRequested: Bool) throws {
        var connection = try Connection()
        var asked: [[UInt8]] = []
        for _ in 0..<3 { try connection.server.updateKeys(requestingPeer: true) }
        for (generation, record) in WireBytes.records(Loopback.output(&connection.server)).enumerated() {
            asked.append(try connection.serverForger(updates: generation).open(record).content)
        }
        #expect(asked == [Self.request, Self.update, Self.update])
        // Whatever made the peer change its keys.
        try Loopback.feed(&connection.server, connection.clientForger().seal(isRequested ? Self.request : Self.update))
        try connection.server.updateKeys(requestingPeer: true)
        let next = WireBytes.records(Loopback.output(&connection.server))
        #expect(try connection.serverForger(updates: 3).open(next[0]).content == Self.request)
    }

    @Test("no answer after close_notify")
    func afterClose() throws {
        var connection = try Connection()
        connection.server.close()
        _ = Loopback.output(&connection.server)
        try Loopback.feed(&connection.server, connection.clientForger().seal(Self.request))
        #expect(Loopback.output(&connection.server).isEmpty)
        let data = try connection.clientForger(updates: 1).seal([1], .applicationData)
        #expect(try Loopback.feed(&connection.server, data) == [1])
    }

    @Test("many updates without data are too many")
    func limit() throws {
        var connection = try Connection()
        for generation in 0..<TLSLimits.consecutiveKeyUpdates {
            try Loopback.feed(&connection.server, connection.clientForger(updates: generation).seal(Self.update))
        }
        let last = try connection.clientForger(updates: TLSLimits.consecutiveKeyUpdates).seal(Self.update)
        let error = Loopback.refusal(&connection.server, last)
        #expect(error == .peerMisbehaved(.tooMany("key updates")))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("data in between start the count again")
    func limitWithData() throws {
        var connection = try Connection()
        for generation in 0..<(3 * TLSLimits.consecutiveKeyUpdates) {
            let forger = try connection.clientForger(updates: generation)
            let data = try forger.seal([1], .applicationData)
            #expect(try Loopback.feed(&connection.server, data + forger.seal(Self.update)) == [1])
        }
    }

    @Test("a KeyUpdate must end its record", arguments: [[24, 0, 0, 1, 0], [24], [4, 0, 0, 0]] as [[UInt8]])
    func recordBoundary(behind: [UInt8]) throws {
        var connection = try Connection()
        let record = try connection.serverForger().seal(Self.update + behind)
        let error = Loopback.refusal(&connection.client, record)
        #expect(error == .peerMisbehaved(.dataAcrossKeyChange))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("a KeyUpdate may be cut into records")
    func fragments() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        for byte in Self.update { try Loopback.feed(&connection.server, forger.seal([byte])) }
        let data = try connection.clientForger(updates: 1).seal([9], .applicationData)
        #expect(try Loopback.feed(&connection.server, data) == [9])
    }

    @Test("the old key is not accepted any more")
    func oldKey() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        try Loopback.feed(&connection.server, forger.seal(Self.update))
        let error = try Loopback.refusal(&connection.server, forger.seal([1], .applicationData))
        #expect(error == .peerMisbehaved(.badRecordMAC))
    }

    @Test(
        "malformed KeyUpdates",
        arguments: [
            ([2], AlertDescription.illegalParameter), ([255], .illegalParameter), ([], .decodeError),
            ([0, 0], .decodeError),
        ]
    )
    func malformed(body: [UInt8], alert: AlertDescription) throws {
        var connection = try Connection()
        let record = try connection.clientForger().seal(WireBytes.message(.keyUpdate, body))
        #expect(Loopback.refusal(&connection.server, record)?.alert == alert)
    }

    @Test("not before the handshake is complete")
    func duringHandshake() throws {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.server.keyLog = log
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        _ = Loopback.output(&server)
        let forger = try Forger(log, .clientHandshake)
        #expect(try Loopback.refusal(&server, forger.seal(Self.update))?.alert == .unexpectedMessage)
    }

    @Test("a session updates its sending key by itself when it has sealed enough", arguments: [1, 2, 7])
    func automatic(limit: UInt64) throws {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.client.keyLog = log
        var channel = Channel()
        channel.sending.recordsPerKey = limit
        var client = try pair.makeClient()
        var server = ServerSession(configuration: try pair.serverConfiguration(), channel: channel)
        try Loopback.run(&client, &server)
        let data = [UInt8](repeating: 0x5A, count: 100_000)
        var sent = 0
        var received: [UInt8] = []
        var records = 0
        for _ in 0..<100 where sent < data.count {
            let rest = Array(data[sent...])
            var output = [UInt8](repeating: 0, count: server.sealedByteCount(for: rest.count))
            var span = output.mutableSpan
            let sealed = try server.seal(rest.span, into: &span)
            sent += sealed.consumed
            let bytes = Array(output[..<sealed.written])
            records += WireBytes.records(bytes).count
            received += try Loopback.feed(&client, bytes)
        }
        #expect(sent == data.count)
        #expect(received == data)
        // Seven records of data, and a KeyUpdate whenever a key had sealed its share. A KeyUpdate counts too.
        let waiting = WireBytes.records(Loopback.output(&server)).count
        #expect(records + waiting == 7 + 7 / Int(limit))
    }
}
