// SPDX-License-Identifier: Apache-2.0

/// A received Finished (RFC 9846 §4.5.3, RFC 5246 §7.4.9), borrowed from the message's body.
struct Finished: ~Escapable {
    let verifyData: Span<UInt8>

    /// Reads a Finished whose length the version and the hash decide: 12 bytes in TLS 1.2.
    @_lifetime(copy body)
    init(_ body: Span<UInt8>, length: Int) throws(DecodeError) {
        guard body.count >= length else { throw .truncated }
        guard body.count == length else { throw .trailingBytes }
        verifyData = body
    }

    static func write(verifyData: Span<UInt8>, into writer: inout ByteWriter) throws(EncodeError) {
        try HandshakeMessage.write(.finished, body: verifyData, into: &writer)
    }
}
