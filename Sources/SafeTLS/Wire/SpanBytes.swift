// SPDX-License-Identifier: Apache-2.0

/// A copy of borrowed bytes.
func copyBytes(_ span: Span<UInt8>) -> [UInt8] {
    [UInt8](capacity: span.count) { output in
        for index in span.indices {
            output.append(span[index])
        }
    }
}

/// Whether public bytes are the same. Secrets are compared with `constantTimeEquals` instead.
func isEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] {
        return false
    }
    return true
}

func contains(_ span: Span<UInt8>, _ byte: UInt8) -> Bool {
    for index in span.indices where span[index] == byte {
        return true
    }
    return false
}

/// A copy of a field that may be absent.
func copyBytes(_ span: Span<UInt8>?) -> [UInt8]? {
    guard let span else { return nil }
    let bytes: [UInt8] = copyBytes(span)
    return bytes
}
