// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HTTPDCore

@Suite struct TextSearchTests {
    @Test(
        arguments: [
            ("SSL_CLIENT_S_DN_CN", "_DN_", 12), ("aab", "ab", 1), ("ab", "ab", 0), ("ab", "", 0), ("", "", 0),
            ("é:", ":", 2),
        ] as [(String, String, Int)]
    )
    func findsTheFirstPlace(text: String, part: String, offset: Int) throws {
        let place = try #require(text.firstPlace(of: part))
        #expect(text.utf8.distance(from: text.startIndex, to: place.lowerBound) == offset)
        #expect(text[place] == part)
        #expect(text.has(part))
    }

    @Test(arguments: [("ab", "abc"), ("", "a"), ("a_b", "ab"), ("é", "e")])
    func findsNothing(text: String, part: String) {
        #expect(text.firstPlace(of: part) == nil)
        #expect(!text.has(part))
    }
}
