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
    private var received: [UInt8]

    /// Room for a record around its plaintext: header, content type, tag (RFC 9846 §5.2).
    private static let overhead = 22

    init(recordSize: Int, sealing: consuming Pair, opening: consuming Pair) {
        self.recordSize = recordSize
        self.sealing = sealing
        self.opening = opening
        plaintext = [UInt8](repeating: 0, count: recordSize)
        sealed = [UInt8](repeating: 0, count: recordSize + Self.overhead)
        received = [UInt8](repeating: 0, count: recordSize + Self.overhead)
    }

    mutating func records(_ count: Int) throws -> RecordCosts {
        let start = bench_read_meters().nanoseconds
        for _ in 0..<count {
            _ = try seal(plaintext, with: &sealing.client, into: &sealed)
        }
        let sealEnd = bench_read_meters().nanoseconds

        var flight = 0
        for _ in 0..<count {
            flight += try seal(plaintext, with: &opening.client, into: &sealed)
            guard bench_store(flight - sealed.count, sealed.span) else { throw BenchmarkFailure("too many records") }
        }
        let openStart = bench_read_meters().nanoseconds
        var offset = 0
        while offset < flight {
            offset += try open(at: offset, with: &opening.server, in: &received, recordSize)
        }
        let openEnd = bench_read_meters().nanoseconds
        return RecordCosts(
            sealNanoseconds: Double(sealEnd - start) / Double(count),
            openNanoseconds: Double(openEnd - openStart) / Double(count)
        )
    }
}

/// Seals one record, which fills the buffer; returns its length.
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

extension SafeTLSPeer {
    func bulk(recordSize: Int) throws -> Bulk {
        Bulk(recordSize: recordSize, sealing: try connectedPair(), opening: try connectedPair())
    }
}
