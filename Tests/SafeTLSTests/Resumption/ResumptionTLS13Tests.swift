// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Sessions of TLS 1.3 that go on where an earlier one left off (RFC 9846 §2.2, §4.3.11, §4.7.1).
@Suite("TLS 1.3 resumption")
struct ResumptionTLS13Tests {
    /// Makes connections between one client configuration and changing servers, at a time that can be moved.
    final class Site {
        var pair = Pair()
        var clientConfiguration: ClientConfiguration
        var server: ServerConfiguration

        init(_ adjust: (inout Pair) -> Void = { _ in }) throws {
            pair.restrict(to: .tls13)
            pair.server.ticketCount = 2
            pair.client.sessionCacheCapacity = 8
            adjust(&pair)
            server = try pair.serverConfiguration()
            clientConfiguration = try ClientConfiguration(
                trustAnchors: TestCredentials.anchors,
                options: pair.client
            )
        }

        /// A connection with data both ways; gives what both sides agreed on.
        func connect(_ name: String = "server.example") throws -> (
            client: NegotiatedParameters, server: NegotiatedParameters, path: Int
        ) {
            var client = try ClientSession(configuration: clientConfiguration, serverName: .dns(name))
            var server = ServerSession(configuration: server)
            try Loopback.run(&client, &server)
            let data = [UInt8]("ping".utf8)
            let received = try Loopback.feed(&server, Loopback.seal(&client, data))
            let returned = try Loopback.feed(&client, Loopback.seal(&server, data))
            #expect(received == data && returned == data)
            let (ours, theirs, path) = (client.negotiated, server.negotiated, client.verifiedPath.count)
            return (try #require(ours), try #require(theirs), path)
        }
    }

    @Test("A second connection resumes", arguments: CipherSuite.supported.filter(\.isTLS13), NamedGroup.supported)
    func resumes(suite: CipherSuite, group: NamedGroup) throws {
        let site = try Site { pair in
            pair.server.cipherSuites = [suite]
            pair.client.groups = [group]
            pair.client.applicationProtocols = ["h2"]
            pair.server.applicationProtocols = ["h2"]
        }
        let first = try site.connect()
        #expect(!first.client.isResumed && !first.server.isResumed)
        for _ in 0..<3 {
            let next = try site.connect()
            #expect(next.client.isResumed && next.server.isResumed)
            #expect(next.client == next.server)
            #expect(next.client.applicationProtocol == "h2")
            #expect(next.path == first.path)
        }
    }

    @Test("After a HelloRetryRequest")
    func resumesAfterRetry() throws {
        let site = try Site { pair in
            pair.client.groups = [.x25519, .secp256r1]
            pair.server.groups = [.secp256r1]
        }
        _ = try site.connect()
        let next = try site.connect()
        #expect(next.client.isResumed && next.client.usedHelloRetryRequest)
        #expect(next.client == next.server)
    }

    @Test("Not for another name, another server's tickets, other versions or another context")
    func policy() throws {
        let keys = try TicketKeys(random: SeededRandom(seed: 5))
        let site = try Site { $0.server.ticketKeys = keys }
        _ = try site.connect("server.example")
        #expect(try !site.connect("a.wild.example").client.isResumed)

        let changes: [(inout ServerOptions) -> Void] = [
            { $0.ticketKeys = nil },
            { $0.versions = .tls12 ... .tls13 },
            { $0.resumptionContext = [1] },
            { $0.ticketCount = 0 },
        ]
        for change in changes {
            _ = try site.connect()
            let before = site.server
            #expect(try site.connect().client.isResumed)
            var options = site.pair.server
            change(&options)
            site.server = try ServerConfiguration(credentials: before.credentials, options: options)
            #expect(try !site.connect().client.isResumed)
            site.server = before
        }
    }
}
