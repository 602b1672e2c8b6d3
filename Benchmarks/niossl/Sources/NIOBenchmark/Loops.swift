// SPDX-License-Identifier: Apache-2.0

import CNIOBenchmark
import NIOCore
import NIOPosix
import NIOTLS
import Synchronization

/// An event loop for servers and one for clients: each side's CPU time is that of its thread.
final class Loops: Sendable {
    private let serverGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let clientGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// A server that makes connections of one stack, and its clients.
    struct Listener: Sendable {
        let channel: any Channel
        let children: Children

        var address: SocketAddress {
            get throws {
                guard let address = channel.localAddress else { throw Failure("the server listens nowhere") }
                return address
            }
        }
    }

    /// Connections that a server has.
    final class Children: Sendable {
        private let all = Mutex<[any Channel]>([])

        func add(_ channel: any Channel) { all.withLock { $0.append(channel) } }

        /// All that came since the last call.
        func take() -> [any Channel] {
            all.withLock { all in
                defer { all = [] }
                return all
            }
        }
    }

    /// The CPU time of the two threads so far.
    func cost() throws -> Cost {
        try Cost(
            server: serverGroup.next().submit { bench_thread_nanoseconds() }.wait(),
            client: clientGroup.next().submit { bench_thread_nanoseconds() }.wait()
        )
    }

    /// Listens with a stack.
    ///
    /// - Parameter initialize: Adds what stands behind TLS.
    func listen(
        _ stack: Stack,
        _ contexts: Contexts,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) throws -> Listener {
        let children = Children()
        let channel = try ServerBootstrap(group: serverGroup)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    children.add(channel)
                    try contexts.addServer(stack, to: channel.pipeline.syncOperations)
                    try initialize(channel)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        return Listener(channel: channel, children: children)
    }

    /// Connects with a stack.
    func connect(
        _ stack: Stack,
        _ contexts: inout Contexts,
        to listener: Listener,
        _ initialize: @escaping @Sendable (any Channel) throws -> Void
    ) throws -> any Channel {
        let name = contexts.nextName()
        let shared = contexts
        return try ClientBootstrap(group: clientGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try shared.addClient(stack, name, to: channel.pipeline.syncOperations)
                    try initialize(channel)
                }
            }
            .connect(to: listener.address).wait()
    }
}

/// Completes a promise when a connection is ready for data.
final class Readiness: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<Void>
    private let isTLS: Bool

    init(_ promise: EventLoopPromise<Void>, _ stack: Stack) {
        self.promise = promise
        isTLS = stack != .nio
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isTLS { promise.succeed(()) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { promise.succeed(()) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }
}

/// Connections over sockets, each from connecting to the end of its close: everything that they cost a program.
struct LoopHandshakes: Subject {
    let name: String
    let stacks: [Stack] = [.nio, .safetls, .boringssl]
    private let loops: Loops
    private var contexts: Contexts
    private var listeners: [Stack: Loops.Listener] = [:]
    private let count = 10

    init(_ name: String, _ setting: Setting, _ identity: Identity, _ loops: Loops) throws {
        self.name = name
        self.loops = loops
        contexts = try Contexts(setting, identity)
        for stack in stacks { listeners[stack] = try loops.listen(stack, contexts) { _ in } }
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        guard let listener = listeners[stack] else { return [:] }
        let before = try loops.cost()
        for _ in 0..<count { try connectOnce(stack, listener) }
        let after = try loops.cost()
        return [
            "server": [Double(after.server - before.server) / 1_000 / Double(count)],
            "client": [Double(after.client - before.client) / 1_000 / Double(count)],
        ]
    }

    private mutating func connectOnce(_ stack: Stack, _ listener: Loops.Listener) throws {
        let ready = listener.channel.eventLoop.makePromise(of: Void.self)
        let channel = try loops.connect(stack, &contexts, to: listener) { channel in
            try channel.pipeline.syncOperations.addHandler(Readiness(ready, stack))
        }
        try ready.futureResult.wait()
        try channel.close().wait()
        for child in listener.children.take() { try child.closeFuture.wait() }
    }
}

/// What both ends of a connection hold of the heap when nothing happens any more: bytes.
struct LoopIdleConnections: Subject {
    let name: String
    let stacks: [Stack] = [.nio, .safetls, .boringssl]
    private let loops: Loops
    private var contexts: Contexts
    private var listeners: [Stack: Loops.Listener] = [:]
    private let count = 200

    init(_ name: String, _ setting: Setting, _ identity: Identity, _ loops: Loops) throws {
        self.name = name
        self.loops = loops
        contexts = try Contexts(setting, identity)
        for stack in stacks { listeners[stack] = try loops.listen(stack, contexts) { _ in } }
    }

    mutating func turn(_ stack: Stack) throws -> [String: [Double]] {
        guard let listener = listeners[stack] else { return [:] }
        var channels: [any Channel] = []
        var children: [any Channel] = []
        channels.reserveCapacity(count)
        children.reserveCapacity(count)
        let before = bench_heap_bytes()
        for _ in 0..<count {
            let ready = listener.channel.eventLoop.makePromise(of: Void.self)
            channels.append(
                try loops.connect(stack, &contexts, to: listener) { channel in
                    try channel.pipeline.syncOperations.addHandler(Readiness(ready, stack))
                }
            )
            try ready.futureResult.wait()
            children += listener.children.take()
        }
        // Whatever the loops have left to do.
        for _ in 0..<100 { _ = try loops.cost() }
        let bytes = Double(bench_heap_bytes()) - Double(before)
        for channel in channels { try channel.close().wait() }
        for child in children { try child.closeFuture.wait() }
        return ["both": [bytes / Double(count)]]
    }
}
