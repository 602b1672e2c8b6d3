// SPDX-License-Identifier: Apache-2.0

import TLSCertificates

/// What kind of certificate a server asks its client for (RFC 9846 §4.4.2, RFC 5246 §7.4.4).
///
/// The lists stay in the message, whose length the server chooses: each property that is a list makes a copy.
public struct RequestedCertificate: Equatable, Sendable {
    /// The protocol version.
    public let version: ProtocolVersion
    /// TLS 1.2: the kinds of keys, one ClientCertificateType each. Empty in TLS 1.3.
    public let certificateTypes: [UInt8]
    /// How the answer may be compressed (RFC 8879).
    let certificateCompression: [CertificateCompressionAlgorithm]
    /// TLS 1.3: what the answer repeats. Empty during the handshake.
    let context: [UInt8]
    /// The CertificateRequest with its header. It is well-formed.
    private let message: [UInt8]
}

extension RequestedCertificate {
    /// The schemes the server accepts for the handshake signature, in its order.
    public var signatureSchemes: [SignatureScheme] {
        if version == .tls12 { return readTLS12 { $0.signatureAlgorithms.array } ?? [] }
        return readTLS13 { $0.signatureAlgorithms?.array ?? [] } ?? []
    }

    /// The schemes it accepts for the signatures of certificates; nil when it named none of their own.
    public var certificateSignatureSchemes: [SignatureScheme]? {
        version == .tls12 ? nil : readTLS13 { $0.signatureAlgorithmsCert?.array } ?? nil
    }

    /// The authorities that it accepts certificates of, as distinguished names in DER; empty for any.
    public var certificateAuthorities: [[UInt8]] {
        if version == .tls12 { return readTLS12 { $0.certificateAuthorities.array } ?? [] }
        return readTLS13 { $0.certificateAuthorities?.array ?? [] } ?? []
    }

    /// Whether the server accepts certificates of an authority with one of these names, or of any: at most one name of the
    /// list is copied at a time.
    func accepts(certificatesOf issuers: [DistinguishedName]) -> Bool {
        func contains(_ list: OpaqueList) -> Bool {
            guard list.count > 0 else { return true }
            var iterator = list.makeIterator()
            while let name = iterator.next() {
                for issuer in issuers where isEqual(issuer.bytes, name) { return true }
            }
            // Names are the same in other kinds of strings, too (RFC 5280 §7.1).
            let names = Set(issuers)
            iterator = list.makeIterator()
            var byteCount = 0
            for _ in 0..<TLSLimits.authorityNamesCompared {
                guard let name = iterator.next() else { break }
                byteCount += name.count
                guard byteCount <= TLSLimits.authorityNameBytesCompared else { break }
                if let other = try? DistinguishedName(der: copyBytes(name)), names.contains(other) { return true }
            }
            return false
        }
        if version == .tls12 { return readTLS12 { contains($0.certificateAuthorities) } ?? false }
        return readTLS13 { request in
            guard let list = request.certificateAuthorities else { return true }
            return contains(list)
        } ?? false
    }

    private func readTLS13<Result>(_ body: (CertificateRequest) -> Result) -> Result? {
        do throws(DecodeError) {
            return body(try CertificateRequest(message.span.extracting(droppingFirst: HandshakeMessage.headerLength)))
        } catch {
            // It was read before.
            return nil
        }
    }

    private func readTLS12<Result>(_ body: (TLS12CertificateRequest) -> Result) -> Result? {
        do throws(DecodeError) {
            return body(
                try TLS12CertificateRequest(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
            )
        } catch {
            return nil
        }
    }
}

extension RequestedCertificate {
    /// Reads a CertificateRequest of a TLS 1.3 handshake (RFC 9846 §4.4.2).
    init(handshakeTLS13 message: [UInt8], _ compression: CertificateCompression) throws(TLSError) {
        self = try RequestedCertificate(tls13: message, compression)
        // §4.4.2: only post-handshake authentication has a context.
        guard context.isEmpty else {
            throw .peerMisbehaved(.illegalParameter("a context in a CertificateRequest of the handshake"))
        }
    }

    /// Reads a TLS 1.3 CertificateRequest. Its oid_filters are not looked at: a client may answer with a certificate that
    /// does not match them (§4.3.5).
    ///
    /// - Parameter compression: What the answer may be compressed with; nil if it will not be.
    init(tls13 message: [UInt8], _ compression: CertificateCompression? = nil) throws(TLSError) {
        let request: CertificateRequest
        do throws(DecodeError) {
            request = try CertificateRequest(message.span.extracting(droppingFirst: HandshakeMessage.headerLength))
        } catch {
            throw TLSError(error, in: .certificateRequest)
        }
        try request.extensions.checkPlacement(in: .certificateRequest)
        try compression?.check(request.certificateCompression, in: .certificateRequest)
        guard request.signatureAlgorithms != nil else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        self.message = message
        version = .tls13
        certificateTypes = []
        certificateCompression = request.certificateCompression?.array ?? []
        context = copyBytes(request.requestContext)
    }

    /// Reads a TLS 1.2 CertificateRequest (RFC 5246 §7.4.4).
    init(tls12 message: [UInt8]) throws(TLSError) {
        let request: TLS12CertificateRequest
        do throws(DecodeError) {
            request = try TLS12CertificateRequest(
                message.span.extracting(droppingFirst: HandshakeMessage.headerLength)
            )
        } catch {
            throw TLSError(error, in: .certificateRequest)
        }
        self.message = message
        version = .tls12
        certificateTypes = copyBytes(request.certificateTypes)
        certificateCompression = []
        context = []
    }
}
