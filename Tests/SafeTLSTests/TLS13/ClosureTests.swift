// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

@Suite("TLS 1.3 closure and alerts")
struct ClosureTests {
    // MARK: Closure

    @Test("close_notify ends one direction")
    func halfClose() throws {
        var connection = try Connection()
        connection.client.close()
        connection.client.close()
        let alert = Loopback.output(&connection.client)
        #expect(try connection.clientForger().open(alert) == Forger.Opened(type: .alert, content: [1, 0]))
        try Loopback.feed(&connection.server, alert)
        let (peerClosed, serverClosed) = (connection.server.isPeerClosed, connection.server.isClosed)
        let (clientClosed, clientPeerClosed) = (connection.client.isClosed, connection.client.isPeerClosed)
        #expect(peerClosed && !serverClosed && clientClosed && !clientPeerClosed)
        // The other direction still carries data.
        #expect(try connection.down([1, 2]) == [1, 2])
        #expect(throws: TLSError.misuse(.closed)) { try Loopback.seal(&connection.client, [1]) }
        try connection.server.endOfInput()
        connection.server.close()
        try Loopback.feed(&connection.client, Loopback.output(&connection.server))
        try connection.client.endOfInput()
        let (first, second) = (connection.client.failure, connection.server.failure)
        #expect(first == nil && second == nil)
    }

