// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The server's flight is written up to the Certificate; the signature over its key is being made.
struct AwaitSignatureTLS12: ~Copyable {
    let request: SignatureRequest
    /// The ServerECDHParams that are signed.
    let parameters: [UInt8]
    var handshake: ServerHandshakeTLS12
    let key: KeyExchangePrivateKey

    /// Writes ServerKeyExchange, CertificateRequest where clients are asked, and ServerHelloDone (RFC 8422 §5.4, RFC 5246 §7.4.5).
    consuming func complete(signature: [UInt8], _ flight: inout ByteWriter) throws(TLSError) -> ServerPhase {
        let parameters = parameters
        let scheme = request.scheme
        try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in
            try ServerKeyExchange.write(
                parameters: parameters,
                scheme: scheme,
                signature: signature,
                into: &writer
            )
        }
        // CertificateRequest (RFC 5246 §7.4.4).
        let authenticator = handshake.context.configuration.clientAuthenticator
        if let authenticator {
            try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in
                writer.append(authenticator.requestMessageTLS12)
            }
        }
        try flight.add(to: &handshake.transcript) { writer throws(EncodeError) in
            HandshakeMessage.writeEmpty(.serverHelloDone, into: &writer)
        }
        if let authenticator {
            return .handshaking(
                .expectCertificateTLS12(
                    ExpectClientCertificateTLS12(authenticator: authenticator, handshake: handshake, key: key)
                )
            )
        }
        return .handshaking(.expectClientKeyExchange(ExpectClientKeyExchange(handshake: handshake, key: key)))
    }
}
