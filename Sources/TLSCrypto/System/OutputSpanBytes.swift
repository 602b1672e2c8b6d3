// SPDX-License-Identifier: Apache-2.0

/// Lends the free part of an output span as bytes to be written.
///
/// What they are before is not said: `write` writes them from the front on, without a look at them, and says how many it has
/// written, which then belong to the output span. When it throws, those are kept that it had counted.
@inline(__always)
package func withFreeBytes<Result: ~Copyable, Failure: Error>(
    of output: inout OutputSpan<UInt8>,
    _ write: (_ free: inout MutableSpan<UInt8>, _ written: inout Int) throws(Failure) -> Result
) throws(Failure) -> Result {
    try unsafe output.withUnsafeMutableBufferPointer { buffer, count throws(Failure) -> Result in
        let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count...])
        var bytes = unsafe MutableSpan(_unsafeElements: free)
        var written = 0
        defer { count += min(max(written, 0), free.count) }
        return try write(&bytes, &written)
    }
}

/// Appends bytes to an output span that has room for them.
@inline(__always)
package func append(_ bytes: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
    precondition(bytes.count <= output.freeCapacity)
    unsafe bytes.withUnsafeBufferPointer { source in
        unsafe output.withUnsafeMutableBufferPointer { buffer, count in
            _ = unsafe UnsafeMutableBufferPointer(rebasing: buffer[count...]).update(fromContentsOf: source)
            count += source.count
        }
    }
}
