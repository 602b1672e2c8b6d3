// SPDX-License-Identifier: Apache-2.0

import TLSCertificates

extension TLSError: CustomStringConvertible {
    /// One sentence that says what happened and why.
    public var description: String {
        switch self {
        case .malformed(let input): "The peer sent a malformed \(input.what): \(input.why)."
        case .peerMisbehaved(let misbehavior): misbehavior.description
        case .nothingInCommon(let incompatibility): incompatibility.description
        case .certificateRejected(let rejection): rejection.description
        case .alertReceived(let alert): "The peer ended the connection with the alert \(alert.name)."
        case .truncated: "The peer closed the connection without a close_notify, so data may be missing."
        case .closedDuringHandshake(let awaiting):
            "The peer closed the connection during the handshake, where \(awaiting) was expected."
        case .refused(let alert, let reason): "The connection was refused (\(alert.name)): \(reason)"
        case .misuse(let misuse): misuse.description
        case .internalFailure(let reason): "An operation failed inside the TLS library: \(reason)."
        }
    }
}

extension PeerMisbehavior: CustomStringConvertible {
    /// One sentence that names the rule.
    public var description: String {
        switch self {
        case .unexpectedMessage(let received, let expected):
            "The peer sent \(received) where \(expected) was expected."
        case .unexpectedRecord(let what): "The peer sent \(what) where it is not allowed."
        case .notTLS(.http): "The peer speaks plain HTTP, not TLS."
        case .notTLS(.ssl2): "The peer speaks SSL 2.0, which is not supported."
        case .notTLS(.unknown): "The peer does not speak TLS."
        case .recordOverflow: "The peer sent a record that is longer than TLS allows."
        case .badRecordMAC: "A record failed authentication: it was changed on the way, or the keys differ."
        case .illegalParameter(let what): "The peer chose a value that is not allowed: \(what)."
        case .unsolicitedExtension(let type): "The peer sent the extension \(type), which was not offered."
        case .missingExtension(let type): "The peer left out the extension \(type), which is required."
        case .badHandshakeSignature: "The peer's handshake signature does not match its certificate."
        case .badFinished: "The peer's Finished message does not match the handshake."
        case .badBinder: "The peer does not know the secret of the session it wants to resume."
        case .invalidKeyShare: "The peer's key share is not a valid public key of its group."
        case .dataAcrossKeyChange:
            "The peer went on with handshake messages past the point where keys change or the other side's turn comes."
        case .inappropriateFallback:
            "The client fell back to a lower version though this server speaks a higher one."
        case .downgradeDetected:
            "The server's random shows that it speaks a higher version: the connection was tampered with."
        case .secondHelloRetryRequest: "The server sent a second HelloRetryRequest."
        case .noServerCertificate: "The server sent no certificate."
        case .noClientCertificate: "The client sent no certificate, and this server requires one."
        case .tooMany(let what): "The peer sent too many \(what)."
        case .transportParametersWithoutQUIC:
            "The peer sent the extension quic_transport_parameters in a connection that is not QUIC."
        case .quic(let violation): violation.description
        case .renegotiation: "The peer asked for renegotiation again and again, though it is refused."
        }
    }
}

extension Incompatibility: CustomStringConvertible {
    /// One sentence that names what is missing.
    public var description: String {
        switch self {
        case .protocolVersion: "The peers have no protocol version in common."
        case .cipherSuite: "The peers have no cipher suite in common that fits the certificates."
        case .group: "The peers have no key exchange group in common."
        case .signatureScheme: "The peers have no signature scheme in common that fits the certificates."
        case .applicationProtocol: "The peers have no application protocol (ALPN) in common."
        case .preSharedKey: "The peers have no pre-shared key in common."
        case .compression: "The client does not offer uncompressed data."
        case .requiredExtension(let type): "The peer does not support the extension \(type), which is required."
        }
    }
}

extension Misuse: CustomStringConvertible {
    /// One sentence for the developer.
    public var description: String {
        switch self {
        case .handshakeIncomplete: "Application data cannot be sent before the handshake is complete."
        case .closed: "The session is closed."
        case .noSuchRequest: "The session has no such request pending."
        case .invalidArgument(let what): "An argument is out of range: \(what)."
        case .noEarlyData: "There are no 0-RTT data in this connection."
        case .noPostHandshakeAuthentication: "The client does not authenticate itself after the handshake."
        case .requestPending: "The client has not answered the last request for its certificate."
        case .keysUsedUp: "The sending key has sealed as much as it may, and cannot be replaced."
        case .needsTLS13: "The operation needs TLS 1.3."
        case .needsExtendedMasterSecret:
            "Keying material cannot be exported: the peer lacks TLS 1.3 and the extended master secret."
        }
    }
}
