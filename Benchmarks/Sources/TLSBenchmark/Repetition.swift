// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer

/// SafeTLS alone doing one thing so often: for tools that count what a process does, such as callgrind.
struct Repetition {
    var name: String
    var count: Int

    /// Runs it. What makes it ready is not counted, nor are the first few, which fill caches.
    func run() throws {
        let warm = 3
        switch Case.named(name)?.kind {
        case .handshake(let benchmark):
            let peer = try SafeTLSPeer(benchmark)
            _ = try peer.handshakes(warm)
            let turn = try counted { Turn(try peer.handshakes(count)) }
            report(turn, [.server, .client])
        case .records(let benchmark):
            var bulk = try Bulk(benchmark)
            _ = try bulk.records(warm)
            let turn = try counted { Turn(try bulk.records(count), count: count) }
            report(turn, [.seal, .open])
        case .kem(let benchmark):
            _ = try KEMCosts(benchmark.set, count: warm)
            _ = try counted { try KEMCosts(benchmark.set, count: count) }
        default:
            throw BenchmarkFailure("\(name) cannot be repeated by itself")
        }
    }

    private func counted<Result>(_ work: () throws -> Result) rethrows -> Result {
        bench_start_counting()
        let result = try work()
        bench_stop_counting(Array(name.utf8).span)
        return result
    }

    private func report(_ turn: Turn, _ sides: [Side]) {
        for side in sides {
            let values = [Quantity.ownAllocations, .allocations, .allocatedBytes].map { quantity in
                Distribution(turn.samples[Series(side: side, quantity: quantity)] ?? [])
            }
            guard values.allSatisfy({ !$0.isEmpty }) else { continue }
            // The fewest but some: now and then a store or a cache grows.
            let counts = values.map { "\(Int($0.quantile(0.1).rounded()))" }
            print("\(name) \(side.rawValue) " + counts.joined(separator: " "))
        }
    }
}
