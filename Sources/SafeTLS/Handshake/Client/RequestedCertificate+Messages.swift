// SPDX-License-Identifier: Apache-2.0

import TLSCertificates

extension RequestedCertificate {
    /// Reads a CertificateRequest of a TLS 1.3 handshake (RFC 8446 §4.3.2).
    init(handshakeTLS13 message: [UInt8], _ compression: CertificateCompression) throws(TLSError) {
        self = try RequestedCertificate(tls13: message, compression)
        // §4.3.2: only post-handshake authentication has a context.
        guard context.isEmpty else {
            throw .peerMisbehaved(.illegalParameter("a context in a CertificateRequest of the handshake"))
        }
    }

    /// Reads a TLS 1.3 CertificateRequest. Its oid_filters are not looked at: a client may answer with a certificate that
    /// does not match them (§4.2.5).
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
        guard let schemes = request.signatureAlgorithms else {
            throw .peerMisbehaved(.missingExtension(.signatureAlgorithms))
        }
        signatureSchemes = schemes.array
        certificateSignatureSchemes = request.signatureAlgorithmsCert?.array
        certificateAuthorities = request.certificateAuthorities?.array ?? []
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
        signatureSchemes = request.signatureAlgorithms.array
        certificateSignatureSchemes = nil
        certificateAuthorities = request.certificateAuthorities.array
        version = .tls12
        certificateTypes = copyBytes(request.certificateTypes)
        certificateCompression = []
        context = []
    }
}

extension ClientOffer {
    /// The request to judge the server's chain.
    func verification(_ chain: PeerChain) -> VerificationRequest {
        VerificationRequest(
            certificateChain: chain.certificates,
            serverName: serverName,
            ocspResponse: chain.staple.ocspResponse,
            signedCertificateTimestamps: chain.staple.signedCertificateTimestamps,
            statusPolicy: options.requiresOCSPResponse ? .required : options.requestsOCSPResponse ? .used : .ignored,
            verifier: configuration.verifier,
            time: options.clock(),
            judge: configuration.judge
        )
    }
}
