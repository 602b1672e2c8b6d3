// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("TLS 1.3 records")
struct RecordRulesTests {
    // MARK: change_cipher_spec (RFC 9846 §5)

    @Test("compatibility records are dropped while the handshake runs")
    func compatibility() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let spec = WireBytes.changeCipherSpec
        try Loopback.feed(&server, Loopback.output(&client) + spec)
        let flight = WireBytes.records(Loopback.output(&server))
        #expect(flight.count == 3 && flight[1] == spec)
        // Before the ServerHello, and between any two records behind it.
        try Loopback.feed(&client, spec + flight[0] + spec + spec + flight[2])
        try Loopback.feed(&server, spec + Loopback.output(&client))
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide != nil && clientSide == serverSide)
    }

    @Test("they are dropped between HelloRetryRequest and the second ClientHello")
    func compatibilityAfterRetry() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        try Loopback.feed(&client, WireBytes.changeCipherSpec + Loopback.output(&server))
        try Loopback.feed(&server, WireBytes.changeCipherSpec + Loopback.output(&client))
        try Loopback.run(&client, &server)
        let negotiated = server.negotiated
        #expect(negotiated != nil)
    }

    @Test("any other change_cipher_spec is unexpected", arguments: [[0], [2], [1, 1], []] as [[UInt8]])
    func wrongContent(content: [UInt8]) throws {
        let pair = Pair.tls13()
        let record = WireBytes.record(.changeCipherSpec, content)
        for step in 0..<3 {
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            if step == 0 {
                #expect(Loopback.refusal(&client, record)?.alert == .unexpectedMessage)
                continue
            }
            try Loopback.feed(&server, Loopback.output(&client))
            if step == 1 {
                #expect(Loopback.refusal(&server, record)?.alert == .unexpectedMessage)
                continue
            }
            try Loopback.feed(&client, WireBytes.records(Loopback.output(&server))[0])
            #expect(Loopback.refusal(&client, record)?.alert == .unexpectedMessage)
        }
    }

    @Test("none before the ClientHello")
    func beforeHello() throws {
        var server = try Pair.tls13().makeServer()
        #expect(Loopback.plainAlert(&server, WireBytes.changeCipherSpec) == .unexpectedMessage)
    }

    @Test("none after the handshake", arguments: [false, true])
    func afterHandshake(isClient: Bool) throws {
        var connection = try Connection()
        let error =
            isClient
            ? Loopback.refusal(&connection.client, WireBytes.changeCipherSpec)
            : Loopback.refusal(&connection.server, WireBytes.changeCipherSpec)
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("a protected one is refused")
    func protected() throws {
        var connection = try Connection()
        let record = try connection.clientForger().seal([1], .changeCipherSpec)
        #expect(Loopback.refusal(&connection.server, record)?.alert == .unexpectedMessage)
    }

    @Test("not within a handshake message")
    func withinMessage() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let hello = Array(WireBytes.records(Loopback.output(&server))[0].dropFirst(5))
        let pieces = WireBytes.record(.handshake, Array(hello[..<10])) + WireBytes.changeCipherSpec
        #expect(Loopback.refusal(&client, pieces)?.alert == .unexpectedMessage)
    }

    @Test("too many")
    func tooMany() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        for _ in 0..<TLSLimits.ignoredChangeCipherSpecs { try Loopback.feed(&server, WireBytes.changeCipherSpec) }
        let error = Loopback.refusal(&server, WireBytes.changeCipherSpec)
        #expect(error == .peerMisbehaved(.tooMany("change_cipher_spec records")))
    }

    // MARK: Content

    @Test("empty data records are limited")
    func emptyRecords() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        for _ in 0..<3 {
            for _ in 0..<TLSLimits.consecutiveEmptyRecords {
                #expect(try Loopback.feed(&connection.server, forger.seal([], .applicationData)) == [])
            }
            #expect(try Loopback.feed(&connection.server, forger.seal([1], .applicationData)) == [1])
        }
        for _ in 0..<TLSLimits.consecutiveEmptyRecords {
            try Loopback.feed(&connection.server, forger.seal([], .applicationData))
        }
        let error = try Loopback.refusal(&connection.server, forger.seal([], .applicationData))
        #expect(error == .peerMisbehaved(.tooMany("empty records")))
    }

    @Test("padding is removed", arguments: [1, 2, 15, 16, 255, 1000])
    func padding(count: Int) throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        let zeros = [UInt8](repeating: 0, count: count)
        let record = try forger.seal(inner: [7, 0, 8, 0] + [ContentType.applicationData.rawValue] + zeros)
        #expect(try Loopback.feed(&connection.server, record) == [7, 0, 8, 0])
        let empty = try forger.seal(inner: [ContentType.applicationData.rawValue] + zeros)
        #expect(try Loopback.feed(&connection.server, empty) == [])
        let update = try forger.seal(inner: KeyUpdateTests.update + [ContentType.handshake.rawValue] + zeros)
        try Loopback.feed(&connection.server, update)
    }

    @Test("a record of padding only is refused", arguments: [1, 2, 100, 16_384])
    func paddingOnly(count: Int) throws {
        var connection = try Connection()
        let record = try connection.clientForger().seal(inner: [UInt8](repeating: 0, count: count))
        #expect(Loopback.refusal(&connection.server, record)?.alert == .unexpectedMessage)
    }

    @Test("empty handshake and alert records are refused", arguments: [ContentType.handshake, .alert])
    func emptyControl(type: ContentType) throws {
        var connection = try Connection()
        #expect(try Loopback.refusal(&connection.server, connection.clientForger().seal([], type)) != nil)
        var server = try Pair.tls13().makeServer()
        #expect(Loopback.refusal(&server, WireBytes.record(type, [])) != nil)
    }

    @Test("inner types that do not exist", arguments: [1, 19, 20, 24, 25, 255] as [UInt8])
    func innerTypes(type: UInt8) throws {
        var connection = try Connection()
        let record = try connection.clientForger().seal([1, 2], ContentType(rawValue: type))
        #expect(Loopback.refusal(&connection.server, record)?.alert == .unexpectedMessage)
    }

    @Test("unprotected records after the handshake", arguments: [0, 21, 22, 24, 25, 255] as [UInt8])
    func unprotected(type: UInt8) throws {
        var connection = try Connection()
        let record = WireBytes.record(ContentType(rawValue: type), [1, 0])
        #expect(Loopback.refusal(&connection.server, record)?.alert == .unexpectedMessage)
    }

    // MARK: Length

    @Test("the longest records are accepted")
    func longest() throws {
        var connection = try Connection()
        let full = [UInt8](repeating: 3, count: 16_384)
        #expect(try connection.up(full) == full)
        let forger = try connection.serverForger()
        let zeros = [UInt8](repeating: 0, count: 84)
        let content = [UInt8](repeating: 3, count: 16_300)
        let padded = try forger.seal(inner: content + [ContentType.applicationData.rawValue] + zeros)
        #expect(try Loopback.feed(&connection.client, padded) == content)
    }

    @Test("records that are too long", arguments: TooLong.allCases)
    func tooLong(kind: TooLong) throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        let data = ContentType.applicationData
        let error: TLSError?
        switch kind {
        case .plaintext:
            var server = try Pair.tls13().makeServer()
            error = Loopback.refusal(&server, [22, 3, 1, 0x40, 0x01])
        case .header:
            // Known from the header alone: 2^14 + 257.
            error = Loopback.refusal(&connection.server, [23, 3, 3, 0x41, 0x01])
        case .content:
            error = try Loopback.refusal(&connection.server, forger.seal([UInt8](repeating: 1, count: 16_385), data))
        case .padding:
            // 16,300 bytes of content; with its padding the inner plaintext has 2^14 + 2 bytes (§5.4).
            let inner = [UInt8](repeating: 1, count: 16_300) + [data.rawValue] + [UInt8](repeating: 0, count: 85)
            error = try Loopback.refusal(&connection.server, forger.seal(inner: inner))
        }
        #expect(error == .peerMisbehaved(.recordOverflow))
        #expect(error?.alert == .recordOverflow)
    }

    enum TooLong: CaseIterable {
        case plaintext, header, content, padding
    }

    // MARK: Authentication

    @Test("a record with one bit changed", arguments: [0, 1, 100, 119])
    func badMAC(position: Int) throws {
        var connection = try Connection()
        var record = try Loopback.seal(&connection.client, [UInt8](repeating: 1, count: 103))
        #expect(record.count == 125)
        record[5 + position] ^= 0x40
        let error = Loopback.refusal(&connection.server, record)
        #expect(error == .peerMisbehaved(.badRecordMAC))
        let alert = try connection.serverForger().open(Loopback.output(&connection.server))
        #expect(alert.content == [2, AlertDescription.badRecordMAC.rawValue])
    }

    @Test("protected records too short for a tag", arguments: 0...16)
    func short(count: Int) throws {
        var connection = try Connection()
        let record = WireBytes.record(.applicationData, [UInt8](repeating: 0, count: count))
        #expect(Loopback.refusal(&connection.server, record) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("replayed, reordered and dropped records", arguments: 0..<3)
    func order(kind: Int) throws {
        var connection = try Connection()
        let first = try Loopback.seal(&connection.client, [1])
        let second = try Loopback.seal(&connection.client, [2])
        let input =
            switch kind {
            case 0: first + first
            case 1: second + first
            default: second
            }
        #expect(Loopback.refusal(&connection.server, input) == .peerMisbehaved(.badRecordMAC))
    }

    // MARK: Data where none belongs

    @Test("application data before the handshake is complete")
    func earlyData() throws {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.server.keyLog = log
        let plain = WireBytes.record(.applicationData, [1, 2, 3])
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let hello = Loopback.output(&client)
        #expect(Loopback.refusal(&client, plain)?.alert == .unexpectedMessage)
        #expect(Loopback.refusal(&server, plain)?.alert == .unexpectedMessage)
        var other = try pair.makeServer()
        try Loopback.feed(&other, hello)
        let record = try Forger(log, .clientHandshake).seal([1], .applicationData)
        #expect(Loopback.refusal(&other, record)?.alert == .unexpectedMessage)
    }

    @Test("empty application data before there are keys is no better", arguments: [false, true])
    func emptyEarlyData(isClient: Bool) throws {
        let empty = WireBytes.record(.applicationData, [])
        if isClient {
            var client = try Pair.tls13().makeClient()
            #expect(Loopback.refusal(&client, empty)?.alert == .unexpectedMessage)
        } else {
            var server = try Pair.tls13().makeServer()
            #expect(Loopback.refusal(&server, empty)?.alert == .unexpectedMessage)
        }
    }

    @Test("application data within a handshake message")
    func dataWithinMessage() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        let input = try forger.seal([24, 0]) + forger.seal([1], .applicationData)
        #expect(Loopback.refusal(&connection.server, input)?.alert == .unexpectedMessage)
    }

    @Test("messages under keys that are about to change")
    func acrossKeyChange() throws {
        // A ClientHello and the start of another message in one record.
        var server = try Pair.tls13().makeServer()
        let record = try WireBytes.record(.handshake, Hello().message() + [20])
        #expect(Loopback.refusal(&server, record) == .peerMisbehaved(.dataAcrossKeyChange))
    }

    // MARK: Other protocols

    @Test(
        "what is not TLS",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", PeerMisbehavior.LooksLike.http), ("POST /x HTTP/1.0\r\n\r\n", .http),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http), ("hello there, friend", .unknown),
        ]
    )
    func text(text: String, kind: PeerMisbehavior.LooksLike) throws {
        var server = try Pair().makeServer()
        #expect(Loopback.refusal(&server, Array(text.utf8)) == .peerMisbehaved(.notTLS(kind)))
        var client = try Pair().makeClient()
        _ = Loopback.output(&client)
        #expect(Loopback.refusal(&client, Array(text.utf8)) == .peerMisbehaved(.notTLS(kind)))
        #expect(Loopback.output(&client) == WireBytes.alert(.protocolVersion))
    }

    @Test("an SSL 2.0 hello")
    func ssl2() throws {
        let hello: [UInt8] = [0x80, 0x2E, 0x01, 0x00, 0x02, 0x00, 0x15, 0x00, 0x00, 0x00, 0x10, 0x01, 0x00, 0x80]
        var server = try Pair().makeServer()
        #expect(Loopback.refusal(&server, hello) == .peerMisbehaved(.notTLS(.ssl2)))
    }

    @Test(
        "garbage in the header",
        arguments: [
            [0, 0, 0, 0, 0], [22, 2, 0, 0, 10], [22, 4, 0, 0, 10], [255, 255, 255, 255, 255],
        ] as [[UInt8]]
    )
    func garbage(header: [UInt8]) throws {
        var server = try Pair().makeServer()
        #expect(Loopback.refusal(&server, header) == .peerMisbehaved(.notTLS(.unknown)))
    }

    @Test("a first record of a type that does not exist", arguments: [0, 19, 24, 65, 99, 255] as [UInt8])
    func unknownType(type: UInt8) throws {
        for version in [UInt8(1), 3] {
            var server = try Pair().makeServer()
            let error = Loopback.refusal(&server, [type, 3, version, 0, 1, 0])
            #expect(error == .peerMisbehaved(.unexpectedRecord("a record of type \(ContentType(rawValue: type))")))
            #expect(Loopback.output(&server) == WireBytes.alert(.unexpectedMessage))
            var client = try Pair().makeClient()
            _ = Loopback.output(&client)
            #expect(Loopback.refusal(&client, [type, 3, version, 0, 1, 0])?.alert == .unexpectedMessage)
        }
    }

    @Test("random bytes never crash a session and never connect it", arguments: 0..<64)
    func random(seed: Int) throws {
        let random = SeededRandom(seed: UInt64(seed))
        var server = try Pair().makeServer()
        var client = try Pair().makeClient()
        _ = Loopback.output(&client)
        // Half of the inputs start like a record.
        var bytes = (0..<400).map { _ in UInt8(random.below(256)) }
        if seed.isMultiple(of: 2) {
            let start = WireBytes.record(ContentType(rawValue: UInt8(20 + random.below(4))), Array(bytes[5..<300]))
            bytes.replaceSubrange(0..<start.count, with: start)
        }
        _ = Loopback.refusal(&server, bytes)
        _ = Loopback.refusal(&client, bytes)
        let (serverSide, clientSide) = (server.negotiated, client.negotiated)
        #expect(serverSide == nil && clientSide == nil)
    }
}
