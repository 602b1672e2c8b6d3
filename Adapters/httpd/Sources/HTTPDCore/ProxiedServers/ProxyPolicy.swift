// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
import Synchronization
import TLSCertificates

/// How proxied servers are spoken to: a client's configuration for each list of application protocols.
public final class ProxyPolicy: Sendable {
    private struct Kind: Hashable {
        let protocols: [String]
        let isNamed: Bool
    }

    private let options: ClientOptions
    private let judge: ProxyJudge
    private let insistsOnName: Bool
    private let configurations = Mutex<[Kind: ClientConfiguration]>([:])

    /// Whether there is a certificate to show to proxied servers.
    public var hasCredentials: Bool { !options.credentials.isEmpty }

    /// - Parameter insistsOnName: Whether a server that nobody names is judged by its address.
    init(options: ClientOptions, judge: ProxyJudge, insistsOnName: Bool) {
        self.options = options
        self.judge = judge
        self.insistsOnName = insistsOnName
    }

    /// Makes what most connections need; finds mistakes in the options.
    func prepare() throws(ConfigurationError) {
        for protocols in [[], ["h2"]] { _ = try configuration(offering: protocols) }
    }

    /// The configuration for connections that offer these ALPN names. It keeps the sessions that are resumed.
    ///
    /// - Parameter isNamed: Whether the server's name is known. Health checks of httpd say none: mod_ssl does not check it
    ///   then. What was not checked is not resumed where it has to be.
    public func configuration(
        offering protocols: [String],
        isNamed: Bool = true
    ) throws(ConfigurationError) -> ClientConfiguration {
        let kind = Kind(protocols: protocols, isNamed: isNamed || insistsOnName)
        if let known = configurations.withLock({ $0[kind] }) { return known }
        var options = options
        options.applicationProtocols = protocols
        var judge = judge
        if !kind.isNamed { judge.checksName = false }
        let made = try ClientConfiguration(judge: { [judge] in judge.verdict(on: $0) }, options: options)
        return configurations.withLock { configurations in
            // Names come from modules, not from the network; a handful at most.
            if configurations.count < 16 { configurations[kind] = configurations[kind] ?? made }
            return configurations[kind] ?? made
        }
    }
}

/// The verdict on proxied servers: mod_ssl checks the chain, the name and the dates each for itself.
struct ProxyJudge: Sendable {
    let verification: ClientVerification
    var checksName: Bool
    let checksExpiry: Bool
    let trustAnchors: TrustAnchors
    let revocation: RevocationPolicy?
    let limits: CertificateVerifier.Limits
    let trustsOnlyRoots: Bool
    /// Whether a name may stand in the common name alone: with mod_ssl it may, with mod_tls not.
    let allowsCommonName: Bool

    func verdict(on request: VerificationRequest) -> Verdict {
        guard let leaf = request.certificateChain.first else {
            return .rejected(CertificateRejection(certificate: "", depth: 0, reason: .emptyChain))
        }
        let time = request.time
        do throws(CertificateRejection) {
            try check(leaf, name: request.serverName, at: time)
            guard verification != .none else { return .accepted(path: []) }
            let name = checksName ? request.serverName : nil
            return .accepted(path: try path(request.certificateChain, name: name, at: time))
        } catch {
            return .rejected(error)
        }
    }

    /// The name and the dates of the server's own certificate, whoever signed it.
    private func check(_ leaf: Certificate, name: ServerName?, at time: Int64) throws(CertificateRejection) {
        func reject(_ reason: CertificateRejection.Reason) -> CertificateRejection {
            CertificateRejection(certificate: leaf.description, depth: 0, reason: reason)
        }
        if checksExpiry {
            guard time <= leaf.notAfter else { throw reject(.expired(notAfter: leaf.notAfter, now: time)) }
            guard time >= leaf.notBefore else { throw reject(.notYetValid(notBefore: leaf.notBefore, now: time)) }
        }
        if checksName, let name, !leaf.matches(name, inCommonName: allowsCommonName) {
            throw reject(.wrongName(expected: name, presented: leaf.dnsNames))
        }
    }

    /// - Parameter name: The name that the certificate has to be for: name constraints bind it wherever it stands.
    private func path(
        _ chain: [Certificate],
        name: ServerName?,
        at time: Int64
    ) throws(CertificateRejection) -> [Certificate] {
        let verifier = CertificateVerifier(
            trustAnchors: trustAnchors,
            purpose: .serverAuthentication,
            limits: limits,
            revocation: revocation,
            trustsOnlyRoots: trustsOnlyRoots,
            // What OpenSSL asks of servers, which leaves open how the key is used.
            leafKeyUsages: [.digitalSignature, .keyEncipherment, .keyAgreement],
            allowsCommonName: allowsCommonName
        )
        do throws(CertificateRejection) {
            return try verifier.verify(chain, serverName: name, at: time)
        } catch {
            switch (verification, error.reason) {
            case (.optionalWithoutAuthority, .unknownIssuer), (.optionalWithoutAuthority, .selfSigned): return []
            default: throw error
            }
        }
    }
}
