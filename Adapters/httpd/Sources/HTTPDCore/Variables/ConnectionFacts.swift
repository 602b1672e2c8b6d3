// SPDX-License-Identifier: Apache-2.0
public import SafeTLS
public import TLSCertificates

/// What the handshake of a connection came to, as the `SSL_*` variables of httpd. Immutable: the requests of an
/// HTTP/2 connection read it from several threads.
public final class ConnectionFacts: Sendable {
    /// `SSL_VERSION_LIBRARY`, and the component of the `Server` header.
    public static let library = "SafeTLS/\(TLSLibrary.version)"

    /// What the module is called, `mod_tls` or `mod_ssl`.
    private let face: String
    private let negotiated: NegotiatedParameters
    /// The name in the ClientHello, as it was sent.
    public let serverName: [UInt8]?
    private let certificate: CertificateVariables?
    private let client: CertificateVariables?
    private let verification: String
    /// How many authorities stand above the client, in the chain that was verified.
    public let authoritiesAboveClient: Int
    private let sessionID: String?
    private let clientHello: ClientHelloVariables?

    /// Facts of a finished handshake under `policy`.
    ///
    /// - Parameter signatureSchemes: Those of the ClientHello. A resumed session has no signature of its own: its
    ///   certificate is the one that a full handshake with this client would have shown.
    public init(
        _ negotiated: NegotiatedParameters,
        serverName: [UInt8]?,
        signatureSchemes: [SignatureScheme],
        policy: ServerPolicy,
        face: String,
        client: ClientFacts = ClientFacts(),
        sessionID: String? = nil,
        clientHello: ClientHelloVariables? = nil
    ) {
        self.face = face
        self.client = client.chain.isEmpty ? nil : CertificateVariables(client: client.chain, now: client.now)
        authoritiesAboveClient = client.authorities
        verification = Self.verification(of: client, negotiated.version)
        self.sessionID = sessionID
        self.clientHello = clientHello
        self.negotiated = negotiated
        self.serverName = serverName
        let schemes = negotiated.signatureScheme.map { [$0] } ?? signatureSchemes
        certificate = policy.certificates.first { certificate in schemes.contains { certificate.signs(with: $0) } }
    }

    /// `SSL_CLIENT_VERIFY`. What mod_ssl calls generous in TLS 1.2 has failed in TLS 1.3, and is let pass all the same.
    private static func verification(of client: ClientFacts, _ version: ProtocolVersion) -> String {
        if client.chain.isEmpty { return "NONE" }
        if client.isVerified { return "SUCCESS" }
        return version == .tls12 ? "GENEROUS" : "FAILED:\(UnverifiedChain(client.chain).reason)"
    }

    /// The variables that `StdEnvVars` sets, besides those of the certificate.
    public static let standardNames = [
        "SSL_PROTOCOL", "SSL_CIPHER", "SSL_CIPHER_USEKEYSIZE", "SSL_CIPHER_ALGKEYSIZE", "SSL_CIPHER_EXPORT",
        "SSL_COMPRESS_METHOD", "SSL_SECURE_RENEG", "SSL_SESSION_RESUMED", "SSL_VERSION_INTERFACE",
        "SSL_VERSION_LIBRARY", "SSL_CLIENT_VERIFY", "SSL_SESSION_ID",
    ]

    /// The variables of the certificates and of the ClientHello that `StdEnvVars` sets.
    public var ownNames: [String] {
        (certificate?.standardNames ?? []) + (client?.standardNames ?? []) + (clientHello?.names ?? [])
    }

    /// The variables that `ExportCertData` sets.
    public var dataNames: [String] { (certificate?.dataNames ?? []) + (client?.dataNames ?? ["SSL_CLIENT_CERT"]) }

    /// The distinguished names as `SSLOptions LegacyDNStringFormat` has them.
    public var legacyNames: [(name: String, value: String)] {
        (certificate?.legacyNames ?? []) + (client?.legacyNames ?? [])
    }

    /// The client's name as `FakeBasicAuth` has it; nil without a good certificate, and for names that a user could not
    /// have, as what stands behind a colon would be taken for a password.
    public var fakeUserName: String? {
        guard hasVerifiedClient, let name = client?.legacyNames.first?.value, !name.contains(":") else { return nil }
        return name
    }

    /// Whether the client has proved with a certificate who it is, and the certificate is good.
    public var hasVerifiedClient: Bool { verification == "SUCCESS" }

    /// An extension of the client's or of the server's certificate as text, by its name or dotted identifier; nil if there is
    /// none, or none that has a text.
    public func extensionText(_ name: String, ofClient: Bool) -> String? {
        (ofClient ? client : certificate)?.extensionText(name)
    }

    /// Whether the client has shown a certificate.
    public var hasClientCertificate: Bool { client != nil }

    /// The value of a variable, nil if there is none of that name.
    public func value(of name: String) -> String? {
        switch name {
        case "HTTPS": "on"
        case "SSL_PROTOCOL": negotiated.version.name
        case "SSL_CIPHER": negotiated.cipherSuite.opensslName
        case "SSL_CIPHER_USEKEYSIZE", "SSL_CIPHER_ALGKEYSIZE":
            negotiated.cipherSuite.ianaName.has("AES_128") ? "128" : "256"
        case "SSL_CIPHER_EXPORT": "false"
        case "SSL_COMPRESS_METHOD": "NULL"
        // Renegotiation is refused in TLS 1.2 and gone in TLS 1.3; the extension of RFC 5746 is always sent.
        case "SSL_SECURE_RENEG": "true"
        case "SSL_SESSION_RESUMED": negotiated.isResumed ? "Resumed" : "Initial"
        case "SSL_CLIENT_VERIFY": verification
        case "SSL_SESSION_ID": sessionID
        case "SSL_VERSION_INTERFACE": "\(face)/\(TLSLibrary.version)"
        case "SSL_TLS_SNI": serverName.map { String(decoding: $0, as: UTF8.self) }
        case "SSL_GROUP": negotiated.group?.description
        case "SSL_SIGALG": negotiated.signatureScheme?.description
        default:
            certificate?.value(of: name) ?? client?.value(of: name) ?? clientHello?.value(of: name)
                ?? Self.constant(name, face: face)
        }
    }

    /// The value of a variable that is the same for every connection, and known without one.
    public static func constant(_ name: String, face: String) -> String? {
        switch name {
        case "SSL_VERSION_INTERFACE": "\(face)/\(TLSLibrary.version)"
        case "SSL_VERSION_LIBRARY", "SSL_VERSION_LIBRARY_INTERFACE": library
        default: nil
        }
    }
}

/// What is known of a connection's client by its certificate.
public struct ClientFacts: Sendable {
    /// The chain as it was sent.
    public var chain: [Certificate] = []
    /// Whether it leads to an authority that is trusted.
    public var isVerified = false
    /// How many authorities stand above it, in the chain that was verified.
    public var authorities = 0
    /// When it was shown, in UNIX seconds.
    public var now: Int64 = 0

    /// A client without a certificate.
    public init() {}
}
