// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a TLS 1.3 server settles before its ServerHello, a step for each thing; sending that message ends it.
struct ServerParametersTLS13: ~Copyable, ~Escapable {
    /// The certificate that is shown, and how its key signs.
    struct Signer {
        let credential: Credential
        let scheme: SignatureScheme
    }

    private let received: ReceivedClientHello
    private let choice: ServerHelloTLS13.Choice
    /// Whether a HelloRetryRequest came before.
    private let isRetried: Bool
    private let name: String?
    private var transcript: Transcript
    private var hash: KeyedHash
    private var applicationProtocol: String?
    /// The client's key that is taken, of an earlier session or external.
    private var preSharedKey: BinderVerified?
    private var signer: Signer?
    /// Nil unless 0-RTT data are taken.
    private var early: EarlyDataSecrets?

    /// - Parameter transcript: The messages before the ClientHello.
    @_lifetime(copy received)
    init(
        _ received: consuming ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice,
        transcript: consuming Transcript,
        isRetried: Bool
    ) throws(TLSError) {
        hash = try cryptographic { () throws(CryptoError) in try KeyedHash(choice.hash) }
        name = received.hello.dnsName
        self.received = received
        self.choice = choice
        self.transcript = transcript
        self.isRetried = isRetried
    }

    /// RFC 7301 §3.2. In QUIC there has to be one (RFC 9001 §8.1).
    mutating func chooseApplicationProtocol() throws(TLSError) {
        applicationProtocol = try received.context.applicationProtocol(received.hello)
        guard applicationProtocol != nil || !received.context.configuration.isQUIC else {
            throw .nothingInCommon(.applicationProtocol)
        }
    }

    /// RFC 9846 §4.3.11. Its binder covers the messages before this ClientHello and the ClientHello itself up to the
    /// binders, which the transcript gets in this step.
    mutating func findPreSharedKey() throws(TLSError) {
        let message = received.message
        let covered = message.count - (received.hello.preSharedKey?.bindersByteCount ?? 0)
        transcript.update(message.extracting(0..<max(0, covered)))
        if received.hello.preSharedKey != nil {
            preSharedKey = try BinderVerified.find(received, choice, transcript.digest(), &hash, takes: true)
        }
        transcript.update(message.extracting(max(0, covered)..<message.count))
    }

    /// The index of the key that is taken.
    private var identity: UInt16? {
        switch preSharedKey {
        case .some(let key): key.identity
        case .none: nil
        }
    }

    /// The name of the external key that is taken.
    private var keyName: [UInt8]? {
        switch preSharedKey {
        case .some(let key): key.name
        case .none: nil
        }
    }

    /// RFC 9846 §4.5.1.2: a certificate that suits the name, with a scheme that the client can verify. One is chosen only
    /// when no key stands for it (§4.2.1).
    mutating func chooseCertificate() throws(TLSError) {
        guard keyName != nil || !received.options.requiresPreSharedKey else { throw .nothingInCommon(.preSharedKey) }
        guard identity == nil else { return }
        // RFC 9846 §4.3.3.
        guard let accepted = received.hello.signatureAlgorithms else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        let preferred = received.options.signatureSchemes
        for credential in received.context.credentials(for: name, received.hello) {
            if let scheme = credential.signatureScheme(in: .tls13, preferred: preferred, peer: accepted) {
                signer = Signer(credential: credential, scheme: scheme)
                return
            }
        }
        throw .nothingInCommon(.signatureScheme)
    }

    /// RFC 9846 §4.3.10.
    mutating func decideEarlyData(_ channel: inout Channel) throws(TLSError) {
        let decision = EarlyDataDecision(
            received,
            preSharedKey,
            cipherSuite: choice.cipherSuite,
            applicationProtocol: applicationProtocol,
            isRetried: isRetried
        )
        if received.hello.hasEarlyData || !isRetried { channel.early.status = decision.status }
        guard decision.isAccepted else { return }
        switch preSharedKey {
        case .some(let key):
            // RFC 9846 §7.1: over the ClientHello alone.
            let secrets = try EarlyDataSecrets(key.earlySecret, transcript.digest(), received, &hash)
            early = .some(secrets)
            channel.early.open(receiving: decision.limit)
        case .none: return
        }
    }

