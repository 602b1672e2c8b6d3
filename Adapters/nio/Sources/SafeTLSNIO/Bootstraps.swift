// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import NIOPosix
public import SafeTLS
public import TLSCertificates

/// A connection whose plaintext is read and written by `async` functions.
public typealias TLSConnection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

extension ChannelPipeline.SynchronousOperations {
    /// Adds TLS of the server's side, behind what the pipeline has.
    public func addTLS(
        server source: some ServerConfigurationSource,
        options: ServerHandlerOptions = ServerHandlerOptions()
    ) throws {
        try addHandler(SafeTLSServerHandler(source: source, options: options))
    }

    /// Adds TLS of the client's side, behind what the pipeline has.
    public func addTLS(
        client configuration: ClientConfiguration,
        serverName: ServerName,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) throws {
        try addHandler(
            SafeTLSClientHandler(configuration: configuration, serverName: serverName, options: options)
        )
    }
}

extension ServerConfiguration: ServerConfigurationSource {
    /// The configuration itself: it does not change.
    public var current: ServerConfiguration { self }
}

extension ServerBootstrap {
    /// Listens, and gives each connection TLS and what the program puts behind it.
    ///
    /// - Parameters:
    ///   - host: The name or address to listen on.
    ///   - port: The port; 0 takes any.
    ///   - source: A configuration, or where to have it from for each connection.
    ///   - options: How each connection is treated.
    ///   - initialize: Adds what comes behind TLS, and gives what is known of the connection from then on. Called on the
    ///     connection's event loop, before its handshake.
    /// - Returns: The listening channel, which gives the connections.
    public func bindTLS<Output: Sendable>(
        host: String,
        port: Int,
        _ source: some ServerConfigurationSource,
        options: ServerHandlerOptions = ServerHandlerOptions(),
        initialize: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> NIOAsyncChannel<Output, Never> {
        try await bind(host: host, port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addTLS(server: source, options: options)
                return try initialize(channel)
            }
        }
    }

    /// Listens, and gives each connection TLS.
    ///
    /// - Returns: The listening channel, which gives the connections: before their handshakes, so that a slow one holds up
    ///   nobody else. Whoever closes their output still reads what the client has to say.
    public func bindTLS(
        host: String,
        port: Int,
        _ source: some ServerConfigurationSource,
        options: ServerHandlerOptions = ServerHandlerOptions()
    ) async throws -> NIOAsyncChannel<TLSConnection, Never> {
        try await childChannelOption(.allowRemoteHalfClosure, value: true)
            .bindTLS(host: host, port: port, source, options: options) { channel in
                try TLSConnection(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            }
    }
}

extension ClientBootstrap {
    /// Connects to a server, for what the program puts behind TLS.
    ///
    /// - Parameters:
    ///   - host: The name or address to connect to.
    ///   - port: The port.
    ///   - configuration: The trust anchors and options.
    ///   - serverName: The name that the server's certificate must be valid for; nil for `host`.
    ///   - options: How the connection is treated.
    ///   - initialize: Adds what comes behind TLS. Called on the connection's event loop, before the handshake.
    public func connectTLS<Output: Sendable>(
        host: String,
        port: Int,
        _ configuration: ClientConfiguration,
        serverName: ServerName? = nil,
        options: ClientHandlerOptions = ClientHandlerOptions(),
        initialize: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Output {
        guard let name = serverName ?? ServerName(host) else {
            throw TLSError.misuse(.invalidArgument("'\(host)' is neither a DNS name nor an address"))
        }
        return try await connect(host: host, port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addTLS(client: configuration, serverName: name, options: options)
                return try initialize(channel)
            }
        }
    }

    /// Connects to a server.
    ///
    /// - Returns: The connection, before its handshake. What goes wrong there is thrown where it is read or written.
    public func connectTLS(
        host: String,
        port: Int,
        _ configuration: ClientConfiguration,
        serverName: ServerName? = nil,
        options: ClientHandlerOptions = ClientHandlerOptions()
    ) async throws -> TLSConnection {
        try await channelOption(.allowRemoteHalfClosure, value: true)
            .connectTLS(host: host, port: port, configuration, serverName: serverName, options: options) { channel in
                try TLSConnection(
                    wrappingChannelSynchronously: channel,
                    configuration: .init(isOutboundHalfClosureEnabled: true)
                )
            }
    }
}
