// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a client offered, and needs to know again when the server answers.
struct ClientOffer: ~Copyable {
    let configuration: ClientConfiguration
    /// Nil when the session was made without one.
    let serverName: ServerName?
    let deferring: DeferredRequests
    /// For a server that is reached by QUIC; nil for any other.
    let transportParameters: [UInt8]?
    let random: [32 of UInt8]
    let sessionID: [UInt8]
    /// The keys whose public parts are in key_share; none when only TLS 1.2 is offered.
    var keyShares: ClientKeyShares
    /// The session whose resumption is offered.
    var session: ResumableSession?
    /// The hash that a HelloRetryRequest settled: keys of another one cannot be offered any more (§4.2.4).
    var retryHash: HashAlgorithm?
    /// The types of the extensions sent: the server may answer these and no others (RFC 9846 §4.3).
    private(set) var extensions = ExtensionSet()

    var options: ClientOptions {
        // Lent: a copy counts references up and down again for each list in it.
        _read { yield configuration.options }
    }

    init(
        configuration: ClientConfiguration,
        serverName: ServerName?,
        deferring: DeferredRequests,
        transportParameters: [UInt8]? = nil
    ) throws(TLSError) {
        self.transportParameters = transportParameters
        self.configuration = configuration
        self.serverName = serverName
        self.deferring = deferring
        var random: [32 of UInt8] = .init(repeating: 0)
        var sessionID: [UInt8] = []
        var session: ResumableSession?
        if let serverName, let cache = Self.sessionCache(configuration, deferring) {
            session = cache.take(
                serverName,
                versions: configuration.options.versions,
                at: configuration.options.clock()
            )
        }
        do throws(CryptoError) {
            let source = try DrawnRandom(
                count: random.count + 32 + ClientKeyShares.randomLength(configuration.keyShares),
                from: configuration.options.random
            )
            var span = random.mutableSpan
            try source.fill(&span)
            // RFC 9846 appendix E.4: a session ID that is not empty makes TLS 1.3 look like a resumption of TLS 1.2.
            // RFC 5077 §3.4: in such a resumption its echo tells that the ticket was accepted.
            if let known = session?.sessionID, !known.isEmpty {
                // RFC 9846 §4.2.2: a session of TLS 1.2 is named by its ID.
                sessionID = known
            } else if transportParameters == nil,
                configuration.options.versions.contains(.tls13) || session?.version == .tls12
            {
                // Not in QUIC, which has no middleboxes to please (RFC 9001 §8.4).
                sessionID = zeros(32)
                var span = sessionID.mutableSpan
                try source.fill(&span)
            }
            keyShares = try ClientKeyShares(configuration.keyShares, random: source)
        } catch {
            throw TLSError(error)
        }
        self.session = session
        self.random = random
        self.sessionID = sessionID
    }

