// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The server's flight is written up to the Certificate; the signature over it is being made.
struct AwaitSignatureTLS13: ~Copyable {
    let context: ServerContext
    let request: SignatureRequest
    let negotiated: NegotiatedParameters
    let clientRandom: [32 of UInt8]
    var transcript: Transcript
    var hash: KeyedHash
    let handshakeSecret: HandshakeSecret
    let clientTraffic: TrafficSecret
    let serverTraffic: TrafficSecret

    /// Writes CertificateVerify and Finished and starts to send under the application keys (RFC 8446 §4.4).
    consuming func complete(signature: [UInt8], _ channel: inout Channel) throws(TLSError) -> ServerPhase {
        let scheme = request.scheme
        try channel.send(&transcript) { writer throws(EncodeError) in
            try DigitallySigned.writeCertificateVerify(scheme: scheme, signature: signature, into: &writer)
        }
        let verifyData = try serverTraffic.verifyData(transcript: transcript.digest(), &hash)
        try channel.send(&transcript) { writer throws(EncodeError) in
            try Finished.write(verifyData: verifyData.bytes, into: &writer)
        }
        // §7.1: everything of the application phase is derived from ClientHello…server Finished.
        let digest = try transcript.digest()
        let master = try handshakeSecret.masterSecret(&hash)
        let clientApplication = try master.clientTraffic(digest, &hash)
        let serverApplication = try master.serverTraffic(digest, &hash)
        let exporter = try master.exporter(digest, &hash)
        if let keyLog = context.options.keyLog {
            clientApplication.log(to: keyLog, as: .clientApplication, clientRandom: clientRandom)
            serverApplication.log(to: keyLog, as: .serverApplication, clientRandom: clientRandom)
            keyLog.log(.exporter, clientRandom: clientRandom, secret: exporter)
        }
        try channel.install(sealer: serverApplication.sealer(&hash))
        let expected = try clientTraffic.verifyData(transcript: digest, &hash)
        let applicationOpener = try clientApplication.opener(&hash)
        return .handshaking(
            .expectFinishedTLS13(
                ExpectClientFinishedTLS13(
                    expected: expected,
                    opener: applicationOpener,
                    connected: Connected(
                        negotiated: negotiated,
                        secrets: ConnectionSecrets(
                            sending: serverApplication,
                            receiving: clientApplication,
                            exporter: exporter,
                            cipherSuite: negotiated.cipherSuite,
                            isClient: false
                        )
                    )
                )
            )
        )
    }
}

/// The server's flight is out; the client's Finished completes the handshake.
struct ExpectClientFinishedTLS13: ~Copyable {
    /// The `verify_data` that the client must send.
    fileprivate let expected: Digest
    /// Protection of the client's application data, in force behind its Finished.
    fileprivate let opener: RecordOpener
    fileprivate let connected: Connected

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .finished else { throw .unexpected(type, expected: "Finished") }
        try FinishedCheck.verify(message, expected: expected)
        try channel.install(opener: opener)
        return .connected(connected)
    }
}
