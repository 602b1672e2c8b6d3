// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// Makes sessions out of the tickets that a TLS 1.3 client receives (RFC 9846 §4.7.1).
struct TicketReceiver: ~Copyable {
    let cache: ClientSessionCache
    /// UNIX seconds, and milliseconds.
    let clock: @Sendable () -> Int64
    let milliseconds: @Sendable () -> Int64
    let serverName: ServerName
    let negotiated: NegotiatedParameters
    let server: PeerCertificates
    /// When a full handshake verified the server, in UNIX seconds.
    let authenticatedAt: Int64
    /// resumption_secret.
    let secret: Secret

    func keep(_ ticket: borrowing NewSessionTicket) throws(TLSError) {
        // §4.7.1: zero means that the ticket is to be dropped at once.
        guard ticket.lifetime > 0, ticket.ticket.count <= TLSLimits.keptTicketLength,
            let algorithm = negotiated.cipherSuite.hash
        else { return }
        let key: Secret
        do throws(CryptoError) {
            var hash = try KeyedHash(algorithm)
            key = try hash.expandLabel(
                secret.bytes,
                "resumption",
                context: ticket.nonce,
                count: algorithm.digestLength
            )
        } catch {
            throw TLSError(error)
        }
        cache.insert(
            ResumableSession(
                version: .tls13,
                cipherSuite: negotiated.cipherSuite,
                secret: key,
                ticket: copyBytes(ticket.ticket),
                authenticatedAt: authenticatedAt,
                receivedAt: clock(),
                receivedMilliseconds: milliseconds(),
                lifetime: Int64(ticket.lifetime),
                ageAdd: ticket.ageAdd,
                applicationProtocol: negotiated.applicationProtocol,
                usesExtendedMasterSecret: true,
                maximumEarlyData: ticket.maximumEarlyDataSize ?? 0,
                server: server
            ),
            for: serverName
        )
    }
}
