// SPDX-License-Identifier: Apache-2.0

@testable import SafeTLS

/// Messages made by the writers, for what RFC 8448 has no example of.
enum SampleMessages {
    struct Sample: Sendable, CustomStringConvertible {
        let type: HandshakeType
        let version: ProtocolVersion
        let body: [UInt8]
        var description: String { "\(version.name) \(type.name)" }
    }

    static let all: [Sample] = (try? make()) ?? []

    private static func make() throws(EncodeError) -> [Sample] {
        var samples: [Sample] = []
        func add(_ version: ProtocolVersion, _ write: (inout ByteWriter) throws(EncodeError) -> Void)
            throws(EncodeError)
        {
            var writer = ByteWriter()
            try write(&writer)
            samples.append(
                Sample(
                    type: HandshakeType(rawValue: writer.bytes[0]),
                    version: version,
                    body: Array(writer.bytes.dropFirst(HandshakeMessage.headerLength))
                )
            )
        }
        let random = [UInt8](repeating: 7, count: 32)
        let point = [UInt8](repeating: 4, count: 65)
        try add(.tls12) { writer throws(EncodeError) in
            try ClientHello.write(
                random: random.span,
                legacySessionID: random.span,
                cipherSuites: CipherSuite.supported + [.emptyRenegotiationInfoSCSV],
                into: &writer
            ) { extensions in
                extensions.serverName("example.com")
                extensions.statusRequest()
                extensions.addEmpty(.signedCertificateTimestamp)
                extensions.applicationProtocols(["h2", "http/1.1"])
                extensions.ecPointFormats()
                extensions.renegotiationInfo()
                extensions.addEmpty(.extendedMasterSecret)
                extensions.maxFragmentLength(4)
                extensions.certificateAuthorities([[0x30, 0], [0x30, 1, 0]])
                extensions.signatureAlgorithmsCert(SignatureScheme.supported)
                extensions.addEmpty(.postHandshakeAuth)
                extensions.keyShares([KeyShare(group: .secp256r1, publicKey: point)])
                extensions.cookie([1, 2, 3])
            }
        }
        try add(.tls12) { writer throws(EncodeError) in
            try ServerHello.write(
                random: random.span,
                legacySessionID: [UInt8]().span,
                cipherSuite: .ecdheRSAWithAES128GCMSHA256,
                into: &writer
            ) { extensions in
                extensions.addEmpty(.serverName)
                extensions.renegotiationInfo()
                extensions.ecPointFormats()
                extensions.applicationProtocols(["h2"])
                extensions.addEmpty(.extendedMasterSecret)
                extensions.recordSizeLimit(16384)
            }
        }
        try add(.tls12) { writer throws(EncodeError) in
            try CertificateMessage.writeTLS12(chain: [[1, 2, 3], [4, 5]], into: &writer)
        }
        try add(.tls13) { writer throws(EncodeError) in
            try CertificateMessage.writeTLS13(
                requestContext: [9].span,
                chain: [[1, 2, 3], [4, 5]],
                into: &writer
            ) { $0.ocspResponse([0x30, 0x00]) }
        }
        try add(.tls12) { writer throws(EncodeError) in
            let parameters = try ServerKeyExchange.parameters(group: .secp256r1, publicKey: point)
            try ServerKeyExchange.write(
                parameters: parameters,
                scheme: .ed25519,
                signature: [1, 2, 3],
                into: &writer
            )
        }
        try add(.tls12) { writer throws(EncodeError) in
            try TLS12CertificateRequest.write(
                signatureAlgorithms: SignatureScheme.supported,
                certificateAuthorities: [[0x30, 0]],
                into: &writer
            )
        }
        try add(.tls12) { writer throws(EncodeError) in HandshakeMessage.writeEmpty(.serverHelloDone, into: &writer) }
        try add(.tls12) { writer throws(EncodeError) in
            try ClientKeyExchange.write(publicKey: point, into: &writer)
        }
        try add(.tls12) { writer throws(EncodeError) in
            try Finished.write(verifyData: [UInt8](repeating: 1, count: 12).span, into: &writer)
        }
        try add(.tls12) { writer throws(EncodeError) in
            try TLS12NewSessionTicket.write(lifetimeHint: 300, ticket: [1, 2].span, into: &writer)
        }
        try add(.tls12) { writer throws(EncodeError) in
            try CertificateStatus.write(ocspResponse: [0x30, 0], into: &writer)
        }
        try add(.tls13) { writer throws(EncodeError) in try KeyUpdate(isUpdateRequested: true).write(into: &writer) }
        return samples
    }
}
