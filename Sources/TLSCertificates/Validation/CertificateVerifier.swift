// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// Decides whether a peer's certificate is to be trusted: path building and validation (RFC 5280 §6, RFC 4158) and the
/// check of the server's name (RFC 9525).
///
/// Beyond RFC 5280:
/// - A leaf that is itself among the trust anchors, byte for byte, needs no issuer; its own validity, names and usages
///   are still checked.
/// - Versions 1 and 2 are accepted of leaves, as a version 3 leaf without extensions is, and of trust anchors; not of
///   authorities in between, for such certificates cannot say that they are one's.
/// - Every certificate of a path that has an extended key usage has to allow the purpose, issuers too, as the Web PKI
///   does it. `anyExtendedKeyUsage` will do for an issuer, which it leaves unrestricted; a leaf has to name the purpose.
/// - A leaf with a key usage needs digitalSignature, unless ``leafKeyUsages`` says otherwise: the key signs in every
///   handshake of this library.
/// - Accepted signatures are RSA PKCS #1 v1.5 and RSA-PSS, ECDSA on P-256, P-384 and P-521, each with SHA-256, SHA-384
///   or SHA-512, Ed25519, and ML-DSA where libcrypto has it. RSA keys need 112 bits of strength, see `KeyLimits`.
/// - Names are the same whatever the case of their letters, their spaces and their kind of string, in ASCII (§7.1). In an
///   excluded subtree of directory names is also what has other text beyond ASCII in the subtree's place.
/// - Certificate policies are followed as ``PolicyRequirements`` says. What a trust anchor states of them doesn't count, for
///   it isn't on the path.
/// - Revocation is checked with the lists of a ``RevocationPolicy``, or not at all. A leaf that is itself a trust anchor
///   has no issuer who could revoke it.
public struct CertificateVerifier: Sendable {
    /// What the leaf is used for.
    public enum Purpose: Hashable, Sendable {
        /// The peer is a TLS server.
        case serverAuthentication
        /// The peer is a TLS client.
        case clientAuthentication
    }

    /// Bounds on the work that a chain from the network can cause.
    public struct Limits: Hashable, Sendable {
        /// Certificates in the chain that the peer sends. Real chains have up to five; what more of them cost is bounded
        /// below.
        public var certificates = 100
        /// Certificates between leaf and trust anchor. Real paths have up to three. Below 0 there is room for no anchor
        /// either: the leaf has to be one.
        public var intermediates = 8
        /// What the signatures verified may cost, in units of one check with a P-256 key: some 75 µs of CPU time. One with
        /// P-384 costs 11, P-521 8, Ed25519 2, RSA-2048 to RSA-5792 1, RSA-8192 4, ML-DSA 3 to 5. A real path costs up to some forty with
        /// revocation lists, and cross-signing a few more.
        public var signatureCost = 200
        /// Possible issuers looked at while searching.
        public var candidates = 2_000
        /// Comparisons of a name with a name constraint, a long one counting as several. At 250 000 they take some
        /// milliseconds.
        public var nameComparisons = 250_000
        /// Certificate policies and mappings of them looked at, over all paths tried. Bridges between authorities have some
        /// 60 in a certificate.
        public var policies = 10_000
        /// Certificates of valid paths that are kept, half of them issuers: when a peer shows one again, it is not parsed
        /// and its signature not verified again. All else is. One takes up to some 10 KiB. 0 keeps none.
        public var knownCertificates = 64

        /// The limits described with each property.
        public init() {}
    }

