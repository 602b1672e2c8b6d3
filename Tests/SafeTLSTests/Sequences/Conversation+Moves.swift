// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// What states a receiver goes through.
extension Conversation {
    /// A transition that a session made.
    struct Move<Name: StateName>: Hashable, CustomStringConvertible {
        let state: Name
        let event: StateEvent
        let next: Name

        var description: String { "\(state) — \(event) → \(next)" }
    }

    /// Whether the receiver can be played again with a driver that answers these itself: a client whose driver judges
    /// certificates keeps no sessions, so it would send another ClientHello.
    func canDefer(_ deferring: DeferredRequests) -> Bool {
        receiver == .server || !deferring.contains(.verification)
            || mode.isDisjoint(with: [.resumed, .tickets])
    }

    /// The conversation with what may come behind a handshake and did not: the last piece changes keys, or asks for another
    /// handshake.
    var sequels: [[Step]] {
        guard version == .tls13 else {
            let hello = receiver == .client ? WireBytes.message(.helloRequest) : steps[0].bytes
            return [steps + [Step(hello, .application)]]
        }
        let update = Step(WireBytes.message(.keyUpdate, [0]), .application)
        let data = Step(.applicationData, [1], .application)
        let unanswered = steps.prefix { $0.epoch != .application || $0.piece != .message(.certificate) }
        return [steps + [update], Array(unanswered) + [data, update]]
    }

    /// - Parameter steps: Nil for those of the conversation.
    func clientMoves(
        deferring: DeferredRequests,
        steps: [Step]? = nil
    ) throws -> [Move<ClientHandshake.Name>] {
        let (configuration, _) = try configurations()
        var client = try ClientSession(
            configuration: configuration,
            serverName: Self.name,
            deferring: deferring
        )
        return try moves(&client, steps ?? self.steps) {
            $0.engine.phase.name
        } answer: { client in
            switch client.request {
            case .verifyPeer(let request): try client.answer(verification: request.verdict())
            case .certificate(let request):
                try client.answer(credential: configuration.credential(for: request))
            case .signature(let request): try client.answer(signature: request.sign())
            case nil: return nil
            }
            return .answer
        }
    }

    /// - Parameter steps: Nil for those of the conversation.
    func serverMoves(
        deferring: DeferredRequests,
        steps: [Step]? = nil
    ) throws -> [Move<ServerHandshake.Name>] {
        let (_, configuration) = try configurations()
        var server = ServerSession(configuration: configuration, deferring: deferring)
        var hasAsked = mode.isDisjoint(with: [.laterCertificate, .noLaterCertificate])
        return try moves(&server, steps ?? self.steps) {
            $0.engine.phase.name
        } answer: { server in
            switch server.request {
            case .clientHello: try server.answer(configuration: configuration)
            case .signature(let request): try server.answer(signature: request.sign())
            case .verifyPeer(let request):
                try server.answer(verification: request.verdict(), isResumable: true)
            case nil:
                guard !hasAsked, server.negotiated != nil else { return nil }
                hasAsked = true
                try Self.ask(&server)
                return .ask
            }
            return .answer
        }
    }

    /// - Parameter answer: Does what the driver has to do now, if anything.
    private func moves<Session: TLSSession & ~Copyable, Name: StateName>(
        _ session: inout Session,
        _ steps: [Step],
        name: (borrowing Session) -> Name?,
        answer: (inout Session) throws -> StateEvent?
    ) throws -> [Move<Name>] {
        var moves: [Move<Name>] = []
        guard var state = name(session) else { return [] }
        let protections = try protections()
        for step in steps {
            // Ignored, whatever the state.
            if version == .tls13 && step.piece == .changeCipherSpec { continue }
            var record = WireBytes.record(step.contentType, step.bytes)
            if let protection = protections[step.epoch] { record = try protection.seal(step) }
            try Loopback.feed(&session, record)
            var event: StateEvent? = step.piece.event
            while let done = event {
                guard let next = name(session) else { return moves }
                moves.append(Move(state: state, event: done, next: next))
                state = next
                event = try answer(&session)
            }
            _ = Loopback.output(&session)
        }
        return moves
    }
}
