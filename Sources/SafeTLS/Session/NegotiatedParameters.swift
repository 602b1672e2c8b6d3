// SPDX-License-Identifier: Apache-2.0

/// What a completed handshake agreed on.
public struct NegotiatedParameters: Equatable, Sendable {
    /// The protocol version.
    public let version: ProtocolVersion
    /// The cipher suite.
    public let cipherSuite: CipherSuite
    /// The key exchange group. Nil when a session of TLS 1.2 was resumed: that exchanges no keys.
    public let group: NamedGroup?
    /// The scheme of the server's handshake signature.
    public let signatureScheme: SignatureScheme?
    /// The scheme of the client's handshake signature; nil for a client without certificate, and for resumed sessions.
    public internal(set) var clientSignatureScheme: SignatureScheme? = nil
    /// The application protocol, when ALPN chose one (RFC 7301).
    public let applicationProtocol: String?
    /// The name the client asked for, in lower case (RFC 6066 §3).
    public let serverName: String?
    /// Whether a HelloRetryRequest was needed (RFC 9846 §4.2.4). Always false in TLS 1.2.
    public let usedHelloRetryRequest: Bool
    /// Whether an earlier session was resumed.
    public let isResumed: Bool
    /// The identity of the external pre-shared key that authenticated both sides; nil without one.
    public internal(set) var preSharedKeyIdentity: [UInt8]? = nil
    /// What the client asked for when that is no DNS name, as it was sent; a server's session is bound to it, too.
    var unusualName: [UInt8]? = nil
    /// Whether secrets belong to this connection alone (RFC 7627). Always true in TLS 1.3; a TLS 1.2 connection without
    /// can neither be resumed nor export keying material.
    public internal(set) var usesExtendedMasterSecret = true

    /// The name that a server's session belongs to.
    var sessionName: [UInt8]? { unusualName ?? serverName.map { Array($0.utf8) } }
}
