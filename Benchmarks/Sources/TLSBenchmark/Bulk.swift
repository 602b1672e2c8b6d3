// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// Records of one size through SafeTLS: a client that seals into nothing, and a pair whose server opens what its
/// client sent.
struct Bulk: ~Copyable {
    private let recordSize: Int
    private var sealing: Pair
    private var opening: Pair
    private let plaintext: [UInt8]
    private var sealed: [UInt8]
    private var inFlight: [UInt8]
    private var received: [UInt8]

    /// Room for a record around its plaintext: header, content type, tag (RFC 8446 §5.2).
    private static let overhead = 22

    init(recordSize: Int, sealing: consuming Pair, opening: consuming Pair) {
        self.recordSize = recordSize
        self.sealing = sealing
        self.opening = opening
        plaintext = [UInt8](repeating: 0, count: recordSize)
        sealed = [UInt8](repeating: 0, count: recordSize + Self.overhead)
        inFlight = [UInt8](repeating: 0, count: 1 << 20)
        received = [UInt8](repeating: 0, count: recordSize + Self.overhead)
    }

    mutating func records(_ count: Int) throws -> RecordCosts {
        let start = bench_read_meters().nanoseconds
        for _ in 0..<count {
            _ = try seal(plaintext, with: &sealing.client, into: &sealed, at: 0)
        }
        let sealEnd = bench_read_meters().nanoseconds

        var flight = 0
        for _ in 0..<count {
            flight += try seal(plaintext, with: &opening.client, into: &inFlight, at: flight)
        }
        let openStart = bench_read_meters().nanoseconds
        var offset = 0
        while offset < flight {
            offset += try open(inFlight, at: offset, with: &opening.server, in: &received, recordSize)
        }
        let openEnd = bench_read_meters().nanoseconds
        return RecordCosts(
            sealNanoseconds: Double(sealEnd - start) / Double(count),
            openNanoseconds: Double(openEnd - openStart) / Double(count)
        )
    }
}

/// Seals one record into a buffer; returns its length.
private func seal(
    _ plaintext: [UInt8],
    with session: inout ClientSession,
    into buffer: inout [UInt8],
    at offset: Int
) throws -> Int {
    var span = buffer.mutableSpan
    var free = span._mutatingExtracting(offset...)
    let result = try session.seal(plaintext.span, into: &free)
    guard result.consumed == plaintext.count else { throw BenchmarkFailure("safetls seals less than a record") }
    return result.written
}

/// Brings one record to the receive buffer, as a read from a socket would, and opens it there; returns its length.
private func open(
    _ records: [UInt8],
    at offset: Int,
    with session: inout ServerSession,
    in buffer: inout [UInt8],
    _ size: Int
) throws -> Int {
    var span = buffer.mutableSpan
    let count = bench_copy(&span, records.span.extracting(offset...))
    let result = try session.receive(&span)
    guard result.plaintext.count == size, result.consumed == count else {
        throw BenchmarkFailure("safetls opens less than a record")
    }
    return count
}

extension SafeTLSPeer {
    func bulk(recordSize: Int) throws -> Bulk {
        Bulk(recordSize: recordSize, sealing: try connectedPair(), opening: try connectedPair())
    }
}
