// SPDX-License-Identifier: Apache-2.0

import TLSCertificates
import TLSCrypto

/// An entry of a revocation list to be made.
struct TestRevocation: Sendable {
    var serialNumber: [UInt8] = DER.integer(1)
    var date = DER.time("251115120000Z")
    var extensions: [TestExtension] = []

    /// ``date`` in seconds since 1970.
    static let time: Int64 = 1_763_208_000

    var der: [UInt8] {
        DER.sequence(serialNumber, date, extensions.isEmpty ? [] : DER.sequence(of: extensions.map(\.der)))
    }

    static func because(_ reason: UInt8) -> TestRevocation {
        TestRevocation(extensions: [.reasonCode(reason)])
    }
}

/// A revocation list to be made; every part can be changed alone.
struct TestRevocationList: Sendable {
    /// nil leaves the version out: version 1.
    var version: UInt8? = 1
    var issuer: [UInt8]
    var signer: TestKey
    /// The signer's own if nil.
    var algorithm: TestAlgorithm?
    /// What stands beside the signature, if it isn't what stands inside.
    var outerAlgorithm: [UInt8]?
    var thisUpdate = DER.time("251201000000Z")
    var nextUpdate: [UInt8] = DER.time("260201000000Z")
    var entries: [TestRevocation] = []
    /// The encoded list of entries, if it isn't that of ``entries``.
    var entryList: [UInt8]?
    var extensions: [TestExtension] = [.crlNumber([1])]
    var damagesSignature = false

    /// ``thisUpdate`` and ``nextUpdate`` in seconds since 1970.
    static let (from, to): (Int64, Int64) = (1_764_547_200, 1_769_904_000)

    var der: [UInt8] {
        get throws {
            let algorithm = algorithm ?? signer.algorithm
            let signed = DER.sequence(
                version.map { DER.integer($0) } ?? [],
                algorithm.identifier,
                issuer,
                thisUpdate,
                nextUpdate,
                entryList ?? (entries.isEmpty ? [] : DER.sequence(of: entries.map(\.der))),
                extensions.isEmpty ? [] : DER.explicit(0, DER.sequence(of: extensions.map(\.der)))
            )
            var signature = [UInt8](repeating: 0x55, count: 64)
            if let privateKey = signer.privateKey {
                signature = try PrivateKey(der: base64(privateKey).span).sign(signed.span, algorithm: algorithm.signer)
            }
            if damagesSignature { signature[signature.count - 1] ^= 1 }
            return DER.sequence(signed, outerAlgorithm ?? algorithm.identifier, DER.bits(signature))
        }
    }

    func made() throws -> CertificateRevocationList { try CertificateRevocationList(der: der) }
}

extension TestExtension {
    static func crlNumber(_ bytes: [UInt8]) -> TestExtension {
        TestExtension(object: "2.5.29.20", isCritical: false, value: DER.value(2, bytes))
    }

    static func reasonCode(_ reason: UInt8) -> TestExtension {
        TestExtension(object: "2.5.29.21", isCritical: false, value: DER.value(0x0A, [reason]))
    }

    /// An IssuingDistributionPoint of these fields.
    static func issuingDistributionPoint(_ fields: [UInt8]...) -> TestExtension {
        TestExtension(object: "2.5.29.28", isCritical: true, value: DER.sequence(of: fields))
    }

    /// CRLDistributionPoints, each of these fields.
    static func distributionPoints(_ points: [UInt8]...) -> TestExtension {
        TestExtension(object: "2.5.29.31", isCritical: false, value: DER.sequence(of: points.map { DER.sequence($0) }))
    }
}

/// Fields of distribution points.
enum TestPoint {
    static func fullName(_ names: [UInt8]...) -> [UInt8] {
        DER.explicit(0, DER.explicit(0, names.flatMap { $0 }))
    }
    static func relativeName(_ attribute: [UInt8]) -> [UInt8] { DER.explicit(0, DER.explicit(1, attribute)) }
    static func flag(_ number: UInt8, _ isSet: Bool = true) -> [UInt8] { DER.context(number, [isSet ? 0xFF : 0]) }
    /// ReasonFlags: keyCompromise.
    static func reasons(_ number: UInt8) -> [UInt8] { DER.context(number, [6, 0x40]) }
    static func issuer(_ name: [UInt8]) -> [UInt8] { DER.explicit(2, TestName.directory(name)) }
}

