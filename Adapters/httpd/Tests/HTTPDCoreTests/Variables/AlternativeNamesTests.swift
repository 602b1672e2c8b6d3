// SPDX-License-Identifier: Apache-2.0
import TLSCertificates
import Testing

@testable import HTTPDCore

@Suite struct AlternativeNamesTests {
    /// Names of all kinds in turns, as `SSL_CLIENT_SAN_…` has them: each kind counts from zero, and the rest is left out.
    @Test func kindsAreCountedApart() throws {
        let variables = AlternativeNames.variables(of: try NameFixture.certificate())
        #expect(
            variables.map { "\($0)=\($1)" } == [
                "Email_0=first@example.org", "DNS_0=a.example.org", "OTHER_msUPN_0=upn@example.org",
                "OTHER_dnsSRV_0=_xmpp-server.example.org", "Email_1=second@example.org", "DNS_1=*.example.org",
                "OTHER_msUPN_1=zweite@example.org",
            ]
        )
    }

    /// A client's certificate has room for thousands, and each request would copy them.
    @Test func theirNumberIsLimited() {
        let names = (0..<6000).map { GeneralName.dnsName("n\($0).example.org") }
        let variables = AlternativeNames.variables(of: names)
        #expect(variables.count == 256)
        #expect(variables.last?.0 == "DNS_255")
    }

    @Test(arguments: [
        // otherName: the type, and a value in a tag that is no string, is too short, or does not end where it says.
        "A010 060A2B060104018237140203 A0020500", "A00F 060A2B060104018237140203 A00100",
        "A011 060A2B060104018237140203 A0030C0261", "A012 060A2B060104018237140203 A0040C016100",
        // Not UTF-8.
        "A011 060A2B060104018237140203 A0030C01FF", "8102FFFE",
        // Kinds without a variable: a URI, an address and a registered identifier.
        "8603613A62", "8704C0000201", "88022A03",
    ])
    func namesWithoutAVariable(hexadecimals: String) throws {
        let certificate = try NameFixture.certificate(alternativeNames: bytes(hexadecimals))
        #expect(AlternativeNames.variables(of: certificate).isEmpty)
    }

    /// Nothing ends early, begins a new line in a header, or looks like an escape that it is not.
    @Test(arguments: [
        ("8106 61406200 2E63", "Email_0", "a@b\\00.c"), ("8105 610D0A62 7F", "Email_0", "a\\0D\\0Ab\\7F"),
        ("8203 615C62", "DNS_0", "a\\\\b"),
        ("A012 060A2B060104018237140203 A0040C02610A", "OTHER_msUPN_0", "a\\0A"),
        ("A013 060A2B060104018237140203 A0050C03E282AC", "OTHER_msUPN_0", "€"),
    ])
    func controlCharactersAreEscaped(hexadecimals: String, name: String, value: String) throws {
        let certificate = try NameFixture.certificate(alternativeNames: bytes(hexadecimals))
        let variables = AlternativeNames.variables(of: certificate)
        #expect(variables.map(\.0) == [name])
        #expect(variables.map(\.1) == [value])
    }

    private func bytes(_ hexadecimals: String) -> [UInt8] {
        let digits = Array(hexadecimals.filter { $0 != " " })
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }
}
