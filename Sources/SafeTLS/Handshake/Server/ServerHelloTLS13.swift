// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A server's answer to a ClientHello in TLS 1.3: HelloRetryRequest, or ServerHello to Finished in one flight.
enum ServerHelloTLS13 {
    /// Answers a first ClientHello.
    static func respond(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        // A ClientHello that brings one of our cookies is a second one, whichever session saw the first.
        if context.options.sendsRetryCookie, let cookie = hello.cookie {
            let retry = try RetryCookie.open(cookie, context)
            return try retry.resume(context, hello, message, &channel)
        }
        let choice = try choose(context, hello)
        // A client that may send 0-RTT data learns from the missing answer that it is not taken (§4.2.10).
        if hello.hasEarlyData { channel.early.startSkipping() }
        guard let share = hello.keyShares?.publicKey(for: choice.group) else {
            return try requestRetry(context, hello, message, choice, &channel)
        }
        return try flight(
            context,
            hello,
            message,
            choice,
            share: share,
            transcript: Transcript(choice.hash),
            isRetried: false,
            &channel
        )
    }

    // MARK: Choices

    /// What is chosen before the server knows whether it needs another key share.
    struct Choice {
        let cipherSuite: CipherSuite
        let hash: HashAlgorithm
        let group: NamedGroup
    }

    /// RFC 8446 §4.1.1.
    static func choose(_ context: ServerContext, _ hello: borrowing ClientHello) throws(TLSError) -> Choice {
        // §4.1.2: compression is gone.
        guard hello.offersOnlyNullCompression else {
            throw .peerMisbehaved(.illegalParameter("a compression method in a ClientHello of TLS 1.3"))
        }
        try hello.extensions.checkPlacement(in: .clientHello)
        // §9.2: these must be there. Only a certificate needs the first; whether there will be one shows later.
        guard hello.extensions.contains(.signatureAlgorithms) || hello.hasPreSharedKey else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        guard hello.extensions.contains(.supportedGroups) else {
            throw .peerMisbehaved(.missingExtension(.supportedGroups))
        }
        guard hello.extensions.contains(.keyShare) else { throw .peerMisbehaved(.missingExtension(.keyShare)) }
        // §4.2.9: also when no PSK is taken.
        guard !hello.hasPreSharedKey || hello.extensions.contains(.pskKeyExchangeModes) else {
            throw .peerMisbehaved(.missingExtension(.pskKeyExchangeModes))
        }
        let suite = try cipherSuite(context, hello)
        guard let hash = suite.hash else { throw .internalFailure("\(suite) has no hash") }
        return Choice(cipherSuite: suite, hash: hash, group: try group(context, hello))
    }

    /// The most wanted suite, of those that go with an external key of the client if there is one (§4.2.11).
    private static func cipherSuite(
        _ context: ServerContext,
        _ hello: borrowing ClientHello
    ) throws(TLSError) -> CipherSuite {
        if !context.configuration.preSharedKeys.isEmpty, let offer = hello.preSharedKey {
            for index in 0..<min(offer.count, TLSLimits.pskIdentities) {
                guard let identity = offer.identity(at: index),
                    let entry = context.configuration.preSharedKey(identity.identity)
                else { continue }
                if let suite = try? context.cipherSuite(hello, where: { $0.isTLS13 && $0.hash == entry.hash }) {
                    return suite
                }
            }
        }
        return try context.cipherSuite(hello) { $0.isTLS13 }
    }

    /// The most wanted group that the client sent a share for; asking for another one costs a round trip.
    private static func group(
        _ context: ServerContext,
        _ hello: borrowing ClientHello
    ) throws(TLSError) -> NamedGroup {
        guard let supported = hello.supportedGroups else { throw .nothingInCommon(.group) }
        let common = context.groups(of: supported)
        guard let wanted = common.first else { throw .nothingInCommon(.group) }
        for group in common where hello.keyShares?.contains(group) ?? false { return group }
        return wanted
    }

    /// RFC 8446 §4.4.2.2: a certificate that suits the name and a scheme the client can verify.
    private static func credential(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        name: String?
    ) throws(TLSError) -> (credential: Credential, scheme: SignatureScheme) {
        // §4.2.3.
        guard let accepted = hello.signatureAlgorithms else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        for credential in context.credentials(for: name, hello) {
            if let scheme = credential.signatureScheme(
                in: .tls13,
                preferred: context.options.signatureSchemes,
                peer: accepted
            ) {
                return (credential, scheme)
            }
        }
        throw .nothingInCommon(.signatureScheme)
    }

    // MARK: HelloRetryRequest

