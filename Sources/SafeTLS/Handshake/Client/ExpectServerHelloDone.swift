// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The end of the server's flight comes next, with a CertificateRequest before it when the server wants a certificate
/// too (RFC 5246 §7.4.4, §7.4.5).
struct ExpectServerHelloDone: ~Copyable {
    fileprivate var handshake: ClientHandshakeTLS12
    fileprivate let server: PeerAuthenticated
    fileprivate let share: KeyShare
    fileprivate var request: RequestedCertificate?

    init(handshake: consuming ClientHandshakeTLS12, server: PeerAuthenticated, share: KeyShare) {
        self.handshake = handshake
        self.server = server
        self.share = share
    }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ClientPhase {
        switch type {
        case .certificateRequest where request == nil:
            request = try RequestedCertificate(tls12: message)
            handshake.transcript.update(message)
            return .handshaking(.expectServerHelloDone(self))
        case .serverHelloDone:
            try Self.checkServerHelloDone(message)
            try channel.joiner.expectEmpty()
            handshake.transcript.update(message)
            let request = request
            let flight = ClientFlightTLS12(handshake: handshake, server: server, share: share)
            guard let request else { return try flight.finish(nil, &channel) }
            if flight.handshake.offer.deferring.contains(.certificate) {
                return .handshaking(.awaitCertificateTLS12(AwaitCertificateTLS12(request: request, flight: flight)))
            }
            let credential = flight.handshake.offer.configuration.credential(for: request)
            return try flight.show(credential, request, &channel)
        default:
            throw .unexpected(type, expected: "ServerHelloDone")
        }
    }

    private static func checkServerHelloDone(_ message: [UInt8]) throws(TLSError) {
        do throws(DecodeError) {
            try HandshakeMessage.expectEmpty(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .serverHelloDone)
        }
    }
}
