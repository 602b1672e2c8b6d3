// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("TLS 1.3 after the handshake")
struct PostHandshakeTests {
    static let types: [HandshakeType] = [
        .helloRequest, .clientHello, .serverHello, .endOfEarlyData, .encryptedExtensions, .certificate,
        .serverKeyExchange, .certificateRequest, .serverHelloDone, .certificateVerify, .clientKeyExchange, .finished,
        .certificateStatus, .compressedCertificate, .messageHash, HandshakeType(rawValue: 3),
        HandshakeType(rawValue: 99),
    ]

    @Test("messages that belong into a handshake are refused", arguments: types, [false, true])
    func refused(type: HandshakeType, byClient: Bool) throws {
        var connection = try Connection()
        let message = WireBytes.message(type, [UInt8](repeating: 0, count: 32))
        let error: TLSError?
        if byClient {
            error = try Loopback.refusal(&connection.client, connection.serverForger().seal(message))
        } else {
            error = try Loopback.refusal(&connection.server, connection.clientForger().seal(message))
        }
        #expect(error?.alert == .unexpectedMessage)
        guard case .peerMisbehaved(.unexpectedMessage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    static func ticket(lifetime: UInt8 = 100, ticket: [UInt8] = [1, 2, 3], others: [(ExtensionType, [UInt8])] = [])
        -> [UInt8]
    {
        let body = [0, 0, 0, lifetime, 1, 2, 3, 4, 1, 0] + Hello.vector16(ticket) + WireBytes.extensions(others)
        return WireBytes.message(.newSessionTicket, body)
    }

    @Test("a client reads tickets and goes on")
    func tickets() throws {
        var connection = try Connection()
        let forger = try connection.serverForger()
        let early: (ExtensionType, [UInt8]) = (.earlyData, [0, 0, 1, 0])
        let unknown: (ExtensionType, [UInt8]) = (ExtensionType(rawValue: 0x5A5A), [1])
        let tickets = Self.ticket() + Self.ticket(others: [early, unknown])
        try Loopback.feed(&connection.client, forger.seal(tickets))
        // Cut in the middle.
        try Loopback.feed(&connection.client, forger.seal(Array(tickets.prefix(7))))
        try Loopback.feed(&connection.client, forger.seal(Array(tickets.dropFirst(7))))
        #expect(try Loopback.feed(&connection.client, forger.seal([1], .applicationData)) == [1])
    }

    @Test("a server refuses tickets")
    func serverRefuses() throws {
        var connection = try Connection()
        let error = try Loopback.refusal(&connection.server, connection.clientForger().seal(Self.ticket()))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("malformed tickets")
    func malformed() throws {
        let tickets: [([UInt8], AlertDescription)] = [
            (Self.ticket(ticket: []), .decodeError), (Self.ticket(others: [(.earlyData, [1])]), .decodeError),
            (WireBytes.message(.newSessionTicket, []), .decodeError),
            (Self.ticket(others: [(.earlyData, [0, 0, 0, 1]), (.earlyData, [0, 0, 0, 1])]), .illegalParameter),
            // Known, and in no table row of this message (RFC 9846 §4.3).
            (Self.ticket(others: [(.keyShare, [0, 29])]), .illegalParameter),
            (Self.ticket(others: [(.serverName, [])]), .illegalParameter),
        ]
        for (ticket, alert) in tickets {
            var connection = try Connection()
            let error = try Loopback.refusal(&connection.client, connection.serverForger().seal(ticket))
            #expect(error?.alert == alert)
        }
    }

    @Test("tickets without data in between are limited")
    func manyTickets() throws {
        var connection = try Connection()
        let forger = try connection.serverForger()
        for _ in 0..<TLSLimits.consecutiveSessionTickets {
            try Loopback.feed(&connection.client, forger.seal(Self.ticket()))
        }
        try Loopback.feed(&connection.client, forger.seal([1], .applicationData))
        for _ in 0..<TLSLimits.consecutiveSessionTickets {
            try Loopback.feed(&connection.client, forger.seal(Self.ticket()))
        }
        let error = try Loopback.refusal(&connection.client, forger.seal(Self.ticket()))
        #expect(error == .peerMisbehaved(.tooMany("session tickets")))
    }

    @Test("a message announced as longer than the limit")
    func tooLong() throws {
        var connection = try Connection()
        let error = try Loopback.refusal(&connection.server, connection.clientForger().seal([24, 1, 0, 1]))
        #expect(error?.alert == .decodeError)
    }
}
