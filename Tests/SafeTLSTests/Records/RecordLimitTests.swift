// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Sizes of records that the peers agree on (RFC 8449, RFC 6066 §4), and those of our own choice.
@Suite("Record limits")
struct RecordLimitTests {
    private static let versions = [ProtocolVersion.tls12, .tls13]

    /// Connects, and gives the plaintext lengths of the records that 20,000 bytes make in each direction, as RFC 8449 §4
    /// counts them.
    private func lengths(
        _ version: ProtocolVersion,
        _ adjust: (inout Pair) -> Void
    ) throws -> (up: [Int], down: [Int]) {
        var pair = Pair()
        pair.restrict(to: version)
        adjust(&pair)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let data = (0..<20_000).map { UInt8(truncatingIfNeeded: $0) }
        let up = try Loopback.seal(&client, data)
        let down = try Loopback.seal(&server, data)
        #expect(try Loopback.feed(&server, up) == data)
        #expect(try Loopback.feed(&client, down) == data)
        let overhead = version == .tls13 ? 5 + 16 : 5 + 8 + 16
        return (WireBytes.records(up).map { $0.count - overhead }, WireBytes.records(down).map { $0.count - overhead })
    }

    @Test("each side keeps to the other's limit", arguments: versions)
    func agreed(version: ProtocolVersion) throws {
        let lengths = try lengths(version) { pair in
            pair.client.records.sizeLimit = 1000
            pair.server.records.sizeLimit = 2000
        }
        #expect(lengths.down.max() == 1000 && lengths.up.max() == 2000)
        #expect(lengths.down.count == (version == .tls13 ? 21 : 20))
    }

    @Test("a side without a limit of its own takes full records", arguments: versions)
    func oneSided(version: ProtocolVersion) throws {
        let full = version == .tls13 ? 16_385 : 16_384
        let client = try lengths(version) { $0.client.records.sizeLimit = 64 }
        #expect(client.down.max() == 64 && client.up.max() == full)
        // A server cannot tell its limit to a client that does not know the extension.
        let server = try lengths(version) { $0.server.records.sizeLimit = 64 }
        #expect(server.up.max() == full && server.down.max() == full)
        let most = try lengths(version) { $0.client.records.sizeLimit = 16_385 }
        #expect(most.up.max() == full && most.down.max() == full)
    }

    @Test("limits hold in resumptions too", arguments: versions)
    func resumption(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.client.sessionCacheCapacity = 1
        pair.server.ticketCount = 1
        pair.client.records.sizeLimit = 500
        let configuration = try pair.clientConfiguration()
        let serverConfiguration = try pair.serverConfiguration()
        for isResumed in [false, true] {
            var client = try ClientSession(configuration: configuration, serverName: .dns(pair.serverName))
            var server = ServerSession(configuration: serverConfiguration)
            try Loopback.run(&client, &server)
            let wasResumed = client.negotiated?.isResumed
            #expect(wasResumed == isResumed)
            let down = WireBytes.records(try Loopback.seal(&server, [UInt8](repeating: 0, count: 2000)))
            #expect(down.map(\.count).max() == 500 + (version == .tls13 ? 21 : 29))
        }
    }

    @Test("a record that is too long for what was agreed ends the connection")
    func overflow() throws {
        var connection = try Connection { $0.client.records.sizeLimit = 100 }
        let forger = try connection.serverForger()
        #expect(
            try Loopback.feed(&connection.client, forger.seal([UInt8](repeating: 7, count: 99), .applicationData)).count
                == 99
        )
        let long = try forger.seal([UInt8](repeating: 7, count: 100), .applicationData)
        #expect(Loopback.refusal(&connection.client, long) == .peerMisbehaved(.recordOverflow))

        // Padding counts (RFC 8449 §4).
        connection = try Connection { $0.client.records.sizeLimit = 100 }
        let padded = [UInt8(7), ContentType.applicationData.rawValue] + [UInt8](repeating: 0, count: 99)
        let record = try connection.serverForger().seal(inner: padded)
        #expect(Loopback.refusal(&connection.client, record) == .peerMisbehaved(.recordOverflow))

