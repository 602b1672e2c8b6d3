// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Joining handshake messages")
struct HandshakeJoinerTests {
    private func message(_ type: UInt8, _ length: Int) -> [UInt8] {
        [type, UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255)]
            + (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    }

    @Test("fragments of every size", arguments: [1, 2, 3, 4, 5, 7, 100, 16_384])
    func fragments(size: Int) throws {
        let messages = [message(8, 0), message(11, 1000), message(15, 1), message(20, 32), message(4, 5000)]
        let bytes = messages.flatMap(\.self)
        var joiner = HandshakeJoiner()
        var joined: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            let end = min(position + size, bytes.count)
            let fragment = Array(bytes[position..<end])
            joiner.append(fragment.span)
            while let next = try joiner.next() { joined.append(next) }
            position = end
        }
        #expect(joined == messages)
        let isEmpty = joiner.isEmpty
        #expect(isEmpty)
    }

    @Test("several messages in one record, the first of which is the longest or not", arguments: [3, 40, 2000])
    func severalMessages(length: Int) throws {
        let messages = [message(11, length), message(15, 70), message(20, 32), message(4, 1000)]
        let bytes = messages.flatMap(\.self) + [8, 0]
        var joiner = HandshakeJoiner()
        joiner.append(bytes.span)
        for expected in messages {
            let next = try joiner.next()
            #expect(next == expected)
        }
        let none = try joiner.next()
        #expect(none == nil)
        let (end, last) = ([0, 1, 7] as [UInt8], [8, 0, 0, 1, 7] as [UInt8])
        joiner.append(end.span)
        let next = try joiner.next()
        #expect(next == last)
        let isEmpty = joiner.isEmpty
        #expect(isEmpty)
    }

    @Test("the longest message in records of one byte")
    func oneByteRecords() throws {
        let message = message(1, TLSLimits.clientHelloLength - 4)
        var joiner = HandshakeJoiner()
        var joined: [UInt8]?
        for byte in message {
            let early = joined
            #expect(early == nil)
            let fragment = [byte]
            joiner.append(fragment.span)
            joined = try joiner.next()
        }
        let isSame = joined == message
        #expect(isSame)
    }

    @Test("a message that is too long fails when its header is there")
    func limits() throws {
        // The longest ClientHello has 131,400 bytes.
        for (type, limit) in [
            (UInt8(1), 131_400), (2, TLSLimits.handshakeMessageLength), (11, TLSLimits.certificateMessageLength),
        ] {
            var joiner = HandshakeJoiner()
            let header = Array(message(type, limit - 4)[..<4])
            joiner.append(header.span)
            let nothing = try joiner.next()
            #expect(nothing == nil)
            var other = HandshakeJoiner()
            let tooLong = Array(message(type, limit - 3)[..<4])
            other.append(tooLong.span)
            var error: TLSError?
            do throws(TLSError) { _ = try other.next() } catch let thrown { error = thrown }
            #expect(error?.alert == .decodeError)
        }
    }
}
