// SPDX-License-Identifier: Apache-2.0

public import TLSCertificates

/// Why a connection failed.
///
/// Every error but ``misuse(_:)`` ends the session. When ``alert`` is not nil the session has queued that alert: send
/// the pending output, then close the transport. The description is one sentence that an administrator can act on.
@nonexhaustive
public enum TLSError: Error, Equatable, Sendable {
    /// A handshake message or record does not follow the syntax of its RFC.
    case malformed(MalformedInput)
    /// The peer broke a rule of the protocol.
    case peerMisbehaved(PeerMisbehavior)
    /// Both sides follow the rules but share no version, suite, group or other parameter.
    case nothingInCommon(Incompatibility)
    /// The peer's certificate chain was refused.
    case certificateRejected(CertificateRejection)
    /// The peer sent a fatal alert.
    case alertReceived(AlertDescription)
    /// The transport ended after the handshake and without a close_notify: the data may be cut short by an attacker (RFC 9846 §6.1).
    case truncated
    /// The transport ended, or the peer closed, before the handshake was complete.
    ///
    /// - Parameter awaiting: What the peer would have had to send next, in the RFCs' words.
    case closedDuringHandshake(awaiting: String)
    /// The program that drives the session refused the connection.
    case refused(alert: AlertDescription, reason: String)
    /// The program that drives the session called it in a way that cannot work.
    case misuse(Misuse)
    /// A primitive failed for reasons that have nothing to do with the peer.
    case internalFailure(String)
}

/// What does not parse, and why.
public struct MalformedInput: Equatable, Sendable {
    /// The message or record, in the RFC's spelling.
    public let what: String
    /// What is wrong with it.
    public let why: String
    /// The alert that the RFC asks for: decode_error, or illegal_parameter where syntax is right and a value is not.
    public let alert: AlertDescription
}

/// Rules of the protocol that a peer can break, each with its alert.
@nonexhaustive
public enum PeerMisbehavior: Equatable, Sendable {
    /// A message that the state does not allow (RFC 9846 §4, §6.2: unexpected_message).
    case unexpectedMessage(received: String, expected: String)
    /// A record of a type that the state does not allow.
    case unexpectedRecord(String)
    /// Records carry another version than TLS: the peer speaks another protocol.
    case notTLS(LooksLike)
    /// A record longer than RFC 9846 §5.1 and §5.2 allow.
    case recordOverflow
    /// A record whose authentication tag is wrong.
    case badRecordMAC
    /// A parameter that the peer was not free to choose.
    case illegalParameter(String)
    /// An extension that was not offered (RFC 9846 §4.3).
    case unsolicitedExtension(ExtensionType)
    /// An extension that the message must have (RFC 9846 §9.2).
    case missingExtension(ExtensionType)
    /// The handshake signature does not verify with the certificate's key.
    case badHandshakeSignature
    /// The Finished message does not match the handshake.
    case badFinished
    /// The proof of the possession of a pre-shared key is wrong (RFC 9846 §4.3.11.2).
    case badBinder
    /// A key share that is no valid public key of its group.
    case invalidKeyShare
    /// A message that changes keys is followed by more data under the old ones (RFC 9846 §5.1), or a message that
    /// ends a flight by more data before the answer.
    case dataAcrossKeyChange
    /// A fallback connection to a server that speaks a higher version (RFC 7507).
    case inappropriateFallback
    /// The server's random shows that a higher version was possible (RFC 9846 §4.2.3).
    case downgradeDetected
    /// A second HelloRetryRequest (RFC 9846 §4.2.4).
    case secondHelloRetryRequest
    /// A server without any certificate.
    case noServerCertificate
    /// A client without a certificate, which this server requires (RFC 9846 §4.5.1.3, RFC 5246 §7.4.6).
    case noClientCertificate(ProtocolVersion)
    /// More of something than ``TLSLimits`` allows.
    case tooMany(String)
    /// The extension quic_transport_parameters in a connection that is not QUIC (RFC 9001 §8.2).
    case transportParametersWithoutQUIC
    /// A rule of QUIC's own, which it reports by an error code of its own: see ``TLSError/quicErrorCode``.
    case quic(QUICViolation)
    /// Asked to renegotiate again and again, which this library never does: ``TLSLimits/renegotiationRequests`` times it
    /// is answered by the warning no_renegotiation.
    case renegotiation

    /// What bytes that are no TLS look like.
    public enum LooksLike: Equatable, Sendable {
        /// An HTTP request without TLS.
        case http
        /// An SSL 2.0 ClientHello.
        case ssl2
        /// Nothing that is known.
        case unknown
    }
}

/// What two peers can fail to have in common.
@nonexhaustive
public enum Incompatibility: Equatable, Sendable {
    /// No protocol version that both enable.
    case protocolVersion
    /// No cipher suite that both enable and a certificate fits.
    case cipherSuite
    /// No key exchange group that both enable.
    case group
    /// No signature scheme that both enable and a certificate fits.
    case signatureScheme
    /// No application protocol that both name (RFC 7301 §3.2).
    case applicationProtocol
    /// A TLS 1.2 client that insists on compression (RFC 5246 §7.4.1.2).
    case compression
    /// No pre-shared key that both know, where one is required (RFC 9846 §4.3.11).
    case preSharedKey
    /// TLS 1.2 peers without the extended master secret (RFC 7627 §5.3) or secure renegotiation (RFC 5746 §3.4).
    case requiredExtension(ExtensionType)
}

/// How a driver can misuse a session.
@nonexhaustive
public enum Misuse: Equatable, Sendable {
    /// Application data before the handshake is complete.
    case handshakeIncomplete
    /// Data after `close()`.
    case closed
    /// An answer to a request that is not pending.
    case noSuchRequest
    /// A parameter outside its range.
    case invalidArgument(String)
    /// 0-RTT data where none can be sent, or were offered.
    case noEarlyData
    /// The client did not offer to authenticate itself after the handshake (RFC 9846 §4.3.6).
    case noPostHandshakeAuthentication
    /// A request is under way already.
    case requestPending
    /// The sending key has sealed as many records as it may, and no KeyUpdate can replace it: not before the handshake is
    /// complete, nor after 2^48 - 1 of them (RFC 9846 §4.7.3, §5.5).
    case keysUsedUp
    /// The feature needs TLS 1.3.
    case needsTLS13
    /// Keying material of a TLS 1.2 connection whose peer lacks the extended master secret (RFC 7627 §5.4).
    case needsExtendedMasterSecret
}
