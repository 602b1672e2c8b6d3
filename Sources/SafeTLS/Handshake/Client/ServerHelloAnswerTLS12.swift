// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A client's reaction to a ServerHello that chose TLS 1.2 (RFC 5246 §7.4.1.3).
///
/// A server without extended_master_secret is accepted, as RFC 7627 §5.2 allows: the attacks that the extension
/// prevents need resumption or renegotiation, which this client does not do, or exporters, which such a connection
/// does not have. A server without renegotiation_info is not accepted: the client cannot see whether its handshake is
/// somebody's renegotiation (RFC 5746 §4.1).
enum ServerHelloAnswerTLS12 {
    static func proceed(
        _ offer: consuming ClientOffer,
        _ hello: borrowing ServerHello,
        clientHello: [UInt8],
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        let suite = hello.cipherSuite
        guard suite.isTLS12, offer.options.cipherSuites.contains(suite), let algorithm = suite.hash else {
            throw .peerMisbehaved(.illegalParameter("the cipher suite \(suite), which was not offered"))
        }
        // RFC 8446 §4.1.3 echoes the ID in TLS 1.3 only; in TLS 1.2 the echo resumes a session, and there is none.
        guard offer.sessionID.isEmpty || !isEqual(hello.legacySessionID, offer.sessionID.span) else {
            throw .peerMisbehaved(.illegalParameter("the resumption of a session that does not exist"))
        }
        try checkExtensions(hello, offer)
        var applicationProtocol: String?
        if let name = hello.applicationProtocol {
            applicationProtocol = try offer.checkApplicationProtocol(name)
        }

        var server: [32 of UInt8] = .init(repeating: 0)
        for index in 0..<32 { server[index] = hello.random[index] }
        let randoms = Randoms(client: offer.random, server: server)
        var transcript = try Transcript(algorithm)
        transcript.update(clientHello.span)
        transcript.update(message.span)
        return .handshaking(
            .expectCertificateTLS12(
                ExpectCertificateTLS12(
                    handshake: ClientHandshakeTLS12(
                        offer: offer,
                        cipherSuite: suite,
                        algorithm: algorithm,
                        randoms: randoms,
                        applicationProtocol: applicationProtocol,
                        usesExtendedMasterSecret: hello.hasExtendedMasterSecret,
                        transcript: transcript
                    )
                )
            )
        )
    }

    private static func checkExtensions(
        _ hello: borrowing ServerHello,
        _ offer: borrowing ClientOffer
    ) throws(TLSError) {
        // RFC 5246 §7.4.1.4.
        try offer.checkExtensions(hello.extensions.types)
        var iterator = hello.extensions.makeIterator()
        while let next = iterator.next() {
            switch next.type {
            case .serverName, .renegotiationInfo, .extendedMasterSecret, .ecPointFormats,
                .applicationLayerProtocolNegotiation:
                continue
            // RFC 8446 §4.2.7: some servers answer it though nobody asked them to.
            case .supportedGroups: continue
            default:
                throw .peerMisbehaved(.illegalParameter("the extension \(next.type) in a ServerHello of TLS 1.2"))
            }
        }
        // RFC 5746 §3.4.
        guard let verifyData = hello.renegotiationInfo else {
            throw .nothingInCommon(.requiredExtension(.renegotiationInfo))
        }
        guard verifyData.isEmpty else {
            throw .malformed(
                MalformedInput(
                    what: HandshakeType.serverHello.description,
                    why: "its renegotiation_info is not that of an initial handshake",
                    alert: .handshakeFailure
                )
            )
        }
        // RFC 8422 §5.2: the list must have the one format that is left.
        if let formats = hello.ecPointFormats, !contains(formats, 0) {
            throw .peerMisbehaved(.illegalParameter("the extension ec_point_formats without uncompressed"))
        }
    }
}
