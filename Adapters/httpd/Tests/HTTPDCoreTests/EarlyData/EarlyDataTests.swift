// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Synchronization
import Testing

@testable import HTTPDCore

/// Who takes 0-RTT data, and that none are taken twice.
@Suite struct EarlyDataTests {
    /// Words as processes share them, and a place to do something between two accesses.
    private final class Words: SharedWords {
        let words: Mutex<[UInt64]>
        let beforeExchange = Mutex<(@Sendable (Words) -> Void)?>(nil)
        let beforeLoad = Mutex<(@Sendable (Words) -> Void)?>(nil)

        init(count: Int) { words = Mutex([UInt64](repeating: 0, count: count)) }

        var count: Int { words.withLock { $0.count } }
        func load(_ index: Int) -> UInt64 {
            if index > 0, let action = beforeLoad.withLock({ $0.take() }) { action(self) }
            return words.withLock { $0[index] }
        }
        func exchange(_ index: Int, from old: UInt64, to new: UInt64) -> Bool {
            if index > 0, let action = beforeExchange.withLock({ $0.take() }) { action(self) }
            return words.withLock { words in
                guard words[index] == old else { return false }
                words[index] = new
                return true
            }
        }
    }

    private static func binder(_ number: Int) -> [UInt8] {
        let bytes = [UInt8(number >> 8), UInt8(number & 255)]
        return [0, 1] + bytes + [0, 0] + bytes + [UInt8](repeating: 7, count: 24)
    }

    @Test func oneWindowTwice() {
        let register = ReplayRegister(Words(count: 1 + 2 * 16))
        func isFirst(_ number: Int, at now: Int64) -> Bool {
            register.isFirst(Self.binder(number), now: now, window: 10)
        }
        #expect(isFirst(1, at: 1000) && isFirst(2, at: 1000))
        #expect(!isFirst(1, at: 1000) && !isFirst(1, at: 1022) && !isFirst(2, at: 1022))
        // A ClientHello as old as this is refused by its age.
        #expect(isFirst(1, at: 1023))
        // One second back is another thread's clock, more than that is a clock set back.
        #expect(isFirst(3, at: 1022) && !isFirst(4, at: 1021) && isFirst(4, at: 1023))
    }

    @Test func takesNothingWithoutAPlace() {
        let register = ReplayRegister(Words(count: 17))
        for number in 0..<16 { #expect(register.isFirst(Self.binder(number), now: 50, window: 10)) }
        #expect(!register.isFirst(Self.binder(16), now: 50, window: 10))
        #expect(!register.isFirst(Self.binder(16), now: 72, window: 10))
        #expect(register.isFirst(Self.binder(16), now: 73, window: 10))
        for count in [0, 1, 16] {
            #expect(!ReplayRegister(Words(count: count)).isFirst(Self.binder(1), now: 50, window: 10))
        }
        #expect(
            !register.isFirst([1, 2, 3], now: 73, window: 10) && !register.isFirst(Self.binder(99), now: -1, window: 10)
        )
    }

    /// Two processes look at the same time: the one that comes second to the place sees who was there.
    @Test func samePlaceAtTheSameTime() {
        let words = Words(count: 17)
        words.beforeExchange.withLock {
            $0 = { words in #expect(ReplayRegister(words).isFirst(Self.binder(5), now: 50, window: 10)) }
        }
        #expect(!ReplayRegister(words).isFirst(Self.binder(5), now: 50, window: 10))
    }

    /// An earlier place has come to its end for the other process only.
    @Test func otherPlaceAtTheSameTime() {
        let words = Words(count: 17)
        #expect(ReplayRegister(words).isFirst(Self.binder(1), now: 50, window: 10))
        words.beforeExchange.withLock {
            $0 = { words in _ = ReplayRegister(words).isFirst(Self.binder(5), now: 73, window: 10) }
        }
        #expect(!ReplayRegister(words).isFirst(Self.binder(5), now: 72, window: 10))
    }

    /// What was there has ended for others, and is gone, while this process had to wait after its look at the clock.
    @Test func placeThatEndsMeanwhile() {
        let words = Words(count: 17)
        #expect(ReplayRegister(words).isFirst(Self.binder(5), now: 50, window: 10))
        words.beforeLoad.withLock {
            $0 = { words in #expect(ReplayRegister(words).isFirst(Self.binder(6), now: 73, window: 10)) }
        }
        #expect(!ReplayRegister(words).isFirst(Self.binder(5), now: 70, window: 10))
    }

    @Test func manyThreads() async {
        let register = ReplayRegister(Words(count: ReplayRegisterLayout.words))
        let taken = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<500).count { register.isFirst(Self.binder($0), now: 50, window: 10) }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(taken == 500)
    }

    private static func policy(_ directives: [String], _ replays: Bool = true) throws -> ServerPolicy? {
        let settings = try Fixture.settings { settings in
            for directive in directives {
                let words = directive.split(separator: " ").map(String.init)
                _ = try settings.apply(ssl: words[0], Array(words.dropFirst()), at: SSLLine { $0 })
            }
        }
        let register = replays ? ReplayRegister(Words(count: 17)) : nil
        try settings.makePolicy(names: VirtualHostNames(exact: ["host.test"], patterns: []), replays: register)
        return settings.policy
    }

    @Test(arguments: [("TLSEarlyData on", true), ("SSLEarlyData on", true), ("TLSEarlyData off", false)])
    func directive(text: String, takes: Bool) throws {
        let options = try #require(try Self.policy([text])).configuration.options
        #expect((options.earlyData != nil) == takes && (options.earlyData?.replayProtection != nil) == takes)
        let without = try #require(try Self.policy([text], false))
        #expect(without.configuration.options.earlyData == nil)
    }

    @Test func notOfClientsThatSayWhoTheyAre() throws {
        try Fixture.withFile(Fixture.certificate) { file in
            let policy = try Self.policy(["TLSEarlyData on", "TLSClientCA \(file)", "TLSClientCertificate optional"])
            #expect(policy?.configuration.options.earlyData == nil && policy != nil)
        }
    }

    /// Servers that share the keys of tickets do not share what they remember.
    @Test(arguments: ["SSLEarlyData on", "TLSEarlyData on"])
    func notWithSharedKeys(text: String) throws {
        try Fixture.withFile(String(repeating: "secret", count: 8)) { file in
            let face = text.hasPrefix("SSL") ? ["SSLEngine on"] : []
            let keys = text.hasPrefix("SSL") ? "SSLSessionTicketKeyFile" : "TLSTicketKeys"
            let error = #expect(throws: DirectiveError.self) { try Self.policy(face + [text, "\(keys) \(file)"]) }
            #expect(error?.description.contains(keys) == true)
        }
    }

    @Test func methods() {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] { #expect(SafeMethods.contains(method)) }
        for method in ["POST", "PUT", "DELETE", "PATCH", "CONNECT", "get", ""] {
            #expect(!SafeMethods.contains(method))
        }
    }
}
