// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import TLSCertificates

extension ServerSettings {
    /// Carries out a directive of mod_ssl; gives a sentence for what has no effect, to be logged as a warning.
    public func apply(ssl name: String, _ arguments: [String], at line: SSLLine) throws(DirectiveError) -> String? {
        guard let directive = SSLDirectiveTable.all[name.lowercased()] else {
            throw DirectiveError("unknown directive")
        }
        return try directive.carryOut(on: &ssl, arguments, at: line)
    }

    /// Whether `SSLEngine` is on for the server.
    public var isEngineOn: Bool { ssl.isEngineOn ?? false }

    /// Whether the server wants to know its clients in another way than a policy does, so that connections made by that one
    /// are nothing for it.
    public func asksClients(unlike policy: ServerPolicy) -> Bool {
        (ssl.connection.verification ?? .none) != .none && ClientPolicy(ssl) != policy.security.client
    }

    /// The files of `SSLCertificateFile` and `SSLCertificateKeyFile`.
    public var certificateFiles: [String] { ssl.certificateFiles }
    /// See ``certificateFiles``.
    public var certificateKeyFiles: [String] { ssl.keyFiles }

    /// Reads certificates and their keys, in whatever order the files stand.
    ///
    /// - Parameter unlock: Reads a certificate, from the files of its chain, with a key that is encrypted.
    public func loadCertificates(
        files: [String],
        keyFiles: [String],
        unlock: Unlock = { _, _ throws(DirectiveError) in nil }
    ) throws(DirectiveError) {
        guard certificates.isEmpty else { return }
        for file in files {
            try loadCertificate(chain: [file] + (ssl.chainFile.map { [$0] } ?? []), keyFiles, unlock)
        }
    }

    /// Reads a certificate whose key is encrypted: the files of its chain, and the key's.
    public typealias Unlock = ([String], String) throws(DirectiveError) -> Credential?

    /// Reads other certificates in place of those that the directives name.
    public func replaceCertificates(files: [String], keyFiles: [String]) throws(DirectiveError) {
        removeCertificates()
        for file in files { try loadCertificate(chain: [file], keyFiles) { _, _ throws(DirectiveError) in nil } }
    }

    /// Adds the authorities above a certificate that stands alone, as far as they are among those that vouch for clients:
    /// with mod_ssl many hosts have their chain in `SSLCACertificateFile`.
    func completeChains() throws(DirectiveError) {
        guard ssl.isEngineOn != nil, hasAuthorities else { return }
        for (index, certificate) in certificates.enumerated() {
            let chain = certificate.credential.certificateChain
            guard chain.count == 1, !chain[0].isSelfIssued else { continue }
            let issuers = chain[0].issuers(among: try authorities())
            guard !issuers.isEmpty else { continue }
            do throws(ConfigurationError) {
                certificates[index].credential = try certificate.credential.replacingIssuers(by: issuers)
            } catch {
                throw DirectiveError("\(error)")
            }
        }
    }

    /// The authorities that vouch for clients.
    private func authorities() throws(DirectiveError) -> [TLSCertificates.Certificate] {
        do throws(CertificateError) {
            return try (ssl.connection.authorityFile.map(TrustAnchors.init(pemFile:))?.certificates ?? [])
                + (ssl.connection.authorityPath.map(TrustAnchors.init(directory:))?.certificates ?? [])
        } catch {
            throw DirectiveError("\(error)")
        }
    }

    /// How the server fetches and staples OCSP responses; nil when it does not by itself.
    public var staplingPolicy: StaplingPolicy? { StaplingPolicy(ssl.stapling) }

    private func loadCertificate(
        chain: [String],
        _ keyFiles: [String],
        _ unlock: Unlock
    ) throws(DirectiveError) {
        // A key may stand in the certificate's own file.
        var firstError: String?
        for keyFile in keyFiles + [chain[0]] {
            if !ReadCredentials.has(chain: chain, keyFile: keyFile), Credential.isKeyEncrypted(inFile: keyFile) {
                do throws(DirectiveError) {
                    if let credential = try unlock(chain, keyFile) {
                        addCertificate(chainFiles: chain, keyFile: keyFile, credential)
                        return
                    }
                } catch {
                    firstError = firstError ?? "\(error)"
                    continue
                }
            }
            do throws(ConfigurationError) {
                let credential = try ReadCredentials.credential(chain: chain, keyFile: keyFile) {
                    () throws(ConfigurationError) in try Credential(certificateFiles: chain, keyFile: keyFile)
                }
                addCertificate(chainFiles: chain, keyFile: keyFile, credential)
                return
            } catch {
                firstError = firstError ?? "\(error)"
            }
        }
        throw DirectiveError(firstError ?? "\(chain[0]): there is no key for the certificate")
    }

