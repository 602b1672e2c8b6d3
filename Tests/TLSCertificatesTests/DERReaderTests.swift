// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

@Suite struct DERReaderTests {
    private func error(_ bytes: [UInt8], _ read: (inout DERReader) throws(DERError) -> Void) -> DERError? {
        var reader = DERReader(bytes.span)
        do throws(DERError) {
            try read(&reader)
            return nil
        } catch {
            return error
        }
    }

    @Test func readsValuesOneAfterTheOther() throws {
        let bytes: [UInt8] = [0x30, 0x03, 0x02, 0x01, 0x05, 0x05, 0x00]
        var reader = DERReader(bytes.span)
        let sequence = try reader.nextSequence()
        #expect(sequence.content == 2..<5)
        #expect(sequence.whole == 0..<5)
        var inner = reader.reader(in: sequence)
        #expect(try inner.nextSmallInteger() == 5)
        let isAtEnd = inner.isAtEnd
        #expect(isAtEnd)
        #expect(try reader.nextIfPresent(DERTag.integer) == nil)
        #expect(try reader.next(DERTag.null).content.isEmpty)
        try reader.finish()
    }

    @Test(
        arguments: [
            ([], DERError.truncated),
            ([0x04], .truncated),
            ([0x04, 0x02, 0x00], .truncated),
            ([0x04, 0x81], .truncated),
            ([0x04, 0x82, 0x01], .truncated),
            ([0x04, 0x80, 0x00, 0x00], .indefiniteLength),
            ([0x04, 0x81, 0x7F], .nonMinimalLength),
            ([0x04, 0x82, 0x00, 0x80], .nonMinimalLength),
            ([0x04, 0x85, 0x01, 0x00, 0x00, 0x00, 0x00], .lengthTooLarge),
            ([0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], .truncated),
            ([0x04, 0xFF], .lengthTooLarge),
            ([0x1F, 0x01, 0x00], .highTagNumber),
        ] as [([UInt8], DERError)]
    )
    func refusesWhatIsNotDER(_ bytes: [UInt8], _ expected: DERError) {
        #expect(error(bytes) { reader throws(DERError) in _ = try reader.next() } == expected)
    }

    @Test func readsLongLengths() throws {
        for count in [127, 128, 255, 256, 65535, 65536] {
            let bytes = DER.octets([UInt8](repeating: 7, count: count))
            var reader = DERReader(bytes.span)
            #expect(try reader.next(DERTag.octetString).content.count == count)
            try reader.finish()
        }
    }

