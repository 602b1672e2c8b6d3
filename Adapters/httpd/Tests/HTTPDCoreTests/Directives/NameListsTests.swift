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
        #expect(try GroupList(text).groups == expected)
    }

    /// Mozilla's and certbot's lists, which a distribution's OpenSSL may be too old for.
    @Test(arguments: ["X25519MLKEM768:X25519:prime256v1:secp384r1", "X25519:prime256v1:secp384r1"])
    func listsOfTheWorld(text: String) throws {
        let list = try GroupList(text)
        let classical: [NamedGroup] = [.x25519, .secp256r1, .secp384r1]
        #expect(list.groups == (text.hasPrefix("X25519MLKEM768") ? [.x25519MLKEM768] : []) + classical)
        #expect(list.tierStarts.isEmpty && list.keyShares == nil)
    }

    /// OpenSSL 3.5's default, and what becomes of tiers and key shares that lose their groups.
    @Test(
        arguments: [
            (
                "?*X25519MLKEM768 / ?*X25519:?secp256r1 / ?X448:?secp384r1:?secp521r1 / ?ffdhe2048:?ffdhe3072",
                [.x25519MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1], [.x25519, .secp384r1],
                [.x25519MLKEM768, .x25519]
            ),
            ("X448 / x25519 / ffdhe2048", [.x25519], [], nil), ("X25519/", [.x25519], [], nil),
            ("*X448:X25519", [.x25519], [], nil),
            ("X25519/P-256:P-384:-P-256", [.x25519, .secp384r1], [.secp384r1], nil),
            ("X25519/*P-256:-P-256", [.x25519], [], nil),
            ("X25519:P-256/P-384:-X25519", [.secp256r1, .secp384r1], [.secp384r1], nil),
            ("X25519/P-256:P-521/P-384:-P-256", [.x25519, .secp521r1, .secp384r1], [.secp521r1, .secp384r1], nil),
            ("*?P-384:?*P-256", [.secp384r1, .secp256r1], [], [.secp384r1, .secp256r1]),
            ("*P-384:*P-256:*X25519", [.secp384r1, .secp256r1, .x25519], [], [.secp384r1, .secp256r1]),
            ("SecP256r1MLKEM768:secp384r1mlkem1024", [.secp256r1MLKEM768, .secp384r1MLKEM1024], [], nil),
        ] as [(String, [NamedGroup], [NamedGroup], [NamedGroup]?)]
    )
    func tiersAndKeyShares(
        text: String,
        groups: [NamedGroup],
        tierStarts: [NamedGroup],
        keyShares: [NamedGroup]?
    ) throws {
        let list = try GroupList(text)
        #expect(list.groups == groups)
        #expect(list.tierStarts == tierStarts)
        #expect(list.keyShares == keyShares)
        var server = ServerOptions()
        list.apply(to: &server)
        #expect(server.groups == groups && server.groupTierStarts == tierStarts)
        var client = ClientOptions()
        list.apply(to: &client)
        #expect(client.groups == groups && client.keyShares == keyShares)
    }

    @Test(arguments: ["automatic", "+automatic", "DEFAULT"])
    func wordsForAllGroups(text: String) throws {
        #expect(try GroupList(text).groups == NamedGroup.supported)
    }

    @Test func aWordForAllGroupsLeavesTheOrderOfThoseBefore() throws {
        let groups = try GroupList("secp521r1:DEFAULT:-secp384r1").groups
        #expect(groups.first == .secp521r1)
        #expect(Set(groups) == Set(NamedGroup.supported).subtracting([.secp384r1]))
        #expect(groups.count == NamedGroup.supported.count - 1)
    }

    @Test(arguments: ["", ":", "X448", "ffdhe2048", "sect571r1:brainpoolP512r1", "X25519:-X25519"])
    func noGroup(text: String) {
        let error = #expect(throws: DirectiveError.self) { try GroupList(text).groups }
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
