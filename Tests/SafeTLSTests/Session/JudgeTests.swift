// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates
import Testing

/// Clients whose rules for certificates are their own.
@Suite("Judges of server certificates")
struct JudgeTests {
    private static let name = ServerName.dns("another.example")

    private static func connect(
        _ client: ClientConfiguration,
        _ server: ServerConfiguration
    ) throws -> NegotiatedParameters {
        var client = try ClientSession(configuration: client, serverName: name)
        var server = ServerSession(configuration: server)
        try Loopback.run(&client, &server)
        // TLS 1.3 sends its tickets after the handshake.
        _ = try Loopback.feed(&client, Loopback.seal(&server, [1]))
        let negotiated = client.negotiated
        return try #require(negotiated)
    }

    @Test(
        "A known certificate is accepted for any name, and its sessions are resumed",
        arguments: [
            ProtocolVersion.tls12, .tls13,
        ]
    )
    func known(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.ticketCount = 1
        pair.client.sessionCacheCapacity = 8
        let known = try TestCredentials.named("p256").certificateChain[0]
        let client = try ClientConfiguration(
            judge: { request in
                request.serverName == Self.name && request.certificateChain.first == known
                    ? .accepted(path: [known])
                    : .rejected(CertificateRejection(certificate: "", depth: 0, reason: .selfSigned))
            },
            options: pair.client
        )
        let server = try pair.serverConfiguration()
        #expect(try !Self.connect(client, server).isResumed)
        #expect(try Self.connect(client, server).isResumed)

        pair.credentials = ["ed25519"]
        let other = try pair.serverConfiguration()
        #expect(throws: TLSError.self) { try Self.connect(client, other) }
    }

    @Test("Without a judge an empty trust store is refused")
    func empty() {
        #expect(throws: ConfigurationError.self) { try ClientConfiguration(trustAnchors: TrustAnchors([])) }
    }
}
