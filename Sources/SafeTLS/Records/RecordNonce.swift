// SPDX-License-Identifier: Apache-2.0

/// How the AEAD nonce of a record is made from its sequence number.
enum NonceForm {
    /// The sequence number is combined with the IV by exclusive or: TLS 1.3 (RFC 9846 §5.3) and ChaCha20-Poly1305 in
    /// TLS 1.2 (RFC 7905 §2).
    case implicit
    /// Four bytes of IV, then eight that travel in the record: AES-GCM in TLS 1.2 (RFC 5288 §3).
    case explicit
}

/// The static part of the nonces of one direction.
struct RecordNonce {
    private let iv: [12 of UInt8]

    /// - Parameter iv: 12 bytes, or the 4 bytes of the explicit form, which is filled up with zeros.
    init(iv bytes: Span<UInt8>) {
        var iv: [12 of UInt8] = .init(repeating: 0)
        for index in 0..<min(12, bytes.count) { iv[index] = bytes[index] }
        self.iv = iv
    }

    init(iv: [12 of UInt8]) { self.iv = iv }

    /// The nonce for a sequence number.
    ///
    /// With the explicit form the last eight bytes of the IV are zero, so the same exclusive or puts the sequence
    /// number, which serves as the explicit part, in its place.
    @inline(__always)
    func nonce(_ sequence: UInt64) -> [12 of UInt8] {
        var nonce = iv
        var rest = sequence
        var index = 11
        while index >= 4 {
            nonce[index] ^= UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            index &-= 1
        }
        return nonce
    }
}

/// The additional data of TLS 1.2 records (RFC 5246 §6.2.3.3): sequence number, type, version and length.
@inline(__always)
func additionalDataTLS12(sequence: UInt64, type: ContentType, length: Int) -> [13 of UInt8] {
    var data: [13 of UInt8] = .init(repeating: 0)
    var rest = sequence
    var index = 7
    while index >= 0 {
        data[index] = UInt8(truncatingIfNeeded: rest)
        rest >>= 8
        index &-= 1
    }
    data[8] = type.rawValue
    data[9] = 3
    data[10] = 3
    data[11] = UInt8(truncatingIfNeeded: length >> 8)
    data[12] = UInt8(truncatingIfNeeded: length)
    return data
}

/// The additional data of TLS 1.3 records (RFC 9846 §5.2): the record header as it is sent.
@inline(__always)
func additionalDataTLS13(length: Int) -> [5 of UInt8] {
    [
        ContentType.applicationData.rawValue, 3, 3, UInt8(truncatingIfNeeded: length >> 8),
        UInt8(truncatingIfNeeded: length),
    ]
}
