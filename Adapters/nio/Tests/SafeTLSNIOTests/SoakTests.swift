// SPDX-License-Identifier: Apache-2.0

import Foundation
import NIOCore
import NIOEmbedded
import SafeTLS
import TestSupport
import Testing

@testable import Soaking

@Suite("Soak")
struct SoakTests {
    @Test("Twenty seconds of everything that happens to connections leave nothing open, differing or behind")
    func short() throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        // A process of its own: it looks at its memory, which other tests are not to fill. Without optimisation making and comparing
        // bytes takes longest, so there are fewer.
        let soak = try ChildProcess(
            URL(filePath: tests).deletingLastPathComponent().appending(path: "soak").path,
            ["0.34", "20261130", "100000"]
        )
        let outcome = try soak.waitForExit()
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.text.hasSuffix("soak: nothing was wrong\n"))
    }

    @Test("One byte that differs, or one too many, is seen")
    func payload() {
        var sent = Payload(seed: 7, count: 1_000)
        var expected = Payload(seed: 7, count: 1_000)
        let first = sent.next(300, ByteBufferAllocator())
        let second = sent.next(10_000, ByteBufferAllocator())
        #expect(first.readableBytes == 300 && second.readableBytes == 700 && sent.isComplete)
        let isFirst = expected.isNext(first.readableBytesView)
        #expect(isFirst)
        var wrong = Array(second.readableBytesView)
        wrong[699] ^= 1
        let isWrong = expected.isNext(wrong)
        #expect(!isWrong)
        let isMore = expected.isNext(Array(second.readableBytesView) + [0])
        #expect(!isMore)
        let isSecond = expected.isNext(second.readableBytesView)
        #expect(isSecond && expected.isComplete)
    }

    @Test("A connection whose length fields may be damaged is not waited for")
    func damage() throws {
        let channel = EmbeddedChannel(handler: Meddler(.flip, after: 3))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(ByteBuffer(bytes: [23, 3, 3, 0, 1, 9]))
        #expect(try channel.readInbound(as: ByteBuffer.self) == ByteBuffer(bytes: [23, 3, 3, 8, 1, 9]))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
    }

    @Test("Memory that grows is seen, memory that does not is not")
    func growth() {
        let steady = (0..<60).map { 30_000 + ($0 % 7) * 100 }
        #expect(Soak.growth(steady) == nil)
        // Caches that fill in the first seconds.
        #expect(Soak.growth([10_000, 15_000, 20_000, 25_000] + steady) == nil)
        #expect(Soak.growth((0..<60).map { 30_000 + $0 * 400 }) != nil)
    }

    /// What a run of many connections that is as it should be leaves behind, except for some of it.
    private static func ledger(without missing: Soaking.Ledger.Event? = nil, certificates: Int = 2, cuts: Bool = true)
        throws -> Soaking.Ledger
    {
        let ledger = Soaking.Ledger()
        for number in 1...2_000 {
            let plan = Self.plan(number)
            ledger.begin(plan)
            ledger.end(plan, Outcome(isComplete: plan.kind.isGentle || !cuts, failure: nil))
            for event in Soaking.Ledger.Event.allCases where event != missing && event != .mismatch {
                ledger.note(event)
            }
        }
        for name in Certificates.names.prefix(certificates) {
            let credential = try Credential(
                certificateFile: "\(Certificates.directory)/\(name).pem",
                keyFile: "\(Certificates.directory)/\(name).key"
            )
            ledger.note(credential.certificateChain[0])
        }
        return ledger
    }

    private static func plan(_ number: Int) -> Plan {
        var random = SeededNumbers(seed: SeededNumbers.mix(UInt64(number)))
        return Plan(number: number, &random, largest: 1_000)
    }

    @Test("A run in which something did not happen is no good run")
    func missing() throws {
        #expect(try Self.ledger().missing() == [])
        let words: [(Soaking.Ledger.Event, String)] = [
            (.handshake, "handshakes"), (.resumption, "resumptions"), (.earlyDataAccepted, "0-RTT"),
            (.keyUpdate, "key updates"), (.reload, "reloads"),
        ]
        for (event, word) in words {
            let missing = try Self.ledger(without: event).missing()
            #expect(missing.count == 1 && missing[0].contains(word), "\(missing)")
        }
        let same = try Self.ledger(certificates: 1).missing()
        #expect(same == ["too few certificates that clients got to see: 1 instead of at least 2"])
        let whole = try Self.ledger(cuts: false).missing()
        #expect(whole.count == Kind.allCases.count { !$0.isGentle }, "\(whole)")
        #expect(Soaking.Ledger().missing().count == 1)
    }

    @Test("An error behind the last byte, and a client or a connection that does not end, are problems")
    func unclean() throws {
        let ledger = Soaking.Ledger()
        let plan = try #require((1...).lazy.map(Self.plan).first { $0.kind == .plain })
        ledger.begin(plan)
        ledger.end(plan, Outcome(isComplete: true, failure: "not said goodbye"))
        #expect(ledger.problems(patience: .seconds(60)) == ["connection \(plan.number), plain: not said goodbye"])
        let other = Soaking.Ledger()
        other.begin(plan)
        let number = other.opened("a client of sockets")
        #expect(other.problems(patience: .seconds(60)) == [])
        #expect(
            other.problems(patience: .zero) == [
                "stuck: a client of sockets", "not come to its end: client \(plan.number), plain",
            ]
        )
        other.closed(number)
        other.end(plan, Outcome(isComplete: true, failure: nil))
        #expect(other.problems(patience: .zero) == [])
    }

    @Test("A descriptor that is left open is a problem")
    func leak() {
        #expect(Soak.leak(17, 17) == nil)
        #expect(Soak.leak(17, 18) != nil)
    }

    @Test("The same seed plans the same connections")
    func plans() {
        func kinds(_ seed: UInt64) -> [Kind] {
            (1...2_000).map { number in
                var random = SeededNumbers(seed: SeededNumbers.mix(seed &+ UInt64(number)))
                return Plan(number: number, &random, largest: 1_000).kind
            }
        }
        #expect(kinds(1) == kinds(1))
        #expect(kinds(1) != kinds(2))
        #expect(Set(kinds(1)) == Set(Kind.allCases))
    }
}
