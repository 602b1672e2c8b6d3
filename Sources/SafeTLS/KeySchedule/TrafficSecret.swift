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

    /// The secret for a QUIC stack, which derives keys of its own from it (RFC 9001 §5.1).
    func handOut(at level: QUICLevel, for direction: QUICSecret.Direction) -> QUICSecret {
        QUICSecret(secret.copy(), cipherSuite: cipherSuite, level: level, direction: direction)
    }

    /// The protection of records we send.
    func sealer(_ hash: inout KeyedHash) throws(TLSError) -> RecordSealer {
        let algorithm = try aead
        do throws(CryptoError) {
            return try RecordSealer(algorithm, trafficSecret: secret.bytes, &hash)
        } catch {
            throw TLSError(error)
        }
    }

    /// The protection of records the peer sends.
    func opener(_ hash: inout KeyedHash) throws(TLSError) -> RecordOpener {
        let algorithm = try aead
        do throws(CryptoError) {
            return try RecordOpener(algorithm, trafficSecret: secret.bytes, &hash)
        } catch {
            throw TLSError(error)
        }
    }

    /// Changes to the protection of records we send, in the memory of the keys before if there are any.
    func install(in sealer: inout RecordSealer?, _ hash: inout KeyedHash) throws(TLSError) {
        let algorithm = try aead
        do throws(CryptoError) {
            if sealer?.suits(algorithm) ?? false {
                try sealer?.replaceKeys(trafficSecret: secret.bytes, &hash)
            } else {
                sealer = try RecordSealer(algorithm, trafficSecret: secret.bytes, &hash)
            }
        } catch {
            throw TLSError(error)
        }
    }

    /// Changes to the protection of records the peer sends, in the memory of the keys before if there are any.
    func install(in opener: inout RecordOpener?, _ hash: inout KeyedHash) throws(TLSError) {
        let algorithm = try aead
        do throws(CryptoError) {
            if opener?.suits(algorithm) ?? false {
                try opener?.replaceKeys(trafficSecret: secret.bytes, &hash)
            } else {
                opener = try RecordOpener(algorithm, trafficSecret: secret.bytes, &hash)
            }
        } catch {
            throw TLSError(error)
        }
    }

    /// The secret after a KeyUpdate (RFC 9846 §7.2).
    consuming func next(_ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        do throws(CryptoError) {
            return TrafficSecret(
                try hash.expandLabel(secret.bytes, "traffic upd", count: secret.count),
                cipherSuite: cipherSuite
            )
        } catch {
            throw TLSError(error)
        }
    }

    /// The `verify_data` of a Finished message over this transcript (RFC 9846 §4.5.3).
    func verifyData(transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Digest {
        do throws(CryptoError) {
            return try hash.verifyData(secret.bytes, transcript: transcript.bytes)
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
