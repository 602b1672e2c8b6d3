// SPDX-License-Identifier: Apache-2.0

/// A received TLS 1.2 CertificateStatus (RFC 6066 §8), borrowed from the message's body.
struct CertificateStatus: ~Escapable {
    /// DER.
    let ocspResponse: Span<UInt8>

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        ocspResponse = try reader.readCertificateStatus()
        try reader.expectEnd()
    }

    static func write(ocspResponse: [UInt8], into writer: inout ByteWriter) throws(EncodeError) {
        try HandshakeMessage.write(.certificateStatus, into: &writer) { body in
            body.append(UInt8(1))
            body.vector24(ocspResponse)
        }
    }
}
