// SPDX-License-Identifier: Apache-2.0

/// One certificate of a received chain with its extensions, which TLS 1.2 does not have.
struct CertificateEntry: ~Escapable {
    /// DER, not yet looked at.
    let certificate: Span<UInt8>
    let extensions: ExtensionList
    /// DER, from status_request (RFC 9846 §4.5.1.1).
    let ocspResponse: Span<UInt8>?
    /// `SignedCertificateTimestampList`, not yet looked at.
    let signedCertificateTimestamps: Span<UInt8>?

    @_lifetime(copy reader)
    fileprivate init(_ reader: inout ByteReader, hasExtensions: Bool) throws(DecodeError) {
        certificate = try reader.readVector24()
        guard !certificate.isEmpty else { throw .malformed("holds an empty certificate") }
        let list = hasExtensions ? try ExtensionList(&reader) : try ExtensionList(content: reader.read(0))
        extensions = list
        var ocspResponse: Span<UInt8>? = nil
        var signedCertificateTimestamps: Span<UInt8>? = nil
        var iterator = list.makeIterator()
        while let next = iterator.next() {
            do throws(DecodeError) {
                var body = ByteReader(next.body)
                switch next.type {
                case .statusRequest: ocspResponse = try body.readCertificateStatus()
                case .signedCertificateTimestamp: signedCertificateTimestamps = try body.readTimestampList()
                default: _ = body.readRest()
                }
                try body.expectEnd()
            } catch {
                throw error.located(in: next.type)
            }
        }
        self.ocspResponse = ocspResponse
        self.signedCertificateTimestamps = signedCertificateTimestamps
    }
}

/// A received Certificate message (RFC 9846 §4.5.1, RFC 5246 §7.4.2), borrowed from the message's body.
struct CertificateMessage: ~Escapable {
    /// certificate_request_context; empty in TLS 1.2.
    let requestContext: Span<UInt8>
    /// How many certificates the chain has; zero is a client without one.
    let count: Int
    private let list: Span<UInt8>
    private let hasExtensions: Bool

    /// Reads the message of a version: TLS 1.3, else that of TLS 1.2.
    @_lifetime(copy body)
    init(_ body: Span<UInt8>, version: ProtocolVersion) throws(DecodeError) {
        var reader = ByteReader(body)
        hasExtensions = version >= .tls13
        requestContext = hasExtensions ? try reader.readVector8() : try reader.read(0)
        list = try reader.readVector24()
        try reader.expectEnd()
        var entries = ByteReader(list)
        var count = 0
        while !entries.isEmpty {
            _ = try CertificateEntry(&entries, hasExtensions: hasExtensions)
            count += 1
        }
        self.count = count
    }

    @_lifetime(copy self)
    func makeIterator() -> Iterator {
        Iterator(list, hasExtensions)
    }

    struct Iterator: ~Escapable {
        private var reader: ByteReader
        private let hasExtensions: Bool

        @_lifetime(copy bytes)
        fileprivate init(_ bytes: Span<UInt8>, _ hasExtensions: Bool) {
            reader = ByteReader(bytes)
            self.hasExtensions = hasExtensions
        }

        /// The next certificate, the leaf first; never fails, as the list was checked when it was made.
        @_lifetime(self: copy self)
        @_lifetime(copy self)
        mutating func next() -> CertificateEntry? {
            do throws(DecodeError) {
                guard !reader.isEmpty else { return nil }
                return try CertificateEntry(&reader, hasExtensions: hasExtensions)
            } catch {
                return nil
            }
        }
    }
}

extension CertificateMessage {
    /// Writes a TLS 1.3 Certificate; `leafExtensions` go to the first entry, the others have none.
    static func writeTLS13(
        requestContext: Span<UInt8>,
        chain: [[UInt8]],
        into writer: inout ByteWriter,
        leafExtensions: (inout ExtensionWriter) -> Void = { _ in }
    ) throws(EncodeError) {
        let mark = HandshakeMessage.begin(.certificate, in: &writer)
        writer.vector8(requestContext)
        writer.vector24 { list in
            for (position, certificate) in chain.enumerated() {
                list.vector24(certificate)
                if position == 0 {
                    _ = list.extensions(leafExtensions)
                } else {
                    list.append(UInt16(0))
                }
            }
        }
        try HandshakeMessage.end(mark, in: &writer)
    }

    /// Writes a TLS 1.2 Certificate.
    static func writeTLS12(chain: [[UInt8]], into writer: inout ByteWriter) throws(EncodeError) {
        try HandshakeMessage.write(.certificate, into: &writer) { body in
            body.vector24 { list in
                for certificate in chain {
                    list.vector24(certificate)
                }
            }
        }
    }
}
