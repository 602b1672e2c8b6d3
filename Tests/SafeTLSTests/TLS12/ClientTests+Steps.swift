// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// The steps that the tests of a client are made of.
extension TLS12ClientTests {
    func exportFailure(_ session: borrowing ClientSession) -> TLSError? {
        do throws(TLSError) {
            _ = try session.exportKeyingMaterial(label: "EXPORTER-test", context: nil, count: 32)
            return nil
        } catch {
            return error
        }
    }

    func makeClient(
        versions: ClosedRange<ProtocolVersion> = .tls12 ... .tls12,
        suites: [CipherSuite] = CipherSuite.supported
    ) throws -> ClientSession {
        var pair = Pair()
        pair.client.versions = versions
        pair.client.cipherSuites = suites
        return try pair.makeClient()
    }

    /// Writes the flight up to the ServerKeyExchange.
    func startFlight(
        _ server: inout Puppet,
        _ client: inout ClientSession,
        _ hello: PuppetServerHello = PuppetServerHello(),
        group: NamedGroup = .x25519,
        publicKey: [UInt8]? = nil,
        changing change: (inout [UInt8]) -> Void = { _ in }
    ) throws {
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello(hello)
        try server.sendCertificate("p256")
        try server.sendServerKeyExchange(
            "p256",
            .ecdsaSECP256R1SHA256,
            group: group,
            publicKey: publicKey,
            changing: change
        )
    }

    func sendFlight(
        _ server: inout Puppet,
        _ client: inout ClientSession,
        _ hello: PuppetServerHello = PuppetServerHello()
    ) throws {
        try startFlight(&server, &client, hello)
        try server.send(.serverHelloDone)
    }

    /// The client's flight, with keys derived from what is in the clear.
    func answer(
        _ server: inout Puppet,
        _ client: inout ClientSession,
        extended: Bool = true
    ) throws -> [UInt8] {
        var bytes = try Loopback.exchange(&client, server.output())
        let length = Int(bytes[3]) << 8 + Int(bytes[4])
        let events = try server.receive(Array(bytes[..<(5 + length)]))
        for case .message(.clientKeyExchange, let message) in events {
            try server.agree(with: Array(message[5...]), extended: extended)
        }
        bytes.removeFirst(5 + length)
        return bytes
    }

    /// Completes the handshake.
    ///
    /// - Returns: The messages of the client's flight before change_cipher_spec.
    func finish(
        _ server: inout Puppet,
        _ client: inout ClientSession,
        extended: Bool = true
    ) throws -> [HandshakeType] {
        let before = server.transcript.count
        let rest = try answer(&server, &client, extended: extended)
        var types: [HandshakeType] = []
        var offset = before
        while offset + 4 <= server.transcript.count {
            types.append(HandshakeType(rawValue: server.transcript[offset]))
            offset += 4 + Int(server.transcript[offset + 2]) << 8 + Int(server.transcript[offset + 3])
        }
        let events = try server.receive(rest)
        #expect(events.count == 2 && events.first == .changeCipherSpec)
        try server.sendChangeCipherSpec()
        try server.sendFinished()
        try Loopback.feed(&client, server.output())
        let negotiated = client.negotiated
        #expect(negotiated?.version == .tls12)
        return types
    }

    func expectRefusal(
        _ hello: PuppetServerHello,
        _ expected: TLSError?,
        _ alert: AlertDescription
    ) throws {
        var server = Puppet(isClient: false)
        try expectRefusal(&server, hello, expected, alert)
    }

    /// The client fails at a ServerHello.
    func expectRefusal(
        _ server: inout Puppet,
        _ hello: PuppetServerHello,
        _ expected: TLSError?,
        _ alert: AlertDescription,
        versions: ClosedRange<ProtocolVersion> = .tls12 ... .tls12,
        suites: [CipherSuite] = CipherSuite.supported
    ) throws {
        var client = try makeClient(versions: versions, suites: suites)
        let random = server.randoms.server
        _ = try server.receive(Loopback.output(&client))
        server.randoms.server = random
        try server.sendServerHello(hello)
        try expectFailure(&server, &client, expected, alert)
    }

    /// The client fails at what the server has sent, with this error if one is given.
    func expectFailure(
        _ server: inout Puppet,
        _ client: inout ClientSession,
        _ expected: TLSError?,
        _ alert: AlertDescription
    ) throws {
        let before = client.negotiated
        let error = Loopback.failure(&client, try server.output())
        if let expected { #expect(error == expected) }
        #expect(error?.alert == alert)
        let pending = client.pendingOutputCount
        #expect(pending > 0)
        let after = client.negotiated
        #expect(after == before)
    }
}
