// SPDX-License-Identifier: Apache-2.0

import CNIOBenchmark
import NIOCore
import SafeTLS

/// A client's and a server's session without channels, and the bytes between them.
struct SessionPair: ~Copyable {
    private var server: ServerSession
    private var client: ClientSession

    init(_ contexts: inout Contexts, _ cost: inout Cost) throws {
        let name = contexts.nextName().name
        let start = bench_thread_nanoseconds()
        client = try contexts.clientSession(name)
        let middle = bench_thread_nanoseconds()
        server = contexts.serverSession()
        cost.client += middle - start
        cost.server += bench_thread_nanoseconds() - middle
    }

    /// Moves bytes until neither side has any.
    mutating func handshake(_ link: inout ByteBuffer, _ cost: inout Cost) throws {
        while client.pendingOutputCount > 0 || server.pendingOutputCount > 0 {
            try Self.move(from: &client, to: &server, &link, &cost.client, &cost.server)
            try Self.move(from: &server, to: &client, &link, &cost.server, &cost.client)
        }
        guard !client.isHandshaking, !server.isHandshaking else { throw Failure("the sessions make no handshake") }
    }

    private static func move<Sender: TLSSession & ~Copyable, Receiver: TLSSession & ~Copyable>(
        from sender: inout Sender,
        to receiver: inout Receiver,
        _ link: inout ByteBuffer,
        _ sending: inout UInt64,
        _ receiving: inout UInt64
    ) throws {
        let begin = bench_thread_nanoseconds()
        send(from: &sender, &link)
        let middle = bench_thread_nanoseconds()
        while link.readableBytes > 0 {
            var waiting = link.mutableReadableBytesSpan
            let received = try receiver.receive(&waiting)
            guard received.consumed > 0 else { throw Failure("a session leaves half a flight unread") }
            link.moveReaderIndex(forwardBy: received.consumed)
        }
        sending += middle - begin
        receiving += bench_thread_nanoseconds() - middle
    }

    /// Into the same buffer each time.
    private static func send<Sender: TLSSession & ~Copyable>(from sender: inout Sender, _ link: inout ByteBuffer) {
        link.clear(minimumCapacity: sender.pendingOutputCount)
        link.moveWriterIndex(forwardBy: sender.pendingOutputCount)
        var memory = link.mutableReadableBytesSpan
        _ = sender.moveOutput(into: &memory)
    }

    /// The server alone, on the heap as a program would keep it.
    consuming func keepServer() -> KeptServer { KeptServer(server) }
}

/// A server's session on the heap.
final class KeptServer {
    private let session: ServerSession

    init(_ session: consuming ServerSession) {
        self.session = session
    }

    var isConnected: Bool { !session.isHandshaking }
}
