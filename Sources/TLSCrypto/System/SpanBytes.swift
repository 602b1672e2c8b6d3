// SPDX-License-Identifier: Apache-2.0

internal import CLibcrypto

// Spans cannot be copied from as a whole by safe means yet: a loop over their bytes takes some ten times as long.

/// A copy of borrowed bytes.
package func copyBytes(_ span: Span<UInt8>) -> [UInt8] {
    unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
}

/// So many zeros: `Array(repeating:count:)`, which is not specialised, looks up the type of its storage each time.
package func zeros(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    bytes.append(contentsOf: repeatElement(0, count: max(count, 0)))
    return bytes
}

/// Appends borrowed bytes to an array.
package func append(_ span: Span<UInt8>, to bytes: inout [UInt8]) {
    unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
}

/// Copies borrowed bytes to `target[offset...]`, which has to have room for them.
package func copy(_ span: Span<UInt8>, into target: inout MutableSpan<UInt8>, at offset: Int) {
    let count = span.count
    precondition(offset >= 0 && offset <= target.count && count <= target.count - offset)
    guard count > 0 else { return }
    unsafe target.withUnsafeMutableBufferPointer { target in
        unsafe span.withUnsafeBufferPointer { source in
            guard let to = target.baseAddress, let from = source.baseAddress else { return }
            unsafe (to + offset).update(from: from, count: count)
        }
    }
}

/// A copy of a field that may be absent.
package func copyBytes(_ span: Span<UInt8>?) -> [UInt8]? {
    guard let span else { return nil }
    let bytes: [UInt8] = copyBytes(span)
    return bytes
}

/// Whether public bytes are the same. Secrets are compared with ``constantTimeEquals(_:_:)`` instead.
package func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    let count = left.count
    guard count == right.count else { return false }
    guard count > 0 else { return true }
    return unsafe left.withUnsafeBufferPointer { left in
        unsafe right.withUnsafeBufferPointer { right in
            guard let left = left.baseAddress, let right = right.baseAddress else { return false }
            return unsafe safetls_is_equal(left, right, count) == 1
        }
    }
}

/// Whether the bytes of a span stand before those of another, as in a dictionary.
@inlinable
package func precedes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return left[index] < right[index]
    }
    return left.count < right.count
}

/// Whether a byte occurs among others.
@inlinable
package func contains(_ span: Span<UInt8>, _ byte: UInt8) -> Bool {
    for index in span.indices where span[index] == byte {
        return true
    }
    return false
}
