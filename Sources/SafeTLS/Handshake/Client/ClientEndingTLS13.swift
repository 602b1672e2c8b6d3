// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a TLS 1.3 client knows when the server's flight is over: its own last flight ends the handshake.
struct ClientEndingTLS13: ~Copyable {
    var handshake: ClientHandshakeTLS13
    let applicationProtocol: String?
    let server: PeerAuthenticated
    /// The digest of ClientHello…server Finished, from which the application secrets are derived.
    let digest: Digest
    /// The scheme of the client's own signature.
    private var scheme: SignatureScheme?

    init(
        handshake: consuming ClientHandshakeTLS13,
        applicationProtocol: String?,
        server: PeerAuthenticated,
        digest: Digest
    ) {
        self.handshake = handshake
        self.applicationProtocol = applicationProtocol
        self.server = server
        self.digest = digest
    }

    /// Writes the Certificate that the server asked for, and signs with its key (RFC 9846 §4.5.1, §4.5.2).
    consuming func show(
        _ credential: Credential?,
        _ requested: RequestedCertificate,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let preferred = handshake.offer.options.signingSchemes
        guard let credential, let scheme = credential.signatureScheme(for: requested, preferred: preferred) else {
            // A client without certificate says so with an empty list (§4.5.1).
            try channel.send(&handshake.transcript) { writer throws(EncodeError) in
                try CertificateMessage.writeTLS13(requestContext: Span(), chain: [], into: &writer)
            }
            return try complete(&channel)
        }
        let message = handshake.offer.configuration.certificateCompression.message(
            credential.certificateMessageTLS13,
            of: credential,
            with: CertificateStaple()
        ) { requested.certificateCompression.contains($0) }
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in writer.append(message) }
        let request = SignatureRequest(
            scheme: scheme,
            credential: credential,
            message: CertificateVerifyContent.bytes(.client, transcript: try handshake.transcript.digest())
        )
        let state = AwaitClientSignatureTLS13(request: request, ending: self)
        if state.request.isDeferred(state.ending.handshake.offer.deferring) {
            return .handshaking(.awaitSignatureTLS13(state))
        }
        return try state.complete(signature: request.sign(), &channel)
    }

    /// Writes CertificateVerify (§4.5.2) and what follows.
    consuming func complete(
        signature: [UInt8],
        _ scheme: SignatureScheme,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
        }
        self.scheme = scheme
        return try complete(&channel)
    }

    /// Writes Finished (§4.5.3) and changes to the application keys.
    consuming func complete(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        try handshake.sendFinished(&channel)
        let finished = try handshake.transcript.digest()
        let negotiated = negotiated
        var hash = handshake.hash
        let master = try handshake.handshakeSecret.masterSecret(&hash)
        let client = try master.clientTraffic(digest, &hash)
        let serverTraffic = try master.serverTraffic(digest, &hash)
        let exporter = try master.exporter(digest, &hash)
        if let keyLog = handshake.offer.options.keyLog {
            let random = handshake.offer.random
            client.log(to: keyLog, as: .clientApplication, clientRandom: random)
            serverTraffic.log(to: keyLog, as: .serverApplication, clientRandom: random)
            keyLog.log(.exporter, clientRandom: random, secret: exporter)
        }
        let tickets = try Self.ticketReceiver(
            handshake.offer,
            negotiated,
            server.certificates,
            authenticatedAt: handshake.preSharedKey?.session?.authenticatedAt,
            secret: { () throws(TLSError) in try master.resumption(finished, &hash) }
        )
        let authentication = Self.authentication(handshake.offer, negotiated, handshake.transcript)
        try channel.install(receiving: serverTraffic, &hash)
        try channel.install(sending: client, &hash)
        var secrets = ConnectionSecrets(
            sending: client,
            receiving: serverTraffic,
            exporter: exporter,
            cipherSuite: negotiated.cipherSuite,
            isClient: true
        )
        if channel.isQUIC { secrets.forgetTraffic() }
        return .connected(
            Connected(
                negotiated: negotiated,
                peer: server.certificates,
                tickets: tickets,
                authentication: authentication,
                secrets: secrets
            )
        )
    }

    private var negotiated: NegotiatedParameters {
        NegotiatedParameters(
            version: .tls13,
            cipherSuite: handshake.cipherSuite,
            group: handshake.group,
            signatureScheme: server.scheme,
            clientSignatureScheme: scheme,
            applicationProtocol: applicationProtocol,
            serverName: handshake.offer.sentServerName,
            usedHelloRetryRequest: handshake.usedHelloRetryRequest,
            isResumed: handshake.preSharedKey?.session != nil,
            preSharedKeyIdentity: handshake.preSharedKey?.name
        )
    }

    /// What takes the server's tickets (§4.7.1), where sessions are kept.
    private static func ticketReceiver(
        _ offer: borrowing ClientOffer,
        _ negotiated: NegotiatedParameters,
        _ certificates: PeerCertificates,
        authenticatedAt: Int64?,
        secret: () throws(TLSError) -> Secret
    ) throws(TLSError) -> TicketReceiver? {
        guard let cache = offer.sessionCache, let serverName = offer.serverName else { return nil }
        let clock = offer.options.clock
        return TicketReceiver(
            cache: cache,
            clock: clock,
            milliseconds: offer.options.milliseconds,
            serverName: serverName,
            negotiated: negotiated,
            server: certificates,
            authenticatedAt: authenticatedAt ?? clock(),
            secret: try secret()
        )
    }

    /// What answers a request for a certificate that comes later (§4.7.2).
    private static func authentication(
        _ offer: borrowing ClientOffer,
        _ negotiated: NegotiatedParameters,
        _ transcript: consuming Transcript
    ) -> PostHandshakeAuthentication {
        // §4.4.2: a server that took an external key does not ask.
        guard offer.options.offersPostHandshakeAuthentication, negotiated.preSharedKeyIdentity == nil else {
            return .none
        }
        return .client(
            ClientPostHandshake(configuration: offer.configuration, deferring: offer.deferring, handshake: transcript)
        )
    }
}

/// The server asked for a certificate; the driver chooses one.
struct AwaitCertificateTLS13: ~Copyable {
    let request: RequestedCertificate
    private let ending: ClientEndingTLS13

    init(request: RequestedCertificate, ending: consuming ClientEndingTLS13) {
        self.request = request
        self.ending = ending
    }

    consuming func answer(_ credential: Credential?, _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let request = request
        return try ending.show(credential, request, &channel)
    }
}

/// The client's Certificate is written; the signature over it is being made.
struct AwaitClientSignatureTLS13: ~Copyable {
    let request: SignatureRequest
    fileprivate let ending: ClientEndingTLS13

    consuming func complete(signature: [UInt8], _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let scheme = request.scheme
        return try ending.complete(signature: signature, scheme, &channel)
    }
}
