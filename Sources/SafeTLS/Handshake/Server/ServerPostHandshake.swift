// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A server that asks for the client's certificate after the handshake (RFC 9846 §4.7.2).
struct ServerPostHandshake: ~Copyable {
    private let context: ServerContext
    /// ClientHello…client Finished: every request goes on from there (§4.1).
    private let handshake: Transcript
    private var state = State.idle

    private enum State: ~Copyable {
        case idle
        /// The request is out. Data may come before the answer.
        case expectCertificate(ClientAuthenticator, context: [UInt8], Transcript)
        case expectCertificateVerify(ClientAuthenticator, PeerChain, Transcript)
        /// The driver judges the chain.
        case awaitVerdict(VerificationRequest, PeerChain, HandshakeSignatureVerified, Transcript)
        case expectFinished(PeerAuthenticated, Transcript)
    }

    /// - Parameter handshake: ClientHello…client Finished.
    init(context: ServerContext, handshake: consuming Transcript) {
        self.context = context
        self.handshake = handshake
    }

    /// Whether a client was asked and has not answered.
    var isPending: Bool {
        switch state {
        case .idle: false
        default: true
        }
    }

    /// Whether the client is in the middle of its answer: nothing may come between its messages (§4.7.2).
    var isWithinAnswer: Bool {
        switch state {
        case .expectCertificateVerify: true
        case .awaitVerdict: true
        case .expectFinished: true
        default: false
        }
    }

    var name: ServerHandshake.Name {
        switch state {
        case .idle: .connected
        case .expectCertificate: .expectLaterCertificate
        case .expectCertificateVerify: .expectLaterCertificateVerify
        case .awaitVerdict: .awaitLaterVerdict
        case .expectFinished: .expectLaterFinished
        }
    }

    /// What the driver is asked for.
    var request: ServerRequest? {
        switch state {
        case .awaitVerdict(let request, _, _, _): .verifyPeer(request)
        default: nil
        }
    }

    private mutating func takeState() -> State {
        var taken = State.idle
        swap(&taken, &state)
        return taken
    }

    /// Writes a CertificateRequest (§4.4.2).
    mutating func ask(_ authenticator: ClientAuthenticator, _ flight: inout ByteWriter) throws(TLSError) {
        // Unpredictable, so that nobody with passing access to the client's key can sign ahead.
        let identifier = try context.random32()
        let requestContext = copyBytes(identifier.span)
        let message = try authenticator.request(context: requestContext)
        var transcript = try handshake.copy()
        transcript.update(message)
        flight.append(message)
        state = .expectCertificate(authenticator, context: requestContext, transcript)
    }

    /// Takes a message of the client's answer. They follow each other without anything between (§4.7.2).
    ///
    /// - Returns: The client, when its Finished completes the answer.
    mutating func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ secrets: borrowing ConnectionSecrets
    ) throws(TLSError) -> PeerAuthenticated? {
        switch takeState() {
        case .expectCertificate(let authenticator, let requestContext, var transcript):
            guard type == .certificate else { throw .unexpected(type, expected: "Certificate") }
            let chain = try ClientChain.read(message, for: authenticator, version: .tls13, context: requestContext)
            transcript.update(message)
            if let chain {
                state = .expectCertificateVerify(authenticator, chain, transcript)
            } else {
                // §4.5.1.3: a server may go on without.
                guard authenticator.mode == .optional else { throw .peerMisbehaved(.noClientCertificate(.tls13)) }
                state = .expectFinished(.anonymous, transcript)
            }
            return nil
        case .expectCertificateVerify(let authenticator, let chain, var transcript):
            guard type == .certificateVerify else { throw .unexpected(type, expected: "CertificateVerify") }
            let proof = try HandshakeSignatureVerified(
                certificateVerify: message,
                content: CertificateVerifyContent.bytes(.client, transcript: try transcript.digest()),
                chain: chain,
                version: .tls13,
                accepted: authenticator.signatureSchemes
            )
            transcript.update(message)
            let request = authenticator.verification(chain.certificates, at: context.options.clock())
            if context.deferring.contains(.verification) {
                state = .awaitVerdict(request, chain, proof, transcript)
            } else {
                let client = try PeerAuthenticated(request.verdict(), chain: chain, proof: proof)
                state = .expectFinished(client, transcript)
            }
            return nil
        case .expectFinished(let client, var transcript):
            guard type == .finished else { throw .unexpected(type, expected: "Finished") }
            let expected = try secrets.verifyDataOfReceived(transcript.digest())
            try FinishedCheck.verify(message, expected: expected)
            return client
        case .awaitVerdict:
            throw .internalFailure("a message was handed to a state that waits for an answer")
        case .idle:
            throw .unexpected(type, expected: "application data")
        }
    }

    /// The driver's verdict on the client's chain.
    mutating func answer(_ verdict: Verdict) throws(TLSError) {
        guard case .awaitVerdict(_, let chain, let proof, let transcript) = takeState() else {
            throw .misuse(.noSuchRequest)
        }
        state = .expectFinished(try PeerAuthenticated(verdict, chain: chain, proof: proof), transcript)
    }
}
