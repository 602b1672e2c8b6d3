// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Forms of records and where they may come")
struct RecordFormTests {
    @Test("another version in the header of a protected record", arguments: [ProtocolVersion.tls13, .tls12], [1, 2])
    func changedVersion(version: ProtocolVersion, position: Int) throws {
        var pair = Pair()
        pair.restrict(to: version)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        var record = try Loopback.seal(&client, [1, 2, 3])
        record[position] ^= 1
        let error = Loopback.failure(&server, record)
        #expect(error?.alert == (position == 2 ? .badRecordMAC : .protocolVersion))
    }

    @Test("empty records of messages and alerts", arguments: [ContentType.handshake, .alert])
    func emptyMessages(type: ContentType) throws {
        var connection = try Connection()
        let error = try Loopback.failure(&connection.server, connection.clientForger().seal([], type))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("rejected 0-RTT data in records of full size before a retry")
    func earlyDataBeforeRetry() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        var hello = EarlyDataTests.hello()
        hello.groups = [.x25519, .secp256r1]
        var server = try pair.makeServer()
        try Loopback.feed(&server, hello.record())
        let record = EarlyDataTests.data(RecordSize.plaintext + 1 + RecordSize.tag)
        for _ in 0..<TLSLimits.skippedEarlyData / record.count {
            #expect(Loopback.failure(&server, record) == nil)
        }
        #expect(Loopback.failure(&server, record)?.alert == .unexpectedMessage)
    }

    @Test("longer records in the clear", arguments: [ContentType.handshake, .alert])
    func longClearRecords(type: ContentType) throws {
        var server = try Pair().makeServer()
        #expect(Loopback.failure(&server, [type.rawValue, 3, 3, 0x40, 1]) == .peerMisbehaved(.recordOverflow))
    }

    @Test("how many bytes are needed")
    func needed() throws {
        var connection = try Connection()
        let record = try Loopback.seal(&connection.client, [1, 2, 3])
        for length in 0..<record.count {
            var part = Array(record[..<length])
            let received = try receive(&connection.server, &part)
            #expect(received.consumed == 0)
            #expect(received.needed == (length < 5 ? 5 : record.count) - length)
        }
        var whole = record + [23]
        let received = try receive(&connection.server, &whole)
        #expect(received == Received(consumed: record.count, plaintext: 5..<8, needed: 0))
        #expect(whole[5..<8] == [1, 2, 3])
    }

    private func receive(_ server: inout ServerSession, _ bytes: inout [UInt8]) throws(TLSError) -> Received {
        var span = bytes.mutableSpan
        return try server.receive(&span)
    }
}
