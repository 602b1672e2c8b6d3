// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer

/// A stack could not do what a case asks for.
struct BenchmarkFailure: Error {
    var reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// libssl and bare libcrypto, which live in C.
enum LibsslPeer {
    static func handshakes(_ benchmark: HandshakeCase, count: Int) throws(BenchmarkFailure) -> HandshakeCosts {
        let costs = libssl_handshakes(benchmark.key.rawValue, benchmark.versionNumber, Int32(count))
        guard costs.completed == Int32(count) else { throw BenchmarkFailure("libssl failed in \(benchmark.name)") }
        return HandshakeCosts(
            serverNanoseconds: Double(costs.server_nanoseconds) / Double(count),
            clientNanoseconds: Double(costs.client_nanoseconds) / Double(count),
            serverAllocations: Double(costs.server_allocations) / Double(count),
            clientAllocations: Double(costs.client_allocations) / Double(count)
        )
    }

    static func idleServerBytes(_ benchmark: HandshakeCase, connections: Int) throws(BenchmarkFailure) -> Double {
        let bytes = libssl_idle_server_bytes(
            benchmark.key.rawValue,
            benchmark.versionNumber,
            Int32(connections)
        )
        guard bytes > 0 else { throw BenchmarkFailure("libssl failed to hold connections of \(benchmark.name)") }
        return Double(bytes)
    }

    static func records(_ benchmark: RecordCase, count: Int) throws(BenchmarkFailure) -> RecordCosts {
        try costs(
            libssl_records(benchmark.cipher.rawValue, benchmark.size, Int32(count)),
            benchmark,
            count,
            of: .libssl
        )
    }

    static func bareRecords(_ benchmark: RecordCase, count: Int) throws(BenchmarkFailure) -> RecordCosts {
        try costs(
            libcrypto_records(benchmark.cipher.rawValue, benchmark.size, Int32(count)),
            benchmark,
            count,
            of: .libcrypto
        )
    }

    private static func costs(_ records: bench_records, _ benchmark: RecordCase, _ count: Int, of stack: Stack)
        throws(BenchmarkFailure) -> RecordCosts
    {
        guard records.seal_nanoseconds > 0, records.open_nanoseconds > 0 else {
            throw BenchmarkFailure("\(stack.rawValue) failed in \(benchmark.name)")
        }
        return RecordCosts(
            sealNanoseconds: Double(records.seal_nanoseconds) / Double(count),
            openNanoseconds: Double(records.open_nanoseconds) / Double(count)
        )
    }
}
