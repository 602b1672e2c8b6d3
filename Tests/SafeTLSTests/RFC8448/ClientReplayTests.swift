// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// The recorded servers of RFC 8448 against our client, with the recorded client's key and ClientHello.
@Suite("RFC 8448 client replay")
struct RFC8448ClientReplayTests {
    /// The whole handshake up to the client's answer, through a session. This server's certificate is P-256.
    @Test("client authentication: the server's flight is accepted")
    func clientAuthentication() throws {
        let trace = try Trace.named(.clientAuthentication)
        let log = SecretLog()
        var session = try ClientSession(
            offer: offer(trace, log: log, deferring: .verification),
            hello: trace.message(.clientHello, fromClient: true)
        )
        #expect(Loopback.output(&session) == trace.records[0].bytes)
        for record in trace.records where !record.isFromClient && record.protection != "server_application" {
            try Loopback.feed(&session, record.bytes)
        }
        guard case .verifyPeer(let request) = session.request else {
            Issue.record("no verdict is asked for")
            return
        }
        let certificate = try trace.message(.certificate, fromClient: false)
        let der = request.certificateChain[0].der
        #expect(certificate.suffix(der.count + 2).dropLast(2) == der)
        try session.answer(verification: .accepted(path: request.certificateChain))
        try expectSecrets(log, trace)
        // The recorded client has a certificate. Ours says that it has none, then finishes.
        let forger = try Forger(log, .clientHandshake)
        let records = WireBytes.records(Loopback.output(&session))
        let flight = try forger.open(try #require(records.last)).content
        let messages = WireBytes.messages(flight)
        #expect(messages.first == WireBytes.message(.certificate, [0, 0, 0, 0]))
        #expect(messages.map(\.first) == [HandshakeType.certificate.rawValue, HandshakeType.finished.rawValue])
        // The server's close_notify is under the application keys.
        let last = try #require(trace.records.last { !$0.isFromClient })
        try Loopback.feed(&session, last.bytes)
        let isPeerClosed = session.isPeerClosed
        #expect(isPeerClosed)
    }

    /// The whole connection through a session: every byte that our client sends is the recorded one.
    ///
    /// The recorded certificate has a 1024-bit key. The built-in verdict refuses it; the test gives its own.
    @Test("whole connections", arguments: [Trace.Name.simple, .compatibility])
    func wholeConnection(name: Trace.Name) throws {
        let trace = try Trace.named(name)
        let log = SecretLog()
        var session = try ClientSession(
            offer: offer(trace, log: log, deferring: .verification),
            hello: trace.message(.clientHello, fromClient: true)
        )
        for record in trace.records {
            switch (record.isFromClient, record.protection, record.contentType) {
            case (true, "client_application", .applicationData):
                #expect(try Loopback.seal(&session, record.plaintext) == record.bytes)
            case (true, "client_application", .alert):
                session.close()
                fallthrough
            case (true, _, _):
                var output: [UInt8] = []
                let pending = session.pendingOutputCount
                #expect(pending >= record.bytes.count)
                for index in 0..<min(pending, record.bytes.count) { output.append(session.pendingOutput[index]) }
                session.discardOutput(output.count)
                #expect(output == record.bytes)
            case (false, _, .applicationData):
                #expect(try Loopback.feed(&session, record.bytes) == record.plaintext)
            case (false, _, _):
                try Loopback.feed(&session, record.bytes)
            }
            if case .verifyPeer(let request) = session.request {
                guard case .rejected = request.verdict() else {
                    Issue.record("the built-in verdict accepts a certificate that nobody vouches for")
                    return
                }
                try session.answer(verification: .accepted(path: request.certificateChain))
                let scheme = session.negotiated?.signatureScheme
                #expect(scheme == .rsaPSSRSAESHA256)
            }
        }
        try expectSecrets(log, trace)
        let (isPeerClosed, isClosed) = (session.isPeerClosed, session.isClosed)
        #expect(isPeerClosed && isClosed)
        let left = session.pendingOutputCount
        #expect(left == 0)
    }

    /// The last step with the trace's own messages: our Finished record is the recorded one, byte for byte.
    @Test("the client's Finished", arguments: [Trace.Name.simple, .retry, .compatibility])
    func finished(name: Trace.Name) throws {
        let trace = try Trace.named(name)
        var channel = Channel()
        var handshake = try handshake(trace, before: .finished)
        try channel.install(sealer: handshake.clientTraffic.sealer(&handshake.hash))
        let digest = try handshake.check(finished: trace.message(.finished, fromClient: false), &channel)
        #expect(try array(digest.bytes) == trace.value("hash_ch_server_finished"))
        try handshake.sendFinished(&channel)
        try channel.flush()
        let output = array(channel.output.pending)
        #expect(output == trace.records(fromClient: true, "client_handshake").first?.bytes)
    }

    @Test("a Finished with one bit changed is refused")
    func wrongFinished() throws {
        let trace = try Trace.named(.simple)
        var channel = Channel()
        var handshake = try handshake(trace, before: .finished)
        var message = try trace.message(.finished, fromClient: false)
        message[20] ^= 0x10
        var failure: TLSError?
        do throws(TLSError) {
            _ = try handshake.check(finished: message, &channel)
        } catch {
            failure = error
        }
        #expect(failure == .peerMisbehaved(.badFinished))
    }

    // MARK: The recorded client

    private func offer(
        _ trace: Trace,
        log: SecretLog,
        deferring: DeferredRequests = []
    ) throws -> ClientOffer {
        var options = ClientOptions()
        options.keyLog = log
        options.clock = { TestCredentials.now }
        let hello = try trace.message(.clientHello, fromClient: true)
        let body = Array(hello.dropFirst(4))
        let types = try ClientHello(body.span).extensions.types
        var random: [32 of UInt8] = .init(repeating: 0)
        for (index, byte) in try trace.value("client_random").enumerated() { random[index] = byte }
        let isRetry = trace.name == Trace.Name.retry.rawValue
        let name = try #require(ServerName("server"))
        return ClientOffer(
            configuration: try ClientConfiguration(trustAnchors: TestCredentials.anchors, options: options),
            serverName: name,
            deferring: deferring,
            random: random,
            sessionID: trace.keys["legacy_session_id"] ?? [],
            key: try KeyExchangePrivateKey(
                isRetry ? .secp256r1 : .x25519,
                random: ScriptedRandom([trace.value("client_private")])
            ),
            extensions: types
        )
    }

    /// What the client knows before the server's Finished, when it has seen the trace's messages.
    private func handshake(_ trace: Trace, before type: HandshakeType) throws -> ClientHandshakeTLS13 {
        var hash = try KeyedHash(.sha256)
        let shared = try trace.value("ecdhe_shared")
        let secret = try EarlySecret(cipherSuite: .aes128GCMSHA256)
            .handshakeSecret(sharedSecret: Secret(copying: shared.span), &hash)
        var transcript = try Transcript(.sha256)
        var messages = trace.messages
        if trace.name == Trace.Name.retry.rawValue {
            let hello = messages.removeFirst()
            let first = try HashState.hash(.sha256, hello.span)
            transcript = try Transcript(.sha256, firstClientHello: first.bytes)
        }
        let finished = try #require(messages.firstIndex { $0.first == type.rawValue })
        let hello = try TraceTranscript(trace, through: .serverHello)
        for message in messages[..<finished] { transcript.update(message.span) }
        let clientTraffic = try secret.clientTraffic(hello.hash, &hash)
        let serverTraffic = try secret.serverTraffic(hello.hash, &hash)
        return ClientHandshakeTLS13(
            offer: try offer(trace, log: SecretLog()),
            cipherSuite: .aes128GCMSHA256,
            group: .x25519,
            usedHelloRetryRequest: false,
            preSharedKey: nil,
            transcript: transcript,
            hash: hash,
            handshakeSecret: secret,
            clientTraffic: clientTraffic,
            serverTraffic: serverTraffic
        )
    }

    private func expectSecrets(_ log: SecretLog, _ trace: Trace) throws {
        #expect(log.secret(.clientHandshake) == (try trace.value("client_handshake_traffic_secret")))
        #expect(log.secret(.serverHandshake) == (try trace.value("server_handshake_traffic_secret")))
        #expect(log.secret(.clientApplication) == (try trace.value("client_application_traffic_secret_0")))
        #expect(log.secret(.serverApplication) == (try trace.value("server_application_traffic_secret_0")))
        #expect(log.secret(.exporter) == (try trace.value("exporter_master_secret")))
    }
}
