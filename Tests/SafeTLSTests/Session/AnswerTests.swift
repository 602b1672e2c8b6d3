// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

/// Drivers that answer every request of a handshake with client certificates late, badly, or never.
@Suite("Answers of the driver")
struct AnswerTests {
    /// The requests in the order in which they come.
    enum Step: Int, CaseIterable {
        case configuration, serverSignature, serverVerdict, clientCertificate, clientSignature, clientVerdict

        /// Whether the client's driver is asked.
        var isOfClient: Bool {
            switch self {
            case .serverVerdict, .clientCertificate, .clientSignature: true
            case .configuration, .serverSignature, .clientVerdict: false
            }
        }
    }

    /// Both sides of a handshake whose every request is deferred.
    struct Slow: ~Copyable {
        var client: ClientSession
        var server: ServerSession
        private let configuration: ServerConfiguration
        private var toServer: [UInt8] = []
        private var toClient: [UInt8] = []

        private init(client: consuming ClientSession, configuration: ServerConfiguration) {
            self.client = client
            self.configuration = configuration
            server = ServerSession(
                configuration: configuration,
                deferring: [.clientHello, .signature, .verification]
            )
        }

        static func make(_ version: ProtocolVersion) throws -> Slow {
            var pair = Pair()
            pair.restrict(to: version)
            pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
            return Slow(
                client: try pair.makeClient(deferring: [.verification, .certificate, .signature]),
                configuration: try pair.serverConfiguration()
            )
        }

        /// Carries what there is to carry, a few bytes at a time, until nothing moves.
        mutating func run() throws(TLSError) {
            for _ in 0..<6 {
                try Loopback.feed(&server, Loopback.output(&client), keeping: &toServer, chunk: 7)
                try Loopback.feed(&client, Loopback.output(&server), keeping: &toClient, chunk: 7)
            }
        }

        /// What is being waited for.
        var waiting: Step? {
            switch (client.request, server.request) {
            case (nil, .clientHello): .configuration
            case (nil, .signature): .serverSignature
            case (nil, .verifyPeer): .clientVerdict
            case (.verifyPeer, nil): .serverVerdict
            case (.certificate, nil): .clientCertificate
            case (.signature, nil): .clientSignature
            default: nil
            }
        }

        /// Gives the answer that lets the handshake go on.
        mutating func answer() throws {
            switch (client.request, server.request) {
            case (_, .clientHello): try server.answer(configuration: configuration)
            case (_, .signature(let request)): try server.answer(signature: request.sign())
            case (_, .verifyPeer(let request)): try server.answer(verification: .accepted(path: request.verify()))
            case (.verifyPeer(let request), _): try client.answer(verification: .accepted(path: request.verify()))
            case (.certificate, _): try client.answer(credential: TestCredentials.named("p384"))
            case (.signature(let request), _): try client.answer(signature: request.sign())
            case (nil, nil): Issue.record("nothing is asked")
            }
        }

        /// Goes on until a request comes.
        mutating func advance(to step: Step) throws {
            for expected in Step.allCases {
                try run()
                #expect(waiting == expected)
                if expected == step { return }
                try answer()
            }
        }

        /// Ends the session that asks with an alert.
        mutating func reject(_ step: Step, _ alert: AlertDescription) {
            if step.isOfClient {
                client.reject(alert, reason: "no")
            } else {
                server.reject(alert, reason: "no")
            }
        }
    }

    static let versions = [ProtocolVersion.tls12, .tls13]

    @Test("late answers complete the handshake", arguments: versions)
    func late(version: ProtocolVersion) throws {
        var slow = try Slow.make(version)
        for step in Step.allCases {
            // However often the transport is looked at meanwhile.
            for _ in 0..<3 { try slow.run() }
            #expect(slow.waiting == step)
            let (isClientBusy, isServerBusy) = (slow.client.isHandshaking, slow.server.isHandshaking)
            // A TLS 1.3 client is done when its own flight is out.
            #expect(isServerBusy && (isClientBusy || step == .clientVerdict))
            try slow.answer()
        }
        try slow.run()
        let (isClientBusy, isServerBusy) = (slow.client.isHandshaking, slow.server.isHandshaking)
        #expect(!isClientBusy && !isServerBusy)
        let (chain, scheme) = (slow.server.peerCertificates, slow.server.negotiated?.clientSignatureScheme)
        let expected = try TestCredentials.named("p384").certificateChain
        // In TLS 1.2 a scheme names no curve.
        #expect(chain == expected && scheme == (version == .tls13 ? .ecdsaSECP384R1SHA384 : .ecdsaSECP256R1SHA256))
    }

