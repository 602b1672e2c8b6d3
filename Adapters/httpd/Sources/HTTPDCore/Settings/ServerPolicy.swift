// SPDX-License-Identifier: Apache-2.0
public import SafeTLS

/// How one virtual host treats its connections. Immutable, shared by all threads.
public final class ServerPolicy: Sendable {
    /// The names it answers to.
    public let names: VirtualHostNames
    /// Its certificates and protocol options.
    public let configuration: ServerConfiguration
    /// What must not differ between the host a handshake was made for and the host a request is for.
    public let security: SecurityPolicy
    /// Whether a client that asks for a name no virtual host has is refused: `TLSStrictSNI`.
    public let refusesUnknownServerName: Bool
    /// Whether a client has to name a server at all: `TLSStrictSNI`, `SSLStrictSNIVHostCheck`.
    public let requiresServerName: Bool
    /// `SSLVerifyClient` of the server.
    public let verification: ClientVerification
    /// `SSLVerifyDepth` of the server: how many authorities may stand above a client.
    public let verificationDepth: Int
    /// Whether the server names an authority that could vouch for a client.
    public let hasAuthorities: Bool
    /// What asks clients for certificates after their handshake; nil when the server names no authority.
    public let authenticators: ClientAuthenticators?
    /// `TLSUserName` of the server.
    public let userName: String?
    /// `SSLClientHelloVars`, `TLSClientHelloVars`.
    public let keepsClientHello: Bool
    /// The variables of each certificate, in the order of the directives.
    public let certificates: [CertificateVariables]
    /// Who is asked about the certificates of clients; nil for nobody.
    public let clientStatus: ClientStatusPolicy?
    /// What OCSP responses are stapled to; nil when the server fetches none.
    public let staples: StapledCredentials?

    /// Whether 0-RTT data are taken.
    public var takesEarlyData: Bool { configuration.options.earlyData != nil }

    init(
        names: VirtualHostNames,
        configuration: ServerConfiguration,
        security: SecurityPolicy,
        refusesUnknownServerName: Bool,
        requiresServerName: Bool,
        verification: ClientVerification,
        verificationDepth: Int,
        hasAuthorities: Bool,
        authenticators: ClientAuthenticators?,
        userName: String?,
        keepsClientHello: Bool,
        certificates: [CertificateVariables],
        clientStatus: ClientStatusPolicy?,
        staples: StapledCredentials?
    ) {
        self.names = names
        self.configuration = configuration
        self.security = security
        self.refusesUnknownServerName = refusesUnknownServerName
        self.requiresServerName = requiresServerName
        self.verification = verification
        self.verificationDepth = verificationDepth
        self.hasAuthorities = hasAuthorities
        self.authenticators = authenticators
        self.userName = userName
        self.keepsClientHello = keepsClientHello
        self.certificates = certificates
        self.clientStatus = clientStatus
        self.staples = staples
    }
}

/// What a client was promised by a handshake. Requests may go from one virtual host to another only between equals.
public struct SecurityPolicy: Equatable, Sendable {
    let certificateFiles: [[String]]
    let versions: ClosedRange<ProtocolVersion>
    let cipherSuites: [CipherSuite]
    let groups: [NamedGroup]
    let groupTierStarts: [NamedGroup]
    let signatureSchemes: [SignatureScheme]
    let clientSignatureSchemes: [SignatureScheme]?
    let prefersClientCipherOrder: Bool
    let paddingMultiple: Int
    let ticketCount: Int?
    let client: ClientPolicy
}

/// How clients have to prove who they are.
struct ClientPolicy: Equatable, Sendable {
    private let verification: ClientVerification
    private let depth: Int
    private let files: [String?]
    private let check: StatusChecking?
    private let status: ClientStatusValues

    init(_ values: SSLValues) {
        let said = values.connection
        verification = said.verification ?? .none
        depth = said.verificationDepth ?? 1
        files = [
            said.authorityFile, said.authorityPath, values.requestedNamesFile, values.requestedNamesPath,
            said.revocationFile, said.revocationPath,
        ]
        check = said.revocationCheck
        status = values.clientStatus
    }
}

/// `SSLVHostSNIPolicy`: what has to be equal between the virtual host of a handshake and that of a request.
public enum ServerNamePolicy: String, Sendable {
    /// They have to be one.
    case strict
    /// All that the handshake was made with.
    case secure
    /// How clients prove who they are.
    case authonly
    /// Nothing.
    case insecure

    /// Whether a request for one of the hosts may come by a handshake for the other.
    public func allows(_ one: ServerPolicy, _ other: ServerPolicy) -> Bool {
        switch self {
        case .strict: one === other
        case .secure: one.security == other.security
        case .authonly: one.security.client == other.security.client
        case .insecure: true
        }
    }
}

/// Whether a request may be answered on the connection it came by.
public enum RequestVerdict: Equatable, Sendable {
    /// It may.
    case proceed
    /// 403: the client named no server in its handshake, and the virtual host insists on it.
    case forbidden
    /// 421: the handshake was made under another policy than the virtual host's (RFC 9110 §15.5.20).
    case misdirected

    /// Compares the virtual host of the handshake with another one that a request names.
    ///
    /// - Parameters:
    ///   - connection: The policy of the virtual host of the handshake, nil if that one has no TLS of its own.
    ///   - request: The policy of the virtual host the request is for, nil if that one has none.
    ///   - clientNamedServer: Whether the ClientHello had a server name.
    ///   - policy: How much the two have to have in common.
    public init(
        connection: ServerPolicy?,
        request: ServerPolicy?,
        clientNamedServer: Bool,
        policy: ServerNamePolicy = .secure
    ) {
        // A host without TLS has nothing in common with others.
        guard let connection, let request else {
            self = policy == .insecure ? .proceed : .misdirected
            return
        }
        if !clientNamedServer, connection.requiresServerName || request.requiresServerName {
            self = .forbidden
        } else {
            self = policy.allows(connection, request) ? .proceed : .misdirected
        }
    }
}
