// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import Synchronization
import TLSCertificates

/// The directives of one server or `<Proxy>` section for connections to proxied servers, and what became of them.
///
/// httpd makes one for each while it reads its configuration in the parent, on one thread. Once the servers run, `policy`
/// is read by all threads, and one at a time calls ``replace(_:)``; what the directives say no longer changes.
public final class ProxySettings {
    private var values = ProxyValues()
    /// What is shown to proxied servers that ask.
    private var credentials: [Credential] = []

    /// How proxied servers are spoken to; nil until it is made, or where the engine is off.
    public var policy: ProxyPolicy? { current.withLock { $0 } }
    private let current = Mutex<ProxyPolicy?>(nil)
    /// What the system says of all TLS, for mod_ssl's directives. To be set before the policy is made.
    public var systemDefaults: SystemDefaults?

    /// Settings that leave everything open.
    public init() {}

    /// Settings of a section: what `inner` says, and where it says nothing what `outer` says.
    public init(outer: ProxySettings, inner: ProxySettings) {
        values = inner.values.merged(onto: outer.values)
    }

    /// Whether a directive is one of those for proxied servers.
    public static func knows(_ name: String) -> Bool { ProxyDirectiveTable.all[name.lowercased()] != nil }

    /// Carries out a directive; gives a sentence to be logged as a warning.
    public func apply(_ name: String, _ arguments: [String], at line: SSLLine) throws(DirectiveError) -> String? {
        guard let directive = ProxyDirectiveTable.all[name.lowercased()] else {
            throw DirectiveError("unknown directive")
        }
        return try directive.carryOut(on: &values, arguments, at: line)
    }

    /// `SSLProxyEngine`, `TLSProxyEngine`.
    public var isEngineOn: Bool { values.isEngineOn ?? false }

    /// The files of certificates and keys to show to proxied servers.
    public var machineFiles: [String] {
        values.machineFiles.isEmpty ? [] : values.machineFiles + (values.machineChainFile.map { [$0] } ?? [])
    }

    /// Reads what ``MachineCertificates`` are in files.
    public typealias Reader = ([String]) throws(DirectiveError) -> [Credential]

    /// Reads the files and turns the settings into `policy`, unless that is done.
    ///
    /// - Parameter read: Reads ``machineFiles``, if there are some.
    public func makePolicy(
        reading read: Reader = { _ throws(DirectiveError) in [] }
    ) throws(DirectiveError) {
        guard isEngineOn, policy == nil else { return }
        try replace(machineFiles.isEmpty ? [] : read(machineFiles))
    }

    /// What does not fit together, but is no reason not to start.
    public var warnings: [String] {
        let hasLists = values.connection.revocationFile != nil || values.connection.revocationPath != nil
        guard isEngineOn, hasLists, values.connection.revocationCheck == nil else { return [] }
        return [
            "revocation lists are configured and not used: SSLProxyCARevocationCheck says whether they are"
        ]
    }

    /// The files and directories of authorities and revocation lists.
    public var trustFiles: [String] {
        [
            values.connection.authorityFile, values.connection.authorityPath, values.connection.revocationFile,
            values.connection.revocationPath,
        ].compactMap { $0 }
    }

    /// Takes other certificates into use, unless they are nil, and reads authorities and revocation lists again. What is not
    /// good leaves everything as it was.
    public func replace(_ credentials: [Credential]?) throws(DirectiveError) {
        let policy = try policy(credentials ?? self.credentials)
        if let credentials { self.credentials = credentials }
        current.withLock { $0 = policy }
    }

    private func policy(_ credentials: [Credential]) throws(DirectiveError) -> ProxyPolicy {
        var options = ClientOptions()
        let system = values.isOfTLS ? nil : systemDefaults
        options.versions = values.connection.versions ?? system?.versions ?? .tls12 ... .tls13
        options.cipherSuites = CipherSuiteList.resolve(
            preferred: values.preferred ?? [],
            suppressed: values.suppressed ?? []
        )
        let suitesTLS12 = values.connection.suitesTLS12 ?? system?.values.connection.suitesTLS12
        let suitesTLS13 = values.connection.suitesTLS13 ?? system?.values.connection.suitesTLS13
        if suitesTLS12 != nil || suitesTLS13 != nil {
            options.cipherSuites =
                (suitesTLS13 ?? OpenSSLDefaults.suitesTLS13) + (suitesTLS12 ?? OpenSSLCipherString.all)
        }
        system?.values.groups?.apply(to: &options)
        if let schemes = system?.values.signatureSchemes { options.signatureSchemes = schemes }
        options.credentials = credentials
        // As OpenSSL does for mod_ssl: servers may ask for one path only.
        options.offersPostHandshakeAuthentication = true
        // The choice is deferred only to say so where none fits.
        options.keepsSessionsWithDeferredCertificates = true
        // The judge says what counts of a certificate: without verification, next to nothing.
        options.readsCertificatesLeniently = true
        if !values.isOfTLS, let verification = values.connection.verification, verification != .none {
            guard values.connection.authorityFile != nil || values.connection.authorityPath != nil else {
                throw DirectiveError(
                    "proxied servers are to be verified, and neither SSLProxyCACertificateFile nor "
                        + "SSLProxyCACertificatePath names an authority that could vouch for one"
                )
            }
        }
        var limits = CertificateVerifier.Limits()
        limits.intermediates = ServerSettings.intermediates(
            depth: values.connection.verificationDepth ?? (values.isOfTLS ? 8 : 1)
        )
        // A verdict has a verifier of its own.
        limits.knownCertificates = 0
        let policy: ProxyPolicy
        do throws(CertificateError) {
            policy = ProxyPolicy(
                options: options,
                judge: ProxyJudge(
                    verification: values.connection.verification ?? (values.isOfTLS ? .require : .none),
                    checksName: (values.checksName ?? true) && (values.checksName ?? values.checksCommonName ?? true),
                    checksExpiry: values.checksExpiry ?? true,
                    trustAnchors: try authorities(),
                    revocation: try revocation(),
                    limits: limits,
                    trustsOnlyRoots: !values.isOfTLS,
                    allowsCommonName: !values.isOfTLS
                ),
                insistsOnName: values.isOfTLS
            )
        } catch {
            throw DirectiveError("\(error)")
        }
        do throws(ConfigurationError) {
            try policy.prepare()
        } catch {
            throw DirectiveError("\(error)")
        }
        return policy
    }

    private func authorities() throws(CertificateError) -> TrustAnchors {
        var anchors: [TLSCertificates.Certificate] = []
        if let file = values.connection.authorityFile { anchors += try TrustAnchors(pemFile: file).certificates }
        if let path = values.connection.authorityPath { anchors += try TrustAnchors(directory: path).certificates }
        if anchors.isEmpty, values.isOfTLS { return try .system() }
        return TrustAnchors(anchors)
    }

    private func revocation() throws(CertificateError) -> RevocationPolicy? {
        guard let check = values.connection.revocationCheck, check.depth != .none else { return nil }
        return RevocationPolicy(
            lists: try CertificateRevocationLists(
                files: values.connection.revocationFile.map { [$0] } ?? [],
                directories: values.connection.revocationPath.map { [$0] } ?? []
            ),
            checks: check.depth == .leaf ? .leaf : .chain,
            unknownStatus: check.acceptsUnknown ? .accept : .refuse
        )
    }
}
