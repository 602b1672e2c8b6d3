// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Testing

@Suite("Records that are decrypted to another buffer")
struct ReceiveElsewhereTests {
    /// What a session gets from the transport, which it must not change.
    private struct Line {
        private var waiting: [UInt8] = []
        /// How many bytes were said to be missing.
        private(set) var needed = 0

        mutating func feed<Session: TLSSession & ~Copyable>(
            _ session: inout Session,
            _ input: [UInt8],
            chunk: Int = .max
        ) throws(TLSError) -> [UInt8] {
            var plaintext: [UInt8] = []
            var rest = input[...]
            while !rest.isEmpty {
                waiting += rest.prefix(chunk)
                rest = rest.dropFirst(chunk)
                while true {
                    let before = waiting
                    var output = [UInt8](repeating: 0xEE, count: min(waiting.count, 18_437))
                    var span = output.mutableSpan
                    let received = try session.receive(waiting.span, into: &span)
                    #expect(waiting == before)
                    plaintext += output[received.plaintext]
                    #expect(received.plaintext.isEmpty || received.plaintext.lowerBound == 0)
                    waiting.removeFirst(received.consumed)
                    needed = received.needed
                    if received.plaintext.isEmpty { break }
                }
            }
            return plaintext
        }
    }

    @Test(
        "A whole connection, in pieces of any size",
        arguments: [
            CipherSuite.aes128GCMSHA256, .chaCha20Poly1305SHA256, .ecdheECDSAWithAES128GCMSHA256,
            .ecdheECDSAWithChaCha20Poly1305SHA256,
        ],
        [1, 7, 1_000, .max]
    )
    func connection(suite: CipherSuite, chunk: Int) throws {
        var pair = Pair()
        pair.server.cipherSuites = [suite]
        pair.server.ticketCount = 2
        pair.restrict(to: suite == .aes128GCMSHA256 || suite == .chaCha20Poly1305SHA256 ? .tls13 : .tls12)
        var server = try pair.makeServer()
        var client = try pair.makeClient()
        var (up, down) = (Line(), Line())
        func carry(_ client: inout ClientSession, _ server: inout ServerSession) throws {
            for _ in 0..<8 {
                let fromClient = try up.feed(&server, Loopback.output(&client), chunk: chunk)
                let fromServer = try down.feed(&client, Loopback.output(&server), chunk: chunk)
                #expect(fromClient.isEmpty && fromServer.isEmpty)
            }
        }
        try carry(&client, &server)
        let isHandshaking = client.isHandshaking || server.isHandshaking
        #expect(!isHandshaking)
        let data = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8)) }
        let question = try up.feed(&server, Loopback.seal(&client, data), chunk: chunk)
        #expect(question == data)
        if suite == .aes128GCMSHA256 {
            try client.updateKeys(requestingPeer: true)
            try carry(&client, &server)
        }
        let answer = try down.feed(&client, Loopback.seal(&server, data), chunk: chunk)
        #expect(answer == data)
        #expect(up.needed == 5 && down.needed == 5)
        var last = try Loopback.seal(&client, [1, 2, 3])
        client.close()
        last += Loopback.output(&client)
        let rest = try up.feed(&server, last, chunk: chunk)
        #expect(rest == [1, 2, 3])
        let isPeerClosed = server.isPeerClosed
        #expect(isPeerClosed)
    }

    @Test(
        "A record that was changed ends the session, and nothing of it is to be seen",
        arguments: [ProtocolVersion.tls12, .tls13]
    )
    func forgery(version: ProtocolVersion) throws {
        var pair = Pair()
        pair.restrict(to: version)
        var server = try pair.makeServer()
        var client = try pair.makeClient()
        try Loopback.run(&client, &server)
        var record = try Loopback.seal(&client, [UInt8](repeating: 0x41, count: 1_000))
        record[record.count - 1] ^= 1
        var output = [UInt8](repeating: 0, count: record.count)
        var refusal: TLSError?
        do throws(TLSError) {
            var span = output.mutableSpan
            _ = try server.receive(record.span, into: &span)
        } catch {
            refusal = error
        }
        #expect(refusal == .peerMisbehaved(.badRecordMAC))
        #expect(!output.contains(0x41))
        let (failure, hasAlert) = (server.failure, server.pendingOutputCount > 0)
        #expect(failure == refusal)
        #expect(hasAlert)
    }

    @Test("Too little room is a mistake of the caller, after which the session goes on")
    func room() throws {
        var connection = try Connection()
        let record = try Loopback.seal(&connection.client, [1, 2, 3])
        var short = [UInt8](repeating: 0, count: record.count - 1)
        do throws(TLSError) {
            var span = short.mutableSpan
            _ = try connection.server.receive(record.span, into: &span)
            Issue.record("it was taken")
        } catch {
            guard case .misuse(.invalidArgument) = error else { throw error }
        }
        var output = [UInt8](repeating: 0, count: record.count)
        var span = output.mutableSpan
        let received = try connection.server.receive(record.span, into: &span)
        #expect(Array(output[received.plaintext]) == [1, 2, 3])
    }

    @Test("In a large input the longest record is room enough")
    func longest() throws {
        var connection = try Connection()
        let data = [UInt8](repeating: 7, count: 16_384)
        let records = try Loopback.seal(&connection.client, data) + Loopback.seal(&connection.client, data)
        var output = [UInt8](repeating: 0, count: 18_437)
        var span = output.mutableSpan
        let received = try connection.server.receive(records.span, into: &span)
        #expect(received.plaintext == 0..<16_384)
        #expect(received.consumed == records.count / 2)
        #expect(Array(output[..<16_384]) == data)
    }
}
