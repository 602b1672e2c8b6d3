// SPDX-License-Identifier: Apache-2.0

import NIOCore
import SafeTLS
import TLSCertificates

/// What the driver of a connection needs of a session beyond what servers and clients share.
protocol DrivenSession: TLSSession, ~Copyable {
    /// The options of the session's handler.
    associatedtype Options: DriverOptions

    /// How to ask the program what the session waits for; nil when it waits for nothing. Not asked before the caller's access to the
    /// session has ended.
    func ask(_ options: Options, on eventLoop: any EventLoop) -> Question?

    /// Takes the program's answer.
    mutating func take(_ answer: HandshakeAnswer) throws(TLSError)

    mutating func reject(_ alert: AlertDescription, reason: String)

    var verifiedPath: [Certificate] { get }

    /// Whether a session whose handshake has just been completed has nothing to send but tickets: the peer waits for none of them.
    var hasOnlyTickets: Bool { get }

    /// What a server agrees on while it takes 0-RTT data.
    var earlyParameters: NegotiatedParameters? { get }

    /// Seals 0-RTT data if all of them can be sent.
    ///
    /// - Returns: Whether they were.
    mutating func sealEarly(_ plaintext: ByteBuffer, into output: inout ByteBuffer) throws(TLSError) -> Bool
}

/// What the options of both sides have.
protocol DriverOptions: Sendable {
    var handshakeTimeout: TimeAmount? { get }
    var closeTimeout: TimeAmount { get }
    var deliversEarlyData: Bool { get }
    var firstData: ByteBuffer? { get }
}

extension ServerHandlerOptions: DriverOptions {
    var deliversEarlyData: Bool { earlyData == .immediately }
    var firstData: ByteBuffer? { nil }
}

extension ClientHandlerOptions: DriverOptions {
    var deliversEarlyData: Bool { false }
    var firstData: ByteBuffer? { earlyData }
}

/// Asks the program.
typealias Question = () -> EventLoopFuture<HandshakeAnswer>

/// The program's answer to a request of either side.
enum HandshakeAnswer: Sendable {
    case configuration(ServerChoice)
    case signature([UInt8])
    case verdict(Verdict)
    case credential(Credential?)
}

extension HandshakeStep {
    func ask(
        _ request: Request,
        on eventLoop: any EventLoop,
        _ wrap: @escaping @Sendable (Answer) -> HandshakeAnswer
    ) -> EventLoopFuture<HandshakeAnswer> {
        answer(request, eventLoop).map(wrap).hop(to: eventLoop)
    }
}

extension HandshakeStep<SignatureRequest, [UInt8]> {
    /// Has the program sign; where it has not said how, a key that is deferred by itself signs on the event loop.
    static func signing(
        _ step: HandshakeStep?,
        _ request: SignatureRequest,
        on eventLoop: any EventLoop
    ) -> Question {
        let step = step ?? .immediate { request in try request.sign() }
        return { step.ask(request, on: eventLoop) { .signature($0) } }
    }
}

extension HandshakeStep<VerificationRequest, Verdict> {
    /// Has the program judge. One that throws what `VerificationRequest.verify()` throws has refused the chain.
    func judge(_ request: VerificationRequest, on eventLoop: any EventLoop) -> EventLoopFuture<HandshakeAnswer> {
        let step = HandshakeStep { request, eventLoop in
            answer(request, eventLoop).flatMapErrorThrowing { error in
                guard let rejection = error as? CertificateRejection else { throw error }
                return .rejected(rejection)
            }
        }
        return step.ask(request, on: eventLoop) { .verdict($0) }
    }
}

extension ServerSession: DrivenSession {
    typealias Options = ServerHandlerOptions

    func ask(_ options: ServerHandlerOptions, on eventLoop: any EventLoop) -> Question? {
        switch request {
        case .clientHello(let hello):
            options.chooseConfiguration.map { step in { step.ask(hello, on: eventLoop) { .configuration($0) } } }
        case .signature(let request):
            HandshakeStep.signing(options.sign, request, on: eventLoop)
        case .verifyPeer(let request):
            options.verifyClient.map { step in { step.judge(request, on: eventLoop) } }
        case nil: nil
        }
    }

    mutating func take(_ answer: HandshakeAnswer) throws(TLSError) {
        switch answer {
        case .configuration(let choice):
            try self.answer(configuration: choice.configuration, applicationProtocol: choice.applicationProtocol)
        case .signature(let signature): try self.answer(signature: signature)
        case .verdict(let verdict): try self.answer(verification: verdict)
        case .credential: throw .misuse(.noSuchRequest)
        }
    }

    /// In TLS 1.2 it is the server that ends the handshake.
    var hasOnlyTickets: Bool { !isHandshaking && negotiated?.version == .tls13 }

    var earlyParameters: NegotiatedParameters? { earlyNegotiated }

    mutating func sealEarly(_ plaintext: ByteBuffer, into output: inout ByteBuffer) throws(TLSError) -> Bool { false }
}

extension ClientSession: DrivenSession {
    typealias Options = ClientHandlerOptions

    func ask(_ options: ClientHandlerOptions, on eventLoop: any EventLoop) -> Question? {
        switch request {
        case .verifyPeer(let request):
            options.verifyServer.map { step in { step.judge(request, on: eventLoop) } }
        case .certificate(let request):
            options.chooseCredential.map { step in { step.ask(request, on: eventLoop) { .credential($0) } } }
        case .signature(let request):
            HandshakeStep.signing(options.sign, request, on: eventLoop)
        case nil: nil
        }
    }

    mutating func take(_ answer: HandshakeAnswer) throws(TLSError) {
        switch answer {
        case .verdict(let verdict): try self.answer(verification: verdict)
        case .credential(let credential): try self.answer(credential: credential)
        case .signature(let signature): try self.answer(signature: signature)
        case .configuration: throw .misuse(.noSuchRequest)
        }
    }

    var hasOnlyTickets: Bool { false }

    var earlyParameters: NegotiatedParameters? { nil }

    mutating func sealEarly(_ plaintext: ByteBuffer, into output: inout ByteBuffer) throws(TLSError) -> Bool {
        let count = plaintext.readableBytes
        guard count > 0, earlyDataCapacity >= count else { return false }
        let sealed = try output.append(upTo: sealedByteCount(for: count)) { memory throws(TLSError) in
            try sealEarlyData(plaintext.readableBytesUInt8Span, into: &memory)
        }
        guard sealed.consumed == count else { throw .internalFailure("0-RTT data found no room") }
        return true
    }
}
