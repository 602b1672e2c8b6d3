// SPDX-License-Identifier: Apache-2.0

/// Received EncryptedExtensions (RFC 9846 §4.4.1), borrowed from the message's body.
struct EncryptedExtensions: ~Escapable {
    let extensions: ExtensionList
    let applicationProtocol: Span<UInt8>?
    let supportedGroups: CodePointList<NamedGroup>?
    let maxFragmentLength: UInt8?
    let recordSizeLimit: UInt16?
    let quicTransportParameters: Span<UInt8>?
    let encryptedClientHello: Span<UInt8>?

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        let list = try ExtensionList(&reader)
        extensions = list
        try reader.expectEnd()

        var applicationProtocol: Span<UInt8>? = nil
        var supportedGroups: CodePointList<NamedGroup>? = nil
        var maxFragmentLength: UInt8? = nil
        var recordSizeLimit: UInt16? = nil
        var quicTransportParameters: Span<UInt8>? = nil
        var encryptedClientHello: Span<UInt8>? = nil
        var iterator = list.makeIterator()
        while let next = iterator.next() {
            do throws(DecodeError) {
                var body = ByteReader(next.body)
                switch next.type {
                case .applicationLayerProtocolNegotiation: applicationProtocol = try body.readSelectedProtocol()
                case .supportedGroups: supportedGroups = try body.readCodePoints16()
                case .maxFragmentLength: maxFragmentLength = try body.readMaxFragmentLength()
                case .recordSizeLimit: recordSizeLimit = try body.readRecordSizeLimit()
                case .quicTransportParameters: quicTransportParameters = body.readRest()
                case .encryptedClientHello: encryptedClientHello = body.readRest()
                // The expected count binds nobody (RFC 9149 §3).
                case .ticketRequest: _ = try body.readUInt8()
                // Acknowledgements without content.
                case .serverName, .earlyData: break
                default: _ = body.readRest()
                }
                try body.expectEnd()
            } catch {
                throw error.located(in: next.type)
            }
        }
        self.applicationProtocol = applicationProtocol
        self.supportedGroups = supportedGroups
        self.maxFragmentLength = maxFragmentLength
        self.recordSizeLimit = recordSizeLimit
        self.quicTransportParameters = quicTransportParameters
        self.encryptedClientHello = encryptedClientHello
    }

    var acceptsEarlyData: Bool { extensions.contains(.earlyData) }

    /// Writes EncryptedExtensions and gives the types of its extensions.
    @discardableResult
    static func write(
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void
    ) throws(EncodeError) -> ExtensionSet {
        let mark = HandshakeMessage.begin(.encryptedExtensions, in: &writer)
        let types = writer.extensions(extensions)
        try HandshakeMessage.end(mark, in: &writer)
        return types
    }
}
