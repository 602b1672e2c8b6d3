// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Testing

@Suite("TLS 1.3 full handshakes")
struct FullHandshakeTests {
    @Test(
        "every suite with every group",
        arguments: CipherSuite.supported.filter {
            $0.ianaName.hasPrefix("TLS_AES") || $0.ianaName.hasPrefix("TLS_CHA")
        },
        NamedGroup.supported
    )
    func suitesAndGroups(suite: CipherSuite, group: NamedGroup) throws {
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.server.cipherSuites = [suite]
        pair.client.groups = [group]
        try connect(pair) { client, server in
            #expect(client.cipherSuite == suite)
            #expect(client.group == group)
            #expect(client == server)
        }
    }

    @Test("every kind of key", arguments: ["p256", "p384", "p521", "ed25519", "rsa2048", "rsapss2048"])
    func keys(name: String) throws {
        var pair = Pair()
        pair.restrict(to: .tls13)
        pair.credentials = [name]
        try connect(pair) { client, _ in #expect(client.signatureScheme != nil) }
    }

    @Test("every way to cut the bytes", arguments: [1, 2, 3, 5, 7, 100, 1000])
    func fragments(chunk: Int) throws {
        var pair = Pair()
        pair.restrict(to: .tls13)
        try connect(pair, chunk: chunk) { _, _ in }
    }

    /// Shakes hands, sends data both ways and closes both ways.
    private func connect(
        _ pair: Pair,
        chunk: Int = .max,
        _ check: (NegotiatedParameters, NegotiatedParameters) -> Void
    ) throws {
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server, chunk: chunk)
        // Sessions cannot be copied, so the macros get values taken out of them.
        let (clientSide, serverSide) = (client.negotiated, server.negotiated)
        check(try #require(clientSide), try #require(serverSide))

        let question = [UInt8](repeating: 0x41, count: 40_000)
        let received = try Loopback.feed(&server, Loopback.seal(&client, question), chunk: chunk)
        #expect(received == question)
        let answer = [UInt8](repeating: 0x42, count: 100)
        let returned = try Loopback.feed(&client, Loopback.seal(&server, answer), chunk: chunk)
        #expect(returned == answer)
        client.close()
        try Loopback.feed(&server, Loopback.output(&client), chunk: chunk)
        let isPeerClosed = server.isPeerClosed
        #expect(isPeerClosed)
        try server.endOfInput()
        server.close()
        try Loopback.feed(&client, Loopback.output(&server), chunk: chunk)
        try client.endOfInput()
    }
}
