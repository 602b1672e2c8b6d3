// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import Synchronization
import TLSCertificateCompression

/// The directives of one server or virtual host, and what became of them.
///
/// httpd makes one for each server while it reads its configuration in the parent, on one thread. Once the servers
/// run, `policy` is all that threads read which serve connections and requests, and one at a time calls ``replace(_:)``.
public final class ServerSettings {
    /// A certificate with its key, as `TLSCertificate` named them.
    public struct Certificate: Sendable {
        /// The files of the chain, the server's own certificate first.
        public let chainFiles: [String]
        /// The file of the key.
        public let keyFile: String
        /// What was in them.
        public internal(set) var credential: Credential

        /// All of them, for comparison.
        public var files: [String] { chainFiles + [keyFile] }
    }

    /// `TLSEngine`; those of all servers count for all.
    public private(set) var engines: [EngineAddress] = []
    /// `TLSCertificate`.
    public internal(set) var certificates: [Certificate] = []
    private var versions: ClosedRange<ProtocolVersion>?
    private var preferred: [CipherSuite]?
    private var suppressed: [CipherSuite]?
    private var honorsClientOrder: Bool?
    private var requiresKnownServerName: Bool?
    /// What the directives of mod_ssl say.
    var ssl = SSLValues()
    /// `SSLVerifyClient` in directories.
    public var directoryDemands: [DirectoryDemand] = []

    /// How the server treats its connections, once the whole configuration is known; nil for servers without TLS.
    public var policy: ServerPolicy? { current.withLock { $0 } }
    private let current = Mutex<ServerPolicy?>(nil)
    private var names = VirtualHostNames(exact: [], patterns: [])
    private var store: (any SessionStore)?
    private var replays: (any ReplayProtection)?
    /// Clients that a directory asks are not told the authorities, which are too many for a message.
    var leavesNamesOut = false
    /// Those of the first policy: tickets outlive a change of certificates.
    var ticketKeys: TicketKeys?
    /// What compresses certificates (RFC 8879). Tests count what it is asked.
    var certificateCompressors: [any CertificateCompressor] = [SystemCompressor.brotli, SystemCompressor.zlib]

    /// Settings that leave everything open.
    public init() {}

    /// Settings of a virtual host: what `inner` says, and where it says nothing what `outer`, the main server, says.
    public init(outer: ServerSettings, inner: ServerSettings) {
        engines = outer.engines + inner.engines
        certificates = inner.certificates.isEmpty ? outer.certificates : inner.certificates
        versions = inner.versions ?? outer.versions
        preferred = inner.preferred ?? outer.preferred
        suppressed = inner.suppressed ?? outer.suppressed
        honorsClientOrder = inner.honorsClientOrder ?? outer.honorsClientOrder
        requiresKnownServerName = inner.requiresKnownServerName ?? outer.requiresKnownServerName
        ssl = inner.ssl.merged(onto: outer.ssl)
        directoryDemands = inner.directoryDemands + outer.directoryDemands
    }

    /// What the system says of all TLS, for servers with mod_ssl's directives. To be set before the policy is made.
    public func setSystemDefaults(_ defaults: SystemDefaults) { ssl.system = defaults }

    func removeCertificates() { certificates = [] }

    // MARK: - Directives

    /// `TLSEngine`.
    public func addEngine(_ address: EngineAddress) {
        if !engines.contains(address) {
            engines.append(address)
        }
    }

    /// `TLSCertificate`: reads both files, and checks that they belong together, while the line is at hand.
    public func addCertificate(certificateFile: String, keyFile: String?) throws(DirectiveError) {
        let credential: Credential
        do throws(ConfigurationError) {
            let key = keyFile ?? certificateFile
            credential = try ReadCredentials.credential(chain: [certificateFile], keyFile: key) {
                () throws(ConfigurationError) in try Credential(certificateFile: certificateFile, keyFile: keyFile)
            }
        } catch {
            throw DirectiveError("\(error)")
        }
        addCertificate(chainFiles: [certificateFile], keyFile: keyFile ?? certificateFile, credential)
    }

    func addCertificate(chainFiles: [String], keyFile: String, _ credential: Credential) {
        certificates.append(Certificate(chainFiles: chainFiles, keyFile: keyFile, credential: credential))
    }

    /// `TLSProtocol`.
    public func setProtocol(_ text: String) throws(DirectiveError) {
        versions = try ProtocolRange.parse(text)
    }

    /// `TLSCiphersPrefer`; the single word `default` goes back to the library's order. Gives a sentence to be logged as a
    /// warning.
    public func setPreferredCiphers(_ arguments: [String]) throws(DirectiveError) -> String? {
        let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
        preferred = suites
        return warning
    }

    /// `TLSCiphersSuppress`; the single word `default` suppresses none. Gives a sentence to be logged as a warning.
    public func setSuppressedCiphers(_ arguments: [String]) throws(DirectiveError) -> String? {
        let (suites, warning) = try CipherSuiteList.parseOrDefault(arguments)
        suppressed = suites
        return warning
    }

    /// `TLSHonorClientOrder`.
    public func setHonorClientOrder(_ on: Bool) {
        honorsClientOrder = on
    }

    /// `TLSStrictSNI`.
    public func setStrictServerName(_ on: Bool) {
        requiresKnownServerName = on
    }

    // MARK: - The result