    @Test("a refusal reaches the peer as its alert", arguments: versions, Step.allCases)
    func refusal(version: ProtocolVersion, step: Step) throws {
        var slow = try Slow.make(version)
        try slow.advance(to: step)
        slow.reject(step, .accessDenied)
        let failure = step.isOfClient ? slow.client.failure : slow.server.failure
        #expect(failure == .refused(alert: .accessDenied, reason: "no"))
        let error: TLSError? =
            step.isOfClient
            ? Loopback.refusal(&slow.server, Loopback.output(&slow.client))
            : Loopback.refusal(&slow.client, Loopback.output(&slow.server))
        #expect(error == .alertReceived(.accessDenied))
        // The answer comes too late.
        #expect(throws: TLSError.refused(alert: .accessDenied, reason: "no")) {
            if step.isOfClient {
                try slow.client.answer(signature: [])
            } else {
                try slow.server.answer(signature: [])
            }
        }
    }

    @Test("signatures that are wrong are found by the peer", arguments: versions)
    func wrongSignatures(version: ProtocolVersion) throws {
        for (step, signature) in [(Step.serverSignature, [UInt8](repeating: 1, count: 64)), (.clientSignature, [])] {
            var slow = try Slow.make(version)
            try slow.advance(to: step)
            if step.isOfClient {
                try slow.client.answer(signature: signature)
            } else {
                try slow.server.answer(signature: signature)
            }
            #expect(throws: TLSError.peerMisbehaved(.badHandshakeSignature)) { try slow.run() }
        }
    }

    @Test("verdicts of rejection end the handshake", arguments: versions)
    func rejections(version: ProtocolVersion) throws {
        let rejection = CertificateRejection(certificate: "x", depth: 0, reason: .unknownIssuer(issuer: "y"))
        for step in [Step.serverVerdict, .clientVerdict] {
            var slow = try Slow.make(version)
            try slow.advance(to: step)
            #expect(throws: TLSError.certificateRejected(rejection)) {
                if step.isOfClient {
                    try slow.client.answer(verification: .rejected(rejection))
                } else {
                    try slow.server.answer(verification: .rejected(rejection))
                }
            }
            let error =
                step.isOfClient
                ? Loopback.refusal(&slow.server, Loopback.output(&slow.client))
                : Loopback.refusal(&slow.client, Loopback.output(&slow.server))
            #expect(error == .alertReceived(.unknownCA))
        }
    }

    @Test("no certificate, or one that does not fit", arguments: versions)
    func certificates(version: ProtocolVersion) throws {
        var slow = try Slow.make(version)
        try slow.advance(to: .clientCertificate)
        try slow.client.answer(credential: nil)
        #expect(throws: TLSError.peerMisbehaved(.noClientCertificate(version))) { try slow.run() }
    }

    @Test("while nobody answers the session can be given up", arguments: versions, Step.allCases)
    func never(version: ProtocolVersion, step: Step) throws {
        // The transport ends.
        var slow = try Slow.make(version)
        try slow.advance(to: step)
        #expect(throws: TLSError.closedDuringHandshake(awaiting: "the rest of the handshake")) {
            if step.isOfClient { try slow.client.endOfInput() } else { try slow.server.endOfInput() }
        }
        let isAsking = step.isOfClient ? slow.client.request != nil : slow.server.request != nil
        #expect(!isAsking)

        // The driver closes.
        slow = try Slow.make(version)
        try slow.advance(to: step)
        if step.isOfClient { slow.client.close() } else { slow.server.close() }
        let error =
            step.isOfClient
            ? Loopback.refusal(&slow.server, Loopback.output(&slow.client))
            : Loopback.refusal(&slow.client, Loopback.output(&slow.server))
        // user_canceled is passed over, close_notify ends what is not complete. A client that is done with its part of a
        // TLS 1.3 handshake takes it for the end.
        let isComplete = version == .tls13 && step == .clientVerdict
        #expect(error == (isComplete ? nil : .alertReceived(.closeNotify)))
    }
}
