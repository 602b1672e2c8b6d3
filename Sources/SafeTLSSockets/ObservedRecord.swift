// SPDX-License-Identifier: Apache-2.0

package import SafeTLS

/// A record that has passed, by its header (RFC 9846 §5.1).
package struct ObservedRecord: Hashable, Sendable {
    package let isSent: Bool
    /// The type that is to be seen: encrypted records of TLS 1.3 have that of application data.
    package let type: ContentType
    /// How many bytes follow the header.
    package let length: Int

    static let headerLength = 5

    /// Reads a header; nil where its bytes are not all there.
    init?(_ bytes: [UInt8], at start: Int, isSent: Bool) {
        guard bytes.count - start >= Self.headerLength else { return nil }
        self.isSent = isSent
        type = ContentType(rawValue: bytes[start])
        length = Int(bytes[start + 3]) << 8 | Int(bytes[start + 4])
    }
}

/// Finds the headers of records in a stream that comes in pieces of any length.
struct RecordScanner {
    private var header: [UInt8] = []
    /// How many bytes of the record are still to come.
    private var left = 0

    mutating func scan(_ bytes: Span<UInt8>, _ found: (ObservedRecord) -> Void) {
        var index = 0
        while index < bytes.count {
            if left > 0 {
                let passed = min(left, bytes.count - index)
                left -= passed
                index += passed
                continue
            }
            header.append(bytes[index])
            index += 1
            guard let record = ObservedRecord(header, at: 0, isSent: true) else { continue }
            header = []
            left = record.length
            found(record)
        }
    }
}
