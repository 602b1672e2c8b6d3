// SPDX-License-Identifier: Apache-2.0

/// Sizes of the record layer, in bytes.
enum RecordSize {
    /// Type, version and length (RFC 9846 §5.1).
    static let header = 5
    /// Most plaintext in a record (RFC 9846 §5.1).
    static let plaintext = 16_384
    /// Most a TLS 1.3 record grows by: inner type, padding and tag (RFC 9846 §5.2).
    static let expansionTLS13 = 256
    /// Most a TLS 1.2 record grows by (RFC 5246 §6.2.3).
    static let expansionTLS12 = 2_048
    /// What AEAD records of TLS 1.2 carry in front of the ciphertext with AES-GCM (RFC 5288 §3).
    static let explicitNonce = 8
    /// The authentication tag of all supported AEADs.
    static let tag = 16
    /// Content of a record that fits into one TCP segment on the usual path: 1,460 bytes less options and overhead.
    static let small = 1_369
    /// How many bytes are sent in small records when a connection starts small: forty of them.
    static let smallStart = 40 * small
    /// The longest record, its header included.
    static let longest = header + plaintext + expansionTLS12
    /// The most that sealing adds to a fragment: header, then explicit nonce or inner type, and tag.
    static let overhead = header + explicitNonce + tag
}

/// The first five bytes of a record (RFC 9846 §5.1, RFC 5246 §6.2.1).
struct RecordHeader {
    let type: ContentType
    let version: UInt16
    let length: Int

    /// Reads a header that lies complete at `offset`.
    @inline(__always)
    init(_ buffer: borrowing MutableSpan<UInt8>, at offset: Int) {
        type = ContentType(rawValue: buffer[offset])
        version = UInt16(buffer[offset &+ 1]) << 8 | UInt16(buffer[offset &+ 2])
        length = Int(buffer[offset &+ 3]) << 8 | Int(buffer[offset &+ 4])
    }

    /// The same in memory that does not change.
    @inline(__always)
    init(_ bytes: Span<UInt8>, at offset: Int) {
        type = ContentType(rawValue: bytes[offset])
        version = UInt16(bytes[offset &+ 1]) << 8 | UInt16(bytes[offset &+ 2])
        length = Int(bytes[offset &+ 3]) << 8 | Int(bytes[offset &+ 4])
    }

    /// Writes a header. TLS 1.3 records say TLS 1.2 as well (RFC 9846 §5.1).
    @inline(__always)
    static func write(
        _ type: ContentType,
        version: UInt16,
        length: Int,
        into output: inout MutableSpan<UInt8>,
        at offset: Int
    ) {
        output[offset] = type.rawValue
        output[offset &+ 1] = UInt8(truncatingIfNeeded: version >> 8)
        output[offset &+ 2] = UInt8(truncatingIfNeeded: version)
        output[offset &+ 3] = UInt8(truncatingIfNeeded: length >> 8)
        output[offset &+ 4] = UInt8(truncatingIfNeeded: length)
    }
}
