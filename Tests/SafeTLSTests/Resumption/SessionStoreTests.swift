// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Sessions that a server keeps itself: TLS 1.2 session IDs and TLS 1.3 tickets that are names.
@Suite("Session stores")
struct SessionStoreTests {
    typealias Site = ResumptionTLS13Tests.Site

    static func site(_ version: ProtocolVersion, _ store: MemorySessionStore) throws -> Site {
        try Site { pair in
            pair.restrict(to: version)
            pair.server.sessionStore = store
            pair.server.ticketForm = .stateful
        }
    }

    @Test("A second connection resumes", arguments: [ProtocolVersion.tls12, .tls13])
    func resumes(version: ProtocolVersion) throws {
        let store = MemorySessionStore()
        let site = try Self.site(version, store)
        let first = try site.connect()
        #expect(!first.client.isResumed && store.count == (version == .tls12 ? 1 : 2))
        for _ in 0..<3 {
            let next = try site.connect()
            #expect(next.client.isResumed && next.client == next.server && next.path == first.path)
        }
    }

    @Test("Clients that take tickets get them in TLS 1.2, others a session ID")
    func either() throws {
        let store = MemorySessionStore()
        let site = try Site { pair in
            pair.restrict(to: .tls12)
            pair.server.sessionStore = store
        }
        _ = try site.connect()
        #expect(store.count == 0)
        site.pair.client.requestsTicketsTLS12 = false
        site.clientConfiguration = try ClientConfiguration(
            trustAnchors: TestCredentials.anchors,
            options: site.pair.client
        )
        _ = try site.connect()
        #expect(store.count == 1)
        #expect(try site.connect().client.isResumed)
    }

    @Test("What is stored is sealed, and of no use under other keys")
    func sealed() throws {
        let store = MemorySessionStore()
        let site = try Self.site(.tls12, store)
        _ = try site.connect()
        let session = try #require(ResumptionTLS12Tests.session(site))
        let stored = try #require(store.session(for: session.sessionID, now: TestCredentials.now))
        let key = session.secret.copy()
        let secret: [UInt8] = copyBytes(key.bytes)
        #expect(!stored.indices.contains { stored[$0...].starts(with: secret) })
        site.server = try site.pair.serverConfiguration()
        #expect(try !site.connect().client.isResumed)
    }

    @Test("A TLS 1.3 session serves once, though its ticket is offered by many at the same time")
    func once() async throws {
        let store = MemorySessionStore()
        let site = try Self.site(.tls13, store)
        _ = try site.connect()
        let offer = try OfferedPSK(site)
        let message = try offer.message()
        let configuration = site.server
        let resumed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<64 {
                group.addTask { (try? OfferedPSK.answer(configuration, message)) == .resumed(0) }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(resumed == 1)
    }

    @Test("A wrong binder leaves the session where it is")
    func wrongBinder() throws {
        let store = MemorySessionStore()
        let site = try Self.site(.tls13, store)
        _ = try site.connect()
        let offer = try OfferedPSK(site)
        let count = store.count
        var message = try offer.message()
        message[message.count - 1] ^= 1
        #expect(try OfferedPSK.answer(site.server, message) == .refused(.peerMisbehaved(.badBinder)))
        #expect(store.count == count)
        #expect(try offer.answer(site.server) == .resumed(0))
    }

    @Test("RFC 5246 §7.2.2: the session of a connection that fails is forgotten")
    func failure() throws {
        let store = MemorySessionStore()
        let site = try Self.site(.tls12, store)
        var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
        var server = ServerSession(configuration: site.server)
        try Loopback.run(&client, &server)
        #expect(store.count == 1)
        var record = try Loopback.seal(&client, [1, 2, 3])
        record[record.count - 1] ^= 1
        #expect(Loopback.refusal(&server, record) == .peerMisbehaved(.badRecordMAC))
        #expect(store.count == 0)
    }

    @Test("Sessions end with their time, and the oldest go when there are too many")
    func bounds() throws {
        let store = MemorySessionStore(capacity: 32)
        for number in 0..<200 {
            store.store([UInt8(number)], for: [UInt8(number)], until: 100, now: 0)
        }
        #expect(store.count == 32)
        #expect(store.session(for: [199], now: 99) == [199] && store.session(for: [0], now: 99) == nil)
        #expect(store.session(for: [199], now: 100) == nil)
        let first = store.remove([198])
        let second = store.remove([198])
        #expect(first && !second)
        store.store([UInt8](repeating: 0, count: 20_000), for: [1], until: 100, now: 0)
        #expect(store.session(for: [1], now: 1) == nil)
    }

    @Test("Stateful tickets without a store are a mistake")
    func mistakes() throws {
        var pair = Pair()
        pair.server.ticketCount = 1
        pair.server.ticketForm = .stateful
        #expect(throws: ConfigurationError(reason: "stateful tickets need a session store")) {
            try pair.serverConfiguration()
        }
        pair.server.ticketForm = .stateless
        pair.server.ticketCount = -1
        pair.server.sessionStore = MemorySessionStore()
        #expect(throws: ConfigurationError.self) { try pair.serverConfiguration() }
    }

    @Test(
        "RFC 9149: the client says how many tickets it wants",
        arguments: [(0, 0), (1, 3), (5, 2), (255, 255)] as [(UInt8, UInt8)]
    )
    func ticketRequest(new: UInt8, resumed: UInt8) throws {
        let store = MemorySessionStore()
        let site = try Site { pair in
            pair.client.ticketRequest = TicketRequest(newSessionCount: new, resumptionCount: resumed)
            pair.server.sessionStore = store
            pair.server.ticketForm = .stateful
        }
        _ = try site.connect()
        #expect(store.count == min(Int(new), TLSLimits.ticketsPerHandshake))
        guard new > 0 else { return }
        let before = store.count
        #expect(try site.connect().client.isResumed)
        #expect(store.count == before - 1 + min(Int(resumed), TLSLimits.ticketsPerHandshake))
    }
}
