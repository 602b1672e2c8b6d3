// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a client offered, and needs to know again when the server answers.
struct ClientOffer: ~Copyable {
    let configuration: ClientConfiguration
    let serverName: ServerName
    let deferring: DeferredRequests
    let random: [32 of UInt8]
    let sessionID: [UInt8]
    /// The key whose public part is in key_share; nil when only TLS 1.2 is offered.
    var key: KeyExchangePrivateKey?
    /// The types of the extensions sent: the server may answer these and no others (RFC 8446 §4.2).
    private(set) var extensions = ExtensionSet()

    var options: ClientOptions { configuration.options }

    init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        deferring: DeferredRequests
    ) throws(TLSError) {
        self.configuration = configuration
        self.serverName = serverName
        self.deferring = deferring
        let options = configuration.options
        var random: [32 of UInt8] = .init(repeating: 0)
        var session = [UInt8](repeating: 0, count: 32)
        do throws(CryptoError) {
            var span = random.mutableSpan
            try options.random.fill(&span)
            if options.versions.contains(.tls13) {
                var span = session.mutableSpan
                try options.random.fill(&span)
                guard let group = options.groups.first?.keyExchangeGroup else {
                    throw CryptoError.unsupported("the first key exchange group")
                }
                key = try KeyExchangePrivateKey(group, random: options.random)
            }
        } catch {
            throw TLSError(error)
        }
        self.random = random
        // RFC 8446 appendix D.4: a session ID that is not empty makes TLS 1.3 look like a resumption of TLS 1.2.
        sessionID = options.versions.contains(.tls13) ? session : []
    }

    /// For replays of recorded handshakes: everything is given.
    init(
        configuration: ClientConfiguration,
        serverName: ServerName,
        deferring: DeferredRequests = [],
        random: [32 of UInt8],
        sessionID: [UInt8],
        key: consuming KeyExchangePrivateKey,
        extensions: ExtensionSet
    ) {
        self.configuration = configuration
        self.serverName = serverName
        self.deferring = deferring
        self.random = random
        self.sessionID = sessionID
        self.key = consume key
        self.extensions = extensions
    }

    /// The suites of the enabled versions.
    var cipherSuites: [CipherSuite] {
        let versions = options.versions
        return options.cipherSuites.filter { versions.contains($0.isTLS13 ? .tls13 : .tls12) }
    }

    /// Writes the ClientHello; after a HelloRetryRequest with its cookie.
    mutating func write(into writer: inout ByteWriter, cookie: [UInt8]?) throws(TLSError) {
        let options = options
        let offersTLS13 = options.versions.contains(.tls13)
        let offersTLS12 = options.versions.contains(.tls12)
        var shares: [KeyShare] = []
        if let group = keyGroup { shares.append(KeyShare(group: group, publicKey: publicKey)) }
        do throws(EncodeError) {
            extensions = try ClientHello.write(
                random: random.span,
                legacySessionID: sessionID.span,
                cipherSuites: cipherSuites,
                into: &writer
            ) { extensions in
                if case .dns(let name) = serverName { extensions.serverName(name) }
                if offersTLS12 {
                    extensions.addEmpty(.extendedMasterSecret)
                    extensions.renegotiationInfo()
                    extensions.ecPointFormats()
                }
                extensions.supportedGroups(options.groups)
                extensions.signatureAlgorithms(options.signatureSchemes)
                if !options.applicationProtocols.isEmpty {
                    extensions.applicationProtocols(options.applicationProtocols)
                }
                if offersTLS13 {
                    extensions.supportedVersions(offersTLS12 ? [.tls13, .tls12] : [.tls13])
                    if let cookie { extensions.cookie(cookie) }
                    extensions.keyShares(shares)
                }
            }
        } catch {
            throw .internalFailure("the ClientHello outgrew its length fields")
        }
    }

    /// The group of ``key``.
    var keyGroup: NamedGroup? {
        switch key {
        case .some(let key):
            let group = key.group
            return NamedGroup.supported.first { $0.keyExchangeGroup == group }
        case .none: return nil
        }
    }

    /// The public part of ``key``.
    private var publicKey: [UInt8] {
        switch key {
        case .some(let key): key.publicKey
        case .none: []
        }
    }

    /// Replaces the key by one of another group.
    mutating func replaceKey(_ group: NamedGroup) throws(TLSError) {
        guard let exchange = group.keyExchangeGroup else { throw .internalFailure("\(group) has no key exchange") }
        do throws(CryptoError) {
            key = try KeyExchangePrivateKey(exchange, random: options.random)
        } catch {
            throw TLSError(error)
        }
    }

    /// RFC 7301 §3.1: the server answers with one of the names that were offered.
    func checkApplicationProtocol(_ name: Span<UInt8>) throws(TLSError) -> String {
        for (index, offered) in configuration.applicationProtocols.enumerated() where isEqual(offered.span, name) {
            return options.applicationProtocols[index]
        }
        throw .peerMisbehaved(.illegalParameter("an application protocol that was not offered"))
    }

    /// RFC 8446 §4.2: an answer to an extension that was not offered.
    func checkExtensions(_ types: ExtensionSet) throws(TLSError) {
        if let type = types.firstMissing(from: extensions) { throw .peerMisbehaved(.unsolicitedExtension(type)) }
    }

    /// The name as it was sent, if it was.
    var sentServerName: String? {
        if case .dns(let name) = serverName { name } else { nil }
    }
}
