// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The server takes 0-RTT data; EndOfEarlyData ends them (RFC 9846 §4.6).
struct ExpectEndOfEarlyData: ~Copyable {
    private var flight: IncomingClientFlightTLS13

    init(flight: consuming IncomingClientFlightTLS13) { self.flight = flight }

    consuming func receive(
        _ type: HandshakeType,
        _ message: [UInt8],
        _ channel: inout Channel
    ) throws(TLSError) -> ServerPhase {
        guard type == .endOfEarlyData else { throw .unexpected(type, expected: "EndOfEarlyData") }
        do throws(DecodeError) {
            try HandshakeMessage.expectEmpty(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: type)
        }
        try flight.update(message)
        channel.early.closeReceiving()
        try channel.install(receiving: flight.clientTraffic, &flight.hash)
        return .handshaking(.expectFinishedTLS13(ExpectClientFinishedTLS13(flight: flight)))
    }
}
