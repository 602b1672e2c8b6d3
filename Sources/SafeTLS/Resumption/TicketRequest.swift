// SPDX-License-Identifier: Apache-2.0

/// How many TLS 1.3 session tickets a client wants (RFC 9149).
public struct TicketRequest: Hashable, Sendable {
    /// Tickets after a full handshake.
    public var newSessionCount: UInt8
    /// Tickets after a resumption.
    public var resumptionCount: UInt8

    /// Creates a request.
    public init(newSessionCount: UInt8, resumptionCount: UInt8) {
        self.newSessionCount = newSessionCount
        self.resumptionCount = resumptionCount
    }
}
