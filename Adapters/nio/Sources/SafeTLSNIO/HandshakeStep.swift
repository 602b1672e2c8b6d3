// SPDX-License-Identifier: Apache-2.0

public import NIOCore

/// A step of a handshake that the program takes itself: at once, as a future, or in a task.
///
/// ```swift
/// options.sign = .async { request in try await keyServer.sign(request.message, request.scheme) }
/// ```
///
/// While the answer is awaited the connection reads nothing, and its handshake timeout runs on. A failure ends the handshake:
/// with the alert of a ``HandshakeRefusal``, or of the `CertificateRejection` that a verification throws, and with internal_error for
/// any other error.
public struct HandshakeStep<Request: Sendable, Answer: Sendable>: Sendable {
    let answer: @Sendable (Request, any EventLoop) -> EventLoopFuture<Answer>

    /// Answers on the event loop of the connection, which waits.
    public static func immediate(_ body: @escaping @Sendable (Request) throws -> Answer) -> HandshakeStep {
        HandshakeStep { request, eventLoop in eventLoop.makeCompletedFuture { try body(request) } }
    }

    /// Answers by a future, of the connection's event loop or of any other.
    public static func future(
        _ body: @escaping @Sendable (Request, any EventLoop) -> EventLoopFuture<Answer>
    ) -> HandshakeStep {
        HandshakeStep(answer: body)
    }

    /// Answers in a task of its own.
    public static func async(_ body: @escaping @Sendable (Request) async throws -> Answer) -> HandshakeStep {
        HandshakeStep { request, eventLoop in
            let promise = eventLoop.makePromise(of: Answer.self)
            promise.completeWithTask { try await body(request) }
            return promise.futureResult
        }
    }
}
