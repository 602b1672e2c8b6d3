// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// What is wrong with a run, in sentences.
extension Ledger {
    /// What went wrong, and what takes too long.
    func problems(patience: Duration) -> [String] {
        var problems = failures
        let mismatches = count(.mismatch)
        if mismatches > 0 { problems.append("\(mismatches) payloads differ from what was sent") }
        problems += open(longerThan: TimeAmount(patience)).map { "stuck: \($0)" }
        problems += running(longerThan: TimeAmount(patience)).map { "not come to its end: \($0)" }
        return problems
    }

    /// What was to happen and did not: a run in which nothing happens finds nothing.
    func missing() -> [String] {
        var problems: [String] = []
        func demand(_ what: String, _ count: Int, atLeast least: Int) {
            if count < least { problems.append("too few \(what): \(count) instead of at least \(least)") }
        }
        let kinds = kinds
        let begun = kinds.values.reduce(0) { $0 + $1.begun }
        let gentle = kinds.filter { $0.key.isGentle }.values.reduce(0) { $0 + $1.begun }
        let weights = Kind.allCases.reduce(0) { $0 + $1.weight }
        // Where there are few connections, chance has the word.
        guard gentle >= 40 else { return ["too few connections to say anything: \(gentle)"] }
        demand("handshakes", count(.handshake), atLeast: gentle)
        demand("resumptions", count(.resumption), atLeast: gentle / 4)
        demand("connections that accepted 0-RTT data", count(.earlyDataAccepted), atLeast: gentle / 8)
        demand("key updates", count(.keyUpdate), atLeast: kinds[.keyUpdates, default: Counts()].begun / 4)
        demand("reloads", count(.reload), atLeast: 2)
        demand("certificates that clients got to see", certificateCount, atLeast: 2)
        for kind in Kind.allCases {
            let counts = kinds[kind, default: Counts()]
            demand("connections of the kind \(kind)", counts.begun, atLeast: begun * kind.weight / weights / 4)
            // Some of them meet their end when all is said.
            if !kind.isGentle { demand("connections cut short, \(kind)", counts.ended, atLeast: counts.begun / 8) }
        }
        return problems
    }
}

extension Soak {
    /// Whether descriptors are open that were not before.
    static func leak(_ before: Int, _ after: Int) -> String? {
        after > before ? "\(after) descriptors are open at the end, \(before) were when it began" : nil
    }

    /// Whether memory has grown from the first third to the end by more than a tenth and 8 MiB. The very first seconds do not
    /// count: by then neither caches nor the allocator's arenas are full.
    static func growth(_ samples: [Int]) -> String? {
        guard samples.count >= 10 else { return nil }
        let early = samples[samples.count / 5..<samples.count / 3]
        let late = samples.suffix(max(samples.count / 10, 1))
        let before = early.reduce(0, +) / max(early.count, 1)
        let after = late.reduce(0, +) / late.count
        guard after > before + before / 10 + 8_192 else { return nil }
        return "memory has grown from \(before) KiB in the first third to \(after) KiB"
    }
}
