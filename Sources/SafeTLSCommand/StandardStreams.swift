// SPDX-License-Identifier: Apache-2.0

import CSockets
import SafeTLSSockets

/// Which of the standard streams were closed when the command began, 1, 2 and 4 added up, or a code. Since then /dev/null takes
/// their places.
let closedStreams = cs_open_standard_streams()

/// Nobody reads standard output any more: there is nothing left to do, and nothing to say.
struct OutputClosed: Error {}

/// Writes a line to standard error. When that fails there is nobody left to tell.
func note(_ line: String) {
    _ = writeAll(Array((line + "\n").utf8), to: 2)
}

/// Writes a line with a name and a value to standard error.
func note(_ name: String, _ value: String) {
    note(name + String(repeating: " ", count: max(1, 15 - name.count)) + value)
}

/// Writes to standard output at once, without the buffering of `print`.
///
/// - Throws: `OutputClosed` when nobody reads it any more, `Failure` when not all of it could be written.
func output(_ bytes: [UInt8]) throws {
    let code = writeAll(bytes, to: 1)
    guard code < 0 else { return }
    guard code != cs_broken_pipe else { throw OutputClosed() }
    throw Failure(.output, SocketError("cannot write to standard output", code: code).description)
}

/// The same for something that the command does nothing else but print: closed, standard output does not do then.
func outputWhatIsWanted(_ bytes: [UInt8]) throws {
    guard closedStreams & 2 == 0 else { throw Failure(.output, "cannot write to standard output: it is closed") }
    try output(bytes)
}

/// Reads from standard input; nil at its end.
func input(upTo count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    let length = cs_read(0, &span)
    // Where it does not block, somebody else may have read it.
    if length == cs_would_block { return [] }
    return length > 0 ? Array(bytes.prefix(length)) : nil
}

/// Writes all bytes, also where the descriptor does not block: whoever has started the command may have it so.
///
/// - Returns: 0, or the code of the write that failed.
private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int {
    var start = 0
    while start < bytes.count {
        let written = cs_write(descriptor, bytes.span.extracting(start...))
        if written > 0 {
            start += written
        } else if written == cs_would_block {
            var interests = [cs_interest(descriptor, read: false, write: true)]
            _ = try? cs_interest.wait(for: &interests, milliseconds: -1)
        } else {
            return written
        }
    }
    return 0
}
