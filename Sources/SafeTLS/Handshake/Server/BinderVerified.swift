// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A pre-shared key of a TLS 1.3 client, of an earlier session or external, with the proof that the client knows it.
///
/// Only the check of the binder makes one (RFC 9846 §4.3.11.2).
struct BinderVerified: ~Copyable {
    let source: Source
    /// The index of the identity that was taken.
    let identity: UInt16
    let earlySecret: EarlySecret

    /// Where the key comes from.
    enum Source: ~Copyable {
        case session(SessionState)
        case external(ExternalPSK.Entry)
    }

    /// The name of an external key.
    var name: [UInt8]? {
        switch source {
        case .session: nil
        case .external(let entry): entry.name
        }
    }

    /// Looks at the client's identities in their order and takes the first that may be resumed.
    ///
    /// - Parameters:
    ///   - digest: Of the messages before it and its own part that the binders cover (§4.3.11.2).
    ///   - takes: Whether a stored session is used up by this; not when a HelloRetryRequest comes first.
    /// - Returns: Nil for a full handshake.
    static func find(
        _ received: borrowing ReceivedClientHello,
        _ choice: ServerHelloTLS13.Choice,
        _ digest: Digest,
        _ hash: inout KeyedHash,
        takes: Bool
    ) throws(TLSError) -> BinderVerified? {
        guard let offer = received.hello.preSharedKey else { return nil }
        // §4.3.9: without the modes the client must not offer a PSK; without (EC)DHE we take none.
        guard received.hello.extensions.contains(.pskKeyExchangeModes) else {
            throw .peerMisbehaved(.missingExtension(.pskKeyExchangeModes))
        }
        guard received.hello.allows(.pskWithDHE) else { return nil }
        let context = received.context
        let now = context.options.clock()
        let name = received.hello.sessionName
        for index in 0..<min(offer.count, TLSLimits.pskIdentities) {
            guard let identity = offer.identity(at: index), let binder = offer.binder(at: index) else { break }
            if let entry = context.configuration.preSharedKey(identity.identity) {
                guard entry.hash == choice.hash else { continue }
                let early = try EarlySecret(preSharedKey: entry.secret, cipherSuite: choice.cipherSuite, &hash)
                let expected = try early.binder(entry.binder, digest, &hash)
                guard constantTimeEquals(expected.bytes, binder) else { throw .peerMisbehaved(.badBinder) }
                return BinderVerified(source: .external(entry), identity: UInt16(index), earlySecret: early)
            }
            guard let resumption = context.configuration.resumption,
                let state = resumption.session(
                    identity.identity,
                    version: .tls13,
                    serverName: name,
                    deferring: context.deferring,
                    at: now
                )
            else { continue }
            // §4.3.11: the hash, and so the key schedule, is the session's.
            guard state.cipherSuite.hash == choice.hash else { continue }
            let early = try EarlySecret(
                preSharedKey: state.secret,
                cipherSuite: choice.cipherSuite,
                &hash
            )
            let expected = try early.binder(.resumption, digest, &hash)
            guard constantTimeEquals(expected.bytes, binder) else { throw .peerMisbehaved(.badBinder) }
            // A stored session serves once (RFC 9846 §4.7.1 allows more, §8.1 wants this for 0-RTT).
            if takes, let name = resumption.identifier(identity.identity), resumption.store?.remove(name) != true {
                return nil
            }
            return BinderVerified(source: .session(state), identity: UInt16(index), earlySecret: early)
        }
        return nil
    }

    private init(source: consuming Source, identity: UInt16, earlySecret: consuming EarlySecret) {
        self.source = source
        self.identity = identity
        self.earlySecret = earlySecret
    }
}

extension ServerConfiguration {
    /// The external key of an identity.
    func preSharedKey(_ identity: Span<UInt8>) -> ExternalPSK.Entry? {
        guard options.takesPreSharedKeys, identity.count <= TLSLimits.pskIdentityLength else { return nil }
        let bytes: [UInt8] = copyBytes(identity)
        if let entry = preSharedKeys[bytes] { return entry }
        guard let find = options.findPreSharedKey else { return nil }
        if let entry = find(bytes)?.entry(bytes) { return entry }
        return ExternalPSK.importedIdentity(bytes).flatMap(find)?.entry(bytes)
    }
}

extension ExternalPSK {
    /// The entry with an identity on the wire.
    fileprivate func entry(_ identity: [UInt8]) -> Entry? { entries.first { $0.identity == identity } }

    /// The external_identity of an ImportedIdentity (RFC 9258 §5.1); nil for other bytes.
    fileprivate static func importedIdentity(_ bytes: [UInt8]) -> [UInt8]? {
        do throws(DecodeError) {
            var reader = ByteReader(bytes.span)
            let identity = copyBytes(try reader.readVector16())
            _ = try reader.readVector16()
            guard try reader.readUInt16() == ProtocolVersion.tls13.rawValue else { return nil }
            _ = try reader.readUInt16()
            try reader.expectEnd()
            return identity
        } catch {
            return nil
        }
    }
}
