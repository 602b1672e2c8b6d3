// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What follows a TLS 1.3 server's ServerHello under the handshake keys, a step for each message.
struct ServerFlightTLS13: ~Copyable, ~Escapable {
    private let received: ReceivedClientHello
    private var handshake: ServerHandshakeTLS13
    /// Nil when a pre-shared key stands for the server.
    let signer: ServerParametersTLS13.Signer?
    private let limits: RecordLimits
    private let ticketCount: Int
    private let acceptsEarlyData: Bool

    @_lifetime(copy received)
    init(
        _ received: consuming ReceivedClientHello,
        handshake: consuming ServerHandshakeTLS13,
        signer: ServerParametersTLS13.Signer?,
        limits: RecordLimits,
        ticketCount: Int,
        acceptsEarlyData: Bool
    ) {
        self.received = received
        self.handshake = handshake
        self.signer = signer
        self.limits = limits
        self.ticketCount = ticketCount
        self.acceptsEarlyData = acceptsEarlyData
    }

    /// RFC 9846 §4.4.1.
    ///
    /// - Parameter transportParameters: Nil unless QUIC carries the handshake.
    mutating func sendEncryptedExtensions(
        _ transportParameters: [UInt8]?,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        let negotiated = handshake.negotiated
        // An answer to server_name says that the name was used, and a session that is resumed already has its name
        // (RFC 6066 §3).
        let acknowledgesName = negotiated.serverName != nil && !negotiated.isResumed
        let answersTicketRequest = received.hello.ticketRequest != nil && ticketCount > 0
        let (limits, ticketCount, acceptsEarlyData) = (limits, ticketCount, acceptsEarlyData)
        try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in
            try EncryptedExtensions.write(into: &writer) { extensions in
                if acknowledgesName { extensions.addEmpty(.serverName) }
                extensions.recordLimits(limits)
                if let name = negotiated.applicationProtocol { extensions.applicationProtocols([name]) }
                if let transportParameters { extensions.quicTransportParameters(transportParameters) }
                if acceptsEarlyData { extensions.addEmpty(.earlyData) }
                if answersTicketRequest { extensions.expectedTickets(ticketCount) }
            }
        }
    }

    /// RFC 9846 §4.4.2. Not in a resumption: the session stands for its client.
    mutating func sendCertificateRequest(_ flight: inout ByteWriter) throws(TLSError) {
        guard let authenticator = received.context.configuration.clientAuthenticator else { return }
        try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in
            writer.append(authenticator.requestMessageTLS13)
        }
        handshake.authenticator = authenticator
    }

    /// RFC 9846 §4.5.1; compressed for clients that want that (RFC 8879).
    mutating func sendCertificate(
        of signer: ServerParametersTLS13.Signer,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        let credential = signer.credential
        let staple = credential.staple.answer(to: received.hello, at: received.options.clock())
        var message: [UInt8]
        do throws(EncodeError) {
            message = try credential.certificateTLS13(staple)
        } catch {
            throw .internalFailure("a Certificate message outgrew its length field")
        }
        if let offered = received.hello.certificateCompression {
            let accepted = offered.array
            let compression = received.context.configuration.certificateCompression
            message = compression.message(message, of: credential, with: staple) { accepted.contains($0) }
        }
        let certificate = message
        try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in writer.append(certificate) }
    }

    /// Has the handshake signed (RFC 9846 §4.5.2).
    consuming func sign(
        with signer: ServerParametersTLS13.Signer,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        let request = SignatureRequest(
            scheme: signer.scheme,
            credential: signer.credential,
            message: CertificateVerifyContent.bytes(.server, transcript: try handshake.transcript.digest())
        )
        let isDeferred = request.isDeferred(received.context.deferring)
        let state = AwaitSignatureTLS13(request: request, handshake: handshake)
        if isDeferred { return .handshaking(.awaitSignatureTLS13(state)) }
        return try state.complete(signature: request.sign(), &channel)
    }

    /// Ends the flight where nothing has to be signed (§4.5.3).
    consuming func finish(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        try handshake.finish(&channel)
    }
}
