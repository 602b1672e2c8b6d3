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
}
