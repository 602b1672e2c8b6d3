// SPDX-License-Identifier: Apache-2.0

/// What a server session waits for before it goes on.
public enum ServerRequest: Sendable {
    /// Which configuration this client gets. Answer with `answer(configuration:applicationProtocol:)`.
    case clientHello(ClientHelloInfo)
    /// A signature over the handshake. Answer with `answer(signature:)`.
    case signature(SignatureRequest)
    /// The verdict on the client's chain. Answer with `answer(verification:)`.
    case verifyPeer(VerificationRequest)
}

/// How a driver answers the ALPN part of a ClientHello.
public enum ApplicationProtocolAnswer: Equatable, Sendable {
    /// The first of the configuration's protocols that the client offered; the connection fails when there is none.
    case automatic
    /// This protocol, which the client must have offered.
    case selected(String)
    /// No protocol: the extension is not answered.
    case none
}
