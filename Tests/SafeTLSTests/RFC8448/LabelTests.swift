// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// What both of our sides compute by the same function agrees also when it is wrong: these values come from elsewhere.
@Suite("Derivations against values of other programs")
struct LabelTests {
    /// The transcripts of the values are hashes of such words.
    private func transcript(_ number: Int, _ reference: ReferenceValues) throws -> Digest {
        let words = Array("transcript \(number)".utf8)
        let digest = try HashState.hash(try #require(reference.suite.hash), words.span)
        #expect(copyBytes(digest.bytes) == reference.transcripts[number])
        return digest
    }

    private func bytes(_ secret: borrowing Secret) -> [UInt8] { copyBytes(secret.bytes) }

    private func bytes(_ secret: borrowing TrafficSecret) -> [UInt8] {
        let log = SecretLog()
        secret.log(to: log, as: .exporter, clientRandom: .init(repeating: 0))
        return log.secret(.exporter)
    }

    @Test("the values are there")
    func values() {
        #expect(ReferenceValues.tls13.map(\.suite) == [.aes128GCMSHA256, .aes256GCMSHA384])
        #expect(ReferenceValues.tls12Exporter.count == 2)
    }

    @Test("binders, early secrets and the early exporter", arguments: [0, 1])
    func early(index: Int) throws {
        let reference = ReferenceValues.tls13[index]
        var hash = try KeyedHash(try #require(reference.suite.hash))
        let early = try EarlySecret(
            preSharedKey: Secret(copying: reference["psk"].span),
            cipherSuite: reference.suite,
            &hash
        )
        let transcript = try transcript(0, reference)
        let kinds: [(BinderKind, String)] = [
            (.resumption, "binder_resumption"), (.external, "binder_external"), (.imported, "binder_imported"),
        ]
        for (kind, name) in kinds {
            let binder = try early.binder(kind, transcript, &hash)
            #expect(copyBytes(binder.bytes) == reference[name], "\(name)")
        }
        let traffic = try early.clientTraffic(transcript, &hash)
        #expect(bytes(traffic) == reference["client_early"])
        let exporter = try early.exporter(transcript, &hash)
        #expect(bytes(exporter) == reference["early_exporter_master"])
        let early40 = try EarlyExporter(exporter, algorithm: hash.algorithm)
            .export(label: "EXPORTER-early", context: Array("context".utf8), count: 40)
        #expect(early40 == reference["early_exported"])
    }

    @Test("traffic secrets, Finished, exporter, key update and resumption", arguments: [0, 1])
    func later(index: Int) throws {
        let reference = ReferenceValues.tls13[index]
        var hash = try KeyedHash(try #require(reference.suite.hash))
        let early = try EarlySecret(
            preSharedKey: Secret(copying: reference["psk"].span),
            cipherSuite: reference.suite,
            &hash
        )
        let handshake = try early.handshakeSecret(sharedSecret: Secret(copying: reference["shared"].span), &hash)
        let hello = try transcript(1, reference)
        let client = try handshake.clientTraffic(hello, &hash)
        let server = try handshake.serverTraffic(hello, &hash)
        #expect(bytes(client) == reference["client_handshake"] && bytes(server) == reference["server_handshake"])
        let finished = try transcript(2, reference)
        let verifyData = try client.verifyData(transcript: finished, &hash)
        #expect(copyBytes(verifyData.bytes) == reference["client_finished"])
        let master = try handshake.masterSecret(&hash)
        let sending = try master.clientTraffic(finished, &hash)
        let receiving = try master.serverTraffic(finished, &hash)
        #expect(bytes(sending) == reference["client_application"])
        #expect(bytes(receiving) == reference["server_application"])
        let nextSending = try master.clientTraffic(finished, &hash).next(&hash)
        let nextReceiving = try master.serverTraffic(finished, &hash).next(&hash)
        #expect(bytes(nextSending) == reference["client_application_1"])
        #expect(bytes(nextReceiving) == reference["server_application_1"])
        let exporter = try master.exporter(finished, &hash)
        #expect(bytes(exporter) == reference["exporter_master"])
        let secrets = ConnectionSecrets(
            sending: sending,
            receiving: receiving,
            exporter: exporter,
            cipherSuite: reference.suite,
            isClient: true
        )
        let exported = try secrets.exportKeyingMaterial(label: "EXPORTER-test", context: [1, 2, 3], count: 50)
        let plain = try secrets.exportKeyingMaterial(label: "EXPORTER-test", context: nil, count: 50)
        #expect(exported == reference["exported"] && plain == reference["exported_without_context"])
        let resumption = try master.resumption(transcript(3, reference), &hash)
        #expect(bytes(resumption) == reference["resumption_master"])
    }

    /// The key behind a ticket as a client keeps it; RFC 8448 §3 has one, too.
    @Test("the key of a ticket", arguments: [0, 1, 2])
    func ticket(index: Int) throws {
        let trace = try Trace.named(.simple)
        let reference = ReferenceValues.tls13[index % 2]
        let suite = reference.suite
        let isTrace = index == 2
        let master = try isTrace ? trace.value("resumption_master_secret") : reference["resumption_master"]
        let nonce = try isTrace ? trace.value("ticket_nonce") : reference["ticket_nonce"]
        let expected = try isTrace ? trace.value("resumption_psk") : reference["ticket_psk"]
        var writer = ByteWriter()
        let ticket: [UInt8] = [1, 2, 3]
        try NewSessionTicket.write(lifetime: 100, ageAdd: 0, nonce: nonce.span, ticket: ticket.span, into: &writer) {
            _ in
        }
        let message = writer.takeBytes()
        let cache = ClientSessionCache(capacity: 1)
        let receiver = TicketReceiver(
            cache: cache,
            clock: { TestCredentials.now },
            milliseconds: { TestCredentials.now * 1000 },
            serverName: .dns("server.example"),
            negotiated: NegotiatedParameters(
                version: .tls13,
                cipherSuite: suite,
                group: .x25519,
                signatureScheme: nil,
                applicationProtocol: nil,
                serverName: nil,
                usedHelloRetryRequest: false,
                isResumed: false
            ),
            server: .none,
            authenticatedAt: TestCredentials.now,
            secret: Secret(copying: master.span)
        )
        try receiver.keep(NewSessionTicket(message.span.extracting(droppingFirst: 4)))
        let kept = try #require(
            cache.take(.dns("server.example"), versions: .tls13 ... .tls13, at: TestCredentials.now)
        )
        let key = bytes(kept.secret)
        #expect(key == expected)
    }

    @Test("imported keys (RFC 9258 §5.1)")
    func imported() throws {
        let key = (1...32).map { UInt8($0) }
        let imported = try ExternalPSK(
            importing: Array("outside".utf8),
            key: key.span,
            context: Array("both names".utf8)
        )
        let expected = ReferenceValues.tls13[0].imported
        #expect(imported.entries.map(\.identity) == expected.map(\.identity))
        // Its key is that of SHA-256, whichever hash it is for.
        let keys = imported.entries.map { entry in bytes(entry.secret) }
        #expect(keys == expected.map(\.key))
    }

    @Test("the exporter of TLS 1.2 (RFC 5705), recorded from OpenSSL", arguments: [0, 1])
    func exporterTLS12(index: Int) throws {
        let reference = ReferenceValues.tls12Exporter[index]
        var randoms = Randoms(client: .init(repeating: 0), server: .init(repeating: 0))
        for position in 0..<32 {
            randoms.client[position] = reference["client_random"][position]
            randoms.server[position] = reference["server_random"][position]
        }
        let secrets = ConnectionSecrets(
            masterSecret: Secret(copying: reference["master"].span),
            isExtended: true,
            randoms: randoms,
            cipherSuite: reference.suite,
            isClient: index == 0
        )
        for (name, context) in [("material", nil), ("with_context", [1, 2, 3]), ("with_empty_context", [])]
            as [(String, [UInt8]?)]
        {
            let material = try secrets.exportKeyingMaterial(label: "EXPORTER-recorded", context: context, count: 48)
            #expect(material == reference[name], "\(name)")
        }
    }
}
