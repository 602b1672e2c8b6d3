// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import Testing

@testable import SafeTLSNIO

@Suite("Data and backpressure")
struct DataTests {
    @Test("Megabytes pass in any pieces", arguments: [1_000, 16_384, 65_536, 1_000_000])
    func megabytes(size: Int) throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let data = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) })
        let wrote = pair.client.channel.writeAndFlush(data)
        try pair.carry { bytes in
            stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        }
        try wrote.wait()
        let same = pair.server.recorder.received == data
        #expect(same)
    }

    @Test(
        "Records that are cut anywhere are put together",
        arguments: HandshakeTests.versions,
        [1, 4, 5, 6, 17, 1_460, 16_406]
    )
    func cuts(version: ProtocolVersion, size: Int) throws {
        let pair = try HandshakeTests.pair(version)
        try pair.handshake()
        let data = ByteBuffer(bytes: (0..<40_000).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) })
        for count in [1, 20, 300, 16_384, 23_295] {
            let part = data.getSlice(at: pair.server.recorder.received.readableBytes, length: count)
            _ = pair.client.channel.writeAndFlush(try #require(part))
            try pair.carry { bytes in
                stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
            }
        }
        let same = pair.server.recorder.received == data
        #expect(same)
        #expect(pair.server.recorder.errors.isEmpty)
    }

    @Test("A read may end anywhere in a record behind a whole one", arguments: HandshakeTests.versions)
    func begunRecords(version: ProtocolVersion) throws {
        let pair = try HandshakeTests.pair(version)
        try pair.handshake()
        var expected = ""
        for place in 1..<100 {
            _ = pair.client.write("whole, ")
            let whole = try pair.client.sent()
            _ = pair.client.write("begun at \(place); ")
            let begun = try pair.client.sent()
            pair.server.receive([whole + begun.prefix(place)])
            pair.server.receive([Array(begun.dropFirst(place))])
            expected += "whole, begun at \(place); "
            #expect(pair.server.text == expected)
        }
    }

    @Test("A record that was changed is an error behind the data before it", arguments: HandshakeTests.versions)
    func forgery(version: ProtocolVersion) throws {
        let pair = try HandshakeTests.pair(version)
        try pair.handshake()
        _ = pair.client.write("good")
        var bytes = try pair.client.sent()
        _ = pair.client.write("evil")
        bytes += try pair.client.sent()
        bytes[bytes.count - 1] ^= 1
        pair.server.receive([bytes])
        #expect(pair.server.text == "good")
        #expect(pair.server.recorder.errors as? [TLSError] == [.peerMisbehaved(.badRecordMAC)])
        #expect(!pair.server.channel.isActive)
    }

    @Test("Records of one read are handed on together, decrypted to where the program gets them")
    func slices() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        pair.server.recorder.keeps = true
        pair.client.channel.write(ByteBuffer(repeating: 1, count: 40_000), promise: nil)
        for byte in 2..<12 { pair.client.channel.write(ByteBuffer(repeating: UInt8(byte), count: 100), promise: nil) }
        pair.client.channel.flush()
        try pair.carry()
        let kept = pair.server.recorder.kept
        #expect(kept.map(\.readableBytes) == [41_000])
        #expect(pair.server.recorder.received.readableBytes == 41_000)
        #expect(pair.server.recorder.received.readableBytesView.last == 11)
        // Whoever keeps what came does not see later data in it.
        pair.client.channel.writeAndFlush(ByteBuffer(repeating: 99, count: 50_000), promise: nil)
        try pair.carry()
        #expect(kept[0].readableBytesView.prefix(40_000).allSatisfy { $0 == 1 })
    }

    @Test("A channel that is not writable gets no records until it is")
    func writability() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        pair.client.channel.isWritable = false
        var done = 0
        for _ in 0..<4 {
            pair.client.channel.writeAndFlush(ByteBuffer(repeating: 7, count: 50_000)).assumeIsolated()
                .whenSuccess { done += 1 }
        }
        #expect(try pair.client.sent().isEmpty)
        #expect(done == 0)
        pair.client.channel.isWritable = true
        pair.client.channel.pipeline.syncOperations.fireChannelWritabilityChanged()
        try pair.carry()
        #expect(done == 4)
        #expect(pair.server.recorder.received.readableBytes == 200_000)
    }

    @Test("Plaintext that waits for the channel is sent before close_notify")
    func closeWithBacklog() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        pair.client.channel.isWritable = false
        let wrote = pair.client.channel.writeAndFlush(ByteBuffer(repeating: 7, count: 200_000))
        let closed = pair.client.channel.close()
        try pair.carry()
        try wrote.wait()
        try closed.wait()
        #expect(pair.server.recorder.received.readableBytes == 200_000)
        #expect(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
    }

    @Test("Who asked for data is not left waiting by records without any")
    func reads() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        // As after a first read.
        pair.client.channel.read()
        _ = pair.server.write("first")
        try pair.carry()
        let reads = pair.client.transport.reads
        pair.client.channel.read()
        #expect(pair.client.transport.reads == reads + 1)
        // A KeyUpdate brings no data.
        try pair.serverHandler.updateKeys()
        try pair.carry()
        #expect(pair.client.transport.reads == reads + 2)
        // Half a record neither.
        _ = pair.server.write("word")
        let bytes = try pair.server.sent()
        pair.client.receive([Array(bytes[..<10])])
        #expect(pair.client.transport.reads == reads + 3)
        pair.client.receive([Array(bytes[10...])])
        #expect(pair.client.transport.reads == reads + 3)
        #expect(pair.client.text == "firstword")
    }

    @Test("An idle connection keeps no buffer")
    func idle() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        pair.client.channel.writeAndFlush(ByteBuffer(repeating: 7, count: 100_000), promise: nil)
        let bytes = try pair.client.sent()
        pair.server.receive([Array(bytes[..<(bytes.count - 3)])])
        #expect(pair.serverHandler.driver.input.storageCapacity <= 32_768)
        pair.server.receive([Array(bytes[(bytes.count - 3)...])])
        #expect(pair.serverHandler.driver.input.storageCapacity == 0)
        #expect(pair.serverHandler.driver.pieces.isEmpty)
        #expect(pair.server.recorder.received.readableBytes == 100_000)
    }

    @Test("Data that come while data are handed on keep their order")
    func reentrance() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        _ = pair.client.write("one")
        let one = try pair.client.sent()
        _ = pair.client.write("two")
        let two = try pair.client.sent()
        var isFirst = true
        pair.server.recorder.answer = { context, _ in
            guard isFirst else { return }
            isFirst = false
            context.channel.pipeline.syncOperations.fireChannelRead(NIOAny(ByteBuffer(bytes: two)))
            context.writeAndFlush(NIOAny(ByteBuffer(string: "heard")), promise: nil)
        }
        pair.server.receive([one])
        try pair.carry()
        #expect(pair.server.text == "onetwo")
        #expect(pair.client.text == "heard")
    }

    @Test("Sending keys change on demand, in both directions")
    func keyUpdate() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        try pair.clientHandler.updateKeys(requestingPeer: true)
        _ = pair.client.write("under new keys")
        try pair.carry()
        _ = pair.server.write("here, too")
        try pair.carry()
        #expect(pair.server.text == "under new keys")
        #expect(pair.client.text == "here, too")
    }

    @Test("A queue of writes that is never empty does not grow")
    func queue() {
        var queue = WriteQueue()
        queue.append(ByteBuffer(string: "0"), nil)
        var places = 0
        for number in 1...10_000 {
            queue.append(ByteBuffer(string: "\(number)"), nil)
            queue.flush()
            #expect(queue.next.map { String(buffer: $0.data) } == "\(number - 1)")
            queue.removeFirst()
            places = max(places, queue.placeCount)
        }
        #expect(places < 200)
        queue.insertFirst(ByteBuffer(string: "first"))
        #expect(queue.next.map { String(buffer: $0.data) } == "first")
        #expect(queue.takeAll().count == 2)
        #expect(!queue.isFlushed)
    }
}
