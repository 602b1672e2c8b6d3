// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import SafeTLS
import SafeTLSNIO
import Synchronization
import TestSupport

/// What a program hears of its connection, without the data.
enum Happening: Hashable, Sendable {
    case handshake(String?)
    case inputClosed
    case shutdown
    case error
    case inactive
}

/// The program's end of a connection.
final class End: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct State {
        var happenings: [Happening] = []
        var errors: [any Error] = []
        var received = ByteBuffer()
        var channel: (any Channel)?
    }

    private let state = Mutex(State())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let data = unwrapInboundIn(data)
        state.withLock { _ = $0.received.writeImmutableBuffer(data) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name): note(.handshake(name))
        case TLSUserEvent.shutdownCompleted: note(.shutdown)
        case ChannelEvent.inputClosed: note(.inputClosed)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Both stacks close the connection themselves.
        state.withLock { $0.errors.append(error) }
        note(.error)
    }

    func handlerAdded(context: ChannelHandlerContext) { state.withLock { $0.channel = context.channel } }

    func channelInactive(context: ChannelHandlerContext) { note(.inactive) }

    private func note(_ happening: Happening) { state.withLock { $0.happenings.append(happening) } }

    // MARK: What tests do with it

    var happenings: [Happening] { state.withLock { $0.happenings } }

    var errors: [any Error] { state.withLock { $0.errors } }

    var received: ByteBuffer { state.withLock { $0.received } }

    var channel: any Channel {
        get throws {
            try Patience.wait(for: "the connection") { state.withLock { $0.channel } }
        }
    }

    func wait(for happening: Happening) throws {
        try Patience.wait(for: "\(happening)", details: { "\(happenings) \(errors)" }) {
            happenings.contains(happening)
        }
    }

    func wait(forBytes count: Int) throws {
        try Patience.wait(for: "data", details: { "\(received.readableBytes) of \(count) \(happenings) \(errors)" }) {
            received.readableBytes >= count
        }
    }

    /// Waits until the handshake is complete, whatever protocol was agreed on.
    func waitForHandshake() throws {
        try Patience.wait(for: "the handshake", details: { "\(happenings) \(errors)" }) {
            happenings.contains { if case .handshake = $0 { true } else { false } }
        }
    }

    func write(_ data: ByteBuffer) throws { try channel.writeAndFlush(data).wait() }
}

/// A connection between the two stacks over sockets.
final class Link {
    let client = End()
    let server = End()
    private let agreement: Agreement
    private let listener: any Channel

    /// The end behind SafeTLS, and the one behind swift-nio-ssl.
    var safe: End { agreement.safe == .server ? server : client }
    var boring: End { agreement.safe == .server ? client : server }

    /// Connects; the handshake goes on.
    ///
    /// - Parameters:
    ///   - configuration: SafeTLS's as a client, if one is there already.
    ///   - context: swift-nio-ssl's as a server, if one is there already.
    init(
        _ agreement: Agreement,
        allowsHalfClosure: Bool = false,
        configuration: ClientConfiguration? = nil,
        context: NIOSSLContext? = nil
    ) throws {
        self.agreement = agreement
        // Made by processes, for which no event loop is to wait.
        _ = try TestCertificates.shared()
        let (server, client) = (server, client)
        let group = MultiThreadedEventLoopGroup.singleton
        let context = agreement.safe == .client ? try context ?? agreement.boringServer() : nil
        listener = try ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: allowsHalfClosure)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    if let context {
                        try operations.addHandler(NIOSSLServerHandler(context: context))
                    } else {
                        try operations.addHandler(agreement.safeServer())
                    }
                    try operations.addHandler(server)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        guard let address = listener.localAddress else { throw ChannelError.unknownLocalAddress }
        _ = try ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: allowsHalfClosure)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let operations = channel.pipeline.syncOperations
                    switch agreement.safe {
                    case .server: try operations.addHandler(agreement.boringClient())
                    case .client:
                        try operations.addHandler(
                            SafeTLSClientHandler(
                                configuration: configuration ?? agreement.safeClientConfiguration(),
                                serverName: agreement.serverName
                            )
                        )
                    }
                    try operations.addHandler(client)
                }
            }
            .connect(to: address).wait()
    }

    /// Waits until both handshakes are complete.
    func handshake() throws {
        try client.waitForHandshake()
        try server.waitForHandshake()
    }

    /// What SafeTLS has agreed on.
    func info() throws -> ConnectionInfo { try safe.channel.tlsConnectionInfo().wait() }

    /// Waits until neither side has a connection any more.
    func waitForEnd() throws {
        try client.wait(for: .inactive)
        try server.wait(for: .inactive)
    }

    deinit {
        listener.close(promise: nil)
        for end in [client, server] { (try? end.channel)?.close(promise: nil) }
    }
}
