// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

/// The recorded clients of RFC 8448 against our server, with the recorded server's random, key and signature.
@Suite("RFC 8448 server replay")
struct RFC8448ServerReplayTests {
    /// Through a session: ClientHello in, ServerHello (and the compatibility record) out.
    @Test("ServerHello", arguments: [Trace.Name.simple, .compatibility, .clientAuthentication])
    func serverHello(name: Trace.Name) throws {
        let trace = try Trace.named(name)
        let log = SecretLog()
        let configuration = try configuration(trace, log)
        var session = ServerSession(configuration: configuration, deferring: .signature)
        try Loopback.feed(&session, trace.records[0].bytes)
        let output = WireBytes.records(Loopback.output(&session))
        let expected = trace.records.filter { !$0.isFromClient && $0.protection == "none" }
        #expect(!expected.isEmpty)
        #expect(output.prefix(expected.count).map { $0 } == expected.map(\.bytes))
        #expect(log.secret(.clientHandshake) == (try trace.value("client_handshake_traffic_secret")))
        #expect(log.secret(.serverHandshake) == (try trace.value("server_handshake_traffic_secret")))
        // What follows is ours, under the recorded keys.
        let forger = try Forger(log, .serverHandshake)
        let flight = try forger.open(try #require(output.last)).content
        #expect(
            WireBytes.messages(flight).map(\.first)
                == [HandshakeType.encryptedExtensions.rawValue, HandshakeType.certificate.rawValue]
        )
        let isAsked = session.request != nil
        #expect(isAsked)
    }

    /// The second ClientHello of the trace in the state behind the trace's HelloRetryRequest.
    @Test("ServerHello after a HelloRetryRequest")
    func retriedServerHello() throws {
        let trace = try Trace.named(.retry)
        let log = SecretLog()
        let first = try trace.message(.clientHello, fromClient: true)
        let second = try trace.message(.clientHello, fromClient: true, at: 1)
        let retry = try trace.message(.serverHello, fromClient: false)
        let firstBody = Array(first.dropFirst(4))
        let retryBody = Array(retry.dropFirst(4))
        let request = try ServerHello(retryBody.span)
        let isRetry = request.isHelloRetryRequest
        #expect(isRetry)
        let cookie = copyBytes(request.cookie)
        let digest = try HashState.hash(.sha256, first.span)
        var transcript = try Transcript(.sha256, firstClientHello: digest.bytes)
        transcript.update(retry.span)
        var channel = Channel()
        let state = ExpectSecondClientHello(
            context: ServerContext(configuration: try configuration(trace, log), deferring: .signature),
            choice: ServerHelloTLS13.Choice(cipherSuite: .aes128GCMSHA256, hash: .sha256, group: .secp256r1),
            transcript: transcript,
            invariants: try RetryInvariants.digest(of: ClientHello(firstBody.span)),
            cookie: cookie
        )
        _ = try state.receive(.clientHello, second, &channel)
        let output = WireBytes.records(array(channel.output.pending))
        let recorded = trace.records.filter { !$0.isFromClient && $0.protection == "none" }
        #expect(output.first == recorded.last?.bytes)
        #expect(log.secret(.clientHandshake) == (try trace.value("client_handshake_traffic_secret")))
        #expect(log.secret(.serverHandshake) == (try trace.value("server_handshake_traffic_secret")))
    }

    /// From the recorded signature on, everything is a function of the trace: the flight's record, the check of the
    /// client's Finished, the ticket and the application data are compared byte for byte.
    @Test("CertificateVerify to close_notify", arguments: [Trace.Name.simple, .retry, .compatibility])
    func flight(name: Trace.Name) throws {
        let trace = try Trace.named(name)
        let log = SecretLog()
        var channel = Channel()
        let recorded = try #require(trace.records(fromClient: false, "server_handshake").first)
        let state = try awaitSignature(trace, log, &channel, messages: recorded.messages)
        let verify = try trace.message(.certificateVerify, fromClient: false)
        let signature = Array(verify.dropFirst(8))
        guard let expectFinished = try state.complete(signature: signature, &channel).handshake() else {
            Issue.record("the server does not wait for Finished")
            return
        }
        #expect(take(&channel) == recorded.bytes)
        #expect(log.secret(.clientApplication) == (try trace.value("client_application_traffic_secret_0")))
        #expect(log.secret(.serverApplication) == (try trace.value("server_application_traffic_secret_0")))
        #expect(log.secret(.exporter) == (try trace.value("exporter_master_secret")))

        let finished = try #require(trace.records(fromClient: true, "client_handshake").first)
        let message = try open(finished, &channel)
        #expect(message == finished.plaintext)
        let isConnected = try expectFinished.receive(.finished, message, &channel).facts != nil
        #expect(isConnected)
        for record in trace.records(fromClient: true, "client_application") {
            #expect(try open(record, &channel) == record.plaintext)
        }
        for record in trace.records(fromClient: false, "server_application") {
            try channel.write(record.plaintext.span, type: record.contentType)
            #expect(take(&channel) == record.bytes)
        }
    }

