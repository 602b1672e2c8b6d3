// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// Certificates that servers ask for after the handshake (RFC 9846 §4.7.2).
@Suite("TLS 1.3 post-handshake authentication")
struct PostHandshakeAuthenticationTests {
    private static let authenticator = Result {
        try ClientAuthenticator(ClientAuthentication(.optional, trustAnchors: TestCredentials.anchors))
    }

    private static func connection(_ credential: String? = "ed25519") throws -> Connection {
        let credentials = try credential.map { [try TestCredentials.named($0)] } ?? []
        return try Connection { pair in
            pair.client.offersPostHandshakeAuthentication = true
            pair.client.credentials = credentials
        }
    }

    /// Carries what there is both ways.
    private static func run(_ connection: inout Connection) throws(TLSError) {
        try Loopback.run(&connection.client, &connection.server)
    }

    @Test("a client answers, whatever keys are in use", arguments: [0, 1, 2])
    func answer(updates: Int) throws {
        var connection = try Self.connection()
        for _ in 0..<updates {
            try connection.client.updateKeys(requestingPeer: true)
            try connection.server.updateKeys(requestingPeer: false)
            #expect(try connection.works())
        }
        for _ in 0..<2 {
            try connection.server.requestClientCertificate(Self.authenticator.get())
            // Data may come before the answer, and keys change.
            try connection.client.updateKeys(requestingPeer: false)
            #expect(try connection.up([1]) == [1])
            let isPending = connection.server.isClientCertificatePending
            #expect(isPending)
            try Self.run(&connection)
            let (isLate, chain) = (connection.server.isClientCertificatePending, connection.server.peerCertificates)
            let expected = try TestCredentials.named("ed25519").certificateChain
            #expect(!isLate && chain == expected)
            let (scheme, path) = (connection.server.negotiated?.clientSignatureScheme, connection.server.verifiedPath)
            #expect(scheme == .ed25519 && path.count > 1)
        }
        #expect(try connection.works())
    }

    @Test("a client without certificate declines")
    func decline() throws {
        var connection = try Self.connection(nil)
        try connection.server.requestClientCertificate(Self.authenticator.get())
        try Self.run(&connection)
        let (isPending, chain) = (connection.server.isClientCertificatePending, connection.server.peerCertificates)
        #expect(!isPending && chain.isEmpty)
        #expect(try connection.works())

        let insisting = try ClientAuthenticator(
            ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        )
        try connection.server.requestClientCertificate(insisting)
        #expect(throws: TLSError.peerMisbehaved(.noClientCertificate(.tls13))) { try Self.run(&connection) }
        #expect(throws: TLSError.alertReceived(.certificateRequired)) { try Self.run(&connection) }
    }

    @Test("a chain that leads nowhere is refused")
    func untrusted() throws {
        var connection = try Self.connection()
        var authentication = ClientAuthentication(.optional, trustAnchors: try TestCredentials.otherAnchors())
        authentication.authorityNames = .none
        try connection.server.requestClientCertificate(ClientAuthenticator(authentication))
        do throws(TLSError) {
            try Self.run(&connection)
            Issue.record("the chain was accepted")
        } catch {
            #expect(error.alert == .unknownCA)
        }
        let chain = connection.server.peerCertificates
        #expect(chain.isEmpty)
    }

