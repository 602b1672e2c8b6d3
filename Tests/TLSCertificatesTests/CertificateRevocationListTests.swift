// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

/// Every test changes one point of a list that can be read.
@Suite struct CertificateRevocationListTests {
    /// Why the usual list, with an entry, is refused after a change; nil if it isn't.
    private func reason(_ change: (inout TestRevocationList) -> Void) throws -> String? {
        var list = TestRevocationList(issuer: DER.name("A"), signer: .root, entries: [.because(1)])
        change(&list)
        let der = try list.der
        do throws(CertificateError) {
            _ = try CertificateRevocationList(der: der)
            return nil
        } catch {
            let prefix = "the revocation list cannot be used for "
            #expect(error.reason.hasPrefix(prefix))
            return String(error.reason.dropFirst(prefix.count))
        }
    }

    private func with(_ list: CertificateRevocationList, _ serial: [UInt8]) -> CertificateRevocationList.Entry? {
        list.entry(forSerialNumber: serial.span)
    }

    @Test func opensslsListIsRead() throws {
        let text = Array((RevocationSamples.authority + RevocationSamples.list).utf8)
        let lists = try CertificateRevocationList.lists(fromPEM: text.span)
        #expect(lists.count == 1)
        let list = lists[0]
        #expect(list.issuer.description == "CN=OpenSSL CA,C=DE")
        #expect(list.thisUpdate == 1_795_454_650)
        #expect(CertificateTime.describe(list.nextUpdate) == "2125-06-17 17:24:10 UTC")
        #expect(list.number == [0x10, 0x00])
        let authority = try Certificate.certificates(fromPEM: text.span)[0]
        #expect(list.authorityKeyIdentifier == authority.subjectKeyIdentifier)
        #expect(list.count == 3)
        #expect(with(list, [0x00, 0x80])?.reason == .superseded)
        #expect(with(list, Array(1...20)) == .init(revocationDate: 1_790_856_000, reason: .keyCompromise))
        #expect(with(list, [0x10, 0x01]) == .init(revocationDate: 1_790_942_400, reason: nil))
        for absent: [UInt8] in [[], [0x80], [0x10], [0x10, 0x02], Array(1...19), Array(1...21)] {
            #expect(with(list, absent) == nil)
        }
        var budget = RevocationCheck.Budget(signatures: SignatureBudget(1), nameComparisons: 0)
        #expect(try list.flaw(issuer: authority, time: Samples.now, &budget) == nil)
        #expect(budget.signatures.left == 0)
        // The second time, nothing is verified.
        #expect(try list.flaw(issuer: authority, time: Samples.now, &budget) == nil)
    }

