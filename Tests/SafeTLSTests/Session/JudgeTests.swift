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

    @Test(
        "What a certificate is for is judged by nobody else, if so wanted",
        arguments: [ProtocolVersion.tls12, .tls13]
    )
    func lenient(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        // Its key usage keeps it from signing.
        pair.credentials = ["agreement"]
        let server = try pair.serverConfiguration()
        for isLenient in [true, false] {
            pair.client.readsCertificatesLeniently = isLenient
            let client = try ClientConfiguration(
                judge: { .accepted(path: $0.certificateChain) },
                options: pair.client
            )
            if isLenient {
                #expect(try Self.connect(client, server).version == version)
            } else {
                #expect(throws: TLSError.self) { try Self.connect(client, server) }
            }
        }
    }

    @Test("Certificates are not read leniently where a verifier judges them")
    func leniencyNeedsAJudge() throws {
        var options = ClientOptions()
        options.readsCertificatesLeniently = true
        #expect(throws: ConfigurationError.self) {
            try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: options)
        }
    }

    /// What ends a handshake of the usual client, who trusts these.
    private static func failure(_ anchors: TrustAnchors, _ change: (inout ClientOptions) -> Void) throws -> TLSError? {
        var pair = Pair()
        change(&pair.client)
        let client = try ClientConfiguration(trustAnchors: anchors, options: pair.client)
        var session = try ClientSession(configuration: client, serverName: .dns("server.example"))
        var server = ServerSession(configuration: try pair.serverConfiguration())
        do throws(TLSError) {
            try Loopback.run(&session, &server)
            return nil
        } catch {
            return error
        }
    }

    @Test("Limits, roots and policies of a client are its verifier's")
    func options() throws {
        let anchors = TestCredentials.anchors
        #expect(try Self.failure(anchors) { _ in } == nil)
        #expect(try Self.failure(anchors) { $0.limits.signatureCost = 0 } != nil)
        #expect(try Self.failure(anchors) { $0.policies.requiresPolicy = true } != nil)
        // The server's own certificate is trusted, and is no root.
        let own = TrustAnchors([try TestCredentials.named("p256").certificateChain[0]])
        #expect(try Self.failure(own) { _ in } == nil)
        #expect(try Self.failure(own) { $0.trustsOnlyRoots = true } != nil)
    }

    @Test("Without a judge an empty trust store is refused")
    func empty() {
        #expect(throws: ConfigurationError.self) { try ClientConfiguration(trustAnchors: TrustAnchors([])) }
    }
}
