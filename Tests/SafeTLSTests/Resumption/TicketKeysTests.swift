// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("Ticket keys")
struct TicketKeysTests {
    private static let now: Int64 = 1_800_000_000
    private static let state = [UInt8]("the state of a session".utf8)

    private static func keys(_ byte: UInt8 = 1, epochLength: Int64 = 3600) throws -> TicketKeys {
        let secret = [UInt8](repeating: byte, count: 32)
        return try TicketKeys(sharedSecret: secret.span, epochLength: epochLength)
    }

    private static func ticket(_ keys: TicketKeys, at time: Int64 = now) throws -> [UInt8] {
        try keys.seal(state.span, at: time, random: SeededRandom(seed: 3))
    }

    private static func opened(_ keys: TicketKeys, _ ticket: [UInt8], at time: Int64 = now) -> [UInt8]? {
        guard let secret = keys.open(ticket.span, at: time) else { return nil }
        let bytes: [UInt8] = copyBytes(secret.bytes)
        return bytes
    }

    @Test("Whoever has the secret reads the ticket, nobody else")
    func sharing() throws {
        let ticket = try Self.ticket(Self.keys())
        #expect(Self.opened(try Self.keys(), ticket) == Self.state)
        #expect(Self.opened(try Self.keys(2), ticket) == nil)
        #expect(Self.opened(try TicketKeys(random: SeededRandom(seed: 8)), ticket) == nil)
    }

    @Test("No two tickets for one state are alike")
    func unlinkable() throws {
        let (keys, random) = (try Self.keys(), SeededRandom(seed: 4))
        let first = try keys.seal(Self.state.span, at: Self.now, random: random)
        let second = try keys.seal(Self.state.span, at: Self.now, random: random)
        #expect(first.dropFirst(5) != second.dropFirst(5))
    }

    @Test("A ticket lives in its epoch and the next")
    func epochs() throws {
        let keys = try Self.keys()
        // Two hours after a whole number of epochs.
        let start = Self.now / 3600 * 3600
        let ticket = try Self.ticket(keys, at: start)
        #expect(Self.opened(keys, ticket, at: start + 7199) == Self.state)
        #expect(Self.opened(keys, ticket, at: start + 7200) == nil)
        // The clock of the machine that reads it may be behind.
        #expect(Self.opened(keys, ticket, at: start - 1) == Self.state)
        #expect(Self.opened(keys, ticket, at: start - 3601) == nil)
        #expect(Self.opened(keys, ticket, at: .min) == nil)
        #expect(Self.opened(keys, ticket, at: .max) == nil)
    }

    @Test("A change anywhere spoils it, and so does every cut")
    func changes() throws {
        let keys = try Self.keys()
        let ticket = try Self.ticket(keys)
        for index in ticket.indices {
            var changed = ticket
            changed[index] ^= 1
            #expect(Self.opened(keys, changed) == nil, "byte \(index)")
        }
        for length in 0..<ticket.count {
            #expect(Self.opened(keys, Array(ticket.prefix(length))) == nil, "\(length) bytes")
        }
        #expect(Self.opened(keys, ticket + [0]) == nil)
    }

    @Test("Secrets and epochs out of range are refused")
    func ranges() throws {
        for count in [0, 31, 4097] {
            let secret = [UInt8](repeating: 1, count: count)
            #expect(throws: ConfigurationError.self) { try TicketKeys(sharedSecret: secret.span) }
        }
        for length: Int64 in [.min, 0, 59, 604_801, .max] {
            #expect(throws: ConfigurationError.self) { try Self.keys(epochLength: length) }
        }
        #expect(throws: ConfigurationError.self) { try TicketKeys(file: "/nonexistent/ticket.key") }
    }

    @Test("A session state survives its bytes, and no shortened bytes are one")
    func states() throws {
        let secret = [UInt8](repeating: 7, count: 48)
        let state = SessionState(
            version: .tls13,
            cipherSuite: .aes256GCMSHA384,
            secret: Secret(copying: secret.span),
            authenticatedAt: -5,
            createdAt: .max,
            lifetime: 7,
            ageAdd: .max,
            policy: [1, 2],
            serverName: Array("server.example".utf8),
            applicationProtocol: "h2",
            usesExtendedMasterSecret: true,
            client: .none
        )
        let bytes = state.serialised()
        let read = try SessionState.read(bytes)
        #expect(read.version == .tls13 && read.cipherSuite == .aes256GCMSHA384)
        #expect(read.authenticatedAt == -5 && read.createdAt == .max && read.lifetime == 7 && read.ageAdd == .max)
        #expect(
            read.policy == [1, 2] && read.serverName == Array("server.example".utf8) && read.applicationProtocol == "h2"
        )
        #expect(copyBytes(read.secret.bytes) == secret)
        let all: [UInt8] = copyBytes(bytes.bytes)
        for length in 0..<all.count {
            let cut = Secret(copying: all.span.extracting(0..<length))
            #expect(throws: DecodeError.self) { _ = try SessionState.read(cut) }
        }
    }
}