    /// What the server's options become with the values of `SSL*` directives.
    func apply(to options: inout ServerOptions) throws(DirectiveError) {
        if let versions = ssl.connection.versions { options.versions = versions }
        // The order of OpenSSL, where mod_ssl's directives say nothing of it.
        if ssl.isEngineOn != nil || ssl.connection.suitesTLS12 != nil || ssl.connection.suitesTLS13 != nil {
            let suites =
                (ssl.connection.suitesTLS13 ?? OpenSSLDefaults.suitesTLS13)
                + (ssl.connection.suitesTLS12 ?? OpenSSLCipherString.all)
            options.cipherSuites = suites
        }
        ssl.groups?.apply(to: &options)
        if let schemes = ssl.signatureSchemes { options.signatureSchemes = schemes }
        if let multiple = ssl.paddingMultiple { options.records.paddingMultiple = multiple }
        if let count = ssl.ticketCount { options.ticketCount = count }
        // mod_ssl's default, for its directives.
        let lifetime = ssl.sessionLifetime ?? (ssl.isEngineOn == nil ? nil : 300)
        if let lifetime, lifetime > 0 { options.ticketLifetime = lifetime }
        if lifetime == 0 {
            // Sessions that are over at once are not worth keeping.
            (options.sessionStore, options.ticketCount) = (nil, 0)
        } else if ssl.givesTickets == false {
            // With a cache TLS 1.3 resumes all the same: its tickets then name sessions in the cache.
            if options.sessionStore == nil { options.ticketCount = 0 } else { options.ticketForm = .stateful }
        }
        // Responders are asked in full handshakes only.
        if ssl.clientStatus.asks { options.authenticationLifetime = options.ticketLifetime }
        do throws(ConfigurationError) {
            if let ticketKeys {
                options.ticketKeys = ticketKeys
            } else if let file = ssl.ticketKeyFile {
                // An epoch cuts the life of tickets short: servers that share the secret share a day at least.
                options.ticketKeys = try TicketKeys(file: file, epochLength: max(86_400, options.ticketLifetime))
            } else {
                // A ticket can be read for one epoch at least: its whole life.
                options.ticketKeys = try TicketKeys(epochLength: max(60, options.ticketLifetime))
            }
        } catch {
            throw DirectiveError("\(ssl.isEngineOn == nil ? "TLSTicketKeys" : "SSLSessionTicketKeyFile"): \(error)")
        }
        options.clientAuthentication = try clientAuthentication(ssl.connection.verification ?? .none, depth)
    }

    /// How 0-RTT data are taken; nil when they are not. Not from clients that have to say who they are: a certificate of an
    /// earlier connection would speak for what somebody else sends again.
    func earlyData(_ replays: (any ReplayProtection)?) throws(DirectiveError) -> EarlyDataOptions? {
        let asksClients = (ssl.connection.verification ?? ClientVerification.none) != ClientVerification.none
        guard ssl.takesEarlyData == true, !asksClients, let replays else { return nil }
        guard ssl.ticketKeyFile == nil else {
            throw DirectiveError(
                ssl.isEngineOn == nil
                    ? "TLSEarlyData and TLSTicketKeys exclude each other: every server with the same file would take the "
                        + "same early data once"
                    : "SSLEarlyData and SSLSessionTicketKeyFile exclude each other: every server with the same file would "
                        + "take the same early data once"
            )
        }
        return EarlyDataOptions(replayProtection: replays)
    }

    /// How many authorities may stand above a client: mod_ssl's default is one.
    var depth: Int { ssl.connection.verificationDepth ?? (ssl.isEngineOn == nil ? 8 : 1) }