        let key = [UInt8](repeating: 1, count: 16)
        let iv = [UInt8](repeating: 2, count: 4)
        for (count, isAccepted) in [(100, true), (101, false)] {
            var channel = Channel()
            channel.limitRecords(sending: 100, receiving: 100)
            try channel.install(opener: RecordOpener(tls12: .aes128GCM, key: key.span, iv: iv.span))
            let peer = Forger(
                sealer: try RecordSealer(tls12: .aes128GCM, key: key.span, iv: iv.span),
                opener: try RecordOpener(tls12: .aes128GCM, key: key.span, iv: iv.span)
            )
            var bytes = try peer.seal([UInt8](repeating: 0, count: count), .applicationData)
            let body = RecordSize.header..<bytes.count
            var span = bytes.mutableSpan
            do throws(TLSError) {
                let opened = try channel.receiving.open(&span, range: body, type: .applicationData)
                #expect(opened.content.count == count && isAccepted)
            } catch {
                #expect(error == .peerMisbehaved(.recordOverflow) && !isAccepted)
            }
        }
    }

    @Test("a server keeps to max_fragment_length and says so", arguments: versions)
    func maxFragmentLength(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        var hello = Hello(others: [(.maxFragmentLength, [1]), (.renegotiationInfo, [0]), (.extendedMasterSecret, [])])
        hello.versions = [version]
        hello.groups = [.x25519, .secp256r1]
        hello.cipherSuites = [.aes128GCMSHA256, .ecdheECDSAWithAES128GCMSHA256]
        var server = try pair.makeServer()
        try Loopback.feed(&server, hello.record())
        let flight = WireBytes.records(Loopback.output(&server))
        #expect(flight.count > 1 && flight.allSatisfy { $0.count <= 5 + 512 + 1 + 16 })
        if version == .tls12 {
            let message = WireBytes.messages(flight.flatMap { $0.dropFirst(5) })[0].dropFirst(4)
            #expect(try ServerHello(Array(message).span).maxFragmentLength == 1)
        }
    }

    @Test("a client checks the answer", arguments: versions)
    func answers(version: ProtocolVersion) throws {
        var options = RecordOptions()
        options.sizeLimit = 1500
        #expect(RecordLimits.code(for: options) == 2)
        _ = try RecordLimits(recordSizeLimit: nil, maxFragmentLength: 2, options, version: version)
        let most: UInt16 = version == .tls13 ? 16_385 : 16_384
        _ = try RecordLimits(recordSizeLimit: most, maxFragmentLength: nil, options, version: version)
        let bad: [(UInt16?, UInt8?)] = [(nil, 3), (most + 1, nil), (1500, 2)]
        for (limit, code) in bad {
            do throws(TLSError) {
                _ = try RecordLimits(recordSizeLimit: limit, maxFragmentLength: code, options, version: version)
                Issue.record("\(String(describing: limit)), \(String(describing: code)) was accepted")
            } catch {
                #expect(error.alert == .illegalParameter)
            }
        }
        for (limit, code) in [(64, nil), (511, nil), (512, 1), (4096, 4), (8191, 4), (8192, nil)] as [(Int, UInt8?)] {
            options.sizeLimit = limit
            #expect(RecordLimits.code(for: options) == code)
        }
    }

    @Test("padding hides lengths", arguments: [16, 100, 1000, 16_384])
    func padding(multiple: Int) throws {
        var connection = try Connection { $0.client.records.paddingMultiple = multiple }
        for count in [1, 15, 16, 17, 99, 100, 999, 5000, 16_384, 16_385, 40_000] {
            let data = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let records = try Loopback.seal(&connection.client, data)
            for record in WireBytes.records(records) {
                let inner = record.count - 5 - 16
                #expect(inner.isMultiple(of: multiple) || inner == 16_385)
            }
            #expect(try Loopback.feed(&connection.server, records) == data)
        }
        #expect(try connection.works())
    }

    @Test("padding goes with small buffers and small limits", arguments: [50, 85, 86, 200])
    func paddingInSmallRooms(room: Int) throws {
        var connection = try Connection { pair in
            pair.client.records.paddingMultiple = 64
            pair.server.records.sizeLimit = 100
            pair.client.records.sizeLimit = 100
        }
        let data = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        var sent = 0
        var received: [UInt8] = []
        for _ in 0..<100 where sent < data.count {
            var output = [UInt8](repeating: 0, count: room)
            let rest = Array(data[sent...])
            var span = output.mutableSpan
            let sealed = try connection.client.seal(rest.span, into: &span)
            sent += sealed.consumed
            let part = Array(output[..<sealed.written])
            #expect(WireBytes.records(part).allSatisfy { [85, 121].contains($0.count) })
            received += try Loopback.feed(&connection.server, part)
        }
        // Header, 64 bytes and tag are the least.
        #expect(room < 85 ? sent == 0 : received == data)
    }

    @Test("TLS 1.2 has no padding")
    func noPadding() throws {
        #expect(try lengths(.tls12) { $0.client.records.paddingMultiple = 1000 }.up == [16_384, 3616])
    }

    @Test("a connection may start with small records", arguments: versions)
    func startsSmall(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.records.startsSmall = true
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        var lengths: [Int] = []
        for count in [100, 1369, 3000, 60_000, 40_000] {
            let data = [UInt8](repeating: 9, count: count)
            let room = server.sealedByteCount(for: count)
            let records = try Loopback.seal(&server, data)
            #expect(records.count == room)
            #expect(try Loopback.feed(&client, records) == data)
            lengths += WireBytes.records(records).map { $0.count - (version == .tls13 ? 22 : 29) }
        }
        let small = lengths.prefix { $0 <= 1369 }
        #expect(small.reduce(0, +) >= 40 * 1369 && small.count < 46)
        #expect(lengths[small.count...].max() == 16_384)
    }

    @Test("values that make no sense are mistakes of the configuration")
    func mistakes() throws {
        for limit in [0, 63, 16_386, -1] {
            var pair = Pair()
            pair.client.records.sizeLimit = limit
            pair.server.records.sizeLimit = limit
            #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() }
            #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }
        }
        for multiple in [-1, 16_385] {
            var pair = Pair()
            pair.client.records.paddingMultiple = multiple
            #expect(throws: ConfigurationError.self) { try pair.clientConfiguration() }
        }
    }

    @Test("a fallback is refused by a server that speaks more")
    func fallback() throws {
        var pair = Pair()
        pair.client.versions = .tls12 ... .tls12
        pair.client.isFallback = true
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        #expect(throws: TLSError.peerMisbehaved(.inappropriateFallback)) { try Loopback.run(&client, &server) }
        pair.server.versions = .tls12 ... .tls12
        client = try pair.makeClient()
        server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let isHandshaking = client.isHandshaking
        #expect(!isHandshaking)
    }
}
