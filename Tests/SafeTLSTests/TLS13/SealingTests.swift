// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("TLS 1.3 sealing")
struct SealingTests {
    @Test("sealedByteCount is exact", arguments: [0, 1, 2, 100, 16_383, 16_384, 16_385, 32_768, 32_769, 100_000])
    func exact(count: Int) throws {
        var connection = try Connection()
        let data = [UInt8](repeating: 0x11, count: count)
        for pending in [false, true] {
            if pending { try connection.client.updateKeys(requestingPeer: false) }
            let room = connection.client.sealedByteCount(for: count)
            var output = [UInt8](repeating: 0, count: room + 100)
            var span = output.mutableSpan
            let sealed = try connection.client.seal(data.span, into: &span)
            #expect(sealed == Sealed(consumed: count, written: room))
            #expect(output[room...].allSatisfy { $0 == 0 })
            #expect(try Loopback.feed(&connection.server, Array(output[..<room])) == data)
        }
    }

    @Test(
        "a buffer of any size takes what fits",
        arguments: [0, 1, 5, 21, 22, 23, 24, 100, 500, 16_406, 16_428, 17_000]
    )
    func small(size: Int) throws {
        var connection = try Connection()
        // What waits comes first, and may need several buffers itself.
        try connection.server.updateKeys(requestingPeer: true)
        let data = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
        var sent = 0
        var waiting: [UInt8] = []
        var received: [UInt8] = []
        for _ in 0..<2000 where sent < data.count {
            let rest = Array(data[sent...])
            var output = [UInt8](repeating: 0, count: size)
            var span = output.mutableSpan
            let sealed = try connection.server.seal(rest.span, into: &span)
            #expect(sealed.written <= size && sealed.consumed <= rest.count)
            sent += sealed.consumed
            received += try Loopback.feed(&connection.client, Array(output[..<sealed.written]), keeping: &waiting)
            if sealed.written == 0 { break }
        }
        // A record needs its header, one byte, its type and its tag.
        #expect(size < 23 ? sent == 0 : received == data)
    }

    @Test("output is given back in any portions")
    func portions() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        var waiting: [UInt8] = []
        let random = SeededRandom(seed: 5)
        while client.pendingOutputCount > 0 {
            let count = min(1 + random.below(50), client.pendingOutputCount)
            var bytes: [UInt8] = []
            for index in 0..<count { bytes.append(client.pendingOutput[index]) }
            client.discardOutput(count)
            try Loopback.feed(&server, bytes, keeping: &waiting)
        }
        #expect(waiting.isEmpty)
        // More than there is, and less than nothing.
        let before = server.pendingOutputCount
        server.discardOutput(-5)
        let after = server.pendingOutputCount
        #expect(before == after && before > 0)
        server.discardOutput(.max)
        let left = server.pendingOutputCount
        #expect(left == 0)
    }

    @Test("misuse does not end a session")
    func misuse() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let early = TLSError.misuse(.handshakeIncomplete)
        #expect(throws: early) { try Loopback.seal(&client, [1]) }
        #expect(throws: early) { try Loopback.seal(&server, [1]) }
        #expect(throws: early) { try client.updateKeys(requestingPeer: true) }
        #expect(throws: early) { try server.exportKeyingMaterial(label: "a", context: nil, count: 1) }
        try Loopback.run(&client, &server)
        let arguments: [(String, [UInt8]?, Int)] = [
            (String(repeating: "a", count: 65), nil, 32), ("a", nil, 0), ("a", nil, -1),
            ("a", nil, 8161), ("a", [UInt8](repeating: 0, count: 65_536), 32),
        ]
        for (label, context, count) in arguments {
            #expect(throws: TLSError.self) {
                try client.exportKeyingMaterial(label: label, context: context, count: count)
            }
        }
        client.close()
        #expect(throws: TLSError.misuse(.closed)) { try Loopback.seal(&client, [1]) }
        #expect(throws: TLSError.misuse(.closed)) { try client.updateKeys(requestingPeer: false) }
        let (first, second) = (client.failure, server.failure)
        #expect(first == nil && second == nil)
        #expect(try Loopback.feed(&client, Loopback.seal(&server, [1])) == [1])
    }

    @Test("an error stays")
    func sticky() throws {
        var connection = try Connection()
        let error = try #require(Loopback.refusal(&connection.server, WireBytes.changeCipherSpec))
        let alert = Loopback.output(&connection.server)
        #expect(try connection.serverForger().open(alert).content == [2, 10])
        let record = try Loopback.seal(&connection.client, [1])
        #expect(Loopback.refusal(&connection.server, record) == error)
        #expect(throws: error) { try Loopback.seal(&connection.server, [1]) }
        #expect(throws: error) { try connection.server.endOfInput() }
        #expect(throws: error) { try connection.server.updateKeys(requestingPeer: false) }
        connection.server.close()
        connection.server.reject(.internalError, reason: "too late")
        #expect(Loopback.output(&connection.server).isEmpty)
        let (failure, isClosed) = (connection.server.failure, connection.server.isClosed)
        #expect(failure == error && isClosed)
    }
}
