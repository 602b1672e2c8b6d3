// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// What a TLS 1.2 client knows when it is its turn to write: Certificate and CertificateVerify if the server asked for
/// them, ClientKeyExchange, change_cipher_spec and Finished (RFC 5246 §7.3).
struct ClientFlightTLS12: ~Copyable {
    var handshake: ClientHandshakeTLS12
    let server: PeerAuthenticated
    let share: KeyShare

    /// Writes the Certificate that the server asked for (§7.4.6) and goes on.
    consuming func show(
        _ credential: Credential?,
        _ requested: RequestedCertificate,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let preferred = handshake.offer.options.signingSchemes
        guard let credential, let scheme = credential.signatureScheme(for: requested, preferred: preferred) else {
            // A client without certificate says so with an empty list.
            try channel.send(&handshake.transcript) { writer throws(EncodeError) in
                try CertificateMessage.writeTLS12(chain: [], into: &writer)
            }
            return try finish(nil, &channel)
        }
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            writer.append(credential.certificateMessageTLS12)
        }
        return try finish((credential, scheme), &channel)
    }

    /// Writes ClientKeyExchange (RFC 8422 §5.7), signs what there is to sign and goes on.
    consuming func finish(
        _ shown: (credential: Credential, scheme: SignatureScheme)?,
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let premaster = try sendKey(&channel)
        let algorithm = handshake.algorithm
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        // RFC 7627 §3: the session hash covers all messages up to ClientKeyExchange.
        let master =
            handshake.usesExtendedMasterSecret
            ? try premaster.masterSecret(sessionHash: handshake.transcript.digest(), handshake.randoms, &hash)
            : try premaster.masterSecret(handshake.randoms, &hash)
        if let keyLog = handshake.offer.options.keyLog { master.log(to: keyLog) }
        // Long messages are only put together for a signature.
        let signed = shown == nil ? [] : handshake.transcript.takeRecording()
        handshake.transcript.endRecording()
        let keyed = KeyedClientFlightTLS12(
            handshake: handshake,
            server: server,
            group: share.group,
            master: master,
            hash: hash
        )
        guard let shown else { return try keyed.finish(&channel) }
        let request = SignatureRequest(scheme: shown.scheme, credential: shown.credential, message: signed)
        let state = AwaitClientSignatureTLS12(request: request, flight: keyed)
        if state.request.isDeferred(state.flight.handshake.offer.deferring) {
            return .handshaking(.awaitSignatureTLS12(state))
        }
        return try state.complete(signature: request.sign(), &channel)
    }

    /// Answers the server's key with one of the same group.
    private mutating func sendKey(_ channel: inout Channel) throws(TLSError) -> PremasterSecret {
        guard let group = share.group.keyExchangeGroup else {
            throw .internalFailure("\(share.group) has no key exchange")
        }
        let response: KeyExchangeResponse
        do throws(CryptoError) {
            response = try KeyExchangeResponse.respond(
                to: share.publicKey.span,
                group: group,
                random: handshake.offer.options.random
            )
        } catch {
            throw TLSError(error)
        }
        let publicKey = response.publicKey
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try ClientKeyExchange.write(publicKey: publicKey, into: &writer)
        }
        return PremasterSecret(response.takeSharedSecret(), cipherSuite: handshake.cipherSuite)
    }
}

/// The client's flight with the keys that end it.
struct KeyedClientFlightTLS12: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS12
    fileprivate let server: PeerAuthenticated
    fileprivate let group: NamedGroup
    fileprivate let master: MasterSecretTLS12
    fileprivate var hash: KeyedHash
    /// The scheme of the client's own signature.
    fileprivate var scheme: SignatureScheme?

    fileprivate init(
        handshake: consuming ClientHandshakeTLS12,
        server: PeerAuthenticated,
        group: NamedGroup,
        master: consuming MasterSecretTLS12,
        hash: consuming KeyedHash
    ) {
        self.handshake = handshake
        self.server = server
        self.group = group
        self.master = master
        self.hash = hash
    }

    /// Writes change_cipher_spec and Finished, the first message under the new keys (RFC 5246 §7.1, §7.4.9).
    consuming func finish(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let keys = try master.keyBlock(&hash)
        try channel.writeChangeCipherSpec()
        try channel.install(sealer: keys.sealer(.client))
        let verifyData = try master.verifyData(of: .client, transcript: handshake.transcript.digest(), &hash)
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        let promisesTicket = handshake.promisesTicket
        let ending = IncomingServerEndingTLS12(
            negotiated: NegotiatedParameters(
                version: .tls12,
                cipherSuite: handshake.cipherSuite,
                group: group,
                signatureScheme: server.scheme,
                clientSignatureScheme: scheme,
                applicationProtocol: handshake.applicationProtocol,
                serverName: handshake.offer.sentServerName,
                usedHelloRetryRequest: false,
                isResumed: false,
                usesExtendedMasterSecret: handshake.usesExtendedMasterSecret
            ),
            server: server.certificates,
            master: master,
            keys: keys,
            hash: hash,
            transcript: handshake.transcript,
            sessions: SessionKeeperTLS12(
                handshake.offer,
                resumed: nil,
                sessionID: handshake.sessionID,
                isExtended: handshake.usesExtendedMasterSecret
            )
        )
        return ending.begin(promisesTicket: promisesTicket)
    }
}

/// The server asked for a certificate; the driver chooses one.
struct AwaitCertificateTLS12: ~Copyable {
    let request: RequestedCertificate
    fileprivate let flight: ClientFlightTLS12

    init(request: RequestedCertificate, flight: consuming ClientFlightTLS12) {
        self.request = request
        self.flight = flight
    }

    consuming func answer(_ credential: Credential?, _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let request = request
        return try flight.show(credential, request, &channel)
    }
}

/// The client's flight is written up to ClientKeyExchange; the signature over the handshake is being made.
struct AwaitClientSignatureTLS12: ~Copyable {
    let request: SignatureRequest
    fileprivate var flight: KeyedClientFlightTLS12

    /// Writes CertificateVerify (RFC 5246 §7.4.8) and what follows.
    consuming func complete(signature: [UInt8], _ channel: inout Channel) throws(TLSError) -> ClientPhase {
        let scheme = request.scheme
        try channel.send(&flight.handshake.transcript) { writer throws(EncodeError) in
            try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
        }
        flight.scheme = scheme
        return try flight.finish(&channel)
    }
}
