// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS

/// What the handlers themselves find wrong; errors of the protocol are `TLSError`s. New cases may be added.
public enum SafeTLSHandlerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The peer did not complete its handshake in time.
    case handshakeTimedOut(after: TimeAmount)
    /// The handler was taken out of the pipeline, and the connection ended with it: it must not go on in the clear.
    case handlerRemoved
    /// The pipeline has no handler of this package.
    case noHandler

    /// One sentence for a log.
    public var description: String {
        switch self {
        case .handshakeTimedOut(let time):
            "The peer did not complete the handshake within \(time.nanoseconds / 1_000_000) ms."
        case .handlerRemoved: "The TLS handler was removed from the pipeline while the connection was open."
        case .noHandler: "The pipeline has no TLS handler of SafeTLSNIO."
        }
    }
}

/// Thrown by a ``HandshakeStep`` to say which alert the peer gets.
public struct HandshakeRefusal: Error, Equatable, Sendable {
    /// What the peer is told.
    public let alert: AlertDescription
    /// What the log is told.
    public let reason: String

    /// Refuses a connection, for example with `unrecognizedName` when no configuration fits the client.
    public init(_ alert: AlertDescription, reason: String) {
        self.alert = alert
        self.reason = reason
    }
}
