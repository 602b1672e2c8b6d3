// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS

extension RandomConnection {
    /// What was wrong, a line each; empty when nothing was.
    var faults: [String] {
        (hasComeToRest ? [] : ["it does not come to rest"]) + faultsAtRest + questionFaults
            + faults(client, peer: server).map { "client: \($0)" }
            + faults(server, peer: client).map { "server: \($0)" }
    }

    /// What somebody needs to see what went wrong.
    var report: String {
        "\(faults.joined(separator: "\n"))\nThis is what happened with seed \(course.seed):\n\(course.log.joined(separator: "\n"))"
    }

    /// A gentle connection has no error, and everything arrives that was sent.
    var faultsOfGentleConnection: [String] {
        [(client, server), (server, client)].flatMap { program, peer in
            let recorder = program.side.recorder
            let missing = peer.succeededCount - recorder.received.readableBytes
            return recorder.errors.map { "\(program.name): heard an error for no reason: \($0)" }
                + (missing > 0 ? ["\(program.name): \(missing) bytes of \(peer.succeededCount) did not arrive"] : [])
        }
    }

    private func faults(_ program: RandomProgram, peer: RandomProgram) -> [String] {
        promiseFaults(program) + orderFaults(program) + dataFaults(program, peer)
    }

    /// Each is asked once, and again for each certificate that is asked for behind the handshake.
    private var questionFaults: [String] {
        course.questions.filter { $0.value > 1 + course.certificateRequestCount }.keys.sorted().map { "\($0) again" }
    }

    /// Each promise completes, and once; that of a write with success where close() was to wait for it.
    private func promiseFaults(_ program: RandomProgram) -> [String] {
        let isEnded = program.hasRemovedHandler || !program.side.recorder.errors.isEmpty
        let repeated = program.attempts.filter { $0.completions != 1 }
        let lost = program.attempts.filter { $0.isOwed && !$0.hasSucceeded && !isEnded }
        return repeated.map { "\($0.name) completed \($0.completions) times" }
            + lost.map { "\($0.name) was flushed, and failed by close()" }
    }

    /// What happens once happens once, and nothing comes behind an end.
    private func orderFaults(_ program: RandomProgram) -> [String] {
        var faults: [String] = []
        let happenings = program.side.recorder.happenings
        let isOnce: [(String, (Happening) -> Bool)] = [
            ("channelActive", { $0 == .active }),
            ("the handshake", { if case .handshake = $0 { true } else { false } }),
            ("0-RTT data", { $0 == .early }),
            ("shutdownCompleted", { $0 == .shutdown }),
            ("inputClosed", { $0 == .inputClosed }),
            ("an error", { if case .error = $0 { true } else { false } }),
        ]
        for (name, isIt) in isOnce where happenings.count(where: isIt) > 1 { faults.append("heard of \(name) again") }
        let ends = happenings.count { $0 == .inactive }
        if ends != 1 { faults.append("heard \(ends) times that the channel is inactive") }
        if let late = program.heardBehindEnd { faults.append("heard \(late) behind channelInactive") }
        if program.knewHandshakeBeforePipeline { faults.append("the pipeline heard of the handshake last") }
        for end in [Happening.shutdown, .inputClosed] {
            let behind = happenings.firstIndex(of: end).map { happenings[$0...] } ?? []
            if behind.contains(where: { if case .data = $0 { true } else { false } }) {
                faults.append("heard data behind \(end)")
            }
        }
        return faults
    }

    /// What arrives is what was written, from its beginning; and all of it, where the peer said goodbye to somebody who listened.
    private func dataFaults(_ program: RandomProgram, _ peer: RandomProgram) -> [String] {
        let recorder = program.side.recorder
        let count = recorder.received.readableBytes
        guard count <= peer.writtenCount, recorder.received == RandomProgram.data.getSlice(at: 0, length: count) else {
            return ["received other data than were written"]
        }
        let heardGoodbye = recorder.happenings.contains(.shutdown) || recorder.happenings.contains(.inputClosed)
        let maySkip = program.hasClosed || program.hasRemovedHandler || peer.hasRemovedHandler || hasDamage
        guard heardGoodbye, !maySkip, recorder.errors.isEmpty, count < peer.succeededCount else { return [] }
        return ["received \(count) bytes of \(peer.succeededCount) that were sent"]
    }

    private var hasDamage: Bool { course.sights.contains(.damage) }
}
