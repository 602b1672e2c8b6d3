// SPDX-License-Identifier: Apache-2.0
import CHTTPD

/// Plaintext that is collected until a full record, or several, can be sealed: response headers, small buckets, and
/// pieces of files. Memory is held only while a response is under way.
@safe struct Stage: ~Copyable {
    /// Where small pieces are collected: one record (RFC 9846 §5.1).
    static let small = 16_384
    /// Where large files pass through: four records to a write.
    static let large = 65_536

    private var memory: UnsafeMutablePointer<UInt8>?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit {
        unsafe free(memory)
    }

    var isFull: Bool { count == capacity }
    var contents: UnsafeBufferPointer<UInt8> { unsafe UnsafeBufferPointer(start: memory, count: count) }

    /// Makes the stage at least this large, keeping what it holds. False if memory is out.
    mutating func reserve(_ wanted: Int) -> Bool {
        guard capacity < wanted else { return true }
        guard let grown = unsafe realloc(memory, wanted) else { return false }
        unsafe memory = grown.bindMemory(to: UInt8.self, capacity: wanted)
        capacity = wanted
        return true
    }

    /// Copies as much of `bytes` as there is room for, and returns how much that was.
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let taken = min(bytes.count, capacity - count)
        guard taken > 0, let memory = unsafe memory, let source = bytes.baseAddress else { return 0 }
        unsafe (memory + count).update(from: source, count: taken)
        count += taken
        return taken
    }

    /// Reads from a file bucket as much as there is room for. Nil with `errno` set if that fails, 0 at the file's end.
    mutating func append(file bucket: Bucket) -> Int? {
        guard let memory = unsafe memory else { return 0 }
        let taken = unsafe tlsd_file_bucket_take(bucket.pointer, memory + count, apr_size_t(capacity - count))
        guard taken >= 0 else { return nil }
        count += taken
        return taken
    }

    mutating func removeAll() {
        count = 0
    }

    /// Gives the memory back if nothing is in it.
    mutating func releaseIfEmpty() {
        guard count == 0 else { return }
        unsafe free(memory)
        unsafe memory = nil
        capacity = 0
    }
}
