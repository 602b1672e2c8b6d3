// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The key schedule of TLS 1.3 (RFC 9846 §7.1), one type per stage: each is consumed to make the next.
///
/// ```
/// EarlySecret → HandshakeSecret → MasterSecret → ConnectionSecrets
/// ```
struct EarlySecret: ~Copyable {
    /// Nil without PSK: nothing is derived from that secret but the next stage.
    private let secret: Secret?
    /// The salt for the next stage: Derive-Secret(early secret, "derived", ""). Nil without PSK, where it is a constant.
    private let derived: Secret?
    private let cipherSuite: CipherSuite

    /// The early secret of a handshake without PSK. It is a constant of the hash function.
    init(cipherSuite: CipherSuite) {
        self.cipherSuite = cipherSuite
        derived = nil
        secret = nil
    }

    /// The early secret of a handshake with a PSK.
    init(
        preSharedKey: borrowing Secret,
        cipherSuite: CipherSuite,
        _ hash: inout KeyedHash
    ) throws(TLSError) {
        let early = try Self.extract(preSharedKey, &hash)
        let salt = try Self.derive(early, &hash)
        derived = consume salt
        secret = consume early
        self.cipherSuite = cipherSuite
    }

    private static func extract(
        _ preSharedKey: borrowing Secret,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> Secret {
        do throws(CryptoError) {
            let zeros: [64 of UInt8] = .init(repeating: 0)
            return try hash.extract(
                salt: zeros.span.extracting(0..<hash.algorithm.digestLength),
                inputKeyMaterial: preSharedKey.bytes
            )
        } catch {
            throw TLSError(error)
        }
    }

    private static func derive(_ early: borrowing Secret, _ hash: inout KeyedHash) throws(TLSError) -> Secret {
        do throws(CryptoError) {
            return try hash.deriveSalt(early)
        } catch {
            throw TLSError(error)
        }
    }

    /// The binder that proves the possession of a PSK (RFC 9846 §4.3.11.2).
    ///
    /// - Parameter transcript: The hash of all messages up to the ClientHello without its binders.
    func binder(_ kind: BinderKind, _ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Digest {
        switch secret {
        case .none:
            throw .internalFailure("a binder without a pre-shared key")
        case .some(let secret):
            do throws(CryptoError) {
                let nothing = try HashState.hash(hash.algorithm, Span())
                let binderKey = try hash.deriveSecret(secret.bytes, kind.rawValue, transcript: nothing)
                return try hash.verifyData(binderKey.bytes, transcript: transcript.bytes)
            } catch {
                throw TLSError(error)
            }
        }
    }

    /// client_early_traffic_secret, over ClientHello (RFC 9846 §7.1).
    func clientTraffic(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        TrafficSecret(try derive("c e traffic", transcript, &hash), cipherSuite: cipherSuite)
    }

    /// early_exporter_secret, over ClientHello.
    func exporter(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Secret {
        try derive("e exp master", transcript, &hash)
    }

    private func derive(
        _ label: String,
        _ transcript: Digest,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> Secret {
        switch secret {
        case .none: throw .internalFailure("early data without a pre-shared key")
        case .some(let secret):
            do throws(CryptoError) {
                return try hash.deriveSecret(secret.bytes, label, transcript: transcript)
            } catch {
                throw TLSError(error)
            }
        }
    }

    private static let derivedSHA256 = derivedWithoutPSK(.sha256)
    private static let derivedSHA384 = derivedWithoutPSK(.sha384)

    /// Empty when a primitive failed, which ``handshakeSecret(sharedSecret:_:)`` reports.
    private static func derivedWithoutPSK(_ algorithm: HashAlgorithm) -> [UInt8] {
        let zeros: [64 of UInt8] = .init(repeating: 0)
        let nothing = zeros.span.extracting(0..<algorithm.digestLength)
        do throws(CryptoError) {
            var hash = try KeyedHash(algorithm)
            let early = try hash.extract(salt: nothing, inputKeyMaterial: nothing)
            let derived = try hash.deriveSalt(early)
            return copyBytes(derived.bytes)
        } catch {
            return []
        }
    }

    /// Goes on with the result of the key exchange.
    consuming func handshakeSecret(
        sharedSecret: consuming Secret,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> HandshakeSecret {
        do throws(CryptoError) {
            switch derived {
            case .some(let derived):
                return try HandshakeSecret(
                    secret: try hash.extract(salt: derived.bytes, inputKeyMaterial: sharedSecret.bytes),
                    cipherSuite: cipherSuite,
                    &hash
                )
            case .none:
                let derived = hash.algorithm == .sha384 ? Self.derivedSHA384 : Self.derivedSHA256
                guard derived.count == hash.algorithm.digestLength else {
                    throw .internalFailure("the key schedule could not be started with this hash")
                }
                return try HandshakeSecret(
                    secret: try hash.extract(salt: derived.span, inputKeyMaterial: sharedSecret.bytes),
                    cipherSuite: cipherSuite,
                    &hash
                )
            }
        } catch {
            throw TLSError(error)
        }
    }
}

extension KeyedHash {
    /// Derive-Secret(secret, "derived", ""), the salt of the next stage (RFC 9846 §7.1).
    fileprivate mutating func deriveSalt(_ secret: borrowing Secret) throws(CryptoError) -> Secret {
        let nothing = try HashState.hash(algorithm, Span())
        return try deriveSecret(secret.bytes, "derived", transcript: nothing)
    }
}

/// The second stage: protects the handshake.
struct HandshakeSecret: ~Copyable {
    private let secret: Secret
    /// The salt for the last stage. Derived beside the traffic secrets, as long as the HMAC has this secret for its key.
    private let derived: Secret
    private let cipherSuite: CipherSuite

    fileprivate init(
        secret: consuming Secret,
        cipherSuite: CipherSuite,
        _ hash: inout KeyedHash
    ) throws(CryptoError) {
        derived = try hash.deriveSalt(secret)
        self.secret = secret
        self.cipherSuite = cipherSuite
    }

    /// client_handshake_traffic_secret, over ClientHello…ServerHello.
    func clientTraffic(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        try traffic("c hs traffic", transcript, &hash)
    }

    /// server_handshake_traffic_secret, over ClientHello…ServerHello.
    func serverTraffic(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        try traffic("s hs traffic", transcript, &hash)
    }

    private func traffic(
        _ label: String,
        _ transcript: Digest,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> TrafficSecret {
        do throws(CryptoError) {
            return TrafficSecret(
                try hash.deriveSecret(secret.bytes, label, transcript: transcript),
                cipherSuite: cipherSuite
            )
        } catch {
            throw TLSError(error)
        }
    }

    /// Goes on to the last stage.
    consuming func masterSecret(_ hash: inout KeyedHash) throws(TLSError) -> MasterSecret {
        do throws(CryptoError) {
            let zeros: [64 of UInt8] = .init(repeating: 0)
            return MasterSecret(
                secret: try hash.extract(
                    salt: derived.bytes,
                    inputKeyMaterial: zeros.span.extracting(0..<hash.algorithm.digestLength)
                ),
                cipherSuite: cipherSuite
            )
        } catch {
            throw TLSError(error)
        }
    }
}

/// The last stage: protects application data.
struct MasterSecret: ~Copyable {
    private let secret: Secret
    private let cipherSuite: CipherSuite

    fileprivate init(secret: consuming Secret, cipherSuite: CipherSuite) {
        self.secret = secret
        self.cipherSuite = cipherSuite
    }

    /// client_application_traffic_secret_0, over ClientHello…server Finished.
    func clientTraffic(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        TrafficSecret(try derive("c ap traffic", transcript, &hash), cipherSuite: cipherSuite)
    }

    /// server_application_traffic_secret_0, over ClientHello…server Finished.
    func serverTraffic(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> TrafficSecret {
        TrafficSecret(try derive("s ap traffic", transcript, &hash), cipherSuite: cipherSuite)
    }

    /// exporter_secret, over ClientHello…server Finished.
    func exporter(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Secret {
        try derive("exp master", transcript, &hash)
    }

    /// resumption_secret, over ClientHello…client Finished.
    func resumption(_ transcript: Digest, _ hash: inout KeyedHash) throws(TLSError) -> Secret {
        try derive("res master", transcript, &hash)
    }

    private func derive(
        _ label: String,
        _ transcript: Digest,
        _ hash: inout KeyedHash
    ) throws(TLSError) -> Secret {
        do throws(CryptoError) {
            return try hash.deriveSecret(secret.bytes, label, transcript: transcript)
        } catch {
            throw TLSError(error)
        }
    }
}
