// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// What a server chooses in the same way in both versions: cipher suite, certificate, application protocol.
extension ServerContext {
    /// The first suite that both sides enable and `isUsable` admits, in the server's order or the client's.
    func cipherSuite(
        _ hello: borrowing ClientHello,
        where isUsable: (CipherSuite) -> Bool
    ) throws(TLSError) -> CipherSuite {
        if options.prefersClientCipherOrder {
            for index in 0..<hello.cipherSuites.count {
                let suite = hello.cipherSuites[index]
                if options.cipherSuites.contains(suite) && isUsable(suite) { return suite }
            }
        } else {
            for suite in options.cipherSuites where isUsable(suite) && hello.cipherSuites.contains(suite) {
                return suite
            }
        }
        throw .nothingInCommon(.cipherSuite)
    }

    /// The key exchange groups of a version that both sides enable, most wanted first: in the server's order or the client's, whose list
    /// may be long and have duplicates.
    func groups(
        of supported: borrowing CodePointList<NamedGroup>,
        in version: ProtocolVersion
    ) -> [NamedGroup] {
        let enabled = configuration.groups(version)
        var common: [NamedGroup] = []
        common.reserveCapacity(enabled.count)
        for group in enabled where supported.contains(group) { common.append(group) }
        guard options.prefersClientGroupOrder, common.count > 1 else { return common }
        var ordered: [NamedGroup] = []
        for index in 0..<supported.count where ordered.count < common.count {
            let group = supported[index]
            if common.contains(group), !ordered.contains(group) { ordered.append(group) }
        }
        return ordered
    }

    /// The credentials in the order in which they suit the client: those that are valid for the name it wants first, and
    /// of these the ones whose chains are signed with what it verifies (RFC 9846 §4.5.1.2).
    ///
    /// A client that knows none of the names gets the first credential, as web servers always did: it will judge the
    /// certificate itself.
    func credentials(for name: String?, _ hello: borrowing ClientHello) -> [Credential] {
        let all = presentable(to: hello)
        guard all.count > 1 else { return all }
        let serverName = name.flatMap { ServerName($0) }
        // RFC 9846 §4.3.3: without a list of their own certificates go by that of the handshake.
        // Of a list that may be long the schemes that anybody here knows.
        let schemes = SignatureScheme.supported.filter { scheme in
            if let own = hello.signatureAlgorithmsCert { return own.contains(scheme) }
            return hello.signatureAlgorithms?.contains(scheme) ?? false
        }
        var ranked: [(rank: Int, credential: Credential)] = []
        for credential in all {
            let isNamed = serverName.map { credential.certificateChain[0].matches($0) } ?? true
            ranked.append(((isNamed ? 0 : 2) + (credential.isSigned(with: schemes) ? 0 : 1), credential))
        }
        return (0..<4).flatMap { rank in ranked.filter { $0.rank == rank }.map(\.credential) }
    }

    /// The credentials without those whose chains have SHA-1 signatures, unless the client says that it takes them
    /// (RFC 9846 §4.5.1.2).
    private func presentable(to hello: borrowing ClientHello) -> [Credential] {
        guard configuration.hasSHA1Chain, !hello.acceptsSHA1 else { return configuration.credentials }
        return configuration.credentials.filter { !$0.hasSHA1Signature }
    }

    /// The answer to ALPN (RFC 7301 §3.2): the server's order counts, no overlap is an error.
    func applicationProtocol(_ hello: borrowing ClientHello) throws(TLSError) -> String? {
        guard let offered = hello.applicationProtocols else { return nil }
        switch applicationProtocol {
        case .none:
            return nil
        case .selected(let name):
            guard offered.contains(Array(name.utf8).span) else { throw .nothingInCommon(.applicationProtocol) }
            return name
        case .automatic:
            guard !options.applicationProtocols.isEmpty else { return nil }
            for (index, name) in configuration.applicationProtocols.enumerated() where offered.contains(name.span) {
                return options.applicationProtocols[index]
            }
            throw .nothingInCommon(.applicationProtocol)
        }
    }
}

extension ClientHello {
    /// Whether certificates may have SHA-1 signatures.
    fileprivate var acceptsSHA1: Bool {
        // RFC 9846 §4.3.3: without a list of their own certificates go by that of the handshake.
        if let own = signatureAlgorithmsCert { return own.contains(.rsaPKCS1SHA1) || own.contains(.ecdsaSHA1) }
        guard let schemes = signatureAlgorithms else { return false }
        return schemes.contains(.rsaPKCS1SHA1) || schemes.contains(.ecdsaSHA1)
    }

    /// The name of server_name when it is a valid DNS name, in lower case (RFC 6066 §3).
    var dnsName: String? {
        // Longer ones are no names, and not worth a copy.
        guard let serverName, let name = ServerName(utf8: serverName), case .dns(let dnsName) = name else {
            return nil
        }
        return dnsName
    }

    /// The name of server_name when it is none that ``dnsName`` gives, as it was sent.
    ///
    /// - Parameter name: What that gave.
    func unusualName(besides name: String?) -> [UInt8]? { name == nil ? copyBytes(serverName) : nil }

    /// The name that a session of this client belongs to: it resumes under no other.
    var sessionName: [UInt8]? { dnsName.map { Array($0.utf8) } ?? copyBytes(serverName) }
}
