// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Documents")
struct DocumentTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    private static let package = tests.deletingLastPathComponent().deletingLastPathComponent()

    private static func lines(_ file: URL) throws -> [String] {
        lines(try String(contentsOf: file, encoding: .utf8))
    }

    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test("What README.md shows compiles: it stands in Snippets.swift or in an example")
    func snippets() throws {
        let compiled = try [
            Self.lines(Self.tests.appending(path: "Snippets.swift")),
            Self.lines(Self.package.appending(path: "Examples/HummingbirdServer/HummingbirdServer.swift")),
        ]
        let document = try String(contentsOf: Self.package.appending(path: "README.md"), encoding: .utf8)
        var count = 0
        for block in document.components(separatedBy: "```swift\n").dropFirst() {
            var shown = Self.lines(block.components(separatedBy: "\n```")[0])
            // The manifest's lines and the other library's.
            if shown[0].hasPrefix(".package(") { continue }
            if let now = shown.firstIndex(of: "// Now") { shown.removeSubrange(...now) }
            // What stands at the top of a file: what is shown beside Hummingbird's own is all that is needed.
            let imports = shown.filter { $0.hasPrefix("import ") }
            shown.removeAll { $0.hasPrefix("import ") }
            count += 1
            let isThere = compiled.contains { file in
                let others = Set(file.filter { $0.hasPrefix("import ") }).subtracting(imports)
                return file.firstRange(of: shown) != nil && (imports.isEmpty || others == ["import Hummingbird"])
            }
            #expect(isThere && !shown.isEmpty, "\((imports + shown).joined(separator: "\n"))")
        }
        #expect(count == 2)
    }
}
