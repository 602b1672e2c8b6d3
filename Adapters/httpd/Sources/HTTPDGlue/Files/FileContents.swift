// SPDX-License-Identifier: Apache-2.0
import CHTTPD
import HTTPDCore

/// Files that hold keys: they are read to memory that is wiped, or that was made for them.
enum FileContents {
    /// Reads files one behind the other, and gives the count of bytes.
    static func read(
        _ files: [String],
        to memory: UnsafeMutablePointer<UInt8>,
        capacity: Int
    ) throws(DirectiveError) -> Int {
        var position = 0
        for file in files {
            let count = unsafe tlsd_read_file(file, memory + position, max(0, capacity - position - 1))
            guard count >= 0 else {
                let code = tlsd_errno()
                let reason = code == EINVAL ? "it is not a regular file" : unsafe String(cString: strerror(code))
                throw DirectiveError(
                    "\(file): cannot be read (\(reason))",
                    isPassing: [EMFILE, ENFILE, ENOMEM, EAGAIN].contains(code)
                )
            }
            position += count
            // Files need not end with a line's end.
            unsafe memory[position] = UInt8(ascii: "\n")
            position += 1
        }
        return position
    }

    /// Calls `body` with the contents of files, one behind the other.
    ///
    /// - Parameter limit: How many bytes they may have together.
    static func with<Result>(
        _ files: [String],
        limit: Int = .max,
        _ body: (Span<UInt8>) throws(DirectiveError) -> Result
    ) throws(DirectiveError) -> Result {
        // The end of a file is only seen where there would be room for more.
        let capacity = files.reduce(0) { $0 + (Stamp($1).map { Int($0.value.size) } ?? 0) + 2 }
        guard capacity - 2 * files.count <= limit else {
            throw DirectiveError("\(files.joined(separator: ", ")): longer than \(limit) bytes")
        }
        guard let memory = unsafe malloc(capacity) else { throw DirectiveError("out of memory", isPassing: true) }
        defer {
            unsafe explicit_bzero(memory, capacity)
            unsafe free(memory)
        }
        let bytes = unsafe memory.bindMemory(to: UInt8.self, capacity: capacity)
        let count = try unsafe read(files, to: bytes, capacity: capacity)
        return try unsafe body(Span(_unsafeElements: UnsafeBufferPointer(start: bytes, count: count)))
    }
}
