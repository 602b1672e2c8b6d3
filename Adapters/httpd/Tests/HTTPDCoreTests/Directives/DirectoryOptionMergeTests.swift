// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPDCore

/// `SSLOptions`: what the lines of nested sections come to.
@Suite struct DirectoryOptionMergeTests {
    private typealias Option = DirectoryOptions.Option

    /// The lines of one section, separated by semicolons.
    private func options(_ text: String) throws -> DirectoryOptions {
        var options = DirectoryOptions()
        for line in text.split(separator: ";") { try options.apply(ssl: line.split(separator: " ").map(String.init)) }
        return options
    }

    @Test(
        arguments: [
            ("StdEnvVars", .standardVariables), ("+ExportCertData", .certificateData),
            ("fakebasicauth", .fakeBasicAuthentication), ("+STRICTREQUIRE", .strictRequirements),
            ("OptRenegotiate", .optimizedRenegotiation), ("+LegacyDNStringFormat", .legacyNames),
            ("-StdEnvVars", []), ("+StdEnvVars -StdEnvVars", []), ("-StdEnvVars +StdEnvVars", .standardVariables),
            ("StdEnvVars ExportCertData", .certificateData),
            ("StdEnvVars +ExportCertData", [.standardVariables, .certificateData]),
            ("StdEnvVars +ExportCertData -StdEnvVars", .certificateData),
            // Lines of one section follow each other.
            ("+StdEnvVars;+ExportCertData", [.standardVariables, .certificateData]),
            ("+StdEnvVars;-StdEnvVars;+ExportCertData", .certificateData),
            ("+StdEnvVars;ExportCertData", .certificateData),
            // A name without a sign replaces what stands before it, on its line, too.
            ("+StdEnvVars ExportCertData", .certificateData),
            ("StdEnvVars ExportCertData StrictRequire", .strictRequirements),
            ("StdEnvVars ExportCertData;+StrictRequire", [.certificateData, .strictRequirements]),
        ] as [(String, DirectoryOptions.Option)]
    )
    func oneSection(text: String, expected: DirectoryOptions.Option) throws {
        #expect(try options(text).enabled == expected)
    }

    @Test(
        arguments: [
            // The manual's example of what signs are for.
            (
                "+FakeBasicAuth -StrictRequire", "+StdEnvVars -ExportCertData",
                [.fakeBasicAuthentication, .standardVariables]
            ),
            ("StdEnvVars +StrictRequire", "", [.standardVariables, .strictRequirements]),
            ("+StrictRequire", "+StdEnvVars", [.strictRequirements, .standardVariables]),
            ("StdEnvVars +StrictRequire", "-StdEnvVars", .strictRequirements),
            ("+StdEnvVars +StrictRequire", "ExportCertData", .certificateData),
            ("+StdEnvVars +StrictRequire", "ExportCertData +StdEnvVars", [.certificateData, .standardVariables]),
            ("+StdEnvVars +StrictRequire", "+ExportCertData OptRenegotiate", .optimizedRenegotiation),
            ("-StdEnvVars", "+StdEnvVars", .standardVariables), ("+StdEnvVars", "-ExportCertData", .standardVariables),
            ("+StdEnvVars", "-StdEnvVars;+StdEnvVars", .standardVariables),
        ] as [(String, String, DirectoryOptions.Option)]
    )
    func nestedSections(outer: String, inner: String, expected: DirectoryOptions.Option) throws {
        #expect(try options(inner).merged(onto: options(outer)).enabled == expected)
    }

    /// httpd merges the sections from the outermost, or a part of them ahead of the request.
    @Test func mergingIsAssociative() throws {
        let texts = [
            "", "+StdEnvVars", "-StdEnvVars", "StdEnvVars", "ExportCertData -StrictRequire",
            "+StrictRequire -ExportCertData",
        ]
        for (outer, middle, inner) in texts.flatMap({ outer in
            texts.flatMap { middle in texts.map { (outer, middle, $0) } }
        }) {
            let (outer, middle, inner) = (try options(outer), try options(middle), try options(inner))
            let left = inner.merged(onto: middle).merged(onto: outer)
            #expect(left.enabled == inner.merged(onto: middle.merged(onto: outer)).enabled)
        }
    }

    @Test(arguments: ["Nonsense", "+", "", "Defaults", "+StdEnvVars,ExportCertData", "++StdEnvVars", "CompatEnvVars"])
    func unknownOptionsAreMistakes(word: String) {
        var options = DirectoryOptions()
        let error = #expect(throws: DirectiveError.self) { try options.apply(ssl: [word]) }
        #expect(error?.description.hasPrefix("unknown option '\(word)'; there are StdEnvVars") == true)
        #expect(error?.description.contains("LegacyDNStringFormat") == true)
    }
}
