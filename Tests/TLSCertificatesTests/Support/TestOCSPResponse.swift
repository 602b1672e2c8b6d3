// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// An OCSP response to be made about the leaf of a ``TestChain``; every part can be changed alone.
struct TestOCSPResponse: Sendable {
    enum Status: Sendable {
        case good, unknown
        case revoked(reason: UInt8?)
    }

    var responseStatus: UInt8 = 0
    var responseType = "1.3.6.1.5.5.7.48.1.1"
    /// The object identifier of the hash in the CertID.
    var hashObject = "1.3.14.3.2.26"
    var hash = HashAlgorithm.sha1
    var issuerName = DER.name("Intermediate")
    var issuerKey = TestKey.intermediate
    /// The bits of the issuer's key, if they aren't a point of P-256.
    var issuerKeyBits: [UInt8]?
    var serialNumber = DER.integer(1)
    var status = Status.good
    var thisUpdate = DER.time("20251231000000Z")
    var nextUpdate: [UInt8]? = DER.time("20260107000000Z")
    /// The responder's name; nil names it by the hash of its key.
    var responder: [UInt8]? = DER.name("Intermediate")
    var signer = TestKey.intermediate
    var certificates: [TestCertificate] = []
    var extensions: [TestExtension] = []
    var damagesSignature = false

    /// A certificate for a responder of the intermediate authority.
    static let delegate = TestCertificate(
        subject: DER.name("Responder"),
        issuer: DER.name("Intermediate"),
        key: .other,
        signer: .intermediate,
        extensions: [.purposes("1.3.6.1.5.5.7.3.9"), .keyUsage(0x80)]
    )

    /// Signed by that responder.
    static var delegated: TestOCSPResponse {
        var response = TestOCSPResponse()
        response.responder = DER.name("Responder")
        response.signer = .other
        response.certificates = [delegate]
        return response
    }

    /// The bits of a public key, behind the header of its BIT STRING and the count of unused ones.
    private static func bits(of key: TestKey) -> [UInt8] {
        // The keys used here have uncompressed points of 65 bytes at the end.
        Array(base64(key.publicKeyInfo).suffix(65))
    }

    private static func digest(_ bytes: [UInt8], _ algorithm: HashAlgorithm) throws -> [UInt8] {
        let digest = try HashState.hash(algorithm, bytes.span)
        return digest.bytes.indices.map { digest.bytes[$0] }
    }

    var der: [UInt8] {
        get throws {
            let certStatus: [UInt8] =
                switch status {
                case .good: DER.context(0, [])
                case .unknown: DER.context(2, [])
                case .revoked(let reason):
                    DER.explicit(
                        1,
                        DER.time("20251115120000Z") + (reason.map { DER.explicit(0, DER.value(0x0A, [$0])) } ?? [])
                    )
                }
            let single = DER.sequence(
                DER.sequence(
                    DER.sequence(DER.object(hashObject), DER.null),
                    DER.octets(try Self.digest(issuerName, hash)),
                    DER.octets(try Self.digest(issuerKeyBits ?? Self.bits(of: issuerKey), hash)),
                    serialNumber
                ),
                certStatus,
                thisUpdate,
                nextUpdate.map { DER.explicit(0, $0) } ?? []
            )
            let data = DER.sequence(
                try responder.map { DER.explicit(1, $0) }
                    ?? DER.explicit(2, DER.octets(Self.digest(Self.bits(of: signer), .sha1))),
                thisUpdate,
                DER.sequence(single),
                extensions.isEmpty ? [] : DER.explicit(1, DER.sequence(of: extensions.map(\.der)))
            )
            var signature = try PrivateKey(der: base64(signer.privateKey ?? "").span)
                .sign(data.span, algorithm: signer.algorithm.signer)
            if damagesSignature { signature[signature.count - 1] ^= 1 }
            let chain = try certificates.map { try $0.der }
            let basic = DER.sequence(
                data,
                signer.algorithm.identifier,
                DER.bits(signature),
                chain.isEmpty ? [] : DER.explicit(0, DER.sequence(of: chain))
            )
            let bytes = DER.explicit(0, DER.sequence(DER.object(responseType), DER.octets(basic)))
            return DER.sequence(DER.value(0x0A, [responseStatus]), responseStatus == 0 ? bytes : [])
        }
    }

    func made() throws -> OCSPResponse { try OCSPResponse(der: der) }
}
