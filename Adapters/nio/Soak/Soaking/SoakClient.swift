// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO

/// Clients of all kinds.
final class SoakClient: Sendable {
    private let ledger: Ledger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    /// For the one that blocks.
    private let threads = NIOThreadPool(numberOfThreads: 2)
    private let tls12: ClientConfiguration
    private let tls13: ClientConfiguration

    init(_ ledger: Ledger, _ clock: SoakClock) throws {
        self.ledger = ledger
        var options = ClientOptions()
        options.clock = { clock.now() }
        options.offersEarlyData = true
        let anchors = try TrustAnchors(pemFile: "\(Certificates.directory)/ca.pem")
        options.versions = .tls13 ... .tls13
        tls13 = try ClientConfiguration(trustAnchors: anchors, options: options)
        options.versions = .tls12 ... .tls12
        options.offersEarlyData = false
        tls12 = try ClientConfiguration(trustAnchors: anchors, options: options)
        threads.start()
    }

    func stop() async throws {
        try await threads.shutdownGracefully()
        try await group.shutdownGracefully()
    }

    /// Makes one connection, and waits for its end.
    func run(_ plan: Plan, _ ports: Ports) async throws {
        ledger.begin(plan)
        let port = plan.kind == .serverGone ? ports.unreliable : ports.usual
        let outcome: Outcome
        do {
            switch plan.kind {
            case .silent, .noise: outcome = try await disturb(plan, port)
            case .async: outcome = try await exchange(plan, port)
            case .cancelled: outcome = try await cancel(plan, port)
            case .sockets:
                let configuration = configuration(plan)
                let number = ledger.opened("client \(plan.number), \(plan.kind)")
                defer { ledger.closed(number) }
                outcome = try await threads.runIfActive {
                    try SocketsClient.run(plan, port, configuration, ServerName("server.example"))
                }
            default: outcome = try await handle(plan, port)
            }
        } catch {
            outcome = Outcome(isComplete: false, failure: "\(error)")
        }
        ledger.end(plan, outcome)
    }

    private func configuration(_ plan: Plan) -> ClientConfiguration { plan.isTLS12 ? tls12 : tls13 }

    private var options: ClientHandlerOptions {
        var options = ClientHandlerOptions()
        // As the server's.
        options.closeTimeout = .seconds(15)
        return options
    }

    // MARK: Handlers

    private func handle(_ plan: Plan, _ port: Int) async throws -> Outcome {
        let outcome = group.any().makePromise(of: Outcome.self)
        let due = group.any().makePromise(of: Void.self)
        defer { due.succeed(()) }
        do {
            let channel = try await ClientBootstrap(group: group)
                .channelOption(.autoRead, value: plan.kind != .slowReader)
                .channelOption(.allowRemoteHalfClosure, value: plan.number % 2 == 0)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture { try setUp(channel, plan, outcome, due) }
                }
                .connect(host: "127.0.0.1", port: port).get()
            if plan.kind == .removed {
                try await due.futureResult.get()
                _ = try? await channel.eventLoop.flatSubmit {
                    channel.pipeline.context(handlerType: SafeTLSClientHandler.self).flatMap { context in
                        channel.pipeline.syncOperations.removeHandler(context: context)
                    }
                }.get()
            }
        } catch {
            // A connection that could be closed before it was set up.
            outcome.succeed(Outcome(isComplete: false, failure: "\(error)"))
        }
        return try await outcome.futureResult.get()
    }

    private func setUp(
        _ channel: any Channel,
        _ plan: Plan,
        _ outcome: EventLoopPromise<Outcome>,
        _ due: EventLoopPromise<Void>
    ) throws {
        var options = options
        if plan.kind == .earlyData {
            var head = channel.allocator.buffer(capacity: Request.size)
            head.write(plan.request)
            options.earlyData = head
        }
        let tls = try SafeTLSClientHandler(
            configuration: configuration(plan),
            serverName: "server.example",
            options: options
        )
        let pipeline = channel.pipeline.syncOperations
        switch plan.kind {
        case .clientGone: try pipeline.addHandler(Meddler(.close, after: plan.meddlesAt))
        case .damaged: try pipeline.addHandler(Meddler(.flip, after: plan.meddlesAt))
        case .removed: try pipeline.addHandler(Meddler(.tell(due), after: plan.meddlesAt))
        default: break
        }
        try pipeline.addHandlers([tls, ClientEnd(plan, ledger, tls, outcome)])
        ledger.follow(channel, "client \(plan.number), \(plan.kind)")
    }

    // MARK: Async

    private func exchange(_ plan: Plan, _ port: Int, _ due: EventLoopPromise<Void>? = nil) async throws -> Outcome {
        // As connectTLS without an initializer does it.
        let connection = try await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connectTLS(
                host: "127.0.0.1",
                port: port,
                configuration(plan),
                serverName: ServerName("server.example"),
                options: options
            ) { [ledger] channel in
                ledger.follow(channel, "client \(plan.number), \(plan.kind)")
                if let due {
                    let meddler = Meddler(.tell(due), after: plan.meddlesAt)
                    try channel.pipeline.syncOperations.addHandler(meddler, position: .first)
                }
                return try TLSConnection(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            }
        return try await connection.executeThenClose { [ledger] input, output in
            async let sent: Void = {
                var head = ByteBuffer()
                head.write(plan.request)
                try await output.write(head)
                var payload = plan.request.uploaded
                while !payload.isComplete {
                    try await output.write(payload.next(30_000, ByteBufferAllocator()))
                }
            }()
            var incoming = plan.request.downloaded
            var parts = input.makeAsyncIterator()
            while !incoming.isComplete, let part = try await parts.next() {
                guard incoming.isNext(part.readableBytesView) else {
                    ledger.note(.mismatch)
                    break
                }
            }
            try await sent
            return Outcome(isComplete: incoming.isComplete, failure: nil)
        }
    }

    private func cancel(_ plan: Plan, _ port: Int) async throws -> Outcome {
        let due = group.any().makePromise(of: Void.self)
        let task = Task {
            defer { due.succeed(()) }
            return try await exchange(plan, port, due)
        }
        try await due.futureResult.get()
        task.cancel()
        return try await task.value
    }

    // MARK: No TLS

    /// Connects, says nothing or nothing of sense, and waits until the server has had enough.
    private func disturb(_ plan: Plan, _ port: Int) async throws -> Outcome {
        let channel = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        ledger.follow(channel, "client \(plan.number), \(plan.kind)")
        if plan.kind == .noise {
            var noise = Payload(seed: plan.request.seed, count: 1 + plan.meddlesAt % 4_000)
            try await channel.writeAndFlush(noise.next(noise.count, channel.allocator))
        }
        try await channel.closeFuture.get()
        return Outcome(isComplete: false, failure: nil)
    }
}
