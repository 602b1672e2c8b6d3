// SPDX-License-Identifier: Apache-2.0

/// The checks that server and client configurations share. Each names what is wrong.
enum ConfigurationCheck {
    static func versions(_ versions: ClosedRange<ProtocolVersion>) throws(ConfigurationError) {
        for version in [versions.lowerBound, versions.upperBound] where version != .tls12 && version != .tls13 {
            throw ConfigurationError(reason: "\(version.name) is not supported, only TLSv1.2 and TLSv1.3 are")
        }
    }

    static func cipherSuites(
        _ suites: [CipherSuite],
        versions: ClosedRange<ProtocolVersion>
    ) throws(ConfigurationError) {
        for suite in suites where !CipherSuite.supported.contains(suite) {
            throw ConfigurationError(reason: "the cipher suite \(suite) is not supported")
        }
        if versions.contains(.tls13) && !suites.contains(where: { $0.isTLS13 }) {
            throw ConfigurationError(reason: "TLSv1.3 is enabled but none of its cipher suites is")
        }
        if versions.contains(.tls12) && !suites.contains(where: { !$0.isTLS13 }) {
            throw ConfigurationError(reason: "TLSv1.2 is enabled but none of its cipher suites is")
        }
    }

    /// Each certificate is for some signature scheme, and each version has some certificate.
    static func credentials(_ credentials: [Credential], _ options: ServerOptions) throws(ConfigurationError) {
        for credential in credentials {
            guard
                options.signatureSchemes.contains(where: {
                    credential.canSign(with: $0, in: options.versions.upperBound)
                        || credential.canSign(with: $0, in: options.versions.lowerBound)
                })
            else {
                throw ConfigurationError(
                    reason: "no enabled signature scheme fits the certificate \(credential.certificateChain[0].subject)"
                )
            }
        }
        for version in [ProtocolVersion.tls12, .tls13]
        where options.versions.contains(version) && !options.requiresPreSharedKey {
            // A client that speaks the version would be refused, and not try another one.
            let canSign = credentials.contains { credential in
                options.signatureSchemes.contains { credential.canSign(with: $0, in: version) }
            }
            guard canSign else {
                throw ConfigurationError(
                    reason: "\(version.name) is enabled but no certificate fits a signature scheme enabled for it"
                )
            }
        }
    }

    static func earlyData(_ options: ServerOptions) throws(ConfigurationError) {
        guard let earlyData = options.earlyData else { return }
        guard earlyData.replayProtection != nil || options.ticketForm == .stateful else {
            throw ConfigurationError(reason: "0-RTT data with stateless tickets need protection against replays")
        }
        guard earlyData.maximumSize > 0, (1...600).contains(earlyData.window) else {
            throw ConfigurationError(reason: "0-RTT data need a size above 0 and a window of 1 to 600 seconds")
        }
    }

    static func records(_ options: RecordOptions) throws(ConfigurationError) {
        if let limit = options.sizeLimit, !(64...RecordSize.plaintext + 1).contains(limit) {
            throw ConfigurationError(
                reason: "a record is limited to 64 to \(RecordSize.plaintext + 1) bytes (RFC 8449 §4), not \(limit)"
            )
        }
        guard (0...RecordSize.plaintext).contains(options.paddingMultiple) else {
            throw ConfigurationError(
                reason: "records are padded to multiples of at most \(RecordSize.plaintext) bytes, not "
                    + "\(options.paddingMultiple)"
            )
        }
    }

    static func preSharedKeys(
        _ keys: [ExternalPSK],
        isRequired: Bool,
        canFind: Bool = false,
        versions: ClosedRange<ProtocolVersion>
    ) throws(ConfigurationError) {
        if keys.isEmpty && !canFind && isRequired {
            throw ConfigurationError(reason: "a pre-shared key is required and there is none")
        }
        guard keys.isEmpty && !canFind || versions.contains(.tls13) else {
            throw ConfigurationError(reason: "pre-shared keys need TLSv1.3, which is not enabled")
        }
        guard !isRequired || !versions.contains(.tls12) else {
            throw ConfigurationError(reason: "a pre-shared key is required, which TLSv1.2 does not have: disable it")
        }
        guard Set(keys.flatMap(\.entries).map(\.identity)).count == keys.flatMap(\.entries).count else {
            throw ConfigurationError(reason: "two pre-shared keys have the same identity")
        }
    }

