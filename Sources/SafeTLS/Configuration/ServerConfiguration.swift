// SPDX-License-Identifier: Apache-2.0

import Synchronization
package import TLSCertificates
public import TLSCrypto

/// What a server offers and how it chooses. Plain values; ``ServerConfiguration`` checks them once.
public struct ServerOptions: Sendable {
    /// The versions to accept. Default: TLS 1.2 and TLS 1.3.
    public var versions: ClosedRange<ProtocolVersion> = .tls12 ... .tls13
    /// The cipher suites to accept, most wanted first. Default: all that are supported.
    public var cipherSuites: [CipherSuite] = CipherSuite.supported
    /// The key exchange groups to accept, most wanted first. TLS 1.2 has none of those that are post-quantum.
    ///
    /// A group that the client has sent a share for goes before the others, so that no round trip is lost, see
    /// ``groupTierStarts`` and ``requiresPostQuantum`` for servers that want it otherwise.
    public var groups: [NamedGroup] = NamedGroup.supported
    /// Those of ``groups`` at which a less wanted tier begins. A TLS 1.3 client that has a group of one tier gets none of a
    /// later one: when it has sent shares for later ones only, it is asked for another by HelloRetryRequest. Default: none,
    /// all groups are one tier.
    public var groupTierStarts: [NamedGroup] = []
    /// Whether only those of ``groups`` are accepted that a quantum computer does not break, which needs TLS 1.3 alone.
    /// Clients that sent no share of them are asked for one, those that have none are refused. Default: false.
    public var requiresPostQuantum = false
    /// The signature schemes to sign with, most wanted first.
    public var signatureSchemes: [SignatureScheme] = SignatureScheme.supported
    /// Whether the client's order of cipher suites counts, and not this configuration's. Default: false.
    public var prefersClientCipherOrder = false
    /// Whether the client's order of key exchange groups counts, and not this configuration's; its order within a tier, where
    /// ``groupTierStarts`` makes several. In TLS 1.3 a group that the client has sent a share for goes before the others of its
    /// tier (RFC 9846 §4.3.8 leaves that to the server). Default: false.
    public var prefersClientGroupOrder = false
    /// The ALPN protocol names to offer, most wanted first (RFC 7301). Empty: the extension is ignored.
    public var applicationProtocols: [String] = []
    /// Whether a HelloRetryRequest carries a cookie from which another session can go on (RFC 9846 §4.3.2).
    ///
    /// With it a driver may drop the session after a HelloRetryRequest: the second ClientHello, given to a new session
    /// of the same configuration, continues the handshake. Default: false.
    public var sendsRetryCookie = false
    /// How many tickets a TLS 1.3 handshake gives for later resumption; one of TLS 1.2 gives one ticket. Clients that
    /// say how many they want get so many, up to ``TLSLimits/ticketsPerHandshake`` (RFC 9149). 0 gives no tickets:
    /// without a ``sessionStore`` nothing is resumed. Default: 2.
    public var ticketCount = 2
    /// Whether a ticket holds the session, sealed, or is only its name in the ``sessionStore``. Default: `stateless`.
    public var ticketForm = TicketForm.stateless
    /// Where sessions are kept: those of TLS 1.2 clients that get no ticket, and all with `stateful` tickets.
    /// Default: nil, nowhere.
    public var sessionStore: (any SessionStore)?
    /// The keys that protect tickets and stored sessions. Default: nil, random keys that live with the configuration.
    public var ticketKeys: TicketKeys?
    /// How long a session may be resumed, in seconds, at most seven days and at most one epoch of ``ticketKeys``.
    /// Default: one day.
    ///
    /// In TLS 1.3 a resumption gives tickets for as long again, up to ``authenticationLifetime``. In TLS 1.2, where a
    /// resumption makes no new keys of its own, it does not.
    public var ticketLifetime: Int64 = 86_400
    /// For how many seconds after a full handshake its client may come back by one resumption after the other, before it
    /// has to show again who it is. More than the default are as many. Default: seven days.
    public var authenticationLifetime: Int64 = 604_800
    /// What compresses certificates for clients that want that, most wanted first (RFC 8879). Default: none.
    public var certificateCompressors: [any CertificateCompressor] = []
    /// Whether clients that are asked for certificates may compress them, too. What decompresses them reads bytes that
    /// nobody has authenticated yet. Default: true.
    public var acceptsCompressedCertificates = true
    /// How data are cut into records.
    public var records = RecordOptions()
    /// Whether and how 0-RTT data are accepted (RFC 9846 §2.3). Default: nil, they are not.
    public var earlyData: EarlyDataOptions?
    /// Whether and how clients are asked for certificates. Default: nil, they are not.
    public var clientAuthentication: ClientAuthentication?
    /// External keys to take of TLS 1.3 clients, instead of showing a certificate. Default: none.
    ///
    /// A client with such a key gets no session tickets: a key that is taken away must not live on in them.
    public var preSharedKeys: [ExternalPSK] = []
    /// Finds an external key by its identity, where ``preSharedKeys``, which go first, cannot hold them all. Default: nil.
    ///
    /// It is asked on the thread of the handshake, several times a connection, and for whatever a client names, tickets of
    /// earlier sessions among it: at most ``TLSLimits/pskIdentities`` identities, of at most ``TLSLimits/pskIdentityLength``
    /// bytes. Nobody is authenticated by then. For a key that the client has imported (RFC 9258) it is first asked for the whole
    /// ImportedIdentity, then for the identity inside. A key that it finds goes before tickets: it must return nil for every
    /// identity that it does not know. One that derives a key from whatever it is asked for would find one for tickets, too, and
    /// every resumption would fail.
    public var findPreSharedKey: (@Sendable (_ identity: [UInt8]) -> ExternalPSK?)?
    /// Whether clients without one of ``preSharedKeys``, or that ``findPreSharedKey`` finds, are refused; the server needs no certificate then. Default: false.
    public var requiresPreSharedKey = false
    /// What else must be the same when a session is resumed, for servers that share ticket keys: for instance the
    /// name of a group of virtual hosts. Sessions are resumed under the same server name and versions only, anyway.
    public var resumptionContext: [UInt8] = []
    /// Where the secrets of connections are logged for debugging, if anywhere. Default: nil.
    public var keyLog: (any KeyLog)?
    /// Is told of the messages of connections as they pass, for debugging: on the thread that drives the session, before what a
    /// message brings about. Application data are not among them. Default: nil.
    public var messageObserver: (@Sendable (ObservedMessage) -> Void)?
    /// The time in UNIX seconds. Tests replace it.
    public var clock: @Sendable () -> Int64 = { WallClock.now() }
    /// Where randomness comes from. Tests replace it.
    public var random: any RandomSource = SystemRandomSource()

