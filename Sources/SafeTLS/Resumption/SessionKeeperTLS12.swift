// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// Keeps what a TLS 1.2 connection leaves for later ones (RFC 5077 §3.3).
struct SessionKeeperTLS12 {
    private let cache: ClientSessionCache
    private let clock: @Sendable () -> Int64
    private let serverName: ServerName
    /// The session that this connection resumed, if it did.
    private let resumed: ResumableSession?
    private var ticket: [UInt8] = []
    private var lifetime: Int64 = 0

    /// The ID that the server gave the session.
    private let sessionID: [UInt8]

    /// Nil when nothing is to be kept: sessions without the extended master secret are not resumed (RFC 7627 §5.4).
    init?(_ offer: borrowing ClientOffer, resumed: ResumableSession?, sessionID: [UInt8], isExtended: Bool) {
        guard isExtended, let cache = offer.sessionCache, let serverName = offer.serverName else { return nil }
        self.cache = cache
        self.resumed = resumed
        self.sessionID = sessionID
        clock = offer.options.clock
        self.serverName = serverName
    }

    /// Remembers a ticket until the server's Finished shows that it is the server's (RFC 5077 §3.3).
    mutating func receive(_ received: borrowing TLS12NewSessionTicket) {
        guard received.ticket.count <= TLSLimits.keptTicketLength else { return }
        ticket = copyBytes(received.ticket)
        // Zero leaves the lifetime to the client.
        lifetime =
            received.lifetimeHint == 0 ? TLSLimits.unspecifiedTicketLifetime : Int64(received.lifetimeHint)
    }

    /// Puts the session into the cache. To be called when the server's Finished is verified.
    func keep(
        _ master: borrowing MasterSecretTLS12,
        _ negotiated: NegotiatedParameters,
        _ server: PeerCertificates
    ) {
        if ticket.isEmpty, let resumed {
            // The session was taken from the cache, in case the connection failed; its ticket or ID is still good.
            cache.insert(resumed, for: serverName)
            return
        }
        // RFC 5077 §3.4: a ticket makes the ID meaningless.
        guard !ticket.isEmpty || !sessionID.isEmpty else { return }
        let now = clock()
        cache.insert(
            ResumableSession(
                version: .tls12,
                cipherSuite: negotiated.cipherSuite,
                secret: master.sessionSecret(),
                ticket: ticket,
                sessionID: ticket.isEmpty ? sessionID : [],
                authenticatedAt: resumed?.authenticatedAt ?? now,
                receivedAt: now,
                lifetime: ticket.isEmpty ? TLSLimits.unspecifiedTicketLifetime : lifetime,
                ageAdd: 0,
                applicationProtocol: negotiated.applicationProtocol,
                usesExtendedMasterSecret: true,
                server: server
            ),
            for: serverName
        )
    }
}
