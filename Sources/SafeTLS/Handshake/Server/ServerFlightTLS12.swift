// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The flight of a TLS 1.2 server in a full handshake, a step for each message.
struct ServerFlightTLS12: ~Copyable, ~Escapable {
    private let received: ReceivedClientHello
    private let choice: ServerHelloTLS12.Choice
    /// The hash of transcript and PRF.
    private let algorithm: HashAlgorithm
    private let applicationProtocol: String?
    /// For the server's random, and the key.
    private let random: DrawnRandom
    private let randoms: Randoms
    private let ticket: TicketIssueTLS12?
    private let session: SessionIDIssue?
    private let staple: CertificateStaple
    private var transcript: Transcript

    @_lifetime(copy received)
    init(_ received: consuming ReceivedClientHello, _ choice: ServerHelloTLS12.Choice) throws(TLSError) {
        let context = received.context
        let applicationProtocol = try context.applicationProtocol(received.hello)
        guard let algorithm = choice.cipherSuite.hash else {
            throw .internalFailure("\(choice.cipherSuite) has no hash")
        }
        var transcript = try Transcript(algorithm, recording: context.configuration.clientAuthenticator != nil)
        transcript.update(received.message)
        let random = try context.drawnRandom(count: 32 + (choice.group.keyExchangeGroup?.randomLength ?? 0))
        let serverRandom = try ServerHelloTLS12.random(context, from: random)
        let randoms = Randoms(client: received.clientRandom, server: serverRandom)
        let ticket = TicketIssueTLS12(received)
        session = try SessionIDIssue(received, ticket: ticket)
        staple = choice.credential.staple.answer(to: received.hello, at: context.options.clock())
        self.applicationProtocol = applicationProtocol
        self.algorithm = algorithm
        self.transcript = transcript
        self.random = random
        self.randoms = randoms
        self.ticket = ticket
        self.choice = choice
        self.received = received
    }

    /// RFC 5246 §7.4.1.3. It answers extensions that the client sent, and no others.
    mutating func sendServerHello(_ channel: inout Channel) throws(TLSError) {
        let limits = RecordLimits(answering: received.hello, received.options.records, version: .tls12)
        limits.apply(to: &channel)
        let supportsSecureRenegotiation = received.hello.supportsSecureRenegotiation
        let usesExtendedMasterSecret = received.hello.hasExtendedMasterSecret
        let namesPointFormats = received.hello.extensions.contains(.ecPointFormats)
        let mayHaveCompressedPoints = mayHaveCompressedPoints
        let givesTicket = ticket != nil
        let sessionID = session?.identifier ?? []
        let (choice, randoms, staple) = (choice, randoms, staple)
        let applicationProtocol = applicationProtocol
        try channel.send(&transcript) { writer throws(EncodeError) in
            try ServerHello.write(
                random: randoms.server.span,
                legacySessionID: sessionID.span,
                cipherSuite: choice.cipherSuite,
                into: &writer
            ) { extensions in
                if supportsSecureRenegotiation { extensions.renegotiationInfo() }
                if usesExtendedMasterSecret { extensions.addEmpty(.extendedMasterSecret) }
                if givesTicket { extensions.addEmpty(.sessionTicket) }
                if choice.name != nil { extensions.addEmpty(.serverName) }
                if namesPointFormats { extensions.ecPointFormats(compressed: mayHaveCompressedPoints) }
                extensions.recordLimits(limits)
                if let applicationProtocol { extensions.applicationProtocols([applicationProtocol]) }
                // RFC 6066 §8, RFC 6962 §3.3.
                if staple.ocspResponse != nil { extensions.addEmpty(.statusRequest) }
                if let timestamps = staple.signedCertificateTimestamps {
                    extensions.add(.signedCertificateTimestamp, body: timestamps.span)
                }
            }
        }
    }

    /// Whether a certificate of either side may have a key in this form (RFC 8422 §5.1.2).
    private var mayHaveCompressedPoints: Bool {
        received.hello.acceptsCompressedPoints
            && (choice.credential.hasCompressedPoint || received.context.configuration.clientAuthenticator != nil)
    }

    /// RFC 5246 §7.4.2.
    mutating func sendCertificate(_ flight: inout ByteWriter) throws(TLSError) {
        let message = choice.credential.certificateMessageTLS12
        try flight.add(to: &transcript) { writer throws(EncodeError) in writer.append(message) }
    }

    /// RFC 6066 §8.
    mutating func sendCertificateStatus(_ flight: inout ByteWriter) throws(TLSError) {
        guard let response = staple.ocspResponse else { return }
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try CertificateStatus.write(ocspResponse: response, into: &writer)
        }
    }

    /// Makes a fresh key and has it signed for the ServerKeyExchange (RFC 8422 §5.4).
    consuming func signKeyExchange(_ flight: inout ByteWriter) throws(TLSError) -> ServerPhase {
        let key = try key()
        let parameters: [UInt8]
        do throws(EncodeError) {
            parameters = try ServerKeyExchange.parameters(group: choice.group, publicKey: key.publicKey)
        } catch {
            throw .internalFailure("a public key outgrew its length field")
        }
        let request = SignatureRequest(
            scheme: choice.signatureScheme,
            credential: choice.credential,
            message: randoms.signedContent(parameters: parameters.span)
        )
        let isDeferred = request.isDeferred(received.context.deferring)
        let state = AwaitSignatureTLS12(
            request: request,
            parameters: parameters,
            handshake: ServerHandshakeTLS12(
                context: received.context,
                negotiated: negotiated,
                algorithm: algorithm,
                randoms: randoms,
                usesExtendedMasterSecret: received.hello.hasExtendedMasterSecret,
                ticket: ticket,
                session: session,
                transcript: transcript
            ),
            key: key
        )
        if isDeferred { return .handshaking(.awaitSignatureTLS12(state)) }
        return try state.complete(signature: request.sign(), &flight)
    }

    private func key() throws(TLSError) -> KeyExchangePrivateKey {
        let group = choice.group
        guard let exchange = group.keyExchangeGroup else { throw .internalFailure("\(group) has no key exchange") }
        do throws(CryptoError) {
            return try KeyExchangePrivateKey(exchange, random: random)
        } catch {
            throw TLSError(error)
        }
    }

    private var negotiated: NegotiatedParameters {
        NegotiatedParameters(
            version: .tls12,
            cipherSuite: choice.cipherSuite,
            group: choice.group,
            signatureScheme: choice.signatureScheme,
            applicationProtocol: applicationProtocol,
            serverName: choice.name,
            usedHelloRetryRequest: false,
            isResumed: false,
            unusualName: received.hello.unusualName(besides: choice.name),
            usesExtendedMasterSecret: received.hello.hasExtendedMasterSecret
        )
    }
}