    static func groups(
        _ groups: [NamedGroup],
        versions: ClosedRange<ProtocolVersion>
    ) throws(ConfigurationError) {
        if groups.isEmpty { throw ConfigurationError(reason: "no key exchange group is enabled") }
        for group in groups where !NamedGroup.supported.contains(group) {
            throw ConfigurationError(reason: "the key exchange group \(group) is not supported")
        }
        guard versions.contains(.tls13) || !groups.allSatisfy(\.isPostQuantum) else {
            throw ConfigurationError(reason: "TLSv1.2 alone is enabled, and it has none of the key exchange groups")
        }
    }

    static func groupPolicy(_ options: ServerOptions) throws(ConfigurationError) {
        for group in options.groupTierStarts where !options.groups.contains(group) {
            throw ConfigurationError(reason: "a tier of key exchange groups begins at \(group), which is not enabled")
        }
        guard options.requiresPostQuantum else { return }
        guard !options.versions.contains(.tls12) else {
            throw ConfigurationError(
                reason: "post-quantum key exchange is required, which TLSv1.2 does not have: disable it"
            )
        }
        guard options.groups.contains(where: \.isPostQuantum) else {
            throw ConfigurationError(reason: "post-quantum key exchange is required, and no such group is enabled")
        }
    }

    /// The groups that key shares are sent of, in the order of `groups` (RFC 9846 §4.3.8).
    static func keyShares(_ options: ClientOptions) throws(ConfigurationError) -> [NamedGroup] {
        guard options.versions.contains(.tls13) else { return [] }
        guard let wanted = options.keyShares else {
            guard let first = options.groups.first else { return [] }
            return options.groups.filter { $0 == first || $0 == first.classicalPart }
        }
        for group in wanted where !options.groups.contains(group) {
            throw ConfigurationError(reason: "a key share of \(group) is wanted, and the group is not enabled")
        }
        let shares = options.groups.filter(wanted.contains)
        guard ClientKeyShares.keyGroups(shares).count <= TLSLimits.keysPerClientHello else {
            throw ConfigurationError(
                reason: "the key shares take more than \(TLSLimits.keysPerClientHello) keys: send fewer of them"
            )
        }
        return shares
    }

    static func signatureSchemes(_ schemes: [SignatureScheme]) throws(ConfigurationError) {
        if schemes.isEmpty { throw ConfigurationError(reason: "no signature scheme is enabled") }
        for scheme in schemes where !SignatureScheme.supported.contains(scheme) {
            let reason = scheme.obstacle.map { ": \($0)" } ?? ""
            throw ConfigurationError(reason: "the signature scheme \(scheme) is not supported\(reason)")
        }
    }

    /// TLS 1.2 has no ML-DSA, and a list of schemes is never empty.
    static func hasSchemeOfTLS12(_ schemes: [SignatureScheme], of peers: String) throws(ConfigurationError) {
        guard schemes.contains(where: { $0.isAllowed(in: .tls12) }) else {
            throw ConfigurationError(
                reason: "TLSv1.2 is enabled, and it has none of the signature schemes that \(peers) may sign with"
            )
        }
    }

    static func applicationProtocols(_ names: [String]) throws(ConfigurationError) -> [[UInt8]] {
        var total = 0
        for name in names {
            let length = name.utf8.count
            guard length > 0 && length <= TLSLimits.applicationProtocolLength else {
                throw ConfigurationError(reason: "an ALPN protocol name has 1 to 255 bytes, \"\(name)\" has \(length)")
            }
            total += length + 1
        }
        guard total <= 65_535 else { throw ConfigurationError(reason: "too many ALPN protocol names") }
        return names.map { Array($0.utf8) }
    }
}
