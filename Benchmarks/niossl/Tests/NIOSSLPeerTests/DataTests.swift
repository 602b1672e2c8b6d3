// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOSSL
import NIOTLS
import SafeTLS
import SafeTLSNIO
import TestSupport
import Testing

extension NIOSSLPeerTests {
    /// Everything behind the handshake.
    @Suite("Data and closing")
    struct DataTests {
        // MARK: Data

        @Test("Megabytes pass in both directions at once", arguments: Agreement.all)
        func megabytes(_ agreement: Agreement) throws {
            let link = try Link(agreement)
            try link.handshake()
            let data = NIOSSLPeerTests.pattern(5_000_000)
            let wrote = [
                try link.client.channel.writeAndFlush(data), try link.server.channel.writeAndFlush(data),
            ]
            for end in [link.client, link.server] {
                try end.wait(forBytes: data.readableBytes)
                let same = end.received == data
                #expect(same)
            }
            for write in wrote { try write.wait() }
        }

        @Test("Writes of any size arrive in their order", arguments: Agreement.all)
        func sizes(_ agreement: Agreement) throws {
            let link = try Link(agreement)
            try link.handshake()
            for end in [link.client, link.server] {
                var data = NIOSSLPeerTests.pattern(600_000)
                let all = data
                let channel = try end.channel
                for size in [0, 1, 2, 15, 16, 1_023, 16_383, 16_384, 16_385, 40_000, 65_536, 100_000] {
                    guard let part = data.readSlice(length: size) else { continue }
                    channel.write(part, promise: nil)
                }
                try channel.writeAndFlush(data).wait()
                let other = end === link.client ? link.server : link.client
                try other.wait(forBytes: all.readableBytes)
                let same = other.received == all
                #expect(same)
            }
        }

        @Test("Keys change while data pass, whoever asks for it", arguments: Role.allCases)
        func keyUpdates(_ role: Role) throws {
            let link = try Link(Agreement(safe: role, version: .tls13))
            try link.handshake()
            let channel = try link.safe.channel
            for round in 1...3 {
                try channel.eventLoop.submit {
                    let operations = channel.pipeline.syncOperations
                    switch role {
                    case .server:
                        try operations.handler(type: SafeTLSServerHandler.self).updateKeys(requestingPeer: true)
                    case .client:
                        try operations.handler(type: SafeTLSClientHandler.self).updateKeys(requestingPeer: true)
                    }
                }.wait()
                try link.safe.write(ByteBuffer(repeating: 1, count: 20_000))
                try link.boring.wait(forBytes: round * 20_000)
                try link.boring.write(ByteBuffer(repeating: 2, count: 20_000))
                try link.safe.wait(forBytes: round * 20_000)
            }
            #expect(link.safe.errors.isEmpty && link.boring.errors.isEmpty)
        }

        // MARK: Closing

        /// Who does something.
        enum Who: CaseIterable { case safe, boring }

        @Test(
            "Who closes is heard with close_notify, and both end without an error",
            arguments: Agreement.all,
            Who.allCases
        )
        func close(_ agreement: Agreement, _ who: Who) throws {
            let link = try Link(agreement)
            try link.handshake()
            let (closer, other) = who == .safe ? (link.safe, link.boring) : (link.boring, link.safe)
            let channel = try closer.channel
            channel.writeAndFlush(ByteBuffer(repeating: 1, count: 200_000), promise: nil)
            try channel.close().wait()
            try link.waitForEnd()
            #expect(other.received.readableBytes == 200_000)
            #expect(other.happenings.contains(.shutdown))
            #expect(closer.errors.isEmpty && other.errors.isEmpty, "\(closer.errors) \(other.errors)")
        }

        @Test(
            "A transport that ends without close_notify is an error on either side",
            arguments: Agreement.all,
            Who.allCases
        )
        func truncation(_ agreement: Agreement, _ who: Who) throws {
            let link = try Link(agreement)
            try link.handshake()
            let (closer, other) = who == .safe ? (link.safe, link.boring) : (link.boring, link.safe)
            // Nothing is on its way that the socket would be reset for.
            for end in [link.server, link.client] {
                try end.write(ByteBuffer(string: "word"))
                try (end === link.server ? link.client : link.server).wait(forBytes: 4)
            }
            let channel = try closer.channel
            // Past TLS.
            try channel.eventLoop.submit {
                channel._channelCore.close0(error: ChannelError.eof, mode: .all, promise: nil)
            }.wait()
            try other.wait(for: .inactive)
            if who == .safe {
                #expect(other.errors.contains { $0 as? NIOSSLError == .uncleanShutdown })
            } else {
                #expect(other.errors.contains { $0 as? TLSError == .truncated })
            }
        }

        @Test("One direction is closed, the other goes on", arguments: Agreement.all, Who.allCases)
        func halfClose(_ agreement: Agreement, _ who: Who) throws {
            let link = try Link(agreement, allowsHalfClosure: true)
            try link.handshake()
            let (closer, other) = who == .safe ? (link.safe, link.boring) : (link.boring, link.safe)
            try closer.write(ByteBuffer(string: "question"))
            try closer.channel.close(mode: .output).wait()
            try other.wait(for: .inputClosed)
            #expect(String(buffer: other.received) == "question")
            try other.write(NIOSSLPeerTests.pattern(300_000))
            try closer.wait(forBytes: 300_000)
            try other.channel.close().wait()
            try link.waitForEnd()
            #expect(closer.errors.isEmpty && other.errors.isEmpty, "\(closer.errors) \(other.errors)")
        }

        // MARK: Resumption

        @Test("Sessions of swift-nio-ssl's server are resumed", arguments: [ProtocolVersion.tls12, .tls13])
        func resumption(_ version: ProtocolVersion) throws {
            let agreement = Agreement(safe: .client, version: version)
            let configuration = try agreement.safeClientConfiguration()
            // Its tickets are good for one context.
            let context = try agreement.boringServer()
            for isResumed in [false, true, true] {
                let link = try Link(agreement, configuration: configuration, context: context)
                try link.handshake()
                #expect(try link.info().negotiated.isResumed == isResumed)
                // The tickets of TLS 1.3 come with the first data.
                try link.server.write(ByteBuffer(string: "pong"))
                try link.client.wait(forBytes: 4)
                try link.client.channel.close().wait()
                try link.waitForEnd()
            }
        }
    }
}
