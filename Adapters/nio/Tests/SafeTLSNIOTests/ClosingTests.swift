// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import TLSCertificates
import Testing

@testable import SafeTLSNIO

@Suite("The ends of a connection")
struct ClosingTests {
    @Test("close() says goodbye, waits for the peer's, and then ends the transport", arguments: HandshakeTests.versions)
    func close(version: ProtocolVersion) throws {
        let pair = try HandshakeTests.pair(version)
        try pair.handshake()
        let closed = pair.client.channel.close()
        #expect(pair.client.transport.closes.isEmpty)
        #expect(pair.client.channel.isActive)
        try pair.carry()
        try closed.wait()
        #expect(pair.client.recorder.outline.suffix(2) == [.shutdown, .inactive])
        #expect(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
        #expect(pair.client.recorder.errors.isEmpty && pair.server.recorder.errors.isEmpty)
        #expect(throws: ChannelError.self) { try pair.client.write("late").wait() }
    }

    @Test("A second close() joins the first")
    func closeTwice() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let first = pair.client.channel.close()
        let second = pair.client.channel.close()
        try pair.carry()
        try first.wait()
        try second.wait()
        #expect(pair.client.transport.closes.count == 1)
    }

    @Test("A peer that does not say goodbye is waited for as long as the options say")
    func closeTimeout() throws {
        var options = ClientHandlerOptions()
        options.closeTimeout = .seconds(3)
        let pair = try Pair(clientOptions: options)
        try pair.handshake()
        let closed = pair.client.channel.close()
        _ = try pair.client.sent()
        pair.loop.advanceTime(by: .milliseconds(2_999))
        #expect(pair.client.channel.isActive)
        pair.loop.advanceTime(by: .milliseconds(1))
        try closed.wait()
        #expect(pair.client.recorder.errors.isEmpty)
    }

    @Test(
        "A peer that reads what was sent to it gets more time, one that does not is let go",
        arguments: [true, false]
    )
    func progress(reads: Bool) throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        pair.client.transport.holdsFlushes = true
        pair.client.channel.writeAndFlush(ByteBuffer(repeating: 1, count: 100_000), promise: nil)
        let closed = pair.client.channel.close()
        pair.loop.advanceTime(by: .seconds(4))
        if reads { pair.client.channel._channelCore.flush0() }
        pair.loop.advanceTime(by: .seconds(1))
        #expect(pair.client.channel.isActive == reads)
        pair.loop.advanceTime(by: .seconds(5))
        #expect(!pair.client.channel.isActive)
        try closed.wait()
    }

    @Test("After close() data are discarded")
    func dataAfterClose() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        _ = pair.server.write("too late")
        _ = pair.client.channel.close()
        try pair.carry()
        #expect(pair.client.text.isEmpty)
        #expect(pair.client.recorder.errors.isEmpty)
    }

    @Test("Writes that were not flushed fail with close()")
    func unflushed() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let flushed = pair.client.write("flushed")
        let unflushed = pair.client.channel.write(ByteBuffer(string: "unflushed"))
        _ = pair.client.channel.close()
        try pair.carry()
        try flushed.wait()
        #expect(throws: ChannelError.ioOnClosedChannel) { try unflushed.wait() }
        #expect(pair.server.text == "flushed")
    }

    @Test("A half-closed connection still carries the other direction")
    func halfClosure() throws {
        let pair = try HandshakeTests.pair()
        pair.server.channel.allowRemoteHalfClosure = true
        try pair.handshake()
        _ = pair.client.write("all I have")
        let half = pair.client.channel.close(mode: .output)
        try half.wait()
        #expect(pair.client.transport.closes == [.output])
        try pair.carry()
        #expect(pair.server.text == "all I have")
        #expect(pair.server.recorder.outline.last == .inputClosed)
        // The transport's own end comes behind it, and is no news.
        pair.server.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.server.recorder.outline.filter { $0 == .inputClosed }.count == 1)
        #expect(throws: ChannelError.outputClosed) { try pair.client.write("more").wait() }
        #expect(throws: ChannelError.outputClosed) { try pair.client.channel.close(mode: .output).wait() }
        _ = pair.server.write("the answer")
        try pair.carry()
        #expect(pair.client.text == "the answer")
        let closed = pair.server.channel.close(mode: .output)
        try pair.carry()
        try closed.wait()
        #expect(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
        #expect(pair.client.recorder.outline.suffix(2) == [.shutdown, .inactive])
    }

    @Test("A half-closure before the end of the handshake comes behind what was written")
    func earlyHalfClosure() throws {
        let pair = try HandshakeTests.pair()
        pair.server.channel.allowRemoteHalfClosure = true
        _ = pair.client.write("early")
        let half = pair.client.channel.close(mode: .output)
        try pair.handshake()
        try half.wait()
        #expect(pair.server.text == "early")
        #expect(pair.server.recorder.outline.last == .inputClosed)
    }

    @Test("Input alone cannot be closed")
    func closeInput() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        #expect(throws: ChannelError.operationUnsupported) { try pair.client.channel.close(mode: .input).wait() }
    }

    @Test("A transport that ends without close_notify is an error", arguments: [true, false])
    func truncation(asEvent: Bool) throws {
        let pair = try HandshakeTests.pair()
        pair.client.channel.allowRemoteHalfClosure = asEvent
        try pair.handshake()
        let pending = pair.client.channel.write(ByteBuffer(string: "pending"))
        if asEvent {
            pair.client.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            pair.client.dropTransport()
        }
        #expect(pair.client.recorder.errors as? [TLSError] == [.truncated])
        #expect(pair.client.recorder.happenings.contains(.inactive))
        #expect(throws: TLSError.truncated) { try pending.wait() }
    }

    @Test("A transport that ends after the goodbyes is none")
    func orderlyEnd() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        _ = pair.client.channel.close()
        pair.client.dropTransport()
        #expect(pair.client.recorder.errors.isEmpty)
    }

    @Test("The handshake may end at any point, by either side, and everybody learns of it")
    func endsDuringHandshake() throws {
        enum End: CaseIterable {
            case closeClient, closeServer, dropClient, dropServer, removeClient, removeServer, halfClose
        }
        for end in End.allCases {
            for steps in 0..<4 {
                let pair = try HandshakeTests.pair()
                let pending = pair.client.write("pending")
                let info = pair.client.channel.tlsConnectionInfo()
                try pair.start()
                for _ in 0..<steps { _ = try pair.step() }
                var closed: EventLoopFuture<Void>?
                switch end {
                case .closeClient: closed = pair.client.channel.close()
                case .closeServer: closed = pair.server.channel.close()
                case .dropClient: pair.client.dropTransport()
                case .dropServer: pair.server.dropTransport()
                case .removeClient:
                    closed = pair.client.channel.pipeline.syncOperations.removeHandler(pair.clientHandler)
                case .removeServer:
                    closed = pair.server.channel.pipeline.syncOperations.removeHandler(pair.serverHandler)
                case .halfClose: closed = pair.client.channel.close(mode: .output)
                }
                try pair.carry()
                // What one transport's end means to the other side.
                pair.client.dropTransport()
                pair.server.dropTransport()
                pair.loop.run()
                var ended = 0
                for future in [pending, closed, info.map { _ in }] {
                    future?.assumeIsolated().whenComplete { _ in ended += 1 }
                }
                #expect(ended == (closed == nil ? 2 : 3), "\(end) after \(steps) steps")
                #expect(pair.client.recorder.happenings.last == .inactive, "\(end) after \(steps) steps")
                #expect(pair.server.recorder.happenings.last == .inactive, "\(end) after \(steps) steps")
            }
        }
    }

    @Test("Closing during the handshake tells the peer so")
    func giveUp() throws {
        let pair = try HandshakeTests.pair()
        try pair.start()
        try pair.server.channel.close().wait()
        try pair.carry()
        #expect(pair.client.recorder.errors as? [TLSError] == [.alertReceived(.closeNotify)])
        #expect(pair.client.recorder.happenings.last == .inactive)
    }

    @Test("A handler that is removed takes the connection with it, so that nothing goes on in the clear")
    func removal() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let pending = pair.client.channel.write(ByteBuffer(string: "secret"))
        pair.client.channel.pipeline.syncOperations.removeHandler(pair.clientHandler).whenFailure { Issue.record($0) }
        #expect(throws: SafeTLSHandlerError.handlerRemoved) { try pending.wait() }
        #expect(!pair.client.channel.isActive)
        try pair.carry()
        #expect(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
    }

    @Test("A peer that does not complete its handshake in time is let go")
    func handshakeTimeout() throws {
        var options = ServerHandlerOptions()
        options.handshakeTimeout = .seconds(10)
        let pair = try Pair(serverOptions: options)
        try pair.start()
        _ = try pair.client.sent()
        pair.loop.advanceTime(by: .milliseconds(9_999))
        #expect(pair.server.channel.isActive)
        pair.loop.advanceTime(by: .milliseconds(1))
        #expect(pair.server.recorder.errors as? [SafeTLSHandlerError] == [.handshakeTimedOut(after: .seconds(10))])
        #expect(!pair.server.channel.isActive)
        let calm = try Pair(serverOptions: options)
        try calm.handshake()
        calm.loop.advanceTime(by: .seconds(100))
        #expect(calm.server.channel.isActive)
    }

    @Test("An alert is written before the transport ends, and the error says what happened")
    func alert() throws {
        let stranger = try TestCredentials.credential("other").certificateChain
        let pair = try Pair(
            client: ClientConfiguration(
                trustAnchors: TrustAnchors(stranger),
                options: TestCredentials.client().options
            )
        )
        try pair.handshake()
        guard case .certificateRejected = pair.client.recorder.errors.first as? TLSError else {
            Issue.record("\(pair.client.recorder.errors)")
            return
        }
        #expect(pair.server.recorder.errors as? [TLSError] == [.alertReceived(.unknownCA)])
        #expect(!pair.client.channel.isActive && !pair.server.channel.isActive)
        #expect(pair.clientHandler.failure is TLSError)
    }

    @Test("A transport that takes nothing holds an alert up for a limited time")
    func stuckAlert() throws {
        let pair = try HandshakeTests.pair()
        try pair.start()
        pair.server.transport.isStuck = true
        pair.server.receive([Array("GET / HTTP/1.1\r\n\r\n".utf8)])
        #expect(pair.server.recorder.errors as? [TLSError] == [.peerMisbehaved(.notTLS(.http))])
        #expect(pair.server.channel.isActive)
        pair.loop.advanceTime(by: .seconds(5))
        #expect(!pair.server.channel.isActive)
    }

    @Test("Nothing that a peer sends behind a failure gathers while the alert waits")
    func floodBehindFailure() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        _ = pair.client.write("evil")
        var bad = try pair.client.sent()
        bad[bad.count - 1] ^= 1
        pair.server.transport.isStuck = true
        pair.server.receive([bad])
        #expect(pair.server.recorder.errors as? [TLSError] == [.peerMisbehaved(.badRecordMAC)])
        for _ in 0..<20 { pair.server.receive([[UInt8](repeating: 23, count: 65_536)]) }
        #expect(pair.server.channel.isActive)
        #expect(pair.serverHandler.driver.input.storageCapacity == 0)
    }

    @Test("A peer that ends its side while a close waits for its data still gets them")
    func endBehindClose() throws {
        let pair = try HandshakeTests.pair()
        pair.server.channel.allowRemoteHalfClosure = true
        try pair.handshake()
        pair.server.transport.holdsFlushes = true
        pair.server.channel.writeAndFlush(ByteBuffer(repeating: 1, count: 100_000), promise: nil)
        pair.server.channel.close(promise: nil)
        pair.server.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.server.channel.isActive)
        pair.server.channel._channelCore.flush0()
        pair.loop.run()
        #expect(!pair.server.channel.isActive)
    }

    @Test("Data before a bad record are handed on, and nothing after it")
    func badRecord() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        _ = pair.client.write("good")
        let good = try pair.client.sent()
        _ = pair.client.write("evil")
        var bad = try pair.client.sent()
        bad[bad.count - 1] ^= 1
        pair.server.receive([good + bad + good])
        #expect(pair.server.text == "good")
        #expect(pair.server.recorder.errors as? [TLSError] == [.peerMisbehaved(.badRecordMAC)])
        try pair.carry()
        #expect(pair.client.recorder.errors as? [TLSError] == [.alertReceived(.badRecordMAC)])
    }

    @Test("Promises may write, flush and close again, whatever completes them", arguments: [true, false])
    func reentrantPromises(fails: Bool) throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let channel = pair.client.channel
        var completed = 0
        for _ in 0..<3 {
            channel.write(ByteBuffer(repeating: 1, count: 70_000)).assumeIsolated().whenComplete { _ in
                completed += 1
                channel.writeAndFlush(ByteBuffer(string: "more"), promise: nil)
                channel.close(promise: nil)
            }
        }
        if fails { pair.client.dropTransport() } else { channel.flush() }
        try pair.carry()
        #expect(completed == 3)
        // The close in the first promise comes behind everything that was flushed before it.
        if !fails { #expect(pair.server.recorder.received.readableBytes == 3 * 70_000 + 4) }
        #expect(!channel.isActive)
    }

    @Test("Handlers and channels are let go, however a connection ends", arguments: 0..<6)
    func leaks(end: Int) throws {
        weak var channel: EmbeddedChannel?
        weak var client: SafeTLSClientHandler?
        weak var server: SafeTLSServerHandler?
        do {
            let pair = try HandshakeTests.pair()
            channel = pair.client.channel
            client = pair.clientHandler
            server = pair.serverHandler
            try pair.start()
            if end > 0 { _ = try pair.step() }
            if end > 1 { try pair.carry() }
            switch end {
            case 2: _ = pair.client.channel.close()
            case 3: _ = pair.server.channel.close(mode: .output)
            case 4: pair.server.receive([[23, 3, 3, 0, 20] + Array(repeating: 0, count: 20)])
            default: break
            }
            if end != 5 { try pair.carry() }
        }
        #expect(channel == nil)
        #expect(client == nil)
        #expect(server == nil)
    }
}
