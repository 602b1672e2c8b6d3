// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What 0-RTT data are read with, and the exporter that goes with them.
struct EarlyDataSecrets: ~Copyable {
    /// client_early_traffic_secret.
    let traffic: TrafficSecret
    let exporter: EarlyExporter

    /// - Parameter digest: Of the ClientHello (RFC 9846 §7.1).
    init(
        _ secret: borrowing EarlySecret,
        _ digest: Digest,
        _ received: borrowing ReceivedClientHello,
        _ hash: inout KeyedHash
    ) throws(TLSError) {
        let traffic = try secret.clientTraffic(digest, &hash)
        let exporter = try secret.exporter(digest, &hash)
        if let keyLog = received.options.keyLog {
            let random = received.clientRandom
            traffic.log(to: keyLog, as: .clientEarly, clientRandom: random)
            keyLog.log(.earlyExporter, clientRandom: random, secret: exporter)
        }
        self.traffic = traffic
        self.exporter = EarlyExporter(exporter, algorithm: hash.algorithm)
    }
}

/// What a TLS 1.3 server knows from its ServerHello on, until its Finished is out.
struct ServerHandshakeTLS13: ~Copyable {
    let context: ServerContext
    let negotiated: NegotiatedParameters
    var transcript: Transcript
    private let clientRandom: [32 of UInt8]
    /// How many tickets the client gets.
    private let ticketCount: Int
    /// When the session was authenticated first; nil when it is being authenticated now.
    private let authenticatedAt: Int64?
    /// The client of the session that is resumed.
    private let client: PeerAuthenticated
    /// Whether the client may be asked for a certificate later (§4.3.6).
    private let offersPostHandshakeAuthentication: Bool
    /// The authenticator whose CertificateRequest was sent.
    var authenticator: ClientAuthenticator?
    private var hash: KeyedHash
    private let handshakeSecret: HandshakeSecret
    private let clientTraffic: TrafficSecret
    /// Nil unless 0-RTT data are taken.
    private let early: EarlyDataSecrets?
    private let serverTraffic: TrafficSecret

    /// Derives the handshake's secrets (§7.1).
    ///
    /// - Parameters:
    ///   - early: Nil unless 0-RTT data are taken.
    ///   - transcript: ClientHello…ServerHello.
    init(
        context: ServerContext,
        negotiated: NegotiatedParameters,
        clientRandom: [32 of UInt8],
        ticketCount: Int,
        offersPostHandshakeAuthentication: Bool = false,
        resumed: consuming BinderVerified?,
        early earlySecrets: consuming EarlyDataSecrets? = nil,
        sharedSecret: consuming Secret,
        transcript: consuming Transcript,
        hash: consuming KeyedHash
    ) throws(TLSError) {
        var transcript = transcript
        var hash = hash
        let authenticatedAt: Int64?
        let client: PeerAuthenticated
        let early: EarlySecret
        switch consume resumed {
        case .some(let resumed):
            switch resumed.source {
            case .session(let state):
                authenticatedAt = state.authenticatedAt
                client = PeerAuthenticated(resuming: state)
            case .external:
                authenticatedAt = nil
                client = .anonymous
            }
            early = resumed.earlySecret
        case .none:
            authenticatedAt = nil
            client = .anonymous
            early = EarlySecret(cipherSuite: negotiated.cipherSuite)
        }
        let handshakeSecret = try early.handshakeSecret(sharedSecret: sharedSecret, &hash)
        let digest = try transcript.digest()
        let clientTraffic = try handshakeSecret.clientTraffic(digest, &hash)
        let serverTraffic = try handshakeSecret.serverTraffic(digest, &hash)
        self.clientTraffic = clientTraffic
        self.early = earlySecrets
        self.serverTraffic = serverTraffic
        self.handshakeSecret = handshakeSecret
        self.authenticatedAt = authenticatedAt
        self.client = client
        self.context = context
        self.negotiated = negotiated
        self.clientRandom = clientRandom
        self.ticketCount = ticketCount
        self.offersPostHandshakeAuthentication = offersPostHandshakeAuthentication
        self.transcript = transcript
        self.hash = hash
    }

    /// Starts to send and receive under the handshake keys.
    mutating func installKeys(_ channel: inout Channel) throws(TLSError) {
        if let keyLog = context.options.keyLog {
            clientTraffic.log(to: keyLog, as: .clientHandshake, clientRandom: clientRandom)
            serverTraffic.log(to: keyLog, as: .serverHandshake, clientRandom: clientRandom)
        }
        try channel.install(sending: serverTraffic, &hash)
        switch early {
        case .some(let early): try channel.install(receiving: early.traffic, &hash)
        case .none: try channel.install(receiving: clientTraffic, &hash)
        }
    }

    /// Writes Finished and starts to send under the application keys (§4.5.3).
    consuming func finish(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        let began = authenticatedAt ?? context.options.clock()
        let verifyData = try serverTraffic.verifyData(transcript: transcript.digest(), &hash)
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        // §7.1: everything of the application phase is derived from ClientHello…server Finished.
        let digest = try transcript.digest()
        let master = try handshakeSecret.masterSecret(&hash)
        let clientApplication = try master.clientTraffic(digest, &hash)
        let serverApplication = try master.serverTraffic(digest, &hash)
        let exporter = try master.exporter(digest, &hash)
        if let keyLog = context.options.keyLog {
            clientApplication.log(to: keyLog, as: .clientApplication, clientRandom: clientRandom)
            serverApplication.log(to: keyLog, as: .serverApplication, clientRandom: clientRandom)
            keyLog.log(.exporter, clientRandom: clientRandom, secret: exporter)
        }
        try channel.install(sending: serverApplication, &hash)
        let authenticator = authenticator
        let flight = IncomingClientFlightTLS13(
            context: context,
            negotiated: negotiated,
            transcript: transcript,
            digest: digest,
            hash: hash,
            clientTraffic: clientTraffic,
            master: master,
            secrets: ConnectionSecrets(
                sending: serverApplication,
                receiving: clientApplication,
                exporter: exporter,
                cipherSuite: negotiated.cipherSuite,
                isClient: false
            ),
            authenticatedAt: began,
            ticketCount: ticketCount,
            offersPostHandshakeAuthentication: offersPostHandshakeAuthentication,
            client: client
        )
        if let authenticator {
            return .handshaking(
                .expectCertificateTLS13(ExpectClientCertificateTLS13(authenticator: authenticator, flight: flight))
            )
        }
        switch consume early {
        case .some(let early):
            return .takingEarlyData(
                .expectEndOfEarlyData(ExpectEndOfEarlyData(flight: flight)),
                EarlyConnection(negotiated: negotiated, exporter: early.exporter)
            )
        case .none:
            return .handshaking(.expectFinishedTLS13(ExpectClientFinishedTLS13(flight: flight)))
        }
    }
}
