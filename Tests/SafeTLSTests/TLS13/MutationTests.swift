// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// Messages with bytes changed, cut out and put in, under valid keys: a peer that authenticates and misbehaves.
@Suite("TLS 1.3 mutated messages")
struct MutationTests {
    /// Changes one to three places of a message; sometimes the length in its header follows.
    private func mutate(_ message: [UInt8], _ random: SeededRandom) -> [UInt8] {
        var bytes = message
        for _ in 0...random.below(3) {
            let position = random.below(max(bytes.count, 1))
            switch random.below(6) {
            case 0: bytes[position] ^= UInt8(1 << random.below(8))
            case 1: bytes[position] = UInt8(random.below(256))
            case 2: bytes[position] = random.below(2) == 0 ? 0 : 255
            case 3: bytes.removeSubrange(position..<min(position + 1 + random.below(8), bytes.count))
            case 4: bytes.insert(contentsOf: [UInt8](repeating: UInt8(random.below(256)), count: 3), at: position)
            default: bytes.append(UInt8(random.below(256)))
            }
            if bytes.count < 5 { return message + [0] }
        }
        if random.below(2) == 0 {
            let length = bytes.count - 4
            bytes.replaceSubrange(1..<4, with: [0, UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)])
        }
        return bytes
    }

    @Test("a mutated ClientHello never completes a handshake", arguments: 0..<8)
    func clientHello(block: Int) throws {
        var pair = Pair()
        pair.client.applicationProtocols = ["h2", "http/1.1"]
        pair.server.applicationProtocols = ["h2"]
        pair.server.sendsRetryCookie = block.isMultiple(of: 2)
        if block.isMultiple(of: 3) { pair.server.groups = [.secp256r1] }
        let random = SeededRandom(seed: UInt64(block))
        for _ in 0..<50 {
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            let hello = Array(Loopback.output(&client).dropFirst(5))
            let mutated = mutate(hello, random)
            guard mutated != hello, Loopback.refusal(&server, WireBytes.record(.handshake, mutated)) == nil else {
                continue
            }
            _ = try? Loopback.run(&client, &server)
            let (clientSide, serverSide) = (client.negotiated, server.negotiated)
            #expect(clientSide == nil && serverSide == nil)
        }
    }

    @Test("a mutated server flight never completes a handshake", arguments: 0..<8)
    func serverFlight(block: Int) throws {
        var pair = Pair.tls13()
        pair.client.applicationProtocols = ["h2"]
        pair.server.applicationProtocols = ["h2"]
        pair.credentials = [["p256", "ed25519", "rsa2048", "p521"][block / 2]]
        let random = SeededRandom(seed: 100 + UInt64(block))
        for _ in 0..<40 {
            let log = SecretLog()
            pair.server.keyLog = log
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            try Loopback.feed(&server, Loopback.output(&client))
            let records = WireBytes.records(Loopback.output(&server))
            let forger = try Forger(log, .serverHandshake)
            var messages = WireBytes.messages(try Forger(log, .serverHandshake).open(records[2]).content)
            let target = random.below(messages.count + 1)
            if target == messages.count {
                let hello = mutate(Array(records[0].dropFirst(5)), random)
                guard hello != Array(records[0].dropFirst(5)) else { continue }
                if Loopback.refusal(&client, WireBytes.record(.handshake, hello)) != nil { continue }
                _ = try? Loopback.feed(&client, records[2])
            } else {
                try Loopback.feed(&client, records[0])
                let mutated = mutate(messages[target], random)
                guard mutated != messages[target] else { continue }
                messages[target] = mutated
                _ = Loopback.refusal(&client, try forger.seal(messages.flatMap { $0 }))
            }
            let (negotiated, isClosed) = (client.negotiated, client.failure)
            #expect(negotiated == nil)
            // What did not fail waits for the rest of a message.
            if isClosed == nil { #expect(throws: TLSError.self) { try client.endOfInput() } }
            if isClosed == nil, case .closedDuringHandshake? = client.failure { continue }
            #expect(isClosed != nil)
        }
    }

    @Test("mutated messages behind the handshake are taken or refused", arguments: 0..<4)
    func postHandshake(block: Int) throws {
        let random = SeededRandom(seed: 200 + UInt64(block))
        let messages = [PostHandshakeTests.ticket(others: [(.earlyData, [0, 0, 1, 0])]), KeyUpdateTests.request]
        for _ in 0..<50 {
            var connection = try Connection()
            let record = try connection.serverForger().seal(mutate(messages[random.below(2)], random))
            if let error = Loopback.refusal(&connection.client, record) {
                #expect(error.alert != nil && error.alert != .internalError)
            }
        }
    }
}
