// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// Records of one size through SafeTLS: a client that seals into nothing, and a pair whose server opens what its
/// client sent.
struct Bulk: ~Copyable {
    private let size: Int
    private var sealing: Pair
    private var opening: Pair
    private let plaintext: [UInt8]
    private var sealed: [UInt8]
    private var received: [UInt8]

    /// Room for a record around its plaintext: header, content type, tag (RFC 9846 §5.2).
    private static let overhead = 22

    init(_ benchmark: RecordCase) throws {
        let peer = try SafeTLSPeer(HandshakeCase(cipher: benchmark.cipher))
        self.init(benchmark, sealing: try peer.connectedPair(), opening: try peer.connectedPair())
    }

    private init(_ benchmark: RecordCase, sealing: consuming Pair, opening: consuming Pair) {
        size = benchmark.size
        self.sealing = sealing
        self.opening = opening
        plaintext = [UInt8](repeating: 0, count: size)
        let records = (size + RecordCase.largestRecord - 1) / RecordCase.largestRecord
        sealed = [UInt8](repeating: 0, count: size + records * Self.overhead)
        received = sealed
    }

    /// Seals so many, and opens so many when they are single records.
    mutating func records(_ count: Int) throws -> bench_records {
        var costs = bench_records()
        var meter = bench_read_meters()
        for _ in 0..<count {
            _ = try seal(plaintext, with: &sealing.client, into: &sealed)
        }
        costs.seal.charge(&meter)
        guard size <= RecordCase.largestRecord else { return costs }

        var flight = 0
        for _ in 0..<count {
            flight += try seal(plaintext, with: &opening.client, into: &sealed)
            guard bench_store(flight - sealed.count, sealed.span) else { throw BenchmarkFailure("too many records") }
        }
        meter = bench_read_meters()
        var offset = 0
        while offset < flight {
            offset += try open(at: offset, with: &opening.server, in: &received, size)
        }
        costs.open.charge(&meter)
        return costs
    }
}

/// Seals one write, whose records fill the buffer; returns their length.
private func seal(
    _ plaintext: [UInt8],
    with session: inout ClientSession,
    into buffer: inout [UInt8]
) throws -> Int {
    var span = buffer.mutableSpan
    let result = try session.seal(plaintext.span, into: &span)
    guard result.consumed == plaintext.count, result.written == span.count else {
        throw BenchmarkFailure("safetls seals less than a record")
    }
    return result.written
}

/// Brings one record to the receive buffer, as a read from a socket would, and opens it there; returns its length.
private func open(
    at offset: Int,
    with session: inout ServerSession,
    in buffer: inout [UInt8],
    _ size: Int
) throws -> Int {
    var span = buffer.mutableSpan
    guard bench_load(offset, &span) else { throw BenchmarkFailure("too many records") }
    let result = try session.receive(&span)
    guard result.plaintext.count == size, result.consumed == span.count else {
        throw BenchmarkFailure("safetls opens less than a record")
    }
    return result.consumed
}
