// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// The ClientHello is out; the server chooses.
struct ExpectServerHello: ~Copyable {
    private var offer: ClientOffer
    /// The ClientHello messages, until the server's choice names the hash.
    private var messages: ClientMessages

    private enum ClientMessages: ~Copyable {
        case first(hello: [UInt8])
        /// After a HelloRetryRequest the suite, and so the hash, is known.
        case second(transcript: Transcript, cipherSuite: CipherSuite)
    }

    /// Whether the server may answer in TLS 1.3.
    var offersTLS13: Bool { offer.options.versions.contains(.tls13) }

    /// Whether the server may answer in TLS 1.2.
    var offersTLS12: Bool { offer.options.versions.contains(.tls12) }

    /// Writes the first ClientHello.
    static func start(
        configuration: ClientConfiguration,
        serverName: ServerName?,
        deferring: DeferredRequests,
        channel: inout Channel
    ) throws(TLSError) -> ExpectServerHello {
        var offer = try ClientOffer(
            configuration: configuration,
            serverName: serverName,
            deferring: deferring,
            transportParameters: channel.localTransportParameters
        )
        var hello = try offer.hello(cookie: nil)
        try offer.bind(&hello) { algorithm, covered throws(TLSError) in
            try Transcript(algorithm).digest(adding: covered)
        }
        return try start(offer: offer, hello: hello, &channel)
    }

    /// Gets ready to send 0-RTT data under client_early_traffic_secret (RFC 9846 §7.1).
    ///
    /// - Returns: Their exporter; nil when none may be sent.
    func startEarlyData(_ channel: inout Channel) throws(TLSError) -> EarlyExporter? {
        guard offer.offersEarlyData, let hello = firstMessage, let session = offer.pskSession,
            let algorithm = session.cipherSuite.hash
        else { return nil }
        // Appendix E.4: then the record that makes this look like TLS 1.2 follows the ClientHello.
        if !offer.sessionID.isEmpty { try channel.writeChangeCipherSpec() }
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let early = try EarlySecret(preSharedKey: session.secret, cipherSuite: session.cipherSuite, &hash)
        let digest = try cryptographic { () throws(CryptoError) in try HashState.hash(algorithm, hello.span) }
        let traffic = try early.clientTraffic(digest, &hash)
        let exporter = try early.exporter(digest, &hash)
        if let keyLog = offer.options.keyLog {
            traffic.log(to: keyLog, as: .clientEarly, clientRandom: offer.random)
            keyLog.log(.earlyExporter, clientRandom: offer.random, secret: exporter)
        }
        try channel.install(sending: traffic, &hash)
        channel.early.open(sending: Int(session.maximumEarlyData))
        return EarlyExporter(exporter, algorithm: algorithm)
    }

    /// The first ClientHello, until a HelloRetryRequest comes.
    private var firstMessage: [UInt8]? {
        switch messages {
        case .first(let hello): hello
        case .second: nil
        }
    }

