// SPDX-License-Identifier: Apache-2.0

/// What a session of either side waits for: for drivers that are written over ``TLSSession``. Answer with
/// ``TLSSession/answer(_:)``.
///
/// ``ServerSession/request`` and ``ClientSession/request`` have the cases of one side alone.
public enum SessionRequest: Sendable {
    /// A server: which configuration this client gets.
    case clientHello(ClientHelloInfo)
    /// A client: the certificate to show to the server, which asks for one.
    case certificate(RequestedCertificate)
    /// A signature over the handshake.
    case signature(SignatureRequest)
    /// The verdict on the peer's chain.
    case verifyPeer(VerificationRequest)
}

/// A driver's answer to a ``SessionRequest``.
public enum SessionAnswer: Sendable {
    /// To ``SessionRequest/clientHello(_:)``.
    case configuration(ServerConfiguration, applicationProtocol: ApplicationProtocolAnswer)
    /// To ``SessionRequest/certificate(_:)``; nil shows none.
    case credential(Credential?)
    /// To ``SessionRequest/signature(_:)``.
    case signature([UInt8])
    /// To ``SessionRequest/verifyPeer(_:)``.
    case verification(Verdict)
}

extension SessionAnswer {
    /// The answer of a session that nothing was deferred in: the credential's key signs, the configuration judges the peer, and
    /// no certificate is shown.
    ///
    /// - Throws: `TLSError.misuse` for a ClientHello, which only the driver has a configuration for; as
    ///   ``SignatureRequest/sign()``.
    public static func builtIn(to request: SessionRequest) throws(TLSError) -> SessionAnswer {
        switch request {
        case .signature(let request): .signature(try request.sign())
        case .verifyPeer(let request): .verification(request.verdict())
        case .certificate: .credential(nil)
        case .clientHello: throw .misuse(.noSuchRequest)
        }
    }
}

// The protocol documents these.
// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension ServerSession {
    public var pendingRequest: SessionRequest? {
        switch request {
        case .clientHello(let hello): .clientHello(hello)
        case .signature(let request): .signature(request)
        case .verifyPeer(let request): .verifyPeer(request)
        case nil: nil
        }
    }

    public mutating func answer(_ answer: SessionAnswer) throws(TLSError) {
        switch answer {
        case .configuration(let configuration, let applicationProtocol):
            try self.answer(configuration: configuration, applicationProtocol: applicationProtocol)
        case .signature(let signature): try self.answer(signature: signature)
        case .verification(let verdict): try self.answer(verification: verdict)
        case .credential: throw failure ?? .misuse(.noSuchRequest)
        }
    }
}

// swift-format-ignore: AllPublicDeclarationsHaveDocumentation
extension ClientSession {
    public var pendingRequest: SessionRequest? {
        switch request {
        case .verifyPeer(let request): .verifyPeer(request)
        case .certificate(let request): .certificate(request)
        case .signature(let request): .signature(request)
        case nil: nil
        }
    }

    public mutating func answer(_ answer: SessionAnswer) throws(TLSError) {
        switch answer {
        case .verification(let verdict): try self.answer(verification: verdict)
        case .credential(let credential): try self.answer(credential: credential)
        case .signature(let signature): try self.answer(signature: signature)
        case .configuration: throw failure ?? .misuse(.noSuchRequest)
        }
    }
}
