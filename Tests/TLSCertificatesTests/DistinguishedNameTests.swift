// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

@Suite struct DistinguishedNameTests {
    private func attribute(_ object: String, _ value: [UInt8]) -> [UInt8] {
        DER.sequence(DER.object(object), value)
    }

    private func name(_ sets: [UInt8]...) throws -> DistinguishedName {
        try DistinguishedName(der: DER.sequence(of: sets))
    }

    private func commonName(_ value: [UInt8]) throws -> DistinguishedName {
        try name(DER.set(attribute("2.5.4.3", value)))
    }

    @Test func isWrittenLastAttributeFirst() throws {
        let name = try name(
            DER.set(attribute("2.5.4.6", DER.printable("DE"))),
            DER.set(attribute("2.5.4.10", DER.utf8("Beispiel GmbH"))),
            DER.set(attribute("2.5.4.11", DER.utf8("Müller")), attribute("2.5.4.7", DER.utf8("Köln"))),
            DER.set(attribute("0.9.2342.19200300.100.1.25", DER.value(0x16, Array("example".utf8)))),
            DER.set(attribute("2.5.4.3", DER.utf8("www")))
        )
        #expect(name.description == "CN=www,DC=example,OU=Müller+L=Köln,O=Beispiel GmbH,C=DE")
        #expect(name.commonName == "www")
        #expect(!name.isEmpty)
    }

    @Test(arguments: [
        ("James \"Jim\" Smith, III", "CN=James \\\"Jim\\\" Smith\\, III"), ("#1 and #2", "CN=\\#1 and #2"),
        (" both ends ", "CN=\\ both ends\\ "), (" ", "CN=\\ "), ("a+b;c<d>e=f\\g", "CN=a\\+b\\;c\\<d\\>e=f\\\\g"),
        ("before\r\nafter\0\u{7F}", "CN=before\\0D\\0Aafter\\00\\7F"),
        ("a\u{202E}b\u{2028}", "CN=a\\E2\\80\\AEb\\E2\\80\\A8"),
        ("", "CN="), ("日本", "CN=日本"),
    ])
    func escapesSpecialCharacters(_ value: String, _ description: String) throws {
        #expect(try commonName(DER.utf8(value)).description == description)
    }

    @Test func readsAllStringKinds() throws {
        #expect(try commonName(DER.value(0x14, [0x4D, 0xFC])).commonName == "Mü")
        #expect(try commonName(DER.value(0x1E, [0x00, 0x41, 0x20, 0xAC])).commonName == "A€")
        #expect(try commonName(DER.value(0x1C, [0x00, 0x01, 0xF6, 0x00])).commonName == "😀")
        #expect(try commonName(DER.value(0x1E, [0xD8, 0x00])).commonName == "\u{FFFD}")
        #expect(try commonName(DER.value(0x1E, [0x00])).commonName == nil)
        #expect(try commonName(DER.value(0x0C, [0xFF])).commonName == "\u{FFFD}")
    }

    @Test func unknownAttributesAreHexadecimal() throws {
        #expect(try name(DER.set(attribute("1.2.3.4", DER.utf8("Hi")))).description == "1.2.3.4=#0C024869")
        #expect(try commonName(DER.octets([1])).description == "2.5.4.3=#040101")
    }

    @Test func attributesSayWhereSetsBegin() throws {
        let name = try name(
            DER.set(attribute("2.5.4.11", DER.utf8("Ü")), attribute("2.5.4.7", DER.octets([1]))),
            DER.set(attribute("2.5.4.3", DER.printable("www")))
        )
        let attributes = name.attributes
        #expect(attributes.map(\.type) == ["2.5.4.11", "2.5.4.7", "2.5.4.3"])
        #expect(attributes.map(\.value) == ["Ü", nil, "www"])
        #expect(attributes.map(\.isFirstOfSet) == [true, false, true])
        #expect(attributes.map(\.encoding) == [[0x0C, 2, 0xC3, 0x9C], [4, 1, 1], [0x13, 3, 0x77, 0x77, 0x77]])
    }

