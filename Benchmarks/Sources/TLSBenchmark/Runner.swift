// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// Runs cases: the stacks take turns in short slices, so that whatever else the machine does hits all alike.
struct Runner {
    var isQuick: Bool

    /// CPU time for each case, all stacks together.
    private var budget: UInt64 { isQuick ? 900_000_000 : 6_000_000_000 }
    private let fewestSlices = 5

    func measure(_ benchmark: HandshakeCase) throws -> [Measurement] {
        let ours = try SafeTLSPeer(key: benchmark.key, version: benchmark.version)
        let slice = 20
        var costs: [Stack: [HandshakeCosts]] = [:]
        _ = try ours.handshakes(slice)
        _ = try LibsslPeer.handshakes(benchmark, count: slice)
        try interleave([.safetls, .libssl]) { stack in
            let cost =
                stack == .safetls
                ? try ours.handshakes(slice) : try LibsslPeer.handshakes(benchmark, count: slice)
            costs[stack, default: []].append(cost)
        }

        var result: [Measurement] = []
        func add(_ side: Side, _ stack: Stack, _ metric: Metric, _ value: Double) {
            result.append(.init(benchmark: benchmark.name, side: side, stack: stack, metric: metric, value: value))
        }
        for stack in [Stack.safetls, .libssl] {
            let samples = costs[stack] ?? []
            add(.server, stack, .perSecond, 1e9 / median(samples.map(\.serverNanoseconds)))
            add(.client, stack, .perSecond, 1e9 / median(samples.map(\.clientNanoseconds)))
            if bench_counts_allocations() {
                add(.server, stack, .allocations, median(samples.map(\.serverAllocations)))
                add(.client, stack, .allocations, median(samples.map(\.clientAllocations)))
            }
        }
        if bench_counts_allocations() {
            let connections = isQuick ? 200 : 1000
            add(.server, .safetls, .bytes, try ours.idleServerBytes(connections: connections))
            add(.server, .libssl, .bytes, try LibsslPeer.idleServerBytes(benchmark, connections: connections))
        }
        return result
    }

    func measure(_ benchmark: RecordCase) throws -> [Measurement] {
        let ours = try SafeTLSPeer(key: .p256, version: .tls13, cipher: benchmark.cipher)
        var bulk = try ours.bulk(recordSize: benchmark.size)
        let slice = benchmark.size > 4096 ? 32 : 256
        var costs: [Stack: [RecordCosts]] = [:]
        try interleave(Stack.allCases) { stack in
            let cost =
                switch stack {
                case .safetls: try bulk.records(slice)
                case .libssl: try LibsslPeer.records(benchmark, count: slice)
                case .libcrypto: try LibsslPeer.bareRecords(benchmark, count: slice)
                }
            costs[stack, default: []].append(cost)
        }

        var result: [Measurement] = []
        func add(_ side: Side, _ stack: Stack, _ metric: Metric, _ value: Double) {
            result.append(.init(benchmark: benchmark.name, side: side, stack: stack, metric: metric, value: value))
        }
        for side in [Side.seal, .open] {
            for stack in Stack.allCases {
                let samples = costs[stack] ?? []
                // Bytes per nanosecond are gigabytes per second.
                let times = samples.map { side == .seal ? $0.sealNanoseconds : $0.openNanoseconds }
                add(side, stack, .megabytesPerSecond, Double(benchmark.size) / median(times) * 1000)
                let allocations = samples.compactMap { side == .seal ? $0.sealAllocations : $0.openAllocations }
                if !allocations.isEmpty { add(side, stack, .allocations, median(allocations)) }
            }
        }
        return result
    }

    /// Gives each stack a slice in turn, in alternating order, until the budget is used.
    func interleave(_ stacks: [Stack], _ slice: (Stack) throws -> Void) throws {
        let start = bench_read_meters().nanoseconds
        var round = 0
        while round < fewestSlices || bench_read_meters().nanoseconds - start < budget {
            for stack in round.isMultiple(of: 2) ? stacks : stacks.reversed() {
                try slice(stack)
            }
            round += 1
        }
    }
}