    /// RFC 8446 §4.1.4: asks for a share of the chosen group.
    private static func requestRetry(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ choice: Choice,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        try channel.joiner.expectEmpty()
        let digest = try cryptographic { () throws(CryptoError) in try HashState.hash(choice.hash, message.span) }
        let invariants = try RetryInvariants.digest(of: hello)
        let cookie =
            context.options.sendsRetryCookie
            ? try RetryCookie(choice: choice, firstClientHello: digest, invariants: invariants).sealed(context) : nil
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(choice.hash) }
        let resumes =
            try BinderVerified.find(
                context,
                hello,
                message,
                choice,
                Transcript(choice.hash),
                &hash,
                takes: false
            ) != nil
        if hello.hasEarlyData {
            let reason: EarlyDataStatus.Reason = resumes ? .helloRetryRequest : .notResumed
            channel.early.status = .rejected(context.options.earlyData == nil ? .disabled : reason)
        }
        var transcript = try Transcript(choice.hash, firstClientHello: digest.bytes)
        try writeRetryRequest(hello.legacySessionID, choice, cookie: cookie, &transcript, &channel.flight)
        // Appendix D.4: the record that makes this look like TLS 1.2 follows the first message.
        if !hello.legacySessionID.isEmpty { try channel.writeChangeCipherSpec() }
        channel.receiving.ignoresChangeCipherSpec = true
        return .handshaking(
            .expectSecondClientHello(
                ExpectSecondClientHello(
                    context: context,
                    choice: choice,
                    transcript: transcript,
                    invariants: invariants,
                    cookie: cookie,
                    resumes: resumes
                )
            )
        )
    }

    static func writeRetryRequest(
        _ sessionID: Span<UInt8>,
        _ choice: Choice,
        cookie: [UInt8]?,
        _ transcript: inout Transcript,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try ServerHello.writeHelloRetryRequest(
                legacySessionID: sessionID,
                cipherSuite: choice.cipherSuite,
                into: &writer
            ) { extensions in
                extensions.selectedVersion(.tls13)
                extensions.selectedGroup(choice.group)
                if let cookie { extensions.cookie(cookie) }
            }
        }
    }

    // MARK: ServerHello … Finished

    /// Writes the flight up to the certificate and gets it signed.
    static func flight(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ message: [UInt8],
        _ choice: Choice,
        share: Span<UInt8>,
        transcript: consuming Transcript,
        isRetried: Bool,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        var transcript = transcript
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(choice.hash) }
        let name = hello.dnsName
        let applicationProtocol = try context.applicationProtocol(hello)
        // A certificate is chosen only when no earlier session stands for one (§4.1.1).
        let resumed = try BinderVerified.find(context, hello, message, choice, transcript, &hash, takes: true)
        let identity: UInt16? =
            switch resumed {
            case .some(let resumed): resumed.identity
            case .none: nil
            }
        let keyName: [UInt8]? =
            switch resumed {
            case .some(let resumed): resumed.name
            case .none: nil
            }
        guard keyName != nil || !context.options.requiresPreSharedKey else { throw .nothingInCommon(.preSharedKey) }
        let signer = identity == nil ? try credential(context, hello, name: name) : nil
        transcript.update(message)
        let early = EarlyDataDecision(
            context,
            hello,
            resumed,
            cipherSuite: choice.cipherSuite,
            applicationProtocol: applicationProtocol,
            isRetried: isRetried
        )
        if hello.hasEarlyData || !isRetried { channel.early.status = early.status }
        var earlySecrets: EarlyDataSecrets?
        if early.isAccepted {
            switch resumed {
            case .some(let resumed):
                // §7.1: over the ClientHello alone.
                let digest = try transcript.digest()
                earlySecrets = try startEarlyData(
                    context,
                    clientRandom: random(hello),
                    resumed.earlySecret,
                    limit: early.limit,
                    digest,
                    &hash,
                    &channel
                )
            case .none: break
            }
        }

        // ServerHello (§4.1.3) and what follows from the key exchange (§7.1).
        let sharedSecret = try writeServerHello(
            context,
            hello,
            choice,
            share: share,
            identity: identity,
            &transcript,
            &channel
        )
        if !hello.legacySessionID.isEmpty && !isRetried { try channel.writeChangeCipherSpec() }
        channel.receiving.ignoresChangeCipherSpec = true
        let negotiated = NegotiatedParameters(
            version: .tls13,
            cipherSuite: choice.cipherSuite,
            group: choice.group,
            signatureScheme: signer?.scheme,
            applicationProtocol: applicationProtocol,
            serverName: name,
            usedHelloRetryRequest: isRetried,
            isResumed: identity != nil && keyName == nil,
            preSharedKeyIdentity: keyName,
            unusualName: hello.unusualName
        )
        // §4.2.9: without (EC)DHE, the only key exchange that we resume with, the client cannot use them.
        var ticketCount = 0
        if hello.allows(.pskWithDHE), keyName == nil, let resumption = context.configuration.resumption {
            ticketCount = resumption.ticketCount(requested: hello.ticketRequest, isResumed: identity != nil)
        }
        let answersTicketRequest = hello.ticketRequest != nil && ticketCount > 0
        var handshake = try ServerHandshakeTLS13(
            context: context,
            negotiated: negotiated,
            clientRandom: random(hello),
            ticketCount: ticketCount,
            offersPostHandshakeAuthentication: hello.hasPostHandshakeAuth,
            resumed: resumed,
            early: earlySecrets,
            sharedSecret: sharedSecret,
            transcript: transcript,
            hash: hash
        )
        try handshake.installKeys(&channel)
        let limits = RecordLimits(answering: hello, context.options.records, version: .tls13)
        limits.apply(to: &channel)

        // EncryptedExtensions (§4.3.1). An answer to server_name says that the name was used, and a session that is
        // resumed already has its name (RFC 6066 §3).
        let acknowledgesName = name != nil && !negotiated.isResumed
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try EncryptedExtensions.write(into: &writer) { extensions in
                if acknowledgesName { extensions.addEmpty(.serverName) }
                extensions.recordLimits(limits)
                if let applicationProtocol { extensions.applicationProtocols([applicationProtocol]) }
                if early.isAccepted { extensions.addEmpty(.earlyData) }
                if answersTicketRequest { extensions.expectedTickets(ticketCount) }
            }
        }
        guard let signer else { return try handshake.finish(&channel) }

        // CertificateRequest (§4.3.2). Not in a resumption: the session stands for its client.
        if let authenticator = context.configuration.clientAuthenticator {
            try channel.send(&handshake.transcript) { writer throws(EncodeError) in
                writer.append(authenticator.requestMessageTLS13)
            }
            handshake.authenticator = authenticator
        }

        // Certificate (§4.4.2), then what its CertificateVerify signs (§4.4.3).
        let staple = signer.credential.staple.answer(to: hello, at: context.options.clock())
        let certificate = try certificateMessage(context, hello, signer.credential, staple)
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in writer.append(certificate) }
        let request = SignatureRequest(
            scheme: signer.scheme,
            credential: signer.credential,
            message: CertificateVerifyContent.bytes(.server, transcript: try handshake.transcript.digest())
        )
        let state = AwaitSignatureTLS13(request: request, handshake: handshake)
        if context.deferring.contains(.signature) { return .handshaking(.awaitSignatureTLS13(state)) }
        return try state.complete(signature: request.sign(), &channel)
    }

    /// The Certificate message, compressed for clients that want that (RFC 8879).
    private static func certificateMessage(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ credential: Credential,
        _ staple: CertificateStaple
    ) throws(TLSError) -> [UInt8] {
        let message: [UInt8]
        do throws(EncodeError) {
            message = try credential.certificateTLS13(staple)
        } catch {
            throw .internalFailure("a Certificate message outgrew its length field")
        }
        guard let offered = hello.certificateCompression else { return message }
        let accepted = offered.array
        return context.configuration.certificateCompression.message(message, of: credential, with: staple) {
            accepted.contains($0)
        }
    }

    /// Gets ready to receive 0-RTT data.
    private static func startEarlyData(
        _ context: ServerContext,
        clientRandom: [32 of UInt8],
        _ secret: borrowing EarlySecret,
        limit: Int,
        _ digest: Digest,
        _ hash: inout KeyedHash,
        _ channel: inout Channel
    ) throws(TLSError) -> EarlyDataSecrets {
        let traffic = try secret.clientTraffic(digest, &hash)
        let exporter = try secret.exporter(digest, &hash)
        if let keyLog = context.options.keyLog {
            traffic.log(to: keyLog, as: .clientEarly, clientRandom: clientRandom)
            keyLog.log(.earlyExporter, clientRandom: clientRandom, secret: exporter)
        }
        channel.early.open(receiving: limit)
        return EarlyDataSecrets(traffic: traffic, exporter: EarlyExporter(exporter, algorithm: hash.algorithm))
    }

    private static func writeServerHello(
        _ context: ServerContext,
        _ hello: borrowing ClientHello,
        _ choice: Choice,
        share: Span<UInt8>,
        identity: UInt16?,
        _ transcript: inout Transcript,
        _ channel: inout Channel
    ) throws(TLSError) -> Secret {
        guard let group = choice.group.keyExchangeGroup else {
            throw .internalFailure("\(choice.group) has no key exchange")
        }
        let serverRandom = try context.random32()
        let response: KeyExchangeResponse
        do throws(CryptoError) {
            response = try KeyExchangeResponse.respond(to: share, group: group, random: context.options.random)
        } catch {
            throw TLSError(error)
        }
        let publicKey = response.publicKey
        let sessionID = hello.legacySessionID
        try channel.send(&transcript) { writer throws(EncodeError) in
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

    static func random(_ hello: borrowing ClientHello) -> [32 of UInt8] {
        var random: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { random[index] = hello.random[index] }
        return random
    }
}
