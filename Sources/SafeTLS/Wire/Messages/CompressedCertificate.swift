// SPDX-License-Identifier: Apache-2.0

/// A received CompressedCertificate message (RFC 8879 §4), borrowed from the message's body.
struct CompressedCertificate: ~Escapable {
    let algorithm: CertificateCompressionAlgorithm
    /// The length of the Certificate message's body, as the peer says.
    let uncompressedLength: Int
    let compressed: Span<UInt8>

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        algorithm = CertificateCompressionAlgorithm(rawValue: try reader.readUInt16())
        uncompressedLength = Int(try reader.readUInt24())
        compressed = try reader.readVector24()
        try reader.expectEnd()
        guard !compressed.isEmpty else { throw .malformed("holds no certificate") }
    }

    /// Writes the message for a Certificate body of a length.
    static func write(
        _ algorithm: CertificateCompressionAlgorithm,
        uncompressedLength: Int,
        compressed: [UInt8],
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        try HandshakeMessage.write(.compressedCertificate, into: &writer) { body in
            body.append(algorithm.rawValue)
            body.append24(UInt32(truncatingIfNeeded: uncompressedLength))
            body.vector24(compressed)
        }
    }
}
