// SPDX-License-Identifier: Apache-2.0

import TLSCrypto

/// A question to an OCSP responder about one certificate (RFC 6960 §4.1).
///
/// The certificate is identified with SHA-1, which every responder knows; nothing hangs on its strength (RFC 5019 §2.1.1).
public struct OCSPRequest: Sendable {
    /// The encoding, to be sent with the type `application/ocsp-request` (RFC 6960 §A.1).
    public let der: [UInt8]

    /// How many bytes a nonce may have (RFC 9654 §2.1).
    public static let nonceByteCounts = 1...128

    /// Asks about a certificate.
    ///
    /// - Parameters:
    ///   - certificate: The certificate in question.
    ///   - issuer: The certificate of its issuer.
    ///   - nonce: Random bytes that tie the response to this request, 1 to 128 of them; nil for responses that may have
    ///     been made before. Responders are free to leave it out: see ``OCSPResponse/nonce``.
    /// - Throws: ``CertificateError`` when the issuer's key is malformed or the nonce too long.
    public init(
        for certificate: Certificate,
        issuedBy issuer: Certificate,
        nonce: [UInt8]? = nil
    ) throws(CertificateError) {
        let identifier = DERWriter.sequence(
            DERWriter.sequence(DERWriter.objectIdentifier(.sha1), DERWriter.value(DERTag.null, [])),
            DERWriter.value(DERTag.octetString, try Self.sha1(certificate.issuer.der)),
            DERWriter.value(DERTag.octetString, try Self.sha1(try issuer.publicKeyBits())),
            DERWriter.value(DERTag.integer, certificate.serialNumber)
        )
        var extensions: [UInt8] = []
        if let nonce {
            guard Self.nonceByteCounts.contains(nonce.count) else {
                throw CertificateError("a nonce has 1 to 128 bytes, not \(nonce.count)")
            }
            let value = DERWriter.value(DERTag.octetString, DERWriter.value(DERTag.octetString, nonce))
            extensions = DERWriter.value(
                DERTag.constructedContext(2),
                DERWriter.sequence(DERWriter.sequence(DERWriter.objectIdentifier(.ocspNonce), value))
            )
        }
        der = DERWriter.sequence(
            DERWriter.sequence(DERWriter.sequence(DERWriter.sequence(identifier)), extensions)
        )
    }

    private static func sha1(_ value: [UInt8]) throws(CertificateError) -> [UInt8] {
        do throws(CryptoError) {
            let digest = try HashState.hash(.sha1, value.span)
            return copyBytes(digest.bytes)
        } catch {
            throw CertificateError("a hash of the OCSP request could not be computed")
        }
    }
}
