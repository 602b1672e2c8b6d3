// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS
import TLSCertificates
import Testing

@testable import SafeTLSNIO

@Suite("Handshakes without sockets")
struct HandshakeTests {
    static let versions = [ProtocolVersion.tls12, .tls13]

    static func pair(_ version: ProtocolVersion = .tls13) throws -> Pair {
        try Pair(
            client: TestCredentials.client {
                $0.versions = version...version
                $0.groups = [.x25519, .secp256r1]
                $0.applicationProtocols = ["h2", "http/1.1"]
            },
            server: TestCredentials.server {
                $0.versions = version...version
                $0.applicationProtocols = ["http/1.1"]
            }
        )
    }

    @Test("Both sides hear of the handshake and of the application protocol, then data pass", arguments: versions)
    func handshake(version: ProtocolVersion) throws {
        let pair = try Self.pair(version)
        try pair.handshake()
        #expect(pair.client.recorder.happenings == [.active, .handshake("http/1.1")])
        #expect(pair.server.recorder.happenings == [.active, .handshake("http/1.1")])
        #expect(pair.clientHandler.negotiated?.version == version)
        #expect(pair.serverHandler.negotiated?.serverName == "server.example")
        #expect(pair.clientHandler.verifiedPath.count == 2)
        let wrote = pair.client.write("question")
        try pair.carry()
        try wrote.wait()
        pair.server.write("answer").whenFailure { Issue.record($0) }
        try pair.carry()
        #expect(pair.server.text == "question")
        #expect(pair.client.text == "answer")
        #expect(pair.client.recorder.happenings.suffix(2) == [.data(6), .readComplete])
        let keys = try pair.clientHandler.exportKeyingMaterial(label: "EXPERIMENTAL nio", context: nil, count: 32)
        #expect(try keys == pair.serverHandler.exportKeyingMaterial(label: "EXPERIMENTAL nio", context: nil, count: 32))
    }

    @Test("The tickets of TLS 1.3 go out with the server's first data, and not alone")
    func tickets() throws {
        let client = try TestCredentials.client { $0.versions = .tls13 ... .tls13 }
        let server = try TestCredentials.server()
        let pair = try Pair(client: client, server: server)
        try pair.start()
        _ = try pair.step()
        let (writes, flushes) = (pair.server.transport.writes, pair.server.transport.flushes)
        try pair.carry()
        #expect(pair.server.recorder.happenings == [.active, .handshake(nil)])
        #expect(pair.server.transport.writes == writes)
        #expect(pair.server.transport.flushes == flushes)
        // What comes is no reason to send them.
        _ = pair.client.write("question")
        try pair.carry()
        #expect(pair.server.text == "question")
        #expect(pair.server.transport.writes == writes)
        _ = pair.server.write("data")
        try pair.carry()
        #expect(pair.server.transport.writes == writes + 1)
        #expect(pair.server.transport.flushes == flushes + 1)
        #expect(pair.client.text == "data")
        let next = try Pair(client: client, server: server)
        try next.handshake()
        #expect(next.clientHandler.negotiated?.isResumed == true)
    }

    @Test("Tickets that wait go before the server's goodbye", arguments: [false, true])
    func ticketsBeforeGoodbye(writesNothing: Bool) throws {
        let client = try TestCredentials.client { $0.versions = .tls13 ... .tls13 }
        let server = try TestCredentials.server()
        let pair = try Pair(client: client, server: server)
        try pair.handshake()
        let writes = pair.server.transport.writes
        if writesNothing {
            // A write of nothing makes no record.
            let wrote = pair.server.channel.writeAndFlush(ByteBuffer())
            #expect(pair.server.transport.writes > writes)
            try wrote.wait()
        }
        pair.server.channel.close(promise: nil)
        try pair.carry()
        #expect(!pair.server.channel.isActive && !pair.client.channel.isActive)
        #expect(pair.client.recorder.errors.isEmpty)
        let next = try Pair(client: client, server: server)
        try next.handshake()
        #expect(next.clientHandler.negotiated?.isResumed == true)
    }

    @Test("A flush with nothing to flush sends the tickets")
    func ticketsAtFlush() throws {
        let client = try TestCredentials.client { $0.versions = .tls13 ... .tls13 }
        let pair = try Pair(client: client, server: TestCredentials.server())
        try pair.handshake()
        let flushes = pair.server.transport.flushes
        pair.server.channel.flush()
        #expect(pair.server.transport.flushes == flushes + 1)
        pair.server.channel.flush()
        #expect(pair.server.transport.flushes == flushes + 1)
    }

    @Test("A handshake and data arrive in pieces of any size", arguments: versions, [1, 2, 3, 5, 17, 100, 1_460])
    func pieces(version: ProtocolVersion, size: Int) throws {
        let pair = try Self.pair(version)
        pair.client.write("written before the handshake").whenFailure { Issue.record($0) }
        try pair.start()
        try pair.carry { bytes in
            stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        }
        #expect(pair.server.text == "written before the handshake")
        #expect(pair.client.recorder.outline == [.active, .handshake("http/1.1")])
        #expect(pair.server.recorder.outline == [.active, .handshake("http/1.1")])
    }

