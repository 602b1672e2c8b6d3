// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// A case made ready in this process: configurations, connections, keys.
protocol Subject: AnyObject {
    /// Has a stack do its part once more.
    func turn(of stack: Stack) throws -> Turn
}

extension Case {
    func makeSubject() throws -> any Subject {
        switch kind {
        case .handshake(let benchmark): try HandshakeSubject(benchmark)
        case .records(let benchmark): try RecordSubject(benchmark)
        case .kem(let benchmark): KEMSubject(benchmark)
        case .operations(let benchmark): OperationSubject(benchmark)
        case .idle(let benchmark): try IdleSubject(benchmark)
        case .threads(let benchmark): try ThreadSubject(benchmark)
        }
    }
}

extension Turn {
    /// What handshakes cost, each by itself.
    init(_ costs: [bench_handshake]) {
        for (side, cost) in [(Side.server, \bench_handshake.server), (.client, \.client)] {
            let readings = costs.map { $0[keyPath: cost] }
            add(side, .nanoseconds, readings.map { Double($0.nanoseconds) })
            addAllocations(side, readings, count: 1)
        }
    }

    /// What records cost, all together.
    init(_ costs: bench_records, count: Int) {
        for (side, reading) in [(Side.seal, costs.seal), (.open, costs.open)] where reading.nanoseconds > 0 {
            add(side, .nanoseconds, Double(reading.nanoseconds) / Double(count))
            addAllocations(side, [reading], count: count)
        }
    }

    private mutating func addAllocations(_ side: Side, _ readings: [bench_reading], count: Int) {
        guard bench_counts_allocations() else { return }
        add(side, .allocations, readings.map { Double($0.allocations) / Double(count) })
        add(side, .ownAllocations, readings.map { Double($0.own_allocations) / Double(count) })
        add(side, .allocatedBytes, readings.map { Double($0.allocated_bytes) / Double(count) })
    }
}

/// Handshakes of one kind.
private final class HandshakeSubject: Subject {
    private let ours: SafeTLSPeer
    private let hasLibssl: Bool
    private let floor: Floor

    /// Handshakes of one turn.
    private static let count = 10

    init(_ benchmark: HandshakeCase) throws {
        ours = try SafeTLSPeer(benchmark)
        hasLibssl = libssl_prepare(benchmark.setting)
        floor = Floor(benchmark)
        _ = try ours.handshakes(Self.count)
        // The first makes a session for those that resume one.
        if hasLibssl { _ = try Libssl.handshakes(1) }
    }

    func turn(of stack: Stack) throws -> Turn {
        switch stack {
        case .safetls: return Turn(try ours.handshakes(Self.count))
        case .libssl:
            guard hasLibssl else { throw Unavailable() }
            return Turn(try Libssl.handshakes(Self.count))
        case .libcrypto:
            guard !floor.isEmpty else { throw Unavailable() }
            return try floor.turn()
        }
    }
}

/// libssl, which lives in C.
enum Libssl {
    static func handshakes(_ count: Int) throws(BenchmarkFailure) -> [bench_handshake] {
        var costs = [bench_handshake](repeating: bench_handshake(), count: count)
        var span = costs.mutableSpan
        libssl_handshakes(&span)
        guard costs.allSatisfy({ $0.server.nanoseconds > 0 }) else { throw BenchmarkFailure("libssl fails") }
        return costs
    }
}

/// Records of one size.
private final class RecordSubject: Subject {
    private let benchmark: RecordCase
    private var ours: Bulk

    init(_ benchmark: RecordCase) throws {
        self.benchmark = benchmark
        ours = try Bulk(benchmark)
        guard libssl_prepare(HandshakeCase(cipher: benchmark.cipher).setting) else {
            throw BenchmarkFailure("libssl fails")
        }
    }

    func turn(of stack: Stack) throws -> Turn {
        let count = benchmark.count
        let costs =
            switch stack {
            case .safetls: try ours.records(count)
            case .libssl: libssl_records(benchmark.size, Int32(count))
            case .libcrypto: bare(count)
            }
        guard costs.seal.nanoseconds > 0 else { throw BenchmarkFailure("\(stack) fails in \(benchmark.name)") }
        return Turn(costs, count: count)
    }

    /// Larger writes are sealed as records.
    private func bare(_ count: Int) -> bench_records {
        let size = min(benchmark.size, RecordCase.largestRecord)
        var costs = libcrypto_records(benchmark.cipher.rawValue, size, Int32(count * (benchmark.size / size)))
        if size < benchmark.size { costs.open = bench_reading() }
        return costs
    }
}

/// ML-KEM by itself.
private final class KEMSubject: Subject {
    private let benchmark: KEMCase

    init(_ benchmark: KEMCase) { self.benchmark = benchmark }

    func turn(of stack: Stack) throws -> Turn {
        guard stack == .safetls || libcrypto_has_kem() else { throw Unavailable() }
        let count = 20
        let costs =
            stack == .safetls
            ? try KEMCosts(benchmark.set, count: count)
            : try KEMCosts(of: libcrypto_kem(benchmark.number, Int32(count)), count: count)
        var turn = Turn()
        turn.add(.generate, .nanoseconds, costs.generate)
        turn.add(.encapsulate, .nanoseconds, costs.encapsulate)
        turn.add(.decapsulate, .nanoseconds, costs.decapsulate)
        return turn
    }
}

/// Operations on keys by themselves: libcrypto's, and of X25519 our own.
private final class OperationSubject: Subject {
    private let benchmark: OperationCase

    init(_ benchmark: OperationCase) { self.benchmark = benchmark }

    func turn(of stack: Stack) throws -> Turn {
        var turn = Turn()
        if stack == .safetls {
            let costs = try X25519Costs(count: 20)
            turn.add(.generate, .nanoseconds, costs.generate)
            turn.add(.derive, .nanoseconds, costs.derive)
            turn.add(.respond, .nanoseconds, costs.respond)
            return turn
        }
        for (side, operation) in benchmark.operations {
            turn.add(side, .nanoseconds, try operation.nanoseconds(20))
        }
        return turn
    }
}

/// Connections that are kept.
private final class IdleSubject: Subject {
    private let benchmark: IdleCase
    private let ours: SafeTLSPeer

    init(_ benchmark: IdleCase) throws {
        let handshake = HandshakeCase(version: benchmark.version)
        self.benchmark = benchmark
        ours = try SafeTLSPeer(handshake)
        guard libssl_prepare(handshake.setting) else { throw BenchmarkFailure("libssl fails") }
    }

    func turn(of stack: Stack) throws -> Turn {
        guard bench_counts_allocations() else { throw Unavailable() }
        var turn = Turn()
        let connections = benchmark.connections
        let bytes =
            stack == .safetls
            ? try ours.idleServerBytes(connections: connections)
            : Double(libssl_idle_server_bytes(Int32(connections)))
        guard bytes > 0 else { throw BenchmarkFailure("libssl fails to hold connections") }
        turn.add(.server, .heldBytes, bytes)
        return turn
    }
}
