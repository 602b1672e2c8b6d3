// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// Lists of groups and signature algorithms.
@Suite struct NameListsTests {
    @Test(
        arguments: [
            ("X25519:prime256v1:secp384r1:secp521r1", [.x25519, .secp256r1, .secp384r1, .secp521r1]),
            ("P-521:p-256", [.secp521r1, .secp256r1]), ("secp256r1", [.secp256r1]),
            ("secp384r1:P-384:secp384r1", [.secp384r1]), ("X25519, prime256v1", [.x25519, .secp256r1]),
            // What is not supported is passed over.
            ("X448:brainpoolP256r1:X25519", [.x25519]),
            // OpenSSL 3.5: unknown ones may be there, key shares, groups of equal rank, and a group to leave out.
            ("?X448:*X25519/secp256r1", [.x25519, .secp256r1]),
            ("X25519:secp256r1:secp384r1:-secp256r1", [.x25519, .secp384r1]),
        ] as [(String, [NamedGroup])]
    )
    func groups(text: String, expected: [NamedGroup]) throws {
        #expect(try NameLists.groups(text) == expected)
    }

    /// Mozilla's and certbot's lists, which a distribution's OpenSSL may be too old for.
    @Test(arguments: ["X25519MLKEM768:X25519:prime256v1:secp384r1", "X25519:prime256v1:secp384r1"])
    func listsOfTheWorld(text: String) throws {
        let classical = try NameLists.groups(text).filter { $0 != .x25519MLKEM768 }
        #expect(classical == [.x25519, .secp256r1, .secp384r1])
    }

    @Test(arguments: ["automatic", "+automatic", "DEFAULT"])
    func wordsForAllGroups(text: String) throws {
        #expect(try NameLists.groups(text) == NamedGroup.supported)
    }

    @Test func aWordForAllGroupsLeavesTheOrderOfThoseBefore() throws {
        let groups = try NameLists.groups("secp521r1:DEFAULT:-secp384r1")
        #expect(groups.first == .secp521r1)
        #expect(Set(groups) == Set(NamedGroup.supported).subtracting([.secp384r1]))
        #expect(groups.count == NamedGroup.supported.count - 1)
    }

    @Test(arguments: ["", ":", "X448", "ffdhe2048", "sect571r1:brainpoolP512r1", "X25519:-X25519"])
    func noGroup(text: String) {
        let error = #expect(throws: DirectiveError.self) { try NameLists.groups(text) }
        #expect(error?.description.hasPrefix("'\(text)' names no group") == true)
        // What could be written instead.
        #expect(error?.description.contains("x25519") == true)
    }

    @Test(
        arguments: [
            ("ECDSA+SHA256:RSA+SHA384", [.ecdsaSECP256R1SHA256, .rsaPKCS1SHA384]),
            ("RSA-PSS+SHA512", [.rsaPSSRSAESHA512, .rsaPSSPSSSHA512]),
            ("PSS+SHA256", [.rsaPSSRSAESHA256, .rsaPSSPSSSHA256]),
            ("ed25519:rsa_pss_rsae_sha256", [.ed25519, .rsaPSSRSAESHA256]),
            ("ECDSA+SHA384:ecdsa_secp384r1_sha384:ECDSA+SHA512", [.ecdsaSECP384R1SHA384, .ecdsaSECP521R1SHA512]),
            ("RSA+SHA1:DSA+SHA256:ed448:rsa_pkcs1_sha256", [.rsaPKCS1SHA256]), ("?ed448:?ed25519", [.ed25519]),
            ("ed25519, RSA+SHA512", [.ed25519, .rsaPKCS1SHA512]),
        ] as [(String, [SignatureScheme])]
    )
    func signatureSchemes(text: String, expected: [SignatureScheme]) throws {
        #expect(try NameLists.signatureSchemes(text) == expected)
    }

    @Test(arguments: ["", "RSA+SHA1", "RSA", "SHA256", "ed448", "ECDSA+SHA224", "ecdsa+"])
    func noSignatureScheme(text: String) {
        let error = #expect(throws: DirectiveError.self) { try NameLists.signatureSchemes(text) }
        #expect(error?.description.contains("'\(text)'") == true)
    }
}
