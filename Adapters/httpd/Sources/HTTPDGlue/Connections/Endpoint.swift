// SPDX-License-Identifier: Apache-2.0
import SafeTLS

/// A session of either side, or none yet.
enum Endpoint {
    /// A connection to a proxied server whose handshake has not begun.
    case none
    /// A connection from a client.
    case server(Server)
    /// A connection to a proxied server.
    case client(Client)

    final class Server {
        var session: ServerSession

        init(_ session: consuming ServerSession) {
            self.session = session
        }
    }

    final class Client {
        var session: ClientSession

        init(_ session: consuming ClientSession) {
            self.session = session
        }
    }

    var isStarted: Bool {
        if case .none = self { false } else { true }
    }

    /// Whether the session waits for an answer.
    var isWaiting: Bool {
        switch self {
        case .server(let server): server.session.request != nil
        case .client(let client): client.session.request != nil
        case .none: false
        }
    }

    var negotiated: NegotiatedParameters? {
        switch self {
        case .server(let server): server.session.negotiated
        case .client(let client): client.session.negotiated
        case .none: nil
        }
    }

    var isPeerClosed: Bool {
        switch self {
        case .server(let server): server.session.isPeerClosed
        case .client(let client): client.session.isPeerClosed
        case .none: false
        }
    }

    func receive(_ buffer: inout MutableSpan<UInt8>) throws(TLSError) -> Received {
        switch self {
        case .server(let server): return try server.session.receive(&buffer)
        case .client(let client): return try client.session.receive(&buffer)
        case .none: throw .misuse(.handshakeIncomplete)
        }
    }

    func seal(_ plaintext: Span<UInt8>, into output: inout MutableSpan<UInt8>) throws(TLSError) -> Sealed {
        switch self {
        case .server(let server): return try server.session.seal(plaintext, into: &output)
        case .client(let client): return try client.session.seal(plaintext, into: &output)
        case .none: throw .misuse(.handshakeIncomplete)
        }
    }

    func sealedByteCount(for count: Int) -> Int {
        switch self {
        case .server(let server): server.session.sealedByteCount(for: count)
        case .client(let client): client.session.sealedByteCount(for: count)
        case .none: 0
        }
    }

    var pendingOutputCount: Int {
        switch self {
        case .server(let server): server.session.pendingOutputCount
        case .client(let client): client.session.pendingOutputCount
        case .none: 0
        }
    }

    /// Moves pending output to `output`, which has room for it.
    func takePendingOutput(into output: inout MutableSpan<UInt8>) {
        switch self {
        case .server(let server): Self.take(from: &server.session, into: &output)
        case .client(let client): Self.take(from: &client.session, into: &output)
        case .none: break
        }
    }

    private static func take<Session: TLSSession & ~Copyable>(
        from session: inout Session,
        into output: inout MutableSpan<UInt8>
    ) {
        let count = min(session.pendingOutputCount, output.count)
        copy(session.pendingOutput, count, to: &output)
        session.discardOutput(count)
    }

    private static func copy(_ pending: Span<UInt8>, _ count: Int, to output: inout MutableSpan<UInt8>) {
        for index in 0..<count {
            output[index] = pending[index]
        }
    }

    func close() {
        switch self {
        case .server(let server): server.session.close()
        case .client(let client): client.session.close()
        case .none: break
        }
    }
}
