// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// 0-RTT data between our own sides (RFC 9846 §2.3, §4.3.10, §8).
@Suite("0-RTT data")
struct AcceptedEarlyDataTests {
    struct Offered: ~Copyable {
        var client: ClientSession
        let sent: [UInt8]
    }

    struct Served: ~Copyable {
        var server: ServerSession
        let data: [UInt8]
    }

    /// A client with a session, and a server that takes 0-RTT data.
    struct Site {
        var site: ResumptionTLS13Tests.Site
        let clock: MovableClock

        init(_ adjust: (inout Pair) -> Void = { _ in }) throws {
            let clock = MovableClock()
            self.clock = clock
            let keys = try TicketKeys(random: SeededRandom(seed: 8))
            site = try ResumptionTLS13Tests.Site { pair in
                pair.server.ticketKeys = keys
                pair.server.clock = { clock.now }
                pair.client.clock = { clock.now }
                pair.client.offersEarlyData = true
                pair.server.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: 0))
                adjust(&pair)
            }
            _ = try site.connect()
        }

        /// Changes what the server wants.
        func change(_ change: (inout ServerOptions) -> Void) throws {
            change(&site.pair.server)
            site.server = try site.pair.serverConfiguration()
        }

        /// A client that has sent early data, and what it sent.
        func offer(_ data: [UInt8]) throws -> Offered {
            var client = try ClientSession(configuration: site.clientConfiguration, serverName: .dns("server.example"))
            var output = [UInt8](repeating: 0, count: client.pendingOutputCount + data.count + 100)
            var span = output.mutableSpan
            let sealed = try client.sealEarlyData(data.span, into: &span)
            return Offered(client: client, sent: Array(output.prefix(sealed.written)))
        }

        /// Gives what a client sent to a new server; returns its early data.
        func serve(_ sent: [UInt8]) throws(TLSError) -> Served {
            var server = ServerSession(configuration: site.server)
            var waiting = sent
            var early: [UInt8] = []
            while true {
                var span = waiting.mutableSpan
                let received = try server.receive(&span)
                #expect(received.plaintext.isEmpty || received.isEarlyData)
                early += waiting[received.plaintext]
                waiting.removeFirst(received.consumed)
                if received.consumed == 0 || waiting.isEmpty { return Served(server: server, data: early) }
            }
        }
    }

    @Test("are taken, answered before the handshake is complete, and followed by other data", arguments: [true, false])
    func accepted(isStateful: Bool) throws {
        let site = try Site { pair in
            pair.server.applicationProtocols = ["h2"]
            pair.client.applicationProtocols = ["h2"]
            guard isStateful else { return }
            pair.server.sessionStore = MemorySessionStore()
            pair.server.ticketForm = .stateful
            pair.server.earlyData = EarlyDataOptions(replayProtection: nil)
        }
        var offered = try site.offer([1, 2, 3])
        let (status, capacity) = (offered.client.earlyData, offered.client.earlyDataCapacity)
        #expect(status == .offered && capacity == 14_333)
        let early = try offered.client.exportEarlyKeyingMaterial(label: "EXPORTER-x", context: nil, count: 32)
        var served = try site.serve(offered.sent)
        let (data, isHandshaking) = (served.data, served.server.isHandshaking)
        #expect(data == [1, 2, 3] && isHandshaking)
        let (negotiated, expected) = (served.server.negotiated, served.server.earlyNegotiated)
        #expect(negotiated == nil && expected?.isResumed == true && expected?.applicationProtocol == "h2")
        let same = try served.server.exportEarlyKeyingMaterial(label: "EXPORTER-x", context: nil, count: 32)
        #expect(same == early)
        // Half-RTT data.
        let answer = try Loopback.seal(&served.server, [4, 5])
        #expect(try Loopback.feed(&offered.client, answer) == [4, 5])
        #expect(throws: TLSError.misuse(.noEarlyData)) {
            var output = [UInt8](repeating: 0, count: 100)
            var span = output.mutableSpan
            let more: [UInt8] = [9]
            _ = try offered.client.sealEarlyData(more.span, into: &span)
        }
        try Loopback.run(&offered.client, &served.server)
        let leftOver = served.server.earlyNegotiated
        #expect(leftOver == nil)
        let (ours, theirs) = (offered.client.earlyData, served.server.earlyData)
        #expect(ours == .accepted && theirs == .accepted)
        #expect(try Loopback.feed(&served.server, Loopback.seal(&offered.client, [6])) == [6])
        #expect(try Loopback.feed(&offered.client, Loopback.seal(&served.server, [7])) == [7])
        let (one, other) = (offered.client.negotiated, served.server.negotiated)
        #expect(one?.isResumed == true && one == other && other == expected)
    }

    /// A store whose `remove` tells several callers that the session was there, as caches on other machines may do.
    private final class CarelessStore: SessionStore {
        private let store = MemorySessionStore()

        func store(_ session: [UInt8], for identifier: [UInt8], until expiry: Int64, now: Int64) {
            store.store(session, for: identifier, until: expiry, now: now)
        }
        func session(for identifier: [UInt8], now: Int64) -> [UInt8]? { store.session(for: identifier, now: now) }
        func remove(_ identifier: [UInt8]) -> Bool { true }
    }

    @Test("with stored sessions are taken once even by a store that gives a session twice")
    func carelessStore() throws {
        let site = try Site { pair in
            pair.server.sessionStore = CarelessStore()
            pair.server.ticketForm = .stateful
        }
        let offered = try site.offer([1])
        let first = try site.serve(offered.sent)
        let second = try site.serve(offered.sent)
        let (taken, refused) = (first.server.earlyData, second.server.earlyData)
        #expect(taken == .accepted && refused == .rejected(.replay))
    }

    struct Rejection: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let reason: EarlyDataStatus.Reason
        let client: EarlyDataStatus.Reason
        let change: @Sendable (Site) throws -> Void

        init(
            _ reason: EarlyDataStatus.Reason,
            client: EarlyDataStatus.Reason = .declined,
            _ change: @escaping @Sendable (Site) throws -> Void
        ) {
            testDescription = "\(reason)"
            self.reason = reason
            self.client = client
            self.change = change
        }
    }

    static let rejections: [Rejection] = [
        Rejection(.disabled) { site in try site.change { $0.earlyData = nil } },
        Rejection(.notResumed, client: .notResumed) { site in try site.change { $0.resumptionContext = [1] } },
        Rejection(.helloRetryRequest, client: .helloRetryRequest) { site in
            try site.change { $0.groups = [.secp384r1] }
        },
        Rejection(.applicationProtocol) { site in try site.change { $0.applicationProtocols = ["http/1.1"] } },
        Rejection(.cipherSuite) { site in
            try site.change { $0.cipherSuites = [.chaCha20Poly1305SHA256, .aes256GCMSHA384] }
        },
        Rejection(.replay) { site in
            try site.change {
                $0.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: TestCredentials.now))
            }
        },
    ]

    @Test("that are not taken are skipped, and can be sent again", arguments: rejections)
    func rejected(_ rejection: Rejection) throws {
        let site = try Site { pair in
            pair.server.applicationProtocols = ["h2"]
            pair.client.applicationProtocols = ["h2", "http/1.1"]
        }
        try rejection.change(site)
        var offered = try site.offer([1, 2, 3])
        var served = try site.serve(offered.sent)
        let (data, status) = (served.data, served.server.earlyData)
        #expect(data.isEmpty && status == .rejected(rejection.reason))
        try Loopback.run(&offered.client, &served.server)
        let known = offered.client.earlyData
        #expect(known == .rejected(rejection.client))
        #expect(throws: TLSError.misuse(.noEarlyData)) {
            try served.server.exportEarlyKeyingMaterial(label: "EXPORTER-x", context: nil, count: 32)
        }
        #expect(try Loopback.feed(&served.server, Loopback.seal(&offered.client, [1, 2, 3])) == [1, 2, 3])
    }

    /// Nothing is new, and all that is asked about is kept.
    private final class Askers: ReplayProtection {
        let values = Mutex<[[UInt8]]>([])

        func isFirst(_ value: [UInt8], now: Int64, window: Int64) -> Bool {
            values.withLock { $0.append(value) }
            return false
        }
    }

    @Test("are not remembered by a binder that nobody has verified", arguments: [true, false])
    func otherIdentityFirst(isFirst: Bool) throws {
        let askers = Askers()
        let site = try Site { pair in
            pair.server.earlyData = EarlyDataOptions(replayProtection: askers)
        }
        var offered = try OfferedPSK(site.site)
        if !isFirst { offered.identities.insert([1, 2, 3], at: 0) }
        offered.hello.others.append((.earlyData, []))
        var server = ServerSession(configuration: site.site.server)
        try Loopback.feed(&server, WireBytes.record(.handshake, offered.message()))
        let status = server.earlyData
        #expect(status == .rejected(isFirst ? .replay : .notResumed))
        #expect(askers.values.withLock { $0.count } == (isFirst ? 1 : 0))
    }

    @Test("replayed 1,000 times in parallel are taken once")
    func replay() async throws {
        let site = try Site()
        let sent = try site.offer([1, 2, 3]).sent
        let configuration = site.site.server
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<1_000 {
                group.addTask {
                    var server = ServerSession(configuration: configuration)
                    guard let data = try? Loopback.feed(&server, sent) else { return false }
                    return data == [1, 2, 3] && server.earlyData == .accepted
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(accepted == 1)
    }

    @Test("are bounded on both sides")
    func limits() throws {
        let site = try Site { $0.server.earlyData?.maximumSize = 8 }
        let offered = try site.offer([UInt8](repeating: 7, count: 20))
        let capacity = offered.client.earlyDataCapacity
        #expect(capacity == 0)
        let count = try site.serve(offered.sent).data.count
        #expect(count == 8)
        // A server that has less to give than it once said.
        try site.change { $0.earlyData?.maximumSize = 4 }
        let sent = try site.offer([UInt8](repeating: 7, count: 8)).sent
        #expect(throws: TLSError.peerMisbehaved(.tooMany("bytes of 0-RTT data"))) { _ = try site.serve(sent).data }
    }

    @Test("need protection against replays, a size and a window")
    func mistakes() throws {
        func configure(_ change: (inout EarlyDataOptions) -> Void) throws {
            var pair = Pair()
            pair.server.ticketCount = 1
            var options = EarlyDataOptions(replayProtection: StrikeRegister())
            change(&options)
            pair.server.earlyData = options
            _ = try pair.serverConfiguration()
        }
        try configure { _ in }
        #expect(throws: ConfigurationError.self) { try configure { $0.replayProtection = nil } }
        #expect(throws: ConfigurationError.self) { try configure { $0.maximumSize = 0 } }
        #expect(throws: ConfigurationError.self) { try configure { $0.window = 0 } }
    }

    @Test("A client offers them only where it is told to and the ticket allows it")
    func offers() throws {
        let unwilling = try Site { $0.client.offersEarlyData = false }
        #expect(throws: TLSError.misuse(.noEarlyData)) { _ = try unwilling.offer([1]).sent }
        let unable = try Site { $0.server.earlyData = nil }
        #expect(throws: TLSError.misuse(.noEarlyData)) { _ = try unable.offer([1]).sent }
    }
}

/// The memory of ClientHellos (RFC 9846 §8.2).
@Suite("Strike register")
struct StrikeRegisterTests {
    @Test("A value is the first once, for as long as it may come again")
    func once() {
        let register = StrikeRegister(start: 0)
        for second in Int64(1_000)..<1_021 {
            #expect(register.isFirst([1], now: second, window: 10) == (second == 1_000))
        }
        #expect(register.isFirst([2], now: 1_000, window: 10) == true)
    }

    @Test("A new register takes nothing for the time of a window")
    func restart() {
        let register = StrikeRegister(start: 1_000)
        #expect(!register.isFirst([1], now: 1_000, window: 10))
        #expect(!register.isFirst([1], now: 1_020, window: 10))
        #expect(register.isFirst([1], now: 1_021, window: 10))
    }

    @Test("A full register takes nothing until it may forget, nor does one whose clock was set back")
    func full() {
        let register = StrikeRegister(capacity: 64, start: 0)
        let taken = (0..<1_000).filter { register.isFirst([UInt8($0 >> 8), UInt8($0 & 255)], now: 1_000, window: 10) }
        #expect(taken.count == 32)
        #expect(register.isFirst([9, 9, 0], now: 1_021, window: 10))
        #expect(!register.isFirst([9, 9, 9, 0], now: 900, window: 10))
    }
}
