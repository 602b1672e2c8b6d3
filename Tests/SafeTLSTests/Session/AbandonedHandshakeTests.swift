// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Closing in the middle of a handshake, and what outlives a connection")
struct AbandonedHandshakeTests {
    private static let versions: [ProtocolVersion] = [.tls13, .tls12]

    private func pair(_ version: ProtocolVersion) -> Pair {
        var pair = Pair()
        pair.restrict(to: version)
        return pair
    }

    @Test("a server that gives the handshake up says nothing more", arguments: versions)
    func server(version: ProtocolVersion) throws {
        let pair = pair(version)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        server.close()
        let farewell = server.pendingOutputCount
        try Loopback.feed(&server, Loopback.output(&client))
        let (count, isHandshaking) = (server.pendingOutputCount, server.isHandshaking)
        #expect(count == farewell)
        #expect(!isHandshaking)
        try server.endOfInput()
        #expect(Loopback.failure(&client, Loopback.output(&server)) == .alertReceived(.closeNotify))
    }

    @Test("a client that gives the handshake up says nothing more", arguments: versions)
    func client(version: ProtocolVersion) throws {
        let pair = pair(version)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        client.close()
        let farewell = Loopback.output(&client)
        try Loopback.feed(&client, Loopback.output(&server))
        let (count, negotiated, failure) = (client.pendingOutputCount, client.negotiated, client.failure)
        #expect(count == 0)
        #expect(negotiated == nil)
        #expect(failure == nil)
        #expect(Loopback.failure(&server, farewell) == .alertReceived(.closeNotify))
    }

    @Test("no request stands after close()")
    func requests() throws {
        let pair = Pair()
        var client = try pair.makeClient()
        var server = try pair.makeServer(deferring: .clientHello)
        try Loopback.feed(&server, Loopback.output(&client))
        let isAsking = server.request != nil
        #expect(isAsking)
        server.close()
        let isStillAsking = server.request != nil
        #expect(!isStillAsking)
        let configuration = try pair.serverConfiguration()
        #expect(throws: TLSError.misuse(.noSuchRequest)) { try server.answer(configuration: configuration) }
    }

    @Test("no alert follows a close_notify", arguments: versions)
    func alerts(version: ProtocolVersion) throws {
        let pair = pair(version)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        server.close()
        let farewell = server.pendingOutputCount
        let forged = WireBytes.record(.applicationData, [UInt8](repeating: 0, count: 32))
        #expect(Loopback.failure(&server, forged) == .peerMisbehaved(.badRecordMAC))
        server.reject(.internalError, reason: "late")
        let count = server.pendingOutputCount
        #expect(count == farewell)
    }

    @Test("what was negotiated stays known when the connection fails", arguments: versions)
    func facts(version: ProtocolVersion) throws {
        let pair = pair(version)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let before = client.negotiated
        #expect(throws: TLSError.truncated) { try client.endOfInput() }
        let (after, certificates, path) = (client.negotiated, client.peerCertificates, client.verifiedPath)
        #expect(before != nil)
        #expect(after == before)
        #expect(!certificates.isEmpty)
        #expect(!path.isEmpty)
    }
}
