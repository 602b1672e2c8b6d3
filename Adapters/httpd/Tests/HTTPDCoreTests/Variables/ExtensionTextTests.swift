// SPDX-License-Identifier: Apache-2.0
import TLSCertificates
import Testing

@testable import HTTPDCore

/// Extensions as OpenSSL writes them.
@Suite struct ExtensionTextTests {
    /// Self-signed, with extensions that OpenSSL knows, and others of its own from 1.2.3.1 on.
    private static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIC+DCCAp+gAwIBAgIUNROs577lwCg14/0n1FLenWADZQkwCgYIKoZIzj0EAwIw
        EzERMA8GA1UEAwwIZXh0LnRlc3QwIBcNMjYxMTI4MDYxMzE0WhgPMjEyNjExMDQw
        NjEzMTRaMBMxETAPBgNVBAMMCGV4dC50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
        AQcDQgAEw4ctkc44FFV7qJN2ssyZRn15tHQPBJGW56n8WWH1twzJiT8ZU9dFO68g
        UnGJjgezqVhQ0LGm1Yqs4yE/c9kLpKOCAc0wggHJMA8GA1UdEwQIMAYBAf8CAQMw
        CwYDVR0PBAQDAgLEMC8GA1UdJQQoMCYGCCsGAQUFBwMCBggrBgEFBQcDBAYEKgME
        BQYKKwYBBAGCNxQCAjBtBgNVHREEZjBkggZhLnRlc3SBDmMxQGV4YW1wbGUuY29t
        hhJodHRwOi8veC5leGFtcGxlL2GHBAoBAgOHECABDbgAAAAAAAAAAAAAAAGkHjAc
        MQwwCgYDVQQDDANkaXIxDDAKBgNVBAoMA09yZzAdBgNVHQ4EFgQUHi5rIH9I46Kh
        3XlhxHxAc4OHODEwGAYJYIZIAYb4QgENBAsWCUEgY29tbWVudDAWBgorBgEEAYGN
        DAwABAgMBkxlbW9uczAOBgMqAwEEBwwFZ3LDvG4wEgYDKgMEBAsWCWlhNSB2YWx1
        ZTATBgMqAwUEDB4KAGIAbQBwACAA/DAMBgMqAwYEBRoDdmlzMAoGAyoDBwQDAgER
        MBIGAyoDCAQLEwlwcmludGFibGUwDwYDKgMJBAgEBm9jdGV0czAMBgMqAwoEBQwD
        YQBiMAsGAyoDCwQEDANhYjAKBgMqAwwEAwwB/zALBgMqAw0EBB4C2AAwDAYDKgMO
        BAUWAmFiYzAKBggqhkjOPQQDAgNHADBEAiAND0GIncmzgL+iU/NE+tRGfCCiBWO4
        mJ7QCxmZLhANPAIgQm3CjcvA2lFAyVzfqqDP+d1/HqCDeRCJOPEoIbtuVUg=
        -----END CERTIFICATE-----
        """

    private static func certificate() throws -> Certificate {
        try #require(try Certificate.certificates(fromPEM: Array(pem.utf8).span).first)
    }

    @Test(arguments: [
        ("basicConstraints", "CA:TRUE, pathlen:3"), ("X509v3 Basic Constraints", "CA:TRUE, pathlen:3"),
        ("2.5.29.19", "CA:TRUE, pathlen:3"), ("keyUsage", "Digital Signature, Non Repudiation, Certificate Sign"),
        (
            "extendedKeyUsage",
            "TLS Web Client Authentication, E-mail Protection, 1.2.3.4.5, Microsoft Smartcard Login"
        ),
        (
            "2.5.29.17",
            "DNS:a.test, email:c1@example.com, URI:http://x.example/a, IP Address:10.1.2.3, "
                + "IP Address:2001:DB8:0:0:0:0:0:1, DirName:/CN=dir/O=Org"
        ),
        ("subjectKeyIdentifier", "1E:2E:6B:20:7F:48:E3:A2:A1:DD:79:61:C4:7C:40:73:83:87:38:31"),
        ("nsComment", "A comment"), ("Netscape Comment", "A comment"), ("1.3.6.1.4.1.18060.12.0", "Lemons"),
        ("1.2.3.1", "grün"), ("1.2.3.4", "ia5 value"), ("1.2.3.5", "bmp ü"), ("1.2.3.6", "vis"),
    ])
    func texts(name: String, expected: String) throws {
        #expect(ExtensionText.text(of: name, in: try Self.certificate()) == expected)
    }

    @Test(arguments: [
        // A number, a PrintableString, octets; a zero in a string, a string that ends early or late, that is no UTF-8 or
        // UTF-16.
        "1.2.3.7", "1.2.3.8", "1.2.3.9", "1.2.3.10", "1.2.3.11", "1.2.3.12", "1.2.3.13", "1.2.3.14",
        // Not there, and no names.
        "9.9.9", "authorityKeyIdentifier", "nonsense", "BASICCONSTRAINTS", "",
    ])
    func withoutText(name: String) throws {
        #expect(ExtensionText.text(of: name, in: try Self.certificate()) == nil)
    }

    /// A name of another kind could be the one that matters.
    @Test func alternativeNamesOfOtherKinds() throws {
        #expect(ExtensionText.text(of: "subjectAltName", in: try NameFixture.certificate()) == nil)
    }

    @Test func objectIdentifiers() throws {
        func dotted(_ bytes: [UInt8]) -> String? { DERValue([6, UInt8(bytes.count)] + bytes)?.objectIdentifier }
        #expect(dotted([0x2A, 0x86, 0x48]) == "1.2.840" && dotted([0x88, 0x37, 1]) == "2.999.1")
        #expect(dotted([0x2A] + [UInt8](repeating: 0xFF, count: 9) + [1]) == nil && dotted([]) == nil)
        for bytes in [[6], [6, 0x80], [6, 0x84, 0, 0, 0, 0], [6, 0x82, 1], [6, 2, 1], [6, 1, 1, 1]] as [[UInt8]] {
            #expect(DERValue(bytes) == nil)
        }
        #expect(DERValue([4, 0x81, 0x80] + [UInt8](repeating: 1, count: 128))?.content.count == 128)
    }
}