    /// Creates the default options: safe versions, suites, groups and schemes only.
    public init() {}
}

extension ServerOptions {
    /// Whether there may be an external key for an identity.
    var takesPreSharedKeys: Bool { !preSharedKeys.isEmpty || findPreSharedKey != nil }
}

/// What a session ticket is.
public enum TicketForm: Hashable, Sendable {
    /// The session itself, sealed with the ticket keys: the server keeps nothing. A ticket can be used several times
    /// while it lives.
    case stateless
    /// The name of a session in the session store. In TLS 1.3 it can be used once; TLS 1.2 clients get session IDs
    /// instead.
    case stateful
}

/// A server's credentials and options, checked and ready. Immutable, shared by all sessions.
public final class ServerConfiguration: Sendable {
    /// The options this configuration was made from, each suite, group and scheme once.
    public let options: ServerOptions
    /// The certificates to choose from, in order of preference. Those with ``Credential/hasSHA1Signature`` are only for clients
    /// that ask for SHA-1; when there are no others, the rest gets the alert handshake_failure.
    public let credentials: [Credential]
    /// Whether one of them can be shown only to clients that ask for SHA-1.
    let hasSHA1Chain: Bool
    /// ALPN names as bytes, in the same order as the options'.
    let applicationProtocols: [[UInt8]]
    /// The groups of TLS 1.3, and those of TLS 1.2.
    private let groupsTLS13: [NamedGroup]
    private let groupsTLS12: [NamedGroup]
    /// The key that authenticates HelloRetryRequest cookies.
    let retryCookieKey: Secret32

    /// Nil when clients are not asked for certificates.
    let clientAuthenticator: ClientAuthenticator?
    /// Nil when resumption is off.
    let resumption: ServerResumption?
    let certificateCompression: CertificateCompression
    /// External keys by their identities on the wire.
    let preSharedKeys: [[UInt8]: ExternalPSK.Entry]
    /// Whether it is what ``forQUIC()`` has made.
    let isQUIC: Bool
    let quicVariant = Mutex<ServerConfiguration?>(nil)