    @Test func pemNeedsAList() throws {
        let certificate = Array(RevocationSamples.authority.utf8)
        let missing = #expect(throws: CertificateError.self) {
            try CertificateRevocationList.lists(fromPEM: certificate.span)
        }
        #expect(missing?.reason == "the PEM text contains no X509 CRL block")
        let broken = Array(
            (RevocationSamples.list + "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n").utf8
        )
        let error = #expect(throws: CertificateError.self) {
            try CertificateRevocationList.lists(fromPEM: broken.span)
        }
        #expect(error?.reason.hasPrefix("revocation list 2 of the PEM text: ") == true)
    }

    @Test func versionsAreOneAndTwo() throws {
        #expect(try reason { _ in } == nil)
        #expect(try reason { $0.version = 0 } == "the version: the version is neither 1 nor 2")
        #expect(try reason { $0.version = 2 } == "the version: the version is neither 1 nor 2")
        // Version 1 has no extensions, neither of the list nor of entries.
        #expect(
            try reason {
                $0.version = nil
                $0.extensions = []
            } == "the revoked certificates: bytes follow the last value"
        )
        #expect(
            try reason {
                $0.version = nil
                $0.entries = []
            } == "the signed part: bytes follow the last value"
        )
        #expect(
            try reason {
                $0.version = nil
                $0.extensions = []
                $0.entries = [TestRevocation()]
            } == nil
        )
    }

    @Test func fieldsHaveToBeWellFormed() throws {
        #expect(
            try reason { $0.outerAlgorithm = TestAlgorithm.ed25519.identifier }
                == "the signature algorithm: it differs from the one beside the signature"
        )
        #expect(try reason { $0.issuer = DER.sequence() } == "the issuer: it has no name")
        #expect(try reason { $0.thisUpdate = DER.time("251301000000Z") }?.hasPrefix("thisUpdate: a time") == true)
        #expect(try reason { $0.nextUpdate = [] } == "nextUpdate: it is missing")
        #expect(try reason { $0.nextUpdate = DER.time("20260201000000Z") } == nil)
        #expect(try reason { $0.entryList = DER.sequence() } == nil)
        #expect(try reason { $0.entryList = DER.sequence(DER.null) }?.hasPrefix("the revoked certificates:") == true)
        #expect(try reason { $0.extensions = [.crlNumber([0x80])] }?.hasPrefix("the cRLNumber extension:") == true)
        #expect(
            try reason { $0.extensions += $0.extensions }
                == "the extensions: the extension 2.5.29.20 occurs twice"
        )
    }

    @Test func serialNumbersAreThoseOfCertificates() throws {
        for serial in [DER.integer(0), [2, 1, 0x80], DER.value(2, [0] + [UInt8](repeating: 0xFF, count: 20))] {
            #expect(try reason { $0.entries[0].serialNumber = serial } == nil)
        }
        for serial in [[2, 0], [2, 2, 0, 1], DER.value(2, [UInt8](repeating: 1, count: 22))] {
            #expect(try reason { $0.entries[0].serialNumber = serial }?.hasSuffix("out of range") == true)
        }
    }

    @Test func unknownCriticalExtensionsAreRefused() throws {
        func odd(_ isCritical: Bool) -> TestExtension {
            TestExtension(object: "1.2.3.4", isCritical: isCritical, value: DER.null)
        }
        #expect(try reason { $0.extensions.append(odd(false)) } == nil)
        #expect(
            try reason { $0.extensions.append(odd(true)) }
                == "the extensions: the critical extension 1.2.3.4 is not supported"
        )
        #expect(try reason { $0.entries[0].extensions.append(odd(false)) } == nil)
        #expect(
            try reason { $0.entries[0].extensions.append(odd(true)) }
                == "the revoked certificates: the critical extension 1.2.3.4 is not supported"
        )
    }

    @Test func kindsThatAreNotCompleteAreRefused() throws {
        let delta = TestExtension(object: "2.5.29.27", isCritical: true, value: DER.integer(1))
        #expect(
            try reason { $0.extensions.append(delta) }
                == "the extensions: the list is a delta list, which is not supported"
        )
        func pointReason(_ field: [UInt8]) throws -> String? {
            try reason { $0.extensions.append(.issuingDistributionPoint(field)) }
        }
        let prefix = "the issuingDistributionPoint extension: the "
        #expect(try pointReason(TestPoint.flag(4)) == prefix + "list is an indirect one, which is not supported")
        #expect(
            try pointReason(TestPoint.reasons(3)) == prefix + "list is for some reasons only, which is not supported"
        )
        #expect(
            try pointReason(TestPoint.flag(5))
                == prefix + "list is for attribute certificates, which are not supported"
        )
        #expect(
            try pointReason(TestPoint.flag(1) + TestPoint.flag(2))
                == prefix + "list says to be for leaves only and for certificate authorities only"
        )
        let relative = TestPoint.relativeName(DER.sequence(DER.object("2.5.4.3"), DER.utf8("a")))
        #expect(
            try pointReason(relative)
                == prefix + "distribution point is named relative to the issuer, which is not supported"
        )
        #expect(try pointReason(TestPoint.flag(4, false)) == nil)
        #expect(try pointReason(TestPoint.fullName(TestName.uri("http://a/"))) == nil)
        #expect(try pointReason(TestPoint.fullName()) != nil)
        let issuer = TestExtension(
            object: "2.5.29.29",
            isCritical: true,
            value: DER.sequence(TestName.directory(DER.name("B")))
        )
        #expect(
            try reason { $0.entries[0].extensions.append(issuer) }
                == "the revoked certificates: the list is an indirect one, which is not supported"
        )
    }

    @Test func reasonsAreThoseOfTheRFC() throws {
        for code: UInt8 in 0...11 {
            let words = try reason { $0.entries = [.because(code)] }
            switch code {
            case 7, 11: #expect(words == "the revoked certificates: an entry has the unknown reason \(code)")
            case 8:
                #expect(
                    words
                        == "the revoked certificates: an entry has the reason removeFromCRL, as in a delta list"
                )
            default:
                #expect(words == nil)
                let list = TestRevocationList(issuer: DER.name("A"), signer: .root, entries: [.because(code)])
                #expect(with(try list.made(), [1])?.reason?.rawValue == Int(code))
            }
        }
    }

    @Test func ofRepeatedSerialNumbersTheFirstCounts() throws {
        let list = TestRevocationList(issuer: DER.name("A"), signer: .root, entries: [.because(1), .because(4)])
        #expect(with(try list.made(), [1])?.reason == .keyCompromise)
    }

    // MARK: - Size

    /// A list of so many entries, with the serial numbers 0x01000000 and on.
    private func long(_ count: Int) throws -> [UInt8] {
        var entries: [UInt8] = []
        entries.reserveCapacity(count * 23)
        let date = TestRevocation().date
        for number in 0..<count {
            let digits = [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            entries += [0x30, 21, 0x02, 4, 1] + digits + date
        }
        var list = TestRevocationList(issuer: DER.name("A"), signer: .root)
        list.entryList = DER.value(0x30, entries)
        return try list.der
    }

    @Test func aHundredThousandEntriesAreReadFast() throws {
        let der = try long(100_000)
        let clock = ContinuousClock()
        let start = clock.now
        let list = try CertificateRevocationList(der: der)
        // Without optimization and on a busy machine; a search in quadratic time would take many minutes.
        #expect(start.duration(to: clock.now) < .seconds(90))
        #expect(list.count == 100_000)
        for number in stride(from: 0, to: 100_000, by: 997) {
            let serial: [UInt8] = [1] + [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
            #expect(with(list, serial)?.revocationDate == TestRevocation.time)
            #expect(with(list, [2] + serial.dropFirst()) == nil)
        }
    }

    @Test func equalSerialNumbersDoNotSlowParsing() throws {
        let entry = TestRevocation().der
        var entries: [UInt8] = []
        for _ in 0..<50_000 { entries += entry }
        var list = TestRevocationList(issuer: DER.name("A"), signer: .root)
        list.entryList = DER.value(0x30, entries)
        let start = ContinuousClock.now
        #expect(try list.made().count == 50_000)
        #expect(start.duration(to: .now) < .seconds(90))
    }

    // MARK: - Damage

    private var samples: [[UInt8]] {
        get throws {
            let text = Array(RevocationSamples.list.utf8)
            var list = TestRevocationList(issuer: DER.name("A"), signer: .ed25519, entries: [.because(1), .because(4)])
            list.extensions += [
                .authorityKeyIdentifier([1, 2]),
                .issuingDistributionPoint(TestPoint.fullName(TestName.uri("http://a/")), TestPoint.flag(1)),
            ]
            return [try CertificateRevocationList.lists(fromPEM: text.span)[0].der, try list.der]
        }
    }

    @Test func everyPrefixIsRefused() throws {
        for der in try samples {
            for count in 0..<der.count {
                #expect(throws: CertificateError.self) { try CertificateRevocationList(der: Array(der.prefix(count))) }
            }
        }
    }

    @Test func flippedBitsNeverTrap() throws {
        var parsed = 0
        let text = Array(RevocationSamples.authority.utf8)
        let authority = try Certificate.certificates(fromPEM: text.span)[0]
        for der in try samples {
            for index in der.indices {
                for bit in 0..<8 {
                    var damaged = der
                    damaged[index] ^= 1 << UInt8(bit)
                    guard let list = try? CertificateRevocationList(der: damaged) else { continue }
                    parsed += 1
                    _ = (list.number, list.authorityKeyIdentifier, list.issuer.description, list.count)
                    _ = (with(list, [1]), with(list, Array(1...20)))
                    var budget = RevocationCheck.Budget(signatures: SignatureBudget(1), nameComparisons: 10)
                    // Every bit is signed, or part of the signature.
                    #expect(try list.flaw(issuer: authority, time: Samples.now, &budget) != nil)
                }
            }
        }
        #expect(parsed > 1000)
    }

    @Test func damagedDistributionPointsNeverTrap() throws {
        let names = (TestName.uri("http://a/"), TestName.directory(DER.name("B")))
        var leaf = TestChain().leaf
        (leaf.signer, leaf.issuer) = (.ed25519, DER.name("A"))
        leaf.extensions = [
            .distributionPoints(
                TestPoint.fullName(names.0, names.1) + TestPoint.reasons(1),
                TestPoint.fullName(names.0) + TestPoint.issuer(DER.name("B"))
            )
        ]
        var list = TestRevocationList(issuer: leaf.issuer, signer: .ed25519)
        list.extensions.append(.issuingDistributionPoint(TestPoint.fullName(names.0)))
        let made = try list.made()
        let der = try leaf.der
        var (parsed, matched) = (0, 0)
        for index in der.indices {
            for bit in 0..<8 {
                var damaged = der
                damaged[index] ^= 1 << UInt8(bit)
                guard let certificate = try? Certificate(der: damaged) else { continue }
                parsed += 1
                var budget = RevocationCheck.Budget(signatures: SignatureBudget(0), nameComparisons: 100)
                let points = DistributionPoints(of: certificate)
                if try made.coverage(of: certificate, points, &budget) != .none { matched += 1 }
            }
        }
        // Flips elsewhere leave the points whole, flips in them do not.
        #expect(matched > 0 && matched < parsed)
    }

    @Test func splicedBytesNeverTrap() throws {
        let samples = try samples
        var parsed = 0
        for (left, right) in [(samples[0], samples[1]), (samples[1], samples[0]), (samples[1], samples[1])] {
            for start in stride(from: 0, to: left.count, by: 3) {
                for count in 0..<8 where start + count <= left.count {
                    var der = left
                    let source = (start * 7 + count * 13) % (right.count - 8)
                    der.replaceSubrange(start..<start + count, with: right[source..<source + count])
                    if (try? CertificateRevocationList(der: der)) != nil { parsed += 1 }
                }
            }
        }
        #expect(parsed > 0)
    }

    @Test func deepNestingEndsAtOnce() {
        var der: [UInt8] = [0x30, 0x00]
        for _ in 0..<2000 { der = DER.value(0x30, der) }
        #expect(throws: CertificateError.self) { try CertificateRevocationList(der: der) }
    }
}
