// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("Sealing in both versions")
struct SealTests {
    private static let suites: [CipherSuite] = [
        .aes128GCMSHA256, .chaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256,
        .ecdheECDSAWithChaCha20Poly1305SHA256,
    ]

    private func seal<Session: TLSSession & ~Copyable>(
        _ session: inout Session,
        _ plaintext: [UInt8],
        _ output: inout [UInt8]
    ) throws(TLSError) -> Sealed {
        var span = output.mutableSpan
        return try session.seal(plaintext.span, into: &span)
    }

    @Test("the room that is needed", arguments: suites, [0, 1, 16_383, 16_384, 16_385, 40_000])
    func room(suite: CipherSuite, count: Int) throws {
        var pair = Pair()
        pair.restrict(to: suite.isTLS13 ? .tls13 : .tls12)
        pair.client.cipherSuites = [suite]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let plaintext = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var output = [UInt8](repeating: 0, count: client.sealedByteCount(for: count))
        let sealed = try seal(&client, plaintext, &output)
        #expect(sealed == Sealed(consumed: count, written: output.count))
        let received = try Loopback.feed(&server, output)
        let isSame = received == plaintext
        #expect(isSame)
        if count > 0 {
            // One byte less has no room for the last one.
            output.removeLast()
            let short = try seal(&client, plaintext, &output)
            #expect(short.consumed == count - 1)
        }
    }

    @Test("keys that wear out are replaced on the way", arguments: [1, 2, 3, 7], [0, 1, 2, 3, 5, 64])
    func wornOutKeys(recordsPerKey: UInt64, count: Int) throws {
        let pair = Pair.tls13()
        var channel = Channel(fragmentLength: 1000)
        channel.sending.recordsPerKey = recordsPerKey
        var server = ServerSession(configuration: try pair.serverConfiguration(), channel: channel)
        var client = try pair.makeClient()
        try Loopback.run(&client, &server)
        for round in 0..<3 {
            let plaintext = (0..<count * 1000).map { UInt8(truncatingIfNeeded: $0 &+ round) }
            var output = [UInt8](repeating: 0, count: server.sealedByteCount(for: plaintext.count))
            let sealed = try seal(&server, plaintext, &output)
            // The room that was asked for is enough, and not too much.
            #expect(sealed == Sealed(consumed: plaintext.count, written: output.count))
            let waiting = server.pendingOutputCount
            #expect(waiting == 0)
            let received = try Loopback.feed(&client, output)
            let isSame = received == plaintext
            #expect(isSame)
        }
    }

    @Test("answers to our own requests are not too many key updates")
    func requestedKeyUpdates() throws {
        var connection = try Connection()
        for _ in 0..<2 * TLSLimits.consecutiveKeyUpdates {
            try connection.client.updateKeys(requestingPeer: true)
            let received = try connection.up([1])
            #expect(received == [1])
            try Loopback.feed(&connection.client, Loopback.output(&connection.server))
        }
    }
}
