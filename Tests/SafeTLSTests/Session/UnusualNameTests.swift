// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// Names in `server_name` that are no DNS names, as hosts have them all the same (RFC 6066 §3).
@Suite("Unusual server names")
struct UnusualNameTests {
    private static let names = [
        "foo-.wild.example", "-foo.example", String(repeating: "a", count: 64) + ".example", "127.0.0.1", "::1",
        "*.example", "a..example", "bücher.example", "a.example:443", "1.2.3", "line\nbreak",
        String(repeating: "x", count: 255),
    ]

    private static func hello(named name: [UInt8], _ version: ProtocolVersion) throws -> [UInt8] {
        var hello = Hello()
        hello.versions = [version]
        hello.groups = [.x25519, .secp256r1]
        if version == .tls12 { hello.cipherSuites = [.ecdheECDSAWithAES128GCMSHA256] }
        hello.others = [(.serverName, Hello.vector16([0] + Hello.vector16(name)))]
        return try hello.record()
    }

    @Test("are told as they were sent, and do not end the handshake", arguments: [ProtocolVersion.tls12, .tls13])
    func told(version: ProtocolVersion) throws {
        for name in Self.names.map({ Array($0.utf8) }) + [[0xFF, 0x80, 0x01]] {
            var server = ServerSession(configuration: try Pair().serverConfiguration(), deferring: .clientHello)
            try Loopback.feed(&server, Self.hello(named: name, version))
            guard case .clientHello(let info) = server.request else {
                Issue.record("no ClientHello waits")
                return
            }
            #expect(info.serverName == nil && info.serverNameBytes == name)
            try server.answer(configuration: Pair().serverConfiguration())
            #expect(WireBytes.records(Loopback.output(&server)).first?[5] == HandshakeType.serverHello.rawValue)
        }
    }

    @Test("A DNS name is told in both forms")
    func usual() throws {
        var server = ServerSession(configuration: try Pair().serverConfiguration(), deferring: .clientHello)
        try Loopback.feed(&server, Self.hello(named: Array("WWW.Example.".utf8), .tls13))
        guard case .clientHello(let info) = server.request else {
            Issue.record("no ClientHello waits")
            return
        }
        #expect(info.serverName == "www.example" && info.serverNameBytes == Array("WWW.Example.".utf8))
    }

    @Test("with a NUL byte or more than 255 bytes are refused")
    func refused() throws {
        for name in [Array("a.example\0.evil".utf8), [0], [UInt8](repeating: 0x61, count: 256)] {
            var server = try Pair().makeServer()
            let error = Loopback.failure(&server, try Self.hello(named: name, .tls13))
            #expect(error?.alert == .illegalParameter)
        }
    }

    @Test("A session resumes under its own name only", arguments: [ProtocolVersion.tls12, .tls13])
    func resumption(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.ticketCount = 1
        pair.client.sessionCacheCapacity = 8
        let server = try pair.serverConfiguration()
        let client = try ClientConfiguration(
            judge: { .accepted(path: Array($0.certificateChain.prefix(1))) },
            options: pair.client
        )
        func resumes(as name: ServerName) throws -> Bool {
            var client = try ClientSession(configuration: client, serverName: name)
            var server = ServerSession(configuration: server)
            try Loopback.run(&client, &server)
            _ = try Loopback.feed(&client, Loopback.seal(&server, [1]))
            let negotiated = server.negotiated
            return try #require(negotiated).isResumed
        }
        let own = ServerName.dns("foo-.example")
        #expect(try !resumes(as: own))
        #expect(try resumes(as: own))
        // The same ticket under another unusual name, under a usual one, and without any.
        for other in [ServerName.dns("bar-.example"), .dns("foo.example"), .ipv4(0x7F00_0001)] {
            let session = client.sessionCache.take(own, versions: version...version, at: TestCredentials.now)
            client.sessionCache.insert(try #require(session), for: other)
            #expect(try !resumes(as: other), "\(other)")
            #expect(try !resumes(as: own))
        }
    }
}
