// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What every state of a TLS 1.3 client knows from the ServerHello on.
struct ClientHandshakeTLS13: ~Copyable {
    let offer: ClientOffer
    let cipherSuite: CipherSuite
    let group: NamedGroup
    let usedHelloRetryRequest: Bool
    /// The session that the server agreed to resume: it stands for certificate and signature.
    let resumed: ResumableSession?
    var transcript: Transcript
    var hash: KeyedHash
    let handshakeSecret: HandshakeSecret
    let clientTraffic: TrafficSecret
    let serverTraffic: TrafficSecret
}

/// EncryptedExtensions come next (RFC 8446 §4.3.1).
struct ExpectEncryptedExtensions: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13

    init(handshake: consuming ClientHandshakeTLS13) { self.handshake = handshake }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .encryptedExtensions else { throw .unexpected(type, expected: "EncryptedExtensions") }
        let received: EncryptedExtensions
        do throws(DecodeError) {
            received = try EncryptedExtensions(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        try handshake.offer.checkExtensions(received.extensions.types)
        try received.extensions.checkPlacement(in: .encryptedExtensions)
        var applicationProtocol: String?
        if let name = received.applicationProtocol {
            applicationProtocol = try handshake.offer.checkApplicationProtocol(name)
        }
        handshake.transcript.update(message.span)
        if let resumed = handshake.resumed {
            return .handshaking(
                .expectFinishedTLS13(
                    ExpectServerFinishedTLS13(
                        handshake: handshake,
                        applicationProtocol: applicationProtocol,
                        requestContext: nil,
                        server: PeerAuthenticated(resuming: resumed)
                    )
                )
            )
        }
        return .handshaking(
            .expectCertificateTLS13(
                ExpectCertificateTLS13(
                    handshake: handshake,
                    applicationProtocol: applicationProtocol,
                    requestContext: nil
                )
            )
        )
    }
}

/// The server's Certificate comes next, with a CertificateRequest before it when it wants one too (§4.3.2, §4.4.2).
struct ExpectCertificateTLS13: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    /// The context of a CertificateRequest, if one came.
    fileprivate var requestContext: [UInt8]?

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        switch type {
        case .certificateRequest where requestContext == nil:
            requestContext = try Self.context(message)
            handshake.transcript.update(message.span)
            return .handshaking(.expectCertificateTLS13(self))
        case .certificate:
            let chain = try Self.chain(message, handshake.offer)
            handshake.transcript.update(message.span)
            return .handshaking(
                .expectCertificateVerify(
                    ExpectCertificateVerify(
                        handshake: handshake,
                        applicationProtocol: applicationProtocol,
                        requestContext: requestContext,
                        chain: chain
                    )
                )
            )
        default:
            throw .unexpected(type, expected: "Certificate")
        }
    }

    private static func context(_ message: [UInt8]) throws(TLSError) -> [UInt8] {
        let request: CertificateRequest
        do throws(DecodeError) {
            request = try CertificateRequest(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .certificateRequest)
        }
        try request.extensions.checkPlacement(in: .certificateRequest)
        guard request.signatureAlgorithms != nil else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        // §4.3.2: only post-handshake authentication has a context.
        guard request.requestContext.isEmpty else {
            throw .peerMisbehaved(.illegalParameter("a context in a CertificateRequest of the handshake"))
        }
        return copyBytes(request.requestContext)
    }

    private static func chain(
        _ message: [UInt8],
        _ offer: borrowing ClientOffer
    ) throws(TLSError) -> PeerChain {
        let received: CertificateMessage
        do throws(DecodeError) {
            received = try CertificateMessage(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength),
                version: .tls13
            )
        } catch {
            throw TLSError(error, in: .certificate)
        }
        guard received.requestContext.isEmpty else {
            throw .peerMisbehaved(.illegalParameter("a context in a server's Certificate"))
        }
        var entries = received.makeIterator()
        while let entry = entries.next() {
            try offer.checkExtensions(entry.extensions.types)
            try entry.extensions.checkPlacement(in: .certificate)
        }
        return try PeerChain(received)
    }
}

/// The proof that the server has the certificate's key comes next (RFC 8446 §4.4.3).
struct ExpectCertificateVerify: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let requestContext: [UInt8]?
    fileprivate let chain: PeerChain

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .certificateVerify else { throw .unexpected(type, expected: "CertificateVerify") }
        let content = CertificateVerifyContent.bytes(.server, transcript: try handshake.transcript.digest())
        let signed: DigitallySigned
        do throws(DecodeError) {
            signed = try DigitallySigned(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        let proof = try HandshakeSignatureVerified(
            signed,
            content: content.span,
            chain: chain,
            version: .tls13,
            accepted: handshake.offer.options.signatureSchemes
        )
        handshake.transcript.update(message.span)
        let state = AwaitVerdictTLS13(
            handshake: handshake,
            applicationProtocol: applicationProtocol,
            requestContext: requestContext,
            chain: chain,
            proof: proof
        )
        if state.handshake.offer.deferring.contains(.verification) {
            return .handshaking(.awaitVerdictTLS13(state))
        }
        let verdict = state.request.verdict()
        return try state.answer(verdict, &channel)
    }
}

