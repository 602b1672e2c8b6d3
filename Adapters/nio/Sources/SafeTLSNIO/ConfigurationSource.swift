// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS
import Synchronization

/// Says which configuration the next connection gets: for servers whose certificates change.
public protocol ServerConfigurationSource: Sendable {
    /// The configuration that counts now. Any thread asks.
    var current: ServerConfiguration { get }
}

/// A configuration that is made anew when its certificates change. Connections keep the one that they began with.
///
/// ```swift
/// let source = try ReloadingServerConfiguration(certificateFile: "server.pem", keyFile: "server.key")
/// // In a task of the program's own:
/// await source.run(every: .hours(1))
/// ```
public final class ReloadingServerConfiguration: ServerConfigurationSource {
    private struct State {
        var current: ServerConfiguration
        var lastError: (any Error)?
    }

    private let load: @Sendable () throws -> ServerConfiguration
    private let state: Mutex<State>

    /// Makes the first configuration.
    ///
    /// - Parameter load: Makes a configuration of what there is at the moment. Give all of them the same
    ///   `ServerOptions.ticketKeys`, or clients cannot resume what they began before a change.
    public init(_ load: @escaping @Sendable () throws -> ServerConfiguration) throws {
        self.load = load
        state = Mutex(State(current: try load()))
    }

    /// Reads one credential from PEM files.
    ///
    /// - Parameters:
    ///   - certificateFile: The file of the chain, the certificate of the key first.
    ///   - keyFile: The key's file; nil when the certificate's file holds the key too.
    ///   - options: What each configuration is made with. Without ticket keys they share some that are made here.
    /// - Throws: `ConfigurationError`.
    public convenience init(
        certificateFile: String,
        keyFile: String? = nil,
        options: ServerOptions = ServerOptions()
    ) throws {
        var options = options
        if options.ticketKeys == nil { options.ticketKeys = try TicketKeys() }
        let shared = options
        try self.init {
            try ServerConfiguration(
                credentials: [Credential(certificateFile: certificateFile, keyFile: keyFile)],
                options: shared
            )
        }
    }

    /// The configuration that counts now.
    public var current: ServerConfiguration { state.withLock { $0.current } }

    /// Why the last reload failed; nil when it did not.
    public var lastError: (any Error)? { state.withLock { $0.lastError } }

    /// Makes the configuration anew.
    ///
    /// - Throws: What is wrong, for example a file that is only half written; the configuration then stays as it was.
    public func reload() throws {
        do {
            let new = try load()
            state.withLock { $0 = State(current: new) }
        } catch {
            state.withLock { $0.lastError = error }
            throw error
        }
    }

    /// Makes the configuration anew, again and again, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - interval: The time between.
    ///   - failed: Called with each error: the server goes on with what it has, but somebody should know.
    public func run(
        every interval: TimeAmount,
        failed: @Sendable (any Error) -> Void = { _ in }
    ) async {
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: .nanoseconds(interval.nanoseconds))
            } catch {
                return
            }
            do { try reload() } catch { failed(error) }
        }
    }
}
