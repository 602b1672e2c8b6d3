// SPDX-License-Identifier: Apache-2.0
import CHTTPD

/// One bucket of a brigade: some data, the promise of some, or a mark in the stream.
@safe struct Bucket {
    let pointer: UnsafeMutablePointer<apr_bucket>

    var isMetadata: Bool { unsafe tlsd_bucket_is_metadata(pointer) }
    var isFlush: Bool { unsafe tlsd_bucket_is_flush(pointer) }
    var isEndOfStream: Bool { unsafe tlsd_bucket_is_eos(pointer) }
    var isEndOfConnection: Bool { unsafe tlsd_bucket_is_end_of_connection(pointer) }
    var isFile: Bool { unsafe tlsd_bucket_is_file(pointer) }
    var length: Int { unsafe pointer.pointee.length }

    /// Takes the bucket out of its brigade.
    func remove() { unsafe tlsd_bucket_remove(pointer) }

    /// Takes the bucket out of its brigade and frees it.
    func delete() { unsafe tlsd_bucket_delete(pointer) }

    /// Cuts the bucket in two after `count` bytes; the rest follows it in the brigade.
    func split(at count: Int) -> apr_status_t { unsafe tlsd_bucket_split(pointer, apr_size_t(count)) }

    /// The bucket's bytes, which stay valid until the bucket is changed or deleted.
    func read(blocking: Bool, into bytes: inout UnsafeBufferPointer<UInt8>) -> apr_status_t {
        var start: UnsafePointer<CChar>?
        var count: apr_size_t = 0
        let status = unsafe tlsd_bucket_read(
            pointer,
            &start,
            &count,
            blocking ? APR_BLOCK_READ : APR_NONBLOCK_READ
        )
        let raw = unsafe UnsafeRawPointer(start)?.assumingMemoryBound(to: UInt8.self)
        unsafe bytes = UnsafeBufferPointer(start: raw, count: unsafe raw == nil ? 0 : count)
        return status
    }
}

/// A list of buckets.
@safe struct Brigade {
    let pointer: UnsafeMutablePointer<apr_bucket_brigade>

    init(_ pointer: UnsafeMutablePointer<apr_bucket_brigade>) {
        unsafe self.pointer = pointer
    }

    /// An empty brigade that lives as long as the pool.
    init?(pool: OpaquePointer, allocator: OpaquePointer) {
        guard let brigade = unsafe apr_brigade_create(pool, allocator) else { return nil }
        unsafe pointer = brigade
    }

    var isEmpty: Bool { unsafe tlsd_brigade_is_empty(pointer) }

    var first: Bucket? {
        guard let bucket = unsafe tlsd_brigade_first(pointer) else { return nil }
        return unsafe Bucket(pointer: bucket)
    }

    func append(_ bucket: Bucket) { unsafe tlsd_brigade_append(pointer, bucket.pointer) }

    /// Deletes all buckets.
    func removeAll() { unsafe _ = apr_brigade_cleanup(UnsafeMutableRawPointer(pointer)) }
}

/// The connection's recycler of buckets and their memory.
@safe struct BucketAllocator {
    let pointer: OpaquePointer

    func flush() -> Bucket { unsafe Bucket(pointer: apr_bucket_flush_create(pointer)) }

    func endOfStream() -> Bucket { unsafe Bucket(pointer: apr_bucket_eos_create(pointer)) }

    /// A bucket that lends `bytes`: who keeps it for longer than its filter call copies them.
    func lending(_ bytes: UnsafeBufferPointer<UInt8>) -> Bucket {
        let start = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
        return unsafe Bucket(pointer: apr_bucket_transient_create(start, apr_size_t(bytes.count), pointer))
    }
}

/// Memory that is filled and then handed to a bucket, which frees it when it was sent.
@safe struct BucketMemory: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let allocator: BucketAllocator
    let capacity: Int

    init(capacity: Int, allocator: BucketAllocator) {
        unsafe memory = tlsd_bucket_memory(apr_size_t(capacity), allocator.pointer)
        self.allocator = allocator
        self.capacity = capacity
    }

    var bytes: MutableSpan<UInt8> {
        @_lifetime(&self)
        mutating get {
            let start = unsafe memory.assumingMemoryBound(to: UInt8.self)
            let span = unsafe MutableSpan(_unsafeStart: start, count: capacity)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// The bucket with the first `count` bytes.
    consuming func bucket(count: Int) -> Bucket {
        let bucket = unsafe Bucket(
            pointer: tlsd_bucket_owning(memory, apr_size_t(min(count, capacity)), allocator.pointer)
        )
        discard self
        return bucket
    }

    deinit {
        unsafe tlsd_bucket_memory_free(memory)
    }
}
