// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// Everything that decides whether a session of an earlier connection may go on: a session that was made under another
/// policy gets a full handshake.
///
/// Each input is a labelled field of what is hashed, so that no two policies have the same bytes.
struct ResumptionPolicy {
    let versions: ClosedRange<ProtocolVersion>
    /// The group of servers that may share sessions.
    let context: [UInt8]
    /// Nil when clients are not asked for certificates.
    let clientAuthentication: ClientAuthenticationFingerprint?
    /// Whether the key exchange of the first connection had to be post-quantum: 0-RTT data are under its keys alone.
    var requiresPostQuantum = false
    /// Whether the driver judges the certificates of clients: what was accepted without it is new to it.
    var isJudgedByDriver = false
    /// Whether QUIC carries the connections: a session of these is none of the others.
    var isQUIC = false

    /// SHA-256 over the policy.
    func digest() throws(ConfigurationError) -> [UInt8] {
        var fields = PolicyFields("safetls policy 2")
        fields.add("versions", [versions.lowerBound.rawValue, versions.upperBound.rawValue].flatMap(\.bytes))
        fields.add("context", context)
        fields.add("client authentication", clientAuthentication?.digest ?? [])
        // Only then, so that tickets of other servers stay good.
        if requiresPostQuantum { fields.add("post-quantum", [1]) }
        if isJudgedByDriver { fields.add("verdict", [1]) }
        if isQUIC { fields.add("transport", Array("QUIC".utf8)) }
        return try fields.digest()
    }
}

/// The digest of a server's client authentication: mode, trust anchors, revocation data, schemes.
struct ClientAuthenticationFingerprint: Sendable {
    let digest: [UInt8]

    init(_ authentication: ClientAuthentication) throws(ConfigurationError) {
        var fields = PolicyFields("client authentication 2")
        fields.add("mode", [authentication.mode == .required ? 1 : 0])
        fields.add("schemes", authentication.signatureSchemes.map(\.rawValue).flatMap(\.bytes))
        fields.add("roots", [authentication.trustsOnlyRoots ? 1 : 0])
        try fields.add("anchors", set: authentication.trustAnchors.certificates.map(\.der))
        let policies = authentication.policies
        let flags = [policies.requiresPolicy, policies.inhibitsMapping, policies.inhibitsAnyPolicy]
        fields.add("policy rules", flags.map { $0 ? 1 : 0 } + [policies.acceptablePolicies == nil ? 0 : 1])
        try fields.add("policies", set: (policies.acceptablePolicies ?? []).map { Array($0.utf8) })
        if let revocation = authentication.revocation {
            fields.add("revocation checks", [revocation.checks == .leaf ? 0 : 1])
            fields.add("unknown status", [revocation.unknownStatus == .refuse ? 0 : 1])
            fields.add("expired lists", [revocation.expiredLists == .refuse ? 0 : 1])
            try fields.add("revocation lists", set: revocation.lists.all.map(\.der))
        }
        digest = try fields.digest()
    }
}

/// Labelled fields with their lengths, to be hashed.
struct PolicyFields {
    private var writer = ByteWriter(reserving: 256)

    init(_ title: String) { add("title", Array(title.utf8)) }

    mutating func add(_ label: String, _ value: [UInt8]) {
        writer.vector8(Array(label.utf8))
        writer.append(UInt32(truncatingIfNeeded: value.count))
        writer.append(value)
    }

    /// Adds code points in their order.
    mutating func add(_ label: String, codes: [UInt16]) { add(label, codes.flatMap(\.bytes)) }

    /// Adds byte strings in no particular order.
    mutating func add(_ label: String, set values: [[UInt8]]) throws(ConfigurationError) {
        var digests: [[UInt8]] = []
        for value in values { digests.append(try Self.hash(value)) }
        digests.sort { $0.lexicographicallyPrecedes($1) }
        add(label, digests.flatMap { $0 })
    }

    func digest() throws(ConfigurationError) -> [UInt8] { try Self.hash(writer.bytes) }

    private static func hash(_ bytes: [UInt8]) throws(ConfigurationError) -> [UInt8] {
        do throws(CryptoError) {
            let digest = try HashState.hash(.sha256, bytes.span)
            return copyBytes(digest.bytes)
        } catch {
            throw ConfigurationError(reason: "the policy digest could not be computed")
        }
    }
}

extension UInt16 {
    fileprivate var bytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xFF)] }
}
