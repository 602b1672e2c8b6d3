// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Programs that do anything within anything")
struct RandomProgramTests {
    /// So few that the test takes seconds; among them are those that see nearly every mistake that seeds have found before.
    private static let usualSeeds: Range<UInt64> = 1..<161

    /// `SEED=17` is that one alone, `SEED=1000 SEEDS=5000` are five thousand from there.
    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        guard let first = environment["SEED"].flatMap(UInt64.init) else { return usualSeeds }
        return first..<first + (environment["SEEDS"].flatMap(UInt64.init) ?? 1)
    }()

    @Test("Each promise completes once, events keep their order, and no data are lost; SEED= has one again")
    func seeds() throws {
        var sights: Set<Course.Sight> = []
        var faultySeeds: [UInt64] = []
        var firstReport = ""
        for seed in Self.seeds {
            let connection = try RandomConnection(seed: seed)
            try connection.run()
            sights.formUnion(connection.course.sights)
            guard !connection.faults.isEmpty else { continue }
            if faultySeeds.isEmpty { firstReport = connection.report }
            faultySeeds.append(seed)
        }
        #expect(faultySeeds.isEmpty, "the first of them:\n\(firstReport)")
        if Self.seeds == Self.usualSeeds { #expect(sights == Set(Course.Sight.allCases)) }
    }

    @Test("The same seed is the same connection")
    func determinism() throws {
        for seed in Self.seeds.prefix(10) {
            let logs = try (0..<2).map { _ in
                let connection = try RandomConnection(seed: seed)
                try connection.run()
                return connection.course.log
            }
            #expect(logs[0] == logs[1])
        }
    }
}
