// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import SafeTLS

@testable import SafeTLSNIO

/// How a ``RandomConnection`` is configured, and which of its handshake's steps the programs take.
struct RandomSetup {
    private let course: Course
    private let loop = EmbeddedEventLoop()
    private let client: ClientConfiguration
    private let server: ServerConfiguration
    private let earlyData: ByteBuffer?

    init(_ course: Course) throws {
        self.course = course
        let version = course.pick([ProtocolVersion.tls12, .tls13, .tls13, .tls13])
        let isAsked = course.oneIn(2)
        let keys = SeededKeys(seed: course.seed)
        client = try TestCredentials.client {
            $0.versions = version...version
            $0.groups = [.x25519]
            $0.offersEarlyData = true
            $0.offersPostHandshakeAuthentication = isAsked
            $0.random = keys
        }
        // The signatures of this key are always of the same length.
        server = try TestCredentials.server("ed25519") {
            $0.earlyData = EarlyDataOptions(replayProtection: StrikeRegister(start: TestCredentials.now - 10_000))
            $0.random = keys
        }
        let earlyCount = course.oneIn(2) ? course.pick(RandomProgram.earlySizes) : 0
        earlyData = earlyCount > 0 ? RandomProgram.data.getSlice(at: 0, length: earlyCount) : nil
        course.log.append("\(version), \(earlyCount) bytes of 0-RTT data\(course.isGentle ? ", gentle" : "")")
    }

    func pair() throws -> Pair {
        if earlyData != nil {
            // The client gets tickets.
            let first = try Pair(client: client, server: server)
            try first.handshake()
            first.client.channel.close(promise: nil)
            try first.carry()
        }
        let pair = try Pair(
            client: client,
            server: server,
            clientOptions: clientOptions(),
            serverOptions: serverOptions(),
            loop: loop
        )
        for channel in [pair.client.channel, pair.server.channel] {
            channel.allowRemoteHalfClosure = course.isGentle || course.oneIn(2)
        }
        return pair
    }

    func programs(_ pair: Pair) throws -> (client: RandomProgram, server: RandomProgram) {
        let (course, clientHandler, serverHandler) = (course, pair.clientHandler, pair.serverHandler)
        let client = RandomProgram("client", pair.client, clientHandler, course) {
            if (try? clientHandler.updateKeys(requestingPeer: true)) != nil { course.sights.insert(.keyUpdate) }
        }
        client.writtenCount = earlyData?.readableBytes ?? 0
        client.succeededCount = client.writtenCount
        var authentication = ClientAuthentication(.optional, trustAnchors: try TestCredentials.anchors())
        authentication.authorityNames = .none
        let authenticator = try ClientAuthenticator(authentication)
        let server = RandomProgram("server", pair.server, serverHandler, course) {
            if course.oneIn(2) {
                if (try? serverHandler.updateKeys()) != nil { course.sights.insert(.keyUpdate) }
            } else if (try? serverHandler.requestClientCertificate(authenticator)) != nil {
                course.certificateRequestCount += 1
                course.sights.insert(.certificateRequest)
            }
        }
        return (client, server)
    }

    private func clientOptions() throws -> ClientHandlerOptions {
        let credential = try TestCredentials.credential("ed25519")
        var options = ClientHandlerOptions()
        options.earlyData = earlyData
        if course.oneIn(3) { options.verifyServer = later("client") { .accepted(path: try $0.verify()) } }
        if course.oneIn(2) { options.chooseCredential = later("client") { _ in credential } }
        if course.oneIn(3) { options.sign = later("client") { try $0.sign() } }
        return options
    }

    private func serverOptions() -> ServerHandlerOptions {
        let server = server
        var options = ServerHandlerOptions()
        options.earlyData = course.pick([.immediately, .afterHandshake])
        if course.oneIn(3) { options.chooseConfiguration = later("server") { _ in ServerChoice(server) } }
        if course.oneIn(3) { options.sign = later("server") { try $0.sign() } }
        if course.oneIn(3) { options.verifyClient = later("server") { .accepted(path: $0.certificateChain) } }
        return options
    }

    /// A step that is answered at once, or when the course says so.
    private func later<Request, Answer: Sendable>(
        _ name: String,
        _ answer: @escaping @Sendable (Request) throws -> Answer
    ) -> HandshakeStep<Request, Answer> {
        let course = NIOLoopBoundBox(course, eventLoop: loop)
        return .future { request, eventLoop in
            let result = Result { try answer(request) }
            course.value.log.append("\(name) is asked by \(Request.self)")
            course.value.questions["\(name)'s \(Request.self)", default: 0] += 1
            if course.value.oneIn(4) { return eventLoop.makeCompletedFuture(result) }
            let promise = eventLoop.makePromise(of: Void.self)
            course.value.awaited.append(promise)
            return promise.futureResult.flatMapThrowing { (_: Void) in try result.get() }
        }
    }
}
