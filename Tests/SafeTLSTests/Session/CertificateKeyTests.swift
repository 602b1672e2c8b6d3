// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// What the handshake asks of a certificate's key, whoever judges the chain.
@Suite("Certificate keys")
struct CertificateKeyTests {
    @Test("a key that must not sign", arguments: [ProtocolVersion.tls12, .tls13])
    func keyUsage(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.credentials = ["agreement"]
        var client = try pair.makeClient(deferring: .verification)
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let error = Loopback.failure(&client, Loopback.output(&server))
        guard case .certificateRejected(let rejection) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(rejection.reason == .keyUsage(required: "digitalSignature"))
    }

    @Test("a curve that was not offered, in TLS 1.2 (RFC 8422 §5.3)")
    func curve() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.groups = [.x25519]
        var client = try pair.makeClient()
        var server = Puppet(isClient: false)
        _ = try server.receive(Loopback.output(&client))
        try server.sendServerHello()
        try server.sendCertificate("p256")
        let error = Loopback.failure(&client, try server.output())
        let expected = "a certificate on the curve secp256r1, which was not offered"
        #expect(error == .peerMisbehaved(.illegalParameter(expected)))
    }
}
