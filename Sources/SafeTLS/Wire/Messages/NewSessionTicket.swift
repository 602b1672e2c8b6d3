// SPDX-License-Identifier: Apache-2.0

/// A received TLS 1.3 NewSessionTicket (RFC 9846 §4.7.1), borrowed from the message's body.
struct NewSessionTicket: ~Escapable {
    /// In seconds, as sent: more than seven days is the receiver's to cut.
    let lifetime: UInt32
    let ageAdd: UInt32
    let nonce: Span<UInt8>
    let ticket: Span<UInt8>
    let extensions: ExtensionList
    /// In bytes; nil forbids 0-RTT data.
    private(set) var maximumEarlyDataSize: UInt32? = nil

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        lifetime = try reader.readUInt32()
        ageAdd = try reader.readUInt32()
        nonce = try reader.readVector8()
        ticket = try reader.readVector16()
        guard !ticket.isEmpty else { throw .malformed("holds an empty ticket") }
        extensions = try ExtensionList(&reader)
        try reader.expectEnd()
        guard let earlyData = extensions.body(of: .earlyData) else { return }
        do throws(DecodeError) {
            var body = ByteReader(earlyData)
            maximumEarlyDataSize = try body.readUInt32()
            try body.expectEnd()
        } catch {
            throw error.located(in: .earlyData)
        }
    }

    /// Writes a TLS 1.3 NewSessionTicket; the lifetime is in seconds, at most seven days.
    static func write(
        lifetime: UInt32,
        ageAdd: UInt32,
        nonce: Span<UInt8>,
        ticket: Span<UInt8>,
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void = { _ in }
    ) throws(EncodeError) {
        let mark = HandshakeMessage.begin(.newSessionTicket, in: &writer)
        writer.append(lifetime)
        writer.append(ageAdd)
        writer.vector8(nonce)
        writer.vector16(ticket)
        _ = writer.extensions(extensions)
        try HandshakeMessage.end(mark, in: &writer)
    }
}

/// A received TLS 1.2 NewSessionTicket (RFC 5077 §3.3), borrowed from the message's body.
struct TLS12NewSessionTicket: ~Escapable {
    /// In seconds; zero leaves it to the client.
    let lifetimeHint: UInt32
    /// Empty if the server changed its mind.
    let ticket: Span<UInt8>

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        lifetimeHint = try reader.readUInt32()
        ticket = try reader.readVector16()
        try reader.expectEnd()
    }

    static func write(
        lifetimeHint: UInt32,
        ticket: Span<UInt8>,
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        let mark = HandshakeMessage.begin(.newSessionTicket, in: &writer)
        writer.append(lifetimeHint)
        writer.vector16(ticket)
        try HandshakeMessage.end(mark, in: &writer)
    }
}
