// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A client's reaction to a ServerHello that chose TLS 1.2 (RFC 5246 §7.4.1.3).
///
/// A server without extended_master_secret is accepted, as RFC 7627 §5.2 allows: the attacks that the extension
/// prevents need renegotiation, which this client does not do, or resumption or exporters, which such a connection
/// does not have. A server without renegotiation_info is not accepted: the client cannot see whether its handshake is
/// somebody's renegotiation (RFC 5746 §4.1).
struct ServerHelloAnswerTLS12: ~Copyable {
    private let offer: ClientOffer
    /// The hash of transcript and PRF.
    private let algorithm: HashAlgorithm
    private let randoms: Randoms
    private let applicationProtocol: String?
    private let transcript: Transcript

    /// Takes the ServerHello, step by step.
    static func proceed(
        _ offer: consuming ClientOffer,
        _ hello: borrowing ServerHello,
        clientHello: [UInt8],
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let algorithm = try checkSuite(hello, offer)  // RFC 5246 §7.4.1.3
        let session = try resumedSession(hello, offer)  // RFC 5077 §3.4
        try checkExtensions(hello, offer)  // RFC 5246 §7.4.1.4
        let applicationProtocol = try applicationProtocol(hello, offer)  // RFC 7301 §3.1
        try limitRecords(hello, offer, &channel)  // RFC 8449 §4
        let timestamps = try signedCertificateTimestamps(hello)  // RFC 6962 §3.3.1
        let mayShowCertificate = !offer.options.credentials.isEmpty || offer.deferring.contains(.certificate)
        var transcript = try Transcript(algorithm, recording: mayShowCertificate && session == nil)
        transcript.update(clientHello.span)
        transcript.update(message)
        let answer = ServerHelloAnswerTLS12(
            offer: offer,
            algorithm: algorithm,
            randoms: Randoms(client: offer.random, server: random(hello)),
            applicationProtocol: applicationProtocol,
            transcript: transcript
        )
        if let session { return try answer.resume(session, hello) }
        return answer.start(hello, timestamps)
    }

    // MARK: Steps

    /// - Returns: The suite's hash.
    private static func checkSuite(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer
    ) throws(TLSError) -> HashAlgorithm {
        let suite = hello.cipherSuite
        guard suite.isTLS12, offer.options.cipherSuites.contains(suite), let algorithm = suite.hash else {
            throw .peerMisbehaved(.illegalParameter("the cipher suite \(suite), which was not offered"))
        }
        return algorithm
    }

    /// In TLS 1.2 the echo of the ID accepts the ticket that was offered with it.
    private static func resumedSession(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer
    ) throws(TLSError) -> ResumableSession? {
        guard !offer.sessionID.isEmpty && isEqual(hello.legacySessionID, offer.sessionID.span) else { return nil }
        guard let session = offer.ticketSession else {
            throw .peerMisbehaved(.illegalParameter("the resumption of a session that does not exist"))
        }
        return session
    }

    private static func applicationProtocol(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer
    ) throws(TLSError) -> String? {
        guard let name = hello.applicationProtocol else { return nil }
        return try offer.checkApplicationProtocol(name)
    }

    private static func limitRecords(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer,
        _ channel: inout Channel
    ) throws(TLSError) {
        try RecordLimits(
            recordSizeLimit: hello.recordSizeLimit,
            maxFragmentLength: hello.maxFragmentLength,
            offer.options.records,
            version: .tls12
        ).apply(to: &channel)
    }

    private static func random(_ hello: borrowing ServerHello) -> [32 of UInt8] {
        var random: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { random[index] = hello.random[index] }
        return random
    }

    private static func signedCertificateTimestamps(_ hello: borrowing ServerHello) throws(TLSError) -> [UInt8]? {
        guard let body = hello.extensions.body(of: .signedCertificateTimestamp) else { return nil }
        do throws(DecodeError) {
            var reader = ByteReader(body)
            let list: [UInt8] = copyBytes(try reader.readTimestampList())
            return list
        } catch {
            throw TLSError(error.located(in: .signedCertificateTimestamp), in: .serverHello)
        }
    }

