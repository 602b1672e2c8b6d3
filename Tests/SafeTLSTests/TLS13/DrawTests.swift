// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// A flight's random bytes are drawn at once, and each of them goes to one place.
@Suite("Random bytes of a flight")
struct DrawTests {
    /// Keeps what it gives.
    private final class Recorder: RandomSource {
        private let random = SeededRandom(seed: 77)
        private let draws = Mutex<[[UInt8]]>([])

        var all: [[UInt8]] { draws.withLock { $0 } }

        /// What was given before does not count: that is for a configuration.
        func forget() { draws.withLock { $0 = [] } }

        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            try random.fill(&bytes)
            let drawn = bytes.indices.map { bytes[$0] }
            draws.withLock { $0.append(drawn) }
        }
    }

    /// Gives bytes back in their order.
    private final class Replay: RandomSource {
        private let rest: Mutex<ArraySlice<UInt8>>

        init(_ bytes: ArraySlice<UInt8>) { rest = Mutex(bytes) }

        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            let count = bytes.count
            let drawn = rest.withLock { rest in
                defer { rest = rest.dropFirst(count) }
                return Array(rest.prefix(count))
            }
            guard drawn.count == count else { throw .randomUnavailable }
            for index in bytes.indices { bytes[index] = drawn[index] }
        }
    }

    @Test(
        "of TLS 1.3: randoms, a session ID and keys, in one draw for each side",
        arguments: [NamedGroup.x25519, .secp256r1, .x25519MLKEM768]
    )
    func tls13(group: NamedGroup) throws {
        var pair = Pair.tls13()
        let (client, server) = (Recorder(), Recorder())
        (pair.client.random, pair.server.random) = (client, server)
        (pair.client.groups, pair.server.groups) = ([group], [group])
        let exchange = try #require(group.keyExchangeGroup)
        var session = try pair.makeClient()
        var peer = try pair.makeServer()
        server.forget()

        let first = Loopback.output(&session)
        let body = Array(first.dropFirst(9))
        let hello = try ClientHello(body.span)
        let drawn = try #require(client.all.first)
        #expect(client.all.count == 1 && drawn.count == 64 + exchange.randomLength)
        #expect(copyBytes(hello.random) == Array(drawn[..<32]))
        #expect(copyBytes(hello.legacySessionID) == Array(drawn[32..<64]))
        let key = try KeyExchangePrivateKey(exchange, random: Replay(drawn[64...]))
        #expect(copyBytes(hello.keyShares?.publicKey(for: group)) == key.publicKey)

        try Loopback.feed(&peer, first)
        let flight = Loopback.output(&peer)
        let answer = Array(try #require(WireBytes.records(flight).first).dropFirst(9))
        let serverHello = try ServerHello(answer.span)
        let given = try #require(server.all.first)
        #expect(server.all.count == 1 && given.count == 32 + exchange.responseRandomLength)
        #expect(copyBytes(serverHello.random) == Array(given[..<32]))
        let response = try KeyExchangeResponse.respond(
            to: key.publicKey.span,
            group: exchange,
            random: Replay(given[32...])
        )
        let publicKey = response.publicKey
        #expect(copyBytes(serverHello.keyShare?.publicKey) == publicKey)
        try Loopback.feed(&session, flight)
        try Loopback.run(&session, &peer)
        let negotiated = peer.negotiated
        #expect(negotiated != nil && client.all.count == 1 && server.all.count == 1)
    }

    @Test("of TLS 1.2: the server's random and its key in one draw, the client's random, and its key in another")
    func tls12() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        let (client, server) = (Recorder(), Recorder())
        (pair.client.random, pair.server.random) = (client, server)
        // A certificate's curve has to be among them.
        (pair.client.groups, pair.server.groups) = ([.x25519, .secp256r1], [.x25519, .secp256r1])
        var session = try pair.makeClient()
        var peer = try pair.makeServer()
        server.forget()
        let first = Loopback.output(&session)
        let random = try #require(client.all.first)
        #expect(client.all.count == 1 && Array(first[11..<43]) == Array(random[..<32]))
        try Loopback.feed(&peer, first)
        let flight = Loopback.output(&peer)
        let drawn = try #require(server.all.first)
        #expect(server.all.count == 1 && drawn.count == 64 && Array(flight[11..<43]) == Array(drawn[..<32]))
        let key = try KeyExchangePrivateKey(.x25519, random: Replay(drawn[32...]))
        let share = key.publicKey
        #expect(position(of: share, in: flight) != nil)
        try Loopback.feed(&session, flight)
        try Loopback.run(&session, &peer)
        let negotiated = peer.negotiated
        #expect(negotiated != nil)
    }

    private func position(of part: [UInt8], in whole: [UInt8]) -> Int? {
        whole.indices.first { whole[$0...].starts(with: part) }
    }
}
