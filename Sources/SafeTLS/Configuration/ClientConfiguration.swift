// SPDX-License-Identifier: Apache-2.0

import Synchronization
public import TLSCertificates
public import TLSCrypto

/// What a client offers and accepts. Plain values; ``ClientConfiguration`` checks them once.
public struct ClientOptions: Sendable {
    /// The versions to offer. Default: TLS 1.2 and TLS 1.3.
    public var versions: ClosedRange<ProtocolVersion> = .tls12 ... .tls13
    /// The cipher suites to offer, most wanted first.
    public var cipherSuites: [CipherSuite] = CipherSuite.supported
    /// The key exchange groups to offer, most wanted first. TLS 1.2 has none of those that are post-quantum.
    public var groups: [NamedGroup] = NamedGroup.supported
    /// Those of ``groups`` that key shares are sent of (RFC 9846 §4.3.8); servers that want another ask for it, which costs
    /// a round trip. None at all lets the server choose before a key is made. Default: nil, the first of ``groups``, and
    /// when that is a combination with ML-KEM also its classical part, if that is one of them: it takes no key of its own,
    /// and a server without post-quantum groups can answer at once.
    ///
    /// At most two keys are made: for instance X25519MLKEM768 with X25519, and secp256r1.
    public var keyShares: [NamedGroup]?
    /// The signature schemes to accept, most wanted first.
    public var signatureSchemes: [SignatureScheme] = SignatureScheme.supported
    /// The schemes to name for the signatures in certificates, where they differ from ``signatureSchemes`` (RFC 9846
    /// §4.3.3): servers with several certificates choose by it. Default: empty, nothing is named.
    public var certificateSignatureSchemes: [SignatureScheme] = []
    /// The ALPN protocol names to offer, most wanted first (RFC 7301). Empty: the extension is not sent.
    public var applicationProtocols: [String] = []
    /// Whether to ask servers for an OCSP response about their certificate (RFC 6066 §8). Default: true.
    public var requestsOCSPResponse = true
    /// Whether a server has to send an OCSP response, whatever its certificate says. Default: false, only those whose
    /// certificate asks for it ("must staple", RFC 7633).
    public var requiresOCSPResponse = false
    /// How revocation lists are checked; nil checks none. Default: nil.
    public var revocation: RevocationPolicy?
    /// The certificate policies that a server's path has to be valid for (RFC 5280 §6.1.1). Default: none is required.
    public var policies = PolicyRequirements()
    /// Whether a server's chain has to lead to an anchor that names itself as its issuer, see
    /// `CertificateVerifier.trustsOnlyRoots`. Default: false.
    public var trustsOnlyRoots = false
    /// Bounds on the work that a server's chain can cause.
    public var limits = CertificateVerifier.Limits()
    /// Whether a server's certificate may be for any name, as long as it leads to a trust anchor: whoever has a certificate of
    /// one of the anchors can stand in for every server. With the anchors of the system that is everybody. It is for anchors of
    /// one's own that certify nobody else, and for applications that look at the certificate themselves before they send
    /// anything; a judge that looks at it is better, see ``ClientConfiguration/init(judge:options:)``. Default: false.
    public var dangerouslyAcceptsAnyName = false
    /// Whether nothing of a server's certificate is judged but by the application's judge, beyond what the handshake's
    /// signature needs: see `Certificate.init(lenientlyReading:)`; neither the key usage nor a long RSA key ends the
    /// handshake. TLS 1.2 servers are told that certificates may have compressed points. Only for
    /// ``ClientConfiguration/init(judge:options:)``. Default: false.
    public var readsCertificatesLeniently = false
    /// Whether to ask servers for the proof that their certificate was logged (RFC 6962). The timestamps are handed out, not
    /// verified. Default: false.
    public var requestsSignedCertificateTimestamps = false
    /// The certificates to show to servers that ask for one, most wanted first. Default: none.
    ///
    /// The first is shown whose key fits a signature scheme of the server and which comes from an authority that the
    /// server names, if it names any. When none fits, none is shown, and the server decides whether it goes on.
    public var credentials: [Credential] = []
    /// External keys to offer to TLS 1.3 servers, most wanted first. A server that takes one shows no certificate. Default:
    /// none.
    ///
    /// With external keys no sessions are kept: a key that is taken away must not live on in them.
    public var preSharedKeys: [ExternalPSK] = []
    /// Whether servers that take none of ``preSharedKeys`` are refused, whatever certificate they show. Default: false.
    public var requiresPreSharedKey = false
    /// Whether TLS 1.3 servers may ask for a certificate after the handshake (RFC 9846 §4.3.6). Default: false.
    public var offersPostHandshakeAuthentication = false
    /// The signature schemes to sign with when a certificate is shown, most wanted first.
    public var signingSchemes: [SignatureScheme] = SignatureScheme.supported
    /// For how many servers sessions are kept to be resumed; 0 turns resumption off. Default: 256.
    public var sessionCacheCapacity = 256
    /// Whether sessions are kept although the driver answers ``ClientRequest/certificate(_:)``: it always chooses alike, for
    /// instance what ``ClientConfiguration/credential(for:)`` says, so that no connection resumes as somebody else. Default:
    /// false.
    public var keepsSessionsWithDeferredCertificates = false
    /// What decompresses the certificates of servers and compresses the client's own, most wanted first (RFC 8879).
    /// Default: none.
    public var certificateCompressors: [any CertificateCompressor] = []
    /// How data are cut into records.
    public var records = RecordOptions()
    /// Whether this is another attempt, in a lower version, after one with all versions failed (RFC 7507). A server that
    /// speaks a higher version then refuses: somebody made the first attempt fail. Default: false.
    public var isFallback = false
    /// Whether to offer 0-RTT data to servers whose tickets allow them, see ``ClientSession/sealEarlyData(_:into:)-(_,MutableSpan<UInt8>)``.
    /// Default: false.
    public var offersEarlyData = false
    /// Whether to ask TLS 1.2 servers for tickets. Without one they can still resume by session ID. Default: true.
    public var requestsTicketsTLS12 = true
    /// How many tickets to ask TLS 1.3 servers for (RFC 9149). Default: nil, the server decides.
    public var ticketRequest: TicketRequest?
    /// Where the secrets of connections are logged for debugging, if anywhere. Default: nil.
    public var keyLog: (any KeyLog)?
    /// Is told of the messages of connections as they pass, for debugging: on the thread that drives the session, before what a
    /// message brings about. Application data are not among them. Default: nil.
    public var messageObserver: (@Sendable (ObservedMessage) -> Void)?
    /// Is told of servers' chains before anything is judged, and before the server has proved that it is its own: who says why a chain is
    /// refused shows what it is about.
    package var verificationObserver: (@Sendable (VerificationRequest) -> Void)?
    /// The time in UNIX seconds, for certificate validity. Tests replace it.
    public var clock: @Sendable () -> Int64 = { WallClock.now() } {
        didSet { milliseconds = { [clock] in clock() &* 1000 } }
    }
    /// The same in milliseconds, for the ages of tickets: a clock of the program's own has whole seconds.
    var milliseconds: @Sendable () -> Int64 = { WallClock.milliseconds() }
    /// Where randomness comes from. Tests replace it.
    public var random: any RandomSource = SystemRandomSource()

