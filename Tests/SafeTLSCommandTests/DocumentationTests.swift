// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SafeTLSCommand

/// The manual page, the completions and the documents say what the command says of itself.
@Suite struct DocumentationTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func file(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The options of a command by `--help`.
    private static func options(_ command: String) throws -> Set<String> {
        let help = try Tool.run(["help", command]).text
        let names = help.matches(of: /(?m)^ {2}(?:-[a-z], )?(--?[a-z0-9.-]+)/).map { String($0.1) }
        return Set(names).subtracting(["--help", "--version"])
    }

    /// The manual page as text.
    private static func page() throws -> String {
        let dump = try temporaryFile("dump.json")
        try Tool.run(["--experimental-dump-help"]).output.write(to: URL(fileURLWithPath: dump))
        let program = root.appending(path: "Adapters/httpd/packaging/man/safetls.py").path
        return try ChildProcess.check(
            "python3",
            [program, "1.2.3"],
            input: .file(URL(fileURLWithPath: dump)),
            environment: ["SOURCE_DATE_EPOCH": "1800000000"]
        ).text
    }

    @Test(arguments: ["connect", "serve"]) func manualPageHasTheOptions(command: String) throws {
        let page = try Self.page().replacingOccurrences(of: "\\-", with: "-")
        let start = try #require(page.range(of: ".SS \\fBsafetls \(command)\\fR")?.upperBound)
        let end = page[start...].range(of: "\n.S", options: [])?.lowerBound ?? page.endIndex
        let names = page[start..<end].matches(of: /\\fB(--?[a-z0-9.-]+)\\fR/).map { String($0.1) }
        let options = try Self.options(command)
        #expect(options.count > 15 && Set(names) == options)
    }

    @Test func manualPageHasTheExitStatuses() throws {
        let page = try Self.page()
        let section = page[(try #require(page.range(of: ".SH EXIT STATUS")?.upperBound))...]
        for status in ExitStatus.allCases {
            let meaning = status.meaning.replacingOccurrences(of: "-", with: "\\-")
            #expect(section.contains(".TP\n\(status.rawValue)\n\(meaning)\n"))
        }
        // They stand in one place.
        #expect(page.components(separatedBy: "Exit status:").count == 1)
    }

    /// man finds nothing to complain about.
    @Test func manualPageIsWellFormed() throws {
        let file = try temporaryFile("safetls.1")
        try Data(try Self.page().utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try ChildProcess.check("groff", ["-man", "-Tutf8", "-ww", "-z", file])
        #expect(outcome.errors.isEmpty, "\(outcome)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsHaveTheOptions(shell: String) throws {
        let script = try Tool.run(["--generate-completion-script", shell]).text
        for option in try Self.options("connect").union(Self.options("serve")) {
            // fish has names without their hyphens.
            let name = shell == "fish" ? String(option.drop { $0 == "-" }) : option
            #expect(script.contains(name), "\(option)")
        }
        #expect(script.contains("xmpp-server"))
        if shell == "bash" {
            let file = try temporaryFile("safetls")
            try Data(script.utf8).write(to: URL(fileURLWithPath: file))
            try ChildProcess.check("bash", ["-n", file])
        }
    }

    @Test func documentsNameOptionsThatThereAre() throws {
        let options = try Self.options("connect").union(Self.options("serve"))
        let known = options.union(["--help", "--version", "--generate-completion-script"])
        let command = try Self.file("Documentation/Command.md")
        let page = try Self.file("README.md")
        let start = try #require(page.range(of: "## On the command line")?.upperBound)
        let section = page[start..<(page[start...].range(of: "\n## ")?.lowerBound ?? page.endIndex)]
        for text in [command, String(section)] {
            let names = text.matches(of: /--[a-z][a-z0-9.-]*/).map { String($0.0).trimmingCharacters(in: ["."]) }
            #expect(names.count > 3)
            for name in names { #expect(known.contains(name), "\(name)") }
        }
        for protocolName in StartTLS.allCases { #expect(command.contains(protocolName.rawValue)) }
        for status in ExitStatus.allCases { #expect(command.contains("| \(status.rawValue) |")) }
        // The bounds are those of the code.
        #expect(command.contains("lines of \(StartTLSLimits.lineLength) bytes, \(StartTLSLimits.lines) of them"))
        #expect(command.contains("messages of \(StartTLSLimits.messageLength) bytes"))
    }

    /// Scripts rely on the names in the JSON: each is documented, and what is documented is there.
    @Test func documentHasTheNamesOfTheJSON() throws {
        let document = try Self.file("Documentation/Command.md")
        let start = try #require(document.range(of: "## JSON")?.upperBound)
        let section = document[start..<(try #require(document[start...].range(of: "## Secrets")?.lowerBound))]
        let documented = Set(
            section.split(separator: "\n").filter { $0.hasPrefix("| `") }.flatMap { line in
                line.split(separator: "|")[0].matches(of: /`([A-Za-z0-9.]+)`/).map { String($0.1) }
            }
        )
        let (child, port) = try Tool.serve(try Tool.identity())
        let output = try Tool.connect(port, ["--json"]).output
        let object = try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
        var names = Set(object.keys)
        for part in ["negotiated", "verification"] {
            names.formUnion(try #require(object[part] as? [String: Any]).keys.map { "\(part).\($0)" })
        }
        let certificate = try #require((object["certificates"] as? [[String: Any]])?.first)
        names.formUnion(certificate.keys)
        #expect(documented == names.subtracting(["verification"]))
        withExtendedLifetime(child) {}
    }
}
