// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// A client sends 0-RTT data with a PSK that this server does not take (RFC 9846 §4.3.10).
@Suite("TLS 1.3 rejected 0-RTT data")
struct EarlyDataTests {
    /// A record that no key of the handshake opens.
    static func data(_ count: Int) -> [UInt8] {
        WireBytes.record(.applicationData, [UInt8](repeating: 0xE0, count: count))
    }

    static func hello() -> Hello {
        var hello = Hello()
        hello.others = [(.earlyData, []), (.pskKeyExchangeModes, [1, 1]), Hello.presharedKey]
        return hello
    }

    @Test("is skipped, and the full handshake goes on", arguments: [1, 2, 50])
    func skipped(records: Int) throws {
        // This hello names no server.
        var pair = Pair.tls13()
        pair.serverName = "127.0.0.1"
        var client = try Self.hello().client(pair)
        var server = try pair.makeServer()
        let early = [[UInt8]](repeating: Self.data(1000), count: records).flatMap { $0 }
        try Loopback.feed(&server, Loopback.output(&client) + early)
        try Loopback.run(&client, &server)
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        #expect(clientSide != nil && clientSide == serverSide)
        #expect(try Loopback.feed(&server, Loopback.seal(&client, [1, 2])) == [1, 2])
    }

    @Test("is skipped up to a limit")
    func limit() throws {
        let pair = Pair.tls13()
        var client = try Self.hello().client(pair)
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        var error: TLSError?
        var skipped = 0
        for _ in 0..<100 where error == nil {
            error = Loopback.refusal(&server, Self.data(1000))
            if error == nil { skipped += 1000 }
        }
        #expect(error == .peerMisbehaved(.badRecordMAC))
        #expect(skipped > TLSLimits.skippedEarlyData - 2000 && skipped <= TLSLimits.skippedEarlyData)
    }

    @Test("empty records count as well")
    func emptyRecords() throws {
        let pair = Pair.tls13()
        var client = try Self.hello().client(pair)
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let many = [[UInt8]](repeating: Self.data(0), count: 20_000).flatMap { $0 }
        #expect(Loopback.refusal(&server, many) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("is skipped before the second ClientHello")
    func afterRetry() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        var hello = Self.hello()
        hello.groups = [.x25519, .secp256r1]
        var server = try pair.makeServer()
        try Loopback.feed(&server, hello.record() + Self.data(500) + Self.data(700))
        _ = Loopback.output(&server)
        hello.shares = [.secp256r1]
        hello.others.removeFirst()
        try Loopback.feed(&server, hello.record())
        // The second ClientHello ended it: nothing is skipped any more.
        #expect(Loopback.refusal(&server, Self.data(500)) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("is not skipped between the pieces of the second ClientHello")
    func withinMessage() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        var hello = Self.hello()
        hello.groups = [.x25519, .secp256r1]
        var server = try pair.makeServer()
        try Loopback.feed(&server, hello.record())
        _ = Loopback.output(&server)
        hello.shares = [.secp256r1]
        hello.others.removeFirst()
        let second = try hello.message()
        try Loopback.feed(&server, WireBytes.record(.handshake, Array(second.prefix(20))))
        let error = TLSError.peerMisbehaved(.unexpectedRecord("application data within a handshake message"))
        #expect(Loopback.refusal(&server, Self.data(500)) == error)
    }

    @Test("is not skipped when none was announced")
    func notAnnounced() throws {
        let pair = Pair.tls13()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Hello().record())
        #expect(Loopback.refusal(&server, Self.data(500)) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("is not skipped behind the first record that opens")
    func afterHandshakeRecord() throws {
        var pair = Pair.tls13()
        let log = SecretLog()
        pair.server.keyLog = log
        var server = try pair.makeServer()
        try Loopback.feed(&server, Self.hello().record() + Self.data(100))
        let forger = try Forger(log, .clientHandshake)
        try Loopback.feed(&server, forger.seal([20]))
        #expect(Loopback.refusal(&server, Self.data(500)) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("is not skipped by a client")
    func client() throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        try Loopback.feed(&client, WireBytes.records(Loopback.output(&server))[0])
        #expect(Loopback.refusal(&client, Self.data(100)) == .peerMisbehaved(.badRecordMAC))
    }

    @Test("is not skipped in TLS 1.2, nor behind a first ClientHello, by a server that takes retry cookies")
    func cookieServer() throws {
        var pair = Pair()
        pair.server.sendsRetryCookie = true
        var old = Hello(versions: nil)
        old.cipherSuites = [.ecdheECDSAWithAES128GCMSHA256]
        old.groups = [.secp256r1]
        old.others = [(.renegotiationInfo, [0])]
        for hello in [old, Hello()] {
            var server = try pair.makeServer()
            try Loopback.feed(&server, hello.record())
            #expect(Loopback.refusal(&server, Self.data(500)) != nil)
        }
    }

    @Test("is skipped by the session that a retry cookie leads to")
    func stateless() throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        pair.server.sendsRetryCookie = true
        let configuration = try pair.serverConfiguration()
        var hello = Self.hello()
        hello.groups = [.x25519, .secp256r1]
        var first = ServerSession(configuration: configuration)
        try Loopback.feed(&first, hello.record())
        let retryBody = Array(Loopback.output(&first).dropFirst(9))
        hello.cookie = try copyBytes(ServerHello(retryBody.span).cookie)
        hello.shares = [.secp256r1]
        hello.others.removeFirst()
        var second = ServerSession(configuration: configuration)
        try Loopback.feed(&second, Self.data(500) + WireBytes.changeCipherSpec + hello.record())
        #expect(!Loopback.output(&second).isEmpty)
        #expect(Loopback.refusal(&second, Self.data(500)) == .peerMisbehaved(.badRecordMAC))
    }
}
