// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// A server's answer to a ClientHello of TLS 1.2 whose ticket is good: ServerHello, NewSessionTicket,
/// change_cipher_spec and Finished in one flight, before the client's (RFC 5077 §3.1, RFC 5246 §7.3).
enum ResumptionTLS12 {
    /// The session that this client may resume; nil for a full handshake.
    static func session(_ received: borrowing ReceivedClientHello) throws(TLSError) -> SessionState? {
        guard let state = find(received) else { return nil }
        // RFC 5246 §7.4.1.3: the suite is the session's, whatever either side now prefers.
        let suite = state.cipherSuite
        guard suite.isTLS12, received.options.cipherSuites.contains(suite),
            received.hello.cipherSuites.contains(suite)
        else { return nil }
        // RFC 7627 §5.3: no resumption without the extended master secret, and no way back to a handshake without it.
        guard state.usesExtendedMasterSecret else { return nil }
        guard received.hello.hasExtendedMasterSecret else {
            throw .nothingInCommon(.requiredExtension(.extendedMasterSecret))
        }
        return state
    }

    /// The session that the client names, by its ticket or else by its ID.
    private static func find(_ received: borrowing ReceivedClientHello) -> SessionState? {
        guard let resumption = received.context.configuration.resumption else { return nil }
        let now = received.options.clock()
        let name: Span<UInt8>
        if let ticket = received.hello.sessionTicket, !ticket.isEmpty {
            // RFC 5077 §3.4: beside a ticket the session ID is a mark for its acceptance, and names nothing.
            guard resumption.identifier(ticket) == nil else { return nil }
            name = ticket
        } else {
            name = received.hello.legacySessionID
            guard resumption.store != nil, resumption.identifier(name) != nil else { return nil }
        }
        return resumption.session(
            name,
            version: .tls12,
            serverName: received.hello.sessionName,
            deferring: received.context.deferring,
            at: now
        )
    }

    /// Answers the ClientHello, step by step (RFC 5246 §7.3, figure 2).
    static func resume(
        _ received: consuming ReceivedClientHello,
        _ session: consuming SessionState,
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        var flight = try ResumingFlightTLS12(received, session)
        try flight.sendServerHello(&channel)  // RFC 5246 §7.4.1.3
        try flight.sendTicket(&channel.flight)  // RFC 5077 §3.3
        return try flight.finish(&channel)  // RFC 5246 §7.1, §7.4.9
    }
}
