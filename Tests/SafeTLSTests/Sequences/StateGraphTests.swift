// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLS

/// The tables of ``StateGraph`` against what sessions do: neither has a transition that the other has not.
@Suite("The graph of states")
struct StateGraphTests {
    /// What drivers may answer themselves.
    private static let deferrals: [DeferredRequests] = [
        [], .clientHello, .signature, .verification, .certificate, [.certificate, .signature],
        [.clientHello, .signature, .verification, .certificate],
    ]

    private static let cases: [SequenceTests.Case] = {
        let tls13: [Mode] = [[.retry, .noClientCertificate], [.resumed, .noLaterCertificate]]
        let tls12: [Mode] = [[.tickets, .clientCertificate], [.tickets, .noClientCertificate]]
        return SequenceTests.cases
            + Receiver.allCases.flatMap { receiver in
                tls13.map { SequenceTests.Case(version: .tls13, receiver: receiver, mode: $0) }
                    + tls12.map { SequenceTests.Case(version: .tls12, receiver: receiver, mode: $0) }
            }
    }()

    /// Every transition that servers make, or that clients make, in all modes and with all kinds of drivers; each has to be
    /// the one that the table names for what was agreed on.
    private func observed<Name: StateName>(
        _ graph: StateGraph<Name>,
        _ receiver: Receiver,
        _ version: ProtocolVersion,
        _ moves: (Conversation, DeferredRequests, [Step]) throws -> [Conversation.Move<Name>]
    ) throws -> Set<Conversation.Move<Name>> {
        var observed: Set<Conversation.Move<Name>> = []
        for test in Self.cases where test.receiver == receiver && test.version == version {
            let conversation = try Conversation(test.mode, version, receiver)
            let plays =
                Self.deferrals.filter(conversation.canDefer).map { ($0, conversation.steps) }
                + conversation.sequels.map { ([], $0) }
            for (deferring, steps) in plays {
                let agreed = test.mode.union(Agreed(deferring))
                for move in try moves(conversation, deferring, steps) {
                    let next = graph.next(version, move.state, move.event, agreed)
                    #expect(
                        next == move.next,
                        "\(test.testDescription), \(agreed): \(move.state) went to \(move.next) by \(move.event)"
                    )
                    observed.insert(move)
                }
            }
        }
        return observed
    }

    /// What the table has and nobody did.
    private func missing<Name: StateName>(
        _ graph: StateGraph<Name>,
        _ version: ProtocolVersion,
        from observed: Set<Conversation.Move<Name>>
    ) -> Set<Conversation.Move<Name>> {
        var moves: Set<Conversation.Move<Name>> = []
        for row in graph.transitions(version) {
            for next in row.next {
                moves.insert(Conversation.Move(state: row.state, event: row.accepts, next: next.state))
            }
        }
        return moves.subtracting(observed)
    }

    @Test(
        "clients make the table's transitions, and all of them",
        arguments: [ProtocolVersion.tls13, .tls12]
    )
    func clients(version: ProtocolVersion) throws {
        let observed = try observed(ClientHandshake.graph, .client, version) {
            try $0.clientMoves(deferring: $1, steps: $2)
        }
        #expect(missing(ClientHandshake.graph, version, from: observed) == [])
    }

    @Test(
        "servers make the table's transitions, and all of them",
        arguments: [ProtocolVersion.tls13, .tls12]
    )
    func servers(version: ProtocolVersion) throws {
        var observed = try observed(ServerHandshake.graph, .server, version) {
            try $0.serverMoves(deferring: $1, steps: $2)
        }
        if version == .tls13 { observed.formUnion(try compressedNothing()) }
        #expect(missing(ServerHandshake.graph, version, from: observed) == [])
    }

    /// A client without certificate that compresses the message which says so: ours does not.
    private func compressedNothing() throws -> [Conversation.Move<ServerHandshake.Name>] {
        let conversation = try Conversation([.noClientCertificate, .compressed], .tls13, .server)
        let index = try #require(conversation.steps.firstIndex { $0.piece == .message(.certificate) })
        // No context and no certificates: four zeros, which zlib only stores.
        let compressed: [UInt8] = [0x78, 1, 1, 4, 0, 0xFB, 0xFF, 0, 0, 0, 0, 0, 4, 0, 1]
        let message = WireBytes.message(
            .compressedCertificate,
            [0, 1, 0, 0, 4, 0, 0, UInt8(compressed.count)] + compressed
        )
        return try conversation.serverMoves(
            deferring: [],
            steps: Array(conversation.steps[..<index]) + [Step(message, .handshake)]
        )
    }

    private func reachable<Name: StateName>(_ graph: StateGraph<Name>) -> Set<Name> {
        var reached: Set<Name> = [.start]
        var waiting = [Name.start]
        while let state = waiting.popLast() {
            for row in graph.tls13 + graph.tls12 where row.state == state {
                for next in row.next where reached.insert(next.state).inserted {
                    waiting.append(next.state)
                }
            }
        }
        return reached
    }

    @Test("every state can be reached, and left")
    func states() {
        #expect(reachable(ClientHandshake.graph) == Set(ClientHandshake.Name.allCases))
        #expect(reachable(ServerHandshake.graph) == Set(ServerHandshake.Name.allCases))
        let client = Set((ClientHandshake.graph.tls13 + ClientHandshake.graph.tls12).map(\.state))
        let server = Set((ServerHandshake.graph.tls13 + ServerHandshake.graph.tls12).map(\.state))
        #expect(client == Set(ClientHandshake.Name.allCases))
        #expect(server == Set(ServerHandshake.Name.allCases))
    }

    @Test("a state that may lead to several has one for every connection")
    func defaults() {
        for row in ClientHandshake.graph.tls13 + ClientHandshake.graph.tls12 {
            #expect(row.next.last?.condition == [], "\(row.state)")
        }
        for row in ServerHandshake.graph.tls13 + ServerHandshake.graph.tls12 {
            #expect(row.next.last?.condition == [], "\(row.state)")
        }
    }
}

extension Agreed {
    fileprivate init(_ deferring: DeferredRequests) {
        self = []
        if deferring.contains(.clientHello) { insert(.defersClientHello) }
        if deferring.contains(.signature) { insert(.defersSignature) }
        if deferring.contains(.verification) { insert(.defersVerification) }
        if deferring.contains(.certificate) { insert(.defersCertificate) }
    }
}
