// SPDX-License-Identifier: Apache-2.0

/// A copy of borrowed bytes.
@inlinable
package func copyBytes(_ span: Span<UInt8>) -> [UInt8] {
    [UInt8](capacity: span.count) { output in
        for index in span.indices {
            output.append(span[index])
        }
    }
}

/// A copy of a field that may be absent.
@inlinable
package func copyBytes(_ span: Span<UInt8>?) -> [UInt8]? {
    guard let span else { return nil }
    let bytes: [UInt8] = copyBytes(span)
    return bytes
}

/// Whether public bytes are the same. Secrets are compared with ``constantTimeEquals(_:_:)`` instead.
@inlinable
package func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] {
        return false
    }
    return true
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
