// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// What the `SSLProxy*` or `TLSProxy*` directives of one server or `<Proxy>` section say. Nil, or empty, where nothing is
/// said.
struct ProxyValues: Inheriting {
    /// `SSLProxyEngine`, `TLSProxyEngine`.
    var isEngineOn: Bool?
    /// Versions, cipher suites, and how the certificates of servers are judged.
    var connection = ConnectionValues()
    /// `TLSProxyCiphersPrefer`, `TLSProxyCiphersSuppress`.
    var preferred: [CipherSuite]?
    var suppressed: [CipherSuite]?
    /// `TLSProxyCA default`: the authorities of the system, whatever file is inherited.
    var trustsSystem = false
    /// `SSLProxyCheckPeerName`, `SSLProxyCheckPeerCN`, `SSLProxyCheckPeerExpire`.
    var checksName: Bool?
    var checksCommonName: Bool?
    var checksExpiry: Bool?
    /// `SSLProxyMachineCertificateFile`, `…Path`, `…ChainFile`; `TLSProxyMachineCertificate`.
    var machineFiles: [String] = []
    var machineChainFile: String?
    /// Whether the directives are those of mod_tls, which verifies unless told otherwise; mod_ssl does not.
    var isOfTLS = false

    /// What holds in a section that says `self`, inside one that says `outer`.
    func merged(onto outer: ProxyValues) -> ProxyValues {
        var merged = self
        merged.inherit(
            from: outer,
            \.isEngineOn,
            \.preferred,
            \.suppressed,
            \.checksName,
            \.checksCommonName,
            \.checksExpiry,
            \.machineChainFile
        )
        merged.connection = connection.merged(onto: outer.connection)
        if trustsSystem { merged.connection.authorityFile = connection.authorityFile }
        if machineFiles.isEmpty { merged.machineFiles = outer.machineFiles }
        merged.trustsSystem = trustsSystem || (connection.authorityFile == nil && outer.trustsSystem)
        merged.isOfTLS = isOfTLS || outer.isOfTLS
        return merged
    }
}
