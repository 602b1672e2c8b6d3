// SPDX-License-Identifier: Apache-2.0

import TLSCertificates

extension TLSError {
    /// The alert that this error sends to the peer, or nil when none is sent (RFC 9846 §6, RFC 5246 §7.2).
    ///
    /// QUIC sends ``quicErrorCode``, and no alerts.
    public var alert: AlertDescription? {
        switch self {
        case .malformed(let input): input.alert
        case .peerMisbehaved(let misbehavior): misbehavior.alert
        case .nothingInCommon(let incompatibility): incompatibility.alert
        case .certificateRejected(let rejection): rejection.alert
        case .alertReceived, .truncated, .closedDuringHandshake, .misuse: nil
        case .refused(let alert, _): alert
        case .internalFailure: .internalError
        }
    }
}

extension PeerMisbehavior {
    fileprivate var alert: AlertDescription {
        switch self {
        case .unexpectedMessage, .unexpectedRecord, .dataAcrossKeyChange, .secondHelloRetryRequest: .unexpectedMessage
        case .notTLS: .protocolVersion
        case .recordOverflow: .recordOverflow
        case .badRecordMAC: .badRecordMAC
        case .illegalParameter, .invalidKeyShare, .downgradeDetected: .illegalParameter
        case .unsolicitedExtension: .unsupportedExtension
        case .missingExtension: .missingExtension
        case .badHandshakeSignature, .badFinished, .badBinder: .decryptError
        case .inappropriateFallback: .inappropriateFallback
        case .noServerCertificate: .decodeError
        case .noClientCertificate(let version): version == .tls13 ? .certificateRequired : .handshakeFailure
        case .tooMany, .renegotiation: .unexpectedMessage
        case .transportParametersWithoutQUIC: .unsupportedExtension
        case .quic(let violation): violation.alert
        }
    }
}

extension Incompatibility {
    fileprivate var alert: AlertDescription {
        switch self {
        case .protocolVersion: .protocolVersion
        case .cipherSuite, .group, .signatureScheme: .handshakeFailure
        case .applicationProtocol: .noApplicationProtocol
        // RFC 9846 §6.2: unknown_psk_identity is optional, and tells who guesses which identities exist.
        case .preSharedKey: .handshakeFailure
        case .compression: .illegalParameter
        case .requiredExtension: .handshakeFailure
        }
    }
}

extension CertificateRejection {
    /// RFC 9846 §6.2, RFC 5246 §7.2.2.
    fileprivate var alert: AlertDescription {
        switch reason {
        case .emptyChain: .decodeError
        case .expired, .notYetValid: .certificateExpired
        case .unknownIssuer, .selfSigned: .unknownCA
        case .revoked: .certificateRevoked
        // Nothing is wrong with the certificate itself, as far as anybody can tell.
        case .revocationStatusUnknown, .revocationListExpired, .revocationListInvalid, .statusUnknown,
            .applicationRule:
            .certificateUnknown
        // RFC 6066 §8, RFC 9846 §6.2.
        case .badStatusResponse, .noStatusResponse: .badCertificateStatusResponse
        case .unsupportedSignatureAlgorithm, .unsupportedKey: .unsupportedCertificate
        case .wrongName, .badSignature, .notACertificateAuthority, .pathLengthExceeded, .keyUsage, .extendedKeyUsage,
            .nameConstraint, .policy, .unhandledCriticalExtension, .weakKey, .malformed, .workLimit:
            .badCertificate
        }
    }
}
