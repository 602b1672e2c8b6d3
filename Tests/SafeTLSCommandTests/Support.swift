// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS
import SafeTLSSockets
import Synchronization
import TestSupport

/// `safetls` from the directory of products that holds the running tests.
enum Tool {
    static let path: String = {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("safetls").path
    }()

    /// Runs it to its end, without input.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> ChildProcess.Outcome {
        try ChildProcess.run(path, arguments, environment: environment)
    }

    /// Connects to a server of the tests' authority, and trusts this. It has ten minutes to shake hands, and a fifteenth of that for its
    /// ticket, or to refuse the client.
    static func connect(
        _ port: UInt16,
        _ options: [String] = ["--check"],
        environment: [String: String] = [:]
    ) throws -> ChildProcess.Outcome {
        let authority = try TestCertificates.shared().authority.path
        let target = ["connect", "localhost:\(port)", "--ca", authority, "--timeout", "600"]
        return try run(target + options, environment: environment)
    }

    /// Starts `safetls serve` with a certificate of the tests.
    static func serve(_ options: [String]) throws -> (child: ChildProcess, port: UInt16) {
        let child = try ChildProcess(path, ["serve", "--port", "0"] + options)
        let line = try Patience.wait(for: "the port", by: child, details: { child.transcript }) {
            child.transcript.split(separator: "\n").first { $0.hasPrefix("listening on ") }.map(String.init)
        }
        guard let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) else { throw ChildProcessError(line) }
        return (child, port)
    }

    /// The options for a certificate for `localhost`.
    static func identity(_ type: TestCertificates.KeyType = .ecdsaP256) throws -> [String] {
        let identity = try TestCertificates.shared().localhost(type)
        return ["--cert", identity.certificate.path, "--key", identity.key.path]
    }
}

/// A server that has a dialogue in the clear and then speaks TLS, on a thread of its own: with one client, or with several one after the
/// other, and with each as it is told.
final class ScriptedServer: Sendable {
    /// What the server does, one after the other.
    enum Step: Sendable {
        case send([UInt8])
        /// Sends the bytes again and again, each alone and after a while, until the client has gone.
        case drip([UInt8])
        /// The client has to send exactly this.
        case expect([UInt8])
        /// Does something beside.
        case perform(@Sendable () throws -> Void)
        /// Ends the connection.
        case close

        static func send(_ text: String) -> Step { .send(Array(text.utf8)) }
        static func expect(_ text: String) -> Step { .expect(Array(text.utf8)) }
    }

    /// What one client meets.
    struct Encounter: Sendable {
        var steps: [Step] = []
        /// Nil is a good one.
        var identity: TestCertificates.Identity?
    }

    let port: UInt16
    private let outcome = Mutex<String?>(nil)
    private let done = DispatchSemaphore(value: 0)

    convenience init(_ steps: [Step]) throws { try self.init(encounters: [Encounter(steps: steps)]) }

    init(encounters: [Encounter]) throws {
        let good = try TestCertificates.shared().localhost(.ecdsaP256)
        let configurations = try encounters.map { encounter in
            let identity = encounter.identity ?? good
            let credential = try Credential(certificateFile: identity.certificate.path, keyFile: identity.key.path)
            return try ServerConfiguration(credentials: [credential])
        }
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        guard let endpoint = Endpoint(listener.name(ofPeer: false)) else { throw ConfigurationError(reason: "no name") }
        port = endpoint.port
        let box = Mutex<Socket?>(listener)
        Thread.detachNewThread { [self] in
            var result = "nobody came"
            if let listener = box.withLock({ $0.take() }) {
                for (encounter, configuration) in zip(encounters, configurations) {
                    do {
                        result = try Self.serve(try listener.acceptNext(), encounter.steps, configuration)
                    } catch {
                        result = "\(error)"
                    }
                }
            }
            outcome.withLock { $0 = result }
            done.signal()
        }
    }

