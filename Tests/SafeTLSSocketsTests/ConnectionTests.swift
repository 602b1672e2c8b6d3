// SPDX-License-Identifier: Apache-2.0

import Foundation
import SafeTLS
import SafeTLSSockets
import Testing

@Suite("Connections over sockets")
struct ConnectionTests {
    private static let name = ServerName.dns("server.example")
    private static let echo: @Sendable (TLSConnection<ServerSession>) throws -> String = { connection in
        var count = 0
        while let data = try connection.read() {
            count += data.count
            try connection.write(data)
        }
        connection.close()
        return "\(count)"
    }

    private static func connect(
        to server: ServerThread,
        with configuration: ClientConfiguration,
        deferring: DeferredRequests = []
    ) throws -> TLSConnection<ClientSession> {
        try TLSConnection.connect(to: server.endpoint, with: configuration, serverName: name, deferring: deferring)
    }

    @Test("echo what they get, however much it is", arguments: [0, 1, 100_000, 3_000_000])
    func echo(count: Int) throws {
        let server = try ServerThread(try TestConfigurations.server(), Self.echo)
        let client = try Self.connect(to: server, with: try TestConfigurations.client())
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var returned: [UInt8] = []
        // More than the system's buffers hold must not be on its way at once.
        for start in stride(from: 0, to: count, by: 50_000) {
            let part = Array(data[start..<min(start + 50_000, count)])
            try client.write(part)
            let end = returned.count + part.count
            while returned.count < end, let more = try client.read() { returned += more }
        }
        let isSame = returned == data
        #expect(isSame)
        try client.handshake()
        #expect(client.negotiated?.version == .tls13 && client.verifiedPath.count == 2)
        client.close()
        #expect(try server.result() == "\(count)")
    }

    @Test("tell what was agreed on, and read to the end that the peer says")
    func ends() throws {
        let server = try ServerThread(try TestConfigurations.server { $0.applicationProtocols = ["echo"] }) {
            connection in
            let line = try connection.read() ?? []
            try connection.write("you said " + String(decoding: line, as: UTF8.self))
            connection.close()
            return connection.negotiated?.applicationProtocol ?? ""
        }
        let client = try Self.connect(
            to: server,
            with: try TestConfigurations.client { $0.applicationProtocols = ["echo"] }
        )
        try client.write("hello")
        var text: [UInt8] = []
        while let data = try client.read() { text += data }
        #expect(String(decoding: text, as: UTF8.self) == "you said hello")
        client.close()
        #expect(try server.result() == "echo")
    }

