// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SafeTLSCommand

struct OutputTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_795_446_245, "2026-11-23T15:04:05Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
    ])
    func dates(seconds: Int64, text: String) {
        #expect(date(seconds) == text)
    }

    @Test func findsTheEndOfAnHTTPHead() {
        #expect(endOfHead(in: Array("HTTP/1.1 200 OK\r\n\r\nbody".utf8)) == 19)
        #expect(endOfHead(in: Array("HTTP/1.1 200 OK\r\n\r".utf8)) == nil)
        #expect(endOfHead(in: Array("\r\n\r\n".utf8)) == 4)
        #expect(endOfHead(in: []) == nil)
    }
}
