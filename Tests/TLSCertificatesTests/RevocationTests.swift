// SPDX-License-Identifier: Apache-2.0

import Testing
import TLSCrypto

@testable import TLSCertificates

/// Every test changes one point of a chain that is accepted with an empty list of each issuer.
@Suite struct RevocationTests {
    private func expect(
        _ reason: CertificateRejection.Reason,
        of certificate: String = "CN=Leaf",
        depth: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout RevocationCase) throws -> Void
    ) throws {
        var revocation = RevocationCase()
        try change(&revocation)
        let expected = CertificateRejection(certificate: certificate, depth: depth, reason: reason)
        #expect(try revocation.rejection() == expected, sourceLocation: sourceLocation)
    }

    private func expectAccepted(
        sourceLocation: SourceLocation = #_sourceLocation,
        _ change: (inout RevocationCase) throws -> Void = { _ in }
    ) throws {
        var revocation = RevocationCase()
        try change(&revocation)
        #expect(try revocation.rejection() == nil, sourceLocation: sourceLocation)
    }

    private let revoked = CertificateRejection.Reason.revoked(reason: .keyCompromise, date: TestRevocation.time)
    private let unknown = CertificateRejection.Reason.revocationStatusUnknown(issuer: "CN=Intermediate")
    private let expired = CertificateRejection.Reason.revocationListExpired(
        nextUpdate: TestRevocationList.to,
        now: TestRevocationList.to + 1
    )

    private func invalid(_ words: String) -> CertificateRejection.Reason {
        .revocationListInvalid("the revocation list of “CN=Intermediate” " + words)
    }

    // MARK: - Status

    @Test func emptyListsAccept() throws {
        try expectAccepted()
    }

    @Test func whatAListRevokesIsRejected() throws {
        try expect(revoked) { $0.leafList.entries = [.because(1)] }
        try expect(revoked, of: "CN=Intermediate", depth: 1) { $0.intermediateList.entries = [.because(1)] }
        try expect(.revoked(reason: nil, date: TestRevocation.time)) { $0.leafList.entries = [TestRevocation()] }
        try expect(.revoked(reason: .certificateHold, date: TestRevocation.time)) {
            $0.leafList.entries = [.because(6)]
        }
        // Another serial number, and the same number of another issuer.
        try expectAccepted { $0.leafList.entries = [TestRevocation(serialNumber: DER.integer(2))] }
        try expectAccepted {
            var list = TestRevocationList(issuer: DER.name("Other"), signer: .other)
            list.entries = [.because(1)]
            $0.others = [list]
        }
    }

    @Test func negativeAndLongSerialNumbersAreFound() throws {
        for serial in [[2, 1, 0x80], DER.value(2, [0] + [UInt8](repeating: 0xFF, count: 20))] {
            try expect(revoked) {
                $0.chain.leaf.serialNumber = serial
                $0.leafList.entries = [TestRevocation(serialNumber: serial, extensions: [.reasonCode(1)])]
            }
        }
    }

    @Test func revocationSaysMoreThanAMissingList() throws {
        try expect(revoked, of: "CN=Intermediate", depth: 1) {
            $0.hasLeafList = false
            $0.intermediateList.entries = [.because(1)]
        }
        try expect(revoked) {
            $0.hasIntermediateList = false
            $0.leafList.entries = [.because(1)]
        }
    }

    // MARK: - Policy

    @Test func aMissingListRefuses() throws {
        try expect(unknown) { $0.hasLeafList = false }
        try expect(.revocationStatusUnknown(issuer: "CN=Root"), of: "CN=Intermediate", depth: 1) {
            $0.hasIntermediateList = false
        }
        try expectAccepted {
            $0.hasLeafList = false
            $0.unknownStatus = .accept
        }
        // That some are unknown excuses nothing.
        try expect(revoked) {
            $0.unknownStatus = .accept
            $0.leafList.entries = [.because(1)]
        }
    }

    @Test func theLeafMayBeTheOnlyOneChecked() throws {
        try expectAccepted {
            $0.checks = .leaf
            $0.hasIntermediateList = false
        }
        try expectAccepted {
            $0.checks = .leaf
            $0.intermediateList.entries = [.because(1)]
        }
        try expect(revoked) {
            $0.checks = .leaf
            $0.leafList.entries = [.because(1)]
        }
        try expect(unknown) {
            $0.checks = .leaf
            $0.hasLeafList = false
        }
    }

    @Test func anExpiredListRefuses() throws {
        func expire(_ revocation: inout RevocationCase) {
            revocation.chain.time = TestRevocationList.to + 1
            revocation.intermediateList.nextUpdate = DER.time("261201000000Z")
        }
        try expectAccepted { $0.chain.time = TestRevocationList.to }
        try expect(expired) { expire(&$0) }
        try expectAccepted {
            expire(&$0)
            $0.expiredLists = .accept
        }
        // Accepting unknown status is another matter, and what the list revokes stays revoked.
        try expect(expired) {
            expire(&$0)
            $0.unknownStatus = .accept
        }
        for decision in [RevocationPolicy.Decision.refuse, .accept] {
            try expect(revoked) {
                expire(&$0)
                $0.expiredLists = decision
                $0.leafList.entries = [.because(1)]
            }
        }
    }

    @Test func aListOfTheFutureIsNotUsed() throws {
        try expectAccepted { $0.chain.time = TestRevocationList.from }
        let (from, now) = (CertificateTime.describe(TestRevocationList.from), TestRevocationList.from - 1)
        try expect(invalid("is not valid before \(from); it is now \(CertificateTime.describe(now))")) {
            $0.chain.time = now
            $0.intermediateList.thisUpdate = DER.time("251101000000Z")
        }
    }

    @Test func withoutAPolicyNothingIsChecked() throws {
        #expect(try TestChain().rejection() == nil)
        #expect(CertificateVerifier(trustAnchors: TrustAnchors([]), purpose: .serverAuthentication).revocation == nil)
    }

    @Test func anAnchorIsNotChecked() throws {
        // Somebody trusts the leaf itself.
        let leaf = try TestChain().leaf.made()
        let verifier = CertificateVerifier(
            trustAnchors: TrustAnchors([leaf]),
            purpose: .serverAuthentication,
            revocation: RevocationPolicy(lists: CertificateRevocationLists([]))
        )
        #expect(try verifier.verify([leaf], serverName: nil, at: TestCertificate.now) == [leaf])
        // The root's own list revokes the root's number: a root cannot revoke itself.
        try expectAccepted {
            $0.chain.root.serialNumber = DER.integer(7)
            $0.intermediateList.entries = [TestRevocation(serialNumber: DER.integer(7))]
        }
    }

    // MARK: - Signatures

    @Test func aListHasToBeSignedByTheIssuer() throws {
        let words = "has a signature that was not made with the issuer’s key"
        try expect(invalid(words)) { $0.leafList.damagesSignature = true }
        try expect(invalid(words)) { $0.leafList.signer = .other }
        // The root's signature is no replacement, and unknown status is something else than a broken list.
        try expect(invalid(words)) { $0.leafList.signer = .root }
        try expect(invalid(words)) {
            $0.leafList.damagesSignature = true
            $0.unknownStatus = .accept
            $0.expiredLists = .accept
        }
        // What a broken list revokes isn't known to be revoked.
        try expect(invalid(words)) {
            $0.leafList.damagesSignature = true
            $0.leafList.entries = [.because(1)]
        }
        // A good list makes up for a broken one, whichever is newer.
        for date in ["251130000000Z", "251202000000Z"] {
            try expectAccepted {
                var other = $0.leafList
                other.thisUpdate = DER.time(date)
                other.damagesSignature = true
                other.entries = [.because(1)]
                $0.others = [other]
            }
        }
    }

    @Test func theIssuersKeyMustBeForLists() throws {
        try expect(invalid("is signed by an issuer whose key usage is without cRLSign")) {
            TestChain.set(.keyUsage(0x04), in: &$0.chain.intermediate)
        }
        // Without a key usage, the key may be used for everything.
        try expectAccepted { $0.chain.intermediate.extensions.removeAll { $0.object == "2.5.29.15" } }
    }

    @Test func algorithmsAreThoseOfCertificates() throws {
        for key in [TestKey.p384, .p521, .ed25519, .rsa2048, .rsaPSS, .rsaPSSWithSHA256] {
            try expectAccepted {
                ($0.chain.intermediate.key, $0.chain.leaf.signer, $0.leafList.signer) = (key, key, key)
            }
            try expect(revoked) {
                ($0.chain.intermediate.key, $0.chain.leaf.signer, $0.leafList.signer) = (key, key, key)
                $0.leafList.entries = [.because(1)]
            }
        }
        try expect(invalid("is signed with ECDSA with SHA-1, which is not accepted")) {
            $0.leafList.algorithm = TestAlgorithm(
                identifier: DER.sequence(DER.object("1.2.840.10045.4.1")),
                signer: .ecdsa(.sha256)
            )
        }
        try expect(invalid("is signed with an algorithm that is not one of its issuer’s key")) {
            $0.leafList.signer = .ed25519
        }
    }

    @Test func listsOfOtherKeysAreNotUsed() throws {
        func identify(_ revocation: inout RevocationCase, list: UInt8) {
            TestChain.set(.subjectKeyIdentifier([1]), in: &revocation.chain.intermediate)
            revocation.leafList.extensions.append(.authorityKeyIdentifier([list]))
        }
        try expectAccepted { identify(&$0, list: 1) }
        try expect(revoked) {
            identify(&$0, list: 1)
            $0.leafList.entries = [.because(1)]
        }
        try expect(unknown) { identify(&$0, list: 2) }
    }

    @Test func signaturesOfListsCount() throws {
        let words = "the signatures to be verified cost more than the limit of 3"
        try expectAccepted { $0.chain.limits.signatureCost = 4 }
        try expect(.workLimit(words)) { $0.chain.limits.signatureCost = 3 }
    }

    @Test func signaturesOfListsAreVerifiedOnce() throws {
        var chain = TestChain()
        let revocation = RevocationCase()
        let lists = [try revocation.leafList.made(), try revocation.intermediateList.made()]
        chain.revocation = RevocationPolicy(lists: CertificateRevocationLists(lists))
        #expect(try chain.rejection() == nil)
        chain.limits.signatureCost = 2
        #expect(try chain.rejection() == nil)
        // That a signature is wrong is remembered for the key that it was tried with, and for no other.
        chain.intermediate.key = .p384
        chain.leaf.signer = .p384
        chain.limits.signatureCost = 23
        let words = "has a signature that was not made with the issuer’s key"
        #expect(try chain.rejection()?.reason == invalid(words))
        chain.limits.signatureCost = 12
        #expect(try chain.rejection()?.reason == invalid(words))
    }

    @Test func anotherPathIsTried() throws {
        // The intermediate is cross-signed by two roots with different names, one of which has revoked it.
        var chain = TestChain()
        var cross = chain.intermediate
        (cross.issuer, cross.signer) = (DER.name("Other"), .other)
        var otherRoot = chain.root
        (otherRoot.subject, otherRoot.issuer, otherRoot.key, otherRoot.signer) = (
            cross.issuer, cross.issuer, .other, .other
        )
        chain.extras = [cross]
        var lists = RevocationCase()
        lists.intermediateList.entries = [.because(1)]
        let others = TestRevocationList(issuer: cross.issuer, signer: .other)
        func verify(_ anchors: [TestCertificate]) throws -> [String] {
            let verifier = CertificateVerifier(
                trustAnchors: TrustAnchors(try anchors.map { try $0.made() }),
                purpose: .serverAuthentication,
                revocation: RevocationPolicy(
                    lists: CertificateRevocationLists(
                        [try lists.leafList.made(), try lists.intermediateList.made(), try others.made()]
                    )
                )
            )
            let sent = try [chain.leaf, chain.intermediate, cross].map { try $0.made() }
            return try verifier.verify(sent, serverName: nil, at: TestCertificate.now).map(\.description)
        }
        #expect(try verify([chain.root, otherRoot]) == ["CN=Leaf", "CN=Intermediate", "CN=Other"])
        #expect(throws: CertificateRejection(certificate: "CN=Intermediate", depth: 1, reason: revoked)) {
            try verify([chain.root])
        }
    }

    // MARK: - Scope

    @Test func theNewestListCounts() throws {
        func hold(_ revocation: inout RevocationCase, older: String, entries: [TestRevocation]) {
            var list = revocation.leafList
            list.thisUpdate = DER.time(older)
            list.entries = entries
            revocation.others = [list]
        }
        // Off hold again, or on hold since.
        try expectAccepted { hold(&$0, older: "251130000000Z", entries: [.because(6)]) }
        try expect(.revoked(reason: .certificateHold, date: TestRevocation.time)) {
            hold(&$0, older: "251202000000Z", entries: [.because(6)])
        }
        // Of the same second, the number counts.
        try expectAccepted {
            hold(&$0, older: "251201000000Z", entries: [.because(6)])
            $0.leafList.extensions = [.crlNumber([1, 0])]
            $0.others[0].extensions = [.crlNumber([0x7F])]
        }
        try expect(.revoked(reason: .certificateHold, date: TestRevocation.time)) {
            hold(&$0, older: "251201000000Z", entries: [.because(6)])
            $0.leafList.extensions = [.crlNumber([1, 0])]
            $0.others[0].extensions = [.crlNumber([1, 1])]
        }
        // One of another scope takes nobody's place.
        try expect(.revoked(reason: .certificateHold, date: TestRevocation.time)) {
            hold(&$0, older: "251130000000Z", entries: [.because(6)])
            $0.others[0].extensions.append(.issuingDistributionPoint(TestPoint.flag(1)))
        }
    }

    @Test func listsMayBeForLeavesOrAuthorities() throws {
        try expectAccepted { $0.leafList.extensions.append(.issuingDistributionPoint(TestPoint.flag(1))) }
        try expect(unknown) { $0.leafList.extensions.append(.issuingDistributionPoint(TestPoint.flag(2))) }
        try expectAccepted { $0.intermediateList.extensions.append(.issuingDistributionPoint(TestPoint.flag(2))) }
        try expect(.revocationStatusUnknown(issuer: "CN=Root"), of: "CN=Intermediate", depth: 1) {
            $0.intermediateList.extensions.append(.issuingDistributionPoint(TestPoint.flag(1)))
        }
        // Of two parts, the one about leaves decides.
        func part(_ revocation: inout RevocationCase, revokes number: UInt8) {
            var other = revocation.leafList
            revocation.leafList.extensions.append(.issuingDistributionPoint(TestPoint.flag(1)))
            other.extensions.append(.issuingDistributionPoint(TestPoint.flag(2)))
            if number == 1 { revocation.leafList.entries = [.because(1)] } else { other.entries = [.because(1)] }
            revocation.others = [other]
        }
        try expect(revoked) { part(&$0, revokes: 1) }
        try expectAccepted { part(&$0, revokes: 2) }
    }

    @Test func aDistributionPointHasToBeOneOfTheCertificates() throws {
        let (a, b) = (TestName.uri("http://a.test/1.crl"), TestName.uri("http://a.test/2.crl"))
        func set(_ revocation: inout RevocationCase, list: [UInt8], certificate: [UInt8]...) {
            revocation.leafList.extensions.append(.issuingDistributionPoint(list))
            guard !certificate.isEmpty else { return }
            var points = TestExtension.distributionPoints()
            points.value = DER.sequence(of: certificate.map { DER.sequence($0) })
            revocation.chain.leaf.extensions.append(points)
        }
        let (atA, atB) = (TestPoint.fullName(a), TestPoint.fullName(b))
        try expectAccepted { set(&$0, list: atA, certificate: atA) }
        try expectAccepted { set(&$0, list: TestPoint.fullName(b, a), certificate: atA) }
        try expectAccepted { set(&$0, list: atA, certificate: TestPoint.fullName(b, a)) }
        try expectAccepted { set(&$0, list: atA, certificate: atB, atA) }
        try expect(unknown) { set(&$0, list: atA, certificate: atB) }
        try expect(unknown) { set(&$0, list: atA) }
        // A list without a point is about all certificates.
        try expectAccepted { $0.chain.leaf.extensions.append(.distributionPoints(atA)) }
        // The point of somebody else's list; a relative name; one that is malformed.
        try expect(unknown) { set(&$0, list: atA, certificate: atA + TestPoint.issuer(DER.name("Other"))) }
        let relative = TestPoint.relativeName(DER.sequence(DER.object("2.5.4.3"), DER.utf8("a")))
        try expect(unknown) { set(&$0, list: atA, certificate: relative) }
        try expect(unknown) { set(&$0, list: atA, certificate: atA + DER.null) }
        // A point for some reasons can revoke, and not clear; another one can.
        let some = atA + TestPoint.reasons(1)
        try expect(unknown) { set(&$0, list: atA, certificate: some) }
        try expectAccepted { set(&$0, list: atA, certificate: some, atA) }
        try expect(revoked) {
            set(&$0, list: atA, certificate: some)
            $0.leafList.entries = [.because(1)]
        }
        try expect(unknown) {
            set(&$0, list: atA, certificate: atB)
            $0.leafList.entries = [.because(1)]
        }
    }

    @Test func comparisonsOfDistributionPointsCount() throws {
        let names = (0..<100).flatMap { TestName.uri("http://a.test/\($0)") }
        let points = TestPoint.fullName(names)
        let other = TestPoint.fullName((0..<100).flatMap { TestName.uri("http://b.test/\($0)") })
        func set(_ revocation: inout RevocationCase) {
            revocation.leafList.extensions.append(.issuingDistributionPoint(points))
            revocation.chain.leaf.extensions.append(.distributionPoints(other))
        }
        try expect(unknown) { set(&$0) }
        try expect(.workLimit("distribution points needed more comparisons than the limit of 9999")) {
            set(&$0)
            $0.chain.limits.nameComparisons = 9999
        }
    }

    // MARK: - Words

    @Test func rejectionsAreSentences() {
        func text(_ reason: CertificateRejection.Reason) -> String {
            CertificateRejection(certificate: "CN=a", depth: 0, reason: reason).description
        }
        #expect(
            text(.revoked(reason: .keyCompromise, date: 0))
                == "The certificate “CN=a” was revoked by its issuer on 1970-01-01 00:00:00 UTC (keyCompromise)."
        )
        #expect(
            text(.revoked(reason: nil, date: 0))
                == "The certificate “CN=a” was revoked by its issuer on 1970-01-01 00:00:00 UTC."
        )
        #expect(
            text(.revocationStatusUnknown(issuer: "CN=b"))
                == "The certificate “CN=a” may have been revoked: there is no revocation list of “CN=b” that is about it."
        )
        #expect(
            text(.revocationListExpired(nextUpdate: 0, now: 86_400))
                == "The certificate “CN=a” may have been revoked: the newest revocation list of its issuer expired on 1970-01-01 00:00:00 UTC; it is now 1970-01-02 00:00:00 UTC."
        )
        #expect(text(invalid("is odd")).hasSuffix("revoked: the revocation list of “CN=Intermediate” is odd."))
    }
}
