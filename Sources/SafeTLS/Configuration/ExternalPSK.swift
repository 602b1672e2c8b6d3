// SPDX-License-Identifier: Apache-2.0

public import TLSCrypto

/// A key that client and server share from outside TLS, instead of certificates (RFC 9846 §2.2, RFC 9257). TLS 1.3 only,
/// and always together with an (EC)DHE key exchange.
///
/// The key authenticates both sides to each other, as owners of the key: if more than two know it, any of them can stand
/// in for any other (RFC 9257 §4). The identity travels in the clear.
public final class ExternalPSK: Sendable {
    /// The name of the key, which the client sends.
    public let identity: [UInt8]
    /// The entries that are offered: one, or one for each hash of an imported key.
    let entries: [Entry]

    /// A key as TLS uses it: with the hash of its cipher suites.
    final class Entry: Sendable {
        /// The identity on the wire.
        let identity: [UInt8]
        /// The name of the key.
        let name: [UInt8]
        let hash: HashAlgorithm
        let binder: BinderKind
        let secret: Secret

        init(
            identity: [UInt8],
            name: [UInt8],
            hash: HashAlgorithm,
            binder: BinderKind,
            secret: consuming Secret
        ) {
            self.identity = identity
            self.name = name
            self.hash = hash
            self.binder = binder
            self.secret = secret
        }
    }

    /// Bytes of the shortest key: 128 bits, if they are random (RFC 9257 §6).
    private static let shortestKey = 16
    private static let longestIdentity = 4096

    private init(identity: [UInt8], entries: [Entry]) {
        self.identity = identity
        self.entries = entries
    }

    /// A key that is used with cipher suites of one hash (RFC 9846 §4.3.11).
    ///
    /// - Parameters:
    ///   - identity: 1 to 4096 bytes.
    ///   - key: At least 16 bytes that nobody can guess. It is copied.
    ///   - hash: SHA-256 or SHA-384. Default: SHA-256.
    /// - Throws: `ConfigurationError` when one of them is out of range.
    public convenience init(
        identity: [UInt8],
        key: Span<UInt8>,
        hash: HashAlgorithm = .sha256
    ) throws(ConfigurationError) {
        try Self.check(identity, key, hash)
        let entry = Entry(
            identity: identity,
            name: identity,
            hash: hash,
            binder: .external,
            secret: Secret(copying: key)
        )
        self.init(identity: identity, entries: [entry])
    }

    /// A key from which one is derived for each hash, so that any cipher suite can be used, and the key itself in other
    /// protocols too (RFC 9258). Both sides have to import it.
    ///
    /// - Parameters:
    ///   - identity: 1 to 4096 bytes.
    ///   - key: At least 16 bytes that nobody can guess. It is not kept.
    ///   - context: What the key is bound to besides, for instance the names of both sides (RFC 9258 §5.1).
    ///   - hash: The hash that the key was made for. Default: SHA-256.
    /// - Throws: `ConfigurationError` when one of them is out of range.
    public convenience init(
        importing identity: [UInt8],
        key: Span<UInt8>,
        context: [UInt8] = [],
        hash: HashAlgorithm = .sha256
    ) throws(ConfigurationError) {
        try Self.check(identity, key, hash)
        guard context.count <= Self.longestIdentity else {
            throw ConfigurationError(reason: "the context of a pre-shared key has at most 4096 bytes")
        }
        var entries: [Entry] = []
        for (target, kdf) in [(HashAlgorithm.sha256, UInt16(1)), (.sha384, 2)] {
            // ImportedIdentity (RFC 9258 §5.1).
            var writer = ByteWriter(reserving: identity.count + context.count + 8)
            writer.vector16(identity)
            writer.vector16(context)
            writer.append(ProtocolVersion.tls13.rawValue)
            writer.append(kdf)
            let imported = writer.takeBytes()
            do throws(CryptoError) {
                let secret = try Self.derive(key, imported, hash, count: target.digestLength)
                entries.append(
                    Entry(identity: imported, name: identity, hash: target, binder: .imported, secret: secret)
                )
            } catch {
                throw ConfigurationError(reason: "a pre-shared key could not be derived")
            }
        }
        self.init(identity: identity, entries: entries)
    }

    /// RFC 9258 §5.1.
    private static func derive(
        _ key: Span<UInt8>,
        _ imported: [UInt8],
        _ algorithm: HashAlgorithm,
        count: Int
    ) throws(CryptoError) -> Secret {
        var hash = try KeyedHash(algorithm)
        let zeros: [64 of UInt8] = .init(repeating: 0)
        let extracted = try hash.extract(
            salt: zeros.span.extracting(0..<algorithm.digestLength),
            inputKeyMaterial: key
        )
        let digest = try HashState.hash(algorithm, imported.span)
        return try hash.expandLabel(extracted.bytes, "derived psk", context: digest.bytes, count: count)
    }

    private static func check(
        _ identity: [UInt8],
        _ key: Span<UInt8>,
        _ hash: HashAlgorithm
    ) throws(ConfigurationError) {
        guard (1...longestIdentity).contains(identity.count) else {
            throw ConfigurationError(
                reason: "the identity of a pre-shared key has 1 to \(longestIdentity) bytes, not \(identity.count)"
            )
        }
        guard (shortestKey...4096).contains(key.count) else {
            throw ConfigurationError(
                reason:
                    "a pre-shared key has \(shortestKey) to 4096 bytes, not \(key.count): shorter ones can be guessed"
            )
        }
        guard hash == .sha256 || hash == .sha384 else {
            throw ConfigurationError(reason: "pre-shared keys go with SHA-256 and SHA-384 only")
        }
    }
}

/// Which key a binder proves (RFC 9846 §7.1, RFC 9258 §5.2): the label of its derivation.
enum BinderKind: String {
    case resumption = "res binder"
    case external = "ext binder"
    case imported = "imp binder"
}
