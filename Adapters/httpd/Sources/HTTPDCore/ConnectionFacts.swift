// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// What the handshake of a connection came to, as the `SSL_*` variables of httpd. Immutable: the requests of an
/// HTTP/2 connection read it from several threads.
public final class ConnectionFacts: Sendable {
    /// `SSL_VERSION_LIBRARY`, and the component of the `Server` header.
    public static let library = "SafeTLS/0.1.0"
    /// `SSL_VERSION_INTERFACE`.
    public static let interface = "mod_tls/0.1.0"

    private let negotiated: NegotiatedParameters
    private let serverName: String?
    private let certificate: CertificateVariables?

    /// Facts of a finished handshake under `policy`.
    ///
    /// - Parameter signatureSchemes: Those of the ClientHello. A resumed session has no signature of its own: its
    ///   certificate is the one that a full handshake with this client would have shown.
    public init(
        _ negotiated: NegotiatedParameters,
        serverName: String?,
        signatureSchemes: [SignatureScheme],
        policy: ServerPolicy
    ) {
        self.negotiated = negotiated
        self.serverName = serverName
        let schemes = negotiated.signatureScheme.map { [$0] } ?? signatureSchemes
        certificate = policy.certificates.first { certificate in schemes.contains { certificate.signs(with: $0) } }
    }

    /// The variables that `StdEnvVars` sets, besides those of the certificate.
    public static let standardNames = [
        "SSL_PROTOCOL", "SSL_CIPHER", "SSL_CIPHER_USEKEYSIZE", "SSL_CIPHER_ALGKEYSIZE", "SSL_CIPHER_EXPORT",
        "SSL_COMPRESS_METHOD", "SSL_SECURE_RENEG", "SSL_SESSION_RESUMED", "SSL_VERSION_INTERFACE",
        "SSL_VERSION_LIBRARY", "SSL_CLIENT_VERIFY",
    ]

    /// The variables of the server's certificate that `StdEnvVars` sets.
    public var certificateNames: [String] { certificate?.standardNames ?? [] }

    /// The value of a variable, nil if there is none of that name.
    public func value(of name: String) -> String? {
        switch name {
        case "HTTPS": "on"
        case "SSL_PROTOCOL": negotiated.version.name
        case "SSL_CIPHER": negotiated.cipherSuite.opensslName
        case "SSL_CIPHER_USEKEYSIZE", "SSL_CIPHER_ALGKEYSIZE":
            negotiated.cipherSuite.ianaName.contains("AES_128") ? "128" : "256"
        case "SSL_CIPHER_EXPORT": "false"
        case "SSL_COMPRESS_METHOD": "NULL"
        // Renegotiation is refused in TLS 1.2 and gone in TLS 1.3; the extension of RFC 5746 is always sent.
        case "SSL_SECURE_RENEG": "true"
        case "SSL_SESSION_RESUMED": negotiated.isResumed ? "Resumed" : "Initial"
        case "SSL_CLIENT_VERIFY": "NONE"
        case "SSL_TLS_SNI": serverName
        default: certificate?.value(of: name) ?? Self.constant(name)
        }
    }

    /// The value of a variable that is the same for every connection, and known without one.
    public static func constant(_ name: String) -> String? {
        switch name {
        case "SSL_VERSION_INTERFACE": interface
        case "SSL_VERSION_LIBRARY", "SSL_VERSION_LIBRARY_INTERFACE": library
        default: nil
        }
    }
}
