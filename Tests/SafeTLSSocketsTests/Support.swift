// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS
import SafeTLSSockets
import Synchronization

/// The certificates of `Vectors/certificates`, at a time when they are valid.
enum TestConfigurations {
    private static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors/certificates").path

    static func credential(_ name: String = "p256") throws -> Credential {
        try Credential(certificateFile: "\(directory)/\(name).pem", keyFile: "\(directory)/\(name).key")
    }

    static func server(_ adjust: (inout ServerOptions) throws -> Void = { _ in }) throws -> ServerConfiguration {
        var options = ServerOptions()
        options.clock = { 1_800_000_000 }
        try adjust(&options)
        return try ServerConfiguration(credentials: [try credential()], options: options)
    }

    static func client(_ adjust: (inout ClientOptions) throws -> Void = { _ in }) throws -> ClientConfiguration {
        var options = ClientOptions()
        options.clock = { 1_800_000_000 }
        try adjust(&options)
        return try ClientConfiguration(trustAnchors: TrustAnchors(pemFile: "\(directory)/ca.pem"), options: options)
    }

    static var anchors: TrustAnchors { get throws { try TrustAnchors(pemFile: "\(directory)/ca.pem") } }
}

/// A server on a thread of its own: calls that wait have no place on those of the tests.
final class ServerThread: Sendable {
    /// Where it listens.
    let endpoint: Endpoint
    private let outcome = Mutex<Result<String, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    /// Serves one connection.
    init(
        _ configuration: ServerConfiguration,
        deferring: DeferredRequests = [],
        _ serve: @escaping @Sendable (TLSConnection<ServerSession>) throws -> String
    ) throws {
        let listener = try TLSListener.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        guard let endpoint = Endpoint(listener.name) else { throw ConfigurationError(reason: listener.name) }
        self.endpoint = endpoint
        let box = Mutex<TLSListener?>(listener)
        let thread = Thread { [self] in
            let result = Result {
                guard let listener = box.withLock({ $0.take() }) else { return "" }
                return try serve(try listener.accept(with: configuration, deferring: deferring))
            }
            outcome.withLock { $0 = result }
            done.signal()
        }
        thread.start()
    }

    /// What came of it.
    func result() throws -> String {
        done.wait()
        return try outcome.withLock { $0 }?.get() ?? ""
    }
}

/// A server on a thread of its own that writes to its socket itself. It ends with its client.
enum BareServer {
    static func start(
        _ configuration: ServerConfiguration,
        _ serve: @escaping @Sendable (inout SocketConnection<ServerSession>) throws -> Void
    ) throws -> Endpoint {
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        guard let endpoint = Endpoint(listener.name(ofPeer: false)) else { throw ConfigurationError(reason: "no name") }
        let box = Mutex<Socket?>(listener)
        Thread.detachNewThread {
            guard let listener = box.withLock({ $0.take() }) else { return }
            do {
                let socket = try listener.acceptNext()
                try socket.setBlocking(true)
                var connection = SocketConnection(ServerSession(configuration: configuration), over: socket)
                while connection.session.isHandshaking {
                    _ = try connection.read()
                    try connection.flush()
                }
                try serve(&connection)
            } catch {
                return  // the client's tests look at it
            }
        }
        return endpoint
    }
}
