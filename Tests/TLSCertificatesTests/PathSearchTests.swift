// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

@Suite struct PathSearchTests {
    private func verify(
        _ chain: [Certificate],
        anchors: [Certificate],
        serverName: String? = "www.example.com",
        limits: CertificateVerifier.Limits = .init()
    ) throws(CertificateRejection) -> [Certificate] {
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors(anchors),
            purpose: .serverAuthentication,
            limits: limits
        )
        return try verifier.verify(
            chain,
            serverName: serverName.flatMap { ServerName($0) },
            at: TestCertificate.now
        )
    }

    private func rejection(
        _ chain: [Certificate],
        anchors: [Certificate],
        limits: CertificateVerifier.Limits = .init()
    ) -> CertificateRejection? {
        do throws(CertificateRejection) {
            _ = try verify(chain, anchors: anchors, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    /// A self-signed certificate as `openssl req -x509` makes it.
    private var selfSigned: TestCertificate {
        var leaf = TestChain().leaf
        (leaf.issuer, leaf.signer) = (leaf.subject, .leaf)
        return leaf
    }

    // MARK: - Anchors

    @Test func aLeafMayBeItsOwnAnchor() throws {
        let leaf = try selfSigned.made()
        #expect(try verify([leaf], anchors: [leaf]) == [leaf])
        // Issued by somebody unknown, but trusted by itself.
        let issued = try TestChain().leaf.made()
        #expect(try verify([issued], anchors: [issued]) == [issued])
        #expect(rejection([try selfSigned.made()], anchors: [try TestChain().root.made()])?.reason == .selfSigned)
    }

    /// OpenSSL's rule: authorities that are no roots only help to find one.
    @Test func onlyRootsEndAPath() throws {
        let made = TestChain()
        let (leaf, intermediate, root) = (try made.leaf.made(), try made.intermediate.made(), try made.root.made())
        func verify(_ chain: [Certificate], _ anchors: [Certificate], most: Int = 8) throws -> [Certificate] {
            var limits = CertificateVerifier.Limits()
            limits.intermediates = most
            let verifier = CertificateVerifier(
                trustAnchors: TrustAnchors(anchors),
                purpose: .serverAuthentication,
                limits: limits,
                trustsOnlyRoots: true
            )
            return try verifier.verify(chain, serverName: ServerName("www.example.com"), at: TestCertificate.now)
        }
        let path = [leaf, intermediate, root]
        #expect(try verify([leaf, intermediate], [root]) == path)
        // The peer need not send what is known, and its depth counts.
        #expect(try verify([leaf], [intermediate, root]) == path)
        #expect(throws: CertificateRejection.self) { try verify([leaf], [intermediate, root], most: 0) }
        let unknown = CertificateRejection.Reason.unknownIssuer(issuer: "CN=Root")
        let rejection = #expect(throws: CertificateRejection.self) { try verify([leaf, intermediate], [intermediate]) }
        #expect(rejection?.reason == unknown)
        #expect(throws: CertificateRejection.self) { try verify([leaf], [leaf]) }
        let own = try selfSigned.made()
        #expect(try verify([own], [own]) == [own])
    }

    @Test func aLeafThatIsItsOwnAnchorStillHasToFit() throws {
        var leaf = selfSigned
        let fine = try leaf.made()
        do throws(CertificateRejection) {
            _ = try verify([fine], anchors: [fine], serverName: "example.org")
            Issue.record("another name was accepted")
        } catch {
            #expect(
                error.reason
                    == .wrongName(
                        expected: .dns("example.org"),
                        presented: ["www.example.com", "192.0.2.1"]
                    )
            )
        }
        leaf.notAfter = DER.time("250601000000Z")
        let expired = try leaf.made()
        #expect(
            rejection([expired], anchors: [expired])?.reason
                == .expired(notAfter: 1_748_736_000, now: TestCertificate.now)
        )
    }

    @Test func anotherCertificateOfTheSameNameAndKeyIsNotTheAnchorItself() throws {
        var other = selfSigned
        other.serialNumber = DER.integer(2)
        // The anchor could still be its issuer, but it isn't an authority.
        #expect(
            rejection([try other.made()], anchors: [try selfSigned.made()])?.reason == .notACertificateAuthority
        )
    }

    @Test func anIntermediateMayBeAnAnchor() throws {
        let chain = TestChain()
        let intermediate = try chain.intermediate.made()
        let leaf = try chain.leaf.made()
        #expect(try verify([leaf], anchors: [intermediate]) == [leaf, intermediate])
    }

    @Test func aRootThatIsSentAsWellIsNotNeeded() throws {
        let chain = TestChain()
        let (leaf, intermediate, root) = try (chain.leaf.made(), chain.intermediate.made(), chain.root.made())
        #expect(try verify([leaf, intermediate, root, leaf], anchors: [root]) == [leaf, intermediate, root])
    }

    @Test func anchorsAreCountedOnce() throws {
        let root = try TestChain().root.made()
        #expect(TrustAnchors([root, root]).count == 1)
        #expect(TrustAnchors([]).count == 0)
    }

    // MARK: - Several paths

    @Test func anExpiredRootIsPassedByForItsSuccessor() throws {
        // Same name, same key: one of the two has expired.
        let chain = TestChain()
        var old = chain.root
        old.notAfter = DER.time("250601000000Z")
        let (expired, current) = try (old.made(), chain.root.made())
        let sent = try [chain.leaf.made(), chain.intermediate.made()]
        #expect(try verify(sent, anchors: [expired, current]).last == current)
        #expect(
            rejection(sent, anchors: [expired])?.reason
                == .expired(notAfter: 1_748_736_000, now: TestCertificate.now)
        )
    }

    @Test func crossSigningLeadsToTheTrustedRoot() throws {
        let chain = TestChain()
        var newRoot = chain.root
        (newRoot.subject, newRoot.issuer, newRoot.key, newRoot.signer) = (
            DER.name("New"), DER.name("New"), .other, .other
        )
        // The new root, certified by the old one.
        var bridge = newRoot
        (bridge.issuer, bridge.signer) = (DER.name("Root"), .root)
        var intermediate = chain.intermediate
        (intermediate.issuer, intermediate.signer) = (DER.name("New"), .other)
        let sent = try [chain.leaf.made(), bridge.made(), intermediate.made()]
        #expect(
            try verify(sent, anchors: [chain.root.made()]).map(\.description)
                == ["CN=Leaf", "CN=Intermediate", "CN=New", "CN=Root"]
        )
        #expect(
            try verify(sent, anchors: [newRoot.made()]).map(\.description) == ["CN=Leaf", "CN=Intermediate", "CN=New"]
        )
    }

    @Test func anotherKeyOfTheSameNameIsPassedBy() throws {
        let chain = TestChain()
        var other = chain.intermediate
        other.key = .other
        let sent = try [chain.leaf.made(), other.made(), chain.intermediate.made()]
        let root = try chain.root.made()
        #expect(try verify(sent, anchors: [root])[1] == sent[2])
        #expect(
            rejection(Array(sent.prefix(2)), anchors: [root])?.reason == .badSignature(issuer: "CN=Intermediate")
        )
    }

    @Test func keyIdentifiersSayWhomToTryFirst() throws {
        let chain = TestChain()
        var (leaf, right, wrong) = (chain.leaf, chain.intermediate, chain.intermediate)
        wrong.key = .other
        leaf.extensions.append(.authorityKeyIdentifier([1, 2, 3]))
        right.extensions.append(.subjectKeyIdentifier([1, 2, 3]))
        wrong.extensions.append(.subjectKeyIdentifier([4, 5, 6]))
        var limits = CertificateVerifier.Limits()
        limits.signatureCost = 2
        let sent = try [leaf.made(), wrong.made(), wrong.made(), right.made()]
        let root = try chain.root.made()
        #expect(try verify(sent, anchors: [root], limits: limits).count == 3)
        // They only give the order: a wrong identifier on the right key does no harm.
        right.extensions.removeLast()
        right.extensions.append(.subjectKeyIdentifier([7]))
        #expect(try verify([leaf.made(), right.made()], anchors: [root]).count == 3)
    }

    @Test func theMostTellingReasonIsReported() throws {
        let chain = TestChain()
        var (expired, stranger) = (chain.intermediate, chain.intermediate)
        expired.notAfter = DER.time("250601000000Z")
        stranger.issuer = DER.name("Nobody")
        let leaf = try chain.leaf.made()
        let root = try chain.root.made()
        for sent in [[expired, stranger], [stranger, expired]] {
            let rejection = rejection([leaf] + (try sent.map { try $0.made() }), anchors: [root])
            #expect(rejection?.reason == .expired(notAfter: 1_748_736_000, now: TestCertificate.now))
            #expect(rejection?.certificate == "CN=Intermediate")
            #expect(rejection?.depth == 1)
        }
    }

    // MARK: - Limits

    /// A chain with so many authorities between leaf and root, the leaf first.
    private func chain(intermediates count: Int) throws -> [Certificate] {
        let base = TestChain()
        var made: [Certificate] = []
        var (issuer, signer) = (DER.name("Root"), TestKey.root)
        let keys = [TestKey.intermediate, .other]
        for index in 0..<count {
            var authority = base.intermediate
            (authority.subject, authority.key) = (DER.name("A\(index)"), keys[index % 2])
            (authority.issuer, authority.signer) = (issuer, signer)
            made.append(try authority.made())
            (issuer, signer) = (authority.subject, authority.key)
        }
        var leaf = base.leaf
        (leaf.issuer, leaf.signer) = (issuer, signer)
        return [try leaf.made()] + made.reversed()
    }

    @Test func pathsHaveALimitedLength() throws {
        let root = try TestChain().root.made()
        #expect(try verify(chain(intermediates: 8), anchors: [root]).count == 10)
        #expect(
            rejection(try chain(intermediates: 9), anchors: [root])?.reason
                == .workLimit("the path has more than 8 intermediate certificates")
        )
    }

    @Test func chainsHaveALimitedCount() throws {
        let leaf = try TestChain().leaf.made()
        #expect(
            rejection([Certificate](repeating: leaf, count: 101), anchors: [])?.reason
                == .workLimit("101 certificates were sent, more than the limit of 100")
        )
    }

    @Test func manyAuthoritiesOfOneNameEndWithinTheBudget() throws {
        // All have one name; each is signed by the key of the next ones too, so that the number of paths explodes.
        let keys = [TestKey.intermediate, .other, .root, .p384, .ed25519]
        var sent: [TestCertificate] = []
        for key in keys {
            for signer in keys {
                var authority = TestChain().intermediate
                (authority.issuer, authority.key, authority.signer) = (authority.subject, key, signer)
                sent.append(authority)
            }
        }
        let leaf = try TestChain().leaf.made()
        let all = [leaf] + (try sent.map { try $0.made() })
        let reason = rejection(all, anchors: [])?.reason
        #expect(reason == .workLimit("the signatures to be verified cost more than the limit of 200"))
    }

    /// The costs are ratios of measured times, see `SignatureCost.swift`.
    @Test(
        arguments: [
            (TestKey.root, 1), (.p384, 11), (.p521, 8), (.ed25519, 2), (.rsa2048, 1), (.rsaPSS, 1),
        ] as [(TestKey, Int)]
    )
    func signaturesCostWhatTheyTake(_ key: TestKey, _ cost: Int) throws {
        var chain = TestChain()
        chain.root.key = key
        chain.intermediate.signer = key
        chain.limits.signatureCost = cost + 1
        #expect(try chain.rejection() == nil)
        chain.limits.signatureCost = cost
        #expect(
            try chain.rejection()?.reason
                == .workLimit("the signatures to be verified cost more than the limit of \(cost)")
        )
    }

    @Test func largeKeysLongExponentsLongCertificatesAndCompressedPointsCostMore() throws {
        func cost(_ info: [UInt8], messageLength: Int = 0) throws -> Int {
            try SubjectPublicKeyInfo(info.span, in: 0..<info.count).verificationCost(messageLength: messageLength)
        }
        func rsa(bits: Int, exponent: [UInt8] = [1, 0, 1]) -> [UInt8] {
            let modulus = [0, 0xFF] + [UInt8](repeating: 0xFF, count: bits / 8 - 1)
            let key = DER.sequence(DER.value(2, modulus), DER.value(2, exponent))
            return DER.sequence(DER.sequence(DER.object("1.2.840.113549.1.1.1"), DER.null), DER.bits(key))
        }
        let costs = try [2048, 3072, 4096, 8192, 16_384].map { try cost(rsa(bits: $0)) }
        #expect(costs == [1, 1, 1, 4, 16])
        #expect(try cost(rsa(bits: 8192, exponent: [1, 0, 0, 0, 1])) == 12)
        let plain = base64(TestKey.root.publicKeyInfo)
        #expect(try cost(plain, messageLength: 200_000) == 4)
        #expect(try cost(base64(TestKey.root.compressed.publicKeyInfo)) == 2)
    }

    /// As an attacker would: all certificates have one name, and keys that take long.
    @Test func manyCostlyCertificatesEndWithinTheBudget() throws {
        var authority = TestChain().intermediate
        (authority.issuer, authority.key) = (authority.subject, .p384)
        var leaf = TestChain().leaf
        leaf.signer = .p384
        var all = [try leaf.made()]
        for number: UInt8 in 0..<31 {
            authority.serialNumber = DER.integer(number)
            (authority.signer, authority.damagesSignature) = (.p384, number > 0)
            all.append(try authority.made())
        }
        var limits = CertificateVerifier.Limits()
        // 18 signatures fit, and the rest is refused for what it would cost.
        #expect(
            rejection(all, anchors: [])?.reason
                == .workLimit("the signatures to be verified cost more than the limit of 200")
        )
        limits.signatureCost = 10_000
        #expect(
            rejection(all, anchors: [], limits: limits)?.reason
                != .workLimit("the signatures to be verified cost more than the limit of 10000")
        )
    }

    /// A key that cannot be made costs as well: it is tried each time.
    @Test func pointsThatAreNoneCost() throws {
        var authority = TestChain().intermediate
        var info = base64(TestKey.intermediate.compressed.publicKeyInfo)
        func isKey() -> Bool {
            let point = Array(info.suffix(33))
            return (try? PublicKey(ecdsaPoint: point.span, group: .secp256r1)) != nil
        }
        repeat { info[info.count - 1] &+= 1 } while isKey()
        authority.key = TestKey(publicKeyInfo: DERText.base64(info))
        let leaf = try TestChain().leaf.made()
        let all =
            [leaf]
            + (try (UInt8(0)..<99).map { number in
                authority.serialNumber = DER.integer(number)
                return try authority.made()
            })
        var limits = CertificateVerifier.Limits()
        #expect(
            rejection(all, anchors: [], limits: limits)?.reason
                == .unsupportedKey("The ECDSA key is not a point of its curve")
        )
        limits.signatureCost = 197
        #expect(
            rejection(all, anchors: [], limits: limits)?.reason
                == .workLimit("the signatures to be verified cost more than the limit of 197")
        )
    }

    // MARK: - Names of issuers (RFC 5280 §7.1)

    @Test func issuersAreFoundWhateverTheirNamesKindOfString() throws {
        var chain = TestChain()
        chain.leaf.issuer = DER.sequence(DER.set(DER.sequence(DER.object("2.5.4.3"), DER.printable(" INTERMEDIATE"))))
        chain.intermediate.issuer = DER.sequence(DER.set(DER.sequence(DER.object("2.5.4.3"), DER.printable("root "))))
        #expect(try chain.verify().count == 3)
    }

    @Test func anIssuerThatLooksLikeAnAnchorIsSaidToDiffer() throws {
        var chain = TestChain()
        chain.root.subject = DER.name("Ro\u{F6}t")
        chain.intermediate.issuer = DER.name("Roo\u{308}t")
        let reason = try chain.rejection()?.reason
        let difference = "at character 6, where it has U+006F and the other U+00F6"
        #expect(reason == .unknownIssuer(issuer: "CN=Roo\u{308}t", difference: difference))
        #expect(
            "\(try #require(reason))".hasSuffix("the name of one of these looks the same, and differs \(difference)")
        )
        chain.intermediate.issuer = DER.name("Rot")
        #expect(try chain.rejection()?.reason == .unknownIssuer(issuer: "CN=Rot"))
    }

    @Test func possibleIssuersAreLimited() throws {
        let chain = TestChain()
        var limits = CertificateVerifier.Limits()
        limits.candidates = 3
        var expired = chain.root
        expired.notAfter = DER.time("250601000000Z")
        let anchors = try (1...4).map {
            expired.serialNumber = DER.integer(UInt8($0))
            return try expired.made()
        }
        var leaf = chain.leaf
        (leaf.issuer, leaf.signer) = (DER.name("Root"), .root)
        #expect(
            rejection([try leaf.made()], anchors: anchors, limits: limits)?.reason
                == .workLimit("there are more possible issuers than the limit of 3")
        )
    }

    // MARK: - Sentences

    @Test func longNamesAreShortened() throws {
        var leaf = TestChain().leaf
        leaf.issuer = DER.name(String(repeating: "x", count: 5000))
        let rejection = rejection([try leaf.made()], anchors: [])
        #expect(rejection?.reason == .unknownIssuer(issuer: "CN=" + String(repeating: "x", count: 197) + "…"))
        #expect("ab".shortened(to: 2) == "ab")
        #expect("abc".shortened(to: 2) == "ab…")
        #expect("".shortened(to: 2) == "")
    }

    @Test func rejectionsAreSentences() {
        func text(_ reason: CertificateRejection.Reason, depth: Int = 0) -> String {
            CertificateRejection(certificate: "CN=a", depth: depth, reason: reason).description
        }
        #expect(
            text(.expired(notAfter: 0, now: 86_400))
                == "The certificate “CN=a” expired on 1970-01-01 00:00:00 UTC; it is now 1970-01-02 00:00:00 UTC."
        )
        #expect(
            text(.unknownIssuer(issuer: "CN=b"), depth: 1)
                == "The issuing certificate “CN=a” was issued by “CN=b”, which is neither a trust anchor nor among the certificates that were sent."
        )
        #expect(
            text(.wrongName(expected: .dns("x.test"), presented: (0..<10).map { "n\($0).test" }))
                == "The certificate “CN=a” is not for x.test, only for n0.test, n1.test, n2.test, n3.test, n4.test, n5.test, n6.test, n7.test and 2 others."
        )
        #expect(text(.emptyChain) == "The peer sent no certificate.")
    }
}
