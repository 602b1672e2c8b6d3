// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A secret that protects the records of one direction in TLS 1.3 (RFC 9846 §7.1, §7.3).
struct TrafficSecret: ~Copyable {
    private let secret: Secret
    let cipherSuite: CipherSuite

    init(_ secret: consuming Secret, cipherSuite: CipherSuite) {
        self.secret = secret
        self.cipherSuite = cipherSuite
    }

    /// Writes the secret to a key log.
    func log(to keyLog: any KeyLog, as label: KeyLogLabel, clientRandom: [32 of UInt8]) {
        keyLog.log(label, clientRandom: clientRandom, secret: secret)
    }

    /// The protection of records we send.
    func sealer(_ hash: inout KeyedHash) throws(TLSError) -> RecordSealer {
        let algorithm = try aead
        do throws(CryptoError) {
            let key = try hash.expandLabel(secret.bytes, "key", count: algorithm.keyLength)
            let iv = try hash.expandLabel(secret.bytes, "iv", count: AEADAlgorithm.nonceLength)
            return try RecordSealer(tls13: algorithm, key: key.bytes, iv: iv.bytes)
        } catch {
            throw TLSError(error)
        }
    }

    /// The protection of records the peer sends.
    func opener(_ hash: inout KeyedHash) throws(TLSError) -> RecordOpener {
        let algorithm = try aead
        do throws(CryptoError) {
            let key = try hash.expandLabel(secret.bytes, "key", count: algorithm.keyLength)
            let iv = try hash.expandLabel(secret.bytes, "iv", count: AEADAlgorithm.nonceLength)
            return try RecordOpener(tls13: algorithm, key: key.bytes, iv: iv.bytes)
        } catch {
            throw TLSError(error)
        }
    }

    /// The secret after a KeyUpdate (RFC 9846 §7.2).
    consuming func next(_ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        do throws(CryptoError) {
            let next = try hash.expandLabel(secret.bytes, "traffic upd", count: secret.count)
            return TrafficSecret(next, cipherSuite: cipherSuite)
        } catch {
            throw TLSError(error)
        }
    }

    /// The `verify_data` of a Finished message over this transcript (RFC 9846 §4.5.3).
    func verifyData(transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            let key = try hash.expandLabel(secret.bytes, "finished", count: secret.count)
            return try hash.authenticate(key: key.bytes, transcript.bytes)
        } catch {
            throw TLSError(error)
        }
    }

    private var aead: AEADAlgorithm {
        get throws(TLSError) {
            guard let aead = cipherSuite.aead else { throw .internalFailure("\(cipherSuite) has no AEAD") }
            return aead
        }
    }
}
