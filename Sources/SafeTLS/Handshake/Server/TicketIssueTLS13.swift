// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension IncomingClientFlightTLS13 {
    /// Writes the tickets that end a handshake, behind the client's Finished (RFC 9846 §4.7.1).
    mutating func issueTickets(into flight: inout ByteWriter) throws(TLSError) {
        guard ticketCount > 0, let resumption = context.configuration.resumption else { return }
        let configuration = context.configuration
        let maximumEarlyData = configuration.options.earlyData?.maximumSize ?? 0
        let resumptionSecret = try master.resumption(transcript.digest(), &hash)
        let now = configuration.options.clock()
        let lifetime = resumption.lifetime(authenticatedAt: authenticatedAt, now: now, version: .tls13)
        guard lifetime > 0 else { return }
        let random = try TicketRandom(count: ticketCount, from: configuration.options.random)
        for number in 0..<ticketCount {
            let nonce = [UInt8(truncatingIfNeeded: number)]
            do throws(CryptoError) {
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
                    ageAdd: random.ageAdd(number),
                    policy: resumption.policy(context.deferring),
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
                    ticket = try resumption.keys.seal(bytes.bytes, at: now, salt: random.salt(number))
                case .stateful:
                    ticket = try resumption.keep(state, at: now, random: configuration.options.random)
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

/// The random bytes of all tickets that a handshake gives, which take one call: most of its price is not that of the bytes.
private struct TicketRandom {
    private let bytes: [UInt8]

    /// For each ticket, what obfuscates its age (RFC 9846 §4.7.1), and its salt.
    private static let length = 4 + TicketHeader.saltLength

    init(count: Int, from source: any RandomSource) throws(TLSError) {
        var bytes = zeros(count * Self.length)
        do {
            var span = bytes.mutableSpan
            try source.fill(&span)
        } catch {
            throw TLSError(error)
        }
        self.bytes = bytes
    }

    func ageAdd(_ number: Int) -> UInt32 {
        bytes[number * Self.length..<number * Self.length + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    @_lifetime(borrow self)
    func salt(_ number: Int) -> Span<UInt8> {
        bytes.span.extracting(number * Self.length + 4..<(number + 1) * Self.length)
    }
}
