// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import Testing

@testable import SafeTLSNIO

@Suite("What programs do while they are told something")
struct ReentranceTests {
    @Test("What is written while close() fails writes is not sent without them")
    func writeWithinClose() throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let channel = pair.client.channel
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.write(ByteBuffer(string: "first")).assumeIsolated().whenFailure { _ in
            channel.writeAndFlush(ByteBuffer(string: "second"), promise: written)
        }
        _ = channel.close()
        try pair.carry()
        #expect(throws: ChannelError.outputClosed) { try written.futureResult.wait() }
        #expect(pair.server.text.isEmpty)
        #expect(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
    }

    @Test("A handler that is removed as soon as the channel is active takes the connection with it")
    func removalWhenActive() throws {
        let pair = try HandshakeTests.pair()
        let handler = pair.clientHandler
        pair.client.recorder.onActive = { context in
            context.pipeline.syncOperations.removeHandler(handler, promise: nil)
        }
        try pair.client.connect()
        #expect(!pair.client.channel.isActive)
    }

    @Test("Who removes the handler when the connection ends still hears that it is inactive", arguments: [true, false])
    func removalAtTheEnd(byPromise: Bool) throws {
        let pair = try HandshakeTests.pair()
        try pair.handshake()
        let (channel, handler) = (pair.client.channel, pair.clientHandler)
        let remove = { channel.pipeline.syncOperations.removeHandler(handler, promise: nil) }
        let pending = channel.write(ByteBuffer(string: "pending"))
        if byPromise { pending.assumeIsolated().whenFailure { _ in remove() } }
        if !byPromise { pair.client.recorder.onError = { remove() } }
        pair.client.dropTransport()
        #expect(pair.client.recorder.outline.suffix(2) == [.error("TLSError"), .inactive])
    }

    @Test("Behind the error of a transport that ends comes nothing but the channel's end")
    func inputClosedWithError() throws {
        let pair = try HandshakeTests.pair()
        pair.client.channel.allowRemoteHalfClosure = true
        try pair.handshake()
        pair.client.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        pair.loop.run()
        #expect(pair.client.recorder.outline.suffix(2) == [.error("TLSError"), .inactive])
    }

    @Test("The pipeline hears of the handshake before whoever waits for it closes")
    func closeWhenComplete() throws {
        let pair = try HandshakeTests.pair()
        let channel = pair.server.channel
        channel.tlsConnectionInfo().assumeIsolated().whenSuccess { _ in channel.close(promise: nil) }
        // Its Finished and its goodbye come in one read.
        pair.client.recorder.onHandshake = { $0.close(promise: nil) }
        try pair.handshake()
        #expect(pair.client.recorder.outline == [.active, .handshake("http/1.1"), .shutdown, .inactive])
        #expect(pair.server.recorder.outline == [.active, .handshake("http/1.1"), .shutdown, .inactive])
    }
}
