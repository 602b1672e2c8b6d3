// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// What a connection keeps of its handshake.
@Suite("Memory of idle connections")
struct IdleMemoryTests {
    @Test("Nothing is kept of the flights", arguments: [ProtocolVersion.tls12, .tls13])
    func flights(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        pair.client.credentials = [try TestCredentials.named("p384")]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let kept = (client.engine.channel.flight.bytes.capacity, server.engine.channel.flight.bytes.capacity)
        #expect(kept == (0, 0))
    }
}
