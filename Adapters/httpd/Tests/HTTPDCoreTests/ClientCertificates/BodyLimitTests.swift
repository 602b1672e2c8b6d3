// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HTTPDCore

/// `SSLRenegBufferSize`: the server decides about its memory.
@Suite struct BodyLimitTests {
    private func limit(_ bytes: Int, inFile: Bool = false) throws -> BodyLimit {
        var limit = BodyLimit()
        try limit.set(["\(bytes)"], isInFile: inFile)
        return limit
    }

    @Test func servers() throws {
        #expect(BodyLimit().bytes == 131_072)
        #expect(try limit(0).bytes == 0)
        #expect(try limit(1 << 40).bytes == 1 << 40)
        #expect(try limit(20).merged(onto: limit(10)).bytes == 20)
        #expect(try BodyLimit().merged(onto: limit(10)).bytes == 10)
    }

    @Test func files() throws {
        #expect(try limit(10, inFile: true).bytes == 10)
        #expect(try limit(1 << 40, inFile: true).bytes == 131_072)
        #expect(try limit(20, inFile: true).merged(onto: limit(10)).bytes == 10)
        #expect(try limit(5, inFile: true).merged(onto: limit(10)).bytes == 5)
        #expect(try limit(300_000, inFile: true).merged(onto: limit(200_000)).bytes == 200_000)
        // Files of inner directories, and what the server says after them.
        let (outer, inner) = try (limit(5, inFile: true), limit(20, inFile: true))
        #expect(try inner.merged(onto: outer.merged(onto: limit(10))).bytes == 10)
        #expect(try limit(30).merged(onto: inner.merged(onto: limit(10))).bytes == 30)
    }

    /// httpd merges the sections before it merges them onto those of the server.
    @Test func order() throws {
        let all = try [BodyLimit(), limit(10), limit(30), limit(5, inFile: true), limit(20, inFile: true)]
        for first in all {
            for second in all {
                for third in all {
                    let left = third.merged(onto: second.merged(onto: first))
                    let right = third.merged(onto: second).merged(onto: first)
                    #expect(left.bytes == right.bytes)
                }
            }
        }
    }

    @Test func nonsense() {
        for words in [["-1"], ["much"], [], ["1", "2"], ["99999999999999999999"]] {
            var limit = BodyLimit()
            #expect(throws: DirectiveError.self) { try limit.set(words, isInFile: false) }
        }
    }
}