    /// How clients are authenticated at a level of strictness; nil when they are not asked.
    public func clientAuthentication(
        _ verification: ClientVerification,
        _ depth: Int
    ) throws(DirectiveError) -> ClientAuthentication? {
        guard verification != .none else { return nil }
        guard hasAuthorities || verification == .optionalWithoutAuthority else {
            throw DirectiveError(
                "clients are asked for certificates, and neither SSLCACertificateFile nor SSLCACertificatePath nor "
                    + "TLSClientCA names an authority that could vouch for one"
            )
        }
        if let check = ssl.connection.revocationCheck, check.depth != .none, ssl.connection.revocationFile == nil,
            ssl.connection.revocationPath == nil
        {
            throw DirectiveError(
                "SSLCARevocationCheck is on, and neither SSLCARevocationFile nor SSLCARevocationPath names a list"
            )
        }
        let anchors = try authorities()
        do throws(CertificateError) {
            var authentication = ClientAuthentication(
                verification == .require ? .required : .optional,
                trustAnchors: TrustAnchors(anchors),
                revocation: try revocation()
            )
            authentication.allowsNoTrustAnchors = !hasAuthorities
            // As OpenSSL has it for mod_ssl: panels name the chain of the server here, which is to vouch for nobody.
            authentication.trustsOnlyRoots = ssl.isEngineOn != nil
            authentication.limits.intermediates = Self.intermediates(depth: depth)
            if let schemes = ssl.clientSignatureSchemes { authentication.signatureSchemes = schemes }
            var names: [DistinguishedName] = []
            if let file = ssl.requestedNamesFile { names += try TrustAnchors(pemFile: file).subjects }
            if let path = ssl.requestedNamesPath { names += try TrustAnchors(directory: path).subjects }
            if !names.isEmpty { authentication.authorityNames = .names(names) }
            return authentication
        } catch {
            throw DirectiveError("\(error)")
        }
    }

    /// Whether the server names an authority that could vouch for a client.
    var hasAuthorities: Bool { ssl.connection.authorityFile != nil || ssl.connection.authorityPath != nil }

    /// What asks clients for certificates after their handshake. Where the server names no authority it serves only those
    /// that accept unknown ones.
    func authenticators() throws(DirectiveError) -> ClientAuthenticators? {
        if hasAuthorities {
            return try clientAuthentication(.optional, depth).map { authentication throws(DirectiveError) in
                var authentication = authentication
                // Only a directory would ask, if any: that is no reason not to start.
                leavesNamesOut = ClientAuthenticators.hasTooManyNames(authentication)
                if leavesNamesOut { authentication.authorityNames = .none }
                return try ClientAuthenticators(authentication, depth: depth)
            }
        }
        // Perhaps no directory wants it: what is wrong with lists or names then is no reason not to start.
        guard let authentication = try? clientAuthentication(.optionalWithoutAuthority, depth) else { return nil }
        return try ClientAuthenticators(authentication, depth: depth)
    }

    /// The certificates that may stand between a client and an authority that is trusted, which counts for the depth.
    /// Below 0 the client's own has to be trusted.
    static func intermediates(depth: Int) -> Int { depth - 1 }

    /// The files and directories of authorities and revocation lists.
    public var trustFiles: [String] {
        [
            ssl.connection.authorityFile, ssl.connection.authorityPath, ssl.requestedNamesFile, ssl.requestedNamesPath,
            ssl.connection.revocationFile,
            ssl.connection.revocationPath,
        ].compactMap { $0 }
    }

    private func revocation() throws(CertificateError) -> RevocationPolicy? {
        guard let check = ssl.connection.revocationCheck, check.depth != .none else { return nil }
        let lists = try CertificateRevocationLists(
            files: ssl.connection.revocationFile.map { [$0] } ?? [],
            directories: ssl.connection.revocationPath.map { [$0] } ?? []
        )
        return RevocationPolicy(
            lists: lists,
            checks: check.depth == .leaf ? .leaf : .chain,
            unknownStatus: check.acceptsUnknown ? .accept : .refuse
        )
    }

    /// What to do where there are more names of authorities than fit into a message.
    var namesRemedy: String {
        ssl.isEngineOn == nil
            ? "leave fewer of them in TLSClientCA" : "SSLCADNRequestFile says which of them clients are told"
    }

    /// What does not fit together, but is no reason not to start.
    public var warnings: [String] {
        var warnings: [String] = []
        let hasLists = ssl.connection.revocationFile != nil || ssl.connection.revocationPath != nil
        if hasLists && ssl.connection.revocationCheck == nil {
            warnings.append("revocation lists are configured and not used: SSLCARevocationCheck says whether they are")
        }
        if leavesNamesOut {
            warnings.append(
                "clients that a directory asks are told no names of authorities, as there are too many: \(namesRemedy)"
            )
        }
        return warnings
    }
}

/// What OpenSSL has where nothing is said.
enum OpenSSLDefaults {
    static let suitesTLS13: [CipherSuite] = [.aes256GCMSHA384, .chaCha20Poly1305SHA256, .aes128GCMSHA256]
}