    @Test func theLastCommonNameCounts() throws {
        let two = try DistinguishedName(der: DER.name("outer", "inner"))
        #expect(two.commonName == "inner")
        let none = try DistinguishedName(der: [0x30, 0])
        #expect(none.isEmpty)
        #expect(none.commonName == nil)
        #expect(none.description == "")
    }

    @Test func malformedNamesAreRefused() {
        let attribute = DER.sequence(DER.object("2.5.4.3"), DER.utf8("a"))
        for der in [
            [], [0x31, 0], DER.sequence(DER.set()), DER.sequence(attribute), DER.sequence(DER.set(DER.sequence())),
            DER.sequence(DER.set(DER.sequence(DER.object("2.5.4.3")))), DER.name("a") + [0],
            DER.sequence(DER.set(DER.sequence(DER.object("2.5.4.3"), DER.utf8("a"), DER.null))),
        ] as [[UInt8]] {
            #expect(throws: CertificateError.self) { try DistinguishedName(der: der) }
        }
    }

    @Test func equalityIgnoresCaseSpacesAndKindsOfStrings() throws {
        let plain = try commonName(DER.utf8("Example Org"))
        let other = try commonName(DER.printable("  EXAMPLE   org "))
        #expect(plain == other && plain.hashValue == other.hashValue)
        #expect(plain != (try commonName(DER.utf8("ExampleOrg"))))
        #expect(plain == (try commonName(DER.value(0x1E, Array("Example Org".utf8).flatMap { [0, $0] }))))
        // Another type of attribute, a longer name, what is no string.
        #expect(plain != (try name(DER.set(attribute("2.5.4.10", DER.utf8("Example Org"))))))
        #expect(try DistinguishedName(der: DER.name("a")) != DistinguishedName(der: DER.name("a", "b")))
        #expect(try commonName(DER.octets([0x41])) != commonName(DER.octets([0x61])))
        #expect(try DistinguishedName(der: DER.sequence()) != DistinguishedName(der: DER.name("")))
        // Beyond ASCII nothing is folded.
        #expect(try commonName(DER.utf8("Ä")) != commonName(DER.utf8("ä")))
        #expect(try commonName(DER.utf8("Ä")) == commonName(DER.value(0x14, [0xC4])))
        let joined = try name(DER.set(attribute("2.5.4.3", DER.utf8("a")), attribute("2.5.4.3", DER.utf8("b"))))
        // A SET has no order, whatever the encoding says.
        let turned = try name(DER.set(attribute("2.5.4.3", DER.utf8("B")), attribute("2.5.4.3", DER.utf8("a"))))
        #expect(joined == turned && joined.hashValue == turned.hashValue)
        #expect(joined != (try DistinguishedName(der: DER.name("a", "b"))))
    }

    @Test func veryLongNamesAreEqualByTheirBytesOnly() throws {
        let (long, other) = (String(repeating: "a", count: 5000), String(repeating: "A", count: 5000))
        #expect(try commonName(DER.utf8(long)) == commonName(DER.utf8(long)))
        #expect(try commonName(DER.utf8(long)) != commonName(DER.utf8(other)))
    }

    @Test(
        arguments: [
            ("Mu\u{308}ller", "Müller", "at character 5, where it has U+0075 and the other U+00FC"),
            ("ÄCME", "äcme", "at character 4, where it has U+00C4 and the other U+00E4"),
            ("A\u{A0}B", "A B", "at character 5, where it has U+00A0 and the other U+0020"),
            // What is invisible is written in a way that shows.
            ("A\u{AD}B", "AB", nil), ("Acme", "Acme Inc", nil), ("acme", "ACME", nil), ("Ärger", "Ürger", nil),
        ] as [(String, String, String?)]
    )
    func namesThatLookAlikeDifferSomewhere(_ one: String, _ other: String, _ words: String?) throws {
        let (one, other) = (try commonName(DER.utf8(one)), try commonName(DER.utf8(other)))
        #expect(one.difference(fromOneOf: [other]) == words)
    }
}
