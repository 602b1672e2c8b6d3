// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS

/// Two programs that do anything at any time, and between them a network that cuts, delays and damages what it carries.
///
/// All of it follows from the seed.
final class RandomConnection {
    /// How often bytes are carried in both directions before the connection counts as one that does not end. Most take twenty.
    private static let mostRounds = 400
    /// The most bytes of one read, where what was sent is cut: more than a record, less than several.
    private static let longestPiece = 20_000

    let course: Course
    let pair: Pair
    let client: RandomProgram
    let server: RandomProgram
    /// Whether the network damages what it carries.
    private let isDamaging: Bool
    /// Those whose transport has told of the end of its input.
    private var toldOfEnd: Set<ObjectIdentifier> = []
    private(set) var hasComeToRest = false
    /// What was wrong before ``end()``.
    private(set) var faultsAtRest: [String] = []

    init(seed: UInt64) throws {
        course = Course(seed: seed)
        let setup = try RandomSetup(course)
        pair = try setup.pair()
        (client, server) = try setup.programs(pair)
        isDamaging = !course.isGentle && course.oneIn(8)
    }

    /// Lets everything happen, until nothing more does.
    func run() throws {
        for program in [client, server] where course.oneIn(2) { program.awaitHandshake() }
        try pair.start()
        var rounds = 0
        var quietRounds = 0
        while (quietRounds < Quiet.allCases.count || !course.awaited.isEmpty) && rounds < Self.mostRounds {
            rounds += 1
            let fromClient = try carry(from: client, to: server)
            let fromServer = try carry(from: server, to: client)
            let answered = answer()
            let isQuiet = !fromClient && !fromServer && !answered
            if isQuiet && quietRounds < Quiet.allCases.count { disturb(Quiet.allCases[quietRounds]) }
            quietRounds = isQuiet ? quietRounds + 1 : 0
        }
        hasComeToRest = rounds < Self.mostRounds
        if course.isGentle { faultsAtRest = faultsOfGentleConnection }
        end()
    }

    /// What is tried, one after the other, when nothing happens any more.
    private enum Quiet: CaseIterable {
        case wait
        case makeWritable
        case passTime
        case act
        case waitAgain
        case waitLonger
    }

    private func disturb(_ quiet: Quiet) {
        let programs = [client, server]
        switch quiet {
        case .wait, .waitAgain, .waitLonger: break
        case .makeWritable: for program in programs where !program.side.channel.isWritable { program.setWritable(true) }
        // Longer than a close waits, shorter than a handshake may take.
        case .passTime: pair.loop.advanceTime(by: .seconds(6))
        case .act: for program in programs where course.oneIn(2) { program.act() }
        }
        pair.loop.run()
    }

    /// Gives one of the answers that are awaited, or none; true when there was one.
    private func answer() -> Bool {
        guard !course.awaited.isEmpty, course.oneIn(2) else { return false }
        let promise = course.awaited.remove(at: course.below(course.awaited.count))
        let isRefusal = !course.isGentle && course.oneIn(20)
        course.log.append(isRefusal ? "an answer fails" : "an answer is there")
        course.sights.insert(isRefusal ? .refusal : .lateAnswer)
        if isRefusal { promise.fail(NoAnswer()) } else { promise.succeed() }
        pair.loop.run()
        return true
    }

    private struct NoAnswer: Error {}

    /// Ends what is still open.
    private func end() {
        for program in [client, server] { program.side.dropTransport() }
        pair.loop.advanceTime(by: .seconds(60))
        for promise in course.awaited { promise.succeed() }
        pair.loop.run()
    }

    // MARK: The network

    /// Carries what one side has sent, and that its transport has ended; false when there was nothing.
    private func carry(from sender: RandomProgram, to receiver: RandomProgram) throws -> Bool {
        var bytes = try sender.side.sent()
        let isSomething = !bytes.isEmpty
        if isSomething {
            damage(&bytes)
            for cycle in cut(bytes) { receiver.side.receive(cycle) }
        }
        pair.loop.run()
        if !sender.side.channel.isActive || sender.side.transport.closes.contains(.output) {
            let rest = try sender.side.sent()
            if !rest.isEmpty { receiver.side.receive([rest]) }
            tellOfEnd(receiver)
        }
        pair.loop.run()
        return isSomething
    }

    private func damage(_ bytes: inout [UInt8]) {
        guard isDamaging, course.oneIn(6) else { return }
        course.sights.insert(.damage)
        let index = course.below(bytes.count)
        course.log.append("byte \(index) of \(bytes.count) is damaged")
        bytes[index] ^= 1
    }

    /// Cuts into read cycles, and those into reads.
    private func cut(_ bytes: [UInt8]) -> [[[UInt8]]] {
        var cycles: [[[UInt8]]] = [[]]
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = course.oneIn(3) ? 1 + course.below(Self.longestPiece) : rest.count
            cycles[cycles.count - 1].append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            if !rest.isEmpty && course.oneIn(2) { cycles.append([]) }
        }
        return cycles
    }

    /// Its transport has no more input: the channel says so, or ends.
    private func tellOfEnd(_ receiver: RandomProgram) {
        let channel = receiver.side.channel
        guard channel.isActive, toldOfEnd.insert(ObjectIdentifier(receiver)).inserted else { return }
        receiver.note("has no more input")
        if channel.allowRemoteHalfClosure {
            channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            receiver.side.dropTransport()
        }
    }
}