    /// The certificates that are trusted without an issuer.
    public let trustAnchors: TrustAnchors
    /// What the leaf is used for.
    public let purpose: Purpose
    /// Bounds on the work.
    public let limits: Limits
    /// How revocation is checked; nil checks nothing.
    public let revocation: RevocationPolicy?
    /// Whether a path has to end in a certificate that names itself as its issuer. Other trust anchors then only help to
    /// find one: OpenSSL's rule, where any anchor is an end for RFC 5280 §6.
    public let trustsOnlyRoots: Bool
    /// The certificate policies that a path has to be valid for.
    public let policies: PolicyRequirements
    /// Of which usages a leaf with a key usage needs one. RFC 9846 §4.5.1.2 wants digitalSignature; OpenSSL takes servers
    /// for which keyEncipherment or keyAgreement stands there.
    public let leafKeyUsages: KeyUsage
    /// Whether a server's name may also stand in a common name, if no alternative name is of its kind, see
    /// ``Certificate/matches(_:inCommonName:)``. Name constraints bind it then. RFC 9525 §2 has no such names; OpenSSL does.
    public let allowsCommonName: Bool

    private let known: KnownCertificates

    /// A verifier that accepts paths to these trust anchors.
    public init(
        trustAnchors: TrustAnchors,
        purpose: Purpose,
        limits: Limits = Limits(),
        revocation: RevocationPolicy? = nil,
        trustsOnlyRoots: Bool = false,
        policies: PolicyRequirements = PolicyRequirements(),
        leafKeyUsages: KeyUsage = .digitalSignature,
        allowsCommonName: Bool = false
    ) {
        self.trustAnchors = trustAnchors
        self.purpose = purpose
        self.limits = limits
        known = KnownCertificates(capacity: limits.knownCertificates)
        self.revocation = revocation
        self.trustsOnlyRoots = trustsOnlyRoots
        self.policies = policies
        self.leafKeyUsages = leafKeyUsages
        self.allowsCommonName = allowsCommonName
    }

    /// Whether a path may end in a trust anchor.
    func isEnd(_ anchor: Certificate) -> Bool { !trustsOnlyRoots || anchor.isSelfIssued }

    /// Finds a valid path from the leaf to a trust anchor.
    ///
    /// - Parameters:
    ///   - chain: The peer's certificates: the leaf, then others in any order, of which unneeded ones do no harm.
    ///   - serverName: The name that the leaf has to be for; nil checks no name, which only suits client certificates.
    ///   - time: The time to verify for, in seconds since 1970-01-01T00:00:00Z.
    /// - Returns: The path, the leaf first and the trust anchor last.
    /// - Throws: ``CertificateRejection``; if several paths fail, for the reason that says most.
    public func verify(
        _ chain: [Certificate],
        serverName: ServerName?,
        at time: Int64
    ) throws(CertificateRejection) -> [Certificate] {
        guard let leaf = chain.first else {
            throw CertificateRejection(certificate: "", depth: 0, reason: .emptyChain)
        }
        guard chain.count <= limits.certificates else {
            let words = "\(chain.count) certificates were sent, more than the limit of \(limits.certificates)"
            throw CertificateRejection(certificate: leaf.description, depth: 0, reason: .workLimit(words))
        }
        let rules = CertificateRules(purpose: purpose, leafKeyUsages: leafKeyUsages, time: time)
        let isAnchor = trustAnchors.contains(leaf) && isEnd(leaf)
        let commonName = allowsCommonName ? serverName.flatMap { leaf.commonName(matching: $0) } : nil
        if let reason = rules.objection(toLeaf: leaf, serverName: commonName == nil ? serverName : nil) {
            throw CertificateRejection(certificate: leaf.description, depth: 0, reason: reason)
        }
        var search = PathSearch(verifier: self, rules: rules, chain: chain, leaf: leaf, commonName: commonName)
        if isAnchor { return try search.runOnAnchor() }
        let path = try search.run()
        known.keep(path, for: serverName)
        return path
    }

    /// Reads a certificate of a chain from its DER encoding; one that was part of a valid path lately is there already.
    ///
    /// - Throws: As `Certificate.init(der:)`.
    package func certificate(_ der: Span<UInt8>, as role: CertificateRole) throws(CertificateError) -> Certificate {
        if let certificate = known.find(der, as: role) { return certificate }
        return try Certificate(der: copyBytes(der))
    }
}
