// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

extension KeyedHash {
    /// Derive-Secret (RFC 9846 §7.1) from a transcript hash that is already known.
    mutating func deriveSecret(
        _ secret: Span<UInt8>,
        _ label: String,
        transcript: Digest
    ) throws(CryptoError) -> Secret {
        try expandLabel(secret, label, context: transcript.bytes, count: algorithm.digestLength)
    }
}
