// SPDX-License-Identifier: Apache-2.0

/// The states of a client's handshake, in the order in which they follow each other.
///
/// ```
/// expectServerHello ─┬─ TLS 1.3 → expectEncryptedExtensions → expectCertificateTLS13 → expectCertificateVerify
///   ↑ HelloRetry-    │           → [awaitVerdictTLS13] → expectFinishedTLS13
///   │                │           → [awaitCertificateTLS13 → awaitSignatureTLS13] → connected
///   └ Request        └─ TLS 1.2 ─┬─ expectCertificateTLS12 → expectServerKeyExchange → [awaitVerdictTLS12]
///                                │  → expectServerHelloDone
///                                │  → [awaitCertificateTLS12 → awaitSignatureTLS12] ─┐
///                                └─ resumed session ─────────────────────────────────┴→ [expectNewSessionTicket]
///                                                               → expectChangeCipherSpec
///                                                               → expectFinishedTLS12 → connected
/// ```
///
/// States in brackets are passed through unless the driver wants to answer itself, or the server promised a ticket.
enum ClientHandshake: ~Copyable {
    case expectServerHello(ExpectServerHello)
    case expectEncryptedExtensions(ExpectEncryptedExtensions)
    case expectCertificateTLS13(ExpectCertificateTLS13)
    case expectCertificateVerify(ExpectCertificateVerify)
    case awaitVerdictTLS13(AwaitVerdictTLS13)
    case expectFinishedTLS13(ExpectServerFinishedTLS13)
    case awaitCertificateTLS13(AwaitCertificateTLS13)
    case awaitSignatureTLS13(AwaitClientSignatureTLS13)
    case expectCertificateTLS12(ExpectCertificateTLS12)
    case expectServerKeyExchange(ExpectServerKeyExchange)
    case awaitVerdictTLS12(AwaitVerdictTLS12)
    case expectServerHelloDone(ExpectServerHelloDone)
    case awaitCertificateTLS12(AwaitCertificateTLS12)
    case awaitSignatureTLS12(AwaitClientSignatureTLS12)
    case expectNewSessionTicket(ExpectNewSessionTicket)
    case expectChangeCipherSpec(ExpectServerChangeCipherSpec)
    case expectFinishedTLS12(ExpectServerFinishedTLS12)
}

/// What a client's transition leads to.
typealias ClientPhase = Phase<ClientHandshake>

extension ClientHandshake: HandshakeState {
    /// Whether TLS 1.2 was offered, as far as the state knows.
    private var mayBeTLS12: Bool {
        switch self {
        case .expectServerHello(let state): state.offersTLS12
        default: true
        }
    }

    var isWaiting: Bool {
        switch self {
        case .awaitVerdictTLS13: true
        case .awaitVerdictTLS12: true
        case .awaitCertificateTLS13: true
        case .awaitCertificateTLS12: true
        case .awaitSignatureTLS13: true
        case .awaitSignatureTLS12: true
        default: false
        }
    }

    var request: ClientRequest? {
        switch self {
        case .awaitVerdictTLS13(let state): .verifyPeer(state.request)
        case .awaitVerdictTLS12(let state): .verifyPeer(state.request)
        case .awaitCertificateTLS13(let state): .certificate(state.request)
        case .awaitCertificateTLS12(let state): .certificate(state.request)
        case .awaitSignatureTLS13(let state): .signature(state.request)
        case .awaitSignatureTLS12(let state): .signature(state.request)
        default: nil
        }
    }

    var awaited: String {
        switch self {
        case .expectServerHello: "ServerHello"
        case .expectEncryptedExtensions: "EncryptedExtensions"
        case .expectCertificateTLS13: "Certificate"
        case .expectCertificateTLS12: "Certificate"
        case .expectCertificateVerify: "CertificateVerify"
        case .expectServerKeyExchange: "ServerKeyExchange"
        case .expectServerHelloDone: "ServerHelloDone"
        case .expectNewSessionTicket: "NewSessionTicket"
        case .expectChangeCipherSpec: "change_cipher_spec"
        case .expectFinishedTLS13: "Finished"
        case .expectFinishedTLS12: "Finished"
        // Its own side is not done yet.
        default: "the rest of the handshake"
        }
    }

