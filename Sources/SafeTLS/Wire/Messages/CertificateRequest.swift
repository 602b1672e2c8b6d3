// SPDX-License-Identifier: Apache-2.0

/// A received TLS 1.3 CertificateRequest (RFC 9846 §4.4.2), borrowed from the message's body.
struct CertificateRequest: ~Escapable {
    let requestContext: Span<UInt8>
    let extensions: ExtensionList
    /// Mandatory: its absence is missing_extension, which is not this type's to say.
    let signatureAlgorithms: CodePointList<SignatureScheme>?
    let signatureAlgorithmsCert: CodePointList<SignatureScheme>?
    let certificateAuthorities: OpaqueList?
    let certificateCompression: CodePointList<CertificateCompressionAlgorithm>?
    let requestsOCSP: Bool

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        requestContext = try reader.readVector8()
        let list = try ExtensionList(&reader)
        extensions = list
        try reader.expectEnd()

        var signatureAlgorithms: CodePointList<SignatureScheme>? = nil
        var signatureAlgorithmsCert: CodePointList<SignatureScheme>? = nil
        var certificateAuthorities: OpaqueList? = nil
        var certificateCompression: CodePointList<CertificateCompressionAlgorithm>? = nil
        var requestsOCSP = false
        var iterator = list.makeIterator()
        while let next = iterator.next() {
            do throws(DecodeError) {
                var body = ByteReader(next.body)
                switch next.type {
                case .signatureAlgorithms: signatureAlgorithms = try body.readCodePoints16()
                case .signatureAlgorithmsCert: signatureAlgorithmsCert = try body.readCodePoints16()
                case .certificateAuthorities: certificateAuthorities = try body.readDistinguishedNames()
                case .compressCertificate: certificateCompression = try body.readCodePoints8()
                // RFC 9846 §4.5.1.1: empty here; the client's form has the same meaning.
                case .statusRequest: requestsOCSP = body.isEmpty ? true : try body.readStatusRequest()
                case .signedCertificateTimestamp: break
                default: _ = body.readRest()
                }
                try body.expectEnd()
            } catch {
                throw error.located(in: next.type)
            }
        }
        self.requestsOCSP = requestsOCSP
        self.signatureAlgorithms = signatureAlgorithms
        self.signatureAlgorithmsCert = signatureAlgorithmsCert
        self.certificateAuthorities = certificateAuthorities
        self.certificateCompression = certificateCompression
    }

    /// Writes a TLS 1.3 CertificateRequest.
    static func write(
        requestContext: Span<UInt8>,
        into writer: inout ByteWriter,
        extensions: (inout ExtensionWriter) -> Void
    ) throws(EncodeError) {
        let mark = HandshakeMessage.begin(.certificateRequest, in: &writer)
        writer.vector8(requestContext)
        _ = writer.extensions(extensions)
        try HandshakeMessage.end(mark, in: &writer)
    }
}

/// A received TLS 1.2 CertificateRequest (RFC 5246 §7.4.4), borrowed from the message's body.
struct TLS12CertificateRequest: ~Escapable {
    /// One ClientCertificateType a byte.
    let certificateTypes: Span<UInt8>
    let signatureAlgorithms: CodePointList<SignatureScheme>
    /// May be empty: any authority.
    let certificateAuthorities: OpaqueList

    /// rsa_sign and ecdsa_sign; the latter covers Ed25519 (RFC 8422 §5.5).
    static let certificateTypes: [UInt8] = [1, 64]

    @_lifetime(copy body)
    init(_ body: Span<UInt8>) throws(DecodeError) {
        var reader = ByteReader(body)
        certificateTypes = try reader.readBytes8()
        signatureAlgorithms = try reader.readCodePoints16()
        certificateAuthorities = try OpaqueList(reader.readVector16(), prefix: .two, mayBeEmpty: true)
        try reader.expectEnd()
    }

    /// Writes a TLS 1.2 CertificateRequest; the authorities are names in DER.
    static func write(
        signatureAlgorithms: [SignatureScheme],
        certificateAuthorities: [[UInt8]],
        into writer: inout ByteWriter
    ) throws(EncodeError) {
        try HandshakeMessage.write(.certificateRequest, into: &writer) { body in
            body.vector8(certificateTypes)
            body.vector16 { list in
                for scheme in signatureAlgorithms {
                    list.append(scheme.rawValue)
                }
            }
            body.vector16 { list in
                for name in certificateAuthorities {
                    list.vector16(name)
                }
            }
        }
    }
}
