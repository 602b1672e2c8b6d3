// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import Testing

@testable import SafeTLS

@Suite("Where sessions are kept")
struct KeepingTests {
    private static let data = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }

    /// An echo over a client of the test's and a server that is kept somewhere.
    private func echo(
        receive: ([UInt8]) async throws -> [UInt8],
        send: ([UInt8]) async throws -> Void,
        takeOutput: () async -> [UInt8]
    ) async throws {
        let pair = Pair()
        var client = try pair.makeClient()
        var waiting: [UInt8] = []
        for _ in 0..<4 where client.isHandshaking {
            _ = try await receive(Loopback.output(&client))
            try Loopback.feed(&client, await takeOutput(), keeping: &waiting)
        }
        _ = try await receive(Loopback.output(&client))
        let sealed = try Loopback.seal(&client, Self.data)
        let arrived = try await receive(sealed)
        try await send(arrived)
        let returned = try Loopback.feed(&client, await takeOutput())
        let isSame = returned == Self.data
        #expect(isSame)
    }

    @Test("in a class")
    func inClass() async throws {
        let keeper = SessionInClass(try Pair().serverConfiguration())
        try await echo {
            try keeper.receive($0)
        } send: {
            try keeper.send($0)
        } takeOutput: {
            keeper.takeOutput()
        }
        // A write for each flight, and none when nothing waits.
        let writes = keeper.writes
        #expect(writes > 0)
        #expect(keeper.takeOutput().isEmpty && keeper.writes == writes)
    }

    @Test("in an actor")
    func inActor() async throws {
        let keeper = SessionInActor(try Pair().serverConfiguration())
        try await echo {
            try await keeper.receive($0)
        } send: {
            try await keeper.send($0)
        } takeOutput: {
            await keeper.takeOutput()
        }
    }

    @Test("in a Mutex")
    func inMutex() async throws {
        let keeper = SessionInMutex(try Pair().serverConfiguration())
        try await echo {
            try keeper.receive($0)
        } send: {
            try keeper.send($0)
        } takeOutput: {
            keeper.takeOutput()
        }
    }

    @Test("in a generic class, which answers every request of both sides", arguments: [ProtocolVersion.tls12, .tls13])
    func inGenericClass(version: ProtocolVersion) async throws {
        var pair = Pair()
        pair.restrict(to: version)
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        let configuration = try pair.serverConfiguration()
        let credential = try TestCredentials.named("p384")
        let server = SessionInGenericClass(
            ServerSession(configuration: configuration, deferring: [.clientHello, .signature, .verification])
        )
        let client = SessionInGenericClass(try pair.makeClient(deferring: [.verification, .certificate, .signature]))
        for _ in 0..<12 {
            _ = try server.receive(client.takeOutput())
            while try server.answer(configuration, nil) { _ = try server.receive([]) }
            _ = try client.receive(server.takeOutput())
            while try client.answer(nil, credential) { _ = try client.receive([]) }
        }
        #expect(!client.isHandshaking && !server.isHandshaking)
        #expect(client.negotiated?.version == version && server.negotiated?.version == version)
        #expect(server.answered == ["clientHello", "signature", "verifyPeer"])
        #expect(Set(client.answered) == ["verifyPeer", "certificate", "signature"])
        #expect(client.verifiedPathCount > 1 && server.verifiedPathCount > 1)
        let words = await Task.detached { [describe = server.describe] in describe() }.value
        #expect(words == "ServerSession: verifyPeer")

        try client.send(Self.data)
        let arrived = try server.receive(client.takeOutput())
        let isSame = arrived == Self.data
        #expect(isSame)
    }

    @Test("an answer to what nobody asked changes nothing")
    func wrongAnswers() throws {
        let configuration = try Pair().serverConfiguration()
        let server = SessionInGenericClass(ServerSession(configuration: configuration))
        #expect(throws: TLSError.misuse(.noSuchRequest)) { try server.refuse(with: .credential(nil)) }
        #expect(throws: TLSError.misuse(.noSuchRequest)) { try server.refuse(with: .signature([])) }
        let client = SessionInGenericClass(try Pair().makeClient())
        #expect(throws: TLSError.misuse(.noSuchRequest)) {
            try client.refuse(with: .configuration(configuration, applicationProtocol: .automatic))
        }
        _ = try server.receive(client.takeOutput())
        _ = try client.receive(server.takeOutput())
        _ = try server.receive(client.takeOutput())
        #expect(client.negotiated != nil && server.negotiated != nil)
    }
}

@Suite("Forms of output")
struct OutputFormTests {
    struct Full: Error {}

    @Test("what was not sent waits on")
    func failedSend() throws {
        var client = try Pair().makeClient()
        let count = client.pendingOutputCount
        #expect(count > 0)
        #expect(throws: Full.self) { try client.takeOutput { _ throws(Full) in throw Full() } }
        #expect(throws: Full.self) { try client.offerOutput { _ throws(Full) in throw Full() } }
        #expect(client.pendingOutputCount == count)
        // A count that cannot be is as many as there are.
        #expect(client.offerOutput { _ in -1 } == 0)
        #expect(client.offerOutput { $0.count + 1 } == count)
        #expect(client.pendingOutputCount == 0)
        client.takeOutput { _ in Issue.record("nothing waits") }
        #expect(client.offerOutput { _ in 1 } == 0)
    }

    @Test("an output span gets what it has room for, behind what it holds", arguments: [0, 1, 100, 100_000])
    func outputSpan(room: Int) throws {
        var client = try Pair().makeClient()
        var reference = try Pair().makeClient()
        let expected = Loopback.output(&reference)
        var bytes: [UInt8] = [1, 2, 3]
        bytes.append(addingCapacity: room) { free in
            let moved = client.moveOutput(into: &free)
            #expect(moved == min(room, expected.count))
        }
        #expect(bytes == [1, 2, 3] + expected.prefix(room))
        client.moveOutput(appendingTo: &bytes)
        #expect(bytes == [1, 2, 3] + expected)
    }

    @Test("sealing behind what is there", arguments: [0, 1, 16_384, 40_000])
    func sealed(count: Int) throws {
        let pair = Pair()
        var client = try pair.makeClient()
        var server = try pair.makeServer()
        try Loopback.run(&client, &server)
        let data = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var records: [UInt8] = [7]
        try client.seal(data, appendingTo: &records)
        try client.seal(data.span, appendingTo: &records)
        #expect(records.first == 7)
        records.removeFirst()
        let received = try Loopback.feed(&server, records)
        let isSame = received == data + data
        #expect(isSame)

        // With too little room, as much as fits.
        guard count > 100 else { return }
        var short = Sealed(consumed: 0, written: 0)
        var part: [UInt8] = []
        try part.append(addingCapacity: 100) { free throws(TLSError) in short = try client.seal(data.span, into: &free)
        }
        #expect(short.consumed > 0 && short.consumed < 100 && part.count == short.written)
        let arrived = try Loopback.feed(&server, part)
        #expect(arrived == Array(data.prefix(short.consumed)))
    }

    @Test("a session that cannot seal appends nothing")
    func refused() throws {
        var client = try Pair().makeClient()
        var records: [UInt8] = [7]
        #expect(throws: TLSError.misuse(.handshakeIncomplete)) { try client.seal([1], appendingTo: &records) }
        #expect(records == [7])
    }
}
