// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Ports for servers that cannot be told to take any free one.
package enum LoopbackPort {
    // Below the range that the kernel gives to outgoing connections, so that only another test run can be
    // in the way; the process identifier keeps two runs apart.
    private static let range = 12_000..<32_000
    private static let next = Mutex(Int(ProcessInfo.processInfo.processIdentifier) &* 61)

    /// A port that nothing listens on, not given out before in this run.
    package static func free() throws -> Int {
        let taken = try listening()
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
    package static func isListening(_ port: Int) throws -> Bool {
        try listening().contains(port)
    }

    /// Waits until a program listens on `port`.
    package static func wait(for port: Int, by child: ChildProcess) throws {
        try Patience.wait(for: "a listener on port \(port)", by: child, details: { child.transcript }) {
            try isListening(port)
        }
    }

    private static func listening() throws -> Set<Int> {
        var ports: Set<Int> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let bytes = FileManager.default.contents(atPath: table) else { continue }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                guard fields.count > 3, fields[3] == "0A", let hex = fields[1].split(separator: ":").last,
                    let port = Int(hex, radix: 16)
                else { continue }
                ports.insert(port)
            }
        }
        return ports
    }
}
