// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// How a server asks its clients for certificates and judges them (RFC 9846 §4.4.2, RFC 5246 §7.4.4).
///
/// Clients that resume a session are not asked again: the session keeps their chain, which is verified anew under the
/// configuration of the day, and ends with what a full handshake would refuse.
public struct ClientAuthentication: Sendable {
    /// What becomes of clients without a certificate. A bad certificate is refused either way.
    public enum Mode: Hashable, Sendable {
        /// They are served, and ``TLSSession/peerCertificates`` is empty.
        case optional
        /// They are refused: certificate_required in TLS 1.3, handshake_failure in TLS 1.2.
        case required
    }

    /// The names of certificate authorities that clients choose their certificate by (RFC 9846 §4.3.4).
    public enum AuthorityNames: Sendable {
        /// Those of the trust anchors.
        case trustAnchors
        /// None: clients choose by themselves.
        case none
        /// These.
        case names([DistinguishedName])
    }

    /// What becomes of clients without a certificate.
    public var mode: Mode
    /// The anchors that a client's chain must lead to.
    public var trustAnchors: TrustAnchors
    /// Whether there may be no trust anchors: for drivers that judge chains themselves, as the built-in verdict then refuses
    /// every client that shows one. Default: false.
    public var allowsNoTrustAnchors = false
    /// Whether a client's chain has to lead to an anchor that names itself as its issuer, see
    /// `CertificateVerifier.trustsOnlyRoots`. Default: false.
    public var trustsOnlyRoots = false
    /// How revocation is checked; nil checks nothing. Default: nil.
    public var revocation: RevocationPolicy?
    /// The certificate policies that a client's path has to be valid for (RFC 5280 §6.1.1). Default: none is required.
    public var policies = PolicyRequirements()
    /// The names sent to clients. Default: those of the trust anchors.
    public var authorityNames = AuthorityNames.trustAnchors
    /// The signature schemes to accept of clients, most wanted first.
    public var signatureSchemes: [SignatureScheme] = SignatureScheme.supported
    /// Bounds on the work that a client's chain can cause.
    public var limits = CertificateVerifier.Limits()

    /// Client authentication by certificates that lead to these anchors.
    public init(_ mode: Mode, trustAnchors: TrustAnchors, revocation: RevocationPolicy? = nil) {
        self.mode = mode
        self.trustAnchors = trustAnchors
        self.revocation = revocation
    }
}

/// Client authentication, checked and ready. Immutable, shared by all sessions.
///
/// A server's configuration makes its own; another one is for ``ServerSession/requestClientCertificate(_:)``.
public final class ClientAuthenticator: Sendable {
    let mode: ClientAuthentication.Mode
    let verifier: CertificateVerifier
    let signatureSchemes: [SignatureScheme]
    /// The whole TLS 1.3 CertificateRequest of a handshake (RFC 9846 §4.4.2).
    let requestMessageTLS13: [UInt8]
    /// The whole TLS 1.2 CertificateRequest (RFC 5246 §7.4.4).
    let requestMessageTLS12: [UInt8]
    /// Stands in for the verifier in tests against peers whose certificates nobody could accept.
    let judge: (@Sendable ([Certificate]) -> Verdict)?
    /// What a session must match to be resumed, see ``ResumptionPolicy``.
    let fingerprint: ClientAuthenticationFingerprint
    private let authorities: [[UInt8]]
    /// The algorithms that clients may compress their certificates with (RFC 8879).
    private let compression: [CertificateCompressionAlgorithm]

    /// Checks and prepares client authentication.
    ///
    /// - Throws: `ConfigurationError` when it could accept nobody and is not said to, or its names are too long for a message.
    public convenience init(_ authentication: ClientAuthentication) throws(ConfigurationError) {
        try self.init(authentication, compression: [], judge: nil)
    }

    init(
        _ authentication: ClientAuthentication,
        compression: [CertificateCompressionAlgorithm],
        judge: (@Sendable ([Certificate]) -> Verdict)?
    ) throws(ConfigurationError) {
        guard authentication.trustAnchors.count > 0 || authentication.allowsNoTrustAnchors else {
            throw ConfigurationError(reason: "client certificates are asked for but no trust anchor could verify one")
        }
        try ConfigurationCheck.signatureSchemes(authentication.signatureSchemes)
        mode = authentication.mode
        signatureSchemes = authentication.signatureSchemes
        verifier = CertificateVerifier(
            trustAnchors: authentication.trustAnchors,
            purpose: .clientAuthentication,
            limits: authentication.limits,
            revocation: authentication.revocation,
            trustsOnlyRoots: authentication.trustsOnlyRoots,
            policies: authentication.policies
        )
        self.judge = judge
        self.compression = compression
        authorities =
            switch authentication.authorityNames {
            case .trustAnchors: authentication.trustAnchors.subjects.map(\.der)
            case .none: []
            case .names(let names): names.map(\.der)
            }
        var messageTLS12 = ByteWriter()
        do throws(EncodeError) {
            requestMessageTLS13 = try Self.request([], authorities, signatureSchemes, compression)
            try TLS12CertificateRequest.write(
                signatureAlgorithms: signatureSchemes.filter { $0.isAllowed(in: .tls12) },
                certificateAuthorities: authorities,
                into: &messageTLS12
            )
        } catch {
            throw ConfigurationError(
                reason: "the names of \(authorities.count) certificate authorities are too long for a message: name "
                    + "fewer of them, or none"
            )
        }
        requestMessageTLS12 = messageTLS12.takeBytes()
        fingerprint = try ClientAuthenticationFingerprint(authentication)
    }

    /// A TLS 1.3 CertificateRequest with a context, as only post-handshake authentication has one.
    func request(context: [UInt8]) throws(TLSError) -> [UInt8] {
        do throws(EncodeError) {
            return try Self.request(context, authorities, signatureSchemes, compression)
        } catch {
            throw .internalFailure("a CertificateRequest outgrew its length fields")
        }
    }

    private static func request(
        _ context: [UInt8],
        _ authorities: [[UInt8]],
        _ schemes: [SignatureScheme],
        _ compression: [CertificateCompressionAlgorithm]
    ) throws(EncodeError) -> [UInt8] {
        var writer = ByteWriter()
        try CertificateRequest.write(requestContext: context.span, into: &writer) { extensions in
            extensions.signatureAlgorithms(schemes)
            if !authorities.isEmpty { extensions.certificateAuthorities(authorities) }
            if !compression.isEmpty { extensions.certificateCompression(compression) }
        }
        return writer.takeBytes()
    }

    /// The request that a session makes of its driver, or of itself.
    func verification(_ chain: [Certificate], at time: Int64) -> VerificationRequest {
        VerificationRequest(
            certificateChain: chain,
            serverName: nil,
            ocspResponse: nil,
            signedCertificateTimestamps: nil,
            statusPolicy: .ignored,
            verifier: verifier,
            time: time,
            judge: VerificationRequest.judge(ofChains: judge)
        )
    }
}
