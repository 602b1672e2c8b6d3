// SPDX-License-Identifier: Apache-2.0

import CSockets

/// Writes a line to standard error. When that fails there is nobody left to tell.
func note(_ line: String) {
    writeAll(Array((line + "\n").utf8), to: 2)
}

/// Writes a line with a name and a value to standard error.
func note(_ name: String, _ value: String) {
    note(name + String(repeating: " ", count: max(1, 15 - name.count)) + value)
}

/// Writes to standard output at once, without the buffering of `print`.
func output(_ bytes: [UInt8]) {
    writeAll(bytes, to: 1)
}

/// Reads from standard input; nil at its end.
func input(upTo count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let length = cs_read(0, &span)
    return length > 0 ? Array(bytes.prefix(length)) : nil
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var start = 0
    while start < bytes.count {
        let written = cs_write(descriptor, bytes.span.extracting(start...))
        guard written > 0 else { return }
        start += written
    }
}