    /// Goes on with a full handshake (RFC 5246 §7.3, figure 1).
    private consuming func start(_ hello: borrowing ServerHello, _ timestamps: [UInt8]?) -> ClientPhase {
        .handshaking(
            .expectCertificateTLS12(
                ExpectCertificateTLS12(
                    handshake: ClientHandshakeTLS12(
                        offer: offer,
                        cipherSuite: hello.cipherSuite,
                        algorithm: algorithm,
                        randoms: randoms,
                        applicationProtocol: applicationProtocol,
                        usesExtendedMasterSecret: hello.hasExtendedMasterSecret,
                        promisesStatus: hello.extensions.contains(.statusRequest),
                        signedCertificateTimestamps: timestamps,
                        sessionID: copyBytes(hello.legacySessionID),
                        promisesTicket: hello.extensions.contains(.sessionTicket),
                        transcript: transcript
                    )
                )
            )
        )
    }

    /// Goes on with a session that both sides know: the server ends its flight at once (RFC 5246 §7.3, figure 2).
    private consuming func resume(
        _ session: ResumableSession,
        _ hello: borrowing ServerHello
    ) throws(TLSError) -> ClientPhase {
        // RFC 5246 §7.4.1.3.
        guard hello.cipherSuite == session.cipherSuite else {
            throw .peerMisbehaved(.illegalParameter("another cipher suite than that of the resumed session"))
        }
        // RFC 7627 §5.3.
        guard hello.hasExtendedMasterSecret else {
            throw .nothingInCommon(.requiredExtension(.extendedMasterSecret))
        }
        let master = MasterSecretTLS12(resuming: session.secret, cipherSuite: session.cipherSuite, randoms: randoms)
        if let keyLog = offer.options.keyLog { master.log(to: keyLog) }
        let authenticated = PeerAuthenticated(resuming: session)
        let algorithm = algorithm
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let keys = try master.keyBlock(&hash)
        let ending = IncomingServerEndingTLS12(
            negotiated: NegotiatedParameters(
                version: .tls12,
                cipherSuite: session.cipherSuite,
                group: nil,
                signatureScheme: authenticated.scheme,
                applicationProtocol: applicationProtocol,
                serverName: offer.sentServerName,
                usedHelloRetryRequest: false,
                isResumed: true
            ),
            server: authenticated.certificates,
            master: master,
            keys: keys,
            hash: hash,
            transcript: transcript,
            sessions: SessionKeeperTLS12(offer, resumed: session, sessionID: [], isExtended: true)
        )
        return ending.begin(promisesTicket: hello.extensions.contains(.sessionTicket))
    }

    private static func checkExtensions(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer
    ) throws(TLSError) {
        // RFC 5246 §7.4.1.4.
        try offer.checkExtensions(hello.extensions.types)
        var iterator = hello.extensions.makeIterator()
        while let next = iterator.next() {
            switch next.type {
            case .serverName, .renegotiationInfo, .extendedMasterSecret, .sessionTicket, .ecPointFormats,
                .applicationLayerProtocolNegotiation, .statusRequest, .signedCertificateTimestamp, .recordSizeLimit,
                .maxFragmentLength:
                continue
            // RFC 9846 §4.3.7: some servers answer it though nobody asked them to.
            case .supportedGroups: continue
            default:
                throw .peerMisbehaved(.illegalParameter("the extension \(next.type) in a ServerHello of TLS 1.2"))
            }
        }
        // RFC 5746 §3.4.
        guard let verifyData = hello.renegotiationInfo else {
            throw .nothingInCommon(.requiredExtension(.renegotiationInfo))
        }
        guard verifyData.isEmpty else {
            throw .malformed(
                MalformedInput(
                    what: HandshakeType.serverHello.description,
                    why: "its renegotiation_info is not that of an initial handshake",
                    alert: .handshakeFailure
                )
            )
        }
        // RFC 8422 §5.2: the list must have the one format that is left.
        if let formats = hello.ecPointFormats, !contains(formats, 0) {
            throw .peerMisbehaved(.illegalParameter("the extension ec_point_formats without uncompressed"))
        }
    }
}
