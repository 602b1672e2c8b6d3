// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import TLSCertificates

@Suite struct ServerNameTests {
    @Test(arguments: [
        ("www.example.com", "www.example.com"), ("WWW.Example.COM.", "www.example.com"), ("localhost", "localhost"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"), ("_dmarc.example.com", "_dmarc.example.com"),
        ("3com.example", "3com.example"), ("a.b-c.d", "a.b-c.d"), ("1.2.3.4a", "1.2.3.4a"),
    ])
    func readsDNSNames(_ text: String, _ name: String) {
        #expect(ServerName(text) == .dns(name))
        #expect(ServerName(text)?.isDNS == true)
        #expect(ServerName(text)?.description == name)
    }

    @Test(arguments: [
        "", ".", "..", "a..b", ".example.com", "example.com..", "-a.example", "a-.example", "a.b-", "*.example.com",
        "a b.example", "a\0.example", "münchen.de", "example.com:443", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
        "1.2.3.", "[::1]", "::1%eth0", "user@example.com", "a/b", "example.123", "0x7f.1",
        String(repeating: "a", count: 64) + ".example",
        String(repeating: "a.", count: 126) + "ab",
    ])
    func refusesWhatIsNoName(_ text: String) {
        #expect(ServerName(text) == nil)
    }

    @Test func namesMayHave253Bytes() {
        let label = String(repeating: "a", count: 63)
        let longest = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(longest.utf8.count == 253)
        #expect(ServerName(longest) == .dns(longest))
        #expect(ServerName(longest + ".") == .dns(longest))
        #expect(ServerName("a" + longest) == nil)
    }

    @Test func readsIPv4Addresses() {
        #expect(ServerName("192.0.2.1") == .ipv4(0xC000_0201))
        #expect(ServerName("0.0.0.0") == .ipv4(0))
        #expect(ServerName("255.255.255.255") == .ipv4(.max))
        #expect(ServerName("192.0.2.1")?.description == "192.0.2.1")
        #expect(ServerName("192.0.2.1")?.isDNS == false)
    }

    @Test(
        arguments: [
            ("::", "::", 0), ("::1", "::1", 1), ("1::", "1::", 1 << 112), ("2001:DB8::1", "2001:db8::1", nil),
            ("2001:db8:0:0:0:0:0:1", "2001:db8::1", nil), ("1:0:0:2:0:0:0:3", "1:0:0:2::3", nil),
            ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4", nil), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", nil),
            ("::ffff:192.0.2.1", "::ffff:c000:201", 0xFFFF_C000_0201),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", nil),
            ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", nil), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", nil),
        ] as [(String, String, UInt128?)]
    )
    func readsIPv6Addresses(_ text: String, _ canonical: String, _ value: UInt128?) {
        let name = ServerName(text)
        #expect(name?.description == canonical)
        if let value { #expect(name == .ipv6(value)) }
        #expect(ServerName(canonical) == name)
    }

    @Test(arguments: [
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", ":1::", "1:", "1::2:", "::1.2.3",
        "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4::",
    ])
    func refusesWhatIsNoIPv6Address(_ text: String) {
        #expect(ServerName(text) == nil)
    }

    // MARK: - Matching (RFC 9525 §6.3)

    @Test(arguments: [
        ("www.example.com", "www.example.com", true), ("WWW.EXAMPLE.COM", "www.example.com", true),
        ("example.com", "www.example.com", false), ("www.example.com", "example.com", false),
        ("*.example.com", "www.example.com", true), ("*.EXAMPLE.com", "www.example.com", true),
        ("*.example.com", "example.com", false), ("*.example.com", "a.b.example.com", false),
        ("*.com", "example.com", false), ("*", "localhost", false), ("*.", "a", false),
        ("*.localhost", "a.localhost", false),
        ("w*.example.com", "www.example.com", false), ("*w.example.com", "www.example.com", false),
        ("www.*.com", "www.example.com", false), ("*.*.com", "www.example.com", false),
        ("**.example.com", "www.example.com", false), ("xn--*.example.com", "xn--a.example.com", false),
        ("www.example.com.", "www.example.com", false), (".example.com", "www.example.com", false),
        ("", "www.example.com", false), ("www.example.com\0", "www.example.com", false),
        ("www.example.com\0.evil", "www.example.com", false), ("*.example.com", "_a.example.com", true),
        ("*.1.2.3", "0.1.2.3", false),
        // No host names: made by hand, or past the checks of whoever made them.
        ("*.example.com", "a\0b.example.com", false), ("*.example.com", "a b.example.com", false),
        ("*.example.com", "-.example.com", false), ("*.example.com", "*.example.com", false),
    ])
    func matchesPresentedNames(_ presented: String, _ host: String, _ isMatch: Bool) {
        let presented = Array(presented.utf8)
        let host = Array(host.utf8)
        #expect(DNSName.matches(presented: presented.span, host: host.span) == isMatch)
    }

    // MARK: - Constraints (RFC 5280 §4.2.1.10)

    @Test(arguments: [
        ("example.com", "example.com", true, true), ("a.example.com", "example.com", true, true),
        ("A.Example.COM", "eXample.com", true, true), ("badexample.com", "example.com", false, false),
        ("com", "example.com", false, false), ("anything.test", "", true, true),
        ("*.example.com", "example.com", true, true), ("*.example.com", "a.example.com", false, true),
        ("*.example.com", "b.a.example.com", false, false), ("*.a.example.com", "a.example.com", true, true),
        ("not a name.example.com", "example.com", false, true),
    ])
    func placesNamesInSubtrees(_ name: String, _ constraint: String, _ isPermitted: Bool, _ isExcluded: Bool) {
        let name = Array(name.utf8)
        let constraint = Array(constraint.utf8)
        #expect(DNSName.isPermitted(presented: name.span, constraint: constraint.span) == isPermitted)
        #expect(DNSName.isExcluded(presented: name.span, constraint: constraint.span) == isExcluded)
    }

    @Test(
        arguments: [
            ([0xFF, 0xFF, 0xFF, 0x00], true), ([0, 0, 0, 0], true), ([0xFF, 0xFF, 0xFF, 0xFF], true),
            ([0xFF, 0xF0, 0, 0], true), ([0xFF, 0, 0xFF, 0], false), ([0xF1, 0, 0, 0], false),
            ([0x7F, 0, 0, 0], false),
            ([0, 0, 0, 1], false),
        ] as [([UInt8], Bool)]
    )
    func masksArePrefixes(_ mask: [UInt8], _ isPrefix: Bool) {
        #expect(IPAddress.isPrefixMask(mask.span) == isPrefix)
    }
}
