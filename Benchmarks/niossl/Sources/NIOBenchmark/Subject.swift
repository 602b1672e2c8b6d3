// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Something that is measured in turns, one stack after the other.
protocol Subject {
    var name: String { get }
    var stacks: [Stack] { get }
    /// What one turn has taken, by side, in the subject's unit; some samples or one.
    mutating func turn(_ stack: Stack) throws -> [String: [Double]]
}

/// Samples in order.
struct Distribution {
    private let sorted: [Double]

    init(_ samples: [Double]) { sorted = samples.sorted() }

    var median: Double { quantile(0.5) }

    /// The value that such a part of the samples does not exceed, between two samples in proportion; 0 without samples.
    func quantile(_ part: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let position = part * Double(sorted.count - 1)
        let index = Int(position)
        guard index + 1 < sorted.count else { return last }
        return sorted[index] + (sorted[index + 1] - sorted[index]) * (position - Double(index))
    }
}

/// What came of a subject: for each round the median of each stack and side.
struct Outcome {
    let name: String
    let stacks: [Stack]
    private(set) var rounds: [[Stack: [String: Double]]] = []

    var sides: [String] { Set(rounds.flatMap { $0.values.flatMap(\.keys) }).sorted(by: >) }

    /// Runs a subject: the stacks take turns, in one order and then in the other, so that whatever else the machine does hits all
    /// alike. The first turns make everything ready, and do not count.
    init(_ subject: some Subject, seconds: Double, rounds fewest: Int) throws {
        var subject = subject
        name = subject.name
        stacks = subject.stacks
        for stack in stacks { _ = try subject.turn(stack) }
        let end = Date(timeIntervalSinceNow: seconds)
        while rounds.count < fewest || Date() < end {
            var round: [Stack: [String: Double]] = [:]
            for stack in rounds.count.isMultiple(of: 2) ? stacks : stacks.reversed() {
                round[stack] = try subject.turn(stack).mapValues { Distribution($0).median }
            }
            rounds.append(round)
        }
    }

    func value(_ stack: Stack, _ side: String) -> Double? {
        guard stacks.contains(stack) else { return nil }
        return Distribution(rounds.compactMap { $0[stack]?[side] }).median
    }

    /// How many times as much BoringSSL takes as another stack, round by round.
    ///
    /// - Parameter isNet: Whether SwiftNIO's own part, of the same round, is taken off where it is in it.
    func ratios(to stack: Stack, _ side: String, isNet: Bool) -> Distribution? {
        guard stacks.contains(stack), !isNet || stacks.contains(.nio) else { return nil }
        return Distribution(
            rounds.compactMap { round in
                guard var theirs = round[.boringssl]?[side], var ours = round[stack]?[side] else { return nil }
                if isNet, let part = round[.nio]?[side] {
                    theirs -= part
                    if stack != .session { ours -= part }
                }
                return ours > 0 && theirs > 0 ? theirs / ours : nil
            }
        )
    }
}
