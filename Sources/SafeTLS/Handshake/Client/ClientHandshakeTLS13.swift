// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What every state of a TLS 1.3 client knows from the ServerHello on.
struct ClientHandshakeTLS13: ~Copyable {
    let offer: ClientOffer
    let cipherSuite: CipherSuite
    let group: NamedGroup
    let usedHelloRetryRequest: Bool
    /// The key that the server took: it stands for certificate and signature.
    let preSharedKey: OfferedKey?
    var transcript: Transcript
    var hash: KeyedHash
    let handshakeSecret: HandshakeSecret
    let clientTraffic: TrafficSecret
    let serverTraffic: TrafficSecret
}

/// EncryptedExtensions come next (RFC 9846 §4.4.1).
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
        if channel.isQUIC {
            try channel.settleQUIC(received.quicTransportParameters, applicationProtocol: applicationProtocol)
        }
        try RecordLimits(
            recordSizeLimit: received.recordSizeLimit,
            maxFragmentLength: received.maxFragmentLength,
            handshake.offer.options.records,
            version: .tls13
        ).apply(to: &channel)
        try handshake.settleEarlyData(received.acceptsEarlyData, applicationProtocol, &channel)
        handshake.transcript.update(message)
        if let key = handshake.preSharedKey {
            return .handshaking(
                .expectFinishedTLS13(
                    ExpectServerFinishedTLS13(
                        handshake: handshake,
                        applicationProtocol: applicationProtocol,
                        request: nil,
                        server: PeerAuthenticated(sharing: key)
                    )
                )
            )
        }
        return .handshaking(
            .expectCertificateTLS13(
                ExpectCertificateTLS13(
                    handshake: handshake,
                    applicationProtocol: applicationProtocol,
                    request: nil
                )
            )
        )
    }
}

/// The server's Certificate comes next, with a CertificateRequest before it when it wants one too (§4.4.2, §4.5.1).
struct ExpectCertificateTLS13: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    /// The server's CertificateRequest, if one came.
    fileprivate var request: RequestedCertificate?

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ClientPhase {
        switch type {
        case .certificateRequest where request == nil:
            request = try RequestedCertificate(
                handshakeTLS13: message,
                handshake.offer.configuration.certificateCompression
            )
            handshake.transcript.update(message)
            return .handshaking(.expectCertificateTLS13(self))
        case .certificate:
            return try receive(certificate: message, as: message)
        case .compressedCertificate where handshake.offer.extensions.contains(.compressCertificate):
            let certificate = try handshake.offer.configuration.certificateCompression.decompress(message)
            return try receive(certificate: certificate, as: message)
        default:
            throw .unexpected(type, expected: "Certificate")
        }
    }

    /// - Parameter message: The message as it came, which may be a CompressedCertificate (RFC 8879 §4).
    private consuming func receive(certificate: [UInt8], as message: [UInt8]) throws(TLSError) -> ClientPhase {
        let chain = try Self.chain(certificate, handshake.offer)
        handshake.transcript.update(message)
        return .handshaking(
            .expectCertificateVerify(
                ExpectCertificateVerify(
                    handshake: handshake,
                    applicationProtocol: applicationProtocol,
                    request: request,
                    chain: chain
                )
            )
        )
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
        return try PeerChain(
            received,
            for: offer.configuration.verifier,
            name: offer.serverName,
            isLenient: offer.options.readsCertificatesLeniently
        )
    }
}

/// The proof that the server has the certificate's key comes next (RFC 9846 §4.5.2).
struct ExpectCertificateVerify: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let request: RequestedCertificate?
    fileprivate let chain: PeerChain

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ClientPhase {
        guard type == .certificateVerify else { throw .unexpected(type, expected: "CertificateVerify") }
        handshake.offer.options.verificationObserver?(handshake.offer.verification(chain))
        let proof = try HandshakeSignatureVerified(
            certificateVerify: message,
            content: CertificateVerifyContent.bytes(.server, transcript: try handshake.transcript.digest()),
            chain: chain,
            version: .tls13,
            accepted: handshake.offer.options.signatureSchemes
        )
        handshake.transcript.update(message)
        let state = AwaitVerdictTLS13(
            handshake: handshake,
            applicationProtocol: applicationProtocol,
            requested: request,
            chain: chain,
            proof: proof
        )
        if state.handshake.offer.deferring.contains(.verification) {
            return .handshaking(.awaitVerdictTLS13(state))
        }
        let verdict = state.request.verdict()
        return try state.answer(verdict)
    }
}

/// The server has proved that it owns the certificate; whether the certificate is good is being judged.
struct AwaitVerdictTLS13: ~Copyable {
    fileprivate let handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let requested: RequestedCertificate?
    fileprivate let chain: PeerChain
    fileprivate let proof: HandshakeSignatureVerified

    var request: VerificationRequest {
        handshake.offer.verification(chain)
    }

    consuming func answer(_ verdict: Verdict) throws(TLSError) -> ClientPhase {
        let authenticated = try PeerAuthenticated(verdict, chain: chain, proof: proof)
        return .handshaking(
            .expectFinishedTLS13(
                ExpectServerFinishedTLS13(
                    handshake: handshake,
                    applicationProtocol: applicationProtocol,
                    request: requested,
                    server: authenticated
                )
            )
        )
    }
}

