// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The server's flight is written up to the Certificate; the signature over it is being made.
struct AwaitSignatureTLS13: ~Copyable {
    let request: SignatureRequest
    fileprivate var handshake: ServerHandshakeTLS13

    init(request: SignatureRequest, handshake: consuming ServerHandshakeTLS13) {
        self.request = request
        self.handshake = handshake
    }

    /// Writes CertificateVerify and what follows (RFC 9846 §4.5.2).
    consuming func complete(signature: [UInt8], _ channel: inout Channel) throws(TLSError) -> ServerPhase {
        let scheme = request.scheme
        try channel.send(&handshake.transcript) { writer throws(EncodeError) in
            try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
        }
        return try handshake.finish(&channel)
    }
}