/// The usual chain with an empty list of each issuer: accepted, until a test changes something.
struct RevocationCase {
    var chain = TestChain()
    var leafList = TestRevocationList(issuer: DER.name("Intermediate"), signer: .intermediate)
    var intermediateList = TestRevocationList(issuer: DER.name("Root"), signer: .root)
    var others: [TestRevocationList] = []
    var hasLeafList = true
    var hasIntermediateList = true
    var checks = RevocationPolicy.Checks.chain
    var unknownStatus = RevocationPolicy.Decision.refuse
    var expiredLists = RevocationPolicy.Decision.refuse

    func rejection() throws -> CertificateRejection? {
        var lists = others
        if hasLeafList { lists.append(leafList) }
        if hasIntermediateList { lists.append(intermediateList) }
        var chain = chain
        chain.revocation = RevocationPolicy(
            lists: CertificateRevocationLists(try lists.map { try $0.made() }),
            checks: checks,
            unknownStatus: unknownStatus,
            expiredLists: expiredLists
        )
        return try chain.rejection()
    }
}

/// What `openssl ca -gencrl` has made, and its certificate authority; valid from 2026-11-23 for 98 years.
enum RevocationSamples {
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCATCgAwIBAgIUbDSAHRTzpx2tUgNsbTZYPYg1xN4wCgYIKoZIzj0EAwIw
        IjELMAkGA1UEBhMCREUxEzARBgNVBAMMCk9wZW5TU0wgQ0EwIBcNMjYxMTIzMTcy
        NDEwWhgPMjEyNTA2MTcxNzI0MTBaMCIxCzAJBgNVBAYTAkRFMRMwEQYDVQQDDApP
        cGVuU1NMIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEatBhHK6cUBug8yne
        ZzDSB7tKxR2ni5isJUwCLEp2hz3jENwgP7hIZJnkyPLZ/or90zfHRwFgUhMnPbhT
        muDy0qNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0O
        BBYEFP+pZNNVeLAzL119MmZapSwS+fgpMAoGCCqGSM49BAMCA0cAMEQCIDVtW8+M
        9Asxg2pctn8JmgqmLUnGUEnBk3Uxtp3i666LAiBwCqBqBBAk4+/Ai8Wa5MqUrFBt
        VA4r0ubJBQXLXxFVgQ==
        -----END CERTIFICATE-----

        """

    /// Revokes the serial numbers 0102…1314 (key compromise), 1001 and 80 (superseded).
    static let list = """
        -----BEGIN X509 CRL-----
        MIIBTTCB9AIBATAKBggqhkjOPQQDAjAiMQswCQYDVQQGEwJERTETMBEGA1UEAwwK
        T3BlblNTTCBDQRcNMjYxMTIzMTcyNDEwWhgPMjEyNTA2MTcxNzI0MTBaMG0wIQIC
        AIAXDTI2MTAwMzEyMDAwMFowDDAKBgNVHRUEAwoBBDATAgIQARcNMjYxMDAyMTIw
        MDAwWjAzAhQBAgMEBQYHCAkKCwwNDg8QERITFBcNMjYxMDAxMTIwMDAwWjAMMAoG
        A1UdFQQDCgEBoDAwLjAfBgNVHSMEGDAWgBT/qWTTVXiwMy9dfTJmWqUsEvn4KTAL
        BgNVHRQEBAICEAAwCgYIKoZIzj0EAwIDSAAwRQIhAPm8owDdWOVnpIY54ru2s/LO
        KU6+zDQlprsp6cQAt+jWAiAQrb6Qosa3gUVVgMFNoyIwzNvZMfHIEDsZHsX8g0+Y
        6w==
        -----END X509 CRL-----

        """
}