    @Test func neverReadsBeyondItsPart() {
        // The inner length reaches past the sequence, though not past the bytes.
        let bytes: [UInt8] = [0x30, 0x02, 0x04, 0x03, 0x01, 0x02, 0x03]
        #expect(
            error(bytes) { reader throws(DERError) in
                var inner = reader.reader(in: try reader.nextSequence())
                _ = try inner.next()
            } == .truncated
        )
        var reader = DERReader(bytes.span, in: 6..<900)
        let offset = reader.offset
        #expect(offset == 6)
        #expect((try? reader.next()) == nil)
    }

    @Test func integersAreMinimalAndBounded() {
        for bytes in [[2, 0], [2, 2, 0, 0x7F], [2, 2, 0xFF, 0x80]] as [[UInt8]] {
            #expect(error(bytes) { reader throws(DERError) in _ = try reader.nextInteger() } == .invalidInteger)
        }
        for bytes in [[2, 1, 0x80], [2, 5, 1, 0, 0, 0, 0], [2, 4, 0x80, 0, 0, 0]] as [[UInt8]] {
            #expect(error(bytes) { reader throws(DERError) in _ = try reader.nextSmallInteger() } == .invalidInteger)
        }
        for bytes in [[2, 1, 0], [2, 1, 0xFF]] as [[UInt8]] {
            #expect(error(bytes) { reader throws(DERError) in _ = try reader.nextPositiveInteger() } == .invalidInteger)
        }
        let highest: [UInt8] = [2, 4, 0x7F, 0xFF, 0xFF, 0xFF]
        var reader = DERReader(highest.span)
        #expect((try? reader.nextSmallInteger()) == 0x7FFF_FFFF)
    }

    @Test func booleansAreZeroOrAllOnes() {
        #expect(error([1, 1, 1]) { reader throws(DERError) in _ = try reader.nextBoolean() } == .invalidBoolean)
        #expect(error([1, 2, 0, 0]) { reader throws(DERError) in _ = try reader.nextBoolean() } == .invalidBoolean)
        #expect(error([1, 1, 0xFF]) { reader throws(DERError) in _ = try reader.nextBoolean() } == nil)
    }

    @Test func bitStringsCountTheirUnusedBits() throws {
        for bytes in [[3, 0], [3, 1, 1], [3, 2, 8, 0], [3, 2, 1, 1]] as [[UInt8]] {
            #expect(error(bytes) { reader throws(DERError) in _ = try reader.nextNamedBits() } == .invalidBitString)
        }
        for bytes in [[3, 0], [3, 2, 1, 0]] as [[UInt8]] {
            #expect(
                error(bytes) { reader throws(DERError) in _ = try reader.nextOctetAlignedBitString() }
                    == .invalidBitString
            )
        }
        let bytes: [UInt8] = [3, 3, 7, 0x84, 0x80]
        var reader = DERReader(bytes.span)
        #expect(try reader.nextNamedBits() == 0x8480)
    }

    @Test func objectIdentifiersHaveCompleteArcs() throws {
        for bytes in [[6, 0], [6, 1, 0x80], [6, 2, 0x55, 0x80], [6, 3, 0x55, 0x80, 0x01]] as [[UInt8]] {
            #expect(
                error(bytes) { reader throws(DERError) in _ = try reader.nextObjectIdentifier() }
                    == .invalidObjectIdentifier
            )
        }
        let long = DER.object("1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18")
        var reader = DERReader(long.span)
        let (identifier, content) = try reader.nextObjectIdentifier()
        #expect(identifier == .other)
        #expect(ObjectIdentifier.dotted(reader.span(content)) == "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16…")
    }

    @Test func aLeadingZeroArcIsAnotherIdentifier() throws {
        let known: [UInt8] = [6, 3, 0x55, 0x1D, 0x13]
        let padded: [UInt8] = [6, 4, 0x00, 0x55, 0x1D, 0x13]
        var reader = DERReader(known.span)
        #expect(try reader.nextObjectIdentifier().identifier == .basicConstraints)
        var other = DERReader(padded.span)
        #expect(try other.nextObjectIdentifier().identifier != .basicConstraints)
    }

    @Test(arguments: [
        "2.5.29.17", "1.3.6.1.5.5.7.3.1", "2.999.3", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.1.10",
    ])
    func objectIdentifiersAreDotted(_ dotted: String) {
        let bytes = DER.object(dotted)
        #expect(ObjectIdentifier.dotted(bytes.span.extracting(2..<bytes.count)) == dotted)
    }
}

@Suite struct CertificateTimeTests {
    private func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return try? CertificateTime.parse(
            bytes.span,
            tag: text.utf8.count <= 13 ? DERTag.utcTime : DERTag.generalizedTime
        )
    }

    @Test(
        arguments: [
            ("700101000000Z", 0), ("691231235959Z", -1), ("500101000000Z", -631_152_000),
            ("491231235959Z", 2_524_607_999),
            ("000229120000Z", 951_825_600), ("240229000000Z", 1_709_164_800), ("20500101000000Z", 2_524_608_000),
            ("99991231235959Z", 253_402_300_799), ("19700101000000Z", 0), ("00000101000000Z", -62_167_219_200),
        ] as [(String, Int64)]
    )
    func readsTimes(_ text: String, _ seconds: Int64) {
        #expect(parse(text) == seconds)
    }

    @Test(arguments: [
        "", "700101000000", "7001010000Z", "700101000000z", "700101000000+", "701301000000Z", "700001000000Z",
        "700132000000Z", "700100000000Z", "700230000000Z", "230229000000Z", "700101240000Z", "700101006000Z",
        "700101000060Z", "7 0101000000Z", "21000229000000Z", "20260101000000.5Z", "202601010000Z",
        "20260101000000+0000",
    ])
    func refusesOtherForms(_ text: String) {
        #expect(parse(text) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00 UTC"), (-1, "1969-12-31 23:59:59 UTC"), (951_825_600, "2000-02-29 12:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"), (-62_167_219_200, "0000-01-01 00:00:00 UTC"),
            (253_402_300_800, "253402300800 s after 1970"), (Int64.min, "-9223372036854775808 s after 1970"),
        ] as [(Int64, String)]
    )
    func describesTimes(_ seconds: Int64, _ text: String) {
        #expect(CertificateTime.describe(seconds) == text)
    }

    @Test func everyDayOfFourCenturiesComesBack() {
        var seconds: Int64 = -11_676_096_000  // 1600-01-01
        for _ in 0..<146_097 / 7 {
            let digits = CertificateTime.describe(seconds).filter(\.isNumber)
            #expect(parse(digits + "Z") == seconds)
            seconds += 7 * 86_400 + 1
        }
    }
}
