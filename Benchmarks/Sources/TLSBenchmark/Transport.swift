// SPDX-License-Identifier: Apache-2.0

import CBenchmarkPeer
import SafeTLS

/// A client and a server that are connected to each other.
struct Pair: ~Copyable {
    var server: ServerSession
    var client: ClientSession

    /// Moves flights until both sides are done.
    mutating func handshake(over link: inout Link, _ serverShare: inout Share, _ clientShare: inout Share) throws {
        var meter = bench_read_meters()
        var flights = 0
        while client.isHandshaking || server.isHandshaking {
            link.toServer.take(from: &client)
            clientShare.charge(&meter)
            try link.toServer.deliver(to: &server)
            link.toClient.take(from: &server)
            serverShare.charge(&meter)
            try link.toClient.deliver(to: &client)
            clientShare.charge(&meter)
            flights += 1
            guard flights < 8 else { throw BenchmarkFailure("safetls does not finish its handshake") }
        }
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

/// One side's share of CPU time and allocations.
struct Share {
    var nanoseconds: UInt64 = 0
    var allocations: UInt64 = 0

    /// Adds what was used since the last reading, and reads again.
    mutating func charge(_ since: inout bench_reading) {
        let now = bench_read_meters()
        nanoseconds += now.nanoseconds - since.nanoseconds
        allocations += now.allocations - since.allocations
        since = now
    }
}

/// Handshake bytes on their way in one direction, in a buffer that is reused.
struct Pipe: ~Copyable {
    private var bytes = [UInt8](repeating: 0, count: 1 << 16)
    private var count = 0

    /// Takes over what a session wants to send.
    mutating func take(from session: inout some TLSSession & ~Copyable) {
        append(session.pendingOutput)
        session.discardOutput(session.pendingOutputCount)
    }

    private mutating func append(_ output: Span<UInt8>) {
        for index in output.indices { bytes[count + index] = output[index] }
        count += output.count
    }

    /// Hands everything to a session, which must take all of it.
    mutating func deliver(to session: inout some TLSSession & ~Copyable) throws {
        let end = count
        var start = 0
        while start < end {
            var span = bytes.mutableSpan
            var waiting = span._mutatingExtracting(start..<end)
            let received = try session.receive(&waiting)
            guard received.consumed > 0 else { throw BenchmarkFailure("safetls leaves half a flight unread") }
            start += received.consumed
        }
        count = 0
    }
}

/// Both directions.
struct Link: ~Copyable {
    var toServer = Pipe()
    var toClient = Pipe()
}
