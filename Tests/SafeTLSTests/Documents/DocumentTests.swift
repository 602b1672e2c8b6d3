// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The lines of a text without their indentation, and without imports, which stand at the top of a file.
    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("import ") }
    }

    private static func files(in directory: String, _ ending: String) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: directory).path)
        return paths.filter { $0.hasSuffix(ending) && !$0.contains(".build/") }.sorted().map { "\(directory)/\($0)" }
    }

    private static var documents: [String] {
        get throws { try ["README.md"] + files(in: "Documentation", ".md") + files(in: "Sources", ".md") }
    }

    @Test("What they show compiles: it stands in the examples")
    func snippets() throws {
        let compiled = try Self.files(in: "Examples/Sources", ".swift").map { path in
            Self.lines(try String(contentsOf: Self.root.appending(path: path), encoding: .utf8))
        }
        var count = 0
        for name in try Self.documents {
            let document = try String(contentsOf: Self.root.appending(path: name), encoding: .utf8)
            for block in document.components(separatedBy: "```swift\n").dropFirst() {
                let text = block.components(separatedBy: "\n```")[0]
                // Manifests are tried by `make test-dependency`.
                if text.contains(".package(") { continue }
                let shown = Self.lines(text)
                count += 1
                let isThere = compiled.contains { lines in
                    lines.indices.contains { start in
                        start + shown.count <= lines.count && lines[start..<start + shown.count].elementsEqual(shown)
                    }
                }
                #expect(isThere && !shown.isEmpty, "\(name):\n\(text)")
            }
        }
        #expect(count > 20)
    }
}