    /// Checks the options and creates a configuration.
    ///
    /// - Throws: `ConfigurationError` when something could never be negotiated: no certificate, an unsupported version,
    ///   suite or group, a certificate that no enabled signature scheme fits, a version without suite or signature
    ///   scheme, an invalid ALPN name, or client authentication that could accept nobody.
    public convenience init(
        credentials: [Credential],
        options: ServerOptions = ServerOptions()
    ) throws(ConfigurationError) {
        try self.init(credentials: credentials, options: options, clientJudge: nil)
    }

    /// For tests: with a verdict of their own on every client's chain.
    package init(
        credentials: [Credential],
        options: ServerOptions,
        clientJudge: (@Sendable ([Certificate]) -> Verdict)?,
        isQUIC: Bool = false
    ) throws(ConfigurationError) {
        let options = options.withoutDuplicates
        guard !credentials.isEmpty || options.requiresPreSharedKey else {
            throw ConfigurationError(reason: "a server needs at least one certificate")
        }
        try ConfigurationCheck.versions(options.versions)
        try ConfigurationCheck.cipherSuites(options.cipherSuites, versions: options.versions)
        try ConfigurationCheck.groups(options.groups, versions: options.versions)
        try ConfigurationCheck.groupPolicy(options)
        groupsTLS13 = options.requiresPostQuantum ? options.groups.filter(\.isPostQuantum) : options.groups
        groupsTLS12 = options.groups.filter { !$0.isPostQuantum }
        try ConfigurationCheck.earlyData(options)
        try ConfigurationCheck.records(options.records)
        try ConfigurationCheck.preSharedKeys(
            options.preSharedKeys,
            isRequired: options.requiresPreSharedKey,
            canFind: options.findPreSharedKey != nil,
            versions: options.versions
        )
        // RFC 9846 §4.4.2: a handshake with a key has no room for a certificate request.
        guard !options.takesPreSharedKeys || options.clientAuthentication?.mode != .required else {
            throw ConfigurationError(
                reason: "client certificates are required, and clients with a pre-shared key would not show one"
            )
        }
        preSharedKeys = Dictionary(
            options.preSharedKeys.flatMap(\.entries).map { ($0.identity, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        try ConfigurationCheck.signatureSchemes(options.signatureSchemes)
        try ConfigurationCheck.credentials(credentials, options)
        applicationProtocols = try ConfigurationCheck.applicationProtocols(options.applicationProtocols)
        retryCookieKey = try Secret32(random: options.random)
        certificateCompression = try CertificateCompression(
            options.certificateCompressors,
            decompresses: options.acceptsCompressedCertificates
        )
        var authenticator: ClientAuthenticator?
        if let authentication = options.clientAuthentication {
            authenticator = try ClientAuthenticator(
                authentication,
                compression: certificateCompression.accepted,
                judge: clientJudge
            )
            if options.versions.contains(.tls12) {
                try ConfigurationCheck.hasSchemeOfTLS12(authentication.signatureSchemes, of: "clients")
            }
        }
        clientAuthenticator = authenticator
        resumption = try ServerResumption(options, authenticator, isQUIC: isQUIC)
        self.isQUIC = isQUIC
        self.credentials = credentials
        hasSHA1Chain = credentials.contains { $0.hasSHA1Signature }
        self.options = options
    }

    /// The groups that may be chosen, most wanted first.
    func groups(_ version: ProtocolVersion) -> [NamedGroup] { version == .tls13 ? groupsTLS13 : groupsTLS12 }

    /// The number of a group's tier; lower ones are wanted more.
    func tier(of group: NamedGroup) -> Int {
        var tier = 0
        for enabled in options.groups {
            if options.groupTierStarts.contains(enabled) { tier += 1 }
            if enabled == group { break }
        }
        return tier
    }
}

/// Thirty-two random bytes that live as long as a configuration and are wiped with it.
final class Secret32: Sendable {
    let secret: Secret

    init(random: any RandomSource) throws(ConfigurationError) {
        var secret = Secret(zeroed: 32)
        do throws(CryptoError) {
            var bytes = secret.mutableBytes
            try random.fill(&bytes)
        } catch {
            throw ConfigurationError(reason: "the random number generator failed")
        }
        self.secret = secret
    }
}