/// The server's Finished comes next (RFC 9846 §4.5.3).
struct ExpectServerFinishedTLS13: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS13
    fileprivate let applicationProtocol: String?
    fileprivate let request: RequestedCertificate?
    fileprivate let server: PeerAuthenticated

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        let digest = try handshake.check(finished: message, &channel)
        if channel.early.status == .accepted { try handshake.endEarlyData(&channel) }
        let request = request
        let ending = ClientEndingTLS13(
            handshake: handshake,
            applicationProtocol: applicationProtocol,
            server: server,
            digest: digest
        )
        guard let request else { return try ending.complete(&channel) }
        if ending.handshake.offer.deferring.contains(.certificate) {
            return .handshaking(.awaitCertificateTLS13(AwaitCertificateTLS13(request: request, ending: ending)))
        }
        let credential = ending.handshake.offer.configuration.credential(for: request)
        return try ending.show(credential, request, &channel)
    }
}

extension ClientHandshakeTLS13 {
    /// Derives the handshake's secrets (RFC 9846 §7.1).
    ///
    /// - Parameter transcript: ClientHello…ServerHello.
    init(
        _ offer: consuming ClientOffer,
        cipherSuite: CipherSuite,
        group: NamedGroup,
        usedHelloRetryRequest: Bool,
        preSharedKey: OfferedKey?,
        sharedSecret: consuming Secret,
        transcript: consuming Transcript
    ) throws(TLSError) {
        guard let algorithm = cipherSuite.hash else { throw .internalFailure("\(cipherSuite) has no hash") }
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let early: EarlySecret
        if let preSharedKey {
            early = try preSharedKey.earlySecret(cipherSuite, &hash)
        } else {
            early = EarlySecret(cipherSuite: cipherSuite)
        }
        let handshakeSecret = try early.handshakeSecret(sharedSecret: sharedSecret, &hash)
        let digest = try transcript.digest()
        let clientTraffic = try handshakeSecret.clientTraffic(digest, &hash)
        let serverTraffic = try handshakeSecret.serverTraffic(digest, &hash)
        self.init(
            offer: offer,
            cipherSuite: cipherSuite,
            group: group,
            usedHelloRetryRequest: usedHelloRetryRequest,
            preSharedKey: preSharedKey,
            transcript: transcript,
            hash: hash,
            handshakeSecret: handshakeSecret,
            clientTraffic: clientTraffic,
            serverTraffic: serverTraffic
        )
    }

    /// Starts to receive, and unless 0-RTT data may still be accepted to send, under the handshake keys.
    mutating func installKeys(_ channel: inout Channel) throws(TLSError) {
        if let keyLog = offer.options.keyLog {
            clientTraffic.log(to: keyLog, as: .clientHandshake, clientRandom: offer.random)
            serverTraffic.log(to: keyLog, as: .serverHandshake, clientRandom: offer.random)
        }
        channel.receiving.ignoresChangeCipherSpec = true
        try channel.install(receiving: serverTraffic, &hash)
        // While 0-RTT data may still be accepted, their keys stay (§4.3.10).
        if channel.early.status == .offered && preSharedKey == nil { channel.early.status = .rejected(.notResumed) }
        guard channel.early.status != .offered else { return }
        // Appendix E.4: the record that makes this look like TLS 1.2 comes before the second flight.
        if !offer.sessionID.isEmpty && !channel.hasSentChangeCipherSpec { try channel.writeChangeCipherSpec() }
        try channel.install(sending: clientTraffic, &hash)
    }

    /// Takes the server's answer to the offer of 0-RTT data (RFC 9846 §4.3.10).
    fileprivate mutating func settleEarlyData(
        _ isAccepted: Bool,
        _ applicationProtocol: String?,
        _ channel: inout Channel
    ) throws(TLSError) {
        guard channel.early.status == .offered, let session = preSharedKey?.session else {
            guard !isAccepted else {
                throw .peerMisbehaved(
                    .illegalParameter("the extension early_data without the session it was offered for")
                )
            }
            return
        }
        guard isAccepted else {
            channel.early.status = .rejected(.declined)
            try channel.install(sending: clientTraffic, &hash)
            return
        }
        guard session.cipherSuite == cipherSuite else {
            throw .peerMisbehaved(.illegalParameter("another cipher suite than that of the 0-RTT data"))
        }
        guard session.applicationProtocol == applicationProtocol else {
            throw .peerMisbehaved(.illegalParameter("another application protocol than that of the 0-RTT data"))
        }
        channel.early.status = .accepted
    }

    /// Ends the 0-RTT data and changes to the handshake keys (RFC 9846 §4.6).
    fileprivate mutating func endEarlyData(_ channel: inout Channel) throws(TLSError) {
        try channel.send(&transcript) { writer throws(EncodeError) in
            HandshakeMessage.writeEmpty(.endOfEarlyData, into: &writer)
        }
        try channel.install(sending: clientTraffic, &hash)
    }

    /// Checks the server's Finished.
    ///
    /// - Returns: The digest of ClientHello…server Finished, from which everything of the application phase is derived
    ///   (§7.1).
    mutating func check(finished message: [UInt8], _ channel: inout Channel) throws(TLSError) -> Digest {
        let expected = try serverTraffic.verifyData(transcript: transcript.digest(), &hash)
        try FinishedCheck.verify(message, expected: expected)
        try channel.joiner.expectEmpty()
        transcript.update(message)
        return try transcript.digest()
    }

    /// Writes the client's Finished (§4.5.3).
    mutating func sendFinished(_ channel: inout Channel) throws(TLSError) {
        let verifyData = try clientTraffic.verifyData(transcript: transcript.digest(), &hash)
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
    }
}
