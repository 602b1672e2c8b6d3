// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// The `HkdfLabel` structure (RFC 9846 §7.1), built without allocation.
///
/// Holds a label of up to 64 bytes and a context of up to 255 bytes, the longest there is; exporter
/// labels are the caller's and checked before.
struct HKDFLabel {
    /// The longest label of an exporter, in bytes.
    static let maximumLabelLength = 64

    private var bytes: [332 of UInt8] = .init(repeating: 0)
    private var count = 0

    init(_ label: String, context: Span<UInt8>, length: Int) {
        append(UInt8(truncatingIfNeeded: length >> 8))
        append(UInt8(truncatingIfNeeded: length))
        append(UInt8(truncatingIfNeeded: 6 + label.utf8.count))
        for byte in "tls13 ".utf8 { append(byte) }
        for byte in label.utf8 { append(byte) }
        append(UInt8(truncatingIfNeeded: context.count))
        for index in context.indices { append(context[index]) }
    }

    private mutating func append(_ byte: UInt8) {
        guard count < 332 else { return }
        bytes[count] = byte
        count += 1
    }

    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(0..<count) }
    }
}

extension KeyedHash {
    /// HKDF-Expand-Label (RFC 9846 §7.1).
    mutating func expandLabel(
        _ secret: Span<UInt8>,
        _ label: String,
        context: Span<UInt8>,
        count: Int
    ) throws(CryptoError) -> Secret {
        let info = HKDFLabel(label, context: context, length: count)
        return try expand(secret, info: info.span, count: count)
    }

    /// HKDF-Expand-Label with an empty context.
    mutating func expandLabel(_ secret: Span<UInt8>, _ label: String, count: Int) throws(CryptoError) -> Secret {
        try expandLabel(secret, label, context: Span(), count: count)
    }

    /// Derive-Secret (RFC 9846 §7.1) from a transcript hash that is already known.
    mutating func deriveSecret(
        _ secret: Span<UInt8>,
        _ label: String,
        transcript: Digest
    ) throws(CryptoError) -> Secret {
        try expandLabel(secret, label, context: transcript.bytes, count: algorithm.digestLength)
    }
}
