// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// How a soak is to run.
public struct SoakSettings: Sendable {
    /// What everything random follows from.
    public var seed: UInt64
    /// How long connections are opened, at least.
    public var seconds: Int
    /// How many connections there are at least, however long they take: with fewer chance has the word.
    public var connections = 150
    /// How many clients there are at a time.
    public var clients = 8
    /// How long each of them rests between two connections: a processor is not taken whole.
    public var pause = Duration.milliseconds(30)
    /// The most bytes of a payload.
    public var largestPayload = 1_000_000
    /// How often there is a report, in seconds.
    public var reportInterval = 30
    /// How long a connection may be open before it counts as stuck. The longest of them wait for timeouts of twenty seconds,
    /// and slow readers take some more.
    public var patience = Duration.seconds(120)

    /// Creates settings with these, and the others as documented.
    public init(seed: UInt64, seconds: Int) {
        self.seed = seed
        self.seconds = seconds
    }
}

/// Servers and clients on loopback that do to each other what happens to connections, for a while.
public struct Soak: Sendable {
    let settings: SoakSettings
    let ledger = Ledger()
    private let server: SoakServer
    private let client: SoakClient

    /// Makes certificates' configurations ready, see ``run(_:)``.
    public init(_ settings: SoakSettings) throws {
        self.settings = settings
        let clock = SoakClock()
        server = try SoakServer(ledger, clock, seed: settings.seed)
        client = try SoakClient(ledger, clock)
    }

    /// Runs, and reports on the way.
    ///
    /// - Returns: What was wrong; nothing when all is well.
    public func run(_ report: @escaping @Sendable (String) -> Void) async throws -> [String] {
        report("seed \(settings.seed): \(settings.clients) clients for \(settings.seconds) s")
        let ports = try await server.start()
        // The first rest that is not over at once opens a descriptor of the runtime's own, a timer's.
        try await Task.sleep(for: .milliseconds(200))
        let descriptors = Memory.now().descriptors
        let start = ContinuousClock.now
        let end = start + .seconds(settings.seconds)
        let isRunning: @Sendable () -> Bool = { [ledger, settings] in
            ContinuousClock.now < end || ledger.begunCount < settings.connections
        }
        // Not in a group: what is stuck would keep the group waiting for ever.
        var tasks = (0..<settings.clients).map { _ in Task { try await work(while: isRunning, ports) } }
        tasks.append(Task { try await server.reload(while: isRunning) })
        report(Row.head)
        var samples: [Memory] = []
        var second = 0
        // Nothing that is wrong gets better by waiting.
        while isRunning(), ledger.problems(patience: settings.patience).isEmpty {
            second += 1
            try await Task.sleep(until: start + .seconds(second), clock: .continuous)
            samples.append(Memory.now())
            if second % settings.reportInterval == 0 { report(Row.text(second, ledger, Memory.now())) }
        }
        for task in tasks where !ledger.problems(patience: settings.patience).isEmpty { task.cancel() }
        let isAtRest = try await rest()
        if isAtRest { for task in tasks { _ = await task.result } }
        var found = ledger.problems(patience: settings.patience)
        // After a problem it has not run to its end.
        if isAtRest && found.isEmpty { found += ledger.missing() }
        if let growth = Self.growth(samples.map(\.anonymous)) { found.append(growth) }
        if isAtRest {
            if let leak = Self.leak(descriptors, Memory.now().descriptors) { found.append(leak) }
        } else {
            found += ledger.open(longerThan: .zero).map { "still open at the end: \($0)" }
            found += ledger.running(longerThan: .zero).map { "not come to its end: \($0)" }
        }
        report(Row.text(second, ledger, Memory.now()))
        summarize(report)
        guard found.isEmpty else { return found }
        try await server.stop()
        try await client.stop()
        return found
    }

    /// Waits for what is open, which ends by itself; false when it does not.
    private func rest() async throws -> Bool {
        let last = ContinuousClock.now + settings.patience
        while ledger.openCount > 0 || ledger.runningCount > 0 {
            guard ContinuousClock.now < last else { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return true
    }

    private func work(while isRunning: () -> Bool, _ ports: Ports) async throws {
        while isRunning() {
            let number = ledger.nextNumber()
            var random = SeededNumbers(seed: SeededNumbers.mix(settings.seed &+ UInt64(number)))
            let plan = Plan(number: number, &random, largest: settings.largestPayload)
            switch plan.kind {
            // It waits for the server's timeout, and the next need not wait for that.
            case .silent, .noise: Task { try await client.run(plan, ports) }
            default: try await client.run(plan, ports)
            }
            try await Task.sleep(for: settings.pause)
        }
    }

    private func summarize(_ report: (String) -> Void) {
        for kind in Kind.allCases {
            guard let counts = ledger.kinds[kind] else { continue }
            report(
                "  \(kind.rawValue): \(counts.begun) begun, \(counts.complete) complete, \(counts.ended) cut short, "
                    + "\(counts.failed) failed"
            )
        }
    }
}

/// A time that passes, within the validity of the test certificates.
struct SoakClock: Sendable {
    private let start = ContinuousClock.now

    func now() -> Int64 { 1_800_000_000 + start.duration(to: .now).components.seconds }
}

/// The lines of a report.
enum Row {
    static let head = line([
        "s", "begun", "complete", "cut", "failed", "resumed", "0-RTT", "key upd.", "reloads", "open", "RSS KiB",
        "anon KiB", "fds",
    ])

    static func text(_ second: Int, _ ledger: Ledger, _ memory: Memory) -> String {
        let kinds = ledger.kinds.values
        return line(
            [
                second, kinds.reduce(0) { $0 + $1.begun }, kinds.reduce(0) { $0 + $1.complete },
                kinds.reduce(0) { $0 + $1.ended }, kinds.reduce(0) { $0 + $1.failed }, ledger.count(.resumption),
                ledger.count(.earlyDataAccepted), ledger.count(.keyUpdate), ledger.count(.reload), ledger.openCount,
                memory.resident, memory.anonymous, memory.descriptors,
            ].map { "\($0)" }
        )
    }

    private static func line(_ fields: [String]) -> String {
        fields.map { String(repeating: " ", count: max(9 - $0.utf8.count, 1)) + $0 }.joined()
    }
}
