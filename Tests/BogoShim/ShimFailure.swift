// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import TLSCertificates

/// Why the shim does not exit with 0.
enum ShimFailure: Error {
    /// A flag or a value asks for something that the library does not have.
    case unimplemented(String)
    /// The library refused its configuration.
    case configuration(ConfigurationError)
    /// The session failed.
    case tls(TLSError)
    /// The connection succeeded, but not in the way the flags expect.
    case expectation(String)
    /// The socket failed.
    case transport(String)

    /// A token that `config.json` can name, and the sentence.
    var line: String {
        switch self {
        case .unimplemented(let what): "unimplemented: \(what)"
        case .configuration(let error): "configuration: \(error)"
        case .tls(let error): "\(error.token): \(error)"
        case .expectation(let what): "expectation: \(what)"
        case .transport(let what): "transport: \(what)"
        }
    }
}

extension TLSError {
    /// The names of the cases, joined by dots.
    var token: String {
        switch self {
        case .malformed(let input): "malformed.\(input.alert.name)"
        case .peerMisbehaved(.noServerCertificate): "malformed.noCertificate"
        case .peerMisbehaved(let misbehavior): "peerMisbehaved.\(misbehavior.token)"
        case .nothingInCommon(let incompatibility): "nothingInCommon.\(incompatibility.token)"
        case .certificateRejected: "certificateRejected"
        case .alertReceived(let alert): "alertReceived.\(alert.name)"
        case .truncated: "truncated"
        case .closedDuringHandshake: "closedDuringHandshake"
        case .refused(let alert, _): "refused.\(alert.name)"
        case .misuse: "misuse"
        case .internalFailure: "internalFailure"
        }
    }
}

extension PeerMisbehavior {
    /// The name of the case.
    fileprivate var token: String {
        switch self {
        case .unexpectedMessage: "unexpectedMessage"
        case .unexpectedRecord: "unexpectedRecord"
        case .notTLS(.http): "notTLS.http"
        case .notTLS(.ssl2): "notTLS.ssl2"
        case .notTLS(.unknown): "notTLS.unknown"
        case .recordOverflow: "recordOverflow"
        case .badRecordMAC: "badRecordMAC"
        case .illegalParameter: "illegalParameter"
        case .unsolicitedExtension: "unsolicitedExtension"
        case .missingExtension: "missingExtension"
        case .badHandshakeSignature: "badHandshakeSignature"
        case .badFinished: "badFinished"
        case .badBinder: "badFinished.binder"
        case .invalidKeyShare: "invalidKeyShare"
        case .dataAcrossKeyChange: "dataAcrossKeyChange"
        case .inappropriateFallback: "inappropriateFallback"
        case .downgradeDetected: "downgradeDetected"
        case .secondHelloRetryRequest: "unexpectedMessage.secondHelloRetryRequest"
        case .noServerCertificate, .noClientCertificate: "noCertificate"
        case .tooMany: "tooMany"
        case .renegotiation: "renegotiation"
        case .transportParametersWithoutQUIC: "transportParametersWithoutQUIC"
        case .quic(.wrongLevel): "quic.wrongLevel"
        case .quic: "quic"
        }
    }
}

extension Incompatibility {
    /// The name of the case.
    fileprivate var token: String {
        switch self {
        case .protocolVersion: "protocolVersion"
        case .cipherSuite: "cipherSuite"
        case .group: "group"
        case .signatureScheme: "signatureScheme"
        case .applicationProtocol: "no_application_protocol"
        case .compression: "compression"
        case .preSharedKey: "preSharedKey"
        case .requiredExtension: "requiredExtension"
        }
    }
}
