// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Synchronization

// Where programs keep their sessions. That this compiles, in debug and in release, is half of what it tests: the examples'
// package builds the same file with optimisation of the whole module.

/// A session as a property of a class, beside its buffers.
final class SessionInClass {
    private var session: ServerSession
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private(set) var writes = 0

    init(_ configuration: ServerConfiguration) { session = ServerSession(configuration: configuration) }

    func receive(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        input += bytes
        var plaintext: [UInt8] = []
        while true {
            let received = try session.receive(&input)
            plaintext += input[received.plaintext]
            input.removeFirst(received.consumed)
            guard received.consumed > 0 else { return plaintext }
        }
    }

    func send(_ plaintext: [UInt8]) throws(TLSError) { try session.seal(plaintext, appendingTo: &output) }

    func takeOutput() -> [UInt8] {
        session.takeOutput { records in
            for index in records.indices { output.append(records[index]) }
            writes += 1
        }
        defer { output = [] }
        return output
    }
}

/// A session as a property of an actor.
actor SessionInActor {
    private var session: ServerSession
    private var input: [UInt8] = []
    private var output: [UInt8] = []

    init(_ configuration: ServerConfiguration) { session = ServerSession(configuration: configuration) }

    func receive(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        input += bytes
        var plaintext: [UInt8] = []
        while true {
            let received = try session.receive(&input, in: 0..<input.count)
            plaintext += input[received.plaintext]
            input.removeFirst(received.consumed)
            guard received.consumed > 0 else { return plaintext }
        }
    }

    func send(_ plaintext: [UInt8]) throws(TLSError) { try session.seal(plaintext.span, appendingTo: &output) }

    func takeOutput() -> [UInt8] {
        session.moveOutput(appendingTo: &output)
        defer { output = [] }
        return output
    }
}

/// A session in a `Mutex`, for threads that take turns.
final class SessionInMutex: Sendable {
    private struct State: ~Copyable {
        var session: ServerSession
        var input: [UInt8] = []
        var output: [UInt8] = []
    }

    private let state: Mutex<State>

    init(_ configuration: ServerConfiguration) {
        state = Mutex(State(session: ServerSession(configuration: configuration)))
    }

    func receive(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        try state.withLock { state throws(TLSError) in
            state.input += bytes
            var plaintext: [UInt8] = []
            while true {
                let received = try state.session.receive(&state.input)
                plaintext += state.input[received.plaintext]
                state.input.removeFirst(received.consumed)
                guard received.consumed > 0 else { return plaintext }
            }
        }
    }

    func send(_ plaintext: [UInt8]) throws(TLSError) {
        try state.withLock { state throws(TLSError) in try state.session.seal(plaintext, appendingTo: &state.output) }
    }

    func takeOutput() -> [UInt8] {
        state.withLock { state in
            // A transport that takes seven bytes at a time.
            while state.session.pendingOutputCount > 0 {
                _ = state.session.offerOutput { records in
                    let count = min(records.count, 7)
                    for index in 0..<count { state.output.append(records[index]) }
                    return count
                }
            }
            defer { state.output = [] }
            return state.output
        }
    }
}

/// A driver of either side, as the handler of an event loop is one: its closures are `Sendable` and know its type, and it
/// answers what the session waits for.
final class SessionInGenericClass<Session: TLSSession & ~Copyable> {
    private var session: Session
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private(set) var answered: [String] = []
    /// What the last request was, as a closure that another thread may run.
    private(set) var describe: @Sendable () -> String = { "none" }

    init(_ session: consuming Session) { self.session = session }

    var isHandshaking: Bool { session.isHandshaking }
    var negotiated: NegotiatedParameters? { session.negotiated }
    var verifiedPathCount: Int { session.verifiedPath.count }

    func receive(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        input += bytes
        var plaintext: [UInt8] = []
        while true {
            let received = try session.receive(&input)
            plaintext += input[received.plaintext]
            input.removeFirst(received.consumed)
            guard received.consumed > 0 else { return plaintext }
        }
    }

    /// Answers one request.
    ///
    /// - Returns: Whether there was one.
    func answer(_ configuration: ServerConfiguration?, _ credential: Credential?) throws(TLSError) -> Bool {
        guard let request = session.pendingRequest else { return false }
        switch request {
        case .clientHello:
            guard let configuration else { return false }
            note("clientHello")
            try session.answer(.configuration(configuration, applicationProtocol: .automatic))
        case .certificate:
            note("certificate")
            try session.answer(.credential(credential))
        case .signature(let request):
            note("signature")
            try session.answer(.signature(try request.sign()))
        case .verifyPeer(let request):
            note("verifyPeer")
            try session.answer(.verification(request.verdict()))
        }
        return true
    }

    func refuse(with answer: SessionAnswer) throws(TLSError) { try session.answer(answer) }

    func send(_ plaintext: [UInt8]) throws(TLSError) {
        let room = session.sealedByteCount(for: plaintext.count)
        try output.append(addingCapacity: room) { free throws(TLSError) in
            _ = try session.seal(plaintext.span, into: &free)
        }
    }

    func takeOutput() -> [UInt8] {
        output.append(addingCapacity: session.pendingOutputCount) { free in session.moveOutput(into: &free) }
        defer { output = [] }
        return output
    }

    private func note(_ request: String) {
        answered.append(request)
        describe = { "\(Self.name): \(request)" }
    }

    private static var name: String { String(describing: Session.self) }
}
