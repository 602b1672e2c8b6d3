// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// An array of a span's bytes.
    init(copying span: Span<UInt8>) {
        self.init(capacity: span.count) { (output: inout OutputSpan<UInt8>) in
            for index in span.indices { output.append(span[index]) }
        }
    }
}

/// Whether the bytes of a span stand before those of another, as in a dictionary.
func precedes(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
        return left[index] < right[index]
    }
    return left.count < right.count
}

/// Whether two spans hold the same bytes. Not for secrets: it stops at the first difference.
func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    for index in left.indices where left[index] != right[index] { return false }
    return true
}
