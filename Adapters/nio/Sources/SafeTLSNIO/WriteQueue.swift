// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Plaintext that waits: for `flush()`, for the end of the handshake, or for a channel that is writable again.
struct WriteQueue {
    struct Write {
        var data: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private var writes: [Write] = []
    private var first = 0
    private var flushed = 0

    /// Whether something waits that was flushed.
    var isFlushed: Bool { first < flushed }

    /// How many places there are, those of writes that have gone included.
    var placeCount: Int { writes.count }

    mutating func append(_ data: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        writes.append(Write(data: data, promise: promise))
    }

    /// Puts data before everything else, as if they had been flushed.
    mutating func insertFirst(_ data: ByteBuffer) {
        writes.insert(Write(data: data, promise: nil), at: first)
        flushed = max(flushed, first) + 1
    }

    /// Takes what is there as flushed.
    mutating func flush() { flushed = writes.count }

    /// The first of what was flushed.
    var next: Write? { isFlushed ? writes[first] : nil }

    /// How many bytes of plaintext the next batch has, and in how many writes, up to about `limit` bytes.
    func batch(_ limit: Int) -> (bytes: Int, writes: Int) {
        var bytes = 0
        var index = first
        while index < flushed && bytes < limit {
            bytes += min(writes[index].data.readableBytes, limit)
            index += 1
        }
        return (bytes, index - first)
    }

    /// Forgets bytes of the first write that were sealed.
    mutating func consume(_ count: Int) { writes[first].data.moveReaderIndex(forwardBy: count) }

    mutating func removeFirst() {
        // The buffer goes now, its place together with others.
        writes[first].data = ByteBuffer()
        first += 1
        if first == writes.count {
            writes.removeAll(keepingCapacity: true)
        } else if first >= 64 && first > writes.count / 2 {
            // A queue that is never empty does not grow for ever.
            writes.removeSubrange(..<first)
        } else {
            return
        }
        flushed -= first
        first = 0
    }

    // Whoever takes writes fails them: their promises may call back, and want to use this queue.

    /// Takes out what was not flushed.
    mutating func takeUnflushed() -> [Write] {
        let rest = Array(writes[flushed...])
        writes.removeSubrange(flushed...)
        return rest
    }

    /// Takes out everything.
    mutating func takeAll() -> [Write] {
        let rest = Array(writes[first...])
        self = WriteQueue()
        return rest
    }
}

extension [WriteQueue.Write] {
    func fail(_ error: any Error) {
        for write in self { write.promise?.fail(error) }
    }
}
