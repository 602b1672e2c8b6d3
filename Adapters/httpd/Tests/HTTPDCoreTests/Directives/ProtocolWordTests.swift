// SPDX-License-Identifier: Apache-2.0
import SafeTLS
import Testing

@testable import HTTPDCore

/// The words of `SSLProtocol`, as mod_ssl reads them.
@Suite struct ProtocolWordTests {
    private func parse(_ text: String) throws -> (versions: ClosedRange<ProtocolVersion>, warning: String?) {
        try SSLProtocolList.parse(text.split(separator: " ").map(String.init))
    }

    @Test(
        arguments: [
            // Debian; certbot; Mozilla's three.
            ("all -SSLv3", .tls12 ... .tls13), ("all -SSLv2 -SSLv3 -TLSv1 -TLSv1.1", .tls12 ... .tls13),
            ("-all +TLSv1.2 +TLSv1.3", .tls12 ... .tls13), ("-all +TLSv1.3", .tls13 ... .tls13),
            ("-all +TLSv1 +TLSv1.1 +TLSv1.2 +TLSv1.3", .tls12 ... .tls13),
            ("all", .tls12 ... .tls13), ("+all", .tls12 ... .tls13), ("TLSv1.2", .tls12 ... .tls12),
            ("tlsv1.3", .tls13 ... .tls13), ("ALL -tlsv1.3", .tls12 ... .tls12), ("all -TLSv1.2", .tls13 ... .tls13),
            // The last word about a version holds.
            ("+TLSv1.2 -TLSv1.2 +TLSv1.3", .tls13 ... .tls13), ("all -all +TLSv1.2", .tls12 ... .tls12),
            ("-TLSv1.3 +TLSv1.3 +TLSv1.2", .tls12 ... .tls13),
            // Nothing was there that a word without a sign could override.
            ("-SSLv2 -SSLv3 all", .tls12 ... .tls13), ("-all TLSv1.2", .tls12 ... .tls12),
            ("TLSv1.2 +TLSv1.3", .tls12 ... .tls13),
        ] as [(String, ClosedRange<ProtocolVersion>)]
    )
    func versions(text: String, expected: ClosedRange<ProtocolVersion>) throws {
        let (versions, warning) = try parse(text)
        #expect(versions == expected)
        #expect(warning == nil)
    }

    /// A sign was forgotten, most likely.
    @Test(
        arguments: [
            ("TLSv1.2 TLSv1.3", "TLSv1.3", .tls13 ... .tls13), ("+TLSv1.3 TLSv1.2", "TLSv1.2", .tls12 ... .tls12),
            ("TLSv1 TLSv1.1 TLSv1.2", "TLSv1.2", .tls12 ... .tls12), ("TLSv1.3 all", "all", .tls12 ... .tls13),
        ] as [(String, String, ClosedRange<ProtocolVersion>)]
    )
    func wordsWithoutASignOverride(text: String, word: String, expected: ClosedRange<ProtocolVersion>) throws {
        let (versions, warning) = try parse(text)
        #expect(versions == expected)
        #expect(warning?.contains("'\(word)' overrides") == true)
        #expect(warning?.contains("'+\(word)'") == true)
    }

    @Test(arguments: ["SSLv2", "+SSLv2", "SSLv3", "+SSLv3", "all +SSLv3", "all -SSLv3 SSLv2"])
    func brokenProtocolsCanOnlyBeSwitchedOff(text: String) {
        let error = #expect(throws: DirectiveError.self) { try parse(text) }
        #expect(error?.description.contains("SSLv") == true)
        #expect(error?.description.contains("is not supported") == true)
    }

    /// TLS 1.0 and 1.1 may be named beside others, and are no use alone.
    @Test(arguments: ["TLSv1", "TLSv1.1", "-all +TLSv1 +TLSv1.1", "-all", "all -TLSv1.2 -TLSv1.3", "TLSv1.2 TLSv1.1"])
    func somethingSupportedHasToRemain(text: String) {
        let error = #expect(throws: DirectiveError.self) { try parse(text) }
        #expect(error?.description == "'\(text)' enables neither TLSv1.2 nor TLSv1.3")
    }

    @Test(arguments: ["TLSv1.4", "TLS1.2", "TLSv12", "v1.2", "all -TLS", "+", "all -", "!TLSv1.2", "DTLSv1.2"])
    func unknownWordsAreMistakes(text: String) {
        let error = #expect(throws: DirectiveError.self) { try parse(text) }
        #expect(error?.description.hasPrefix("unknown protocol '") == true)
    }
}
