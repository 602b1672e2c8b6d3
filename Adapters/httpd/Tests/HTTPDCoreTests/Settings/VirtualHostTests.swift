// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

@Suite struct VirtualHostNamesTests {
    private let names = VirtualHostNames(
        exact: ["WWW.Example.org", "example.org"],
        patterns: ["*.Example.net", "host?.test", "a*b*c.test"]
    )

    private static func answers(_ names: VirtualHostNames, to name: some Sequence<UInt8>) -> Bool {
        names.contains(lowercased: VirtualHostNames.lowercased(name))
    }

    @Test(arguments: [
        "www.example.org", "example.org", "x.example.net", "x.y.example.net", "host1.test", "abc.test",
        "axxbyybzc.test",
    ])
    func answersTo(_ name: String) {
        #expect(Self.answers(names, to: name.utf8) && Self.answers(names, to: name.uppercased().utf8))
    }

    @Test(arguments: [
        "", "example.com", "example.net", "xexample.net", "host.test", "host12.test", "ab.test", "abc.test.",
    ])
    func doesNotAnswerTo(_ name: String) {
        #expect(!Self.answers(names, to: name.utf8))
    }

    /// Names need not be those of DNS: bytes are compared.
    @Test func anyBytes() {
        let odd = VirtualHostNames(exact: ["-foo-.test", "127.0.0.1", "Bücher.test"], patterns: ["*.wild.test"])
        for name in ["-FOO-.test", "127.0.0.1", "bücher.test", "foo-.wild.test", "a\nb.wild.test"] {
            #expect(Self.answers(odd, to: name.utf8), "\(name)")
        }
        // Only ASCII has a case.
        #expect(!Self.answers(odd, to: "BÜCHER.test".utf8) && !Self.answers(odd, to: [0xFF] + Array(".test".utf8)))
        #expect(Self.answers(odd, to: [0xFF, 0xC3] + Array(".wild.test".utf8)))
    }

    @Test func logsShowWhatClientsNamed() {
        #expect(ShownName(Array("www.example.org:443 ~".utf8)).description == "www.example.org:443 ~")
        #expect(
            ShownName(Array("a'b\"c\\d\r\n".utf8) + [0x7F, 0x80, 0xFF]).description
                == "a\\x27b\\x22c\\x5cd\\x0d\\x0a\\x7f\\x80\\xff"
        )
        #expect(ShownName([]).description == "")
    }

    @Test func starsDoNotMultiplyTheWork() {
        let pattern = Array(String(repeating: "*a", count: 40).utf8) + Array("b".utf8)
        let name = [UInt8](repeating: UInt8(ascii: "a"), count: 250)
        // Who tries everything does not come to an end.
        #expect(!VirtualHostNames.matches(name, pattern))
    }
}

@Suite struct FirstBytesTests {
    private func kind(_ text: String) -> FirstBytes { FirstBytes(Array(text.utf8.prefix(FirstBytes.longest))) }

    @Test func methodsAreHTTP() {
        for method in ["GET", "POST", "HEAD", "OPTIONS", "VERSION-CONTROL", "UPDATEREDIRECTREF"] {
            #expect(kind("\(method) / HTTP/1.1\r\n") == .http)
            // Byte by byte.
            for count in 1...method.utf8.count { #expect(kind(String(method.prefix(count))) == .undecided) }
        }
    }

    @Test func othersAreNot() {
        #expect(kind("get / HTTP/1.1") == .other(nil))
        #expect(kind("GETS / HTTP/1.1") == .other(nil))
        #expect(kind("SSH-2.0-x") == .other("SSH"))
        #expect(kind("PRI * HTTP/2.0\r\n") == .other("HTTP/2 without TLS"))
        #expect(kind("EHLO") == .other("SMTP"))
        #expect(kind("PROXY TCP4 1") == .other("the PROXY protocol"))
        #expect(kind("A") == .undecided)
        #expect(kind("Z") == .other(nil))
        #expect(kind("") == .undecided)
    }

    @Test func recordsAreTheSessions() {
        for byte: UInt8 in [0, 20, 21, 22, 23, 24, 0x80, 0xFF, 0x0D, 0x20] {
            #expect(FirstBytes([byte]) == .tls)
        }
    }
}

@Suite struct CertificateTextTests {
    @Test(
        arguments: [
            (0, "Jan  1 00:00:00 1970 GMT"), (951_782_400, "Feb 29 00:00:00 2000 GMT"),
            (1_795_436_894, "Nov 23 12:28:14 2026 GMT"), (2_524_607_999, "Dec 31 23:59:59 2049 GMT"),
            (-1, "Dec 31 23:59:59 1969 GMT"), (4_107_542_400, "Mar  1 00:00:00 2100 GMT"),
        ] as [(Int64, String)]
    )
    func dates(_ seconds: Int64, _ text: String) {
        #expect(CertificateDate.text(seconds) == text)
    }

    @Test(
        arguments: [
            ([], ""), ([0x66], "Zg==\n"), ([0x66, 0x6F], "Zm8=\n"), ([0x66, 0x6F, 0x6F], "Zm9v\n"),
            ([0xFB, 0xFF, 0xFE], "+//+\n"),
        ] as [([UInt8], String)]
    )
    func pem(_ der: [UInt8], _ body: String) {
        #expect(PEMText.certificate(der) == "-----BEGIN CERTIFICATE-----\n\(body)-----END CERTIFICATE-----\n")
    }

    @Test func pemLinesHave64Characters() {
        let lines = PEMText.certificate([UInt8](repeating: 1, count: 49)).split(separator: "\n")
        #expect(lines.map(\.count) == [27, 64, 4, 25])
    }
}
