// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A client's answers to servers that ask for its certificate after the handshake (RFC 9846 §4.7.2).
struct ClientPostHandshake: ~Copyable {
    private let configuration: ClientConfiguration
    private let deferring: DeferredRequests
    /// ClientHello…client Finished: every request goes on from there (§4.1).
    private let handshake: Transcript
    private var state = State.idle
    /// How many requests there were.
    private var count = 0

    private enum State: ~Copyable {
        case idle
        /// The driver chooses a certificate.
        case awaitCertificate(RequestedCertificate, Transcript)
        /// The driver signs. The Certificate waits, so that nothing can come between it and what follows.
        case awaitSignature(SignatureRequest, certificate: [UInt8], Transcript)
    }

    /// - Parameter handshake: ClientHello…client Finished.
    init(configuration: ClientConfiguration, deferring: DeferredRequests, handshake: consuming Transcript) {
        self.configuration = configuration
        self.deferring = deferring
        self.handshake = handshake
    }

    var name: ClientHandshake.Name {
        switch state {
        case .idle: .connected
        case .awaitCertificate: .awaitLaterCertificate
        case .awaitSignature: .awaitLaterSignature
        }
    }

    /// What the driver is asked for.
    var request: ClientRequest? {
        switch state {
        case .idle: nil
        case .awaitCertificate(let request, _): .certificate(request)
        case .awaitSignature(let request, _, _): .signature(request)
        }
    }

    private mutating func takeState() -> State {
        var taken = State.idle
        swap(&taken, &state)
        return taken
    }

    /// Takes a CertificateRequest.
    mutating func receive(
        _ message: [UInt8],
        _ secrets: borrowing ConnectionSecrets,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        count += 1
        guard count <= TLSLimits.certificateRequests else { throw .peerMisbehaved(.tooMany("certificate requests")) }
        let request = try RequestedCertificate(tls13: message)
        var transcript = try handshake.copy()
        transcript.update(message)
        if deferring.contains(.certificate) {
            state = .awaitCertificate(request, transcript)
            return
        }
        try show(configuration.credential(for: request), request, transcript, secrets, &flight)
    }

    /// The driver's choice of a certificate; nil shows none.
    mutating func answer(
        _ credential: Credential?,
        _ secrets: borrowing ConnectionSecrets,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        guard case .awaitCertificate(let request, let transcript) = takeState() else {
            throw .misuse(.noSuchRequest)
        }
        try show(credential, request, transcript, secrets, &flight)
    }

    /// The driver's signature.
    mutating func answer(
        signature: [UInt8],
        _ secrets: borrowing ConnectionSecrets,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        guard case .awaitSignature(let request, let certificate, let transcript) = takeState() else {
            throw .misuse(.noSuchRequest)
        }
        try Self.send(certificate, request.scheme, signature, transcript, secrets, &flight)
    }

    private mutating func show(
        _ credential: Credential?,
        _ requested: RequestedCertificate,
        _ transcript: consuming Transcript,
        _ secrets: borrowing ConnectionSecrets,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        var transcript = transcript
        let schemes = configuration.options.signingSchemes
        let scheme = credential?.signatureScheme(for: requested, preferred: schemes)
        // A client without certificate says so with an empty list (§4.5.1).
        let chain = scheme == nil ? [] : credential?.certificateChain.map(\.der) ?? []
        var writer = ByteWriter()
        do throws(EncodeError) {
            try CertificateMessage.writeTLS13(requestContext: requested.context.span, chain: chain, into: &writer)
        } catch {
            throw .internalFailure("a Certificate message outgrew its length field")
        }
        let certificate = writer.takeBytes()
        transcript.update(certificate.span)
        guard let credential, let scheme else {
            try Self.send(certificate, nil, [], transcript, secrets, &flight)
            return
        }
        let request = SignatureRequest(
            scheme: scheme,
            credential: credential,
            message: CertificateVerifyContent.bytes(.client, transcript: try transcript.digest())
        )
        if request.isDeferred(deferring) {
            state = .awaitSignature(request, certificate: certificate, transcript)
        } else {
            try Self.send(certificate, scheme, request.sign(), transcript, secrets, &flight)
        }
    }

    /// Writes Certificate, CertificateVerify unless there is nothing to prove, and Finished (§4.5).
    private static func send(
        _ certificate: [UInt8],
        _ scheme: SignatureScheme?,
        _ signature: [UInt8],
        _ transcript: consuming Transcript,
        _ secrets: borrowing ConnectionSecrets,
        _ flight: inout ByteWriter
    ) throws(TLSError) {
        var transcript = transcript
        flight.append(certificate)
        if let scheme {
            try flight.add(to: &transcript) { writer throws(EncodeError) in
                try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
            }
        }
        let verifyData = try secrets.verifyDataOfSender(transcript.digest())
        try flight.add(to: &transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
    }
}

extension ClientConfiguration {
    /// The certificate of ``ClientOptions/credentials`` that is shown to a server that asks for one, unless the driver answers
    /// ``ClientRequest/certificate(_:)``: the first that fits, of a chain whose signatures it verifies if there is one. Nil
    /// when none fits.
    ///
    /// A chain with SHA-1 signatures fits only where the server asks for them (RFC 9846 §4.5.1.2).
    public func credential(for request: RequestedCertificate) -> Credential? {
        let schemes = request.certificateSignatureSchemes ?? request.signatureSchemes
        let fitting = options.credentials.filter { credential in
            request.accepts(certificatesOf: credential.certificateChain.map(\.issuer))
                && credential.signatureScheme(for: request, preferred: options.signingSchemes) != nil
                && credential.isPresentable(to: schemes)
        }
        return fitting.first { $0.isSigned(with: schemes) } ?? fitting.first
    }
}
