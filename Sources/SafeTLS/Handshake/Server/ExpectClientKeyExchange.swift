// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The client's half of the key exchange comes next (RFC 8422 §5.7).
struct ExpectClientKeyExchange: ~Copyable {
    fileprivate var handshake: ServerHandshakeTLS12
    fileprivate let key: KeyExchangePrivateKey
    /// The client's certificates, which it has to prove to be its own.
    private let certificates: PeerChain?

    init(
        handshake: consuming ServerHandshakeTLS12,
        key: consuming KeyExchangePrivateKey,
        certificates: PeerChain? = nil
    ) {
        self.handshake = handshake
        self.key = key
        self.certificates = certificates
    }

    consuming func receive(_ type: HandshakeType, _ message: [UInt8]) throws(TLSError) -> ServerPhase {
        guard type == .clientKeyExchange else { throw .unexpected(type, expected: "ClientKeyExchange") }
        let received: ClientKeyExchange
        do throws(DecodeError) {
            received = try ClientKeyExchange(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        handshake.transcript.update(message)
        let sharedSecret: Secret
        do throws(CryptoError) {
            sharedSecret = try key.sharedSecret(with: received.publicKey)
        } catch {
            throw TLSError(error)
        }
        let algorithm = handshake.algorithm
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let premaster = PremasterSecret(sharedSecret, cipherSuite: handshake.negotiated.cipherSuite)
        let master =
            handshake.usesExtendedMasterSecret
            ? try premaster.masterSecret(sessionHash: handshake.transcript.digest(), handshake.randoms, &hash)
            : try premaster.masterSecret(handshake.randoms, &hash)
        if let keyLog = handshake.context.options.keyLog { master.log(to: keyLog) }
        let certificates = certificates
        let next = ExpectClientChangeCipherSpec(
            handshake: handshake,
            keys: try master.keyBlock(&hash),
            master: master,
            hash: hash
        )
        guard let certificates else { return .handshaking(.expectChangeCipherSpec(next)) }
        return .handshaking(
            .expectCertificateVerifyTLS12(try ExpectClientCertificateVerifyTLS12(chain: certificates, next: next))
        )
    }
}

/// The client's change of keys comes next (RFC 5246 §7.1).
struct ExpectClientChangeCipherSpec: ~Copyable {
    var handshake: ServerHandshakeTLS12
    fileprivate let keys: KeyBlock
    fileprivate let master: MasterSecretTLS12
    fileprivate let hash: KeyedHash

    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        try channel.install(opener: keys.opener(.client))
        return .handshaking(
            .expectFinishedTLS12(
                ExpectClientFinishedTLS12(
                    handshake: handshake,
                    keys: keys,
                    master: master,
                    hash: hash
                )
            )
        )
    }
}

/// The client's Finished comes next, the first message under its keys; ours completes the handshake
/// (RFC 5246 §7.4.9).
struct ExpectClientFinishedTLS12: ~Copyable {
    fileprivate var handshake: ServerHandshakeTLS12
    fileprivate let keys: KeyBlock
    fileprivate let master: MasterSecretTLS12
    fileprivate var hash: KeyedHash

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        let expected = try master.verifyData(of: .client, transcript: handshake.transcript.digest(), &hash)
        try FinishedCheck.verify(message, expected: expected.bytes)
        handshake.transcript.update(message)

        // RFC 5077 §3.3: before the change of keys, and covered by our Finished.
        if let ticket = handshake.ticket, !handshake.isResumable {
            try ticket.sendNone(&handshake.transcript, &channel.flight)
        } else if let ticket = handshake.ticket {
            try ticket.send(
                master,
                handshake.negotiated,
                client: handshake.client.certificates,
                random: handshake.context.options.random,
                &handshake.transcript,
                &channel.flight
            )
        }
        let verifyData = try master.verifyData(of: .server, transcript: handshake.transcript.digest(), &hash)
        try channel.writeChangeCipherSpec()
        try channel.install(sealer: keys.sealer(.server))
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        var stored: StoredSession?
        if let session = handshake.session, handshake.isResumable {
            stored = try session.keep(
                master,
                handshake.negotiated,
                client: handshake.client.certificates,
                handshake.context.options
            )
        }
        return .connected(
            Connected(
                negotiated: handshake.negotiated,
                peer: handshake.client.certificates,
                stored: stored,
                secrets: master.connectionSecrets(isClient: false)
            )
        )
    }
}
