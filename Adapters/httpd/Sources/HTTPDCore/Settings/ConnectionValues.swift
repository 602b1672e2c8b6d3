// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// What directives say both of connections from clients and of those to proxied servers: what is spoken, and how the
/// certificate of the other side is judged. Nil where nothing is said.
struct ConnectionValues: Inheriting {
    /// `SSLProtocol`, `SSLProxyProtocol`, `TLSProxyProtocol`.
    var versions: ClosedRange<ProtocolVersion>?
    /// `SSLCipherSuite`, `SSLProxyCipherSuite`.
    var suitesTLS12: [CipherSuite]?
    var suitesTLS13: [CipherSuite]?
    /// `SSLVerifyClient`, `SSLProxyVerify` and `…Depth`.
    var verification: ClientVerification?
    var verificationDepth: Int?
    /// `SSLCACertificateFile`, `SSLProxyCACertificateFile` and `…Path`; `TLSClientCA`, `TLSProxyCA`.
    var authorityFile: String?
    var authorityPath: String?
    /// `SSLCARevocationFile`, `SSLProxyCARevocationFile`, `…Path` and `…Check`; `TLSClientCRL`.
    var revocationFile: String?
    var revocationPath: String?
    var revocationCheck: StatusChecking?

    /// What holds in a place that says `self`, inside one that says `outer`.
    func merged(onto outer: Self) -> Self {
        var merged = self
        merged.inherit(
            from: outer,
            \.versions,
            \.suitesTLS12,
            \.suitesTLS13,
            \.verification,
            \.verificationDepth,
            \.authorityFile,
            \.authorityPath,
            \.revocationFile,
            \.revocationPath,
            \.revocationCheck
        )
        return merged
    }
}
