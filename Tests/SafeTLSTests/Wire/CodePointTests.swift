// SPDX-License-Identifier: Apache-2.0

import TLSCrypto
import Testing

@testable import SafeTLS

@Suite struct CodePointTests {
    @Test func `Unknown values keep their number and are named by it`() {
        #expect(CipherSuite(rawValue: 0x0A0A).description == "0x0a0a")
        #expect(NamedGroup(rawValue: 0x00F1).name == "0x00f1")
        #expect(SignatureScheme(rawValue: 0xFFFF).name == "0xffff")
        #expect(AlertDescription(rawValue: 7).name == "0x07")
        #expect(ProtocolVersion(rawValue: 0x7F1C).name == "0x7f1c")
    }

    @Test func `Versions are ordered and named`() {
        let versions: [ProtocolVersion] = [.ssl30, .tls10, .tls11, .tls12, .tls13]
        #expect(versions == versions.sorted())
        #expect(versions.map(\.name) == ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
        #expect((ProtocolVersion.tls12 ... .tls13).contains(.tls13))
    }

    @Test(arguments: CipherSuite.supported)
    func `A suite is found by both its names in any case`(_ suite: CipherSuite) {
        #expect(CipherSuite(name: suite.ianaName) == suite)
        #expect(CipherSuite(name: suite.opensslName.lowercased()) == suite)
        #expect(suite.aead != nil && suite.hash != nil)
        #expect(suite.isTLS13 == (suite.authentication == nil))
        #expect(suite.version == (suite.isTLS13 ? .tls13 : .tls12))
        #expect((suite.hash == .sha384) == (suite.aead == .aes256GCM))
    }

    @Test func `Suites have their registered numbers`() {
        #expect(
            CipherSuite.supported.map(\.rawValue)
                == [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8]
        )
        #expect(CipherSuite(name: "TLS_RSA_WITH_AES_128_CBC_SHA") == nil)
        #expect(CipherSuite(name: "TLS_FALLBACK_SCSV") == nil)
        #expect(CipherSuite.fallbackSCSV.aead == nil && CipherSuite.fallbackSCSV.version == nil)
    }

    @Test func `Groups map to key exchanges and back`() {
        for group in KeyExchangeGroup.allCases {
            #expect(NamedGroup(group).keyExchangeGroup == group)
        }
        #expect(NamedGroup.supported.map(\.rawValue) == [0x11EC, 0x11EB, 0x11ED, 29, 23, 24, 25])
        #expect(NamedGroup(rawValue: 0x11EB) == .secp256r1MLKEM768)
        #expect(NamedGroup(rawValue: 0x11EC) == .x25519MLKEM768)
        #expect(NamedGroup(rawValue: 0x11ED) == .secp384r1MLKEM1024)
        #expect(NamedGroup(rawValue: 0x11EE).keyExchangeGroup == nil)
        #expect(NamedGroup(name: "P-256") == .secp256r1 && NamedGroup(name: "X25519") == .x25519)
        for group in NamedGroup.supported {
            #expect(NamedGroup(name: group.name.uppercased()) == group)
            #expect(group.isPostQuantum == (group.rawValue > 0x1000))
        }
        #expect(!NamedGroup(rawValue: 0x6399).isPostQuantum)
    }

    @Test(arguments: SignatureScheme.supported)
    func `A supported scheme has an algorithm and a name`(_ scheme: SignatureScheme) {
        #expect(scheme.algorithm != nil)
        #expect(SignatureScheme(name: scheme.name.uppercased()) == scheme)
        #expect(scheme.isAllowed(in: .tls12) == !SignatureScheme.postQuantum.contains(scheme))
    }

    @Test func `TLS 1.3 signs neither with PKCS 1 nor with SHA-1`() {
        let refused = SignatureScheme.supported.filter { !$0.isAllowed(in: .tls13) }
        #expect(refused == [.rsaPKCS1SHA256, .rsaPKCS1SHA384, .rsaPKCS1SHA512])
        for scheme in [SignatureScheme.rsaPKCS1SHA1, .ecdsaSHA1, .ed448] {
            #expect(!scheme.isAllowed(in: .tls12) && !scheme.isAllowed(in: .tls13))
        }
        #expect(!SignatureScheme.ed25519.isAllowed(in: .tls11))
    }

    @Test func `Only TLS 1.3 binds an ECDSA scheme to its curve`() {
        let kinds: [KeyKind] = [.ecdsaP256, .ecdsaP384, .ecdsaP521]
        let schemes: [SignatureScheme] = [.ecdsaSECP256R1SHA256, .ecdsaSECP384R1SHA384, .ecdsaSECP521R1SHA512]
        for (row, scheme) in schemes.enumerated() {
            for (column, kind) in kinds.enumerated() {
                #expect(scheme.isUsable(with: kind, in: .tls12))
                #expect(scheme.isUsable(with: kind, in: .tls13) == (row == column))
            }
            #expect(!scheme.isUsable(with: .rsa(bits: 2048), in: .tls12))
            #expect(!scheme.isUsable(with: .ed25519, in: .tls12))
        }
    }

    @Test func `PSS keys and RSA keys are kept apart, and both need room`() {
        #expect(SignatureScheme.rsaPSSRSAESHA256.isUsable(with: .rsa(bits: 2048), in: .tls13))
        #expect(!SignatureScheme.rsaPSSRSAESHA256.isUsable(with: .rsaPSS(bits: 2048), in: .tls13))
        #expect(SignatureScheme.rsaPSSPSSSHA256.isUsable(with: .rsaPSS(bits: 2048), in: .tls13))
        #expect(!SignatureScheme.rsaPSSPSSSHA256.isUsable(with: .rsa(bits: 2048), in: .tls13))
        #expect(!SignatureScheme.rsaPKCS1SHA256.isUsable(with: .rsaPSS(bits: 2048), in: .tls12))
        // A 1024-bit modulus holds 128 bytes; SHA-512 with its salt needs 130.
        #expect(!SignatureScheme.rsaPSSRSAESHA512.isUsable(with: .rsa(bits: 1024), in: .tls13))
        #expect(SignatureScheme.rsaPSSRSAESHA384.isUsable(with: .rsa(bits: 1024), in: .tls13))
        #expect(SignatureScheme.ed25519.isUsable(with: .ed25519, in: .tls13))
        #expect(!SignatureScheme.ed25519.isUsable(with: .ecdsaP256, in: .tls13))
    }

    @Test func `A key stands for one kind of suite`() {
        #expect(CipherSuite.Authentication(.rsa(bits: 2048)) == .rsa)
        #expect(CipherSuite.Authentication(.ed25519) == .ecdsa)
        #expect(CipherSuite.ecdheECDSAWithAES128GCMSHA256.authentication == .ecdsa)
        #expect(CipherSuite.ecdheRSAWithChaCha20Poly1305SHA256.authentication == .rsa)
    }
}
