// SPDX-License-Identifier: Apache-2.0

/// Rules of QUIC that a peer's handshake can break, beside those of TLS.
@nonexhaustive
public enum QUICViolation: Equatable, Sendable {
    /// CRYPTO bytes of another level than the one whose messages are due: of keys that were replaced, or are not there yet
    /// (RFC 9001 §4.1.3).
    case wrongLevel(received: QUICLevel, expected: QUICLevel)
    /// More CRYPTO bytes than wait while the session waits for its driver (RFC 9000 §7.5).
    case tooManyWaitingBytes
    /// A ClientHello with a session ID, as only TCP has use for (RFC 9001 §8.4).
    case sessionID
    /// A request for a certificate after the handshake (RFC 9001 §4.4).
    case postHandshakeAuthentication
    /// A ticket that allows another number of bytes of 0-RTT data than 2^32 - 1, which stands for "some" (RFC 9001 §4.6.1).
    case earlyDataSize(UInt32)
}

extension QUICViolation {
    /// What TLS would say; QUIC has an error code instead.
    var alert: AlertDescription {
        switch self {
        case .wrongLevel, .tooManyWaitingBytes, .postHandshakeAuthentication: .unexpectedMessage
        case .sessionID, .earlyDataSize: .illegalParameter
        }
    }

    /// RFC 9000 §20.1: CRYPTO_BUFFER_EXCEEDED or PROTOCOL_VIOLATION.
    fileprivate var errorCode: UInt64 {
        switch self {
        case .tooManyWaitingBytes: 0x0D
        case .wrongLevel, .sessionID, .postHandshakeAuthentication, .earlyDataSize: 0x0A
        }
    }
}

extension QUICViolation: CustomStringConvertible {
    /// One sentence that names the rule.
    public var description: String {
        switch self {
        case .wrongLevel(let received, let expected):
            "The peer sent handshake data in \(received) packets where those of \(expected) packets are due."
        case .tooManyWaitingBytes: "The peer sent more handshake data than can wait."
        case .sessionID: "The client sent a session ID, which has no place in QUIC."
        case .postHandshakeAuthentication: "The server asked for a certificate after the handshake, which QUIC forbids."
        case .earlyDataSize(let size):
            "The server sent a ticket for \(size) bytes of 0-RTT data, which QUIC does not limit."
        }
    }
}

extension TLSError {
    /// The error code of the CONNECTION_CLOSE frame, of type 0x1c, that this error sends to a QUIC peer; nil when none is sent.
    ///
    /// An alert is 0x0100 and its number (RFC 9001 §4.8). What breaks a rule of QUIC itself has the code that QUIC says.
    public var quicErrorCode: UInt64? {
        switch self {
        case .peerMisbehaved(.quic(let violation)): violation.errorCode
        // RFC 9001 §4.1.3: PROTOCOL_VIOLATION.
        case .peerMisbehaved(.dataAcrossKeyChange): 0x0A
        default: alert.map { 0x0100 + UInt64($0.rawValue) }
        }
    }
}
