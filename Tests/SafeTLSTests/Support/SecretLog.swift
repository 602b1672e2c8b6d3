// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import SafeTLS

/// A key log in memory.
final class SecretLog: KeyLog {
    private let collected = Mutex<[String]>([])

    var lines: [String] { collected.withLock { $0 } }

    func log(_ line: String) { collected.withLock { $0.append(line) } }

    /// The secret that was logged last under a label; empty when there is none.
    func secret(_ label: KeyLogLabel) -> [UInt8] {
        let line = lines.last { $0.hasPrefix(label.rawValue + " ") }
        return hex(String(line?.split(separator: " ").last ?? ""))
    }
}
