// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOPosix
import SafeTLS
import Synchronization
import TLSCertificates
import Testing

@testable import SafeTLSNIO

@Suite("Steps of the handshake that the program takes")
struct StepTests {
    @Test("A configuration and a protocol are chosen by the ClientHello, at once")
    func chooseAtOnce() throws {
        let other = try TestCredentials.server("p384") { $0.applicationProtocols = ["h2"] }
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .immediate { hello in
            guard hello.serverName == "server.example" else {
                throw HandshakeRefusal(.unrecognizedName, reason: "no such host")
            }
            return ServerChoice(other, applicationProtocol: .selected("h2"))
        }
        let client = try TestCredentials.client { $0.applicationProtocols = ["http/1.1", "h2"] }
        let pair = try Pair(client: client, serverOptions: options)
        try pair.handshake()
        #expect(pair.client.recorder.happenings == [.active, .handshake("h2")])
        #expect(try pair.clientHandler.peerCertificates.first == TestCredentials.credential("p384").certificateChain[0])

        let refused = try Pair(client: client, name: "any.wild.example", serverOptions: options)
        try refused.handshake()
        #expect(refused.client.recorder.errors as? [TLSError] == [.alertReceived(.unrecognizedName)])
        #expect(
            refused.server.recorder.errors as? [TLSError]
                == [.refused(alert: .unrecognizedName, reason: "no such host")]
        )
    }

    @Test("While an answer is awaited nothing is read, and then everything goes on", arguments: HandshakeTests.versions)
    func later(version: ProtocolVersion) throws {
        let answers = Answers()
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .future { _, eventLoop in answers.wait(eventLoop, "configuration") }
        options.sign = .future { request, eventLoop in
            answers.wait(eventLoop, "signature").flatMapThrowing { (_: Void) in try request.sign() }
        }
        let configuration = try TestCredentials.server { $0.versions = version...version }
        let pair = try Pair(serverOptions: options)
        pair.client.write("data").whenFailure { Issue.record($0) }
        try pair.start()
        try pair.carry()
        #expect(answers.names == ["configuration"])
        let reads = pair.server.transport.reads
        pair.server.channel.read()
        #expect(pair.server.transport.reads == reads)
        answers.configuration?.succeed(ServerChoice(configuration))
        try pair.carry()
        #expect(answers.names == ["configuration", "signature"])
        answers.signature?.succeed(())
        #expect(pair.server.transport.reads > reads)
        try pair.carry()
        #expect(pair.server.text == "data")
        #expect(pair.clientHandler.negotiated?.version == version)
    }

    @Test("The handshake goes on behind an answer where nobody else reads")
    func answerReads() throws {
        let answers = Answers()
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .future { _, eventLoop in answers.wait(eventLoop, "configuration") }
        let pair = try Pair(serverOptions: options)
        try pair.start()
        try pair.carry()
        let reads = pair.server.transport.reads
        answers.configuration?.succeed(ServerChoice(try TestCredentials.server()))
        #expect(pair.server.transport.reads == reads + 1)
    }

    @Test("A program may close the channel when it is asked")
    func closeWhenAsked() throws {
        final class Holder: Sendable { let channel = Mutex<(any Channel)?>(nil) }
        let holder = Holder()
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .future { _, eventLoop in
            holder.channel.withLock { $0 }?.close(promise: nil)
            return eventLoop.makeFailedFuture(HandshakeRefusal(.handshakeFailure, reason: "closed"))
        }
        let pair = try Pair(serverOptions: options)
        holder.channel.withLock { $0 = pair.server.channel }
        try pair.start()
        try pair.carry()
        holder.channel.withLock { $0 = nil }
        #expect(!pair.server.channel.isActive && !pair.client.channel.isActive)
    }

    @Test("A connection that ends before the answer comes stays ended")
    func endBeforeAnswer() throws {
        let answers = Answers()
        var options = ServerHandlerOptions()
        options.chooseConfiguration = .future { _, eventLoop in answers.wait(eventLoop, "configuration") }
        let pair = try Pair(serverOptions: options)
        try pair.start()
        try pair.carry()
        pair.server.dropTransport()
        try answers.configuration?.succeed(ServerChoice(TestCredentials.server()))
        #expect(pair.server.recorder.happenings.last == .inactive)
        #expect(pair.server.recorder.errors.count == 1)
        #expect(try pair.server.sent().isEmpty)
    }

    @Test("A signature that is wrong, or an error, ends the handshake with internal_error", arguments: [true, false])
    func badAnswer(isError: Bool) throws {
        struct NoKey: Error {}
        var options = ServerHandlerOptions()
        options.sign = .immediate { request in
            if isError { throw NoKey() }
            return [1, 2, 3]
        }
        let pair = try Pair(serverOptions: options)
        try pair.handshake()
        #expect(pair.client.recorder.errors.count == 1)
        #expect(!pair.client.channel.isActive)
        if isError {
            #expect(pair.client.recorder.errors as? [TLSError] == [.alertReceived(.internalError)])
        }
        #expect(!pair.clientHandler.driver.hasAnnouncedHandshake)
    }

    @Test("A server without a name needs a configuration that says so")
    func unnamedServer() throws {
        #expect(throws: TLSError.self) { _ = try SafeTLSClientHandler(unnamedServerOf: TestCredentials.client()) }
        let any = try TestCredentials.client { $0.dangerouslyAcceptsAnyName = true }
        #expect(try SafeTLSClientHandler(unnamedServerOf: any).negotiated == nil)
    }

    /// A key that no session signs with by itself.
    struct DeferredKey: SigningKey {
        let key: PrivateKey
        var schemes: [SignatureScheme] { key.schemes }
        var isDeferred: Bool { true }

        func sign(_ message: [UInt8], scheme: SignatureScheme) throws -> [UInt8] {
            try key.sign(message, scheme: scheme)
        }
    }

    @Test("A key that is always deferred signs, whether the program has said how or not", arguments: [true, false])
    func deferredKey(isTold: Bool) throws {
        let asked = Mutex(0)
        var options = ServerHandlerOptions()
        if isTold {
            options.sign = .immediate { request in
                asked.withLock { $0 += 1 }
                return try request.sign()
            }
        }
        let key = try PrivateKey.read(file: TestCredentials.path("p256.key"))
        let credential = try Credential(
            certificateFile: TestCredentials.path("p256.pem"),
            signingWith: DeferredKey(key: key)
        )
        var serverOptions = ServerOptions()
        serverOptions.clock = { TestCredentials.now }
        let configuration = try ServerConfiguration(credentials: [credential], options: serverOptions)
        let pair = try Pair(server: configuration, serverOptions: options)
        try pair.handshake()
        #expect(pair.clientHandler.negotiated != nil && asked.withLock { $0 } == (isTold ? 1 : 0))
    }

    @Test("The program judges chains, of servers and of clients", arguments: HandshakeTests.versions)
    func verification(version: ProtocolVersion) throws {
        for accepts in [true, false] {
            var clientOptions = ClientHandlerOptions()
            clientOptions.verifyServer = .immediate { request in .accepted(path: try request.verify()) }
            clientOptions.chooseCredential = .immediate { _ in try TestCredentials.credential("other") }
            clientOptions.sign = .immediate { try $0.sign() }
            var serverOptions = ServerHandlerOptions()
            serverOptions.verifyClient = .immediate { request in
                guard accepts else { throw HandshakeRefusal(.accessDenied, reason: "not you") }
                return .accepted(path: request.certificateChain)
            }
            let pair = try Pair(
                client: TestCredentials.client { $0.versions = version...version },
                server: TestCredentials.server {
                    $0.clientAuthentication = ClientAuthentication(
                        .required,
                        trustAnchors: try TestCredentials.anchors()
                    )
                    $0.clientAuthentication?.authorityNames = .none
                },
                clientOptions: clientOptions,
                serverOptions: serverOptions
            )
            try pair.handshake()
            if accepts {
                #expect(pair.serverHandler.peerCertificates.count == 1)
                #expect(pair.server.recorder.errors.isEmpty)
                #expect(pair.server.recorder.outline.last == .handshake(nil))
            } else {
                #expect(
                    pair.server.recorder.errors as? [TLSError] == [.refused(alert: .accessDenied, reason: "not you")]
                )
                #expect(pair.client.recorder.errors as? [TLSError] == [.alertReceived(.accessDenied)])
            }
        }
    }

    @Test("The program has a chain verified that is refused", arguments: HandshakeTests.versions)
    func refusedVerification(version: ProtocolVersion) throws {
        let steps: [HandshakeStep<VerificationRequest, Verdict>] = [
            .immediate { .accepted(path: try $0.verify()) }, .immediate { $0.verdict() },
        ]
        for step in steps {
            var options = ClientHandlerOptions()
            options.verifyServer = step
            let pair = try Pair(
                client: TestCredentials.client {
                    $0.versions = version...version
                    $0.clock = { 9_000_000_000 }
                },
                clientOptions: options
            )
            try pair.handshake()
            let error = try #require(pair.client.recorder.errors.first as? TLSError)
            guard case .certificateRejected = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(pair.server.recorder.errors as? [TLSError] == [.alertReceived(.certificateExpired)])
        }
    }

    @Test("A client is asked for its certificate after the handshake, and answers later")
    func postHandshakeAuthentication() throws {
        let answers = Answers()
        let credential = try TestCredentials.credential("other")
        var options = ClientHandlerOptions()
        options.chooseCredential = .future { _, eventLoop in
            answers.wait(eventLoop, "signature").map { (_: Void) in credential }
        }
        let client = try TestCredentials.client {
            $0.versions = .tls13 ... .tls13
            $0.offersPostHandshakeAuthentication = true
        }
        var serverOptions = ServerHandlerOptions()
        serverOptions.verifyClient = .immediate { .accepted(path: $0.certificateChain) }
        let pair = try Pair(client: client, clientOptions: options, serverOptions: serverOptions)
        try pair.handshake()
        var authentication = ClientAuthentication(.required, trustAnchors: try TestCredentials.anchors())
        authentication.authorityNames = .none
        // Before it and behind it are data, all in one read.
        _ = pair.server.write("before, ")
        try pair.serverHandler.requestClientCertificate(ClientAuthenticator(authentication))
        _ = pair.server.write("behind")
        try pair.carry()
        #expect(answers.names == ["signature"])
        #expect(pair.serverHandler.isClientCertificatePending)
        #expect(pair.client.text == "before, ")
        _ = pair.server.write(" and later")
        try pair.carry()
        #expect(pair.client.text == "before, ")
        answers.signature?.succeed(())
        try pair.carry()
        #expect(pair.client.text == "before, behind and later")
        #expect(!pair.serverHandler.isClientCertificatePending)
        #expect(pair.serverHandler.peerCertificates == credential.certificateChain)
        #expect(pair.server.recorder.errors.isEmpty && pair.client.recorder.errors.isEmpty)
    }

    /// A pair whose server judges the client's certificate when the test says so.
    private func judging(
        _ answers: Answers,
        later: Bool = false
    ) throws -> Pair {
        var options = ServerHandlerOptions()
        options.verifyClient = .future { request, eventLoop in
            answers.wait(eventLoop, "signature").map { (_: Void) in .accepted(path: request.certificateChain) }
        }
        let client = try TestCredentials.client {
            $0.versions = .tls13 ... .tls13
            $0.credentials = [try TestCredentials.credential("other")]
            $0.offersPostHandshakeAuthentication = later
        }
        let server = try TestCredentials.server { if !later { $0.clientAuthentication = try Self.authentication() } }
        let pair = try Pair(client: client, server: server, serverOptions: options)
        pair.server.channel.allowRemoteHalfClosure = true
        return pair
    }

    private static func authentication() throws -> ClientAuthentication {
        var authentication = ClientAuthentication(.required, trustAnchors: try TestCredentials.anchors())
        authentication.authorityNames = .none
        return authentication
    }

    @Test(
        "A session that another handler gave does not get a client past verifyClient",
        arguments: HandshakeTests.versions
    )
    func sessionOfAnotherHandler(version: ProtocolVersion) throws {
        let client = try TestCredentials.client {
            $0.versions = version...version
            $0.credentials = [try TestCredentials.credential()]
        }
        let server = try TestCredentials.server {
            $0.clientAuthentication = ClientAuthentication(.required, trustAnchors: try TestCredentials.anchors())
        }
        for _ in 0..<2 {
            let pair = try Pair(client: client, server: server)
            try pair.handshake()
            _ = pair.client.channel.close()
            try pair.carry()
        }
        var options = ServerHandlerOptions()
        options.verifyClient = .immediate { _ in throw HandshakeRefusal(.accessDenied, reason: "not here") }
        let pair = try Pair(client: client, server: server, serverOptions: options)
        try pair.handshake()
        #expect(pair.server.recorder.errors as? [TLSError] == [.refused(alert: .accessDenied, reason: "not here")])
        #expect(!pair.server.channel.isActive)
    }

    @Test(
        "A client that has said everything and half-closes before the answer comes is heard",
        arguments: [true, false]
    )
    func halfClosureBeforeAnswer(later: Bool) throws {
        let answers = Answers()
        let pair = try judging(answers, later: later)
        pair.client.write("everything").whenFailure { Issue.record($0) }
        if later {
            try pair.handshake()
            try pair.serverHandler.requestClientCertificate(ClientAuthenticator(Self.authentication()))
            try pair.carry()
            pair.client.write(" and more").whenFailure { Issue.record($0) }
        } else {
            try pair.start()
        }
        pair.client.channel.close(mode: .output, promise: nil)
        try pair.carry()
        #expect(answers.names == ["signature"])
        // The transport's half-closure comes at once, whoever reads.
        pair.server.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        answers.signature?.succeed(())
        #expect(pair.server.text == (later ? "everything and more" : "everything"))
        #expect(pair.server.recorder.errors.isEmpty)
        #expect(pair.server.recorder.outline.filter { $0 == .inputClosed }.count == 1)
        pair.server.write("answer").whenFailure { Issue.record($0) }
        try pair.carry()
        #expect(pair.client.text == "answer")
    }

    @Test("A client that only ends its transport before the answer comes is an error behind it")
    func truncationBeforeAnswer() throws {
        let answers = Answers()
        let pair = try judging(answers)
        pair.client.write("some").whenFailure { Issue.record($0) }
        try pair.handshake()
        pair.server.channel.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(pair.server.recorder.errors.isEmpty)
        answers.signature?.succeed(())
        #expect(pair.server.text == "some")
        #expect(pair.server.recorder.errors as? [TLSError] == [.truncated])
    }

    @Test("Who closes while an answer is awaited is asked once, and reads on when it comes")
    func closeBeforeAnswer() throws {
        let answers = Answers()
        let pair = try judging(answers, later: true)
        try pair.handshake()
        try pair.serverHandler.requestClientCertificate(ClientAuthenticator(Self.authentication()))
        try pair.carry()
        let reads = pair.server.transport.reads
        let closed = pair.server.channel.close()
        try pair.carry()
        #expect(pair.server.transport.reads == reads)
        answers.signature?.succeed(())
        try pair.carry()
        #expect(answers.names == ["signature"])
        try #require(pair.server.recorder.outline.suffix(2) == [.shutdown, .inactive])
        try closed.wait()
    }

    @Test("Tasks answer, on real event loops")
    func tasks() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let configuration = try TestCredentials.server()
        let echo = group.any().makePromise(of: String.self)
        var serverOptions = ServerHandlerOptions.patient
        serverOptions.chooseConfiguration = .async { _ in
            await Task.yield()
            return ServerChoice(configuration)
        }
        serverOptions.sign = .async { request in
            await Task.yield()
            return try request.sign()
        }
        var clientOptions = ClientHandlerOptions.patient
        clientOptions.verifyServer = .async { request in
            await Task.yield()
            return .accepted(path: try request.verify())
        }
        let options = serverOptions
        let listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addTLS(server: configuration, options: options)
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let channel = try await ClientBootstrap(group: group).connectTLS(
            host: "127.0.0.1",
            port: port,
            try TestCredentials.client(),
            options: clientOptions
        ) { channel in
            try channel.pipeline.syncOperations.addHandler(EchoReader(echo, count: 5))
            return channel
        }
        try await channel.writeAndFlush(ByteBuffer(string: "hello"))
        #expect(try await echo.futureResult.get() == "hello")
        try await channel.close()
        try await listener.close()
    }
}

/// Answers that a test gives when it wants to.
final class Answers: Sendable {
    private let state = Mutex<(EventLoopPromise<ServerChoice>?, EventLoopPromise<Void>?, [String])>((nil, nil, []))

    var names: [String] { state.withLock { $0.2 } }
    var configuration: EventLoopPromise<ServerChoice>? { state.withLock { $0.0 } }
    var signature: EventLoopPromise<Void>? { state.withLock { $0.1 } }

    func wait(_ eventLoop: any EventLoop, _ name: String) -> EventLoopFuture<ServerChoice> {
        let promise = eventLoop.makePromise(of: ServerChoice.self)
        state.withLock {
            $0.0 = promise
            $0.2.append(name)
        }
        return promise.futureResult
    }

    func wait(_ eventLoop: any EventLoop, _ name: String) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        state.withLock {
            $0.1 = promise
            $0.2.append(name)
        }
        return promise.futureResult
    }
}
