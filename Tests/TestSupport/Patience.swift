// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Waits for what has to come, however slow and busy the machine is.
///
/// A wait is given up when the child that has to act does nothing any more: neither runs nor stands in line for a processor.
/// A number of seconds would be too short on one machine and too long on another.
package struct Patience {
    /// How long a child may do nothing while it is waited for, in looks. Long enough for timers of its own, as httpd's.
    private static let stillness = 120
    /// How long a wait lasts at most, also for a child that is busy with something else, in looks.
    private static let whole = 1200
    /// From one look to the next. Looks are counted, and not the time: while this process is kept from running, so may be the child.
    private static let pause: TimeInterval = 0.5

    private let child: Int32?
    private var lastLook = Date.distantPast
    private var looks = 0
    private var lastSign = 0
    private var activity: UInt64 = 0

    /// - Parameter child: The process that has to act, with its descendants; without one the whole time counts.
    package init(_ child: Int32? = nil) {
        self.child = child
    }

    /// Whether there is nothing to wait for any more.
    package mutating func isOver() -> Bool {
        let now = Date()
        // A clock may be set back.
        guard abs(now.timeIntervalSince(lastLook)) >= Self.pause else { return false }
        lastLook = now
        looks += 1
        guard let child else { return looks > Self.whole / 4 }
        let activity = Self.activity(of: child)
        if activity != self.activity { (self.activity, lastSign) = (activity, looks) }
        return looks > Self.whole || looks - lastSign > Self.stillness
    }

    /// Looks again and again until there is a value.
    ///
    /// - Parameters:
    ///   - what: What is missing when the wait is given up.
    ///   - child: Who has to bring it about.
    ///   - details: What else the error is to say.
    package static func wait<Value>(
        for what: String,
        by child: ChildProcess? = nil,
        details: () -> String = { "" },
        until find: () throws -> Value?
    ) throws -> Value {
        var patience = Patience(child?.processIdentifier)
        while true {
            let ran = child?.isRunning ?? true
            if let value = try find() { return value }
            guard ran, !patience.isOver() else {
                let end = ran ? "does not come" : "does not come: \(child?.command ?? "") has ended"
                throw ChildProcessError("\(what) \(end)\n\(details())")
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    /// Waits until a condition holds.
    package static func wait(
        for what: String,
        by child: ChildProcess? = nil,
        details: () -> String = { "" },
        until condition: () throws -> Bool
    ) throws {
        try wait(for: what, by: child, details: details) { () throws -> Void? in try condition() ? () : nil }
    }

    /// A number that changes when a process or one of its descendants has run, or has waited for a processor.
    private static func activity(of process: Int32) -> UInt64 {
        func text(_ name: String) -> String {
            (try? KernelFile.text("/proc/\(process)/\(name)")) ?? ""
        }
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        var sum: UInt64 = 0
        for thread in threads {
            // Time on a processor, time in line for one, how often it got one.
            for number in text("task/\(thread)/schedstat").split(separator: " ").prefix(3) {
                sum &+= UInt64(number) ?? 0
            }
            for child in text("task/\(thread)/children").split(separator: " ") {
                sum &+= Int32(child).map(activity) ?? 0
            }
        }
        return sum
    }
}
