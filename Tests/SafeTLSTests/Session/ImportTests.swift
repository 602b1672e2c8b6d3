// SPDX-License-Identifier: Apache-2.0

import SafeTLS
import Testing

// This file imports SafeTLS and nothing below it, by the rules of `MemberImportVisibility`: what occurs in signatures is there.
@Suite("With SafeTLS alone imported")
struct ImportTests {
    /// A source of randomness of a program's own.
    struct Zeros: RandomSource {
        func fill(_ bytes: inout MutableSpan<UInt8>) throws(CryptoError) {
            guard !bytes.isEmpty else { throw .randomUnavailable }
            for index in bytes.indices { bytes[index] = 0 }
        }
    }

    @Test("keys, names, anchors, chains and their errors can be written down")
    func names() throws {
        #expect(ServerName("server.example")?.isDNS == true)
        #expect(TrustAnchors([]).count == 0)
        var options = ClientOptions()
        options.random = Zeros()
        options.policies = PolicyRequirements()
        options.limits = CertificateVerifier.Limits()
        options.revocation = RevocationPolicy(lists: CertificateRevocationLists([]))
        #expect(throws: ConfigurationError.self) { try ClientConfiguration(trustAnchors: TrustAnchors([])) }
        let text: [UInt8] = Array("no key".utf8)
        let error = #expect(throws: CryptoError.self) { try PrivateKey(pem: text.span) }
        #expect(error?.description == "There is no private key in the PEM text.")
        #expect("\(CryptoError.authenticationFailed)".hasSuffix("."))
        let key = [UInt8](repeating: 7, count: 32)
        #expect(throws: Never.self) { try ExternalPSK(identity: [1], key: key.span, hash: HashAlgorithm.sha384) }
        func kind(_ key: PublicKey) -> KeyKind { key.kind }
        func rejected(_ verdict: Verdict) -> CertificateRejection? {
            if case .rejected(let rejection) = verdict { rejection } else { nil }
        }
        let chain: [Certificate] = []
        #expect(rejected(.accepted(path: chain)) == nil)
        _ = SystemRandomSource()
    }
}