    /// How it went with the last client: "TLS" after a handshake.
    func result() -> String {
        done.wait()
        return outcome.withLock { $0 } ?? ""
    }

    private static func serve(
        _ socket: consuming Socket,
        _ steps: [Step],
        _ configuration: ServerConfiguration
    ) throws -> String {
        try socket.setBlocking(true)
        for step in steps {
            switch step {
            case .close: return "closed"
            case .perform(let body): try body()
            case .send(let bytes): _ = try socket.write(bytes.span)
            case .drip(let bytes):
                while true {
                    for byte in bytes {
                        let one = [byte]
                        _ = try socket.write(one.span)
                        Thread.sleep(forTimeInterval: 0.02)
                    }
                }
            case .expect(let bytes):
                var received: [UInt8] = []
                while received.count < bytes.count {
                    var part = [UInt8](repeating: 0, count: bytes.count - received.count)
                    guard let count = try socket.read(into: &part), count > 0 else { return "the client has gone" }
                    received += part.prefix(count)
                }
                if received != bytes { return "got \(String(decoding: received, as: UTF8.self).debugDescription)" }
            }
        }
        let session = ServerSession(configuration: configuration, deferring: [], fragmentLength: 16)
        var connection = SocketConnection(session, over: socket)
        while connection.session.isHandshaking {
            _ = try connection.read()
            try connection.flush()
        }
        while !connection.session.isPeerClosed { _ = try connection.read() }
        connection.session.close()
        try connection.flush()
        return "TLS"
    }
}

/// Stands between a client and a server, and keeps what the client sends.
final class RecordingProxy: Sendable {
    private final class Ends: Sendable {
        let client: Socket
        let server: Socket

        init(_ client: consuming Socket, _ server: consuming Socket) {
            self.client = client
            self.server = server
        }
    }

    let port: UInt16
    private let recorded = Mutex<[UInt8]>([])
    private let done = DispatchSemaphore(value: 0)

    /// - Parameter target: The server's port on this machine.
    init(to target: UInt16) throws {
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        guard let endpoint = Endpoint(listener.name(ofPeer: false)) else { throw ConfigurationError(reason: "no name") }
        port = endpoint.port
        let box = Mutex<Socket?>(listener)
        Thread.detachNewThread { [self] in
            defer { done.signal() }
            guard let listener = box.withLock({ $0.take() }), let client = try? listener.acceptNext(),
                let server = try? Socket.connect(to: Endpoint(host: "127.0.0.1", port: target)),
                (try? client.setBlocking(true)) != nil
            else { return }
            let ends = Ends(client, server)
            Thread.detachNewThread { Self.pump(ends.server, ends.client) { _ in } }
            Self.pump(ends.client, ends.server) { bytes in recorded.withLock { $0 += bytes } }
        }
    }

    /// All that the client has sent, once it has gone.
    func bytes() -> [UInt8] {
        done.wait()
        return recorded.withLock { $0 }
    }

    private static func pump(_ from: borrowing Socket, _ to: borrowing Socket, _ record: (ArraySlice<UInt8>) -> Void) {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        while let count = (try? from.read(into: &bytes)) ?? nil, count > 0 {
            record(bytes.prefix(count))
            var sent = 0
            while sent < count {
                guard let written = (try? to.write(bytes.span.extracting(sent..<count))) ?? nil else { return }
                sent += written
            }
        }
        to.shutdownWriting()
    }
}

/// A directory of a test, removed with the run.
func temporaryFile(_ name: String) throws -> String {
    try TemporaryDirectory.make("command").appendingPathComponent(name).path
}

extension ChildProcess.Outcome {
    /// Whether there is a line on standard error with this name, and a value that begins so.
    func says(_ name: String, _ value: String) -> Bool {
        errors.split(separator: "\n").contains { line in
            line.hasPrefix(name) && line.dropFirst(name.count).drop { $0 == " " }.hasPrefix(value)
        }
    }
}
