// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite("Records that wait for the transport")
struct OutputQueueTests {
    private struct Failure: Error {}

    private func append(_ bytes: [UInt8], room: Int? = nil, to queue: inout OutputQueue) {
        queue.append(room: room ?? bytes.count) { span, offset in
            for (index, byte) in bytes.enumerated() { span[offset + index] = byte }
            return bytes.count
        }
    }

    private func pending(_ queue: borrowing OutputQueue) -> [UInt8] { copyBytes(queue.pending) }

    @Test("what is appended comes out in order, without the room that was not needed")
    func order() {
        var queue = OutputQueue()
        append([1, 2], room: 10, to: &queue)
        append([3], room: 5, to: &queue)
        #expect(pending(queue) == [1, 2, 3])
        queue.discard(2)
        append([4], to: &queue)
        #expect(pending(queue) == [3, 4])
        let count = queue.count
        #expect(count == 2)
    }

    @Test("more, or less than nothing, cannot be discarded", arguments: [-1, 0, 3, 4, Int.max])
    func discard(count: Int) {
        var queue = OutputQueue()
        append([1, 2, 3], to: &queue)
        queue.discard(count)
        #expect(pending(queue) == (count > 0 ? [] : [1, 2, 3]))
    }

    @Test("a record that cannot be written leaves what waited before")
    func failure() {
        var queue = OutputQueue()
        append([1, 2], to: &queue)
        queue.discard(1)
        #expect(throws: Failure.self) {
            try queue.append(room: 8) { span, offset throws(Failure) in
                span[offset] = 9
                throw Failure()
            }
        }
        #expect(pending(queue) == [2])
    }

    @Test("a short buffer gets a part, and the rest waits", arguments: 0...6)
    func move(room: Int) {
        var queue = OutputQueue()
        append([1, 2, 3, 4], to: &queue)
        var buffer = [UInt8](repeating: 0, count: 1 + room)
        var span = buffer.mutableSpan
        let end = queue.move(into: &span, at: 1)
        #expect(end == 1 + min(room, 4))
        #expect(Array(buffer[1..<end]) == Array([1, 2, 3, 4].prefix(room)))
        #expect(pending(queue) == Array([1, 2, 3, 4].dropFirst(room)))
    }
}
