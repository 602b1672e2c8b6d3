// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SafeTLS

/// The pictures in ARCHITECTURE.md are those of the tables. `make pictures` draws them.
@Suite("The pictures of the states")
struct StateGraphPictureTests {
    private static let pictures = [
        "server-states.svg": StateGraphPicture("The states of a server", ServerHandshake.graph).svg,
        "client-states.svg": StateGraphPicture("The states of a client", ClientHandshake.graph).svg,
    ]

    @Test("the pictures are current", arguments: ["server-states.svg", "client-states.svg"])
    func current(name: String) throws {
        let file = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Documentation/\(name)")
        let picture = try #require(Self.pictures[name])
        if ProcessInfo.processInfo.environment["DRAW_PICTURES"] != nil {
            try picture.write(to: file, atomically: true, encoding: .utf8)
        }
        let isCurrent = try String(contentsOf: file, encoding: .utf8) == picture
        #expect(isCurrent, "`make pictures` draws Documentation/\(name) anew")
    }
}