    /// Creates the default options: safe versions, suites, groups and schemes only.
    public init() {}
}

/// A client's trust anchors and options, checked and ready. Immutable, shared by all sessions.
///
/// The server's certificate is always verified; there is no option to turn that off, only one to leave the name alone
/// (``ClientOptions/dangerouslyAcceptsAnyName``). An application with rules of its own brings a judge.
public final class ClientConfiguration: Sendable {
    /// The options this configuration was made from, each suite, group and scheme once.
    public let options: ClientOptions
    /// The anchors that a server's chain must lead to.
    public let trustAnchors: TrustAnchors
    let verifier: CertificateVerifier
    let applicationProtocols: [[UInt8]]
    /// The groups of the enabled versions.
    let groups: [NamedGroup]
    /// The groups that a first ClientHello has shares of, in the same order.
    let keyShares: [NamedGroup]
    let sessionCache: ClientSessionCache
    /// The sessions of QUIC connections, which are resumed by such alone.
    let quicSessionCache: ClientSessionCache
    let quicVariant = Mutex<ClientConfiguration?>(nil)
    let certificateCompression: CertificateCompression
    /// Judges in the verifier's place.
    let judge: (@Sendable (VerificationRequest) -> Verdict)?

    /// Checks the options and creates a configuration.
    ///
    /// - Throws: `ConfigurationError` when no server could ever be accepted: an empty trust store, an unsupported
    ///   version, suite or group, or an invalid ALPN name.
    public convenience init(
        trustAnchors: TrustAnchors,
        options: ClientOptions = ClientOptions()
    ) throws(ConfigurationError) {
        try self.init(trustAnchors: trustAnchors, options: options, sharingSessionsWith: nil, verdict: nil)
    }

    /// Creates a configuration for servers whose certificates are good by other rules than those of the Web PKI: certificates
    /// that are known beforehand, say.
    ///
    /// - Parameters:
    ///   - judge: Gives the verdict on a server's chain, on the thread of the handshake and before the server gets a byte of
    ///     the application. What it accepts is accepted, so it has to check the name and the time as well, with a
    ///     `CertificateVerifier` for example. Sessions are resumed without asking again, as long as the certificates are
    ///     valid: the rules must not change while the configuration lives.
    ///   - options: What the client offers and accepts.
    /// - Throws: `ConfigurationError` when the options are not consistent.
    public convenience init(
        judge: @escaping @Sendable (VerificationRequest) -> Verdict,
        options: ClientOptions = ClientOptions()
    ) throws(ConfigurationError) {
        try self.init(trustAnchors: TrustAnchors([]), options: options, sharingSessionsWith: nil, verdict: judge)
    }

