// SPDX-License-Identifier: Apache-2.0

import HummingbirdCore
import InMemoryLogging
import Logging
import NIOCore
import NIOPosix
import SafeTLS
import SafeTLSNIO
import ServiceLifecycle
import Synchronization
import Testing

@testable import SafeTLSHummingbird

// A shutdown that waits for ever is what some of these would find.
@Suite("Hummingbird", .timeLimit(.minutes(10)))
struct HummingbirdTests {
    /// What a client of HTTP/2 says first, and an empty SETTINGS frame.
    static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0"
    static let request = "GET / HTTP/1.1\r\nHost: server.example\r\nConnection: close\r\n\r\n"

    static let halfRequest = "POST /echo HTTP/1.1\r\nHost: server.example\r\nContent-Length: 10\r\n\r\n1234"

    static func servers() throws -> [HTTPServerBuilder] {
        let configuration = try TestConfiguration.server()
        return try [.tls(tlsConfiguration: configuration), .http2Upgrade(tlsConfiguration: configuration)]
    }

    // MARK: What is spoken

    @Test("HTTP/1.1 is served, to clients without ALPN as well", arguments: [true, false])
    func http1(asks: Bool) async throws {
        for server in try Self.servers() {
            try await TestServer.run(server) { server in
                let connection = try await server.connect(asks ? ["http/1.1"] : [])
                let answer = try await connection.exchange(Self.request)
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.hasSuffix("Hello!"))
            }
        }
    }

    @Test("HTTP/2 that nobody agreed on is no request, and ends the connection")
    func unannounced() async throws {
        for server in try Self.servers() {
            try await TestServer.run(server) { server in
                let answer = try? await server.connect([]).exchange(Self.preface)
                #expect(!(answer ?? "").contains("200 OK"))
            }
        }
    }

    @Test("A client of other protocols is refused, and the log says why")
    func nothingInCommon() async throws {
        try await TestServer.run(.http2Upgrade(tlsConfiguration: try TestConfiguration.server())) { server in
            await #expect(throws: TLSError.self) { try await server.connect(["h3"]).exchange("", mayBeClosed: true) }
            try await server.waitForLog("A handshake has failed: The peers have no application protocol (ALPN)")
        }
    }

    @Test("A protocol that is not HTTP is not served, though the configuration agrees on it")
    func unknown() async throws {
        let configuration = try TestConfiguration.server { $0.applicationProtocols = ["chat"] }
        try await TestServer.run(.http2Upgrade(tlsConfiguration: configuration)) { server in
            let answer = try? await server.connect(["chat"]).exchange("hello")
            #expect((answer ?? "").isEmpty)
        }
    }

    @Test("Configurations get the protocols of HTTP once, unless they have their own")
    func protocols() throws {
        let plain = try TestConfiguration.server()
        let current = Mutex(plain)
        let reloading = try ReloadingServerConfiguration { current.withLock { $0 } }
        let source = HTTPProtocolSource(reloading, for: .http2OrHTTP1)
        let made = source.current
        #expect(made.options.applicationProtocols == ["h2", "http/1.1"])
        // Its ticket keys live with it: another one would resume nothing.
        #expect(source.current === made)
        let other = try TestConfiguration.server("p384")
        current.withLock { $0 = other }
        try reloading.reload()
        #expect(source.current.credentials[0].certificateChain == other.credentials[0].certificateChain)
        #expect(source.current.options.applicationProtocols == ["h2", "http/1.1"])
        let own = try TestConfiguration.server { $0.applicationProtocols = ["http/1.1"] }
        #expect(HTTPProtocolSource(own, for: .http2OrHTTP1).current === own)
        #expect(HTTPProtocolSource(own, for: .http1).current === own)
        #expect(HTTPProtocolSource(plain, for: .http1).current === plain)
        for (offered, spoken) in [
            (["h2", "http/1.1"], ["http/1.1"]), (["h2"], ["http/1.1"]), (["http/1.0"], ["http/1.0"]),
        ] {
            let several = try TestConfiguration.server { $0.applicationProtocols = offered }
            #expect(HTTPProtocolSource(several, for: .http1).current.options.applicationProtocols == spoken)
        }
    }

    @Test("A server of HTTP/1.1 agrees on nothing else, though its configuration would")
    func nothingElse() async throws {
        let configuration = try TestConfiguration.server { $0.applicationProtocols = ["h2", "http/1.1"] }
        try await TestServer.run(.tls(tlsConfiguration: configuration)) { server in
            let answer = try await server.connect(["h2", "http/1.1"]).exchange(Self.request)
            #expect(answer.hasSuffix("Hello!"))
            await #expect(throws: TLSError.self) {
                try await server.connect(["h2"]).exchange(Self.request, mayBeClosed: true)
            }
        }
        // What is chosen by the ClientHello is not ours to change.
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .immediate { _ in ServerChoice(configuration) }
        try await TestServer.run(.tls(tlsConfiguration: TestConfiguration.server(), options: options)) { server in
            let answer = try? await server.connect(["h2"]).exchange(Self.request)
            #expect((answer ?? "").isEmpty)
            try await server.waitForLog("The application protocol 'h2'")
        }
    }

    @Test("A request that comes as 0-RTT data is answered, whenever the program wants to read it")
    func earlyData() async throws {
        let configuration = try TestConfiguration.server {
            $0.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: TestConfiguration.now - 10_000))
        }
        var options = ServerHandlerOptions()
        options.earlyData = .immediately
        let servers: [HTTPServerBuilder] = try [
            .tls(tlsConfiguration: configuration, options: options),
            .http2Upgrade(tlsConfiguration: configuration, options: options),
        ]
        for server in servers {
            try await TestServer.run(server) { server in
                let client = try TestConfiguration.client([]) { $0.offersEarlyData = true }
                var early = ClientHandlerOptions()
                early.earlyData = ByteBuffer(string: Self.request)
                // The first gets the ticket, and sends its request when the handshake is complete.
                for number in 0..<2 {
                    let connection = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup).connectTLS(
                        host: "127.0.0.1",
                        port: server.port,
                        client,
                        serverName: ServerName("server.example"),
                        options: early
                    )
                    let info = connection.channel.tlsConnectionInfo()
                    let answer = try await connection.exchange("", mayBeClosed: true)
                    #expect(answer.hasSuffix("Hello!"))
                    #expect(try await info.get().negotiated.isResumed == (number == 1))
                }
            }
        }
    }

    // MARK: How it ends

    @Test("A shutdown does not wait for a handshake that does not end")
    func shutdownInHandshake() async throws {
        let configuration = try TestConfiguration.server()
        // Nothing else ends it.
        var options = ServerHandlerOptions()
        options.handshakeTimeout = nil
        let servers: [HTTPServerBuilder] = try [
            .tls(tlsConfiguration: configuration, options: options, shutdownTimeout: nil),
            .http2Upgrade(
                tlsConfiguration: configuration,
                configuration: HTTP2ChannelConfiguration(gracefulCloseTimeout: nil),
                options: options
            ),
        ]
        for server in servers {
            try await TestServer.run(server) { server in
                let silent = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connect(host: "127.0.0.1", port: server.port).get()
                // It has been accepted when another one behind it has been served.
                _ = try await server.connect([]).exchange(Self.request)
                await server.services.triggerGracefulShutdown()
                try await silent.closeFuture.get()
            }
        }
    }

    @Test("A shutdown waits for half a request no longer than it was told to")
    func shutdownInRequest() async throws {
        let configuration = try TestConfiguration.server()
        let timeout = Duration.milliseconds(50)
        let servers: [HTTPServerBuilder] = try [
            .tls(tlsConfiguration: configuration, shutdownTimeout: timeout),
            .http2Upgrade(
                tlsConfiguration: configuration,
                configuration: HTTP2ChannelConfiguration(gracefulCloseTimeout: timeout)
            ),
        ]
        for server in servers {
            try await TestServer.run(server) { server in
                let connection = try await server.connect(["http/1.1"])
                try await connection.executeThenClose { input, output in
                    try await output.write(ByteBuffer(string: Self.halfRequest))
                    for try await part in input where String(buffer: part).contains("1234") {
                        await server.services.triggerGracefulShutdown()
                    }
                }
                #expect(server.hasLogged("was not done in time"))
            }
        }
    }

    @Test("A shutdown waits for a client of HTTP/2 that does not answer no longer than it was told to")
    func shutdownInSilence() async throws {
        let server = try HTTPServerBuilder.http2Upgrade(
            tlsConfiguration: TestConfiguration.server(),
            configuration: HTTP2ChannelConfiguration(gracefulCloseTimeout: .milliseconds(50))
        )
        try await TestServer.run(server) { server in
            let connection = try await server.connect(["h2"])
            try await connection.executeThenClose { input, output in
                try await output.write(ByteBuffer(string: Self.preface))
                var count = 0
                for try await part in input {
                    // The server's SETTINGS; later GOAWAY and PING, which is not answered.
                    if count == 0 { await server.services.triggerGracefulShutdown() }
                    count += part.readableBytes
                }
                #expect(count > 0)
            }
            #expect(server.hasLogged("was not done in time"))
        }
    }

    @Test("A request that is being answered when the shutdown begins is answered")
    func shutdownWithRequest() async throws {
        for server in try Self.servers() {
            try await TestServer.run(server) { server in
                let connection = try await server.connect(["http/1.1"])
                try await connection.executeThenClose { input, output in
                    try await output.write(ByteBuffer(string: Self.halfRequest))
                    var answer = ""
                    for try await part in input {
                        answer += String(buffer: part)
                        if answer.hasSuffix("1234") || answer.contains("1234\r\n") && !answer.contains("567890") {
                            await server.services.triggerGracefulShutdown()
                            try await output.write(ByteBuffer(string: "567890"))
                        }
                    }
                    #expect(answer.contains("567890"))
                }
            }
        }
    }

    @Test("A shutdown does not wait for a client that reads a little at a time")
    func shutdownWithSlowReader() async throws {
        let configuration = try TestConfiguration.server()
        var options = ServerHandlerOptions()
        // Longer than a socket that holds megabytes takes to ask for more, which would look like no progress.
        options.closeTimeout = .seconds(1)
        let timeout = Duration.milliseconds(50)
        let servers: [HTTPServerBuilder] = try [
            .tls(tlsConfiguration: configuration, options: options, shutdownTimeout: timeout),
            .http2Upgrade(
                tlsConfiguration: configuration,
                configuration: HTTP2ChannelConfiguration(gracefulCloseTimeout: timeout),
                options: options
            ),
        ]
        for server in servers {
            try await TestServer.run(server) { server in
                let connection = try await server.connect(["http/1.1"], receiving: 65_536)
                var count = 0
                // It is cut off.
                _ = try? await connection.executeThenClose { input, output in
                    try await output.write(ByteBuffer(string: "GET /huge HTTP/1.1\r\nHost: server.example\r\n\r\n"))
                    for try await part in input {
                        if count == 0 { await server.services.triggerGracefulShutdown() }
                        count += part.readableBytes
                        try await Task.sleep(for: .milliseconds(3))
                    }
                }
                #expect(count > 0 && count < TestServer.huge)
            }
        }
    }

    @Test("A client that was sent everything cannot keep the connection")
    func keptOpen() async throws {
        let configuration = try TestConfiguration.server()
        var options = ServerHandlerOptions()
        options.closeTimeout = .milliseconds(50)
        let servers: [HTTPServerBuilder] = try [
            .tls(tlsConfiguration: configuration, options: options),
            .http2Upgrade(tlsConfiguration: configuration, options: options),
        ]
        for server in servers {
            try await TestServer.run(server) { server in
                let connection = try await server.connect(["http/1.1"])
                try await connection.executeThenClose { input, output in
                    try await output.write(ByteBuffer(string: Self.request))
                    for try await _ in input {}
                    // Only who says something learns that nobody is there any more.
                    await #expect(throws: (any Error).self) {
                        while true {
                            try await output.write(ByteBuffer(string: "\n"))
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
        }
    }

    // MARK: Certificates

    @Test("The reload is a service: it runs, says what fails, and ends with the program")
    func reload() async throws {
        let logs = InMemoryLogHandler()
        let logger = Logger(label: "test") { _ in logs }
        let state = Mutex((count: 0, fails: false))
        let source = try ReloadingServerConfiguration {
            let fails = state.withLock { state in
                state.count += 1
                return state.fails
            }
            return try TestConfiguration.server(fails ? "no such file" : "p256")
        }
        let first = source.current
        let reload = CertificateReload(of: source, every: .milliseconds(1), logger: logger)
        let services = ServiceGroup(services: [reload], logger: logger)
        let running = Task { try await services.run() }
        while source.current === first { try await Task.sleep(for: .milliseconds(1)) }
        state.withLock { $0.fails = true }
        while !logs.entries.contains(where: { "\($0.message)".contains("The certificate was not reloaded") }) {
            try await Task.sleep(for: .milliseconds(1))
        }
        await services.triggerGracefulShutdown()
        try await running.value
    }
}
