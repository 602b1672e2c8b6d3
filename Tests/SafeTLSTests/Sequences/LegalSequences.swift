// SPDX-License-Identifier: Apache-2.0

@testable import SafeTLS

/// A thing that a peer sends, as far as its order is concerned.
enum Piece: Hashable {
    case message(HandshakeType)
    case helloRetryRequest
    case changeCipherSpec
    case applicationData

    var event: StateEvent {
        switch self {
        case .message(let type): .message(type)
        case .helloRetryRequest: .helloRetryRequest
        case .changeCipherSpec: .changeCipherSpec
        case .applicationData: .applicationData
        }
    }
}

typealias Epoch = RecordKeys
typealias Mode = Agreed

extension Agreed: CustomStringConvertible {
    var description: String {
        let names: [(Agreed, String)] = [
            (.retry, "retry"), (.resumed, "resumed"), (.tickets, "tickets"), (.earlyData, "0-RTT data"),
            (.clientCertificate, "client certificate"), (.noClientCertificate, "no client certificate"),
            (.staple, "staple"), (.compressed, "compressed"), (.laterCertificate, "later certificate"),
            (.noLaterCertificate, "no later certificate"), (.defersClientHello, "driver configures"),
            (.defersSignature, "driver signs"), (.defersVerification, "driver judges"),
            (.defersCertificate, "driver chooses"),
        ]
        let parts = names.filter { contains($0.0) }.map(\.1)
        return parts.isEmpty ? "full" : parts.joined(separator: ", ")
    }
}

/// Who receives.
enum Receiver: CaseIterable {
    case client, server
}

extension StateGraph {
    /// Where an event leads, in connections that agreed on this.
    func next(_ version: ProtocolVersion, _ state: Name, _ event: StateEvent, _ agreed: Agreed)
        -> Name?
    {
        transitions(version)
            .first { $0.state == state && $0.accepts == event && agreed.isSuperset(of: $0.condition) }?
            .next.first { agreed.isSuperset(of: $0.condition) }?.state
    }
}

/// A walk through a graph, as a peer's pieces lead it.
struct GraphWalk<Name: StateName> {
    private let rows: [StateGraph<Name>.Transition]
    private let agreed: Agreed
    private(set) var state = Name.start
    private var used: Set<Int> = []

    init(_ graph: StateGraph<Name>, _ version: ProtocolVersion, _ agreed: Agreed) {
        rows = graph.transitions(version).filter { agreed.isSuperset(of: $0.condition) }
        self.agreed = agreed
    }

    /// The keys under which the next piece has to come.
    var keys: RecordKeys {
        rows.first { $0.state == state && $0.accepts != .answer && $0.accepts != .ask }?.keys ?? .plain
    }

    /// Takes a piece that the table allows here, and what a driver then does.
    mutating func take(_ piece: Piece, under keys: RecordKeys) -> Bool {
        guard move(piece.event, keys) else { return false }
        _ = move(.ask, .application)
        return true
    }

    private mutating func move(_ event: StateEvent, _ keys: RecordKeys) -> Bool {
        let row = rows.indices.first { index in
            rows[index].state == state && rows[index].accepts == event && rows[index].keys == keys
                && !(rows[index].isOnce && used.contains(index))
        }
        guard let row, let next = rows[row].next.first(where: { agreed.isSuperset(of: $0.condition) })
        else {
            return false
        }
        used.insert(row)
        state = next.state
        return true
    }
}

/// The legal orders of both versions, by who receives, as the tables of ``StateGraph`` have them.
enum LegalSequences {
    /// Where a sequence leaves the table.
    struct Violation: Equatable {
        let index: Int
        /// The alerts that may answer it.
        let alerts: [AlertDescription]
        /// Whether the handshake was complete before.
        let isConnected: Bool
    }

    /// Where a sequence of pieces leaves the table; nil when it is a legal one.
    static func violation(
        _ steps: [Step],
        mode: Mode,
        version: ProtocolVersion,
        receiver: Receiver
    ) -> Violation? {
        switch receiver {
        case .client:
            violation(steps, GraphWalk(ClientHandshake.graph, version, mode), version, receiver)
        case .server:
            violation(steps, GraphWalk(ServerHandshake.graph, version, mode), version, receiver)
        }
    }

    private static func violation<Name>(
        _ steps: [Step],
        _ start: GraphWalk<Name>,
        _ version: ProtocolVersion,
        _ receiver: Receiver
    ) -> Violation? {
        var walk = start
        for (index, step) in steps.enumerated() {
            if isIgnored(step, walk, version, receiver) { continue }
            let (current, isConnected) = (walk.keys, walk.state.isConnected)
            if walk.take(step.piece, under: step.epoch) { continue }
            return Violation(
                index: index,
                alerts: alerts(step, current: current, version: version),
                isConnected: isConnected
            )
        }
        return nil
    }

    /// What receivers ignore while they shake hands: RFC 9846 §5 for the one record, from the first ClientHello on;
    /// RFC 5246 §7.4.1.1 for the other.
    private static func isIgnored<Name>(
        _ step: Step,
        _ walk: GraphWalk<Name>,
        _ version: ProtocolVersion,
        _ receiver: Receiver
    ) -> Bool {
        guard !walk.state.isConnected else { return false }
        if version == .tls13 {
            return step.piece == .changeCipherSpec && (receiver == .client || walk.state != .start)
        }
        return receiver == .client && step.piece == .message(.helloRequest) && step.epoch == walk.keys
    }

    private static func alerts(_ step: Step, current: Epoch, version: ProtocolVersion)
        -> [AlertDescription]
    {
        if step.epoch != current {
            switch (current, step.epoch) {
            // Ciphertext where handshake messages are read: whatever its first bytes look like.
            case (.plain, _) where version == .tls12 && step.piece != .applicationData:
                return [.decodeError, .unexpectedMessage]
            case (.plain, _): return [.unexpectedMessage]
            // RFC 9846 §5: the outer type of protected records is application_data.
            case (_, .plain) where version == .tls13 && step.piece != .applicationData:
                return [.unexpectedMessage]
            default: return [.badRecordMAC]
            }
        }
        return [.unexpectedMessage]
    }
}
