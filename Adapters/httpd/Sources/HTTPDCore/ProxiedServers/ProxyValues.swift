// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// What the `SSLProxy*` or `TLSProxy*` directives of one server or `<Proxy>` section say. Nil, or empty, where nothing is
/// said.
struct ProxyValues {
    /// `SSLProxyEngine`, `TLSProxyEngine`.
    var isEngineOn: Bool?
    /// `SSLProxyProtocol`, `TLSProxyProtocol`.
    var versions: ClosedRange<ProtocolVersion>?
    /// `SSLProxyCipherSuite`.
    var suitesTLS12: [CipherSuite]?
    var suitesTLS13: [CipherSuite]?
    /// `TLSProxyCiphersPrefer`, `TLSProxyCiphersSuppress`.
    var preferred: [CipherSuite]?
    var suppressed: [CipherSuite]?
    /// `SSLProxyVerify`, `SSLProxyVerifyDepth`.
    var verification: ClientVerification?
    var depth: Int?
    /// `SSLProxyCACertificateFile`, `SSLProxyCACertificatePath`, `TLSProxyCA`.
    var authorityFile: String?
    var authorityPath: String?
    /// `TLSProxyCA default`: the authorities of the system, whatever file is inherited.
    var trustsSystem = false
    /// `SSLProxyCheckPeerName`, `SSLProxyCheckPeerCN`, `SSLProxyCheckPeerExpire`.
    var checksName: Bool?
    var checksCommonName: Bool?
    var checksExpiry: Bool?
    /// `SSLProxyMachineCertificateFile`, `…Path`, `…ChainFile`; `TLSProxyMachineCertificate`.
    var machineFiles: [String] = []
    var machineChainFile: String?
    /// `SSLProxyCARevocationFile`, `…Path`, `…Check`.
    var revocationFile: String?
    var revocationPath: String?
    var revocationCheck: RevocationChecking?
    /// Whether the directives are those of mod_tls, which verifies unless told otherwise; mod_ssl does not.
    var isOfTLS = false

    /// What holds in a section that says `self`, inside one that says `outer`.
    func merged(onto outer: ProxyValues) -> ProxyValues {
        var merged = self
        merged.isEngineOn = isEngineOn ?? outer.isEngineOn
        merged.versions = versions ?? outer.versions
        merged.suitesTLS12 = suitesTLS12 ?? outer.suitesTLS12
        merged.suitesTLS13 = suitesTLS13 ?? outer.suitesTLS13
        merged.preferred = preferred ?? outer.preferred
        merged.suppressed = suppressed ?? outer.suppressed
        merged.verification = verification ?? outer.verification
        merged.depth = depth ?? outer.depth
        merged.authorityFile = authorityFile ?? (trustsSystem ? nil : outer.authorityFile)
        merged.authorityPath = authorityPath ?? outer.authorityPath
        merged.checksName = checksName ?? outer.checksName
        merged.checksCommonName = checksCommonName ?? outer.checksCommonName
        merged.checksExpiry = checksExpiry ?? outer.checksExpiry
        if machineFiles.isEmpty { merged.machineFiles = outer.machineFiles }
        merged.machineChainFile = machineChainFile ?? outer.machineChainFile
        merged.revocationFile = revocationFile ?? outer.revocationFile
        merged.revocationPath = revocationPath ?? outer.revocationPath
        merged.revocationCheck = revocationCheck ?? outer.revocationCheck
        merged.trustsSystem = trustsSystem || (authorityFile == nil && outer.trustsSystem)
        merged.isOfTLS = isOfTLS || outer.isOfTLS
        return merged
    }
}
