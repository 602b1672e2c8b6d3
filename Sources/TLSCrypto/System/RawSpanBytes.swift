// SPDX-License-Identifier: Apache-2.0

/// Hands raw memory on as bytes: containers of other libraries give `MutableRawSpan`s, and the standard library has no safe
/// way from there to a `MutableSpan` of bytes. Every bit pattern is a byte, and bytes need no alignment.
@inline(__always)
package func withBytes<Result: ~Copyable, Failure: Error>(
    of memory: inout MutableRawSpan,
    _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
) throws(Failure) -> Result {
    var bytes = unsafe memory._unsafeMutableView(as: UInt8.self)
    return try body(&bytes)
}

/// Copies bytes to the front of raw memory, which has room for them.
@inline(__always)
package func copyBytes(_ bytes: Span<UInt8>, to memory: inout MutableRawSpan) {
    unsafe bytes.withUnsafeBytes { source in
        unsafe memory.withUnsafeMutableBytes { target in
            precondition(source.count <= target.count)
            unsafe target.copyMemory(from: source)
        }
    }
}
