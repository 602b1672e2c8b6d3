// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    private static let package = tests.deletingLastPathComponent().deletingLastPathComponent()

    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test(
        "What they show compiles: it stands in Snippets.swift",
        arguments: ["README.md", "MIGRATING.md", "Sources/SafeTLSNIO/SafeTLSNIO.docc/SafeTLSNIO.md"]
    )
    func snippets(name: String) throws {
        let compiled = Self.lines(try String(contentsOf: Self.tests.appending(path: "Snippets.swift"), encoding: .utf8))
        let document = try String(contentsOf: Self.package.appending(path: name), encoding: .utf8)
        var count = 0
        for block in document.components(separatedBy: "```swift\n").dropFirst() {
            var shown = Self.lines(block.components(separatedBy: "\n```")[0])
            // The manifest's lines, and the other library's.
            if shown[0].hasPrefix(".package(") { continue }
            if shown[0] == "// NIOSSL" {
                shown.removeSubrange(..<(shown.firstIndex(of: "// SafeTLSNIO") ?? shown.endIndex))
            }
            count += 1
            let isThere = compiled.indices.contains { start in
                start + shown.count <= compiled.count && Array(compiled[start..<start + shown.count]) == shown
            }
            #expect(isThere && !shown.isEmpty, "\(shown.joined(separator: "\n"))")
        }
        #expect(count > 0)
    }

    @Test("A row of MIGRATING.md without an equivalent says no, and why")
    func reasons() throws {
        let document = try String(contentsOf: Self.package.appending(path: "MIGRATING.md"), encoding: .utf8)
        let rows = document.split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| NIOSSL") }
        for row in rows {
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(cells.count == 5, "\(row)")
            guard cells.count == 5, cells[2].isEmpty else { continue }
            #expect(cells[3].wholeMatch(of: /\*\*(No|None|Not needed)[.:]?\*\*:? .{20,}/) != nil, "\(row)")
        }
        #expect(rows.count > 60)
    }
}
