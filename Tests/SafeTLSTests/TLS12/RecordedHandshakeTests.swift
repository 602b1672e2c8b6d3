// SPDX-License-Identifier: Apache-2.0

import Foundation
import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// Handshakes with other implementations, recorded: key schedule, record protection and Finished must come out to the
/// bit, which two sides of the same code cannot show.
@Suite("TLS 1.2 recorded handshakes")
struct TLS12RecordedHandshakeTests {
    struct Recording: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        /// Three flights of each side, in hexadecimal.
        let client: [String]
        let server: [String]
        /// What the server's last flight says.
        let answer: String
        var testDescription: String { name }

        static let all: [Recording] = {
            let file = URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../../Vectors/tls12-handshakes.json")
            do {
                return try JSONDecoder().decode([Recording].self, from: Data(contentsOf: file))
            } catch {
                Issue.record("the recordings cannot be read: \(error)")
                return []
            }
        }()
    }

    @Test("there are recordings") func recordings() {
        #expect(Recording.all.count == 4)
    }

    @Test(arguments: Recording.all) func replay(_ recording: Recording) throws {
        var engine = try start(recording)
        for flight in 0..<2 {
            let sent = output(&engine)
            #expect(sent == hex(recording.client[flight]))
            let data = try feed(&engine, hex(recording.server[flight]))
            #expect(data.isEmpty)
        }
        let negotiated = engine.negotiated
        #expect(negotiated?.group == .x25519)

        let question = Array("hello\n".utf8)
        var sealed = [UInt8](repeating: 0, count: engine.sealedByteCount(for: question.count))
        var span = sealed.mutableSpan
        _ = try engine.seal(question.span, into: &span)
        #expect(sealed == hex(recording.client[2]))
        let data = try feed(&engine, hex(recording.server[2]))
        #expect(data == Array(recording.answer.utf8))
    }

    /// A client whose ClientHello is the recorded one, whatever this library would write today.
    private func start(_ recording: Recording) throws -> Engine<ClientHandshake> {
        var pair = Pair()
        pair.restrict(to: .tls12)
        pair.client.random = ScriptedRandom([(0..<32).map { 0xA0 + $0 }])
        let hello = Array(hex(recording.client[0]).dropFirst(RecordSize.header))
        var random: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { random[index] = UInt8(index) }
        let offer = ClientOffer(
            configuration: try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: pair.client),
            serverName: try #require(ServerName(pair.serverName)),
            random: random,
            sessionID: [],
            // TLS 1.2 has no use for it.
            key: try KeyExchangePrivateKey(.x25519, random: SeededRandom(seed: 1)),
            extensions: try ClientHello(hello.span.extracting(droppingFirst: 4)).extensions.types
        )
        var channel = Channel()
        let state = try ExpectServerHello.start(offer: offer, hello: hello, &channel)
        return Engine(.expectServerHello(state), channel: channel)
    }

    private func output(_ engine: inout Engine<ClientHandshake>) -> [UInt8] {
        let bytes: [UInt8] = copyBytes(engine.channel.output.pending)
        engine.discardOutput(bytes.count)
        return bytes
    }

    private func feed(_ engine: inout Engine<ClientHandshake>, _ input: [UInt8]) throws -> [UInt8] {
        var data: [UInt8] = []
        var waiting = input
        while !waiting.isEmpty {
            var span = waiting.mutableSpan
            let received = try engine.receive(&span)
            try #require(received.consumed > 0)
            data += waiting[received.plaintext]
            waiting.removeFirst(received.consumed)
        }
        return data
    }
}
