// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The key shares of one ClientHello, and the private keys behind them (RFC 9846 §4.3.8).
///
/// A combination with ML-KEM and its classical part are two shares of one key (RFC 10024). Keys are made for one ClientHello
/// and serve one answer.
struct ClientKeyShares: ~Copyable {
    /// The groups of the shares, in the order of the client's groups.
    let groups: [NamedGroup]

    // As many as TLSLimits.keysPerClientHello. Arrays do not hold what cannot be copied.
    private var first: KeyExchangePrivateKey?
    private var second: KeyExchangePrivateKey?

    /// Makes the keys in the order of `groups`.
    init(_ groups: [NamedGroup], random: some RandomSource) throws(CryptoError) {
        self.groups = groups
        var count = 0
        for group in groups where !Self.isPart(group, of: groups) {
            guard let exchange = group.keyExchangeGroup else { throw .unsupported("the group \(group)") }
            switch count {
            case 0: first = try KeyExchangePrivateKey(exchange, random: random)
            case 1: second = try KeyExchangePrivateKey(exchange, random: random)
            default: throw .internalFailure("a ClientHello with too many keys")
            }
            count += 1
        }
    }

    /// How many random bytes the keys take.
    static func randomLength(_ groups: [NamedGroup]) -> Int {
        groups.reduce(0) { count, group in
            isPart(group, of: groups) ? count : count + (group.keyExchangeGroup?.randomLength ?? 0)
        }
    }

    /// A key that was made elsewhere.
    init(_ key: consuming KeyExchangePrivateKey) {
        groups = [NamedGroup(key.group)]
        first = consume key
    }

    /// The groups that keys are made of for shares of `groups`.
    static func keyGroups(_ groups: [NamedGroup]) -> [NamedGroup] {
        groups.filter { !isPart($0, of: groups) }
    }

    /// Whether the key of another one of `groups` has the group's share in it.
    private static func isPart(_ group: NamedGroup, of groups: [NamedGroup]) -> Bool {
        groups.contains { $0 != group && $0.classicalPart == group }
    }

    /// The shares as they are sent.
    var list: [KeyShare] {
        groups.map { group in
            let publicKey = Self.publicKey(of: group, first) ?? Self.publicKey(of: group, second)
            return KeyShare(group: group, publicKey: publicKey ?? [])
        }
    }

    private static func publicKey(of group: NamedGroup, _ key: borrowing KeyExchangePrivateKey?) -> [UInt8]? {
        switch key {
        case .some(let key):
            if group == NamedGroup(key.group) { return key.publicKey }
            return group == NamedGroup(key.group.classicalGroup) ? key.classicalPublicKey : nil
        case .none: return nil
        }
    }

    /// Uses up all keys: the secret shared with a server that answers the share of `group` with its own.
    ///
    /// - Throws: `CryptoError.invalidPeerKey` for a share of the wrong length, or one that is no key.
    mutating func takeSharedSecret(of group: NamedGroup, with share: Span<UInt8>) throws(CryptoError) -> Secret {
        let one = first.take()
        let other = second.take()
        if let key = one, Self.answers(key, group) { return try Self.sharedSecret(key, group, share) }
        if let key = other, Self.answers(key, group) { return try Self.sharedSecret(key, group, share) }
        throw .internalFailure("no key of the group \(group)")
    }

    private static func answers(_ key: borrowing KeyExchangePrivateKey, _ group: NamedGroup) -> Bool {
        group == NamedGroup(key.group) || group == NamedGroup(key.group.classicalGroup)
    }

    private static func sharedSecret(
        _ key: consuming KeyExchangePrivateKey,
        _ group: NamedGroup,
        _ share: Span<UInt8>
    ) throws(CryptoError) -> Secret {
        group == NamedGroup(key.group)
            ? try key.sharedSecret(with: share) : try key.classicalSharedSecret(with: share)
    }
}
