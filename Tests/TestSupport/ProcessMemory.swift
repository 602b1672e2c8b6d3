// SPDX-License-Identifier: Apache-2.0

package import Foundation

/// The memory of another process that it can write to, as Linux shows it to its owner.
package enum ProcessMemory {
    /// How often each of some byte strings occurs.
    ///
    /// - Throws: `ChildProcessError` when the process cannot be looked into.
    package static func occurrences(of patterns: [Data], in process: Int32) throws -> [Int] {
        guard let maps = try? KernelFile.text("/proc/\(process)/maps"),
            let memory = FileHandle(forReadingAtPath: "/proc/\(process)/mem")
        else { throw ChildProcessError("the memory of process \(process) cannot be read") }
        defer { try? memory.close() }
        var counts = patterns.map { _ in 0 }
        var total = 0
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
            guard fields[1].hasPrefix("rw"), ends.count == 2, !line.contains("[v") else { continue }
            // What a process has mapped and never touched may be unreadable.
            guard (try? memory.seek(toOffset: ends[0])) != nil,
                let bytes = try? memory.read(upToCount: Int(ends[1] - ends[0]))
            else { continue }
            total += bytes.count
            for (index, pattern) in patterns.enumerated() { counts[index] += count(pattern, in: bytes) }
        }
        guard total > 0 else { throw ChildProcessError("process \(process) shows no memory") }
        return counts
    }

    private static func count(_ pattern: Data, in bytes: Data) -> Int {
        var count = 0
        var rest = bytes.startIndex..<bytes.endIndex
        while let found = bytes.range(of: pattern, in: rest) {
            count += 1
            rest = found.upperBound..<bytes.endIndex
        }
        return count
    }

    /// The children of a process.
    package static func children(of process: Int32) throws -> [Int32] {
        let list = try KernelFile.text("/proc/\(process)/task/\(process)/children")
        return list.split(separator: " ").compactMap { Int32($0) }
    }
}
