// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import Testing

@testable import SafeTLSNIO

@Suite("0-RTT data")
struct EarlyDataTests {
    let client: ClientConfiguration
    let server: ServerConfiguration

    init() throws {
        client = try TestCredentials.client {
            $0.offersEarlyData = true
            $0.versions = .tls13 ... .tls13
        }
        server = try TestCredentials.server {
            $0.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: TestCredentials.now - 10_000))
            $0.versions = .tls13 ... .tls13
        }
        // The client gets tickets.
        let pair = try Pair(client: client, server: server)
        try pair.handshake()
        _ = pair.client.channel.close()
        try pair.carry()
    }

    private func pair(_ delivery: EarlyDataDelivery, server other: ServerConfiguration? = nil) throws -> Pair {
        var clientOptions = ClientHandlerOptions()
        clientOptions.earlyData = ByteBuffer(string: "early ")
        var serverOptions = ServerHandlerOptions()
        serverOptions.earlyData = delivery
        return try Pair(
            client: client,
            server: other ?? server,
            clientOptions: clientOptions,
            serverOptions: serverOptions
        )
    }

    @Test("They are handed on when the handshake is complete")
    func afterHandshake() throws {
        let pair = try pair(.afterHandshake)
        _ = pair.client.write("late")
        try pair.start()
        _ = try pair.step()
        #expect(pair.server.text.isEmpty)
        try pair.carry()
        #expect(pair.clientHandler.earlyData == .accepted)
        #expect(pair.server.text == "early late")
        #expect(pair.server.recorder.outline == [.active, .handshake(nil)])
    }

    @Test("Those that wait hold no ciphertext")
    func waitingData() throws {
        let pair = try pair(.afterHandshake)
        try pair.start()
        _ = try pair.step()
        let waiting = pair.serverHandler.driver.earlyInput
        #expect(waiting.map { String(buffer: $0) } == ["early "])
        #expect(waiting.allSatisfy { $0.storageCapacity <= 64 })
    }

    @Test("They are handed on at once where the program wants that, and may be answered")
    func immediately() throws {
        let pair = try pair(.immediately)
        pair.server.recorder.answer = { context, _ in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "half ")), promise: nil)
        }
        try pair.start()
        _ = try pair.step()
        #expect(pair.server.text == "early ")
        #expect(pair.server.recorder.outline == [.active, .early])
        #expect(pair.client.text == "half ")
        try pair.carry()
        #expect(pair.server.recorder.outline == [.active, .early, .handshake(nil)])
    }

    @Test("A server that answers them and closes sends all of its answer, and waits for the client's Finished")
    func closeBehindAnswer() throws {
        let pair = try pair(.immediately)
        pair.server.channel.isWritable = false
        var closed: EventLoopFuture<Void>?
        pair.server.recorder.answer = { context, _ in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "all of it")), promise: nil)
            closed = context.close()
        }
        try pair.start()
        _ = try pair.step()
        // A transport that is closed here resets the connection when the client sends its Finished.
        try #require(pair.server.channel.isActive)
        try pair.carry()
        try closed?.wait()
        #expect(pair.client.text == "all of it")
        #expect(pair.client.recorder.outline == [.active, .handshake(nil), .shutdown, .inactive])
        #expect(pair.server.recorder.outline == [.active, .early, .handshake(nil), .shutdown, .inactive])
    }

    @Test("A client that leaves such a server without its Finished is waited for as long as close() says")
    func closeWithoutFinished() throws {
        let pair = try pair(.immediately)
        pair.server.recorder.answer = { context, _ in context.close(promise: nil) }
        try pair.start()
        _ = try pair.step()
        pair.loop.advanceTime(by: .milliseconds(4_999))
        #expect(pair.server.channel.isActive)
        pair.loop.advanceTime(by: .milliseconds(1))
        #expect(!pair.server.channel.isActive)
        #expect(pair.server.recorder.errors.isEmpty)
    }

    @Test("A server that does not take them gets them behind the handshake", arguments: [true, false])
    func rejected(hasTicket: Bool) throws {
        let other = try hasTicket ? TestCredentials.server { $0.ticketKeys = self.server.options.ticketKeys } : nil
        if !hasTicket {
            let fresh = try Pair(
                client: TestCredentials.client(),
                server: server,
                clientOptions: {
                    var options = ClientHandlerOptions()
                    options.earlyData = ByteBuffer(string: "early ")
                    return options
                }()
            )
            _ = fresh.client.write("late")
            try fresh.handshake()
            #expect(fresh.clientHandler.earlyData == .notOffered)
            #expect(fresh.server.text == "early late")
            return
        }
        let pair = try pair(.immediately, server: other)
        _ = pair.client.write("late")
        try pair.handshake()
        guard case .rejected = pair.clientHandler.earlyData else {
            Issue.record("\(pair.clientHandler.earlyData)")
            return
        }
        #expect(pair.server.text == "early late")
        #expect(!pair.server.recorder.happenings.contains(.early))
    }
}
