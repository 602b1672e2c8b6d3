// SPDX-License-Identifier: Apache-2.0

/// A received ClientKeyExchange for ECDHE (RFC 8422 §5.7), borrowed from the message's body.
struct ClientKeyExchange: ~Escapable {
    /// An uncompressed point, or an X25519 key.
    let publicKey: Span<UInt8>

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        publicKey = try reader.readVector8()
        try reader.expectEnd()
        guard !publicKey.isEmpty else { throw .malformed("holds an empty key") }
    }

    static func write(publicKey: [UInt8], into writer: inout ByteWriter) throws(EncodeError) {
        try HandshakeMessage.write(.clientKeyExchange, into: &writer) { $0.vector8(publicKey) }
    }
}
