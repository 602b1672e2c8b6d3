// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// A client and a server that are connected to each other.
struct Pair: ~Copyable {
    var server: ServerSession
    var client: ClientSession

    /// Moves flights until both sides are done; gives the bytes of 0-RTT data that arrived.
    mutating func handshake(
        over link: inout Link,
        earlyData: [UInt8] = [],
        _ cost: inout bench_handshake
    ) throws -> Int {
        var meter = bench_read_meters()
        var flights = 0
        var received = 0
        if !earlyData.isEmpty { try link.toServer.takeEarlyData(earlyData, from: &client) }
        while client.isHandshaking || server.isHandshaking {
            link.toServer.take(from: &client)
            cost.client.charge(&meter)
            received += try link.toServer.deliver(to: &server)
            link.toClient.take(from: &server)
            cost.server.charge(&meter)
            _ = try link.toClient.deliver(to: &client)
            cost.client.charge(&meter)
            flights += 1
            guard flights < 8 else { throw BenchmarkFailure("safetls does not finish its handshake") }
        }
        return received
    }
}

/// A server session on the heap, as any server that holds many connections keeps it.
final class IdleServer {
    private let session: ServerSession

    init(_ session: consuming ServerSession) {
        self.session = session
    }

    var isConnected: Bool { !session.isHandshaking }
}

extension bench_reading {
    /// Adds what was used since another reading.
    mutating func add(from start: bench_reading, to end: bench_reading) {
        nanoseconds += end.nanoseconds - start.nanoseconds
        allocations += end.allocations - start.allocations
        own_allocations += end.own_allocations - start.own_allocations
        allocated_bytes += end.allocated_bytes - start.allocated_bytes
    }

    /// Adds what was used since the last reading, and reads again.
    mutating func charge(_ since: inout bench_reading) {
        let now = bench_read_meters()
        add(from: since, to: now)
        since = now
    }
}

/// Handshake bytes on their way in one direction, in a buffer that is reused.
struct Pipe: ~Copyable {
    private var bytes = [UInt8](repeating: 0, count: 1 << 16)
    private var count = 0

    /// Takes over what a session wants to send.
    mutating func take(from session: inout some TLSSession & ~Copyable) {
        guard session.pendingOutputCount > 0 else { return }
        append(session.pendingOutput)
        session.discardOutput(session.pendingOutputCount)
    }

    /// By way of C, which copies faster than a loop.
    private mutating func append(_ output: Span<UInt8>) {
        guard bench_store(0, output) else { return }
        let start = count
        var span = bytes.mutableSpan
        var place = span._mutatingExtracting(start..<start + output.count)
        if bench_load(0, &place) { count = start + output.count }
    }

    /// Takes over what a client sends before it has an answer.
    mutating func takeEarlyData(_ plaintext: [UInt8], from client: inout ClientSession) throws {
        let start = count
        var span = bytes.mutableSpan
        var place = span._mutatingExtracting(start..<span.count)
        let sealed = try client.sealEarlyData(plaintext.span, into: &place)
        guard sealed.consumed == plaintext.count else { throw BenchmarkFailure("safetls takes no 0-RTT data") }
        count = start + sealed.written
    }

    /// Hands everything to a session, which must take all of it; gives the bytes of plaintext in it.
    mutating func deliver(to session: inout some TLSSession & ~Copyable) throws -> Int {
        let end = count
        var start = 0
        var plaintext = 0
        while start < end {
            var span = bytes.mutableSpan
            var waiting = span._mutatingExtracting(start..<end)
            let received = try session.receive(&waiting)
            guard received.consumed > 0 else { throw BenchmarkFailure("safetls leaves half a flight unread") }
            start += received.consumed
            plaintext += received.plaintext.count
        }
        count = 0
        return plaintext
    }
}

/// Both directions.
struct Link: ~Copyable {
    var toServer = Pipe()
    var toClient = Pipe()
}
