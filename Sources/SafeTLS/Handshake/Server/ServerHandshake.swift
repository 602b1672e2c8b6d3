// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The states of a server's handshake, in the order in which they follow each other.
///
/// ``graph`` says on one page what each accepts and where it leads; ARCHITECTURE.md has the picture. States that await an
/// answer of the driver are passed through unless it wants to give one.
enum ServerHandshake: ~Copyable {
    case expectClientHello(ExpectClientHello)
    case awaitConfiguration(AwaitConfiguration)
    case expectSecondClientHello(ExpectSecondClientHello)
    case awaitSignatureTLS13(AwaitSignatureTLS13)
    case expectEndOfEarlyData(ExpectEndOfEarlyData)
    case expectCertificateTLS13(ExpectClientCertificateTLS13)
    case expectCertificateVerifyTLS13(ExpectClientCertificateVerifyTLS13)
    case awaitVerdictTLS13(AwaitClientVerdictTLS13)
    case expectFinishedTLS13(ExpectClientFinishedTLS13)
    case awaitSignatureTLS12(AwaitSignatureTLS12)
    case expectCertificateTLS12(ExpectClientCertificateTLS12)
    case expectClientKeyExchange(ExpectClientKeyExchange)
    case expectCertificateVerifyTLS12(ExpectClientCertificateVerifyTLS12)
    case awaitVerdictTLS12(AwaitClientVerdictTLS12)
    case expectChangeCipherSpec(ExpectClientChangeCipherSpec)
    case expectFinishedTLS12(ExpectClientFinishedTLS12)
    case expectResumingChangeCipherSpec(ExpectResumingChangeCipherSpec)
    case expectResumingFinished(ExpectResumingFinished)
}

/// What a server's transition leads to.
typealias ServerPhase = Phase<ServerHandshake>

extension ServerHandshake: HandshakeState {
    var isWaiting: Bool {
        switch self {
        case .awaitConfiguration: true
        case .awaitSignatureTLS13: true
        case .awaitSignatureTLS12: true
        case .awaitVerdictTLS13: true
        case .awaitVerdictTLS12: true
        default: false
        }
    }

    var request: ServerRequest? {
        switch self {
        case .awaitConfiguration(let state): .clientHello(state.info)
        case .awaitSignatureTLS13(let state): .signature(state.request)
        case .awaitSignatureTLS12(let state): .signature(state.request)
        case .awaitVerdictTLS13(let state): .verifyPeer(state.request)
        case .awaitVerdictTLS12(let state): .verifyPeer(state.request)
        default: nil
        }
    }

    var awaited: String {
        switch self {
        case .expectClientHello: "ClientHello"
        case .expectSecondClientHello: "the second ClientHello"
        case .expectEndOfEarlyData: "EndOfEarlyData"
        case .expectCertificateTLS13: "Certificate"
        case .expectCertificateTLS12: "Certificate"
        case .expectClientKeyExchange: "ClientKeyExchange"
        case .expectCertificateVerifyTLS13: "CertificateVerify"
        case .expectCertificateVerifyTLS12: "CertificateVerify"
        case .expectChangeCipherSpec: "change_cipher_spec"
        case .expectResumingChangeCipherSpec: "change_cipher_spec"
        case .expectFinishedTLS13: "Finished"
        case .expectFinishedTLS12: "Finished"
        case .expectResumingFinished: "Finished"
        // Its own side is not done yet.
        default: "the rest of the handshake"
        }
    }