    /// Resumption is not taken, so the recorded client gets a full handshake and its 0-RTT data are skipped.
    @Test("the resuming client of the trace")
    func resumption() throws {
        let trace = try Trace.named(.resumed)
        let log = SecretLog()
        var session = ServerSession(configuration: try configuration(trace, log))
        let early = try #require(trace.records(fromClient: true, "client_early").first)
        try Loopback.feed(&session, trace.records[0].bytes + early.bytes)
        let records = WireBytes.records(Loopback.output(&session))
        let helloBody = Array(records[0].dropFirst(9))
        let hello = try ServerHello(helloBody.span)
        let (share, identity) = (copyBytes(hello.keyShare?.publicKey), hello.selectedIdentity)
        #expect(try share == trace.value("server_public"))
        #expect(identity == nil)
        let flight = try Forger(log, .serverHandshake).open(try #require(records.last)).content
        #expect(
            WireBytes.messages(flight).map { HandshakeType(rawValue: $0[0]) }
                == [.encryptedExtensions, .certificate, .certificateVerify, .finished]
        )
    }

    // MARK: The recorded server

    private func configuration(_ trace: Trace, _ log: SecretLog) throws -> ServerConfiguration {
        var options = ServerOptions()
        options.keyLog = log
        options.ticketCount = 0
        // The first draw is the configuration's own, for cookies.
        options.random = ScriptedRandom([
            [UInt8](repeating: 0, count: 32), try trace.value("server_random"), try trace.value("server_private"),
        ])
        // The recorded certificates' keys are too short for this library, or not published.
        return try ServerConfiguration(credentials: [TestCredentials.named("p256")], options: options)
    }

    /// The state in which the trace's server has everything but its signature, its messages so far in the flight.
    private func awaitSignature(
        _ trace: Trace,
        _ log: SecretLog,
        _ channel: inout Channel,
        messages: [[UInt8]]
    ) throws -> AwaitSignatureTLS13 {
        var transcript = try Transcript(.sha256)
        var sent = trace.messages
        if trace.name == Trace.Name.retry.rawValue {
            let hello = sent.removeFirst()
            let first = try HashState.hash(.sha256, hello.span)
            transcript = try Transcript(.sha256, firstClientHello: first.bytes)
        }
        let hello = try #require(sent.lastIndex { $0.first == HandshakeType.serverHello.rawValue })
        for message in sent[...hello] { transcript.update(message.span) }
        let shared = try trace.value("ecdhe_shared")
        var handshake = try ServerHandshakeTLS13(
            context: ServerContext(configuration: try configuration(trace, log), deferring: .signature),
            negotiated: NegotiatedParameters(
                version: .tls13,
                cipherSuite: .aes128GCMSHA256,
                group: .x25519,
                signatureScheme: .rsaPSSRSAESHA256,
                applicationProtocol: nil,
                serverName: "server",
                usedHelloRetryRequest: name(trace) == .retry,
                isResumed: false
            ),
            clientRandom: .init(repeating: 0),
            ticketCount: 0,
            resumed: nil,
            sharedSecret: Secret(copying: shared.span),
            transcript: transcript,
            hash: KeyedHash(.sha256)
        )
        try handshake.installKeys(&channel)
        let end = try #require(sent.firstIndex { $0.first == HandshakeType.certificateVerify.rawValue })
        for message in sent[(hello + 1)..<end] { handshake.transcript.update(message.span) }
        for message in messages where message.first != HandshakeType.certificateVerify.rawValue {
            if message.first != HandshakeType.finished.rawValue { channel.flight.append(message) }
        }
        return AwaitSignatureTLS13(
            request: SignatureRequest(
                scheme: .rsaPSSRSAESHA256,
                credential: try TestCredentials.named("p256"),
                message: try trace.value("server_certificate_verify_content")
            ),
            handshake: handshake
        )
    }

    private func name(_ trace: Trace) -> Trace.Name? { Trace.Name(rawValue: trace.name) }

    private func take(_ channel: inout Channel) -> [UInt8] {
        let output = array(channel.output.pending)
        channel.discardOutput(output.count)
        return output
    }

    private func open(_ record: Trace.Record, _ channel: inout Channel) throws -> [UInt8] {
        var buffer = record.bytes
        var span = buffer.mutableSpan
        let opened = try channel.receiving.open(&span, range: 5..<record.bytes.count, type: .applicationData)
        #expect(opened.type == record.contentType)
        return Array(buffer[opened.content])
    }
}
