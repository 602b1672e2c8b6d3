// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO
import Synchronization

/// Where clients connect to.
struct Ports: Sendable {
    let usual: Int
    /// Here connections end at random.
    let unreliable: Int
}

/// The certificates of `Vectors/certificates`.
enum Certificates {
    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors/certificates").path

    static let names = ["p256", "p384", "rsa2048", "ed25519"]
}

/// A server whose certificate changes all the time.
final class SoakServer: Sendable {
    private let ledger: Ledger
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let source: ReloadingServerConfiguration
    private let random: Mutex<SeededNumbers>
    private let listeners = Mutex<[any Channel]>([])

    init(_ ledger: Ledger, _ clock: SoakClock, seed: UInt64) throws {
        self.ledger = ledger
        random = Mutex(SeededNumbers(seed: ~seed))
        var options = ServerOptions()
        options.clock = { clock.now() }
        options.ticketKeys = try TicketKeys()
        options.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: clock.now() - 10_000))
        let shared = options
        let turn = Atomic<Int>(0)
        source = try ReloadingServerConfiguration {
            let name = Certificates.names[turn.add(1, ordering: .relaxed).oldValue % Certificates.names.count]
            let path = "\(Certificates.directory)/\(name)"
            return try ServerConfiguration(
                credentials: [Credential(certificateFile: "\(path).pem", keyFile: "\(path).key")],
                options: shared
            )
        }
    }

    func start() async throws -> Ports {
        Ports(usual: try await listen(isReliable: true), unreliable: try await listen(isReliable: false))
    }

    private func listen(isReliable: Bool) async throws -> Int {
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try setUp(channel, isReliable: isReliable) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        listeners.withLock { $0.append(listener) }
        return listener.localAddress?.port ?? 0
    }

    private func setUp(_ channel: any Channel, isReliable: Bool) throws {
        let (limit, isEarly) = random.withLock { random in
            (Int.random(in: 0..<8_000, using: &random), Bool.random(using: &random))
        }
        ledger.follow(channel, isReliable ? "a server's end" : "a server's end that is unreliable")
        var options = ServerHandlerOptions()
        // Long enough for a machine that is busy with other things.
        options.handshakeTimeout = .seconds(20)
        options.closeTimeout = .seconds(15)
        options.earlyData = isEarly ? .immediately : .afterHandshake
        let tls = SafeTLSServerHandler(source: source, options: options)
        let pipeline = channel.pipeline.syncOperations
        if !isReliable {
            // Half of them within the handshake.
            try pipeline.addHandler(Meddler(.close, after: limit % 2 == 0 ? limit % 4_000 : limit))
        }
        try pipeline.addHandlers([tls, ServerEnd(ledger, tls)])
    }

    /// Takes the next certificate, again and again.
    func reload(while isRunning: () -> Bool) async throws {
        while isRunning() {
            try await Task.sleep(for: .milliseconds(250))
            try source.reload()
            ledger.note(.reload)
        }
    }

    func stop() async throws {
        for listener in listeners.withLock({ $0 }) { try await listener.close() }
        try await group.shutdownGracefully()
    }
}