    /// For tests: with the sessions of another configuration and a verdict of their own on every chain.
    package convenience init(
        trustAnchors: TrustAnchors,
        options: ClientOptions,
        sharingSessionsWith other: ClientConfiguration?,
        judge: (@Sendable ([Certificate]) -> Verdict)?
    ) throws(ConfigurationError) {
        try self.init(
            trustAnchors: trustAnchors,
            options: options,
            sharingSessionsWith: other,
            verdict: VerificationRequest.judge(ofChains: judge)
        )
    }

    init(
        trustAnchors: TrustAnchors,
        options: ClientOptions,
        sharingSessionsWith other: ClientConfiguration?,
        verdict judge: (@Sendable (VerificationRequest) -> Verdict)?,
        sessionCache cache: ClientSessionCache? = nil
    ) throws(ConfigurationError) {
        let options = options.withoutDuplicates
        guard trustAnchors.count > 0 || options.requiresPreSharedKey || judge != nil else {
            throw ConfigurationError(reason: "the trust store is empty: no server could be verified")
        }
        guard judge != nil || !options.readsCertificatesLeniently else {
            throw ConfigurationError(
                reason: "certificates are to be read leniently, and no judge is there to judge them"
            )
        }
        guard judge == nil || !options.dangerouslyAcceptsAnyName else {
            throw ConfigurationError(
                reason: "certificates for any name are to be accepted, and a judge is there to judge them"
            )
        }
        try ConfigurationCheck.versions(options.versions)
        try ConfigurationCheck.cipherSuites(options.cipherSuites, versions: options.versions)
        try ConfigurationCheck.groups(options.groups, versions: options.versions)
        groups = options.versions.contains(.tls13) ? options.groups : options.groups.filter { !$0.isPostQuantum }
        keyShares = try ConfigurationCheck.keyShares(options)
        try ConfigurationCheck.records(options.records)
        try ConfigurationCheck.preSharedKeys(
            options.preSharedKeys,
            isRequired: options.requiresPreSharedKey,
            versions: options.versions
        )
        guard options.preSharedKeys.reduce(0, { $0 + $1.entries.reduce(0) { $0 + $1.identity.count + 60 } }) < 32_768
        else {
            throw ConfigurationError(reason: "the pre-shared keys do not fit into a ClientHello: offer fewer of them")
        }
        try ConfigurationCheck.signatureSchemes(options.signatureSchemes)
        if !options.versions.contains(.tls13) {
            try ConfigurationCheck.hasSchemeOfTLS12(options.signatureSchemes, of: "servers")
        }
        try ConfigurationCheck.signatureSchemes(options.signingSchemes)
        if !options.certificateSignatureSchemes.isEmpty {
            try ConfigurationCheck.signatureSchemes(options.certificateSignatureSchemes)
        }
        for credential in options.credentials {
            let isUsable = [options.versions.lowerBound, options.versions.upperBound].contains { version in
                options.signingSchemes.contains { credential.canSign(with: $0, in: version) }
            }
            guard isUsable else {
                throw ConfigurationError(
                    reason: "no enabled signature scheme fits the certificate \(credential.certificateChain[0].subject)"
                )
            }
        }
        applicationProtocols = try ConfigurationCheck.applicationProtocols(options.applicationProtocols)
        guard options.requestsOCSPResponse || !options.requiresOCSPResponse else {
            throw ConfigurationError(reason: "OCSP responses are required and not asked for")
        }
        verifier = CertificateVerifier(
            trustAnchors: trustAnchors,
            purpose: .serverAuthentication,
            limits: options.limits,
            revocation: options.revocation,
            trustsOnlyRoots: options.trustsOnlyRoots,
            policies: options.policies
        )
        let caches = cache.map { ($0, $0) } ?? other.map { ($0.sessionCache, $0.quicSessionCache) }
        sessionCache = caches?.0 ?? ClientSessionCache(capacity: options.sessionCacheCapacity)
        quicSessionCache = caches?.1 ?? ClientSessionCache(capacity: options.sessionCacheCapacity)
        certificateCompression = try CertificateCompression(options.certificateCompressors)
        self.judge = judge
        self.trustAnchors = trustAnchors
        self.options = options
    }

    /// The ticket, or else the ID, of the session with a server that came last.
    package func newestSession(for server: ServerName) -> [UInt8]? { sessionCache.newest(of: server) }

    /// The most 0-RTT data that the newest session with a server allows, in bytes.
    package func maximumEarlyData(for server: ServerName) -> UInt32 { sessionCache.maximumEarlyData(of: server) }

    /// How many sessions with a server are kept.
    package func sessionCount(for server: ServerName) -> Int { sessionCache.count(of: server) }
}
