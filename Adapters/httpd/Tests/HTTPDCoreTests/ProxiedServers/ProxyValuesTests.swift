// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPDCore

/// The directives for proxied servers, by the values that nested sections leave.
@Suite struct ProxyValuesTests {
    private func values(_ lines: String...) throws -> ProxyValues {
        var values = ProxyValues()
        for line in lines where !line.isEmpty {
            let words = line.split(separator: " ").map(String.init)
            let directive = try #require(ProxyDirectiveTable.all[words[0].lowercased()])
            _ = try directive.carryOut(on: &values, Array(words.dropFirst()), at: SSLLine { "/server/" + $0 })
        }
        return values
    }

    @Test(
        arguments: [
            ("TLSProxyCA main.pem", "", "/server/main.pem"), ("", "TLSProxyCA own.pem", "/server/own.pem"),
            ("TLSProxyCA main.pem", "TLSProxyCA own.pem", "/server/own.pem"),
            ("TLSProxyCA main.pem", "TLSProxyCA default", nil),
            ("TLSProxyCA default", "TLSProxyCA own.pem", "/server/own.pem"),
            ("TLSProxyCA default", "", nil),
        ] as [(String, String, String?)]
    )
    func authorities(outer: String, inner: String, expected: String?) throws {
        let merged = try values(inner).merged(onto: values(outer))
        #expect(merged.connection.authorityFile == expected)
        // A section between the two changes nothing.
        #expect(
            try values(inner).merged(onto: values().merged(onto: values(outer))).connection.authorityFile == expected
        )
        #expect(try values().merged(onto: merged).connection.authorityFile == expected)
        let between = try values(inner).merged(onto: values())
        #expect(try between.merged(onto: values(outer)).connection.authorityFile == expected)
    }
}