    @Test("throw where the connection is cut off")
    func cut() throws {
        let server = try ServerThread(try TestConfigurations.server()) { connection in
            try connection.handshake()
            return "gone"
        }
        let client = try Self.connect(to: server, with: try TestConfigurations.client())
        #expect(throws: TLSError.truncated) {
            while try client.read() != nil {}
        }
        #expect(try server.result() == "gone")
    }

    @Test("refuse a server of another name, and tell it")
    func wrongName() throws {
        let server = try ServerThread(try TestConfigurations.server(), Self.echo)
        let client = try TLSConnection.connect(
            to: server.endpoint,
            with: try TestConfigurations.client(),
            serverName: .dns("wrong.example")
        )
        let error = #expect(throws: TLSError.self) { try client.handshake() }
        guard case .certificateRejected? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: TLSError.alertReceived(.badCertificate)) { try server.result() }
    }

    @Test("do not wait for a peer for ever")
    func silence() throws {
        let listener = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0))
        let endpoint = try #require(Endpoint(listener.name(ofPeer: false)))
        // The system takes the connection, and nobody answers.
        let client = try TLSConnection.connect(
            to: endpoint,
            with: try TestConfigurations.client(),
            serverName: Self.name
        )
        client.timeout = 20
        let error = #expect(throws: SocketError.self) { try client.handshake() }
        #expect(error?.isTimeout == true && error?.description.hasSuffix("the handshake did not end in time") == true)
        let none = #expect(throws: SocketError.self) {
            _ = try Socket.listen(on: Endpoint(host: "127.0.0.1", port: 0)).acceptNext(milliseconds: 1)
        }
        #expect(none?.isTimeout == true)
        let refused = #expect(throws: SocketError.self) {
            _ = try Socket.connect(toPath: "/nonexistent/socket")
        }
        #expect(refused?.isTimeout == false && refused?.description.contains("/nonexistent/socket") == true)
    }

    @Test("give a peer that sends a byte at a time no more time than others")
    func drops() throws {
        let endpoint = try BareServer.start(try TestConfigurations.server()) { connection in
            // A record that takes more than a minute.
            var bytes: [UInt8] = [23, 3, 3, 0x40, 0x00]
            for _ in 0..<16_384 {
                _ = try connection.socket.write(bytes.span)
                bytes = [0]
                Thread.sleep(forTimeInterval: 0.005)
            }
        }
        let client = try TLSConnection.connect(
            to: endpoint,
            with: try TestConfigurations.client(),
            serverName: Self.name
        )
        try client.handshake()
        client.timeout = 100
        let error = #expect(throws: SocketError.self) { try client.read() }
        #expect(error?.isTimeout == true && error?.description.hasSuffix("nothing came in time") == true)
    }

    @Test("return what came before an error, then the error")
    func dataBeforeError() throws {
        let endpoint = try BareServer.start(try TestConfigurations.server()) { connection in
            var records: [UInt8] = []
            try connection.session.seal(Array("first".utf8), appendingTo: &records)
            try connection.session.seal(Array(", second".utf8), appendingTo: &records)
            connection.session.reject(.accessDenied, reason: "enough")
            connection.session.takeOutput { alert in
                for index in alert.indices { records.append(alert[index]) }
            }
            _ = try connection.socket.write(records.span)
            // Until the client has gone.
            _ = try connection.socket.discardInput()
        }
        let client = try TLSConnection.connect(
            to: endpoint,
            with: try TestConfigurations.client(),
            serverName: Self.name
        )
        var data: [UInt8] = []
        for _ in 0..<2 {
            let error = #expect(throws: TLSError.self) {
                while let more = try client.read() { data += more }
            }
            #expect(error == .alertReceived(.accessDenied))
            #expect(String(decoding: data, as: UTF8.self) == "first, second")
        }
        #expect(throws: TLSError.alertReceived(.accessDenied)) { try client.write("third") }
    }

    @Test("read what a peer has said that takes nothing any more")
    func answerBeforeTheEnd() throws {
        let endpoint = try BareServer.start(try TestConfigurations.server()) { connection in
            _ = try connection.read()
            try connection.write(Array("too much".utf8))
            connection.session.close()
            try connection.flush()
            // Much has not been read: the socket is reset.
        }
        let client = try TLSConnection.connect(
            to: endpoint,
            with: try TestConfigurations.client(),
            serverName: ServerName("server.example")
        )
        #expect(throws: SocketError.self) {
            while true { try client.write([UInt8](repeating: 1, count: 1_000_000)) }
        }
        #expect(try client.read() == Array("too much".utf8))
        #expect(try client.read() == nil)
        #expect(throws: SocketError.self) { try client.write("more") }
    }

    @Test("end a read after this side has given up", arguments: [true, false])
    func closedEarly(isWhole: Bool) throws {
        let server = try ServerThread(try TestConfigurations.server(), Self.echo)
        let client = try Self.connect(to: server, with: try TestConfigurations.client())
        if isWhole {
            client.close()
        } else {
            try client.withSession { $0.close() }
        }
        #expect(throws: TLSError.misuse(.closed)) { try client.read() }
        #expect(throws: TLSError.misuse(.closed)) { try client.write("too late") }
        client.close()
        #expect(throws: TLSError.self) { try server.result() }
    }

    private enum Obstacle: Error { case some }

    @Test("tell the peer by an alert when there is no answer", arguments: [true, false])
    func noAnswer(isSystems: Bool) throws {
        let server = try ServerThread(try TestConfigurations.server(), Self.echo)
        let client = try Self.connect(to: server, with: try TestConfigurations.client(), deferring: .verification)
        client.answer = { _ in
            // A key in another process may be out of reach.
            if isSystems { _ = try Socket.connect(toPath: "/nonexistent/socket") }
            throw Obstacle.some
        }
        if isSystems {
            #expect(throws: SocketError.self) { try client.handshake() }
        } else {
            #expect(throws: Obstacle.some) { try client.handshake() }
        }
        client.close()
        #expect(throws: TLSError.alertReceived(.internalError)) { try server.result() }
    }

    @Test("send what a closure has left that throws")
    func closureThrows() throws {
        let server = try ServerThread(try TestConfigurations.server(), Self.echo)
        let client = try Self.connect(to: server, with: try TestConfigurations.client())
        try client.handshake()
        #expect(throws: Obstacle.some) {
            try client.withSession { session in
                session.reject(.accessDenied, reason: "enough")
                throw Obstacle.some
            }
        }
        // Nothing else is sent by then.
        #expect(throws: TLSError.alertReceived(.accessDenied)) { try server.result() }
        client.close()
    }

    @Test("answer what their session waits for", arguments: [true, false])
    func requests(isOwn: Bool) throws {
        let configuration = try TestConfigurations.server {
            $0.clientAuthentication = ClientAuthentication(.required, trustAnchors: try TestConfigurations.anchors)
        }
        let server = try ServerThread(configuration, deferring: [.clientHello, .signature, .verification]) {
            connection in
            connection.answer = { request in
                if case .clientHello = request { return .configuration(configuration, applicationProtocol: .automatic) }
                return try .builtIn(to: request)
            }
            try connection.handshake()
            let count = connection.peerCertificates.count
            while try connection.read() != nil {}
            connection.close()
            return "\(count)"
        }
        let credential = try TestConfigurations.credential("p384")
        let client = try Self.connect(
            to: server,
            with: try TestConfigurations.client(),
            deferring: [.verification, .certificate, .signature]
        )
        if isOwn {
            client.answer = { request in
                if case .certificate = request { return .credential(credential) }
                return try .builtIn(to: request)
            }
        }
        try client.handshake()
        client.close()
        if isOwn {
            #expect(try server.result() == "1")
        } else {
            #expect(throws: TLSError.peerMisbehaved(.noClientCertificate(.tls13))) { try server.result() }
        }
    }

    @Test("go to no host whose name a zero cuts off", arguments: ["\0evil.example", "127.0.0.1\0.example", "\0"])
    func zeros(host: String) {
        let error = #expect(throws: SocketError.self) {
            _ = try Socket.connect(to: Endpoint(host: host, port: 9), milliseconds: 1_000)
        }
        #expect(error?.description.contains("Invalid argument") == true, "\(String(describing: error))")
    }

    @Test("sockets in the file system are for their user, and replace what is left behind")
    func paths() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "safetls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/socket"
        do {
            _ = try Socket.listen(onPath: path)
        }
        // Nobody listens on it now.
        #expect(throws: SocketError.self) { _ = try Socket.connect(toPath: path) }
        let listener = try Socket.listen(onPath: path)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let client = try Socket.connect(toPath: path)
        let server = try listener.acceptNext(milliseconds: 10_000)
        try server.setBlocking(true)
        let bytes: [UInt8] = [1, 2, 3]
        #expect(try client.write(bytes.span) == 3)
        var read: [UInt8] = [0, 0, 0, 0]
        #expect(try server.read(into: &read, at: 1) == 3)
        #expect(read == [0, 1, 2, 3])
        // One that is in use is left alone, and so is what is no socket.
        #expect(throws: SocketError.self) { _ = try Socket.listen(onPath: path) }
        let file = "\(directory)/file"
        try Data([1]).write(to: URL(filePath: file))
        #expect(throws: SocketError.self) { _ = try Socket.listen(onPath: file) }
        #expect(try Data(contentsOf: URL(filePath: file)) == Data([1]))
        #expect(throws: SocketError.self) { _ = try Socket.listen(onPath: String(repeating: "x", count: 300)) }
        #expect(throws: SocketError.self) { _ = try Socket.connect(toPath: "") }
    }

    @Test("sockets in the file system wait for nobody without an end")
    func busyPath() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "safetls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = "\(directory)/socket"
        let listener = try Socket.listen(onPath: path)
        let clients = SocketList()
        var error: SocketError?
        // As many as the system lets wait, and one more.
        while error == nil, clients.count < 1000 {
            do throws(SocketError) {
                clients.add(try Socket.connect(toPath: path, milliseconds: 20))
            } catch let failure {
                error = failure
            }
        }
        #expect(error?.isTimeout == true, "after \(clients.count): \(String(describing: error))")
        // Somebody listens there, so it is not replaced; nor is that waited for.
        #expect(throws: SocketError.self) { _ = try Socket.listen(onPath: path) }
        let accepted = try listener.acceptNext()
        try accepted.setBlocking(true)
        try accepted.setTimeout(milliseconds: 20)
        var bytes: [UInt8] = [0]
        #expect(try accepted.read(into: &bytes) == nil)
    }
}

/// Keeps sockets open.
private final class SocketList {
    private final class Node {
        let socket: Socket
        let next: Node?

        init(_ socket: consuming Socket, _ next: Node?) {
            self.socket = socket
            self.next = next
        }
    }

    private var first: Node?
    private(set) var count = 0

    func add(_ socket: consuming Socket) {
        first = Node(socket, first)
        count += 1
    }
}
