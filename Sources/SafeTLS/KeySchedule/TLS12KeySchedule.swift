// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The key schedule of TLS 1.2 (RFC 5246 §8.1, §6.3), one type per stage: each is consumed to make the next.
///
/// ```
/// PremasterSecret ──┬→ MasterSecretTLS12 → ConnectionSecrets
/// resumed session ──┘
/// ```
struct PremasterSecret: ~Copyable {
    private let secret: Secret
    private let cipherSuite: CipherSuite

    /// The result of the key exchange (RFC 8422 §5.10).
    init(_ secret: consuming Secret, cipherSuite: CipherSuite) {
        self.secret = secret
        self.cipherSuite = cipherSuite
    }

    /// The extended master secret, bound to all messages up to ClientKeyExchange (RFC 7627 §4).
    consuming func masterSecret(
        sessionHash: Digest,
        _ randoms: Randoms,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> MasterSecretTLS12 {
        try derive("extended master secret", seed: sessionHash.bytes, isExtended: true, randoms, &hash)
    }

    /// The master secret of peers without that extension, bound to the randoms only (RFC 5246 §8.1).
    consuming func masterSecret(_ randoms: Randoms, _ hash: inout KeyedHash) throws(TLSError) -> MasterSecretTLS12 {
        let seed = randoms.clientThenServer
        return try derive("master secret", seed: seed.span, isExtended: false, randoms, &hash)
    }

    private consuming func derive(
        _ label: String,
        seed: Span<UInt8>,
        isExtended: Bool,
        _ randoms: Randoms,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> MasterSecretTLS12 {
        let master = try hash.tls12PRF(secret.bytes, label, seed: seed, count: MasterSecretTLS12.length)
        return MasterSecretTLS12(master, isExtended: isExtended, cipherSuite: cipherSuite, randoms: randoms)
    }
}

/// The secret that everything of a TLS 1.2 connection is derived from.
struct MasterSecretTLS12: ~Copyable {
    /// RFC 5246 §8.1.
    fileprivate static let length = 48

    private let secret: Secret
    private let isExtended: Bool
    private let cipherSuite: CipherSuite
    private let randoms: Randoms

    fileprivate init(_ secret: consuming Secret, isExtended: Bool, cipherSuite: CipherSuite, randoms: Randoms) {
        self.secret = secret
        self.isExtended = isExtended
        self.cipherSuite = cipherSuite
        self.randoms = randoms
    }

    /// The master secret of a session that is resumed: the secret stays, the randoms are the new connection's
    /// (RFC 5246 §7.3). Only extended ones are resumed (RFC 7627 §5.4).
    init(resuming secret: borrowing Secret, cipherSuite: CipherSuite, randoms: Randoms) {
        self.init(secret.copy(), isExtended: true, cipherSuite: cipherSuite, randoms: randoms)
    }

    /// A copy of the secret, for the resumption of the session.
    func sessionSecret() -> Secret { secret.copy() }

    /// Writes the secret to a key log.
    func log(to keyLog: any KeyLog) {
        keyLog.log(.tls12, clientRandom: randoms.client, secret: secret)
    }

    /// The keys of both directions (RFC 5246 §6.3). Here the server's random comes first.
    func keyBlock(_ hash: inout KeyedHash) throws(TLSError) -> KeyBlock {
        guard let aead = cipherSuite.aead else { throw .internalFailure("\(cipherSuite) has no AEAD") }
        let seed = randoms.serverThenClient
        let block = try hash.tls12PRF(secret.bytes, "key expansion", seed: seed.span, count: KeyBlock.length(for: aead))
        return KeyBlock(block, aead: aead)
    }

    /// The `verify_data` of a Finished message over this transcript (RFC 5246 §7.4.9).
    func verifyData(
        of sender: SenderTLS12,
        transcript: Digest,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> Secret {
        let label =
            switch sender {
            case .client: "client finished"
            case .server: "server finished"
            }
        return try hash.tls12PRF(secret.bytes, label, seed: transcript.bytes, count: 12)
    }

    /// Keeps what exporters need.
    consuming func connectionSecrets(isClient: Bool) -> ConnectionSecrets {
        ConnectionSecrets(
            masterSecret: secret,
            isExtended: isExtended,
            randoms: randoms,
            cipherSuite: cipherSuite,
            isClient: isClient
        )
    }
}

/// Whose records or Finished message a key of TLS 1.2 is for.
enum SenderTLS12 {
    case client, server
}

/// The `key_block` of an AEAD suite (RFC 5246 §6.3): client key, server key, client IV, server IV.
struct KeyBlock: ~Copyable {
    private let block: Secret
    private let aead: AEADAlgorithm

    fileprivate init(_ block: consuming Secret, aead: AEADAlgorithm) {
        self.block = block
        self.aead = aead
    }

    /// The part of the nonce that comes from the key block: four bytes with AES-GCM (RFC 5288 §3), all twelve with
    /// ChaCha20-Poly1305 (RFC 7905 §2).
    private static func ivLength(of aead: AEADAlgorithm) -> Int {
        switch aead {
        case .aes128GCM, .aes256GCM: 4
        case .chaCha20Poly1305: 12
        }
    }

    fileprivate static func length(for aead: AEADAlgorithm) -> Int { 2 * (aead.keyLength + ivLength(of: aead)) }

    private func key(_ sender: SenderTLS12) -> Range<Int> {
        let start = sender == .client ? 0 : aead.keyLength
        return start..<start + aead.keyLength
    }

    private func iv(_ sender: SenderTLS12) -> Range<Int> {
        let length = KeyBlock.ivLength(of: aead)
        let start = 2 * aead.keyLength + (sender == .client ? 0 : length)
        return start..<start + length
    }

    /// The protection of records we send.
    func sealer(_ sender: SenderTLS12) throws(TLSError) -> RecordSealer {
        do throws(CryptoError) {
            return try RecordSealer(
                tls12: aead,
                key: block.bytes.extracting(key(sender)),
                iv: block.bytes.extracting(iv(sender))
            )
        } catch {
            throw TLSError(error)
        }
    }

    /// The protection of records the peer sends.
    func opener(_ sender: SenderTLS12) throws(TLSError) -> RecordOpener {
        do throws(CryptoError) {
            return try RecordOpener(
                tls12: aead,
                key: block.bytes.extracting(key(sender)),
                iv: block.bytes.extracting(iv(sender))
            )
        } catch {
            throw TLSError(error)
        }
    }
}

extension Randoms {
    fileprivate var clientThenServer: [64 of UInt8] { Randoms.concatenation(client, server) }

    fileprivate var serverThenClient: [64 of UInt8] { Randoms.concatenation(server, client) }

    private static func concatenation(_ first: [32 of UInt8], _ second: [32 of UInt8]) -> [64 of UInt8] {
        var both: [64 of UInt8] = .init(repeating: 0)
        for index in 0..<32 {
            both[index] = first[index]
            both[32 + index] = second[index]
        }
        return both
    }

    /// What the signature of a ServerKeyExchange covers: both randoms, then the parameters (RFC 8422 §5.4).
    func signedContent(parameters: Span<UInt8>) -> [UInt8] {
        var content = ByteWriter(reserving: 64 + parameters.count)
        content.append(client.span)
        content.append(server.span)
        content.append(parameters)
        return content.takeBytes()
    }
}

extension KeyedHash {
    fileprivate mutating func tls12PRF(
        _ secret: Span<UInt8>,
        _ label: String,
        seed: Span<UInt8>,
        count: Int
    ) throws(TLSError) -> Secret {
        do throws(CryptoError) {
            return try tls12PRF(secret: secret, label: label.utf8.span, seed: seed, count: count)
        } catch {
            throw TLSError(error)
        }
    }
}
