// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto
import Testing

@testable import SafeTLS

/// CRYPTO bytes that nobody means well with. What is checked is that sessions end in an error with a code, or wait for more, and
/// never trap, hang or agree with a peer that has not got the same messages.
@Suite("QUIC against hostile input")
struct QUICHostileInputTests {
    private struct Bytes {
        let random: SeededRandom

        init(_ seed: UInt64) { random = SeededRandom(seed: seed) }

        func some(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }

        var level: QUICLevel { QUICLevel.allCases[random.below(3)] }

        /// Changes bytes: some, their order, their end, or what is behind them.
        func damage(_ bytes: inout [UInt8]) {
            guard !bytes.isEmpty else { return }
            switch random.below(6) {
            case 0:
                for _ in 0..<1 + random.below(4) { bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8)) }
            case 1: bytes.removeLast(1 + random.below(bytes.count))
            case 2: bytes += some(1 + random.below(300))
            case 3:
                let start = random.below(bytes.count)
                bytes.replaceSubrange(
                    start..<min(bytes.count, start + 1 + random.below(20)),
                    with: some(random.below(20))
                )
            case 4: bytes[min(1, bytes.count - 1)] = UInt8(truncatingIfNeeded: random.next())
            default: bytes = some(bytes.count)
            }
        }
    }

    /// Either nothing has failed, or with something that a CONNECTION_CLOSE can say.
    private func check<Session: QUICSession & ~Copyable>(_ session: borrowing Session) {
        let (failure, isComplete) = (session.failure, session.isHandshakeComplete)
        guard let failure else { return }
        let code = failure.quicErrorCode
        #expect(code.map { $0 == 0x0A || $0 == 0x0D || (0x0100...0x01FF).contains($0) } == true, "\(failure)")
        #expect(!isComplete || session.negotiated != nil)
    }

    @Test("random bytes", arguments: 0..<8)
    func random(part: Int) throws {
        let configurations = (try Pair.quic().clientConfiguration(), try Pair.quic().serverConfiguration())
        for seed in 0..<60 {
            let bytes = Bytes(UInt64(part * 60 + seed))
            var connection = QUICConnection(
                try Pair.quic().makeQUICClient(configurations.0),
                try Pair.quic().makeQUICServer(configurations.1)
            )
            for _ in 0..<12 {
                var input = bytes.some(bytes.random.below(500))
                // A header that promises more or less makes more of it than one message in 256 types.
                if input.count > 4, bytes.random.below(2) == 0 {
                    input[0] = [1, 2, 4, 5, 8, 11, 13, 15, 20, 24, 25][bytes.random.below(11)]
                    (input[1], input[2]) = (0, UInt8(bytes.random.below(2)))
                }
                let level = bytes.random.below(4) > 0 ? QUICLevel.initial : bytes.level
                _ = QUICConnection.refusal(&connection.client, input, at: level)
                _ = QUICConnection.refusal(&connection.server, input, at: level)
            }
            check(connection.client)
            check(connection.server)
            let isComplete = connection.client.isHandshakeComplete || connection.server.isHandshakeComplete
            #expect(!isComplete)
        }
    }

    @Test("handshakes that are damaged on the way", arguments: 0..<16)
    func damaged(part: Int) throws {
        var pair = Pair.quic()
        pair.server.clientAuthentication = ClientAuthentication(.required, trustAnchors: TestCredentials.anchors)
        pair.client.credentials = [try TestCredentials.named("p384")]
        pair.server.ticketCount = 1
        if part.isMultiple(of: 3) { (pair.client.groups, pair.server.groups) = ([.x25519, .secp256r1], [.secp256r1]) }
        let configurations = (try pair.clientConfiguration(), try pair.serverConfiguration())
        var completed = 0
        for seed in 0..<60 {
            let bytes = Bytes(UInt64(10_000 + part * 60 + seed))
            var connection = QUICConnection(
                try pair.makeQUICClient(configurations.0),
                try pair.makeQUICServer(configurations.1)
            )
            // The first messages are damaged in some runs, later ones in others.
            var healthy = bytes.random.below(6)
            let chunk = [Int.max, 1, 7, 300][bytes.random.below(4)]
            var isDamaged = false
            let change: (QUICLevel, inout [UInt8]) -> Void = { _, input in
                healthy -= 1
                guard healthy < 0, bytes.random.below(2) == 0 else { return }
                let before = input
                bytes.damage(&input)
                if input != before { isDamaged = true }
            }
            do {
                for _ in 0..<5 {
                    try connection.toServer(chunk: chunk, change: change)
                    try connection.toClient(chunk: chunk, change: change)
                }
            } catch is TLSError {}
            check(connection.client)
            check(connection.server)
            let (client, server) = (connection.client.negotiated, connection.server.negotiated)
            if client != nil && server != nil {
                completed += 1
                #expect(client == server)
            }
            // Of the handshake itself nothing may be changed.
            if isDamaged && client != nil && server != nil {
                let sent = connection.clientStack.secret(.application, .sending)
                let received = connection.serverStack.secret(.application, .receiving)
                // A server whose client goes on behind its Finished has failed, with what nobody had taken of it.
                let failure = connection.server.failure
                #expect(sent == received || received == nil && failure != nil)
            }
        }
        #expect(completed < 60)
    }

    @Test("flights that are cut off anywhere wait for the rest")
    func truncated() throws {
        let configurations = (try Pair.quic().clientConfiguration(), try Pair.quic().serverConfiguration())
        var whole = QUICConnection(
            try Pair.quic().makeQUICClient(configurations.0),
            try Pair.quic().makeQUICServer(configurations.1)
        )
        try whole.toServer()
        let lengths = whole.serverStack.waiting.map(\.bytes.count)
        for length in stride(from: 0, to: lengths[1], by: 61) {
            var connection = QUICConnection(
                try Pair.quic().makeQUICClient(configurations.0),
                try Pair.quic().makeQUICServer(configurations.1)
            )
            try connection.toServer()
            try connection.toClient { level, bytes in
                if level == .handshake { bytes.removeLast(bytes.count - min(length, bytes.count)) }
            }
            let (failure, isHandshaking) = (connection.client.failure, connection.client.isHandshaking)
            #expect(failure == nil && isHandshaking)
        }
    }
}