    static func request(of connected: borrowing Connected) -> ServerRequest? { connected.serverRequest }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        switch consume self {
        case .expectClientHello(let state): try state.receive(type, message, &channel)
        case .expectSecondClientHello(let state): try state.receive(type, message, &channel)
        case .expectEndOfEarlyData(let state): try state.receive(type, message, &channel)
        case .expectCertificateTLS13(let state): try state.receive(type, message)
        case .expectCertificateVerifyTLS13(let state): try state.receive(type, message)
        case .expectFinishedTLS13(let state): try state.receive(type, message, &channel)
        case .expectCertificateTLS12(let state): try state.receive(type, message)
        case .expectCertificateVerifyTLS12(let state): try state.receive(type, message)
        case .expectClientKeyExchange(let state): try state.receive(type, message)
        case .expectFinishedTLS12(let state): try state.receive(type, message, &channel)
        case .expectResumingFinished(let state): try state.receive(type, message, &channel)
        case .expectChangeCipherSpec: throw .unexpected(type, expected: "change_cipher_spec")
        case .expectResumingChangeCipherSpec: throw .unexpected(type, expected: "change_cipher_spec")
        default:
            throw .internalFailure("a message was handed to a state that waits for an answer")
        }
    }

    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ServerPhase {
        switch consume self {
        case .expectChangeCipherSpec(let state): return try state.receiveChangeCipherSpec(&channel)
        case .expectResumingChangeCipherSpec(let state): return try state.receiveChangeCipherSpec(&channel)
        case .expectClientHello(let state):
            // RFC 9846 §5 counts from the first ClientHello, so none can come before it. After a stateless
            // HelloRetryRequest this session has not seen it, but the client may have sent the record since.
            guard state.acceptsRetryCookies else {
                throw .peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
            }
            return try state.ignoringChangeCipherSpec(&channel.limits)
        default: throw .peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
        }
    }

    /// The driver's answer to a deferred ClientHello.
    consuming func answer(
        configuration: ServerConfiguration,
        applicationProtocol: ApplicationProtocolAnswer,
        channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        switch consume self {
        case .awaitConfiguration(let state):
            try state.answer(configuration: configuration, applicationProtocol: applicationProtocol, &channel)
        default: throw .misuse(.noSuchRequest)
        }
    }

    /// The driver's signature.
    consuming func answer(signature: [UInt8], channel: inout Channel) throws(TLSError) -> ServerPhase {
        switch consume self {
        case .awaitSignatureTLS13(let state): try state.complete(signature: signature, &channel)
        case .awaitSignatureTLS12(let state): try state.complete(signature: signature, &channel.flight)
        default: throw .misuse(.noSuchRequest)
        }
    }

    /// The driver's verdict on the client's chain.
    consuming func answer(
        verification verdict: Verdict,
        isResumable: Bool
    ) throws(TLSError) -> ServerPhase {
        switch consume self {
        case .awaitVerdictTLS13(let state): try state.answer(verdict, isResumable: isResumable)
        case .awaitVerdictTLS12(let state): try state.answer(verdict, isResumable: isResumable)
        default: throw .misuse(.noSuchRequest)
        }
    }
}

/// What a server's handshake knows before any message: how to answer.
struct ServerContext {
    var configuration: ServerConfiguration
    let deferring: DeferredRequests
    var applicationProtocol: ApplicationProtocolAnswer = .automatic

    var options: ServerOptions {
        // Lent: a copy counts references up and down again for each list in it.
        _read { yield configuration.options }
    }

    /// As many random bytes as a flight takes, drawn at once.
    func drawnRandom(count: Int) throws(TLSError) -> DrawnRandom {
        do throws(CryptoError) {
            return try DrawnRandom(count: count, from: configuration.options.random)
        } catch {
            throw TLSError(error)
        }
    }

    /// Fresh random bytes, from the configuration's source unless they were drawn from that before.
    func random32(from source: DrawnRandom? = nil) throws(TLSError) -> [32 of UInt8] {
        var bytes: [32 of UInt8] = .init(repeating: 0)
        do {
            var span = bytes.mutableSpan
            if let source {
                try source.fill(&span)
            } else {
                try configuration.options.random.fill(&span)
            }
        } catch {
            throw TLSError(error)
        }
        return bytes
    }
}
