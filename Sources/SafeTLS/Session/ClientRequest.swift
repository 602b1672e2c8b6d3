// SPDX-License-Identifier: Apache-2.0

/// What a client session waits for before it goes on.
public enum ClientRequest: Sendable {
    /// The verdict on the server's chain. Answer with `answer(verification:)`.
    case verifyPeer(VerificationRequest)
    /// The certificate to show to the server, which asks for one. Answer with `answer(credential:)`.
    case certificate(RequestedCertificate)
    /// A signature over the handshake with that certificate's key. Answer with `answer(signature:)`.
    case signature(SignatureRequest)
}
