// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The end of the server's flight comes next, with a CertificateRequest before it when the server wants a certificate
/// too (RFC 5246 §7.4.4, §7.4.5).
struct ExpectServerHelloDone: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS12
    fileprivate let server: PeerAuthenticated
    fileprivate let share: KeyShare
    fileprivate var isCertificateRequested = false

    init(handshake: consuming ClientHandshakeTLS12, server: PeerAuthenticated, share: KeyShare) {
        self.handshake = handshake
        self.server = server
        self.share = share
    }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        switch type {
        case .certificateRequest where !isCertificateRequested:
            try Self.checkCertificateRequest(message)
            handshake.transcript.update(message.span)
            isCertificateRequested = true
            return .handshaking(.expectServerHelloDone(self))
        case .serverHelloDone:
            try Self.checkServerHelloDone(message)
            try channel.expectEndOfFlight()
            handshake.transcript.update(message.span)
            return try finish(&channel)
        default:
            throw .unexpected(type, expected: "ServerHelloDone")
        }
    }

    private static func checkCertificateRequest(_ message: [UInt8]) throws(TLSError) {
        do throws(DecodeError) {
            _ = try TLS12CertificateRequest(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .certificateRequest)
        }
    }

    private static func checkServerHelloDone(_ message: [UInt8]) throws(TLSError) {
        do throws(DecodeError) {
            try HandshakeMessage.expectEmpty(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .serverHelloDone)
        }
    }

    /// Writes the client's flight: ClientKeyExchange, change_cipher_spec and Finished (RFC 5246 §7.3).
    private consuming func finish(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        if isCertificateRequested {
            // A client without certificate says so with an empty list (§7.4.6).
            try channel.send(&handshake.transcript) { writer throws(EncodeError) in
                try CertificateMessage.writeTLS12(chain: [], into: &writer)
            }
        }
        // ClientKeyExchange (RFC 8422 §5.7).
        let premaster = try sendKey(&channel)
        let algorithm = handshake.algorithm
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        let master =
            handshake.usesExtendedMasterSecret
            ? try premaster.masterSecret(sessionHash: handshake.transcript.digest(), handshake.randoms, &hash)
            : try premaster.masterSecret(handshake.randoms, &hash)
        if let keyLog = handshake.offer.options.keyLog { master.log(to: keyLog) }

        let keys = try master.keyBlock(&hash)
        try channel.writeChangeCipherSpec()
        try channel.install(sealer: keys.sealer(.client))
        // Finished, the first message under the new keys (§7.4.9).
        let verifyData = try master.verifyData(of: .client, transcript: handshake.transcript.digest(), &hash)
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        let promisesTicket = handshake.promisesTicket
        let ending = ServerEndingTLS12(
            negotiated: NegotiatedParameters(
                version: .tls12,
                cipherSuite: handshake.cipherSuite,
                group: share.group,
                signatureScheme: server.scheme,
                applicationProtocol: handshake.applicationProtocol,
                serverName: handshake.offer.sentServerName,
                usedHelloRetryRequest: false,
                isResumed: false
            ),
            server: server.certificates,
            master: master,
            keys: keys,
            hash: hash,
            transcript: handshake.transcript,
            sessions: SessionKeeperTLS12(
                handshake.offer,
                resumed: nil,
                isExtended: handshake.usesExtendedMasterSecret
            )
        )
        return ending.begin(promisesTicket: promisesTicket)
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
