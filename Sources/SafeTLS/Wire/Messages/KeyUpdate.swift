// SPDX-License-Identifier: Apache-2.0

/// A KeyUpdate (RFC 9846 §4.7.3).
struct KeyUpdate: Equatable, Sendable {
    /// The whole message's length, header included.
    static let messageLength = HandshakeMessage.headerLength + 1

    /// Whether the receiver is asked to update its own keys too.
    let isUpdateRequested: Bool

    init(isUpdateRequested: Bool) {
        self.isUpdateRequested = isUpdateRequested
    }

    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        let request = try reader.readUInt8()
        try reader.expectEnd()
        switch request {
        case 0: isUpdateRequested = false
        case 1: isUpdateRequested = true
        default: throw .illegalParameter("request_update is \(request)")
        }
    }

    func write(into writer: inout ByteWriter) throws(EncodeError) {
        try HandshakeMessage.write(.keyUpdate, into: &writer) { $0.append(UInt8(isUpdateRequested ? 1 : 0)) }
    }
}
