// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TLSCrypto
import Testing

@testable import SafeTLS

/// What is kept from ticket to ticket, and what must not be.
@Suite("Ciphers of tickets")
struct TicketCipherTests {
    private static let now: Int64 = 1_800_000_000
    private static let secret = [UInt8](repeating: 1, count: 32)

    private static func keys() throws -> TicketKeys { try TicketKeys(sharedSecret: secret.span, epochLength: 3600) }

    private static func opened(_ keys: TicketKeys, _ ticket: [UInt8], at time: Int64 = now) -> [UInt8]? {
        guard let secret = keys.open(ticket.span, at: time) else { return nil }
        let bytes: [UInt8] = copyBytes(secret.bytes)
        return bytes
    }

    /// A ticket as it is described, by a cipher of its own.
    private static func expected(_ state: [UInt8], salt: [UInt8], at time: Int64) throws -> [UInt8] {
        let label = Array("safetls ticket".utf8)
        let epoch = UInt32(time / 3600)
        let header = [1] + (0..<4).map { UInt8(truncatingIfNeeded: epoch >> UInt32(24 - 8 * $0)) } + salt
        var hash = try KeyedHash(.sha256)
        let master = try hash.extract(salt: label.span, inputKeyMaterial: secret.span)
        let info = label + header
        let key = try hash.expand(master.bytes, info: info.span, count: 32)
        var sealer = try AEADSealer(.aes256GCM, key: key.bytes)
        var ticket = header + [UInt8](repeating: 0, count: state.count + 16)
        var output = ticket.mutableSpan
        _ = try sealer.seal(
            state.span,
            trailer: nil,
            nonce: .init(repeating: 0),
            additionalData: header.span,
            into: &output,
            at: header.count
        )
        return ticket
    }

    @Test("each ticket has the key of its salt and epoch, whatever was sealed or opened before")
    func keysOfTheirOwn() throws {
        let keys = try Self.keys()
        let random = SeededRandom(seed: 5)
        for number in 0..<20 {
            // Into the next epoch, and back.
            let time = Self.now + (number % 3 == 2 ? 3600 : 0)
            let state = [UInt8](repeating: UInt8(number), count: 1 + 37 * number)
            var salt = [UInt8](repeating: 0, count: 16)
            var span = salt.mutableSpan
            try random.fill(&span)
            let ticket = try keys.seal(state.span, at: time, salt: salt.span)
            #expect(try ticket == Self.expected(state, salt: salt, at: time))
            #expect(Self.opened(keys, ticket, at: time) == state)
            // Whoever has never opened one reads it as well.
            #expect(Self.opened(try Self.keys(), ticket, at: time) == state)
        }
    }

    @Test("tickets that are not ours do no harm to the next")
    func forgeries() throws {
        let keys = try Self.keys()
        let state = [UInt8]("the state of a session".utf8)
        let ticket = try keys.seal(state.span, at: Self.now, random: SeededRandom(seed: 6))
        for index in [6, 30, ticket.count - 1] {
            var forged = ticket
            forged[index] ^= 1
            #expect(Self.opened(keys, forged) == nil)
            #expect(Self.opened(keys, ticket) == state)
            let next = try keys.seal(state.span, at: Self.now, random: SystemRandomSource())
            #expect(Self.opened(keys, next) == state)
        }
    }

    /// Copies of the keys that differ in nothing are what processes have that were forked.
    @Test("copies of the keys do not make two tickets with one key")
    func copies() throws {
        let state = [UInt8]("the state of a session".utf8)
        var salts: Set<ArraySlice<UInt8>> = []
        for _ in 0..<4 {
            let keys = try Self.keys()
            for _ in 0..<50 {
                salts.insert(try keys.seal(state.span, at: Self.now, random: SystemRandomSource())[5..<21])
            }
        }
        #expect(salts.count == 200)
    }

    @Test("a salt of another length is refused")
    func salts() throws {
        let keys = try Self.keys()
        for count in [0, 15, 17] {
            let salt = [UInt8](repeating: 1, count: count)
            #expect(throws: CryptoError.self) { try keys.seal(salt.span, at: Self.now, salt: salt.span) }
        }
    }

    @Test("threads share one TicketKeys, more of them than there are ciphers kept")
    func threads() async throws {
        let keys = try Self.keys()
        let good = await withTaskGroup(of: Int.self) { group in
            for number in 0..<2 * TLSLimits.keptTicketCiphers {
                group.addTask {
                    var good = 0
                    for round in 0..<200 {
                        let state = [UInt8](repeating: UInt8(truncatingIfNeeded: number &+ round), count: 100 + number)
                        let ticket = try? keys.seal(state.span, at: Self.now, random: SystemRandomSource())
                        if let ticket, Self.opened(keys, ticket) == state { good += 1 }
                    }
                    return good
                }
            }
            return await group.reduce(0, +)
        }
        #expect(good == 2 * TLSLimits.keptTicketCiphers * 200)
    }

    /// Counts how often bytes are drawn.
    private final class CountedRandom: RandomSource {
        private let random = SeededRandom(seed: 9)
        let calls = Mutex(0)

        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            calls.withLock { $0 += 1 }
            try random.fill(&bytes)
        }
    }

    @Test("a server draws once for its flight and once for its tickets", arguments: [ProtocolVersion.tls12, .tls13])
    func draws(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        let random = CountedRandom()
        let clientRandom = CountedRandom()
        pair.server.random = random
        pair.server.ticketCount = 2
        pair.client.sessionCacheCapacity = 8
        pair.client.random = clientRandom
        let (client, server) = (try pair.clientConfiguration(), try pair.serverConfiguration())
        random.calls.withLock { $0 = 0 }
        clientRandom.calls.withLock { $0 = 0 }
        var session = try ClientSession(configuration: client, serverName: .dns("server.example"))
        var peer = ServerSession(configuration: server)
        try Loopback.run(&session, &peer)
        #expect(peer.negotiated?.version == version)
        #expect(random.calls.withLock { $0 } == 2)
        // The key of TLS 1.2 is made when the server's is there.
        #expect(clientRandom.calls.withLock { $0 } == (version == .tls13 ? 1 : 2))
    }
}
