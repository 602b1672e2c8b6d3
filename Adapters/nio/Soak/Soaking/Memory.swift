// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the process holds, as Linux tells it.
struct Memory: Sendable {
    /// All resident pages, in KiB.
    var resident = 0
    /// Those of them that are no file's: heap and stacks, in KiB.
    var anonymous = 0
    var descriptors = 0

    static func now() -> Memory {
        var memory = Memory()
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        for line in status.split(separator: "\n") {
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count >= 2, let value = Int(fields[1]) else { continue }
            if fields[0] == "VmRSS:" { memory.resident = value }
            if fields[0] == "RssAnon:" { memory.anonymous = value }
        }
        memory.descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        return memory
    }
}
