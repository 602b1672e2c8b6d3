// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Nothing that has to be fresh is used in two connections, though a peer may do so (RFC 9846 §4.2.2, §4.2.3, §4.3.8).
@Suite("Fresh randoms, session IDs and key shares")
struct FreshnessTests {
    /// What has to be fresh in a connection.
    private struct Fresh {
        var clientRandom: [UInt8] = []
        var sessionID: [UInt8] = []
        var clientShare: [UInt8] = []
        var serverRandom: [UInt8] = []
        var serverShare: [UInt8] = []

        var all: [[UInt8]] { [clientRandom, sessionID, clientShare, serverRandom, serverShare] }
    }

    /// A complete handshake, which has one ServerHello.
    private static func connect(_ client: ClientConfiguration, _ server: ServerConfiguration) throws -> Fresh {
        var session = try ClientSession(configuration: client, serverName: .dns("server.example"))
        var peer = ServerSession(configuration: server)
        var fresh = Fresh()
        let first = Loopback.output(&session)
        let clientBody = Array(first.dropFirst(9))
        let clientHello = try ClientHello(clientBody.span)
        fresh.clientRandom = copyBytes(clientHello.random)
        fresh.sessionID = copyBytes(clientHello.legacySessionID)
        let group = try #require(client.options.groups.first)
        fresh.clientShare = copyBytes(clientHello.keyShares?.publicKey(for: group)) ?? []
        try Loopback.feed(&peer, first)
        let flight = Loopback.output(&peer)
        let serverBody = Array(try #require(WireBytes.records(flight).first).dropFirst(9))
        let serverHello = try ServerHello(serverBody.span)
        fresh.serverRandom = copyBytes(serverHello.random)
        fresh.serverShare = copyBytes(serverHello.keyShare?.publicKey) ?? []
        try Loopback.feed(&session, flight)
        try Loopback.run(&session, &peer)
        let negotiated = peer.negotiated
        #expect(negotiated != nil)
        return fresh
    }

    @Test("two connections of the same configurations share none", arguments: NamedGroup.supported)
    func fresh(group: NamedGroup) throws {
        var pair = Pair.tls13()
        pair.client.groups = [group]
        pair.client.random = SystemRandomSource()
        pair.server.random = SystemRandomSource()
        let (client, server) = (try pair.clientConfiguration(), try pair.serverConfiguration())
        let connections = try (0..<3).map { _ in try Self.connect(client, server) }
        for index in 0..<5 {
            let values = connections.map { $0.all[index] }
            #expect(Set(values).count == values.count)
            #expect(values.allSatisfy { $0.count >= 32 })
        }
        // Nor does a session ID, or the server's random, repeat what the client's random has.
        for connection in connections {
            #expect(Set([connection.clientRandom, connection.sessionID, connection.serverRandom]).count == 3)
        }
    }

    @Test("a peer that uses its share again is served, whichever side it is", arguments: NamedGroup.supported)
    func reuse(group: NamedGroup) throws {
        var pair = Pair.tls13()
        pair.client.groups = [group]
        // Every configuration of the same seed says the same in its first connection.
        let client = try pair.clientConfiguration()
        var connections: [Fresh] = []
        for _ in 0..<2 {
            pair.server.random = SeededRandom(seed: 7)
            connections.append(try Self.connect(client, pair.serverConfiguration()))
        }
        // An ML-KEM ciphertext is made for one client's key.
        if !group.isPostQuantum { #expect(connections[0].serverShare == connections[1].serverShare) }
        #expect(connections[0].clientShare != connections[1].clientShare)

        let server = try pair.serverConfiguration()
        connections = []
        for _ in 0..<2 {
            pair.client.random = SeededRandom(seed: 8)
            connections.append(try Self.connect(pair.clientConfiguration(), server))
        }
        #expect(connections[0].clientShare == connections[1].clientShare)
        #expect(connections[0].serverShare != connections[1].serverShare)
    }
}
