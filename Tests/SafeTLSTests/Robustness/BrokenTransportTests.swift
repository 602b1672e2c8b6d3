// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// What a network, or somebody on it, can do to the bytes: cut, end, change.
@Suite("A transport that cuts, ends and changes bytes")
struct BrokenTransportTests {
    static let versions: [ProtocolVersion] = [.tls13, .tls12]

    private func pair(_ version: ProtocolVersion, seed: UInt64 = 1) -> Pair {
        var pair = Pair(seed: seed)
        pair.restrict(to: version)
        return pair
    }

    @Test("Records of few bytes, read few at a time", arguments: versions, [(1, 1), (1, 1000), (3, 2), (50, 7)])
    func tinyRecords(version: ProtocolVersion, sizes: (fragment: Int, chunk: Int)) throws {
        let pair = pair(version)
        var server = ServerSession(
            configuration: try pair.serverConfiguration(),
            deferring: [],
            channel: Channel(fragmentLength: sizes.fragment)
        )
        var client = try ClientSession(
            configuration: ClientConfiguration(trustAnchors: TestCredentials.anchors, options: pair.client),
            serverName: .dns(pair.serverName),
            deferring: [],
            fragmentLength: sizes.fragment
        )
        try Loopback.run(&client, &server, chunk: sizes.chunk)
        let (ours, theirs) = (client.negotiated, server.negotiated)
        #expect(ours?.version == version)
        #expect(ours == theirs)
        let question = [UInt8]("What time is it?".utf8)
        let received = try Loopback.feed(&server, Loopback.seal(&client, question), chunk: sizes.chunk)
        #expect(received == question)
        let answered = try Loopback.feed(&client, Loopback.seal(&server, question), chunk: sizes.chunk)
        #expect(answered == question)
    }

    /// The flights of an undisturbed handshake, the client's at even positions.
    private func flights(_ pair: Pair) throws -> [[UInt8]] {
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        var flights: [[UInt8]] = []
        for _ in 0..<4 {
            let fromClient = Loopback.output(&client)
            flights.append(fromClient)
            if !fromClient.isEmpty { try Loopback.feed(&server, fromClient) }
            let fromServer = Loopback.output(&server)
            flights.append(fromServer)
            if !fromServer.isEmpty { try Loopback.feed(&client, fromServer) }
        }
        while flights.last?.isEmpty ?? false { flights.removeLast() }
        return flights
    }

    @Test("Every prefix of a handshake, then the end", arguments: versions)
    func everyPrefix(version: ProtocolVersion) throws {
        let flights = try flights(pair(version))
        for (number, flight) in flights.enumerated() {
            for length in 0..<flight.count {
                // The handshake up to this flight, then a part of it.
                let pair = pair(version)
                var client = try pair.makeClient()
                var server = try pair.makeServer()
                for earlier in 0..<number {
                    if earlier % 2 == 0 {
                        try Loopback.feed(&server, Loopback.output(&client))
                    } else {
                        try Loopback.feed(&client, Loopback.output(&server))
                    }
                }
                let part = Array(flight[..<length])
                let isDone: Bool
                let error: TLSError?
                if number % 2 == 0 {
                    (isDone, error) = end(&server, part)
                } else {
                    (isDone, error) = end(&client, part)
                }
                guard case .closedDuringHandshake(let awaiting) = error else {
                    Issue.record("\(length) bytes of flight \(number): \(String(describing: error))")
                    continue
                }
                #expect(awaiting != "the rest of the handshake", "\(length) bytes of flight \(number)")
                #expect(!isDone, "\(length) bytes of flight \(number)")
            }
        }
    }

    /// Feeds a part of a flight and ends the transport.
    private func end<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ part: [UInt8]
    ) -> (isDone: Bool, error: TLSError?) {
        do throws(TLSError) {
            if !part.isEmpty { try Loopback.feed(&session, part) }
            let isDone = session.negotiated != nil
            try session.endOfInput()
            return (isDone, nil)
        } catch {
            return (session.negotiated != nil, error)
        }
    }

    @Test("One byte changed anywhere", arguments: versions)
    func flippedBytes(version: ProtocolVersion) throws {
        let random = SeededRandom(seed: 42)
        let configuration = try pair(version).serverConfiguration()
        var failures = 0
        for round in 0..<600 {
            let pair = pair(version, seed: UInt64(round))
            var client = try pair.makeClient()
            var server = ServerSession(configuration: configuration)
            let target = random.below(version == .tls13 ? 3 : 4)
            let outcome = shake(&client, &server, changing: target, with: random)
            if let error = outcome.error {
                failures += 1
                #expect(!error.description.isEmpty)
            }
            // Whatever was changed, nobody believes in a handshake that the other side saw differently.
            if let ours = outcome.client, let theirs = outcome.server { #expect(ours == theirs) }
        }
        #expect(failures > 500, "changes must be noticed: \(failures) of 600")
    }

    private func shake(
        _ client: inout ClientSession,
        _ server: inout ServerSession,
        changing target: Int,
        with random: SeededRandom
    ) -> (client: NegotiatedParameters?, server: NegotiatedParameters?, error: TLSError?) {
        var failure: TLSError?
        for number in 0..<6 {
            var flight = number % 2 == 0 ? Loopback.output(&client) : Loopback.output(&server)
            if flight.isEmpty { continue }
            if number == target { flight[random.below(flight.count)] ^= UInt8(1 + random.below(255)) }
            do throws(TLSError) {
                if number % 2 == 0 {
                    try Loopback.feed(&server, flight)
                } else {
                    try Loopback.feed(&client, flight)
                }
            } catch {
                failure = failure ?? error
            }
        }
        // A record that was made longer waits for bytes that never come: the end tells.
        if client.isHandshaking || server.isHandshaking {
            do throws(TLSError) {
                try client.endOfInput()
            } catch {
                failure = failure ?? error
            }
        }
        return (client.negotiated, server.negotiated, failure)
    }

    @Test("Changed application data is never delivered", arguments: versions)
    func flippedData(version: ProtocolVersion) throws {
        let random = SeededRandom(seed: 7)
        let pair = pair(version)
        let configuration = try pair.serverConfiguration()
        for _ in 0..<100 {
            var client = try pair.makeClient()
            var server = ServerSession(configuration: configuration)
            try Loopback.run(&client, &server)
            let message = [UInt8](repeating: 0x55, count: 100)
            var record = try Loopback.seal(&client, message)
            record[random.below(record.count)] ^= UInt8(1 + random.below(255))
            do throws(TLSError) {
                let received = try Loopback.feed(&server, record)
                #expect(received.isEmpty)
            } catch {
                #expect(error.alert != nil)
                let alert = Loopback.output(&server)
                #expect(!alert.isEmpty)
            }
        }
    }

    @Test("Noise instead of TLS")
    func noise() throws {
        let random = SeededRandom(seed: 99)
        let pair = pair(.tls13)
        let configuration = try pair.serverConfiguration()
        for _ in 0..<500 {
            var server = ServerSession(configuration: configuration)
            var client = try pair.makeClient()
            var bytes = (0..<(5 + random.below(200))).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if random.below(2) == 0 {
                // A plausible header gets the noise further in.
                bytes.replaceSubrange(0..<5, with: [UInt8(20 + random.below(5)), 3, 3, 0, UInt8(random.below(60))])
            }
            for attempt in 0..<2 {
                do throws(TLSError) {
                    let received =
                        attempt == 0 ? try Loopback.feed(&server, bytes) : try Loopback.feed(&client, bytes)
                    #expect(received.isEmpty)
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }
}