    @Test("a client that did not offer it is not asked, and does not answer")
    func notOffered() throws {
        var connection = try Connection()
        let offers = connection.server.offersPostHandshakeAuthentication
        #expect(!offers)
        #expect(throws: TLSError.misuse(.noPostHandshakeAuthentication)) {
            try connection.server.requestClientCertificate(Self.authenticator.get())
        }
        #expect(try connection.works())
        let request = try Self.authenticator.get().request(context: [1])
        connection = try Connection()
        let record = try connection.serverForger().seal(request)
        #expect(Loopback.refusal(&connection.client, record)?.alert == .unexpectedMessage)
    }

    @Test("misuse does not end a session")
    func misuse() throws {
        var connection = try Self.connection()
        try connection.server.requestClientCertificate(Self.authenticator.get())
        #expect(throws: TLSError.misuse(.requestPending)) {
            try connection.server.requestClientCertificate(Self.authenticator.get())
        }
        #expect(throws: TLSError.misuse(.noSuchRequest)) {
            try connection.server.answer(verification: .accepted(path: []))
        }
        #expect(throws: TLSError.misuse(.noSuchRequest)) { try connection.client.answer(signature: []) }
        try Self.run(&connection)
        #expect(try connection.works())

        var pair = Pair()
        pair.restrict(to: .tls12)
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        #expect(throws: TLSError.misuse(.handshakeIncomplete)) {
            try server.requestClientCertificate(Self.authenticator.get())
        }
        try Loopback.run(&client, &server)
        #expect(throws: TLSError.misuse(.needsTLS13)) {
            try server.requestClientCertificate(Self.authenticator.get())
        }
    }

    // MARK: Answers that take time

    private struct Deferred: ~Copyable {
        var client: ClientSession
        var server: ServerSession
        var toServer: [UInt8] = []
        var toClient: [UInt8] = []

        /// A connection whose server has asked.
        static func make() throws -> Deferred {
            var pair = Pair.tls13()
            pair.client.offersPostHandshakeAuthentication = true
            let client = try pair.makeClient(deferring: [.certificate, .signature])
            var both = Deferred(client: client, server: try pair.makeServer(deferring: .verification))
            try both.run()
            try both.server.requestClientCertificate(PostHandshakeAuthenticationTests.authenticator.get())
            try both.run()
            return both
        }

        mutating func run() throws(TLSError) {
            for _ in 0..<4 {
                try Loopback.feed(&server, Loopback.output(&client), keeping: &toServer)
                try Loopback.feed(&client, Loopback.output(&server), keeping: &toClient)
            }
        }

        /// Whether data still get through to the server while the client thinks.
        mutating func sends() throws(TLSError) -> Bool {
            let data: [UInt8] = [1, 2]
            let arrived = try Loopback.feed(&server, Loopback.seal(&client, data), keeping: &toServer)
            return arrived == data
        }
    }

    @Test("certificate, signature and verdict may come late")
    func late() throws {
        var both = try Deferred.make()
        guard case .certificate(let request) = both.client.request else {
            Issue.record("no certificate is asked for")
            return
        }
        #expect(try both.sends())
        let credential = try TestCredentials.named("p256")
        #expect(!request.signatureSchemes.isEmpty)
        try both.client.answer(credential: credential)
        guard case .signature(let signature) = both.client.request else {
            Issue.record("no signature is asked for")
            return
        }
        // Nothing of the answer is out yet, so data do not come between its messages.
        #expect(try both.sends())
        try both.client.answer(signature: signature.sign())
        try both.run()
        guard case .verifyPeer(let verification) = both.server.request else {
            Issue.record("no verdict is asked for")
            return
        }
        let early = both.server.peerCertificates
        #expect(early.isEmpty)
        // What the client sends meanwhile waits.
        both.toServer += try Loopback.seal(&both.client, [7])
        try both.server.answer(verification: .accepted(path: try verification.verify()))
        #expect(try Loopback.feed(&both.server, [], keeping: &both.toServer) == [7])
        let chain = both.server.peerCertificates
        #expect(chain == credential.certificateChain)
    }

    @Test("without trust anchors only the driver's verdict accepts", arguments: [true, false])
    func noAnchors(isDeferred: Bool) throws {
        var authentication = ClientAuthentication(.optional, trustAnchors: TrustAnchors([]))
        #expect(throws: ConfigurationError.self) { try ClientAuthenticator(authentication) }
        authentication.allowsNoTrustAnchors = true
        let authenticator = try ClientAuthenticator(authentication)
        var pair = Pair.tls13()
        pair.client.offersPostHandshakeAuthentication = true
        pair.client.credentials = [try TestCredentials.named("p256")]
        var both = Deferred(
            client: try pair.makeClient(),
            server: try pair.makeServer(deferring: isDeferred ? .verification : [])
        )
        try both.run()
        try both.server.requestClientCertificate(authenticator)
        guard isDeferred else {
            do throws(TLSError) {
                try both.run()
                Issue.record("the chain was accepted")
            } catch {
                #expect(error.alert == .unknownCA)
            }
            return
        }
        try both.run()
        guard case .verifyPeer(let verification) = both.server.request else {
            Issue.record("no verdict is asked for")
            return
        }
        #expect(throws: CertificateRejection.self) { try verification.verify() }
        try both.server.answer(verification: .accepted(path: []))
        try both.run()
        let (chain, path) = (both.server.peerCertificates, both.server.verifiedPath)
        #expect(try chain == TestCredentials.named("p256").certificateChain && path.isEmpty)
    }

    @Test("a wrong signature, a bad verdict and a refusal end the connection")
    func failing() throws {
        var both = try Deferred.make()
        try both.client.answer(credential: TestCredentials.named("p256"))
        try both.client.answer(signature: [1, 2, 3])
        #expect(throws: TLSError.peerMisbehaved(.badHandshakeSignature)) { try both.run() }

        both = try Deferred.make()
        try both.client.answer(credential: TestCredentials.named("p256"))
        guard case .signature(let signature) = both.client.request else { return }
        try both.client.answer(signature: signature.sign())
        try both.run()
        let rejection = CertificateRejection(certificate: "x", depth: 0, reason: .unknownIssuer(issuer: "y"))
        #expect(throws: TLSError.certificateRejected(rejection)) {
            try both.server.answer(verification: .rejected(rejection))
        }
        #expect(throws: TLSError.alertReceived(.unknownCA)) {
            try Loopback.feed(&both.client, Loopback.output(&both.server), keeping: &both.toClient)
        }

        both = try Deferred.make()
        both.client.reject(.userCanceled, reason: "no")
        let failure = both.client.failure
        #expect(failure == .refused(alert: .userCanceled, reason: "no"))
    }

    @Test("a client that never answers keeps nothing from working")
    func never() throws {
        var both = try Deferred.make()
        for _ in 0..<100 { #expect(try both.sends()) }
        both.client.close()
        try both.run()
        let (isClosed, isPending) = (both.server.isPeerClosed, both.server.isClientCertificatePending)
        #expect(isClosed && isPending)
    }

    // MARK: Order

    /// The client's answer, message by message.
    private static func messages(_ connection: inout Connection) throws -> [[UInt8]] {
        try connection.server.requestClientCertificate(authenticator.get())
        try Loopback.feed(&connection.client, Loopback.output(&connection.server))
        let opener = try connection.clientForger()
        var content: [UInt8] = []
        for record in WireBytes.records(Loopback.output(&connection.client)) {
            content += try opener.open(record).content
        }
        return WireBytes.messages(content)
    }

    @Test("nothing comes between the messages of an answer", arguments: [0, 1, 2, 3])
    func consecutive(index: Int) throws {
        for what in ["data", "key update", "hello", "nothing"] {
            var connection = try Self.connection()
            let messages = try Self.messages(&connection)
            #expect(messages.map { $0[0] } == [11, 15, 20])
            let forger = try connection.clientForger()
            for message in messages.prefix(index) { try Loopback.feed(&connection.server, forger.seal(message)) }
            let isBetween = index == 1 || index == 2
            let refusal =
                switch what {
                case "data": Loopback.refusal(&connection.server, try forger.seal([1], .applicationData))
                case "key update": Loopback.refusal(&connection.server, try forger.seal([24, 0, 0, 1, 0]))
                case "hello": Loopback.refusal(&connection.server, try forger.seal([1, 0, 0, 0]))
                default:
                    try messages[index...].compactMap { Loopback.refusal(&connection.server, try forger.seal($0)) }
                        .first
                }
            let isRefused = what == "hello" || (isBetween && what != "nothing")
            #expect(refusal?.alert == (isRefused ? .unexpectedMessage : nil), "\(what) at \(index)")
        }
    }

    @Test("messages of an answer in another order, or unasked, are refused")
    func order() throws {
        for order in [[1], [2], [0, 0], [0, 2], [0, 1, 1], [0, 1, 2, 0], [0, 1, 2, 2]] {
            var connection = try Self.connection()
            let messages = try Self.messages(&connection)
            let forger = try connection.clientForger()
            var refusal: TLSError?
            for index in order where refusal == nil {
                refusal = Loopback.refusal(&connection.server, try forger.seal(messages[index]))
            }
            #expect(refusal?.alert == .unexpectedMessage, "\(order)")
        }
        var connection = try Self.connection()
        let record = try connection.clientForger().seal([11, 0, 0, 4, 0, 0, 0, 0])
        #expect(Loopback.refusal(&connection.server, record)?.alert == .unexpectedMessage)
    }

    @Test("an answer is checked: context, signature, Finished")
    func changed() throws {
        let changes: [(index: Int, offset: Int, AlertDescription)] = [
            (0, 5, .illegalParameter), (1, -1, .decryptError), (2, -1, .decryptError),
        ]
        for (index, offset, alert) in changes {
            var connection = try Self.connection()
            var messages = try Self.messages(&connection)
            let position = offset < 0 ? messages[index].count + offset : offset
            messages[index][position] ^= 1
            let forger = try connection.clientForger()
            var refusal: TLSError?
            for message in messages where refusal == nil {
                refusal = Loopback.refusal(&connection.server, try forger.seal(message))
            }
            #expect(refusal?.alert == alert)
            let chain = connection.server.peerCertificates
            #expect(chain.isEmpty)
        }
    }

    @Test("an answer does not fit another request")
    func replay() throws {
        var connection = try Self.connection()
        let messages = try Self.messages(&connection)
        let forger = try connection.clientForger()
        for message in messages { try Loopback.feed(&connection.server, forger.seal(message)) }
        try connection.server.requestClientCertificate(Self.authenticator.get())
        #expect(Loopback.refusal(&connection.server, try forger.seal(messages[0]))?.alert == .illegalParameter)
    }

    @Test("a flood of requests ends the connection")
    func flood() throws {
        var connection = try Self.connection(nil)
        let request = try Self.authenticator.get().request(context: [9])
        let forger = try connection.serverForger()
        for _ in 0..<TLSLimits.certificateRequests {
            try Loopback.feed(&connection.client, forger.seal(request))
            _ = Loopback.output(&connection.client)
        }
        let refusal = Loopback.refusal(&connection.client, try forger.seal(request))
        #expect(refusal == .peerMisbehaved(.tooMany("certificate requests")))
    }

    @Test("a resumed session can be asked, and its tickets stand for no certificate")
    func resumption() throws {
        var pair = Pair.tls13()
        pair.client.offersPostHandshakeAuthentication = true
        pair.client.sessionCacheCapacity = 1
        pair.client.credentials = [try TestCredentials.named("ed25519")]
        pair.server.ticketCount = 1
        let clientConfiguration = try pair.clientConfiguration()
        let serverConfiguration = try pair.serverConfiguration()
        for isResumed in [false, true, true] {
            var client = try ClientSession(configuration: clientConfiguration, serverName: .dns(pair.serverName))
            var server = ServerSession(configuration: serverConfiguration)
            try Loopback.run(&client, &server)
            let (wasResumed, before) = (server.negotiated?.isResumed, server.peerCertificates)
            #expect(wasResumed == isResumed && before.isEmpty)
            try server.requestClientCertificate(Self.authenticator.get())
            try Loopback.run(&client, &server)
            let after = server.peerCertificates
            #expect(after.count == 1)
        }
    }
}
