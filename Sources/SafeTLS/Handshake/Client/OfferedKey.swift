// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A pre-shared key that a ClientHello offers (RFC 9846 §4.3.11).
enum OfferedKey {
    case session(ResumableSession)
    case external(ExternalPSK.Entry)

    var identity: [UInt8] {
        switch self {
        case .session(let session): session.ticket
        case .external(let entry): entry.identity
        }
    }

    /// The hash that the key belongs to.
    var hash: HashAlgorithm? {
        switch self {
        case .session(let session): session.cipherSuite.hash
        case .external(let entry): entry.hash
        }
    }

    /// The bytes of its binder.
    var binderLength: Int { hash?.digestLength ?? 0 }

    /// RFC 9846 §4.3.11: zero for external keys. The time is in UNIX milliseconds.
    func obfuscatedAge(at now: Int64) -> UInt32 {
        switch self {
        case .session(let session): session.obfuscatedAge(at: now)
        case .external: 0
        }
    }

    func earlySecret(_ cipherSuite: CipherSuite, _ hash: inout KeyedHash) throws(TLSError) -> EarlySecret {
        switch self {
        case .session(let session):
            try EarlySecret(preSharedKey: session.secret, cipherSuite: cipherSuite, &hash)
        case .external(let entry):
            try EarlySecret(preSharedKey: entry.secret, cipherSuite: cipherSuite, &hash)
        }
    }

    private var binderKind: BinderKind {
        switch self {
        case .session: .resumption
        case .external(let entry): entry.binder
        }
    }

    /// The binder over a transcript that ends in front of the binders (§4.3.11.2).
    func binder(_ transcript: Digest) throws(TLSError) -> Digest {
        guard let algorithm = hash,
            let suite = CipherSuite.supported.first(where: { $0.isTLS13 && $0.hash == algorithm })
        else { throw .internalFailure("a pre-shared key without a hash") }
        var hash = try cryptographic { () throws(CryptoError) in try KeyedHash(algorithm) }
        return try earlySecret(suite, &hash).binder(binderKind, transcript, &hash)
    }

    var session: ResumableSession? {
        switch self {
        case .session(let session): session
        case .external: nil
        }
    }

    /// The name of an external key.
    var name: [UInt8]? {
        switch self {
        case .session: nil
        case .external(let entry): entry.name
        }
    }
}
