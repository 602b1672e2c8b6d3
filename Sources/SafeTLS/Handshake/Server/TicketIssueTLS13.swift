// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension IncomingClientFlightTLS13 {
    /// Writes the tickets that end a handshake, behind the client's Finished (RFC 9846 §4.7.1).
    mutating func issueTickets(into flight: inout ByteWriter) throws(TLSError) {
        guard ticketCount > 0, let resumption = context.configuration.resumption else { return }
        let options = context.options
        let maximumEarlyData = options.earlyData?.maximumSize ?? 0
        let resumptionSecret = try master.resumption(transcript.digest(), &hash)
        let now = options.clock()
        let lifetime = resumption.lifetime(authenticatedAt: authenticatedAt, now: now, version: .tls13)
        guard lifetime > 0 else { return }
        for number in 0..<ticketCount {
            let nonce = [UInt8(truncatingIfNeeded: number)]
            do throws(CryptoError) {
                var ageAdd: [4 of UInt8] = .init(repeating: 0)
                do {
                    var span = ageAdd.mutableSpan
                    try options.random.fill(&span)
                }
                let state = SessionState(
                    version: .tls13,
                    cipherSuite: negotiated.cipherSuite,
                    secret: try hash.expandLabel(
                        resumptionSecret.bytes,
                        "resumption",
                        context: nonce.span,
                        count: resumptionSecret.count
                    ),
                    authenticatedAt: authenticatedAt,
                    createdAt: now,
                    lifetime: lifetime,
                    ageAdd: ageAdd.span.reduceBigEndian(),
                    policy: resumption.policy,
                    serverName: negotiated.sessionName,
                    applicationProtocol: negotiated.applicationProtocol,
                    usesExtendedMasterSecret: true,
                    maximumEarlyData: maximumEarlyData,
                    client: client.certificates
                )
                let ticket: [UInt8]
                switch resumption.ticketForm {
                case .stateless:
                    let bytes = state.serialised()
                    ticket = try resumption.keys.seal(bytes.bytes, at: now, random: options.random)
                case .stateful:
                    ticket = try resumption.keep(state, at: now, random: options.random)
                }
                try Self.write(state.ageAdd, lifetime, nonce, ticket, maximumEarlyData, &flight)
            } catch {
                throw TLSError(error)
            }
        }
    }

    private static func write(
        _ ageAdd: UInt32,
        _ lifetime: UInt32,
        _ nonce: [UInt8],
        _ ticket: [UInt8],
        _ maximumEarlyData: UInt32,
        _ flight: inout ByteWriter
    ) throws(CryptoError) {
        do throws(EncodeError) {
            try NewSessionTicket.write(
                lifetime: lifetime,
                ageAdd: ageAdd,
                nonce: nonce.span,
                ticket: ticket.span,
                into: &flight
            ) { extensions in
                if maximumEarlyData > 0 { extensions.maximumEarlyDataSize(maximumEarlyData) }
            }
        } catch {
            throw .internalFailure("a ticket outgrew its length field")
        }
    }
}

extension Span<UInt8> {
    /// The bytes as one big-endian number; of more than four the last four count.
    fileprivate func reduceBigEndian() -> UInt32 {
        var value: UInt32 = 0
        for index in indices { value = value << 8 | UInt32(self[index]) }
        return value
    }
}