    @Test("Each flight may be cut at any place", arguments: versions)
    func splits(version: ProtocolVersion) throws {
        var place = 0
        var isLonger = true
        while isLonger {
            place += 1
            isLonger = false
            let pair = try Self.pair(version)
            pair.client.write("data").whenFailure { Issue.record($0) }
            try pair.start()
            try pair.carry { bytes in
                guard place < bytes.count else { return [bytes] }
                isLonger = true
                return [Array(bytes[..<place]), Array(bytes[place...])]
            }
            #expect(pair.server.text == "data", "cut at \(place)")
            #expect(pair.client.recorder.outline == [.active, .handshake("http/1.1")], "cut at \(place)")
            // Every place in headers and short messages, then some.
            if place > 300 { place += 36 }
        }
        #expect(place > 700)
    }

    @Test("Data right behind the handshake come after its event, in one read", arguments: versions)
    func coalesced(version: ProtocolVersion) throws {
        let pair = try Self.pair(version)
        pair.server.recorder.onHandshake = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "first word")), promise: nil)
        }
        pair.client.recorder.onHandshake = { context in
            context.writeAndFlush(NIOAny(ByteBuffer(string: "me too")), promise: nil)
        }
        try pair.handshake()
        #expect(pair.client.text == "first word")
        #expect(pair.server.text == "me too")
        #expect(pair.server.recorder.happenings.prefix(3) == [.active, .handshake("http/1.1"), .data(6)])
    }

    @Test("What is written before the handshake is sent behind it, and promises are kept in their order")
    func earlyWrites() throws {
        let pair = try Self.pair()
        var order: [Int] = []
        for number in 0..<3 {
            pair.client.channel.write(ByteBuffer(string: "\(number)")).assumeIsolated().whenComplete { _ in
                order.append(number)
            }
        }
        pair.client.channel.flush()
        let unflushed = pair.client.channel.write(ByteBuffer(string: "not yet"))
        try pair.handshake()
        #expect(order == [0, 1, 2])
        #expect(pair.server.text == "012")
        pair.client.channel.flush()
        try pair.carry()
        try unflushed.wait()
        #expect(pair.server.text == "012not yet")
    }

    @Test("One read cycle has one flush, one flush has one write")
    func coalescedFlushes() throws {
        let pair = try Self.pair()
        try pair.start()
        let hello = try pair.client.sent()
        let before = pair.server.transport.flushes
        pair.server.receive([Array(hello[..<100]), Array(hello[100...])])
        #expect(pair.server.transport.flushes == before + 1)
        pair.client.receive([try pair.server.sent()])
        try pair.carry()
        let writes = pair.client.transport.writes
        for _ in 0..<10 { pair.client.channel.write(ByteBuffer(string: "x"), promise: nil) }
        pair.client.channel.flush()
        #expect(pair.client.transport.writes == writes + 1)
        try pair.carry()
        #expect(pair.server.text == "xxxxxxxxxx")
    }

    @Test("A channel that is active already starts at once")
    func activeChannel() throws {
        let pair = try Self.pair()
        try pair.server.connect()
        let channel = EmbeddedChannel(loop: pair.loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 443)).wait()
        let handler = try SafeTLSClientHandler(configuration: TestCredentials.client(), serverName: "server.example")
        try channel.pipeline.syncOperations.addHandler(handler)
        #expect(try channel.readOutbound(as: ByteBuffer.self) != nil)
        channel._channelCore.close0(error: ChannelError.eof, mode: .all, promise: nil)
    }

    @Test("A name that is none is misuse")
    func invalidName() throws {
        let configuration = try TestCredentials.client()
        #expect(throws: TLSError.self) {
            _ = try SafeTLSClientHandler(configuration: configuration, serverName: "no name")
        }
    }

    @Test("Whoever waits for the handshake learns how it ends")
    func handshakeResult() throws {
        let pair = try Self.pair()
        let early = pair.client.channel.tlsConnectionInfo()
        try pair.handshake()
        pair.loop.run()
        #expect(try early.wait().negotiated.applicationProtocol == "http/1.1")
        let late = pair.server.channel.tlsConnectionInfo()
        pair.loop.run()
        #expect(try late.wait().peerCertificates.isEmpty)
        #expect(try pair.client.channel.pipeline.syncOperations.tlsConnectionInfo()?.verifiedPath.count == 2)

        let failing = try Self.pair()
        let never = failing.client.channel.tlsConnectionInfo()
        try failing.start()
        failing.client.dropTransport()
        failing.loop.run()
        #expect(throws: TLSError.self) { try never.wait() }
        let bare = EmbeddedChannel(loop: pair.loop)
        #expect(throws: SafeTLSHandlerError.noHandler) { try bare.pipeline.syncOperations.tlsConnectionInfo() }
        _ = try? bare.finish()
    }
}