    /// Sends a ClientHello that is already written.
    static func start(
        offer: consuming ClientOffer,
        hello: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ExpectServerHello {
        // RFC 9846 §5.1: the first record may say TLS 1.0, for servers that look at it.
        channel.sending.plainVersion = 0x0301
        channel.flight.append(hello)
        try channel.flush()
        channel.sending.plainVersion = 0x0303
        return ExpectServerHello(offer: offer, messages: .first(hello: hello))
    }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .serverHello else { throw .unexpected(type, expected: "ServerHello") }
        let hello: ServerHello
        do throws(DecodeError) {
            hello = try ServerHello(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        let version = try checkVersion(hello)
        channel.settle(version)
        // The server has chosen: what it has not got by now waits for the end of the handshake.
        channel.early.closeSending()
        if version == .tls13 { return try receiveTLS13(hello, message, &channel) }
        let offer = offer
        // RFC 9846 appendix E.3: a server that gave a ticket for 0-RTT data and now speaks TLS 1.2 would take them for
        // garbage. Nothing was promised to a client that has sent none.
        if channel.early.status == .offered {
            channel.early.status = .rejected(.protocolVersion)
            throw .peerMisbehaved(.illegalParameter("the version TLS 1.2 in answer to 0-RTT data"))
        }
        guard case .first(let clientHello) = consume messages else {
            throw .peerMisbehaved(.illegalParameter("the version TLS 1.2 after a HelloRetryRequest"))
        }
        return try ServerHelloAnswerTLS12.proceed(offer, hello, clientHello: clientHello, message, &channel)
    }

    /// RFC 9846 §4.2.3, §4.3.1.
    private func checkVersion(_ hello: borrowing ServerHello) throws(TLSError) -> ProtocolVersion {
        let offered = offer.options.versions
        // Appendix E.5: SSL 3.0 and below.
        guard hello.legacyVersion >= .tls10 else { throw .nothingInCommon(.protocolVersion) }
        if let version = hello.supportedVersion {
            try offer.checkExtensions(hello.extensionsWithoutCookie)
            guard version == .tls13 && offered.contains(.tls13) else {
                throw .peerMisbehaved(.illegalParameter("the version \(version) in the extension supported_versions"))
            }
            // RFC 9846 §4.2.3: it does not say the version, and has one value only.
            guard hello.legacyVersion == .tls12 else { throw .nothingInCommon(.protocolVersion) }
            return version
        }
        guard hello.legacyVersion == .tls12 && offered.contains(.tls12) && !hello.isHelloRetryRequest else {
            throw .nothingInCommon(.protocolVersion)
        }
        // §4.2.3: the server could do better, so somebody took the better offer out of the ClientHello.
        if offered.contains(.tls13) && hello.hasDowngradeSentinel { throw .peerMisbehaved(.downgradeDetected) }
        return .tls12
    }
}

// MARK: TLS 1.3

extension ExpectServerHello {
    /// Takes a ServerHello or a HelloRetryRequest, step by step.
    private consuming func receiveTLS13(
        _ hello: borrowing ServerHello,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let algorithm = try checkChoice(hello)  // RFC 9846 §4.2.3
        if hello.isHelloRetryRequest { return try retry(hello, message, algorithm, &channel) }  // §4.2.4
        let share = try share(hello)  // §4.3.8
        let sharedSecret = try exchangeKeys(share)  // §7.4
        let preSharedKey = try preSharedKey(hello, algorithm)  // §4.3.11
        let isRetried = isRetried
        var transcript = try Self.transcript(messages, before: hello, algorithm)  // §4.1
        transcript.update(message)
        var handshake = try ClientHandshakeTLS13(
            offer,
            cipherSuite: hello.cipherSuite,
            group: share.group,
            usedHelloRetryRequest: isRetried,
            preSharedKey: preSharedKey,
            sharedSecret: sharedSecret,
            transcript: transcript
        )
        try handshake.installKeys(&channel)  // §7.1
        return .handshaking(.expectEncryptedExtensions(ExpectEncryptedExtensions(handshake: handshake)))
    }

    /// Checks what both forms of the message have: the session ID, the suite, the kinds of extensions.
    ///
    /// - Returns: The suite's hash.
    private func checkChoice(_ hello: borrowing ServerHello) throws(TLSError) -> HashAlgorithm {
        guard isEqual(hello.legacySessionID, offer.sessionID.span) else {
            throw .peerMisbehaved(.illegalParameter("a session ID that is not the client's"))
        }
        guard hello.cipherSuite.isTLS13, offer.options.cipherSuites.contains(hello.cipherSuite),
            let algorithm = hello.cipherSuite.hash
        else {
            throw .peerMisbehaved(.illegalParameter("the cipher suite \(hello.cipherSuite), which was not offered"))
        }
        // §4.3: what TLS 1.3 moved to other messages must not be here.
        try hello.extensions.checkPlacement(in: hello.isHelloRetryRequest ? .helloRetryRequest : .serverHello)
        return algorithm
    }

    /// The server's share, which must be there.
    @_lifetime(copy hello)
    private func share(_ hello: borrowing ServerHello) throws(TLSError) -> KeyShareEntry {
        if let share = hello.keyShare { return share }
        // §4.3.11: a PSK was offered together with a key exchange only, and such an answer has its own alert.
        if hello.selectedIdentity != nil {
            throw .peerMisbehaved(.illegalParameter("a pre-shared key without the extension key_share"))
        }
        throw .peerMisbehaved(.missingExtension(.keyShare))
    }

    /// Uses up our keys: the server's share must be of a group that one of ours is of.
    private mutating func exchangeKeys(_ share: borrowing KeyShareEntry) throws(TLSError) -> Secret {
        guard offer.keyShares.groups.contains(share.group) else {
            throw .peerMisbehaved(.illegalParameter("a key share of the group \(share.group)"))
        }
        do throws(CryptoError) {
            return try offer.keyShares.takeSharedSecret(of: share.group, with: share.publicKey)
        } catch {
            throw TLSError(error)
        }
    }

    /// The key that the server takes: one of those that were offered, and its hash must be the suite's.
    private func preSharedKey(
        _ hello: borrowing ServerHello,
        _ algorithm: HashAlgorithm
    ) throws(TLSError) -> OfferedKey? {
        guard let identity = hello.selectedIdentity else {
            guard !offer.options.requiresPreSharedKey else { throw .nothingInCommon(.preSharedKey) }
            return nil
        }
        let keys = offer.keys
        guard Int(identity) < keys.count, keys[Int(identity)].hash == algorithm else {
            throw .peerMisbehaved(.illegalParameter("a pre-shared key that was not offered for this suite"))
        }
        return keys[Int(identity)]
    }

    /// Whether a HelloRetryRequest came before.
    private var isRetried: Bool { firstMessage == nil }

    /// The messages before the ServerHello.
    private static func transcript(
        _ messages: consuming ClientMessages,
        before hello: borrowing ServerHello,
        _ algorithm: HashAlgorithm
    ) throws(TLSError) -> Transcript {
        switch consume messages {
        case .first(let clientHello):
            var transcript = try Transcript(algorithm)
            transcript.update(clientHello.span)
            return transcript
        case .second(let transcript, let suite):
            guard suite == hello.cipherSuite else {
                throw .peerMisbehaved(.illegalParameter("another cipher suite than in HelloRetryRequest"))
            }
            return transcript
        }
    }

    /// Answers a HelloRetryRequest (RFC 9846 §4.2.4).
    private consuming func retry(
        _ hello: borrowing ServerHello,
        _ message: [UInt8],
        _ algorithm: HashAlgorithm,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        var offer = offer
        guard case .first(let clientHello) = consume messages else {
            throw .peerMisbehaved(.secondHelloRetryRequest)
        }
        try channel.joiner.expectEmpty()
        let cookie = try offer.change(as: hello)
        let digest = try cryptographic { () throws(CryptoError) in
            try HashState.hash(algorithm, clientHello.span)
        }
        var transcript = try Transcript(algorithm, firstClientHello: digest.bytes)
        transcript.update(message)
        // §4.2.4: a PSK of another hash than the server's suite has cannot be offered again.
        offer.retryHash = algorithm
        if channel.early.status == .offered {
            channel.early.status = .rejected(.helloRetryRequest)
            try channel.removeSealer()
        }
        var second = try offer.hello(cookie: cookie, isRetried: true)
        let earlier = try transcript.copy()
        try offer.bind(&second) { _, covered throws(TLSError) in try earlier.digest(adding: covered) }
        transcript.update(second.span)
        if !offer.sessionID.isEmpty && !channel.hasSentChangeCipherSpec { try channel.writeChangeCipherSpec() }
        channel.receiving.ignoresChangeCipherSpec = true
        channel.flight.append(second)
        return .handshaking(
            .expectServerHello(
                ExpectServerHello(
                    offer: offer,
                    messages: .second(transcript: transcript, cipherSuite: hello.cipherSuite)
                )
            )
        )
    }
}

extension ClientOffer {
    /// Changes what a HelloRetryRequest wants changed: another group, a cookie (RFC 9846 §4.2.4).
    ///
    /// - Returns: The cookie.
    fileprivate mutating func change(as request: borrowing ServerHello) throws(TLSError) -> [UInt8]? {
        var cookie: [UInt8]?
        if let received = request.cookie {
            guard received.count <= TLSLimits.cookieLength else {
                throw .peerMisbehaved(.tooMany("bytes in a cookie"))
            }
            let echo: [UInt8] = copyBytes(received)
            cookie = echo
        }
        if let group = request.selectedGroup {
            // It must be one that was offered, and one that no share was sent for.
            guard options.groups.contains(group) && !keyShares.groups.contains(group) else {
                throw .peerMisbehaved(.illegalParameter("a HelloRetryRequest for the group \(group)"))
            }
            keyShares = try cryptographic { () throws(CryptoError) in
                try ClientKeyShares([group], random: options.random)
            }
        } else if cookie == nil {
            throw .peerMisbehaved(.illegalParameter("a HelloRetryRequest that changes nothing"))
        }
        return cookie
    }
}

extension ServerHello {
    /// The extensions that must have been offered; a cookie comes unasked in a HelloRetryRequest (RFC 9846 §4.3.2).
    fileprivate var extensionsWithoutCookie: ExtensionSet {
        guard isHelloRetryRequest else { return extensions.types }
        var types = ExtensionSet()
        var iterator = extensions.makeIterator()
        while let next = iterator.next() {
            if next.type != .cookie { _ = types.insert(next.type) }
        }
        return types
    }
}