    @Test("the end of the transport without close_notify is a truncation", arguments: [false, true])
    func truncation(isClient: Bool) throws {
        var connection = try Connection()
        #expect(throws: TLSError.truncated) {
            if isClient { try connection.client.endOfInput() } else { try connection.server.endOfInput() }
        }
        let failure = isClient ? connection.client.failure : connection.server.failure
        #expect(failure == .truncated && failure?.alert == nil)
        // The error stays.
        #expect(throws: TLSError.truncated) {
            if isClient {
                _ = try Loopback.seal(&connection.client, [1])
            } else {
                try Loopback.feed(&connection.server, [23, 3, 3])
            }
        }
    }

    @Test("a truncation in the middle of a record")
    func truncatedRecord() throws {
        var connection = try Connection()
        let record = try Loopback.seal(&connection.client, [1, 2, 3])
        var waiting: [UInt8] = []
        try Loopback.feed(&connection.server, Array(record.dropLast()), keeping: &waiting)
        #expect(throws: TLSError.truncated) { try connection.server.endOfInput() }
    }

    @Test("a truncation during the handshake", arguments: [false, true])
    func truncatedHandshake(isClient: Bool) throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        #expect(throws: TLSError.closedDuringHandshake(awaiting: isClient ? "ServerHello" : "ClientHello")) {
            if isClient { try client.endOfInput() } else { try server.endOfInput() }
        }
        let failure = isClient ? client.failure : server.failure
        #expect(failure?.alert == nil)
        let isHandshaking = isClient ? client.isHandshaking : server.isHandshaking
        #expect(!isHandshaking)
    }

    @Test("nothing is sent behind our close_notify, not even an alert", arguments: [false, true])
    func nothingBehindClose(isConnected: Bool) throws {
        var pair = Pair.tls13()
        pair.server.groups = [.x25519]
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        if isConnected { try Loopback.run(&client, &server) }
        try Loopback.feed(&server, Loopback.output(&client))
        let flight = Loopback.output(&server)
        client.close()
        let close = Loopback.output(&client)
        // A handshake that is given up ends with user_canceled and close_notify.
        #expect(WireBytes.records(close).count == (isConnected ? 1 : 2))
        if !isConnected {
            // It does not go on.
            try Loopback.feed(&client, flight)
            #expect(Loopback.output(&client).isEmpty)
        }
        let record = WireBytes.record(.applicationData, [UInt8](repeating: 0, count: 40))
        #expect(Loopback.refusal(&client, record) == (isConnected ? .peerMisbehaved(.badRecordMAC) : nil))
        #expect(Loopback.output(&client).isEmpty)
    }

    @Test("whatever follows close_notify is ignored")
    func dataAfterClose() throws {
        var connection = try Connection()
        let forger = try connection.clientForger()
        let data = try forger.seal([1], .applicationData)
        let close = try forger.seal([1, 0], .alert)
        let late = try forger.seal([2], .applicationData)
        #expect(try Loopback.feed(&connection.server, data + close + late) == [1])
        #expect(try Loopback.feed(&connection.server, late) == [])
        #expect(try Loopback.feed(&connection.server, [0, 1, 2, 3, 4, 5, 6, 7]) == [])
        try connection.server.endOfInput()
    }

    @Test("close_notify during the handshake ends it", arguments: [1, 2] as [UInt8])
    func closeDuringHandshake(level: UInt8) throws {
        let pair = Pair.tls13()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        let alert = WireBytes.alert(.closeNotify, level: level)
        #expect(Loopback.refusal(&client, alert) == .alertReceived(.closeNotify))
        #expect(Loopback.refusal(&server, alert) == .alertReceived(.closeNotify))
        #expect(Loopback.output(&server).isEmpty)
    }

    // MARK: Alerts

    /// All that are assigned, and some that are not.
    static let fatal: [UInt8] = (1...255).filter { value in
        let alert = AlertDescription(rawValue: value)
        return alert != .userCanceled && (!alert.name.hasPrefix("0x") || [1, 2, 127, 255].contains(value))
    }

    @Test("every alert ends every state", arguments: State.allCases)
    func alerts(state: State) throws {
        for value in Self.fatal {
            let alert = AlertDescription(rawValue: value)
            #expect(try state.receive([2, value]) == .alertReceived(alert), "\(alert)")
        }
    }

    /// TLS 1.3 has no warnings but these two: the level means nothing (RFC 9846 §6).
    @Test("the level of an alert is ignored in TLS 1.3", arguments: State.allCases)
    func levels(state: State) throws {
        for level in [0, 1, 3, 255] as [UInt8] {
            // Before the ServerHello the version is not known, and TLS 1.2 has warnings and no other levels.
            let error = try state.receive([level, AlertDescription.handshakeFailure.rawValue])
            switch state {
            case .serverStart, .clientStart:
                #expect(level == 1 ? error == nil : error?.alert == .illegalParameter)
            default: #expect(error == .alertReceived(.handshakeFailure))
            }
        }
    }

    @Test("user_canceled is a warning", arguments: State.allCases)
    func userCanceled(state: State) throws {
        #expect(try state.receive([1, AlertDescription.userCanceled.rawValue]) == nil)
        let many = [[UInt8]](
            repeating: [1, AlertDescription.userCanceled.rawValue],
            count: TLSLimits.warningAlerts + 1
        )
        #expect(try state.receive(many: many) == .peerMisbehaved(.tooMany("warning alerts")))
    }

    @Test("alerts that are not two bytes long", arguments: State.allCases)
    func malformed(state: State) throws {
        for content in [[2], [2, 40, 0], [2, 40, 2, 40]] as [[UInt8]] {
            #expect(try state.receive(content)?.alert == .decodeError)
        }
    }

    /// The states of both sides in which an alert can come, and how the peer protects it there.
    enum State: CaseIterable {
        case serverStart, serverAfterRetry, serverFlight, serverFlightPlain, serverConnected
        case clientStart, clientAfterRetry, clientHello, clientHelloPlain, clientConnected

        func receive(_ content: [UInt8]) throws -> TLSError? { try receive(many: [content]) }

        func receive(many contents: [[UInt8]]) throws -> TLSError? {
            var pair = Pair.tls13()
            if self == .serverAfterRetry || self == .clientAfterRetry { pair.server.groups = [.secp521r1] }
            let log = SecretLog()
            pair.server.keyLog = log
            var client = try pair.makeClient()
            var server = try pair.makeServer()
            var forger: Forger?
            switch self {
            case .serverStart, .clientStart: break
            case .serverAfterRetry, .serverFlight, .serverFlightPlain:
                try Loopback.feed(&server, Loopback.output(&client))
                if self == .serverFlight { forger = try Forger(log, .clientHandshake) }
            case .clientAfterRetry:
                try Loopback.feed(&server, Loopback.output(&client))
                try Loopback.feed(&client, Loopback.output(&server))
            case .clientHello, .clientHelloPlain:
                try Loopback.feed(&server, Loopback.output(&client))
                try Loopback.feed(&client, WireBytes.records(Loopback.output(&server))[0])
                if self == .clientHello { forger = try Forger(log, .serverHandshake) }
            case .serverConnected, .clientConnected:
                try Loopback.run(&client, &server)
                forger = try Forger(log, self == .serverConnected ? .clientApplication : .serverApplication)
            }
            var input: [UInt8] = []
            for content in contents {
                input += try forger?.seal(content, .alert) ?? WireBytes.record(.alert, content)
            }
            switch self {
            case .serverStart, .serverAfterRetry, .serverFlight, .serverFlightPlain, .serverConnected:
                return Loopback.refusal(&server, input)
            case .clientStart, .clientAfterRetry, .clientHello, .clientHelloPlain, .clientConnected:
                return Loopback.refusal(&client, input)
            }
        }
    }

    @Test("nothing is answered to an alert")
    func noAnswer() throws {
        var connection = try Connection()
        let record = try connection.clientForger().seal([2, AlertDescription.internalError.rawValue], .alert)
        #expect(Loopback.refusal(&connection.server, record) == .alertReceived(.internalError))
        #expect(Loopback.output(&connection.server).isEmpty)
    }

    @Test("an unprotected alert does not end a connection that is established")
    func forgedAlert() throws {
        var connection = try Connection()
        let error = Loopback.refusal(&connection.server, WireBytes.alert(.closeNotify, level: 1))
        #expect(error?.alert == .unexpectedMessage)
    }

    @Test("an alert within a handshake message is refused")
    func withinMessage() throws {
        var session = try Pair.tls13().makeServer()
        let piece = WireBytes.record(.handshake, [1, 0])
        #expect(Loopback.plainAlert(&session, piece + WireBytes.alert(.internalError)) == .unexpectedMessage)
    }
}
