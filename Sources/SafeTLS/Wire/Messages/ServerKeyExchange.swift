// SPDX-License-Identifier: Apache-2.0

/// A received ServerKeyExchange for ECDHE with a named curve (RFC 8422 §5.4), borrowed from the message's body.
struct ServerKeyExchange: ~Escapable {
    let group: NamedGroup
    /// An uncompressed point, or an X25519 key.
    let publicKey: Span<UInt8>
    /// The bytes that the signature covers after the two randoms.
    let signedParameters: Span<UInt8>
    let signature: DigitallySigned

    /// ECCurveType named_curve.
    private static let namedCurve: UInt8 = 3

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        let curveType = try reader.readUInt8()
        guard curveType == Self.namedCurve else {
            throw .illegalParameter("curve type \(curveType) is not named_curve")
        }
        group = NamedGroup(rawValue: try reader.readUInt16())
        publicKey = try reader.readVector8()
        guard !publicKey.isEmpty else { throw .malformed("holds an empty key") }
        signedParameters = reader.alreadyRead(from: 0)
        signature = try DigitallySigned(&reader)
        try reader.expectEnd()
    }

    /// The ServerECDHParams to sign and send.
    static func parameters(group: NamedGroup, publicKey: [UInt8]) throws(EncodeError) -> [UInt8] {
        var writer = ByteWriter(reserving: 4 + publicKey.count)
        writer.append(namedCurve)
        writer.append(group.rawValue)
        writer.vector8(publicKey)
        guard !writer.hasOverflowed else { throw EncodeError() }
        return writer.takeBytes()
    }

    /// Writes a ServerKeyExchange from what `parameters` made.
    static func write(
        parameters: [UInt8],
        scheme: SignatureScheme,
        signature: [UInt8],
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        try HandshakeMessage.write(.serverKeyExchange, into: &writer) { body in
            body.append(parameters)
            body.append(scheme.rawValue)
            body.vector16(signature)
        }
    }
}