    /// Turns the settings into `policy`. Needs a certificate.
    ///
    /// - Parameters:
    ///   - store: Where sessions are kept; nil keeps none.
    ///   - replays: What recognises 0-RTT data that come twice, for all processes; they are not taken without.
    public func makePolicy(
        names: VirtualHostNames,
        store: (any SessionStore)? = nil,
        replays: (any ReplayProtection)? = nil
    ) throws(DirectiveError) {
        ssl = try ssl.complete()
        try completeChains()
        var options = ServerOptions()
        options.versions = versions ?? .tls12 ... .tls13
        options.cipherSuites = CipherSuiteList.resolve(preferred: preferred ?? [], suppressed: suppressed ?? [])
        options.prefersClientCipherOrder = honorsClientOrder ?? !(ssl.honorsServerOrder ?? false)
        // OpenSSL goes by one setting for both, rustls by its own order of groups.
        options.prefersClientGroupOrder = ssl.isEngineOn != nil && options.prefersClientCipherOrder
        options.certificateCompressors = certificateCompressors
        // What clients send is not given to decompressors, which are C.
        options.acceptsCompressedCertificates = false
        options.sessionStore = store
        // Hosts that share ticket keys do not share sessions, nor does one with itself when it begins to ask responders.
        options.resumptionContext = names.primary + ssl.clientStatus.resumptionContext
        try apply(to: &options)
        let credentials = credentialsInOrder
        options.versions = Self.versions(options.versions, for: credentials)
        options.earlyData = try earlyData(replays)
        for version in [ProtocolVersion.tls12, .tls13]
        where options.versions.contains(version) && CipherSuiteList.isEmpty(options.cipherSuites, for: version) {
            throw DirectiveError("TLSCiphersSuppress leaves no cipher suite for \(version), which TLSProtocol enables")
        }
        self.names = names
        self.store = store
        self.replays = replays
        ticketKeys = options.ticketKeys
        let policy = ServerPolicy(
            names: names,
            configuration: try configuration(credentials, options),
            security: security(options),
            // Who speaks mod_ssl's language expects its answer to names that no virtual host has.
            refusesUnknownServerName: ssl.isEngineOn == nil && requiresKnownServerName ?? true,
            requiresServerName: ssl.isEngineOn == nil
                ? requiresKnownServerName ?? true : ssl.requiresServerName ?? false,
            verification: ssl.connection.verification ?? .none,
            verificationDepth: depth,
            hasAuthorities: hasAuthorities,
            authenticators: try authenticators(),
            userName: ssl.userName,
            keepsClientHello: ssl.keepsClientHello ?? false,
            certificates: credentials.map { CertificateVariables(server: $0) },
            clientStatus: try ClientStatusPolicy(ssl.clientStatus),
            staples: staplingPolicy.map { StapledCredentials(certificates.map(\.credential), $0) }
        )
        current.withLock { $0 = policy }
    }

    /// The library's configuration; why there is none is said in the words of directives.
    private func configuration(
        _ credentials: [Credential],
        _ options: ServerOptions
    ) throws(DirectiveError) -> ServerConfiguration {
        do {
            return try ServerConfiguration(credentials: credentials, options: options)
        } catch {
            guard let authentication = options.clientAuthentication,
                ClientAuthenticators.hasTooManyNames(authentication)
            else { throw DirectiveError("\(error)") }
            throw DirectiveError("\(error): \(namesRemedy)")
        }
    }

    /// What the handshake promises a client.
    private func security(_ options: ServerOptions) -> SecurityPolicy {
        SecurityPolicy(
            certificateFiles: certificates.map(\.files),
            versions: options.versions,
            cipherSuites: options.cipherSuites,
            groups: options.groups,
            groupTierStarts: options.groupTierStarts,
            signatureSchemes: options.signatureSchemes,
            clientSignatureSchemes: ssl.clientSignatureSchemes,
            prefersClientCipherOrder: options.prefersClientCipherOrder,
            paddingMultiple: options.records.paddingMultiple,
            ticketCount: ssl.ticketCount,
            client: ClientPolicy(ssl)
        )
    }

    /// The certificates, most wanted first: by mod_ssl's directives those with ECDSA, which all but the oldest clients verify
    /// and which cost a fraction of RSA, else as they stand.
    private var credentialsInOrder: [Credential] {
        let credentials = certificates.map(\.credential)
        guard ssl.isEngineOn != nil else { return credentials }
        func isRSA(_ credential: Credential) -> Bool {
            [SignatureScheme.rsaPSSRSAESHA256, .rsaPSSPSSSHA256].contains { credential.canSign(with: $0, in: .tls13) }
        }
        return credentials.filter { !isRSA($0) } + credentials.filter(isRSA)
    }

    /// TLS 1.2 has no ML-DSA: a host without another certificate speaks TLS 1.3 alone, as clients of TLS 1.2 could only fail.
    private static func versions(
        _ enabled: ClosedRange<ProtocolVersion>,
        for credentials: [Credential]
    ) -> ClosedRange<ProtocolVersion> {
        guard enabled.contains(.tls12), enabled.contains(.tls13), !credentials.isEmpty else { return enabled }
        let signsTLS12 = credentials.contains { credential in
            !SignatureScheme.postQuantum.contains { credential.canSign(with: $0, in: .tls13) }
        }
        return signsTLS12 ? enabled : .tls13 ... .tls13
    }

    /// Takes other certificates into use, by their place, and reads authorities and revocation lists again. What is not good
    /// leaves everything as it was.
    public func replace(_ credentials: [Int: Credential]) throws(DirectiveError) {
        let old = certificates
        for (index, credential) in credentials where certificates.indices.contains(index) {
            certificates[index].credential = credential
        }
        do throws(DirectiveError) {
            try makePolicy(names: names, store: store, replays: replays)
        } catch {
            certificates = old
            throw error
        }
    }
}
