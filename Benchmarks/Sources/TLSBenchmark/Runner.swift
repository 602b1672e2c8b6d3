// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer

/// A stack at a site.
struct Entrant: Hashable {
    /// Which site; 0 is this process.
    var site: Int
    var stack: Stack
}

/// What came of a case.
struct Outcome {
    var benchmark: Case
    /// Samples by stack and series, a list for each round.
    var rounds: [Entrant: [Series: [[Double]]]] = [:]

    mutating func add(_ turn: Turn, of entrant: Entrant) {
        for (series, samples) in turn.samples {
            rounds[entrant, default: [:]][series, default: []].append(samples)
        }
    }

    /// All that is known of a stack's series.
    func distribution(_ entrant: Entrant, _ series: Series) -> Distribution {
        Distribution((rounds[entrant]?[series] ?? []).flatMap { $0 })
    }

    /// How many times as long `other` takes as `entrant`, round by round.
    func ratios(_ entrant: Entrant, to other: Entrant, _ series: Series) -> Distribution {
        let ours = rounds[entrant]?[series] ?? []
        let theirs = rounds[other]?[series] ?? []
        return Distribution(
            zip(ours, theirs).compactMap { ours, theirs in
                let (ours, theirs) = (Distribution(ours).median, Distribution(theirs).median)
                return ours > 0 && theirs > 0 ? theirs / ours : nil
            }
        )
    }

    /// The series there are, server before client and so on.
    var series: [Series] {
        let all = Set(rounds.values.flatMap(\.keys))
        return all.sorted { ($0.side.order, $0.quantity.rawValue) < ($1.side.order, $1.quantity.rawValue) }
    }
}

extension Side {
    fileprivate var order: Int {
        let known = [
            Side.server, .client, .seal, .open, .generate, .encapsulate, .decapsulate, .derive, .respond, .sign,
            .verify,
        ]
        return known.firstIndex(of: self) ?? known.count + (Int(rawValue.prefix { $0 != " " }) ?? 0)
    }
}

/// Runs cases: the stacks of all sites take turns, so that whatever else the machine does hits all alike.
struct Runner {
    var sites: [any Site]
    /// For each case and site, all stacks together.
    var seconds: Double

    private static let fewestRounds = 5

    func measure(_ benchmark: Case) throws -> Outcome {
        var outcome = Outcome(benchmark: benchmark)
        let all = sites.indices.flatMap { site in
            benchmark.stacks.map { Entrant(site: site, stack: $0) }
        }
        var entrants: [Entrant] = []
        for entrant in all {
            guard let turn = try turn(entrant, benchmark) else { continue }
            entrants.append(entrant)
            // The first turn makes everything ready, and does not count, unless it is the only one.
            if benchmark.isCounted { outcome.add(turn, of: entrant) }
        }
        guard !benchmark.isCounted else { return outcome }
        let start = bench_wall_clock()
        let budget = UInt64(seconds * Double(sites.count) * 1e9)
        var round = 0
        while round < Self.fewestRounds || bench_wall_clock() - start < budget {
            for entrant in round.isMultiple(of: 2) ? entrants : entrants.reversed() {
                if let turn = try turn(entrant, benchmark) { outcome.add(turn, of: entrant) }
            }
            round += 1
        }
        return outcome
    }

    /// Nil when the stack has no part in the case.
    private func turn(_ entrant: Entrant, _ benchmark: Case) throws -> Turn? {
        do {
            return try sites[entrant.site].turn(of: entrant.stack, in: benchmark)
        } catch is Unavailable {
            return nil
        }
    }
}
