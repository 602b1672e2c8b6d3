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
    /// `TLSStrictSNI`.
    public let requiresKnownServerName: Bool
    /// The variables of each certificate, in the order of the directives.
    public let certificates: [CertificateVariables]

    init(
        names: VirtualHostNames,
        configuration: ServerConfiguration,
        security: SecurityPolicy,
        requiresKnownServerName: Bool,
        certificates: [CertificateVariables]
    ) {
        self.names = names
        self.configuration = configuration
        self.security = security
        self.requiresKnownServerName = requiresKnownServerName
        self.certificates = certificates
    }
}

/// What a client was promised by a handshake. Requests may go from one virtual host to another only between equals.
public struct SecurityPolicy: Equatable, Sendable {
    let certificateFiles: [[String]]
    let oldestVersion: ProtocolVersion
    let cipherSuites: [CipherSuite]
    let prefersClientCipherOrder: Bool
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
    ///   - connection: The policy the handshake was made under.
    ///   - request: The policy of the virtual host the request is for, nil if that one has no TLS.
    ///   - clientNamedServer: Whether the ClientHello had a server name.
    public init(connection: ServerPolicy, request: ServerPolicy?, clientNamedServer: Bool) {
        guard let request else {
            self = .misdirected
            return
        }
        if !clientNamedServer, connection.requiresKnownServerName || request.requiresKnownServerName {
            self = .forbidden
        } else {
            self = connection.security == request.security ? .proceed : .misdirected
        }
    }
}
