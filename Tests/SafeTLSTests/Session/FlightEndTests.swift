// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// A peer that goes on where it must wait for the other side (RFC 9846 §5.1).
@Suite("Ends of flights")
struct FlightEndTests {
    static let error = TLSError.peerMisbehaved(.dataAcrossKeyChange)

    @Test("more behind a ClientHello that gets a HelloRetryRequest", arguments: [1, 4, 60])
    func behindClientHello(count: Int) throws {
        var pair = Pair.tls13()
        pair.server.groups = [.secp256r1]
        var hello = Hello()
        hello.groups = [.x25519, .secp256r1]
        let message = try hello.message()
        var server = try pair.makeServer()
        let record = WireBytes.record(.handshake, message + message.prefix(count))
        #expect(Loopback.refusal(&server, record) == Self.error)
    }

    @Test("more behind a ClientHello of TLS 1.2", arguments: [1, 4, 60])
    func behindOldClientHello(count: Int) throws {
        var hello = Hello(versions: nil)
        hello.cipherSuites = [.ecdheECDSAWithAES128GCMSHA256]
        hello.groups = [.secp256r1]
        hello.others = [(.renegotiationInfo, [0])]
        let message = try hello.message()
        var server = try Pair().makeServer()
        let record = WireBytes.record(.handshake, message + message.prefix(count))
        #expect(Loopback.refusal(&server, record) == Self.error)
    }

    @Test("more behind a HelloRetryRequest")
    func behindRetryRequest() throws {
        var pair = Pair.tls13()
        pair.client.groups = [.x25519, .secp256r1]
        pair.server.groups = [.secp256r1]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let retry = WireBytes.records(Loopback.output(&server))[0].dropFirst(5)
        #expect(Loopback.refusal(&client, WireBytes.record(.handshake, retry + [2])) == Self.error)
    }

    @Test("more behind ServerHelloDone")
    func behindServerHelloDone() throws {
        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.feed(&server, Loopback.output(&client))
        let messages = WireBytes.records(Loopback.output(&server)).flatMap { $0.dropFirst(5) }
        #expect(Loopback.failure(&client, WireBytes.record(.handshake, messages + [4])) == Self.error)
    }
}
