// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Ports for servers that cannot be told to take any free one.
package enum LoopbackPort {
    /// Below the range that the kernel gives to outgoing connections, so that only another test run can be in the way: those
    /// that know of each other have each a part, `SAFETLS_TEST_PORTS=12000-15000`, and the process identifier keeps others apart.
    private static let range = range(ProcessInfo.processInfo.environment["SAFETLS_TEST_PORTS"])
    private static let next = Mutex(Int(ProcessInfo.processInfo.processIdentifier) &* 61)

    /// The ports from the first number to before the second, of all those that tests use.
    package static func range(_ text: String?) -> Range<Int> {
        let all = 12_000..<32_000
        let ends = (text ?? "").split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] < ends[1] else { return all }
        let part = (ends[0]..<ends[1]).clamped(to: all)
        return part.isEmpty ? all : part
    }

    /// A port that nothing listens on, not given out before in this run.
    package static func free() throws -> Int {
        let taken = listening()
        for _ in 0..<range.count {
            let number = next.withLock { next in
                next &+= 1
                return range.lowerBound + abs(next % range.count)
            }
            if !taken.contains(number) { return number }
        }
        throw ChildProcessError("every port from \(range.lowerBound) to \(range.upperBound) is in use")
    }

    /// Whether something listens on `port`.
    package static func isListening(_ port: Int) -> Bool {
        listening().contains(port)
    }

    /// Waits until a program listens on `port`.
    package static func wait(for port: Int, by child: ChildProcess) throws {
        try Patience.wait(for: "a listener on port \(port)", by: child, details: { child.transcript }) {
            isListening(port)
        }
    }

    /// How many bytes of connections to `port` wait in the kernel: those that the other end has not got, and those that it has not read.
    package static func waitingBytes(at port: Int) -> Int {
        sockets(inState: "01").filter { $0.port == port || $0.peer == port }.map(\.waiting).reduce(0, +)
    }

    private static func listening() -> Set<Int> {
        Set(sockets(inState: "0A").map(\.port))
    }

    /// What the kernel's tables of TCP have, by its numbers of states: 01 is a connection, 0A listens.
    private static func sockets(inState state: String) -> [(port: Int, peer: Int, waiting: Int)] {
        // There is none of IPv6 where the kernel has none.
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].compactMap { try? KernelFile.data($0) }
        // The first lines are of those that listen. The last ones, thousands after a while, are of connections that have ended.
        let lines = tables.flatMap { table in
            let last = table.range(of: Data(" \(state) ".utf8), options: .backwards)?.upperBound ?? table.startIndex
            return String(decoding: table[..<last] + table[last...].prefix(40), as: UTF8.self).split(separator: "\n")
        }
        return lines.compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[3] == state else { return nil }
            // The ports behind addresses, the counts of both queues.
            let numbers = fields[1...4].map { $0.split(separator: ":").compactMap { Int($0.suffix(8), radix: 16) } }
            guard numbers[0].count == 2, numbers[1].count == 2, numbers[3].count == 2 else { return nil }
            return (numbers[0][1], numbers[1][1], numbers[3][0] + numbers[3][1])
        }
    }
}
