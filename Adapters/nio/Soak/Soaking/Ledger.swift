// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS
import Synchronization

/// How a client's end of a connection ended.
struct Outcome: Sendable {
    /// Whether everything was sent and everything came.
    let isComplete: Bool
    let failure: String?
}

/// Counts what happens, and knows what is open.
final class Ledger: Sendable {
    enum Event: Int, CaseIterable {
        case handshake
        case resumption
        case earlyDataAccepted
        case keyUpdate
        case reload
        case mismatch
    }

    struct Counts {
        var begun = 0
        var complete = 0
        var ended = 0
        var failed = 0
    }

    private struct State {
        var events = [Int](repeating: 0, count: Event.allCases.count)
        var kinds: [Kind: Counts] = [:]
        var open: [Int: (label: String, since: NIODeadline)] = [:]
        /// Clients that have begun and not come to their end, by number.
        var running: [Int: (kind: Kind, since: NIODeadline)] = [:]
        /// The servers' certificates in full handshakes.
        var certificates: Set<Certificate> = []
        var nextOpen = 0
        var lastNumber = 0
        var failures: [String] = []
    }

    private let state = Mutex(State())

    /// The number of a new connection.
    func nextNumber() -> Int {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    func note(_ event: Event) { state.withLock { $0.events[event.rawValue] += 1 } }

    func count(_ event: Event) -> Int { state.withLock { $0.events[event.rawValue] } }

    /// Notes the certificate that a client was shown.
    func note(_ certificate: Certificate) { _ = state.withLock { $0.certificates.insert(certificate) } }

    var certificateCount: Int { state.withLock { $0.certificates.count } }

    func begin(_ plan: Plan) {
        state.withLock { state in
            state.kinds[plan.kind, default: Counts()].begun += 1
            state.running[plan.number] = (plan.kind, .now())
        }
    }

    /// Notes what went wrong where it was not to.
    func fail(_ sentence: String) { state.withLock { $0.failures.append(sentence) } }

    /// Notes the end of a client's connection, which is a failure where everything had to arrive.
    func end(_ plan: Plan, _ outcome: Outcome) {
        state.withLock { state in
            state.running[plan.number] = nil
            var counts = state.kinds[plan.kind, default: Counts()]
            // What ends well ends without an error as well.
            if outcome.isComplete && (outcome.failure == nil || !plan.kind.isGentle) {
                counts.complete += 1
            } else if !plan.kind.isGentle {
                counts.ended += 1
            } else {
                counts.failed += 1
                let reason = outcome.failure ?? "it ended before everything had arrived"
                state.failures.append("connection \(plan.number), \(plan.kind): \(reason)")
            }
            state.kinds[plan.kind] = counts
        }
    }

    /// Follows a channel until it is closed.
    func follow(_ channel: any Channel, _ label: String) {
        let number = opened(label)
        channel.closeFuture.whenComplete { [self] _ in closed(number) }
    }

    /// Notes what is open from now on, and gives it a number.
    func opened(_ label: String) -> Int {
        state.withLock { state in
            state.nextOpen += 1
            state.open[state.nextOpen] = (label, .now())
            return state.nextOpen
        }
    }

    func closed(_ number: Int) { _ = state.withLock { $0.open.removeValue(forKey: number) } }

    /// How many clients have begun.
    var begunCount: Int { state.withLock { $0.lastNumber } }

    /// How many clients have begun and not come to their end.
    var runningCount: Int { state.withLock { $0.running.count } }

    /// Which of them began longer ago than that.
    func running(longerThan time: TimeAmount) -> [String] {
        let before = NIODeadline.now() - time
        return state.withLock { state in
            state.running.filter { $0.value.since < before }.map { "client \($0.key), \($0.value.kind)" }.sorted()
        }
    }

    var openCount: Int { state.withLock { $0.open.count } }
    var kinds: [Kind: Counts] { state.withLock { $0.kinds } }
    var failures: [String] { state.withLock { $0.failures } }

    /// What has been open for longer than that.
    func open(longerThan time: TimeAmount) -> [String] {
        let before = NIODeadline.now() - time
        return state.withLock { state in state.open.values.filter { $0.since < before }.map(\.label).sorted() }
    }
}
