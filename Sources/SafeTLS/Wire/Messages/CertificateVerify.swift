// SPDX-License-Identifier: Apache-2.0

/// A signature with its scheme: CertificateVerify in both versions (RFC 9846 §4.5.2, RFC 5246 §7.4.8), and
/// the end of a ServerKeyExchange.
struct DigitallySigned: ~Escapable {
    let scheme: SignatureScheme
    let signature: Span<UInt8>

    @_lifetime(copy reader)
    init(_ reader: inout ByteReader) throws(DecodeError) {
        scheme = SignatureScheme(rawValue: try reader.readUInt16())
        signature = try reader.readVector16()
    }

    /// Reads the body of a CertificateVerify.
    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        try self.init(&reader)
        try reader.expectEnd()
    }

    /// Writes a CertificateVerify.
    static func writeCertificateVerify(
        scheme: SignatureScheme,
        signature: [UInt8],
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        try HandshakeMessage.write(.certificateVerify, into: &writer) { body in
            body.append(scheme.rawValue)
            body.vector16(signature)
        }
    }
}
