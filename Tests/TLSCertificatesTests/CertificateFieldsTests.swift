// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

/// What is kept of a certificate beside its encoding: little, as a peer may send a hundred of them.
@Suite struct CertificateFieldsTests {
    /// With its encoding, the smallest certificate of 276 bytes takes less than twice that: `tls-benchmark --lists` measures it.
    @Test func areSmall() {
        #expect(MemoryLayout<CertificateFields>.size <= 176)
        #expect(MemoryLayout<DistinguishedName>.size <= 16)
    }

    private static let longest = CertificateParser.maximumByteCount

    @Test(arguments: [
        0..<0, 0..<1, 7..<7, 3..<0x1_0003, 0xFFFF..<0x1_0000, 0x1_2345..<0x2_3456, longest - 1..<longest, 0..<longest,
        longest..<longest,
    ])
    func positions(_ range: Range<Int>) {
        #expect(Position(wrappedValue: range).wrappedValue == range)
        #expect(OptionalPosition(wrappedValue: range).wrappedValue == range)
        #expect(OptionalPosition(wrappedValue: nil).wrappedValue == nil)
    }

    @Test(arguments: [nil, 0, 1, 255, 65_536, 0x7FFF_FFFF]) func numbers(_ number: Int?) {
        #expect(OptionalNumber(wrappedValue: number).wrappedValue == number)
    }

    /// Names that are parts of a certificate outlive it, and are as those with an encoding of their own.
    @Test func namesOutliveTheirCertificate() throws {
        var names: [DistinguishedName] = []
        do {
            let text = Array(Samples.rsa.utf8)
            let certificates = try Certificate.certificates(fromPEM: text.span)
            names = [certificates[0].issuer, certificates[1].subject, certificates[0].subject]
        }
        #expect(names[0] == names[1] && names[0] != names[2])
        #expect(
            names.map(\.description) == [
                "CN=RSA Intermediate,O=Example\\, Inc.,C=DE", names[0].description, "CN=RSA Leaf,C=DE",
            ]
        )
        #expect(Set(names).count == 2)
        for name in names {
            let own = try DistinguishedName(der: name.der)
            #expect(own == name && own.hashValue == name.hashValue && own.der == name.der && !own.isEmpty)
            #expect(own.attributes == name.attributes && own.commonNames == name.commonNames)
        }
    }

    @Test func namesWithoutAttributes() throws {
        let empty = try DistinguishedName(der: [0x30, 0])
        let other = DistinguishedName(at: 1..<3, inCertificate: [0x31, 0x30, 0, 0x31])
        #expect(empty == other && other.isEmpty && other.der == [0x30, 0])
        let name = try DistinguishedName(der: DER.name("Root"))
        #expect(empty != name && name != other)
    }
}
