// SPDX-License-Identifier: Apache-2.0

public import NIOCore
public import SafeTLS
public import TLSCertificates

/// What both handlers know of their connection.
protocol TLSHandler: ChannelHandler {
    var negotiated: NegotiatedParameters? { get }
    var peerCertificates: [Certificate] { get }
    var verifiedPath: [Certificate] { get }
    func handshakeResult(on eventLoop: any EventLoop) -> EventLoopFuture<NegotiatedParameters>
}

/// What a connection has agreed on and with whom, as a value that goes anywhere.
public struct ConnectionInfo: Equatable, Sendable {
    /// What was agreed on.
    public let negotiated: NegotiatedParameters
    /// The peer's chain as it was sent, its own certificate first; empty for a peer without.
    public let peerCertificates: [Certificate]
    /// The path that was verified, from the peer's certificate to the trust anchor.
    public let verifiedPath: [Certificate]
}

extension ChannelPipeline.SynchronousOperations {
    /// What the pipeline's TLS connection has agreed on; nil until the handshake is complete.
    ///
    /// - Throws: ``SafeTLSHandlerError/noHandler``.
    public func tlsConnectionInfo() throws -> ConnectionInfo? {
        let handler = try tlsHandler()
        guard let negotiated = handler.negotiated else { return nil }
        return ConnectionInfo(
            negotiated: negotiated,
            peerCertificates: handler.peerCertificates,
            verifiedPath: handler.verifiedPath
        )
    }

    fileprivate func tlsHandler() throws(SafeTLSHandlerError) -> any TLSHandler {
        if let handler = try? handler(type: SafeTLSServerHandler.self) { return handler }
        if let handler = try? handler(type: SafeTLSClientHandler.self) { return handler }
        throw .noHandler
    }
}

extension Channel {
    /// What the TLS connection agrees on, when its handshake is complete; fails with what ends it before that.
    public func tlsConnectionInfo() -> EventLoopFuture<ConnectionInfo> {
        eventLoop.flatSubmit {
            self.eventLoop.makeCompletedFuture {
                try self.pipeline.syncOperations.tlsHandler().handshakeResult(on: self.eventLoop)
            }
            .flatMap { $0 }
        }
        .flatMapThrowing { _ in
            guard let info = try self.pipeline.syncOperations.tlsConnectionInfo() else {
                throw SafeTLSHandlerError.noHandler
            }
            return info
        }
    }
}
