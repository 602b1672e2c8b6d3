// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import SafeTLSNIO

@Suite("Deadlines")
struct DeadlineTests {
    /// Notes when its deadline came.
    private final class Probe: TimedConnection {
        var came: [NIODeadline] = []
        var whenCome: ((Probe, any EventLoop) -> Void)?

        override func deadlinePassed(on eventLoop: any EventLoop) {
            came.append(eventLoop.now)
            whenCome?(self, eventLoop)
        }

        func set(_ seconds: Int64, _ eventLoop: any EventLoop) {
            Deadlines.set(eventLoop.now + .seconds(seconds), for: self, on: eventLoop)
        }
    }

    @Test("Each comes when it is due, whatever is set and called off in between")
    func order() throws {
        let loop = EmbeddedEventLoop()
        let probes = (0..<200).map { _ in Probe() }
        var due: [Int: NIODeadline] = [:]
        var expected: [[NIODeadline]] = Array(repeating: [], count: probes.count)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let index = Int.random(in: 0..<probes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0...1:
                let seconds = Int64.random(in: 1..<60, using: &random)
                probes[index].set(seconds, loop)
                due[index] = loop.now + .seconds(seconds)
            case 2:
                Deadlines.callOff(probes[index])
                due[index] = nil
            default:
                loop.advanceTime(by: .seconds(Int64.random(in: 0..<3, using: &random)))
                for (index, time) in due where time <= loop.now {
                    expected[index].append(time)
                    due[index] = nil
                }
            }
        }
        loop.advanceTime(by: .hours(1))
        for (index, time) in due { expected[index].append(time) }
        #expect(probes.map(\.came) == expected)
    }

    @Test("A new one may be set while others are dealt with, also by who has just had one")
    func setWhileServed() {
        let loop = EmbeddedEventLoop()
        let (first, second, third) = (Probe(), Probe(), Probe())
        first.set(10, loop)
        second.set(10, loop)
        third.set(60, loop)
        first.whenCome = { probe, loop in
            if probe.came.count < 3 { probe.set(5, loop) }
            Deadlines.callOff(second)
            third.set(1, loop)
        }
        loop.advanceTime(by: .hours(1))
        let start = NIODeadline.uptimeNanoseconds(0)
        #expect(first.came == [10, 15, 20].map { start + .seconds($0) })
        #expect(second.came.isEmpty)
        #expect(third.came == [11, 16, 21].map { start + .seconds($0) })
    }

    @Test("When none is left neither connection nor loop is held", arguments: [true, false])
    func release(comes: Bool) throws {
        weak var connection: Probe?
        weak var eventLoop: EmbeddedEventLoop?
        try {
            let loop = EmbeddedEventLoop()
            let probe = Probe()
            (connection, eventLoop) = (probe, loop)
            probe.set(30, loop)
            Deadlines.callOff(probe)
            if comes { loop.advanceTime(by: .seconds(30)) } else { try loop.syncShutdownGracefully() }
            #expect(probe.came.isEmpty)
        }()
        #expect(connection == nil)
        #expect(eventLoop == nil)
    }

    @Test("A loop that ends lets go of whoever has one, and takes no more")
    func shutdown() throws {
        weak var connection: Probe?
        weak var eventLoop: EmbeddedEventLoop?
        try {
            let loop = EmbeddedEventLoop()
            let probe = Probe()
            (connection, eventLoop) = (probe, loop)
            probe.set(30, loop)
            probe.set(20, loop)
            try loop.syncShutdownGracefully()
            probe.set(10, loop)
            loop.advanceTime(by: .hours(1))
            #expect(probe.came.isEmpty)
        }()
        #expect(connection == nil)
        #expect(eventLoop == nil)
    }

    @Test(
        "Channels that end call off what other channels of their loop have, as an EmbeddedChannel does: the next one counts"
    )
    func cancelledByOthers() throws {
        let loop = EmbeddedEventLoop()
        let (before, after) = (Probe(), Probe())
        before.set(30, loop)
        _ = try EmbeddedChannel(loop: loop).finish(acceptAlreadyClosed: true)
        after.set(40, loop)
        loop.advanceTime(by: .hours(1))
        #expect(before.came.isEmpty)
        #expect(after.came.count == 1)
        before.set(1, loop)
        loop.advanceTime(by: .seconds(1))
        #expect(before.came.count == 1)
    }

    @Test("Event loops with threads keep their own, the earliest first")
    func threads() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
        let loops = Array(group.makeIterator())
        for loop in loops {
            let order = try await loop.flatSubmit { () -> EventLoopFuture<[Int]> in
                let promise = loop.makePromise(of: [Int].self)
                let (late, soon, never) = (Probe(), Probe(), Probe())
                var order: [Int] = []
                late.whenCome = { _, _ in
                    order.append(2)
                    promise.succeed(order)
                }
                soon.whenCome = { _, _ in order.append(1) }
                never.whenCome = { _, _ in order.append(0) }
                let now = loop.now
                Deadlines.set(now + .milliseconds(20), for: late, on: loop)
                Deadlines.set(now + .milliseconds(10), for: soon, on: loop)
                Deadlines.set(now + .milliseconds(5), for: never, on: loop)
                Deadlines.callOff(never)
                Deadlines.set(loop.now + .hours(1), for: Probe(), on: loop)
                return promise.futureResult
            }.get()
            #expect(order == [1, 2])
        }
        // The one that is left is no reason to wait for.
        try await group.shutdownGracefully()
    }

    @Test("Of many connections on one loop each has its own time for the handshake")
    func connections() throws {
        let loop = EmbeddedEventLoop()
        let configuration = try TestCredentials.server()
        var sides: [Side] = []
        for number in 0..<300 {
            var options = ServerHandlerOptions()
            options.handshakeTimeout = .seconds(Int64(1 + number * 7 % 30))
            sides.append(Side(SafeTLSServerHandler(configuration: configuration, options: options), loop))
            try sides[number].connect()
        }
        // Some go by themselves.
        for side in sides.prefix(30) { side.dropTransport() }
        for second in 1...30 {
            loop.advanceTime(by: .seconds(1))
            for (number, side) in sides.enumerated().dropFirst(30) {
                #expect(side.channel.isActive == (1 + number * 7 % 30 > second))
            }
        }
        let timeouts = sides.map { $0.recorder.errors.filter { $0 is SafeTLSHandlerError }.count }
        #expect(timeouts == Array(repeating: 0, count: 30) + Array(repeating: 1, count: 270))
    }
}