/// The server has proved that it owns the certificate; whether the certificate is good is being judged.
struct AwaitVerdictTLS13: ~Copyable {
    fileprivate let handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let requestContext: [UInt8]?
    fileprivate let chain: PeerChain
    fileprivate let proof: HandshakeSignatureVerified

    var request: VerificationRequest {
        VerificationRequest(
            certificateChain: chain.certificates,
            serverName: handshake.offer.serverName,
            configuration: handshake.offer.configuration
        )
    }

    consuming func answer(_ verdict: Verdict, _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let authenticated = try PeerAuthenticated(verdict, chain: chain, proof: proof)
        return .handshaking(
            .expectFinishedTLS13(
                ExpectServerFinishedTLS13(
                    handshake: handshake,
                    applicationProtocol: applicationProtocol,
                    requestContext: requestContext,
                    server: authenticated
                )
            )
        )
    }
}

/// The server's Finished comes next; ours completes the handshake (RFC 8446 §4.4.4).
struct ExpectServerFinishedTLS13: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let requestContext: [UInt8]?
    fileprivate let server: PeerAuthenticated

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        let digest = try handshake.finish(message, requestContext: requestContext, &channel)
        return try connect(digest, finished: handshake.transcript.digest(), &channel)
    }

    /// Changes to the application keys.
    private consuming func connect(
        _ digest: Digest,
        finished: Digest,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let negotiated = NegotiatedParameters(
            version: .tls13,
            cipherSuite: handshake.cipherSuite,
            group: handshake.group,
            signatureScheme: server.scheme,
            applicationProtocol: applicationProtocol,
            serverName: handshake.offer.sentServerName,
            usedHelloRetryRequest: handshake.usedHelloRetryRequest,
            isResumed: handshake.resumed != nil
        )
        let random = handshake.offer.random
        let keyLog = handshake.offer.options.keyLog
        let authenticatedAt = handshake.resumed?.authenticatedAt ?? handshake.offer.options.clock()
        var hash = handshake.hash
        let master = try handshake.handshakeSecret.masterSecret(&hash)
        let client = try master.clientTraffic(digest, &hash)
        let serverTraffic = try master.serverTraffic(digest, &hash)
        let exporter = try master.exporter(digest, &hash)
        if let keyLog {
            client.log(to: keyLog, as: .clientApplication, clientRandom: random)
            serverTraffic.log(to: keyLog, as: .serverApplication, clientRandom: random)
            keyLog.log(.exporter, clientRandom: random, secret: exporter)
        }
        let receiver: TicketReceiver?
        if let cache = handshake.offer.sessionCache {
            receiver = TicketReceiver(
                cache: cache,
                clock: handshake.offer.options.clock,
                serverName: handshake.offer.serverName,
                negotiated: negotiated,
                server: server.certificates,
                authenticatedAt: authenticatedAt,
                secret: try master.resumption(finished, &hash)
            )
        } else {
            receiver = nil
        }
        try channel.install(opener: serverTraffic.opener(&hash))
        try channel.install(sealer: client.sealer(&hash))
        return .connected(
            Connected(
                negotiated: negotiated,
                peer: server.certificates,
                tickets: receiver,
                secrets: ConnectionSecrets(
                    sending: client,
                    receiving: serverTraffic,
                    exporter: exporter,
                    cipherSuite: negotiated.cipherSuite,
                    isClient: true
                )
            )
        )
    }
}

extension ClientHandshakeTLS13 {
    /// Checks the server's Finished and sends the client's last flight.
    ///
    /// - Returns: The digest of ClientHello…server Finished, from which the application secrets are derived.
    mutating func finish(
        _ message: [UInt8],
        requestContext: [UInt8]?,
        _ channel: inout Channel
    ) throws(TLSError) -> Digest {
        let expected = try serverTraffic.verifyData(
            transcript: transcript.digest(),
            &hash
        )
        try FinishedCheck.verify(message, expected: expected)
        transcript.update(message.span)

        // §7.1: everything of the application phase is derived from ClientHello…server Finished.
        let digest = try transcript.digest()
        if let requestContext {
            // A client without certificate says so with an empty list (§4.4.2).
            try channel.send(&transcript) { writer throws(EncodeError) in
                try CertificateMessage.writeTLS13(requestContext: requestContext.span, chain: [], into: &writer)
            }
        }
        let verifyData = try clientTraffic.verifyData(
            transcript: transcript.digest(),
            &hash
        )
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        return digest
    }
}
