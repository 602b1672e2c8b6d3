// SPDX-License-Identifier: Apache-2.0
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Distinguished names as mod_ssl has them. What is expected of the fixture's name is what OpenSSL 3.0 prints.
@Suite struct NameVariablesTests {
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]
    private static let unit: [UInt8] = [0x55, 0x04, 0x0B]

    private func commonName(_ text: String, tag: UInt8 = 0x0C) throws -> DistinguishedName {
        try NameFixture.name([(Self.commonName, tag, Array(text.utf8))])
    }

    /// `openssl x509 -subject -nameopt RFC2253,-esc_msb`.
    @Test func wholeName() throws {
        let expected = [
            "emailAddress=anna@example.org", ##"CN=\#Anna\\B/C\07\ "##, "jurisdictionC=DE", "1.2.3.4.5.6=#0C036F6464",
            "dnQualifier=q", "organizationIdentifier=VATDE-1", "businessCategory=Private", "DC=org", "DC=example",
            "UID=anna+serialNumber=PNODE-123", "description=Beschreibung", "SN=Müller", "GN=Anna", "initials=AB",
            "title=Dr", "OU=Zwei", "OU=Eins", #"O=Kunde\, \"GmbH\" \+ Co\; \<x\>"#, "postalCode=80331", "street=Weg 1",
            "L=München", "ST=Bayern", "C=DE",
        ]
        let certificate = try NameFixture.certificate()
        #expect(NameAttributes.text(certificate.subject) == expected.joined(separator: ","))
        let variables = CertificateVariables(client: [certificate], now: certificate.notBefore)
        #expect(variables.value(of: "SSL_CLIENT_S_DN") == expected.joined(separator: ","))
        #expect(variables.value(of: "SSL_CLIENT_I_DN") == expected.joined(separator: ","))
        let issuer = "issuer rdnSequence:\"\(expected.joined(separator: ","))\" }"
        #expect(variables.value(of: "SSL_CLIENT_CERT_RFC4523_CEA")?.hasSuffix(issuer) == true)
    }

    /// `openssl x509 -subject -nameopt compat`.
    @Test func wholeNameOnOneLine() throws {
        let expected =
            #"/C=DE/ST=Bayern/L=M\xC3\xBCnchen/street=Weg 1/postalCode=80331/O=Kunde, "GmbH" \+ Co; <x>"#
            + #"/OU=Eins/OU=Zwei/title=Dr/initials=AB/GN=Anna/SN=M\xC3\xBCller/description=Beschreibung"#
            + #"/serialNumber=PNODE-123+UID=anna/DC=example/DC=org/businessCategory=Private"#
            + #"/organizationIdentifier=VATDE-1/dnQualifier=q/1.2.3.4.5.6=odd/jurisdictionC=DE/CN=#Anna\B\/C\x07 "#
            + #"/emailAddress=anna@example.org"#
        #expect(NameAttributes.oneLine(try NameFixture.certificate().subject) == expected)
    }

    /// `FakeBasicAuth` takes the line for who the client is.
    @Test func noValueLooksLikeTwoAttributesOnOneLine() throws {
        let honest = try NameFixture.name(
            [(Self.commonName, 0x0C, Array("eve".utf8))],
            [(Self.unit, 0x0C, Array("admins".utf8))]
        )
        let forged = try commonName("eve/OU=admins")
        #expect(NameAttributes.oneLine(honest) == "/CN=eve/OU=admins")
        #expect(NameAttributes.oneLine(forged) == #"/CN=eve\/OU=admins"#)
        #expect(NameAttributes.oneLine(try commonName("eve+OU=admins")) == #"/CN=eve\+OU=admins"#)
    }

    @Test(arguments: [
        ("", "CN="), (" ", #"CN=\ "#), ("  ", #"CN=\ \ "#), (" a b ", #"CN=\ a b\ "#), ("#", ##"CN=\#"##),
        ("a#", "CN=a#"),
        ("a=b", "CN=a=b"), (#"a\b"#, #"CN=a\\b"#), ("a\u{0}b", #"CN=a\00b"#), ("a\r\nb", #"CN=a\0D\0Ab"#),
        ("a\u{7F}", #"CN=a\7F"#), ("日本", "CN=日本"),
    ])
    func escapes(value: String, expected: String) throws {
        #expect(NameAttributes.text(try commonName(value)) == expected)
    }

    @Test func emptyNames() throws {
        #expect(NameAttributes.text(try NameFixture.name()) == "")
        #expect(NameAttributes.oneLine(try NameFixture.name()) == "")
        #expect(NameAttributes.variables(of: try NameFixture.name()).isEmpty)
    }

    @Test func otherKindsOfStrings() throws {
        // BMPString, T61String and what is no string at all.
        #expect(
            NameAttributes.text(try NameFixture.name([(Self.commonName, 0x1E, [0x00, 0x4D, 0x00, 0xFC])])) == "CN=Mü"
        )
        #expect(NameAttributes.text(try NameFixture.name([(Self.commonName, 0x14, [0x4D, 0xFC])])) == "CN=Mü")
        let bits = try NameFixture.name([(Self.commonName, 0x04, [0x01, 0xAB])])
        #expect(NameAttributes.text(bits) == "2.5.4.3=#040201AB")
        #expect(NameAttributes.variables(of: bits).isEmpty)
    }

    @Test func parts() throws {
        let parts = NameAttributes.variables(of: try NameFixture.certificate().subject).map { "\($0)=\($1)" }
        #expect(
            parts == [
                "C=DE", "ST=Bayern", "L=München", #"O=Kunde, "GmbH" + Co; <x>"#, "OU=Eins", "OU_1=Zwei", "T=Dr", "I=AB",
                "G=Anna", "S=Müller", "D=Beschreibung", "SerialNumber=PNODE-123", "UID=anna", #"CN=#Anna\\B/C\07 "#,
                "Email=anna@example.org",
            ]
        )
    }

    /// They may go into headers and environments, which end at a NUL and begin anew on a new line.
    @Test(arguments: [
        ("good.example\u{0}.evil.example", #"good.example\00.evil.example"#), ("a\r\nX-User: b", #"a\0D\0AX-User: b"#),
        (#"a\00"#, #"a\\00"#), ("\u{1B}[31m\u{7F}", #"\1B[31m\7F"#), ("Größe, \"x\"", "Größe, \"x\""),
    ])
    func partsHaveNoControlCharacters(value: String, expected: String) throws {
        #expect(NameAttributes.variables(of: try commonName(value)).map(\.1) == [expected])
    }

    /// Found when asked for, but not in the environment (mod_ssl's manual on the suffix `_n`).
    @Test(
        arguments: [
            ("SSL_CLIENT_S_DN_OU_0", "Eins"), ("SSL_CLIENT_S_DN_OU_1", "Zwei"), ("SSL_CLIENT_I_DN_ST_0", "Bayern"),
            ("SSL_CLIENT_S_DN_SP", "Bayern"), ("SSL_CLIENT_S_DN_SP_0", "Bayern"), ("SSL_CLIENT_S_DN_OU_RAW", "Eins"),
            ("SSL_CLIENT_S_DN_OU_1_RAW", "Zwei"), ("SSL_CLIENT_S_DN_OU_2", nil), ("SSL_CLIENT_S_DN_XX_0", nil),
            ("SSL_CLIENT_S_DN_0", nil), ("SSL_CLIENT_S_DN_", nil),
        ] as [(String, String?)]
    )
    func otherSpellings(name: String, value: String?) throws {
        let certificate = try NameFixture.certificate()
        let variables = CertificateVariables(client: [certificate], now: certificate.notBefore)
        #expect(variables.value(of: name) == value)
        #expect(variables.standardNames.contains(name) == (name == "SSL_CLIENT_S_DN_OU_1"))
    }
}
