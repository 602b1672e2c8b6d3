// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS
import Synchronization

/// Threads that make handshakes, each both sides of its own, from one configuration.
final class ThreadSubject: Subject {
    /// What the threads work with: they are started by C, with a number and no more.
    private struct Work {
        var peer: SafeTLSPeer?
        var failures = 0
    }

    private static let work = Mutex(Work())
    /// Handshakes of a thread in one turn.
    private static let count = 40

    private let peer: SafeTLSPeer

    /// 1, 2, 4 and so on, as far as there are processors, and 2 in any case.
    static let counts = [1, 2, 4, 8, 16, 32, 64].filter { $0 <= max(2, Int(bench_processor_count())) }

    init(_ benchmark: HandshakeCase) throws {
        peer = try SafeTLSPeer(benchmark)
        guard libssl_prepare(benchmark.setting) else { throw BenchmarkFailure("libssl fails") }
        _ = try Libssl.handshakes(1)
    }

    func turn(of stack: Stack) throws -> Turn {
        Self.work.withLock { $0 = Work(peer: peer) }
        var turn = Turn()
        for threads in Self.counts {
            let start = bench_wall_clock()
            let isStarted =
                stack == .safetls
                ? bench_on_threads(Int32(threads)) { _ in ThreadSubject.runOurs() }
                : bench_on_threads(Int32(threads)) { _ in ThreadSubject.runLibssl() }
            let end = bench_wall_clock()
            let failures = Self.work.withLock(\.failures)
            guard isStarted, failures == 0 else { throw BenchmarkFailure("\(stack) fails in \(threads) threads") }
            turn.add(.threads(threads), .wallNanoseconds, Double(end - start) / Double(threads * Self.count))
        }
        return turn
    }

    private static func runOurs() {
        guard let peer = work.withLock(\.peer), (try? peer.handshakes(count)) != nil else { return fail() }
    }

    private static func runLibssl() {
        guard (try? Libssl.handshakes(count)) != nil else { return fail() }
    }

    private static func fail() { work.withLock { $0.failures += 1 } }
}