    static func request(of connected: borrowing Connected) -> ClientRequest? { connected.clientRequest }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        // RFC 5246 §7.4.1.1: a HelloRequest during a handshake is ignored, and is no part of the transcript.
        if type == .helloRequest && channel.version != .tls13 && mayBeTLS12 {
            try HelloRequest.ignore(message, &channel.limits)
            return .handshaking(self)
        }
        switch consume self {
        case .expectServerHello(let state): return try state.receive(type, message, &channel)
        case .expectEncryptedExtensions(let state): return try state.receive(type, message, &channel)
        case .expectCertificateTLS13(let state): return try state.receive(type, message)
        case .expectCertificateVerify(let state): return try state.receive(type, message)
        case .expectFinishedTLS13(let state): return try state.receive(type, message, &channel)
        case .expectCertificateTLS12(let state): return try state.receive(type, message)
        case .expectServerKeyExchange(let state): return try state.receive(type, message)
        case .expectServerHelloDone(let state): return try state.receive(type, message, &channel)
        case .expectNewSessionTicket(let state): return try state.receive(type, message)
        case .expectFinishedTLS12(let state): return try state.receive(type, message, &channel)
        case .expectChangeCipherSpec: throw .unexpected(type, expected: "change_cipher_spec")
        default:
            throw .internalFailure("a message was handed to a state that waits for an answer")
        }
    }

    consuming func receiveChangeCipherSpec(_ channel: inout Channel) throws(TLSError) -> ClientPhase {
        switch consume self {
        case .expectChangeCipherSpec(let state): return try state.receiveChangeCipherSpec(&channel)
        // RFC 9846 §5: from the first ClientHello on. Nothing changes keys here, in TLS 1.2 neither.
        case .expectServerHello(let state) where state.offersTLS13:
            try channel.limits.countChangeCipherSpec()
            return .handshaking(.expectServerHello(state))
        default: throw .peerMisbehaved(.unexpectedRecord("change_cipher_spec"))
        }
    }

    /// The driver's verdict on the server's chain.
    consuming func answer(verification verdict: Verdict) throws(TLSError) -> ClientPhase {
        switch consume self {
        case .awaitVerdictTLS13(let state): try state.answer(verdict)
        case .awaitVerdictTLS12(let state): try state.answer(verdict)
        default: throw .misuse(.noSuchRequest)
        }
    }

    /// The driver's choice of a certificate; nil shows none.
    consuming func answer(credential: Credential?, channel: inout Channel) throws(TLSError) -> ClientPhase {
        switch consume self {
        case .awaitCertificateTLS13(let state): try state.answer(credential, &channel)
        case .awaitCertificateTLS12(let state): try state.answer(credential, &channel)
        default: throw .misuse(.noSuchRequest)
        }
    }

    /// The driver's signature.
    consuming func answer(signature: [UInt8], channel: inout Channel) throws(TLSError) -> ClientPhase {
        switch consume self {
        case .awaitSignatureTLS13(let state): try state.complete(signature: signature, &channel)
        case .awaitSignatureTLS12(let state): try state.complete(signature: signature, &channel)
        default: throw .misuse(.noSuchRequest)
        }
    }
}

/// The message by which a TLS 1.2 server asks for a handshake (RFC 5246 §7.4.1.1).
enum HelloRequest {
    static func ignore(_ message: [UInt8], _ limits: inout FloodLimits) throws(TLSError) {
        try check(message)
        try limits.countRenegotiationRequest()
    }

    static func check(_ message: [UInt8]) throws(TLSError) {
        do throws(DecodeError) {
            try HandshakeMessage.expectEmpty(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .helloRequest)
        }
    }
}