    /// Makes room for the flight at once.
    func reserve(_ channel: inout Channel) {
        let hello = 128 + (choice.group.keyExchangeGroup?.responseLength ?? 0)
        // Certificate; CertificateVerify with up to 512 bytes of signature, Finished, and extensions before them.
        let rest = signer.map { $0.credential.certificateMessageTLS13.count + 640 } ?? 128
        channel.reserve(flight: max(hello, rest), records: hello + rest + 3 * RecordSize.overhead)
    }

    /// RFC 9846 §4.2.3, and what follows from it: the handshake keys (§7.1) and the sizes of records (RFC 8449 §4).
    @_lifetime(copy self)
    consuming func sendServerHello(_ channel: inout Channel) throws(TLSError) -> ServerFlightTLS13 {
        let sharedSecret = try exchangeKeys(&channel.flight)
        if !received.hello.legacySessionID.isEmpty && !isRetried { try channel.writeChangeCipherSpec() }
        channel.receiving.ignoresChangeCipherSpec = true
        let negotiated = negotiated
        let ticketCount = ticketCount
        let acceptsEarlyData = channel.early.status == .accepted
        var handshake = try ServerHandshakeTLS13(
            context: received.context,
            negotiated: negotiated,
            clientRandom: received.clientRandom,
            ticketCount: ticketCount,
            // RFC 9001 §4.4.
            offersPostHandshakeAuthentication: received.hello.hasPostHandshakeAuth && !channel.isQUIC,
            resumed: preSharedKey,
            early: early,
            sharedSecret: sharedSecret,
            transcript: transcript,
            hash: hash
        )
        try handshake.installKeys(&channel)
        let limits =
            channel.isQUIC
            ? RecordLimits.none : RecordLimits(answering: received.hello, received.options.records, version: .tls13)
        limits.apply(to: &channel)
        return ServerFlightTLS13(
            received,
            handshake: handshake,
            signer: signer,
            limits: limits,
            ticketCount: ticketCount,
            acceptsEarlyData: acceptsEarlyData
        )
    }

    /// Writes the ServerHello with our share of the key exchange (RFC 9846 §4.3.8).
    private mutating func exchangeKeys(_ flight: inout ByteWriter) throws(TLSError) -> Secret {
        guard let group = choice.group.keyExchangeGroup else {
            throw .internalFailure("\(choice.group) has no key exchange")
        }
        guard let share = received.hello.keyShares?.publicKey(for: choice.group) else {
            throw .internalFailure("no key share of the chosen group")
        }
        let random = try received.context.drawnRandom(count: 32 + group.responseRandomLength)
        let serverRandom = try received.context.random32(from: random)
        let response: KeyExchangeResponse
        do throws(CryptoError) {
            response = try KeyExchangeResponse.respond(to: share, group: group, random: random)
        } catch {
            throw TLSError(error)
        }
        let publicKey = response.publicKey
        let sessionID = received.hello.legacySessionID
        let choice = choice
        let identity = identity
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try ServerHello.write(
                random: serverRandom.span,
                legacySessionID: sessionID,
                cipherSuite: choice.cipherSuite,
                into: &writer
            ) { extensions in
                extensions.keyShare(choice.group, publicKey: publicKey)
                extensions.selectedVersion(.tls13)
                if let identity { extensions.preSharedKey(selectedIdentity: identity) }
            }
        }
        return response.takeSharedSecret()
    }

    private var negotiated: NegotiatedParameters {
        let keyName = keyName
        return NegotiatedParameters(
            version: .tls13,
            cipherSuite: choice.cipherSuite,
            group: choice.group,
            signatureScheme: signer?.scheme,
            applicationProtocol: applicationProtocol,
            serverName: name,
            usedHelloRetryRequest: isRetried,
            isResumed: identity != nil && keyName == nil,
            preSharedKeyIdentity: keyName,
            unusualName: received.hello.unusualName(besides: name)
        )
    }

    /// How many tickets the client gets. RFC 9846 §4.3.9: without (EC)DHE, the only key exchange that we resume with, it
    /// cannot use them.
    private var ticketCount: Int {
        guard received.hello.allows(.pskWithDHE), keyName == nil,
            let resumption = received.context.configuration.resumption
        else { return 0 }
        return resumption.ticketCount(requested: received.hello.ticketRequest, isResumed: identity != nil)
    }
}