    /// For replays of recorded handshakes: everything is given.
    init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        deferring: DeferredRequests = [],
        random: [32 of UInt8],
        sessionID: [UInt8],
        key: consuming KeyExchangePrivateKey,
        extensions: ExtensionSet
    ) {
        transportParameters = nil
        self.configuration = configuration
        self.serverName = serverName
        self.deferring = deferring
        self.random = random
        self.sessionID = sessionID
        keyShares = ClientKeyShares(key)
        self.extensions = extensions
    }

    /// Where sessions are kept for later.
    ///
    /// A driver that judges certificates itself gets none: what it accepted must not pass for a verified session in
    /// another connection, nor the other way round. So does one that chooses the client's certificate: a session is the
    /// identity that was shown when it began. External keys stand for themselves: whoever takes one back would still be
    /// resumed. A server without a name could not be found again.
    var sessionCache: ClientSessionCache? {
        serverName == nil ? nil : Self.sessionCache(configuration, deferring)
    }

    private static func sessionCache(
        _ configuration: ClientConfiguration,
        _ deferring: DeferredRequests
    ) -> ClientSessionCache? {
        guard configuration.options.sessionCacheCapacity > 0, configuration.options.preSharedKeys.isEmpty,
            deferring.isDisjoint(
                with: configuration.options.keepsSessionsWithDeferredCertificates
                    ? .verification : [.verification, .certificate]
            )
        else { return nil }
        return configuration.sessionCache
    }

    /// The suites of the enabled versions.
    var cipherSuites: [CipherSuite] {
        let versions = options.versions
        let suites = options.cipherSuites.filter { versions.contains($0.isTLS13 ? .tls13 : .tls12) }
        // RFC 7507 §4.
        return options.isFallback ? suites + [.fallbackSCSV] : suites
    }

    /// The ClientHello as bytes, after a HelloRetryRequest with its cookie. The binder is still zeros.
    mutating func hello(cookie: [UInt8]?, isRetried: Bool = false) throws(TLSError) -> [UInt8] {
        var writer = ByteWriter(reserving: 512)
        let content = ClientHelloExtensions(
            options: options,
            serverName: serverName,
            groups: configuration.groups,
            compression: configuration.certificateCompression.accepted,
            resumes: sessionCache != nil,
            ticket: ticketSession?.ticket ?? [],
            cookie: cookie,
            keyShares: keyShares.list,
            preSharedKeys: keys,
            transportParameters: transportParameters,
            // RFC 9846 §4.2.2: not in a second ClientHello.
            offersEarlyData: offersEarlyData && !isRetried
        )
        do throws(EncodeError) {
            extensions = try ClientHello.write(
                random: random.span,
                legacySessionID: sessionID.span,
                cipherSuites: cipherSuites,
                into: &writer
            ) { content.write(into: &$0) }
        } catch {
            throw .internalFailure("the ClientHello outgrew its length fields")
        }
        return writer.takeBytes()
    }

    /// Whether 0-RTT data may be sent with the session (RFC 9846 §4.3.10): its suite and application protocol have to be
    /// offered.
    var offersEarlyData: Bool {
        guard options.offersEarlyData, let session = pskSession, session.maximumEarlyData > 0,
            options.cipherSuites.contains(session.cipherSuite)
        else { return false }
        guard let name = session.applicationProtocol else { return true }
        return options.applicationProtocols.contains(name)
    }

    /// The pre-shared keys that are offered: those of suites that are.
    var keys: [OfferedKey] {
        guard options.versions.contains(.tls13) else { return [] }
        let keys =
            pskSession.map { [OfferedKey.session($0)] }
            ?? options.preSharedKeys.flatMap(\.entries).map(OfferedKey.external)
        return keys.filter { key in
            guard retryHash == nil || key.hash == retryHash else { return false }
            return options.cipherSuites.contains { $0.isTLS13 && $0.hash == key.hash }
        }
    }

    /// The session that is offered as a TLS 1.3 PSK.
    var pskSession: ResumableSession? {
        guard let session, session.version == .tls13 else { return nil }
        return session
    }

    /// The session of TLS 1.2 that is offered, by its ticket or else by its ID.
    var ticketSession: ResumableSession? {
        // RFC 5246 §7.4.1.2: its suite must be offered. RFC 7627 §5.4: without the extension nothing is resumed.
        guard let session, session.version == .tls12, session.usesExtendedMasterSecret,
            options.cipherSuites.contains(session.cipherSuite)
        else { return nil }
        return session
    }

    /// Puts the binders into a ClientHello (RFC 9846 §4.3.11.2).
    ///
    /// - Parameter transcript: The digest of what came before and the part of the ClientHello that binders cover.
    func bind(
        _ hello: inout [UInt8],
        transcript: (HashAlgorithm, Span<UInt8>) throws(TLSError) -> Digest
    ) throws(TLSError) {
        let keys = keys
        let bindersLength = keys.reduce(2) { $0 + 1 + $1.binderLength }
        guard !keys.isEmpty, hello.count > bindersLength else { return }
        let unbound = hello
        let covered = unbound.span.extracting(0..<unbound.count - bindersLength)
        var position = covered.count + 2
        for key in keys {
            guard let algorithm = key.hash else { throw .internalFailure("a pre-shared key without a hash") }
            let binder = try key.binder(transcript(algorithm, covered))
            // Behind its length.
            for index in 0..<binder.count { hello[position + 1 + index] = binder.bytes[index] }
            position += 1 + binder.count
        }
    }

    /// RFC 7301 §3.1: the server answers with one of the names that were offered.
    func checkApplicationProtocol(_ name: Span<UInt8>) throws(TLSError) -> String {
        for (index, offered) in configuration.applicationProtocols.enumerated() where isEqual(offered.span, name) {
            return options.applicationProtocols[index]
        }
        throw .peerMisbehaved(.illegalParameter("an application protocol that was not offered"))
    }

    /// RFC 9846 §4.3: an answer to an extension that was not offered.
    func checkExtensions(_ types: ExtensionSet) throws(TLSError) {
        if let type = types.firstMissing(from: extensions) { throw .peerMisbehaved(.unsolicitedExtension(type)) }
    }

    /// The name as it was sent, if it was.
    var sentServerName: String? {
        if case .dns(let name) = serverName { name } else { nil }
    }
}

extension ClientOffer {
    /// The request to judge the server's chain.
    func verification(_ chain: PeerChain) -> VerificationRequest {
        VerificationRequest(
            certificateChain: chain.certificates,
            serverName: serverName,
            ocspResponse: chain.staple.ocspResponse,
            signedCertificateTimestamps: chain.staple.signedCertificateTimestamps,
            statusPolicy: options.requiresOCSPResponse ? .required : options.requestsOCSPResponse ? .used : .ignored,
            verifier: configuration.verifier,
            acceptsAnyName: options.dangerouslyAcceptsAnyName,
            time: options.clock(),
            judge: configuration.judge
        )
    }
}
